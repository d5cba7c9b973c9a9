//! The shipped acceptance test `install`, run as `accept` runs it, against the real dnf.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use releng::base::process::{Ending, Isolation, Job, LogFile};
use releng::repository::clients::package::ClientPackage;
use releng::repository::sign::Key;

use crate::support::keys::Keys;
use crate::support::program::{Sandbox, run_in};
use crate::support::root;
use crate::support::rpms::Rpm;
use crate::support::site::Site;

/// A snapshot with a package for two dists, signed, with signed repodata and its `.repo` file.
fn snapshot(version: &str) -> Sandbox {
    let folder = Sandbox::bare();
    let keys = Keys::of(&[("lago@example.org", "rsa3072")]);
    let key = Key::load_in(keys.home(), "lago@example.org").unwrap();
    folder.write("key", &key.public);
    let mut repo = String::new();
    for dist in ["el9", "fc43"] {
        let files = vec![(format!("/usr/share/lago/{dist}"), b"lago\n".to_vec())];
        let (summary, license, packager) = ("A demonstration", "MIT", "Lago <lago@example.org>");
        let date = "2020-03-19T08:24:41Z".parse().unwrap();
        let package = ClientPackage { name: "lago", version, release: 1, summary, license, packager, files, date };
        let place = format!("snapshot/rpm/{dist}");
        let path = format!("{place}/noarch/{}", package.file_name());
        folder.write(&path, package.render().unwrap());
        key.sign_packages(&[folder.join(&path)], date).unwrap();
        run_in(folder.path(), "createrepo_c", &["-q", &place], &[]).exits(0);
        let repomd = std::fs::read(folder.join(&format!("{place}/repodata/repomd.xml"))).unwrap();
        folder.write(&format!("{place}/repodata/repomd.xml.asc"), key.sign_detached(&repomd, date).unwrap());
        let at = |path: &str| format!("file://{}", folder.join(path).display());
        repo += &format!("[lago-snapshot-{dist}]\nname=Lago\nbaseurl={}\ngpgkey={}\n", at(&place), at("key"));
        repo += "gpgcheck=1\nrepo_gpgcheck=1\n\n";
    }
    folder.write("snapshot.repo", repo);
    folder
}

/// Runs the test for a snapshot that should be 1.2.3; how it ended and what it said.
fn run(folder: &Sandbox, dists: &str, isolation: Isolation) -> (Ending, String) {
    let own = tempfile::tempdir_in(folder.path()).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let environment = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned()),
        ("HOME", text(own.path())),
        ("TMPDIR", text(own.path())),
        ("RELENG_SNAPSHOT", text(&folder.join("snapshot"))),
        ("RELENG_NAME", "lago".to_owned()),
        ("RELENG_VERSION", "1.2.3".to_owned()),
        ("RELENG_SERIES", "1.0".to_owned()),
        ("RELENG_DISTS", dists.to_owned()),
        ("RELENG_REPO_FILE", text(&folder.join("snapshot.repo"))),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let args = vec![OsString::from(root().join("packaging/acceptance/install.sh"))];
    let (log, time_limit) = (folder.join("log"), Duration::from_secs(120));
    let (program, folder) = ("sh".as_ref(), own.path());
    let outcome = Job {
        program,
        args,
        folder,
        environment,
        time_limit,
        log: LogFile::whole(&log),
        isolation,
        read_only: &[],
        boundary: None,
    }
    .run()
    .unwrap();
    (outcome.ending, std::fs::read_to_string(log).unwrap())
}

#[test]
fn packages_install_from_the_snapshot_alone() {
    let folder = snapshot("1.2.3");
    let (ending, log) = run(&folder, "el9 fc43", Isolation::Namespaces);
    assert_eq!(ending, Ending::Exited(0), "{log}");
    assert!(log.contains("el9: lago 1.2.3\n") && log.ends_with("fc43: lago 1.2.3\n"), "{log}");
}

#[test]
fn what_was_not_installed_fails() {
    let folder = snapshot("1.2.2");
    for (dists, words) in [
        ("el9", "install: lago 1.2.2 was installed for el9, not 1.2.3"),
        ("", "install: the snapshot has no packages: make it with `dist --rpm`"),
        ("el8", "install: the snapshot has no package for el8"),
    ] {
        let (ending, log) = run(&folder, dists, Isolation::Namespaces);
        assert_eq!(ending, Ending::Exited(1), "{log}");
        assert!(log.contains(words), "{log}");
    }
    // Signed by somebody else: dnf must not be content with any signature.
    let other = Keys::of(&[("other@example.org", "rsa3072")]);
    folder.write("key", Key::load_in(other.home(), "other@example.org").unwrap().public);
    let (ending, log) = run(&folder, "el9", Isolation::Namespaces);
    assert!(ending == Ending::Exited(1) && log.contains("dnf cannot install lago for el9"), "{log}");
    assert!(log.contains("GPG signature verification error"), "{log}");
}

#[test]
fn requirements_come_from_the_repositories_that_the_caller_names() {
    let script = root().join("packaging/acceptance/install.sh").display().to_string();
    let site = Site::with(&format!("[[acceptance]]\nname = \"install\"\nrun = [\"sh\", \"{script}\"]\n"));
    let version = site.commit("One").dist();
    for dist in ["el9", "local"] {
        let needy = Rpm::new("demo", &version).dist(dist).line("Requires: helper >= 2").line("Requires: /bin/sh");
        site.add(&needy, dist);
    }
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    let place = Sandbox::bare();
    let (helpers, system) = (place.join("helpers"), place.join("system"));
    Rpm::new("helper", "2").build_into(&helpers);
    Rpm::new("a-shell", "1").file("/bin/sh", "#!\n").build_into(&system);
    for folder in [&helpers, &system] {
        run_in(folder, "createrepo_c", &["-q", "."], &[]).exits(0);
    }
    let accept = |repositories: &str| site.releng_with(&[("RELENG_EXTRA_REPOS", repositories)], &["accept"]);
    let (helpers, system) = (helpers.display(), system.display());
    accept("").exits(1).says(&["nothing provides", "name its repository in RELENG_EXTRA_REPOS"]);
    accept(&format!("{helpers}")).exits(1).says(&["nothing provides /bin/sh"]);
    accept(&format!("file://{system}")).exits(1).says(&["nothing provides helper >= 2"]);
    accept("helpers")
        .exits(1)
        .says(&["RELENG_EXTRA_REPOS has `helpers`, which is neither a whole path nor an address"]);
    accept(&format!("{helpers} file://{system}")).exits(0).prints_part("install passed");
    let log = site.state("results").display().to_string();
    let logs = run_in(site.project.path(), "sh", &["-c", &format!("cat {log}/*/*.log")], &[]).exits(0).stdout;
    assert!(
        logs.contains(&format!("el9: demo {version}\n")) && logs.contains(&format!("local: demo {version}\n")),
        "{logs}"
    );
}
