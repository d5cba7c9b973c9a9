//! `init` run again: nothing is overwritten, and what has changed is named.

use std::fs;
use std::time::Instant;

use super::kinds;
use crate::support::program::{PROGRAM, Sandbox, run_in};

/// The content of all files that `init` writes.
fn written(project: &Sandbox) -> Vec<(String, String)> {
    let files = project.files("packaging").into_iter();
    files.map(|path| (path.clone(), fs::read_to_string(project.join(&format!("packaging/{path}"))).unwrap())).collect()
}

#[test]
fn the_plan_is_what_is_written() {
    let project = kinds::single_crate();
    let before = project.files(".");
    let plan = project.releng(&["init", "--hooks", "--ci", "gitlab", "--dry-run"]).exits(0).stdout;
    assert_eq!(project.files("."), before);
    let run = project.releng(&["init", "--hooks", "--ci", "gitlab"]).exits(0).stdout;
    assert!(run.starts_with(&plan) && run[plan.len()..].starts_with("next:\n"), "{plan}\n{run}");
    let named: Vec<&str> = plan.lines().filter_map(|line| line.strip_prefix("  write ")?.split(':').next()).collect();
    let mut added: Vec<String> = project.files(".").into_iter().filter(|path| !before.contains(path)).collect();
    let mut expected: Vec<String> = named.iter().map(|path| (*path).to_owned()).collect();
    added.sort();
    expected.sort();
    assert_eq!(added, expected);
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    for project in [kinds::readme(), kinds::single_crate(), kinds::plain_spec(), kinds::pbr()] {
        project.releng(&["init"]).exits(0);
        let before = written(&project);
        let again = project.releng(&["init"]).exits(0).stdout;
        assert!(again.contains("\nnothing to write: all files are there\n"), "{again}");
        assert!(again.contains("packaging/release.toml: nothing has changed since it was written\n"), "{again}");
        assert!(!again.contains("another content") && !again.contains("changed since the"), "{again}");
        assert_eq!(written(&project), before);
    }
}

#[test]
fn a_file_of_a_person_is_left_and_named() {
    let project = kinds::plain_spec();
    project.write("packaging/acceptance/install.sh", "my own\n");
    project.write("packaging/release.toml", "[version]\ninitial = \"0.4\"\n");
    let ran = project.releng(&["init"]).exits(0).stdout;
    for line in [
        "  packaging/acceptance/install.sh: it is there already, with another content\n",
        "  `[[acceptance]]`: the project has a spec, and no test installs its packages\n",
        "  `version.initial = \"0.4\"` has no effect any more: `v1.2.0` is a release tag\n",
    ] {
        assert!(ran.contains(line), "no {line} in {ran}");
    }
    assert_eq!(fs::read_to_string(project.join("packaging/acceptance/install.sh")).unwrap(), "my own\n");
    assert_eq!(fs::read_to_string(project.join("packaging/release.toml")).unwrap(), "[version]\ninitial = \"0.4\"\n");
    project.write("packaging/release.toml", "[version]\ninitail = \"0.4\"\n");
    project.releng(&["init"]).exits(2).says(&["did you mean `version.initial`?"]);
}

#[test]
fn a_link_that_leads_nowhere_is_not_followed() {
    let project = kinds::readme();
    fs::create_dir(project.join("packaging")).unwrap();
    std::os::unix::fs::symlink("../../outside", project.join("packaging/release.toml")).unwrap();
    project.releng(&["init"]).exits(0).prints_part("packaging/release.toml: it is there already, with another content");
    assert!(fs::symlink_metadata(project.join("packaging/release.toml")).unwrap().is_symlink());
}

#[test]
fn a_run_that_was_killed_is_completed_by_the_next() {
    let whole = kinds::single_crate();
    whole.releng(&["init"]).exits(0);
    // Killed at its first, second and third rename of a new file to its place.
    for nth in 1..=3 {
        let project = kinds::single_crate();
        let kill = format!("renameat2:signal=KILL:when={nth}");
        let strace = ["-f", "-o", "/dev/null", "-e", &format!("inject={kill}"), PROGRAM, "init"];
        let killed = run_in(project.path(), "strace", &strace, &[]);
        assert_ne!(killed.code, 0, "{}", killed.stdout);
        assert_ne!(written(&project), written(&whole), "run {nth} was not killed");
        project.releng(&["init"]).exits(0);
        assert_eq!(written(&project), written(&whole), "{nth}");
    }
}

#[test]
fn tags_that_are_not_certain_are_left_to_a_person() {
    let project = kinds::readme();
    project.git(&["tag", "v2.0.0-rc1"]);
    let ran = project.releng(&["init"]).exits(0).prints_part("to decide:\n").stdout;
    assert!(!fs::read_to_string(project.join("packaging/release.toml")).unwrap().contains("initial"), "{ran}");
    project.git(&["tag", "v2.0.0"]);
    project.releng(&["init"]).exits(0).prints_part("counted from the tag `v2.0.0`, in the form `vX.Y.Z`");
}

#[test]
fn of_several_specs_a_person_chooses_one() {
    let project = kinds::project(&[("one.spec", kinds::PLAIN), ("rpm/two.spec", kinds::PLAIN)]);
    let refused = project.releng(&["init", "--dry-run"]).exits(0);
    let ran = refused.prints_part("2 specs, and the project may be each of them").prints_part("say which: `--spec ");
    assert!(ran.stdout.contains("to decide:\n"), "{}", ran.stdout);
    project.releng(&["--spec", "rpm/two.spec", "init"]).exits(0);
    let config = fs::read_to_string(project.join("packaging/release.toml")).unwrap();
    assert!(config.contains("spec = \"rpm/two.spec\"\n"), "{config}");
}

#[test]
fn a_large_repository_is_read_in_a_moment() {
    let project = kinds::single_crate();
    // 30,000 commits, a release tag near the end, and 2,000 other tags.
    let import = "{ for n in $(seq 30000); do printf 'commit refs/heads/main\\ncommitter A <a@b> %s +0000\\ndata 2\\nx\\n' $((1600000000+n)); \
        [ $n -gt 1 ] || printf 'from refs/heads/main^0\\n'; done; } | git fast-import --quiet && git tag 1.0 HEAD~100 && \
        for n in $(seq 2000); do echo \"create refs/tags/topic-$n-done HEAD\"; done | git update-ref --stdin && git pack-refs --all";
    run_in(project.path(), "sh", &["-c", import], &[]).exits(0);
    let shortest = (0..3).map(|_| {
        let begin = Instant::now();
        project.releng(&["init", "--dry-run"]).exits(0).prints_part("1.0.100");
        begin.elapsed().as_millis()
    });
    let shortest = shortest.min().unwrap();
    assert!(shortest < 1_000, "{shortest} ms"); // other tests run beside it; alone it takes less than 200
}
