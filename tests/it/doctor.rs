//! `doctor`: each thing that can be missing is taken away, and is found with its next step.

use std::collections::BTreeSet;
use std::path::Path;

use releng::base::programs::{PROGRAMS, PackageManager};
use releng::cli::arguments::Cli;
use serde_json::Value;

use crate::support::http::Server;
use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, Ran, Sandbox, path_without, run_in};
use crate::support::site::{NOW, Site};

const NAME: &str = "demo@example.org";

/// A project with these lines in `packaging/release.toml`.
fn site(config: &str) -> Site {
    let site = Site::new();
    site.project.commit("Configure it", &[("packaging/release.toml", config)]);
    site
}

/// The mark, the finding and the next step of the first check of a topic that is not in order, else of the first one.
#[track_caller]
fn check(ran: &Ran, topic: &str) -> (String, String, String) {
    let parsed: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = parsed["checks"].as_array().unwrap().iter().filter(|check| check["topic"] == topic).collect::<Vec<_>>();
    let found = all.iter().find(|check| check["mark"] != "ok").or(all.first());
    let found = found.unwrap_or_else(|| panic!("no check of `{topic}`: {}", ran.stdout));
    (text(&found["mark"]), text(&found["found"]), text(&found["next"]))
}

/// Fails the test unless a run with a configuration finds this.
#[track_caller]
fn finds(ran: &Ran, topic: &str, mark: &str, found: &str, next: &str) {
    let check = check(ran, topic);
    assert_eq!(check.0, mark, "{check:?}");
    assert!(check.1.contains(found), "no `{found}` in {check:?}");
    assert!(check.2.contains(next), "no `{next}` in {check:?}");
    assert_eq!(ran.code, i32::from(ran.stdout.contains("\"mark\": \"fault\"")), "{}", ran.stderr);
}

/// Runs `doctor --json` in a mount namespace, after a script that changes what is mounted.
fn after_mounting(site: &Site, script: &str) -> Ran {
    let script = format!("{script} && exec {PROGRAM} doctor --json");
    run_in(site.project.path(), "unshare", &["--user", "--map-root-user", "--mount", "sh", "-c", &script], &[])
}

#[test]
fn a_sound_project_passes_and_nothing_is_written() {
    let site = site("[rpm]\nportable-noarch = true\n");
    let before = site.project.files("");
    let ran = site.releng(&["doctor"]).exits(0).says_nothing();
    for line in
        ["ok    configuration", "ok    name           `demo`, by", "ok    history        complete", "ok    disk "]
    {
        assert!(ran.stdout.contains(line), "no `{line}` in:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("FAULT") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert_eq!(site.project.files(""), before);
    let colored = site.releng(&["doctor", "--color", "always"]).exits(0).stdout;
    assert!(colored.starts_with("\x1b[32mok\x1b[0m    configuration"), "{colored}");
}

#[test]
fn each_check_is_for_commands_that_exist() {
    let site = site("[repository]\nsign = \"demo@example.org\"\n[ci]\nisolation = \"none\"\n");
    let ran = site.releng(&["doctor", "--json"]);
    let parsed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(parsed["schema"], "releng.doctor/1");
    let definition = Cli::definition();
    let known: BTreeSet<&str> = definition.get_subcommands().map(|command| command.get_name()).collect();
    let commands = parsed["checks"].as_array().unwrap().iter().flat_map(|check| check["commands"].as_array().unwrap());
    let named: BTreeSet<&str> = commands.map(|command| command.as_str().unwrap()).collect();
    assert!(named.len() > 10 && named.is_subset(&known), "{named:?}");
    site.releng(&["doctor", "--for", "deploy"])
        .exits(2)
        .says(&["there is no command `deploy`", "the commands are version,"]);
}

#[test]
fn a_missing_program_is_a_fault_where_something_asks_for_it() {
    let site = site("");
    let path = path_without(&site.project.join("target/bin"), &["gpg", "rpmbuild", "unshare"]);
    let doctor = |args: &[&str]| site.releng_with(&[("PATH", &path)], &[&["doctor", "--json"], args].concat());
    let all = doctor(&[]).exits(0);
    finds(&all, "gpg", "note", "there is no program `gpg`: it is for signatures", "put `gpg` on PATH");
    finds(&all, "rpmbuild", "note", "`rpm.backend`", "put `rpmbuild` on PATH");
    finds(&all, "namespaces", "note", "there is no program `unshare`: builds see the network", "put `unshare` on PATH");
    finds(&doctor(&["--for", "rpm"]), "rpmbuild", "fault", "`rpm.backend`", "install it: `");
    let of_version = doctor(&["--for", "version"]).exits(0);
    assert!(!of_version.stdout.contains("rpmbuild"), "{}", of_version.stdout);
    let ran = site.releng_with(&[("PATH", &path)], &["doctor", "--for", "rpm"]).exits(1);
    ran.says(&["error: `rpm` cannot run here: see rpmbuild"]);
    site.project.write("packaging/release.toml", "[repository]\nsign = \"demo@example.org\"\n");
    finds(&doctor(&[]).exits(1), "gpg", "fault", "it is for `repository.sign`", "put `gpg` on PATH");
}

#[test]
fn install_lines_name_packages_of_this_distribution() {
    let os_release = std::fs::read_to_string("/etc/os-release").unwrap();
    let manager = PackageManager::of(&os_release).expect("a distribution with apt, dnf or zypper");
    let packages: BTreeSet<&str> = PROGRAMS.iter().filter_map(|program| program.package(manager)).collect();
    let call = match manager {
        PackageManager::Apt => ["apt-get", "install", "--dry-run"],
        PackageManager::Dnf => ["dnf", "install", "--assumeno"],
        PackageManager::Zypper => ["zypper", "install", "--dry-run"],
    };
    let args: Vec<&str> = call[1..].iter().copied().chain(packages).collect();
    let ran = run_in(Path::new("/"), call[0], &args, &[("LC_ALL", "C")]);
    // `dnf --assumeno` exits 1 where it would install something.
    let are_known = ran.code == 0 || manager == PackageManager::Dnf && ran.stdout.contains("Transaction Summary");
    assert!(are_known, "{} does not know them; `apt-get update` fetches its lists: {}", call[0], ran.stderr);
}

#[test]
fn a_broken_configuration_is_found_and_the_rest_goes_on() {
    let site = site("[rpm]\nspce = \"x\"\n");
    let ran = site.releng(&["doctor", "--json"]).exits(1);
    finds(&ran, "configuration", "fault", "line 2: unknown key `rpm.spce`", "did you mean `rpm.spec`?");
    finds(&ran, "git", "ok", "fetching", "");
    site.project.write("packaging/release.toml", "[rpm]\nspec = \"absent.spec\"\n");
    finds(&site.releng(&["doctor", "--json"]), "name", "fault", "the spec `absent.spec` is not there", "");
    site.project.write("packaging/release.toml", "[project]\nname = \"demo\"\n");
    let ran = site.releng(&["doctor", "--json"]).exits(1);
    finds(&ran, "version", "fault", "unknown key `rpm.spce`", "");
    site.project.commit("Correct it", &[]);
    site.releng(&["doctor"]).exits(0);
    site.project.write("packaging/release.toml", "");
    let ran = site.releng(&["doctor", "--json"]).exits(0);
    finds(&ran, "configuration", "note", "differs from the commit, whose copy is used", "");
}

#[test]
fn the_history_is_deep_enough_and_has_tags() {
    let site = site("");
    let (origin, place) = (format!("file://{}", site.project.path().display()), Sandbox::bare());
    run_in(place.path(), "git", &["clone", "-q", "--depth=1", &origin, "clone"], &[]).exits(0);
    let clone = place.join("clone");
    let doctor =
        |args: &[&str]| run_in(&clone, PROGRAM, &[&["doctor", "--json"], args].concat(), &[("RELENG_NOW", NOW)]);
    let ran = doctor(&[]).exits(1);
    finds(&ran, "history", "fault", "shallow clone, cut off at `", "run `git fetch --unshallow --tags`");
    finds(&doctor(&["--for", "version"]), "version", "fault", "shallow clone", "run `git fetch --unshallow --tags`");
    run_in(&clone, "git", &["fetch", "-q", "--unshallow", "--tags"], &[]).exits(0);
    finds(&doctor(&[]).exits(0), "version", "ok", "1.0.1, 1 commit after the tag `1.0`", "");

    let files = [("demo.spec.in", "Name: demo\nVersion: @@VERSION@@\nLicense: MIT\n")];
    let project = Sandbox::unreleased(&files);
    let ran = project.releng(&["doctor", "--json"]).exits(1);
    finds(&ran, "release", "fault", "no milestone tag `X.Y` on the mainline", "tag the first milestone, or set");
    finds(&project.releng(&["doctor", "--json", "--for", "version"]).exits(0), "version", "ok", "0.0.1, 1 commit", "");
    finds(&ran, "tags", "ok", "no release tag yet; the form is `X.Y`", "");
    project
        .releng(&["doctor", "--for", "dist", "--assume-version", "1.2.3"])
        .exits(0)
        .prints_part("1.2.3, as it was stated");
    project.git(&["tag", "v1.0.0"]);
    finds(&project.releng(&["doctor", "--json"]).exits(0), "tags", "ok", "of the form `vX.Y.Z`", "");
}

#[test]
fn the_clock_is_not_behind_the_newest_commit() {
    let site = site("");
    let ran = site.releng_at("2019-01-01T00:00:00Z", &["doctor", "--json"]).exits(0);
    finds(&ran, "clock", "note", "2019-01-01 00:00 UTC, which is before the date of the commit `", "set the clock");
    finds(&site.releng(&["doctor", "--json"]), "clock", "ok", "2026-01-02 03:04 UTC", "");
}

#[test]
fn the_repository_can_be_written_to_and_is_on_one_file_system() {
    let site = Site::of_three();
    finds(&site.releng(&["doctor", "--json"]).exits(0), "repository", "ok", "with its state in", "");
    let served = site.served("").display().to_string();
    let read_only = format!("mount --bind {served} {served} && mount -o remount,bind,ro {served}");
    let ran = after_mounting(&site, &read_only).exits(1);
    finds(&ran, "repository", "fault", "Read-only file system", "change `repository.root` or `repository.state`");
    let ran = after_mounting(
        &site,
        &format!("mount -t tmpfs none {served}/.trash 2>/dev/null || mount -t tmpfs none {served}/revisions"),
    );
    finds(&ran.exits(1), "repository", "fault", "is on another file system", "to the file system of `");
    std::fs::rename(site.served(""), site.project.join("target/elsewhere")).unwrap();
    finds(
        &site.releng(&["doctor", "--json"]).exits(1),
        "repository",
        "fault",
        "the log tells of 6 snapshots",
        "mount the disk",
    );
    std::fs::write(site.served("").with_file_name("demo"), "").unwrap();
    finds(&site.releng(&["doctor", "--json"]).exits(1), "repository", "fault", "demo` is", "");
}

#[test]
fn a_disk_without_room_is_a_fault() {
    let site = site("");
    std::fs::create_dir_all(site.project.join("target/repository")).unwrap();
    let ran = after_mounting(&site, "mount -t tmpfs -o size=1m none target/repository").exits(1);
    finds(&ran, "disk", "fault", "1.0 MB free in `", "make room on the file system of `");
    let ran = after_mounting(&site, "mount -t tmpfs -o size=20m none target/repository").exits(0);
    finds(&ran, "disk", "note", "21.0 MB free in `", "du -x -h -d 1 ");
    let ran = after_mounting(&site, "mount -t tmpfs -o size=2g,nr_inodes=50 none target/repository").exits(0);
    finds(&ran, "disk", "note", "more files in `", "make room");
}

#[test]
fn the_key_is_there_and_does_not_end_soon() {
    let keys = Keys::none();
    let site = site("[repository]\nsign = \"demo@example.org\"\n");
    let doctor = |now: &str| {
        site.releng_with(&[("GNUPGHOME", keys.home().to_str().unwrap()), ("RELENG_NOW", now)], &["doctor", "--json"])
    };
    finds(&doctor(NOW).exits(1), "key", "fault", "there is no secret key `demo@example.org`", "import it");
    keys.add(NAME, "ed25519", "", "30d");
    let day = |days: u64| {
        let seconds =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + days * 86400;
        jiff::Timestamp::from_second(seconds.try_into().unwrap()).unwrap().to_string()
    };
    finds(&doctor(&day(1)).exits(0), "key", "note", "expires on", "");
    finds(&doctor(&day(60)).exits(1), "key", "fault", "is expired", "make a new key");
}

#[test]
fn the_address_serves_what_is_here() {
    let place = Sandbox::bare();
    let server = Server::start(place.path());
    let site = site(&format!("[repository]\nurl = \"{}\"\n", server.url("repos")));
    let nothing_yet = site.releng(&["doctor", "--json"]).exits(0);
    assert!(!nothing_yet.stdout.contains("\"address\"") && server.asked().is_empty(), "{}", nothing_yet.stdout);
    site.promoted("One", &["el9"]);
    finds(&site.releng(&["doctor", "--json"]).exits(0), "address", "note", "returned error: 404", "is `http");
    std::os::unix::fs::symlink(site.project.join("target/repository"), place.join("repos")).unwrap();
    finds(&site.releng(&["doctor", "--json"]).exits(0), "address", "ok", "el9.repo` is served", "");
    std::fs::remove_file(place.join("repos")).unwrap();
    for file in site.project.files("target/repository/demo").iter().filter(|file| file.ends_with(".repo")) {
        place.write(&format!("repos/demo/{file}"), "old\n");
    }
    finds(
        &site.releng(&["doctor", "--json"]).exits(0),
        "address",
        "note",
        "is not the file here",
        "copy the repository",
    );
}

#[test]
fn builds_and_services_of_the_configuration_can_run() {
    let mail = "[announce]\nto = \"a@example.org\"\nfrom = \"b@example.org\"\n";
    for (config, topic, found, next) in [
        ("[rpm]\ndists = [\"el6\"]\n", "backend", "refusing to build for el6", "portable-noarch"),
        (
            "[rpm]\nbackend = \"container\"\ndists = [\"el9\"]\n",
            "backend",
            "no image is configured for el9",
            "set `container",
        ),
        ("[ci]\nisolation = \"user:no-such-user\"\n", "isolation", "user `no-such-user`", ""),
        (
            "[[acceptance]]\nname = \"a\"\nrun = [\"no-such-program\"]\n",
            "no-such-program",
            "`acceptance`",
            "install `no-such",
        ),
        (
            "[ci]\nforge = \"github\"\nforge-project = \"a/b\"\nforge-url = \"https://127.0.0.1\"\n",
            "forge",
            "there is no token",
            "set `RELENG",
        ),
        (
            &format!("{mail}smtp = \"smtp://localhost\"\npassword-file = \"login\"\n"),
            "mail",
            "others may read",
            "chmod 600",
        ),
        (&format!("{mail}sendmail = \"/no/sendmail\"\n"), "/no/sendmail", "is not a file that may be executed", ""),
    ] {
        let site = site(config);
        site.project.write("login", "user:password\n");
        let ran = site.releng(&["doctor", "--json"]).exits(1);
        finds(&ran, topic, "fault", found, next);
    }
    let site = site(mail);
    finds(&site.releng(&["doctor", "--json"]).exits(0), "mail", "note", "sent by a person", "docs/announce.md");
    site.project.commit("Nothing between", &[("packaging/release.toml", "[ci]\nisolation = \"none\"\n")]);
    finds(&site.releng(&["doctor", "--json"]).exits(0), "isolation", "note", "what this user can do", "");
    // The remote may have no commit in its default branch: then nobody knows whose configuration is trusted.
    site.project.git(&["remote", "add", "origin", "."]);
    let ran = site.releng(&["doctor", "--json"]).exits(0);
    finds(&ran, "default branch", "note", "whoever pushes it first is trusted", "git remote set-head origin --auto");
    site.project.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    site.project.git(&["remote", "set-head", "origin", "main"]);
    finds(&site.releng(&["doctor", "--json"]).exits(0), "default branch", "ok", "that of `origin`", "");
}
