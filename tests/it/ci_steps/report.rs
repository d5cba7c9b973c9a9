//! What a person, GitHub, GitLab and readers of JUnit XML get.

use super::{branched, check_patch, result, step};
use crate::helps::follow;
use crate::support::github::github_commands;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// Prints what a step should not be able to say to a terminal, to GitHub or to GitLab.
const EVIL: &str = r#"printf "::error::evil\n  ::set-env name=X::1\n##[error]evil\n\033[2J\033[0Ksection_end:1:evil\r\nlast\n"; exit 1"#;

fn run_with(project: &Sandbox, variables: &[(&str, &str)]) -> Ran {
    run_in(project.path(), PROGRAM, &["ci", "check-patch"], variables)
}

#[test]
fn github_reads_no_commands_of_a_step() {
    let project = branched(&(step("evil", EVIL, "") + &step("good", "echo fine", "needs = [\"lint\"]")));
    project.commit("fixup! First", &[("src/a", "2\n")]);
    project.write("page.md", "before\n");
    let ran = run_with(&project, &[("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "page.md")]).exits(1);
    let heads: Vec<&str> = github_commands(&ran.stdout).iter().map(|line| line.split(" (").next().unwrap()).collect();
    let groups = heads.iter().filter(|line| line.starts_with("::group::")).count();
    assert_eq!(groups, 3, "{heads:?}");
    for head in ["::group::lint: passed", "::group::evil: FAILED: exit 1", "::group::good: passed"] {
        assert!(heads.contains(&head), "{head}: {heads:?}");
    }
    let annotations: Vec<&&str> = heads.iter().filter(|line| !line.contains("group::")).collect();
    assert!(annotations[0].starts_with("::error title=evil::FAILED: exit 1%0A::error::evil%0A"), "{annotations:?}");
    assert!(annotations[1].starts_with("::warning title=fixup-left::"), "{annotations:?}");
    assert_eq!(annotations.len(), 2);
    assert!(github_commands(&ran.stderr).is_empty(), "{:?}", github_commands(&ran.stderr));
    assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'));
    let page = std::fs::read_to_string(project.join("page.md")).unwrap();
    assert!(page.starts_with("before\n### check-patch: 1 of 3 steps failed\n"), "{page}");
    assert!(ran.stderr.contains("::stop-commands::"));
}

#[test]
fn gitlab_folds_the_output() {
    let project = branched(&step("evil", EVIL, ""));
    let ran = run_with(&project, &[("GITLAB_CI", "true")]).exits(1);
    for mark in ["\x1b[0Ksection_start:", ":evil[collapsed=true]\r\x1b[0Kevil: FAILED: exit 1", ":evil\r\x1b[0K\n"] {
        assert_eq!(ran.stdout.matches(mark).count(), 1, "{mark:?}: {:?}", ran.stdout);
    }
    let quiet = run_in(project.path(), PROGRAM, &["ci", "check-patch", "--quiet"], &[("GITLAB_CI", "true")]).exits(1);
    assert_eq!(quiet.stdout, "lint: passed\nevil: FAILED: exit 1\n");
    assert!(ran.stdout.contains("\\u001b[2J\\u001b[0Ksection_end:1:evil"), "{}", ran.stdout);
}

#[test]
fn a_pipe_gets_lines_and_a_terminal_a_board() {
    let project = branched(&step("unit", "echo first; sleep 0.6; echo second; sleep 0.6", ""));
    let ran = check_patch(&project, &[]).exits(0).says(&[
        "unit  running",
        "unit: its output:\n  first\n  second\n",
        "unit  passed",
    ]);
    assert!(!ran.stderr.contains('\x1b'));
    check_patch(&project, &["--quiet"]).exits(0).says_nothing().prints("lint: passed\nunit: passed\n");
    let on_terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let arguments = ["-c", on_terminal, PROGRAM, "ci", "check-patch"];
    let drawn = run_in(project.path(), "python3", &arguments, &[("TERM", "xterm")]).exits(0).stdout;
    assert!(drawn.contains("\x1b[") && drawn.contains("second") && !drawn.contains("its output"), "{drawn:?}");
    let last = drawn.lines().rfind(|line| !line.trim().is_empty()).unwrap();
    assert!(last.contains("unit  passed"), "{drawn:?}");
}

#[test]
fn the_results_are_read_by_others() {
    let config = step("evil", EVIL, "")
        + &step("left", "true", "only = [\"none\"]")
        + &step("after", "true", "needs = [\"evil\"]")
        + "[[ci.check-patch]]\nname = \"missing\"\nrun = [\"no-such-program\"]\n";
    let project = branched(&config);
    let ran = check_patch(&project, &["--junit", "reports/all.xml"]).exits(1);
    assert_eq!(result(&ran, "missing"), "FAILED: there is no program `no-such-program`");
    let read = "import sys, xml.etree.ElementTree as tree\n\
        suites = tree.parse(sys.argv[1]).getroot()\n\
        for suite in suites: print(suite.get('name'), suite.get('tests'), suite.get('failures'), suite.get('skipped'))\n\
        for case in suites.iter('testcase'): print(case.get('name'), [(inner.tag, inner.get('message')) for inner in case])\n\
        print('last' in suites.find('.//failure').text)\n";
    for file in ["reports/all.xml", "target/releng/ci/check-patch/junit.xml"] {
        run_in(project.path(), "python3", &["-c", read, file], &[]).exits(0).prints(
            "check-patch 5 2 2\nlint []\nevil [('failure', 'exit 1')]\n\
             left [('skipped', 'no file that matches `none` was changed')]\nafter [('skipped', '`evil` did not pass')]\n\
             missing [('failure', 'there is no program `no-such-program`')]\nTrue\n",
        );
    }
    let page = std::fs::read_to_string(project.join("target/releng/ci/check-patch/summary.md")).unwrap();
    assert!(page.contains("| left | left out: no file that matches `none` was changed |  |\n"), "{page}");
    assert!(page.contains("```text\n::error::evil\n"), "{page}");
    assert_eq!(
        project.files("target/releng/ci/check-patch"),
        ["evil.log", "junit.xml", "lint.log", "missing.log", "summary.md"]
    );
    // The folder is about the last run.
    check_patch(&project, &["--only", "lint"]).exits(0);
    assert_eq!(project.files("target/releng/ci/check-patch"), ["junit.xml", "lint.log", "summary.md"]);
}

#[test]
fn a_failed_step_is_reproduced_and_corrected() {
    let project =
        branched(&(step("unit", "seq 100; test -e fixed", "only = [\"src/**\"]") + &step("other", "false", "")));
    project.commit("Change it", &[("src/a", "2\n")]);
    let failed = check_patch(&project, &["--base", "main", "--steps-of", "main"]).exits(1);
    let failed = failed.says(&["  the end of the output of `unit`:\n    61\n    62\n", "    100\n", "unit.log`\n"]);
    let again = follow(project.path(), &failed, "--only unit", &[]).exits(1);
    assert_eq!(
        (result(&again, "unit"), result(&again, "other").starts_with("left out")),
        ("FAILED: exit 1".into(), true)
    );
    let again = again.says(&["reproduce: `releng ci check-patch --base main --steps-of main --only unit`"]);
    project.write("fixed", "");
    follow(project.path(), &again, "--only unit", &[]).exits(0);
}
