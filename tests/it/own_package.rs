//! The package of this very project: built by it without a network, staged, installed by dnf from there, and run.

use std::path::Path;

use crate::support::dnf::Client;
use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::root;
use crate::support::rpms::Rpm;

/// A clone of the commit that is checked out, with its release made: that needs the crates, from cargo's cache or network.
fn clone() -> Sandbox {
    let place = Sandbox::bare();
    let origin = root().display().to_string();
    run_in(place.path(), "git", &["clone", "--quiet", &origin, "releng"], &[]).exits(0);
    // The commit may be that of a branch that is not merged yet: in the clone, it is.
    run_in(&place.join("releng"), "git", &["update-ref", "refs/remotes/origin/main", "HEAD"], &[]).exits(0);
    run_in(&place.join("releng"), PROGRAM, &["dist", "--no-stage", "--quiet"], &[]).exits(0);
    place
}

/// A PATH whose `cargo` does not optimise: that takes four fifths of the time of a build, and shows nothing here.
fn path_with_fast_cargo(place: &Sandbox) -> String {
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|folder| folder.join("cargo")).find(|cargo| cargo.is_file()).unwrap();
    let script = format!("#!/bin/sh\nCARGO_PROFILE_RELEASE_OPT_LEVEL=0 exec {} \"$@\"\n", real.display());
    place.write("bin/cargo", script);
    run_in(place.path(), "chmod", &["+x", "bin/cargo"], &[]).exits(0);
    format!("{}:{path}", place.join("bin").display())
}

/// What the package asks of this machine's C library and is in no repository here, provided by a package without files.
fn stand_in_for_the_c_library(package: &Path, folder: &Path) {
    let asked = run_in(Path::new("/"), "rpm", &["-qpR", package.to_str().unwrap()], &[]).exits(0).stdout;
    let libraries = asked.lines().filter(|line| line.contains("(64bit)") || line.starts_with("rtld"));
    let provides = libraries.map(|library| format!("Provides: {library}"));
    let rpm = provides.fold(Rpm::new("stand-in-for-libc", "1"), |rpm, line| rpm.line(&line));
    rpm.build_into(folder);
    run_in(folder, "createrepo_c", &["--quiet", "."], &[]).exits(0);
}

#[test]
fn it_builds_offline_and_installs_from_its_snapshot() {
    let place = clone();
    let project = place.join("releng");
    let offline = ["--map-root-user", "--net", PROGRAM, "rpm"];
    let built = run_in(&project, "unshare", &offline, &[("PATH", &path_with_fast_cargo(&place))]).exits(0);
    let package = built.stdout.split_whitespace().find(|word| word.ends_with(".x86_64.rpm")).unwrap().to_owned();
    let package = project.join("target/dist").join(package);
    let lint = root().join("packaging/rpmlint.toml").display().to_string();
    run_in(&project, "rpmlint", &["--config", &lint, package.to_str().unwrap()], &[]).exits(0).prints_part(" 0 errors");

    run_in(&project, PROGRAM, &["stage", "--quiet"], &[]).exits(0);
    run_in(&project, PROGRAM, &["verify"], &[]).exits(0);
    run_in(&project, PROGRAM, &["accept"], &[]).exits(0).prints_part("install passed");
    run_in(&project, PROGRAM, &["promote", "--major"], &[]).exits(0);
    run_in(&project, PROGRAM, &["verify"], &[]).exits(0);
    run_in(&project, PROGRAM, &["status"], &[]).exits(0).prints_part("stable/0.0");
    stand_in_for_the_c_library(&package, &place.join("libc"));
    let snapshots = place.files("releng/target/repository");
    let repo = snapshots.iter().find(|path| path.ends_with(".repo")).unwrap();
    let repo = std::fs::read_to_string(place.join("releng/target/repository").join(repo)).unwrap();
    let libc = format!("\n[libc]\nname=libc\nbaseurl=file://{}\ngpgcheck=0\n", place.join("libc").display());
    let client = Client::new(&(repo + &libc));
    client.install(&["releng"]).exits(0);

    let installed = client.root().join("usr/bin/releng").display().to_string();
    let version = run_in(&project, PROGRAM, &["version"], &[]).exits(0).stdout;
    run_in(Path::new("/"), &installed, &["--project", project.to_str().unwrap(), "version"], &[])
        .exits(0)
        .prints(&version);
    run_in(Path::new("/"), &installed, &["--version"], &[]).exits(0).prints(&format!("releng {version}"));
    let share = client.root().join("usr/share");
    completions_know_the_commands(&installed, &share);
    manual_pages_are_sound(&place, &installed, &share.join("man/man1"));
}

/// Completion scripts and manual pages are made by the packaged program only.
fn completions_know_the_commands(installed: &str, share: &Path) {
    let scripts =
        ["bash-completion/completions/releng", "fish/vendor_completions.d/releng.fish", "zsh/site-functions/_releng"];
    for script in scripts {
        let text = std::fs::read_to_string(share.join(script)).unwrap();
        assert!(text.contains("changelog") && text.contains("assume-version"), "{script}");
    }
    run_in(share, "bash", &["-n", scripts[0]], &[]).exits(0).says_nothing();
    run_in(share, installed, &["completions", "dos"], &[]).exits(2);
}

fn manual_pages_are_sound(place: &Sandbox, installed: &str, pages: &Path) {
    let names: Vec<String> =
        std::fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.contains(&"releng.1".to_owned()) && names.contains(&"releng-rpm.1".to_owned()), "{names:?}");
    for page in &names {
        let checked = run_in(pages, "mandoc", &["-T", "lint", "-W", "error", page], &[]);
        assert!(checked.code == 0, "{page}: {}", checked.stdout);
    }
    let first = run_in(pages, installed, &["man"], &[]).exits(0).stdout;
    assert_eq!(first, std::fs::read_to_string(pages.join("releng.1")).unwrap());
    let args = ["man", "--out", "man", "--dry-run"];
    run_in(place.path(), installed, &args, &[]).exits(0).prints_part("write man/releng-dist.1\n");
    assert!(!place.join("man").exists());
}
