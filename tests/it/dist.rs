//! `dist`, from history to checked archives: what it leaves, that it repeats, and that what was unpacked answers as git
//! does.

use std::path::Path;

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// A template like Lago's: it has the version's marker only, and ends in `%changelog`.
const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: A demonstration\nLicense: MIT\n\
                        BuildArch: noarch\nSource0: https://example.org/%{name}-%{version}.tar.gz\n\n\
                        %description\nText.\n\n%files\n\n%changelog\n";

/// Three commits after milestone 1.0, one of them a feature; a tracked file that is not released.
fn demo() -> Sandbox {
    let project = Sandbox::released(&[
        ("demo.spec.in", TEMPLATE),
        ("src/main.txt", "main\n"),
        (".gitattributes", "/notes export-ignore\n"),
        ("notes/private", "x\n"),
    ]);
    project.commit("Fix 100% of it\n\nBug-Url: https://bugzilla.example.org/show_bug.cgi?id=12", &[("a", "1")]);
    project.commit("Add something\n\nSem-Ver: feature", &[("a", "2")]);
    project.commit("Polish it", &[("a", "3")]);
    project
}

#[track_caller]
fn sha256sum_accepts(folder: &Path) {
    run_in(folder, "sha256sum", &["--check", "--strict", "SHA256SUMS"], &[]).exits(0);
}

/// Unpacks the tarball of a project somewhere else.
fn unpacked(project: &Sandbox, archive: &str) -> Sandbox {
    let elsewhere = Sandbox::bare();
    let path = project.join("target/dist/sources").join(archive);
    run_in(elsewhere.path(), "tar", &["xzf", path.to_str().unwrap(), "--strip-components=1"], &[]).exits(0);
    elsewhere
}

#[test]
fn dist_leaves_archives_changelog_spec_and_checksums() {
    let project = demo();
    let ran = project.releng(&["dist"]).exits(0).says(&["untagged-bump"]);
    let expected = [
        "SHA256SUMS",
        "sources/ChangeLog",
        "sources/demo-1.1.1-1.src.rpm",
        "sources/demo-1.1.1.cdx.json",
        "sources/demo-1.1.1.provenance.json",
        "sources/demo-1.1.1.spdx.json",
        "sources/demo-1.1.1.tar.gz",
        "sources/demo-1.1.1.zip",
        "sources/demo.spec",
    ];
    assert_eq!(project.files("target/dist"), expected);
    sha256sum_accepts(&project.join("target/dist"));
    for line in std::fs::read_to_string(project.join("target/dist/SHA256SUMS")).unwrap().lines() {
        assert!(ran.stdout.contains(&line[..64]), "the summary lacks {line}");
    }
    assert_eq!(project.git(&["status", "--porcelain"]), "", "the project stays clean");
    project.releng(&["dist", "--quiet"]).exits(0).prints("");
    project.releng(&["dist", "--no-stage", "--no-vendor"]).exits(0);
    assert_eq!(project.files("target/dist"), expected);
}

#[test]
fn the_archives_hold_the_tree_and_the_generated_files() {
    let project = demo();
    project.releng(&["dist"]).exits(0);
    let source = unpacked(&project, "demo-1.1.1.tar.gz");
    let expected = [".gitattributes", ".release.json", "ChangeLog", "a", "demo.spec", "demo.spec.in", "src/main.txt"];
    assert_eq!(source.files(""), expected);
    let zipped = Sandbox::bare();
    let zip = project.join("target/dist/sources/demo-1.1.1.zip");
    run_in(zipped.path(), "unzip", &["-q", zip.to_str().unwrap()], &[]).exits(0);
    let both = [source.path().to_str().unwrap(), zipped.join("demo-1.1.1").to_str().unwrap()].map(str::to_owned);
    run_in(Path::new("/"), "diff", &["-r", &both[0], &both[1]], &[]).exits(0);
}

#[test]
fn an_unpacked_archive_answers_as_git_does() {
    let project = demo();
    project.releng(&["dist"]).exits(0);
    let source = unpacked(&project, "demo-1.1.1.tar.gz");
    let commands: [&[&str]; 6] = [
        &["version"],
        &["changelog"],
        &["changelog", "--since", "1.0"],
        &["changelog", "--format", "markdown"],
        &["spec", "--out", "-"],
        &["spec", "--release", "2", "--out", "-"],
    ];
    for command in commands {
        let from_git = project.releng(command).exits(0).stdout;
        assert_eq!(source.releng(command).exits(0).stdout, from_git, "{command:?}");
        assert!(!from_git.is_empty());
    }
    source.releng(&["version", "--explain"]).exits(0);
    assert!(source.releng(&["version", "--json"]).exits(0).stdout.contains("\"version\":\"1.1.1\""));
    source.releng(&["dist"]).exits(6).says(&["unpacked source of version 1.1.1", "help: run this in a clone"]);
    source.releng(&["spec", "--check"]).exits(0);
    source.write(".release.json", "{\"schema\": \"releng.release/1\", \"version\": \"bogus\"}");
    source.releng(&["version"]).exits(1).says(&["`bogus` is not a version", "help: unpack the source archive again"]);
}

#[test]
fn a_stated_version_goes_before_everything() {
    let project = demo();
    project.releng(&["--assume-version", "7.8.9", "version"]).exits(0).prints("7.8.9\n");
    let spec = run_in(project.path(), PROGRAM, &["spec", "--out", "-"], &[("RELENG_VERSION", "7.8.9")]).exits(0).stdout;
    assert!(spec.contains("Version: 7.8.9\n") && spec.contains("> - 7.8.9-1\n- "), "{spec}");
    project.releng(&["dist", "--assume-version", "7.8.9"]).exits(0);
    unpacked(&project, "demo-7.8.9.tar.gz").releng(&["version"]).exits(0).prints("7.8.9\n");
}

#[test]
fn the_same_bytes_anywhere() {
    let project = demo();
    let sums = |folder: &Path, umask: &str, variables: &[(&str, &str)]| -> String {
        let script = format!("umask {umask} && exec {PROGRAM} dist --quiet");
        run_in(folder, "sh", &["-c", &script], variables).exits(0);
        std::fs::read_to_string(folder.join("target/dist/SHA256SUMS")).unwrap()
    };
    let here = sums(project.path(), "022", &[("TZ", "UTC"), ("LC_ALL", "C"), ("RELENG_THREADS", "1")]);
    let elsewhere = Sandbox::bare();
    elsewhere.git(&["clone", "-q", project.path().to_str().unwrap(), "a clone, elsewhere"]);
    let variables = [("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8"), ("RELENG_THREADS", "7"), ("HOME", "/")];
    assert_eq!(sums(&elsewhere.join("a clone, elsewhere"), "077", &variables), here);
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let project = demo();
    let plan = project.releng(&["dist", "--dry-run"]).exits(0).stdout;
    let commit = &project.git(&["rev-parse", "HEAD"])[..8];
    assert!(plan.starts_with("release demo 1.1.1-1:\n"), "{plan}");
    assert!(plan.contains(&format!("  write sources/demo-1.1.1.tar.gz from commit {commit}\n")), "{plan}");
    assert!(
        plan.ends_with(&format!(
            "  make {0} and write {0}/.gitignore\n  put the files in {0}/dist\n\
             then stage it as unstable/1.0/snapshot-demo_1.0_pipeline_1: merged into main\n",
            project.join("target").display()
        )),
        "{plan}"
    );
    project.releng(&["spec", "--dry-run"]).exits(0);
    assert_eq!(project.git(&["status", "--porcelain", "--ignored"]), "");
}

#[test]
fn the_commit_is_released_and_the_work_tree_is_not() {
    let project = demo();
    project.write("a", "changed");
    project.write("demo.spec.in", TEMPLATE.replace("MIT", "GPL"));
    project.releng(&["dist"]).exits(0).says(&["the work tree differs from commit", "`demo.spec.in` differs"]);
    let spec = std::fs::read_to_string(project.join("target/dist/sources/demo.spec")).unwrap();
    assert!(spec.contains("License: MIT"));
    assert!(project.releng(&["spec", "--out", "-"]).exits(0).stdout.contains("License: GPL"), "what is being edited");
}

#[test]
fn an_older_commit_can_be_released() {
    let project = demo();
    project.releng(&["dist", "--rev", "HEAD~2"]).exits(0);
    assert!(project.files("target/dist").contains(&"sources/demo-1.0.1.tar.gz".to_owned()));
}

#[test]
fn a_release_number_changes_the_outer_spec_only() {
    let project = demo();
    project.releng(&["dist"]).exits(0);
    let tarball = || std::fs::read(project.join("target/dist/sources/demo-1.1.1.tar.gz")).unwrap();
    let first = tarball();
    project.releng(&["dist", "--release", "2"]).exits(0);
    assert_eq!(tarball(), first);
    let spec = std::fs::read_to_string(project.join("target/dist/sources/demo.spec")).unwrap();
    assert!(spec.contains("Release: 2%{?dist}\n") && spec.contains("> - 1.1.1-2\n- "), "{spec}");
    project.releng(&["dist", "--release", "0"]).exits(2);
}

#[test]
fn a_configuration_that_is_not_committed_can_be_tried() {
    let project = Sandbox::unreleased(&[("a", "1")]);
    project.write("packaging/release.toml", "[project]\nname = \"tried\"\n[version]\ninitial = \"0.1\"\n");
    project.releng(&["dist"]).exits(0).says(&["is not committed: the copy in the work tree is used"]);
    project.commit("Configure", &[("packaging/release.toml", "[project]\nname = \"tried\"\n")]);
    project.git(&["tag", "1.0"]);
    project.write("packaging/release.toml", "[project]\nname = \"other\"\n");
    project.releng(&["dist"]).exits(0).says(&["`packaging/release.toml` differs from the commit"]);
    assert!(project.files("target/dist").contains(&"sources/tried-1.0.0.tar.gz".to_owned()));
}

#[test]
fn a_release_file_in_a_clone_is_no_archive() {
    let project = demo();
    project.releng(&["dist"]).exits(0);
    let of_itself = std::fs::read_to_string(unpacked(&project, "demo-1.1.1.tar.gz").join(".release.json")).unwrap();
    for tracked in ["{}", &of_itself] {
        project.commit("Track it", &[(".release.json", tracked)]);
        assert!(project.releng(&["version"]).exits(0).stdout.starts_with("1.1."));
        project.releng(&["dist"]).exits(0).says(&["`.release.json` is generated: the tracked one is left out"]);
    }
    // A repository made of an unpacked archive has another history: there the archive knows better.
    let remade = unpacked(&project, "demo-1.1.3.tar.gz");
    remade.git(&["init", "-q"]);
    remade.commit("Import", &[]);
    remade.releng(&["version"]).exits(0).prints("1.1.3\n");
}

#[test]
fn a_template_may_be_a_link() {
    let project = demo();
    project.git(&["mv", "demo.spec.in", "real.txt"]);
    std::os::unix::fs::symlink("real.txt", project.join("demo.spec.in")).unwrap();
    project.commit("Link it", &[]);
    project.releng(&["dist"]).exits(0);
    assert!(project.files("target/dist").contains(&"sources/demo.spec".to_owned()));
}

#[test]
fn formats_are_chosen_and_the_tarball_is_always_made() {
    let project = demo();
    project.commit("No zip", &[("packaging/release.toml", "[source]\nformats = []\n")]);
    project.releng(&["dist"]).exits(0);
    let is_archive = |file: &String| file.starts_with("sources/demo-") && !file.ends_with(".json");
    let archives = project.files("target/dist").into_iter().filter(is_archive);
    assert_eq!(archives.collect::<Vec<_>>(), ["sources/demo-1.1.2-1.src.rpm", "sources/demo-1.1.2.tar.gz"]);
}

#[test]
fn a_bare_repository_needs_a_place() {
    let project = demo();
    let bare = Sandbox::bare();
    bare.git(&["clone", "-q", "--bare", project.path().to_str().unwrap(), "."]);
    bare.releng(&["version"]).exits(0).prints("1.1.1\n");
    bare.releng(&["dist"]).exits(2).says(&["bare repository", "--out DIR"]);
    bare.releng(&["dist", "--out", "out"]).exits(0);
    sha256sum_accepts(&bare.join("out"));
}

#[test]
fn two_runs_at_once_do_not_mix() {
    let project = demo();
    let lock = format!("mkdir -p target && flock target {PROGRAM} dist; exit $?");
    let ran: Ran = run_in(project.path(), "sh", &["-c", &lock], &[]);
    ran.exits(75).says(&["another run is writing", "help: wait"]);
}
