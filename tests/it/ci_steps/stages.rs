//! The stages beside `check-patch`, the script of a stage without steps, and the environment of a step.

use super::{branched, check_patch, result, step};
use crate::helps::{follow, run_shell};
use crate::support::program::{PROGRAM, Sandbox, run_in};

#[test]
fn each_stage_has_the_flags() {
    for stage in ["check-merged", "build-artifacts"] {
        let other = if stage == "check-merged" { "build-artifacts" } else { "check-merged" };
        let config = format!(
            "[[ci.{stage}]]\nname = \"unit\"\nrun = [\"test\", \"-e\", \"src/a\"]\nonly = [\"src/\"]\n\
             [[ci.{other}]]\nname = \"lint\"\nrun = [\"false\"]\n"
        );
        let project = branched(&config);
        project.commit("Change it", &[("src/a", "2\n")]);
        project.commit("Change the document", &[("docs/a", "2\n")]);
        project.git(&["switch", "-q", "main"]);
        project.git(&["merge", "-q", "--no-ff", "-m", "Merge it", "topic"]);
        project.releng(&["ci", stage]).exits(0).prints("unit: passed\n");
        let unchanged = "unit: left out: no file that matches `src/` was changed\n";
        project.releng(&["ci", stage, "--base", "topic"]).exits(0).prints(unchanged);
        let named = project.releng(&["ci", stage, "--base", "topic", "--only", "unit", "--junit", "r.xml"]).exits(0);
        named.prints("unit: passed\n");
        assert!(project.join("r.xml").exists() && project.join(&format!("target/releng/ci/{stage}/unit.log")).exists());
        project.releng(&["ci", stage, "--dry-run"]).exits(0).prints_part("run unit: `test -e src/a`, at most 1h\n");
        let without = config.replace(&format!("[[ci.{stage}]]"), "[[ci.check-patch]]");
        project.commit("Take the step away", &[("packaging/release.toml", &without)]);
        project.releng(&["ci", stage]).exits(2).says(&[&format!("error: `{stage}` has no step in `HEAD`")]);
        project.releng(&["ci", stage, "--steps-of", "HEAD~1", "--only", "unit"]).exits(0);
    }
}

#[test]
fn the_first_commit_changes_everything() {
    let project = Sandbox::unreleased(&[
        ("packaging/release.toml", "[[ci.check-merged]]\nname = \"unit\"\nrun = [\"env\"]\nonly = [\"a\"]\n"),
        ("a", "1\n"),
    ]);
    let empty = "RELENG_CI_BASE=4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    project.releng(&["ci", "check-merged"]).exits(0).prints("unit: passed\n").says(&[empty]);
}

#[test]
fn a_clone_that_is_too_shallow_is_completed() {
    let config = "[[ci.check-merged]]\nname = \"unit\"\nrun = [\"true\"]\nonly = [\"src/\"]\n";
    let project = branched(config);
    project.commit("Change the document", &[("docs/a", "2\n")]);
    let place = tempfile::tempdir().unwrap();
    let address = format!("file://{}", project.path().display());
    let clone = place.path().join("clone");
    run_in(place.path(), "git", &["clone", "-q", "--depth", "1", &address, "clone"], &[]).exits(0);
    let refused = run_in(&clone, PROGRAM, &["ci", "check-merged"], &[]).exits(6);
    follow(&clone, &refused, "git fetch", &[]).exits(0);
    run_in(&clone, PROGRAM, &["ci", "check-merged"], &[]).exits(0).prints_part("unit: left out");
    // What CI systems state for a branch that is new.
    let new = ["ci", "check-merged", "--base", &"0".repeat(40)];
    run_in(&clone, PROGRAM, &new, &[]).exits(0).prints("unit: passed\n");
}

#[test]
fn the_work_tree_stays_clean() {
    let project = branched(&step("unit", "true", "only = [\"**\"]"));
    project.commit("Ignore nothing", &[(".gitignore", "")]);
    project.git(&["branch", "-f", "main", "topic"]);
    for _ in 0..2 {
        let ran = check_patch(&project, &[]).exits(0);
        assert_eq!(result(&ran, "unit"), "left out: no file that matches `**` was changed");
        assert_eq!(project.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn a_script_of_the_convention_is_the_only_step() {
    let project = branched("");
    project.git(&["switch", "-q", "main"]);
    project.commit(
        "Add the script",
        &[
            ("automation/check-patch.sh", "#!/bin/bash\n[[ -e src/a ]] && echo ran\n"),
            ("automation/check-patch.packages", "git\n# a comment\npython3-pytest\n"),
            ("automation/check-patch.repos.el8", "lago,https://example.org/repo\n"),
            ("automation/check-merged.packages", "other\n"),
        ],
    );
    project.git(&["switch", "-q", "-C", "topic"]);
    let ran = check_patch(&project, &[]).exits(0).says(&[
        "`automation/check-patch.packages` names packages that the step expects: git, python3-pytest\n",
        "`automation/check-patch.repos.el8` names repositories that the step expects: lago,https://example.org/repo\n",
        "  ran\n",
    ]);
    assert!(!ran.stderr.contains("check-merged"), "{}", ran.stderr);
    ran.prints("lint: passed\ncheck-patch: passed\n");
    // One that may be executed is, by the program that it names.
    project.write("automation/check-patch.sh", "#!/bin/cat\nThe file itself\n");
    run_in(project.path(), "chmod", &["+x", "automation/check-patch.sh"], &[]).exits(0);
    check_patch(&project, &[]).exits(0).says(&["  #!/bin/cat\n  The file itself\n"]);
}

#[test]
fn a_stage_without_steps_gets_one() {
    let project = branched("");
    project.write("Makefile", "check:\n\t@echo checked\n");
    let refused = check_patch(&project, &[]).exits(2).says(&["error: `check-patch` has no step in `main`"]);
    check_patch(&project, &["--only", "lint"]).exits(0);
    let lines: Vec<&str> =
        refused.stderr.split('`').filter(|part| part.starts_with("[[") || part.contains(" = ")).collect();
    project.commit("Test it", &[("packaging/release.toml", &(lines.join("\n") + "\n"))]);
    let refused = check_patch(&project, &[]).exits(2).says(&["help: the branch itself has steps: `"]);
    follow(project.path(), &refused, "--steps-of HEAD", &[]).exits(0).prints("lint: passed\nunit: passed\n");
    project.git(&["branch", "-f", "main", "topic"]);
    check_patch(&project, &[]).exits(0);
    project.commit("Use the script", &[("packaging/release.toml", ""), ("automation/check-patch.sh", "true\n")]);
    project.git(&["branch", "-f", "main", "topic"]);
    check_patch(&project, &[]).exits(0).prints("lint: passed\ncheck-patch: passed\n");
}

#[test]
fn a_bare_repository_has_no_work_tree() {
    let project = branched(&step("unit", "true", ""));
    project.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = project.join("../bare.git");
    let refused = run_in(&bare, PROGRAM, &["ci", "check-patch"], &[]).exits(2).says(&["it has no files for the steps"]);
    let place = tempfile::tempdir().unwrap();
    follow(place.path(), &refused, "git clone", &[]).exits(0);
    run_shell(&place.path().join("clone"), "releng ci check-patch").exits(0);
    std::fs::remove_dir_all(bare).unwrap();
}

#[test]
fn a_step_gets_no_tokens() {
    let config = step("unit", "env | sort; echo; cat", "") + "[ci]\nenvironment = [\"CC\", \"LAGO_*\"]\n";
    let project = branched(&config);
    let secret = "hunter2";
    let variables = [
        ("GITHUB_TOKEN", secret),
        ("COPR_TOKEN", secret),
        ("SSH_AUTH_SOCK", secret),
        ("CARGO_MANIFEST_DIR", secret),
        ("CARGO_REGISTRY_TOKEN", secret),
        ("RUSTUP_TOOLCHAIN", secret),
        ("LAGO", secret),
        ("LAGO_HOME", "home"),
        ("CC", "clang"),
        ("LC_ALL", "C.UTF-8"),
    ];
    run_in(project.path(), PROGRAM, &["ci", "check-patch"], &variables).exits(0);
    let log = std::fs::read_to_string(project.join("target/releng/ci/check-patch/unit.log")).unwrap();
    assert!(!log.contains(secret), "{log}");
    let head = project.git(&["rev-parse", "HEAD"]);
    for line in [
        "CC=clang",
        "LAGO_HOME=home",
        "LC_ALL=C.UTF-8",
        "RELENG_CI_STAGE=check-patch",
        &format!("RELENG_CI_HEAD={head}"),
    ] {
        assert!(log.lines().any(|has| has == line), "no {line} in {log}");
    }
    let ran = check_patch(&project, &[]);
    assert_eq!(result(&ran, "unit"), "passed");
}

/// A branch with another `project.branches` does not choose the base, and with it the steps.
#[test]
fn the_branches_are_those_of_the_default_branch() {
    let project = branched(&step("unit", "echo of the base", ""));
    let other = format!("[project]\nbranches = [\"helper\"]\n{}", step("unit", "echo of the helper", ""));
    project.commit("Change the steps", &[("packaging/release.toml", &other)]);
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.git(&["update-ref", "refs/remotes/origin/helper", "HEAD"]);
    project.git(&["remote", "add", "origin", "."]);
    project.commit("Say more", &[("src/a", "2\n")]);
    let refused = check_patch(&project, &[]).exits(2).says(&["which branch of `origin` is the default one"]);
    check_patch(&project, &["--base", "origin/main"]).exits(0);
    let to_main = ("git remote set-head origin --auto", "git remote set-head origin main");
    follow(project.path(), &refused, "git remote", &[to_main]).exits(0);
    check_patch(&project, &[]).exits(0);
    let log = std::fs::read_to_string(project.path().join("target/releng/ci/check-patch/unit.log")).unwrap();
    assert_eq!(log, "of the base\n");
}

/// Whoever may push a tag does not choose the base, and with it the steps.
#[test]
fn a_tag_is_not_taken_for_a_branch() {
    let project = branched(&step("unit", "echo of the base", ""));
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.git(&["remote", "add", "origin", "."]);
    project.commit("Change the steps", &[("packaging/release.toml", &step("unit", "echo of the tag", ""))]);
    for tag in ["origin/main", "main", "origin/gone"] {
        project.git(&["tag", tag]);
    }
    project.commit("Say more", &[("src/a", "2\n")]);
    let log = || std::fs::read_to_string(project.path().join("target/releng/ci/check-patch/unit.log")).unwrap();
    for base in ["origin/main", "main", "origin/main~0"] {
        let name = base.trim_end_matches("~0");
        check_patch(&project, &["--base", base])
            .exits(0)
            .says(&[&format!("`{name}` is a branch and a tag: the base is the branch")]);
        assert_eq!(log(), "of the base\n", "{base}");
        project.releng(&["lint", "--base", base]).exits(0).says(&["is a branch and a tag"]);
    }
    project
        .releng(&["ci", "check-merged", "--base", "origin/gone"])
        .exits(2)
        .says(&["is a tag with the name of a branch"]);
    let refused = check_patch(&project, &["--base", "origin/gone"]).exits(2);
    check_patch(&project, &["--base", "refs/tags/origin/gone"]).exits(0);
    follow(
        project.path(),
        &refused,
        "git fetch",
        &[("git fetch", "git fetch . +refs/heads/main:refs/remotes/origin/gone")],
    )
    .exits(0);
    check_patch(&project, &["--base", "origin/gone"]).exits(0);
    assert_eq!(log(), "of the base\n");
}
