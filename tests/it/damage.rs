//! Repositories with damaged objects: the error names the object, and comes at once.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// Two commits, a folder and a file; nothing is in a pack.
fn project() -> Sandbox {
    let project = Sandbox::released(&[
        ("hello", "1\n"),
        ("folder/file", "a file of some length\n"),
        (".gitignore", "/target\n"),
        ("packaging/release.toml", "project.name = \"demo\"\n"),
    ]);
    project.commit("Second", &[("hello", "2\n")]);
    project
}

/// Cuts the file of an object to `length` bytes, or by -`length` where it is negative; its path.
fn cut(project: &Sandbox, object: &str, length: i64) -> PathBuf {
    let id = project.git(&["rev-parse", object]);
    let path = project.join(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let whole = i64::try_from(file.metadata().unwrap().len()).unwrap();
    let left = if length < 0 { whole + length } else { length };
    file.set_len(left.try_into().unwrap()).unwrap();
    path
}

/// Runs the program, which `timeout` ends after 20 seconds with the exit code 124.
fn releng(project: &Sandbox, args: &[&str]) -> Ran {
    run_in(project.path(), "timeout", &[&["20", PROGRAM], args].concat(), &[])
}

#[test]
fn an_object_that_is_cut_short_is_named_at_once() {
    for (object, args) in [
        ("HEAD", &["version"][..]),
        ("HEAD~1", &["version"]),
        ("HEAD^{tree}", &["version"]),
        ("HEAD:folder", &["version"]),
        ("HEAD:folder", &["dist", "--no-stage"]),
        ("HEAD:folder/file", &["dist", "--no-stage"]),
        ("HEAD~1", &["version", "--rev", "HEAD~1"]),
        ("HEAD~1", &["tag"]),
    ] {
        for length in [0, 3, 20, -10, -1] {
            let project = project();
            let id = project.git(&["rev-parse", object]);
            let path = cut(&project, object, length);
            let shown = path.canonicalize().unwrap();
            let parts = [&format!("`{id}`")[..], "is cut short", "git fetch --refetch", &shown.display().to_string()];
            let ran = releng(&project, args);
            assert_eq!(ran.code, 1, "{object} cut to {length}: {}", ran.stderr);
            ran.says(&if length == 0 { vec![parts[0]] } else { parts.to_vec() });
        }
    }
}

#[test]
fn an_annotated_tag_that_is_cut_short_is_named_at_once() {
    let project = project();
    project.git(&["tag", "-a", "-m", "a longer text of the tag", "1.1"]);
    let id = project.git(&["rev-parse", "1.1"]);
    cut(&project, "1.1", -10);
    releng(&project, &["version"]).exits(1).says(&[&id, "is cut short"]);
}

#[test]
fn a_damaged_object_that_nothing_needs_does_no_harm() {
    let project = project();
    project.git(&["checkout", "-q", "-b", "other"]);
    project.commit("Other", &[("other/file", "x\n")]);
    cut(&project, "HEAD:other", -5);
    cut(&project, "HEAD", -5);
    project.git(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    project.git(&["read-tree", "main"]);
    std::fs::remove_dir_all(project.join("other")).unwrap();
    assert_eq!(releng(&project, &["version"]).exits(0).stdout, "1.0.1\n");
    releng(&project, &["dist"]).exits(0);
}

#[test]
fn the_help_for_a_damaged_object_repairs_the_clone() {
    let origin = project();
    let clone = Sandbox::bare();
    let origin_path = origin.path().display().to_string();
    clone.git(&["clone", "-q", &origin_path, "clone"]);
    let inner = clone.join("clone");
    for object in ["HEAD~1", "HEAD:folder", "HEAD:folder/file"] {
        let id = origin.git(&["rev-parse", object]);
        let path = inner.join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
        let content = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap(); // a clone of a folder shares its files by hard links
        std::fs::write(&path, &content[..content.len() - 3]).unwrap();
        let run = || run_in(&inner, "timeout", &["20", PROGRAM, "dist", "--no-stage"], &[]);
        let said = run().exits(1).says(&[&id]).stderr;
        let command = said.split_once("again: `").unwrap().1.split('`').next().unwrap();
        run_in(&inner, "sh", &["-c", command], &[]).exits(0);
        run_in(&inner, "git", &["fetch", "-q", "--refetch"], &[]).exits(0);
        run().exits(0);
    }
}
