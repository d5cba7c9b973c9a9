//! `lint --message`, by itself and as the hook `commit-msg`.

use super::branched;
use crate::helps::{follow, run_shell};
use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::text_of;

#[test]
fn a_message_is_checked_without_its_comments() {
    let project = branched();
    let check = |text: &str| {
        project.write("message", text);
        project.releng(&["lint", "--message", "message"])
    };
    check("Fix the disk\n\n# On branch topic\n#\tmodified: x\n").exits(0).prints("").says_nothing();
    check("Fix the disk\n# ------------------------ >8 ------------------------\n<<<<<<< HEAD\n").exits(0);
    check("# Fix\n\n# The disk\n").exits(1).prints_part("error: message: the message has no subject [subject-empty]");
    let ran = check("Fix the disk.\n\nSemVer: feature\n").exits(1).says(&["error: 1 error and 1 warning"]);
    ran.prints_part("error: message line 3: `SemVer: feature`").prints_part("help: write `Sem-Ver: feature`");
    // Work that is not finished may be committed, and squashed later.
    check("fixup! Fix the disk\n").exits(0).prints("");
    check("WIP\n").exits(0).prints("");
    project.git(&["config", "core.commentChar", ";"]);
    check("Fix the disk\n\n# The title\n; On branch topic\n").exits(0).prints("");
    check("; only a comment\n").exits(1);
    project.releng(&["lint", "--message", "nosuch"]).exits(1).says(&["cannot read `nosuch`: No such file"]);
    project.releng(&["lint", "--message", "message", "--base", "main"]).exits(2);
}

#[test]
fn the_key_of_the_work_tree_counts() {
    let project = branched();
    project.write("message", "Fix the disk.\n");
    project.write("packaging/release.toml", "[lint]\nsubject-dot = \"error\"\n");
    project.releng(&["lint", "--message", "message"]).exits(1).prints_part("error: ");
}

/// The hook of docs/contributor.md, with the program under test.
fn hook() -> String {
    let text = text_of("docs/contributor.md");
    let (_, block) = text.split_once("```text\n#!/bin/sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    format!("#!/bin/sh\n{block}").replace("exec releng", &format!("exec {PROGRAM}"))
}

fn hooked() -> Sandbox {
    let project = Sandbox::unreleased(&[]);
    project.write(".git/hooks/commit-msg", hook());
    run_in(project.path(), "chmod", &["+x", ".git/hooks/commit-msg"], &[]).exits(0);
    for (key, value) in
        [("user.name", "Ada"), ("user.email", "ada@example.org"), ("core.editor", "sed -i s/SemVer/Sem-Ver/")]
    {
        project.git(&["config", key, value]);
    }
    project
}

#[test]
fn the_hook_refuses_a_message_and_the_help_corrects_it() {
    let project = hooked();
    let commit = |message: &str| run_in(project.path(), "git", &["commit", "-q", "--allow-empty", "-m", message], &[]);
    commit("Add a disk").exits(0);
    let refused = commit("Add a disk\n\nSemVer: feature").exits(1).says(&["error: message line 3: `SemVer: feature`"]);
    assert_eq!(project.git(&["rev-list", "--count", "HEAD"]), "2");
    follow(project.path(), &refused, "git commit", &[("--edit", "--edit --allow-empty")]).exits(0);
    assert_eq!(project.git(&["log", "-1", "--format=%B"]), "Add a disk\n\nSem-Ver: feature");
    run_shell(project.path(), "git commit -q --allow-empty --no-verify -m 'No\n\nSemVer: x'").exits(0);
}
