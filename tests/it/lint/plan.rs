//! `rewrites-own-branch` and `lint --fix-plan`: the plan runs as it stands, the tree stays the same, and nothing is found afterwards.

use super::{branched, findings};
use crate::support::program::{Ran, Sandbox, run_in};

/// An editor that keeps the message.
const KEEP: &str = "true";

/// The first subject, with the new name of the parameter: what a person writes.
const RENAME: &str = "sh -c 'grep -v -e \"^#\" -e \"^$\" \"$1\" | head -n 1 | sed \"s/ right_now/ sudo_right_now/\" > message && mv message \"$1\"' -";

/// Carries out the plan with an editor for messages; the run of git.
#[track_caller]
fn carry_out(project: &Sandbox, editor: &str) -> Ran {
    let plan = project.releng(&["lint", "--fix-plan"]).exits(0);
    project.write(".git/plan", &plan.stdout);
    let (_, beginning) = plan.stderr.trim_end().trim_end_matches('`').rsplit_once(' ').unwrap();
    let sequence = format!("cp '{}'", project.join(".git/plan").display());
    let variables = [
        ("GIT_SEQUENCE_EDITOR", &*sequence),
        ("GIT_EDITOR", editor),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.org"),
    ];
    run_in(project.path(), "git", &["rebase", "-i", "--autosquash", "--empty=drop", beginning], &variables)
}

/// Carries out the plan; the tree must stay the same, and nothing be found but what is in `left`. The subjects, newest first.
#[track_caller]
fn clean(project: &Sandbox, editor: &str) -> Vec<String> {
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    carry_out(project, editor).exits(0);
    assert_eq!(project.git(&["rev-parse", "HEAD^{tree}"]), tree);
    assert_eq!(findings(project, &[]), []);
    project.git(&["log", "--format=%s", "main.."]).lines().map(str::to_owned).collect()
}

/// Brings a new commit of main into the branch.
fn merge_main(project: &Sandbox, file: &str) {
    project.git(&["switch", "-q", "main"]);
    project.commit(&format!("Add {file}"), &[(file, "1\n")]);
    project.git(&["switch", "-q", "topic"]);
    project.git(&["merge", "-q", "-m", "Merged master into my_fancy_feature", "main"]);
}

/// The first example of "A clean commit history" in the documentation of Lago.
fn lago() -> Sandbox {
    let start = "class VM(object):\n    def start(self):\n        self._boot()\n\n    def stop(self):\n        pass\n";
    let project = branched();
    project.git(&["switch", "-q", "main"]);
    project.commit("Add the VM", &[("virt.py", start), ("tests.py", "def test_start():\n    vm.start()\n")]);
    project.git(&["switch", "-q", "-C", "topic"]);
    let added = start
        .replace("start(self):\n", "start(self, right_now=False):\n        if right_now:\n            self._force()\n");
    project.commit("Added right_now parameter to virt.VM.start function", &[("virt.py", &added)]);
    merge_main(&project, "one.py");
    let test = "def test_start():\n    vm.start()\n\n\ndef test_right_now():\n    vm.start(right_now=True)\n";
    project.commit("Added tests for the new parameter case", &[("tests.py", test)]);
    let renamed = added.replace("right_now", "sudo_right_now");
    project.commit("Renamed right_now parameter to sudo_right_now", &[("virt.py", &renamed)]);
    merge_main(&project, "two.py");
    project.commit("Adapted test to the rename", &[("tests.py", &test.replace("(right_now", "(sudo_right_now"))]);
    project
}

#[test]
fn the_first_history_of_lagos_example_becomes_the_last() {
    let project = lago();
    let expected = [
        ("Merged master into my_fancy_feature", "merge-from-base"),
        ("Renamed right_now parameter to sudo_right_now", "rewrites-own-branch"),
        ("Merged master into my_fancy_feature", "merge-from-base"),
        ("Adapted test to the rename", "rewrites-own-branch"),
    ];
    assert_eq!(findings(&project, &[]), expected.map(|(subject, rule)| (subject.to_owned(), rule.to_owned())));
    let history = clean(&project, RENAME);
    let last = ["Added tests for the new parameter case", "Added sudo_right_now parameter to virt.VM.start function"];
    assert_eq!(history, last);
}

#[test]
fn without_an_editor_the_messages_are_joined() {
    let project = lago();
    clean(&project, KEEP);
    let messages = project.git(&["log", "--format=%B", "main.."]);
    assert!(messages.contains("function\n\nRenamed right_now parameter to sudo_right_now"), "{messages}");
}

#[test]
fn the_second_history_of_lagos_example_needs_a_rebase() {
    let project = branched();
    project.commit("Added sudo_right_now parameter to virt.VM.start function", &[("virt.py", "one\n2\n")]);
    project.commit("Added tests for the new parameter case", &[("tests.py", "1\n")]);
    merge_main(&project, "one.py");
    merge_main(&project, "two.py");
    let rules: Vec<String> = findings(&project, &[]).into_iter().map(|(_, rule)| rule).collect();
    assert_eq!(rules, ["merge-from-base", "merge-from-base"]);
    assert_eq!(clean(&project, KEEP).len(), 2);
}

#[test]
fn fixups_are_folded_as_git_folds_them_and_empty_commits_dropped() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1\n")]);
    let id = project.git(&["rev-parse", "--short", "HEAD"]);
    project.commit("Name the disks", &[("name.py", "1\n")]);
    project.commit("Nothing", &[]);
    project.commit("fixup! Count the disks", &[("disk.py", "2\n")]);
    project.commit("squash! Name the", &[("name.py", "2\n")]);
    project.commit("fixup! fixup! Count the disks", &[("disk.py", "3\n")]);
    project.commit(&format!("fixup! {id}"), &[("disk.py", "4\n")]);
    project.commit("amend! Count the disks\n\nCount all disks\n\nSome were left out.", &[("disk.py", "5\n")]);
    assert_eq!(clean(&project, KEEP), ["Name the disks", "Count all disks"]);
}

#[test]
fn a_commit_that_the_base_has_got_is_dropped() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1\n")]);
    project.commit("Name the disks", &[("name.py", "1\n")]);
    project.git(&["switch", "-q", "main"]);
    project.git(&["cherry-pick", "topic~1"]);
    project.git(&["switch", "-q", "topic"]);
    merge_main(&project, "one.py");
    assert_eq!(clean(&project, KEEP), ["Name the disks"]);
}

/// The base of such a branch is the only commit that has all that the branch has merged.
#[test]
fn other_work_that_was_merged_is_not_lost() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1\n")]);
    project.git(&["switch", "-q", "-c", "needed", "main"]);
    project.commit("List the disks", &[("list.py", "1\n")]);
    project.git(&["switch", "-q", "main"]);
    project.commit("Go on", &[("main.py", "1\n")]);
    project.git(&["switch", "-q", "-c", "newer"]);
    project.git(&["switch", "-q", "topic"]);
    project.git(&["merge", "-q", "--no-edit", "needed"]);
    project.git(&["merge", "-q", "--no-edit", "newer"]);
    project.git(&["switch", "-q", "main"]);
    project.git(&["merge", "-q", "--no-ff", "--no-edit", "needed"]);
    project.git(&["switch", "-q", "topic"]);
    assert_eq!(clean(&project, KEEP), ["Count the disks"]);
    assert!(project.join("list.py").exists());
}

#[test]
fn a_branch_without_a_fault_stays_as_it_is() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1\n")]);
    project.commit("Name the disks", &[("disk.py", "1\n2\n3\n")]);
    let head = project.git(&["rev-parse", "HEAD"]);
    carry_out(&project, KEEP).exits(0);
    assert_eq!(project.git(&["rev-parse", "HEAD"]), head);
}

#[test]
fn a_message_with_an_error_is_edited() {
    let project = branched();
    project.commit("Count the disks\n\nSemVer: feature", &[("disk.py", "1\n")]);
    project.commit("::error::\u{1b}[31m -x \u{202e}\n\nBody", &[("b", "1\n")]);
    project.commit("Name the disks", &[("name.py", "1\n")]);
    let plan = project.releng(&["lint", "--fix-plan"]).exits(0).stdout;
    let words: Vec<&str> = plan.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["reword", "reword", "pick"]);
    let editor = "sed -i -e s/SemVer/Sem-Ver/ -e 's/^::error.*/Add a letter/'";
    assert_eq!(clean(&project, editor), ["Name the disks", "Add a letter", "Count the disks"]);
}

#[test]
fn a_rewrite_that_cannot_be_moved_stays() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1\n2\n3\n")]);
    project.commit("Name the disks", &[("disk.py", "1\n2\n3\nname\n")]);
    project.commit("Count them again", &[("disk.py", "one\ntwo\nthree\nname\n")]);
    let found = findings(&project, &[]);
    assert_eq!(found, [("Count them again".to_owned(), "rewrites-own-branch".to_owned())]);
    let plan = project.releng(&["lint", "--fix-plan"]).exits(0).stdout;
    assert!(plan.lines().all(|line| line.starts_with("pick ")), "{plan}");
    carry_out(&project, KEEP).exits(0);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1\n2\n3\n")]);
    project.commit("Count them again", &[("disk.py", "one\ntwo\nthree\n")]);
    project.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", project.path().display());
    let partial = Sandbox::bare();
    partial.git(&["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "."]);
    partial.releng(&["lint"]).exits(0).prints("").says(&["`rewrites-own-branch` is not checked: object `"]);
    for number in 0..100 {
        project.commit(&format!("Add {number}"), &[("number", &number.to_string())]);
    }
    project.releng(&["lint"]).exits(0).prints("").says(&["not checked: the branch has more than 100 commits"]);
}
