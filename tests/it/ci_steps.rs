//! `ci check-patch`, `ci check-merged`, `ci build-artifacts`: which steps are run, and in which order.

mod limits;
mod report;
mod stages;

use crate::helps::follow;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// A project on the branch `topic`, which has no commit of its own; `main` has the configuration.
fn branched(config: &str) -> Sandbox {
    let files = [("packaging/release.toml", config), (".gitignore", "/target/\n"), ("src/a", "1\n"), ("docs/a", "1\n")];
    let project = Sandbox::unreleased(&files);
    project.git(&["switch", "-q", "-c", "topic"]);
    project
}

/// A step of `check-patch` that runs a script of the shell, with further keys.
fn step(name: &str, script: &str, keys: &str) -> String {
    format!("[[ci.check-patch]]\nname = \"{name}\"\nrun = [\"sh\", \"-c\", '''{script}''']\n{keys}\n")
}

fn check_patch(project: &Sandbox, args: &[&str]) -> Ran {
    project.releng(&[&["ci", "check-patch"], args].concat())
}

/// The result of a step, as it is printed.
#[track_caller]
fn result(ran: &Ran, step: &str) -> String {
    let line = ran.stdout.lines().find_map(|line| line.strip_prefix(&format!("{step}: ")));
    line.unwrap_or_else(|| panic!("no `{step}` in:\n{}{}", ran.stdout, ran.stderr)).to_owned()
}

/// That two steps overlap, and a third one begins after them, is seen by files: each of the two waits for that of the other.
#[test]
fn steps_run_side_by_side_where_needs_allow_it() {
    let waits = |own: &str, other: &str| {
        format!("touch target/{own}; until [ -e target/{other} ]; do sleep 0.02; done; touch target/{own}-done")
    };
    // `needs = ["both"]` comes before the step that it names.
    let config = "[[ci.check-patch]]\nname = \"last\"\nrun = [\"test\", \"-e\", \"target/both\"]\nneeds = [\"both\"]\n"
        .to_owned()
        + &step("a", &waits("a", "b"), "timeout = \"20s\"")
        + &step("b", &waits("b", "a"), "timeout = \"20s\"")
        + &step("both", "test -e target/a-done -a -e target/b-done && touch target/both", "needs = [\"a\", \"b\"]");
    let project = branched(&config);
    let ran = run_in(project.path(), PROGRAM, &["ci", "check-patch"], &[("RELENG_THREADS", "2")]).exits(0);
    ran.prints("lint: passed\nlast: passed\na: passed\nb: passed\nboth: passed\n");
    let alone = "mkdir target/alone && sleep 0.3 && rmdir target/alone";
    let project = branched(&(step("a", alone, "") + &step("b", alone, "") + &step("c", alone, "")));
    run_in(project.path(), PROGRAM, &["ci", "check-patch"], &[("RELENG_THREADS", "1")]).exits(0);
    run_in(project.path(), PROGRAM, &["ci", "check-patch"], &[("RELENG_THREADS", "3")]).exits(1);
}

#[test]
fn changes_of_every_commit_of_the_branch_count() {
    let project = branched(&step("unit", "true", "only = [\"src/**\", \"*.toml\"]"));
    let left_out = "left out: no file that matches `src/**`, `*.toml` was changed";
    let unit = |args: &[&str]| result(&check_patch(&project, args).exits(0), "unit");
    assert_eq!(unit(&[]), left_out);
    project.commit("Change the source", &[("src/a", "2\n")]);
    project.commit("Change the document", &[("docs/a", "2\n")]);
    assert_eq!((unit(&[]), unit(&["--base", "HEAD~1"])), ("passed".into(), left_out.into()));
    // A change that is taken back again is none.
    project.commit("Take it back", &[("src/a", "1\n")]);
    assert_eq!(unit(&[]), left_out);
    // Changes of the base since are none of the branch.
    project.git(&["switch", "-q", "main"]);
    project.commit("Go on", &[("src/b", "1\n")]);
    project.git(&["switch", "-q", "topic"]);
    assert_eq!(unit(&[]), left_out);
    for (change, undo) in [
        (&["mv", "src/a", "docs/b"][..], &["reset", "-q", "--hard", "HEAD~1"][..]),
        (&["rm", "-q", "src/a"], &["reset", "-q", "--hard", "HEAD~1"]),
        (&["update-index", "--chmod=+x", "src/a"], &["reset", "-q", "--hard", "HEAD~1"]),
    ] {
        project.git(change);
        assert_eq!(unit(&[]), "passed", "not committed: {change:?}");
        project.git(&["commit", "-q", "-m", "Change it"]);
        assert_eq!(unit(&[]), "passed", "{change:?}");
        project.git(undo);
        assert_eq!(unit(&[]), left_out, "{undo:?}");
    }
    project.write("src/new", "1\n");
    assert_eq!(unit(&[]), "passed", "a file that git does not track yet");
    std::fs::remove_file(project.join("src/new")).unwrap();
    project.write("src/a", "3\n");
    assert_eq!(unit(&[]), "passed", "a file of the work tree");
    check_patch(&project, &[]).exits(0).says(&["1 file differs from `HEAD`: the steps run in the work tree as it is"]);
}

#[test]
fn what_needs_a_failed_step_is_not_run() {
    let config = step("left", "exit 1", "only = [\"none\"]")
        + &step("after-left", "true", "needs = [\"left\"]")
        + &step("bad", "exit 7", "")
        + &step("after-bad", "true", "needs = [\"after-left\", \"bad\"]")
        + &step("far", "true", "needs = [\"after-bad\"]");
    let ran = check_patch(&branched(&config), &[]).exits(1).says(&["error: 1 of 6 steps failed: `bad`\n"]);
    ran.prints(
        "lint: passed\nleft: left out: no file that matches `none` was changed\nafter-left: passed\nbad: FAILED: exit 7\n\
         after-bad: not run: `bad` did not pass\nfar: not run: `after-bad` did not pass\n",
    );
}

#[test]
fn only_the_named_steps_are_run() {
    let config = step("unit", "true", "only = [\"none\"]")
        + &step("docs", "true", "needs = [\"unit\"]")
        + &step("all", "true", "");
    let project = branched(&config);
    let ran = check_patch(&project, &["--only", "unit", "--only", "docs"]).exits(0);
    let not_named = "left out: not named by `--only`";
    let results = ["lint", "unit", "docs", "all"].map(|name| result(&ran, name));
    assert_eq!(results, [not_named, "passed", "passed", not_named]);
    let unknown = check_patch(&project, &["--only", "unti"]).exits(2);
    unknown.says(&["error: `check-patch` has no step `unti`", "help: did you mean `unit`?"]);
    check_patch(&project, &["--only", "something"])
        .exits(2)
        .says(&["help: the steps are `lint`, `unit`, `docs`, `all`"]);
}

#[test]
fn the_steps_are_those_of_the_base() {
    let project = branched(&step("unit", "test ! -e evil", ""));
    let own = step("unit", "touch evil", "") + "[lint]\nwork-in-progress = \"off\"\n";
    project.commit("WIP", &[("packaging/release.toml", &own)]);
    let ran = check_patch(&project, &[]).exits(1);
    assert_eq!((result(&ran, "lint"), result(&ran, "unit")), ("FAILED: exit 1".to_owned(), "passed".to_owned()));
    let ran = ran.says(&["the steps are those of `main`; `packaging/release.toml` of the branch has other ones"]);
    assert!(!project.join("evil").exists());
    follow(project.path(), &ran, "--steps-of HEAD", &[]).exits(0);
    assert!(project.join("evil").exists());
    // What the branch cannot be parsed as is no reason to run nothing.
    project.commit("Break the configuration\n\nx", &[("packaging/release.toml", "ci = 3\n")]);
    check_patch(&project, &["--only", "unit"])
        .exits(1)
        .says(&["warning: the configuration of the branch cannot be read"]);
    check_patch(&project, &["--steps-of", "HEAD"]).exits(2).says(&["`ci` is the number 3"]);
}

#[test]
fn a_dry_run_prints_the_plan_and_runs_nothing() {
    let project = branched(&step("unit", "touch ran", "needs = [\"lint\"]"));
    let plan = check_patch(&project, &["--dry-run", "--junit", "report.xml"]).exits(0).stdout;
    let parts = [
        "run lint: built in\n",
        "run unit: `sh -c 'touch ran'`, at most 1h, after lint\n",
        "report.xml\n",
        "summary.md\n",
    ];
    assert!(parts.iter().all(|part| plan.contains(part)), "{plan}");
    assert!(!project.join("target").exists() && !project.join("ran").exists());
    check_patch(&project, &["--junit", "report.xml"]).exits(0);
    let planned = |line: &str| Some(line.trim().strip_prefix("write ")?.to_owned());
    for file in plan.lines().filter_map(planned).filter(|file| !file.starts_with("the logs")) {
        assert!(std::path::Path::new(&file).exists(), "{file}");
    }
}

#[test]
fn the_lint_is_the_first_step() {
    let project = branched(&(step("unit", "true", "needs = [\"lint\"]") + &step("docs", "true", "")));
    project.commit("fixup! First", &[("src/a", "2\n")]);
    check_patch(&project, &["--only", "lint"]).exits(0).says(&["a `fixup!` commit is left"]);
    project.releng(&["lint"]).exits(1);
    project.commit("wip", &[("src/a", "3\n")]);
    let ran = check_patch(&project, &[]).exits(1).says(&["error: 1 of 3 steps failed: `lint`", "[work-in-progress]"]);
    assert_eq!(result(&ran, "unit"), "not run: `lint` did not pass");
    assert_eq!(result(&ran, "docs"), "passed");
}
