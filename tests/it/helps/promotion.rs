//! Helps of `promote`, `rollback`, `yank`, `accept` and `hold`.

use super::{commands_of, follow, run_shell};
use crate::support::rpms::Rpm;
use crate::support::site::{Site, UNTESTED};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";
const TEST: &str = "[[acceptance]]\nname = \"look\"\nrun = [\"test\", \"-f\", \"a\"]\n";

/// One release that is staged.
fn staged() -> Site {
    let site = Site::new();
    site.release("One", &["el9"]);
    site
}

#[test]
fn a_first_promotion_needs_one_step_and_not_three() {
    let site = staged();
    let refused = site.releng(&["promote"]).exits(1).says(&["no acceptance test is configured for a major promotion"]);
    follow(site.project.path(), &refused, "promote", &[("REASON", "'it has none'")]).exits(0).says(&["promoted"]);
    // The flags that were given are repeated.
    let site = staged();
    let refused = site.releng(&["promote", "--untested", "it's new"]).exits(1).says(&["would be a new series"]);
    follow(site.project.path(), &refused, "promote", &[]).exits(0).says(&["promoted"]);
}

#[test]
fn a_test_that_is_configured_counts_from_the_next_release_on() {
    let site = Site::new();
    site.release("One", &[]);
    let help = "configure one in `[[acceptance]]`, and commit it; then make the release again";
    site.releng(&["promote", "--major"]).exits(1).says(&[help]);
    let warned = site.releng(&["accept"]).exits(0).says(&["no acceptance test is configured"]).stderr;
    site.project.commit("Test", &[("packaging/release.toml", TEST)]);
    let command = warned.split('`').find(|part| part.starts_with("releng dist")).unwrap();
    crate::helps::run_shell(site.project.path(), command).exits(0);
    site.releng(&["accept"]).exits(0);
    site.releng(&["promote", "--major"]).exits(0);
}

#[test]
fn a_test_that_did_not_pass_is_run_again() {
    let site = Site::with(TEST);
    site.release("One", &["el9"]);
    let refused = site.releng(&["promote", "--major"]).exits(1).says(&["was not run on this snapshot"]);
    follow(site.project.path(), &refused, "accept", &[]).exits(0);
    let result = site.state(&format!("results/{FIRST}/0001-look.json"));
    let failed = std::fs::read_to_string(&result).unwrap().replace("\"passed\"", "\"failed\"");
    std::fs::write(&result, failed).unwrap();
    let refused = site.releng(&["promote", "--major"]).exits(1).says(&["the acceptance test `look` failed"]);
    let log = commands_of(&refused).into_iter().find(|path| path.ends_with(".log"));
    assert!(log.is_some_and(|log| std::path::Path::new(&log).exists()));
    follow(site.project.path(), &refused, "accept", &[]).exits(0);
    site.releng(&["promote", "--major"]).exits(0);
}

#[test]
fn a_dist_without_packages_is_ended() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.release("Two", &["el9"]);
    let refused = site.releng(&["promote"]).exits(1).says(&["it has no packages for el8"]);
    follow(site.project.path(), &refused, "--end-dist", &[("REASON", "x")]).exits(0).says(&["promoted"]);
    // A configured dist of a first release.
    let site = Site::with("[rpm]\ndists = [\"el8\", \"el9\"]\n");
    site.release("One", &["el9"]);
    let refused = site.releng(&["promote", "--major"]).exits(1).says(&["it has no packages for el8"]);
    follow(site.project.path(), &refused, "--end-dist", &[("REASON", "x")]).exits(0).says(&["promoted"]);
}

#[test]
fn a_missing_milestone_is_tagged() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Fly\n\nSem-Ver: feature", &["el9"]);
    let refused = site.promote(&[]).exits(1).says(&["the tag `1.1` is missing"]);
    follow(site.project.path(), &refused, "tag", &[]).exits(0);
    site.promote(&[]).exits(0);
}

#[test]
fn a_tag_that_came_later_needs_a_new_build() {
    let site = staged();
    site.project.git(&["tag", "1.5"]);
    site.promote(&[]).exits(1).says(&["a tag was added after it was staged: build the release again and stage it"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    // The tag is deleted.
    site.project.git(&["tag", "-d", "1.5"]);
    let newest = ["promote", "snapshot-demo_1.0_pipeline_2", "--major", "--untested", "x"];
    let refused = site.releng(&newest).exits(1);
    refused.says(&["from the tag `1.5`, which the commit does not have now", "help: put the tag back"]);
    site.project.git(&["tag", "1.5"]);
    site.promote(&[]).exits(0);
}

#[test]
fn a_break_that_is_not_counted_is_declared() {
    let site = Site::new();
    site.release("feat!: drop the old format", &["el9"]);
    site.promote(&[]).exits(1).says(&["write `headers = [\"sem-ver\", \"conventional\"]` below `[version]`"]);
    site.project.write("packaging/release.toml", "[version]\nheaders = [\"sem-ver\", \"conventional\"]\n");
    site.project.git(&["tag", "2.0"]);
    assert_eq!(site.release("Configure", &["el9"]), "2.0.1");
    site.promote(&[]).exits(0).says(&["stable/2.0"]);
    // It breaks nothing: a later commit is tagged.
    let site = Site::new();
    site.release("feat!: drop the old format", &["el9"]);
    site.commit("Two").project.git(&["tag", "1.1"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0).says(&["stable/1.0"]);
}

#[test]
fn a_snapshot_of_another_machine_is_promoted_where_its_commit_is() {
    let site = Site::new();
    site.commit("One").build(&["el9"]);
    site.releng(&["stage", "--unmerged"]).exits(0);
    let site = Site::new();
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.release("One", &["el9"]);
    site.project.git(&["branch", "-f", "main", "topic"]);
    let clone = tempfile::tempdir().unwrap();
    let other = clone.path().join("other");
    // Another clone of the project has another history.
    site.project.git(&[
        "clone",
        "-q",
        "--depth",
        "1",
        "--branch",
        "1.0",
        &format!("file://{}", site.project.path().display()),
        other.to_str().unwrap(),
    ]);
    let flags = format!(
        "releng --project {} --repository {}",
        other.display(),
        site.project.join("target/repository").display()
    );
    let promote = format!("{flags} promote {FIRST} --major --untested x");
    run_shell(clone.path(), &promote).exits(1).says(&["promote it from a clone of the project that has the commit"]);
    site.promote(&[]).exits(0);
}

#[test]
fn what_clients_may_have_gets_a_higher_release() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.project.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let rebuild = |release: &str| {
        site.releng(&["dist", "--no-stage", "--release", release]).exits(0);
        let rpm = Rpm::new("demo", "1.0.2").release(release).dist("el9").file("/usr/share/demo/other", "x");
        site.add(&rpm, "el9");
        site.list_builds(str::to_owned);
        site.releng(&["stage"]).exits(0);
    };
    site.commit("Another two");
    rebuild("1");
    let third = "snapshot-demo_1.0_pipeline_3";
    let help = "raise the version, or the release with `--release`";
    site.releng(&["promote", third, "--untested", "x"]).exits(1).says(&[help]);
    rebuild("2");
    site.releng(&["promote", "snapshot-demo_1.0_pipeline_4", "--untested", "x"]).exits(0);
}

#[test]
fn an_old_snapshot_gives_way_to_a_newer_one() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Two", &["el9"]);
    site.promoted("Three", &["el9"]);
    let second = ["promote", "snapshot-demo_1.0_pipeline_2", "--untested", "x"];
    let refused = site.releng(&second).exits(1).says(&["promote a newer snapshot"]);
    follow(site.project.path(), &refused, "status", &[]).exits(0).prints_part("pipeline_3");
    site.promoted("Four", &["el9"]);
}

#[test]
fn what_was_rolled_back_is_promoted_again_with_the_flags_that_were_given() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    let refused =
        site.releng(&["promote", "--untested", "a test of it"]).exits(1).says(&["to promote it all the same"]);
    follow(site.project.path(), &refused, "promote", &[]).exits(0).says(&["promoted"]);
    // The flags that a gate needs are added.
    site.releng(&["rollback", "1.0"]).exits(0);
    let refused = site.releng(&["promote"]).exits(1);
    follow(site.project.path(), &refused, "promote", &[("REASON", "x")]).exits(0).says(&["promoted"]);
    // Further back than the last change.
    let site = Site::of_three();
    site.releng(&["rollback", "1.0"]).exits(0);
    let again = site.releng(&["rollback", "1.0"]).exits(0).says(&["to go further back"]);
    assert!(again.stderr.contains("rollback 1.0 --to 1`"), "{}", again.stderr);
    follow(site.project.path(), &again, "--to 1", &[]).exits(0);
}

#[test]
fn a_series_without_a_snapshot_gets_one() {
    let site = staged();
    std::fs::remove_dir_all(site.served(&format!("unstable/1.0/{FIRST}"))).unwrap();
    let refused = site.promote(&[]).exits(1).says(&["unstable/1.0 has no snapshot to promote"]);
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.promote(&[]).exits(0);
}

#[test]
fn a_revision_is_chosen_among_those_there_are() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let refused = site.releng(&["rollback", "1.0"]).exits(1).says(&["there is nothing before it"]);
    let package = [("NEVRA", "demo-1.0.1-1.el9.noarch"), ("REASON", "x")];
    follow(site.project.path(), &refused, "yank", &package).exits(0);
    let refused = site.releng(&["rollback", "1.0", "--to", "7"]).exits(1);
    refused.says(&["the revisions are 1 (1.0.1), 2 (1.0.1): `--to REVISION`"]);
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    let refused = site.releng(&["rollback", "3.0"]).exits(1).says(&["there is no stable/3.0"]);
    follow(site.project.path(), &refused, "status", &[]).exits(0).prints_part("stable/1.0");
}

#[test]
fn a_package_is_chosen_among_those_there_are() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    let yank = |package: &str| site.releng(&["yank", package, "--why", "it's bad", "--dry-run"]);
    yank("nothing-1-1.noarch").exits(1).says(&["help: the names of packages are `demo`"]);
    let refused = yank("demo-1.0.9-1.el9.noarch")
        .exits(1)
        .says(&["help: name one of these: `demo-1.0.2-1.src`, `demo-1.0.2-1.el9.noarch`"]);
    let last = refused.stderr.lines().last().unwrap();
    yank(last.split('`').nth(1).unwrap()).exits(0);
    // Two series have it.
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.dist();
    site.add_together(&[Rpm::new("demo", "2.0.0").dist("el9"), Rpm::new("demo-data", "7").dist("el9")], "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    site.project.git(&["checkout", "-q", "HEAD~1"]);
    site.project.git(&["checkout", "-q", "-b", "v1"]);
    site.project.git(&["config", "user.name", "x"]);
    site.project.write("packaging/release.toml", "[project]\nbranches = [\"main\", \"v1\"]\n");
    site.project.commit("Three", &[]);
    site.dist();
    site.add_together(&[Rpm::new("demo", "1.0.3").dist("el9"), Rpm::new("demo-data", "7").dist("el9")], "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0).says(&["stable/1.0"]);
    let refused = yank("demo-data-7-1.el9.noarch").exits(1).says(&["several series have the package"]);
    follow(site.project.path(), &refused, "--series 2.0", &[]).exits(0).prints_part("from stable/2.0 (el9)");
    // The other series has it.
    let refused = site.releng(&["yank", "demo-2.0.0-1.el9.noarch", "--series", "1.0", "--why", "it's bad"]).exits(1);
    let said = "stable/1.0 does not have the package `demo-2.0.0-1.el9.noarch`: stable/2.0 has it";
    let refused = refused.says(&[said]);
    follow(site.project.path(), &refused, "--series 2.0", &[]).exits(0).says(&["from stable/2.0 (el9)"]);
}

#[test]
fn a_yank_that_breaks_another_package_has_two_ways_out() {
    let breaking = || {
        let site = Site::new();
        site.commit("One").dist();
        let plugin = Rpm::new("demo-plugin", "1.0.1").dist("el9").line("Requires: demo-libs = 1.0.1");
        site.add_together(&[Rpm::new("demo-libs", "1.0.1").dist("el9"), plugin], "el9");
        site.list_builds(str::to_owned);
        site.releng(&["stage"]).exits(0);
        site.promote(&[]).exits(0);
        site
    };
    let args = ["yank", "demo-libs-1.0.1-1.el9.noarch", "--why", "it's bad"];
    let site = breaking();
    let refused = site.releng(&args).exits(1);
    follow(site.project.path(), &refused, "yank demo-plugin", &[("REASON", "x")]).exits(0);
    site.releng(&args).exits(0);
    let site = breaking();
    let refused = site.releng(&args).exits(1);
    follow(site.project.path(), &refused, "--force", &[("REASON", "'we know'")]).exits(0);
}

#[test]
fn a_package_that_blocks_a_promotion_is_taken_out() {
    let site = Site::with(TEST);
    let release = |message: &str, rpms: &[Rpm]| {
        site.commit(message).dist();
        site.add_together(rpms, "el9");
        site.list_builds(str::to_owned);
        site.releng(&["stage"]).exits(0);
        site.releng(&["accept"]).exits(0);
    };
    let libs = |version: &str| Rpm::new("demo-libs", version).dist("el9");
    let plugin = Rpm::new("demo-plugin", "1.0.1").dist("el9").line("Requires: demo-libs = 1.0.1");
    release("One", &[libs("1.0.1"), plugin]);
    site.releng(&["promote", "--major"]).exits(0);
    release("Two\n\nBug-Url: https://example.org/1", &[libs("1.0.2")]);
    let help = "or take the package out of the series";
    site.releng(&["status"]).exits(0).prints_part(help);
    let refused = site.releng(&["promote"]).exits(1).says(&[help]);
    follow(site.project.path(), &refused, "yank", &[("REASON", "x")]).exits(0);
    site.releng(&["promote"]).exits(0);
}

#[test]
fn a_hold_of_a_day_that_is_over_is_made_without_an_end() {
    let site = staged();
    let hold = ["hold", FIRST, "--why", "x"];
    let past = [&hold[..], &["--until", "2020-01-01"]].concat();
    site.releng(&past)
        .exits(2)
        .says(&["its last day 2020-01-01 is over", "or omit the flag for a hold without an end"]);
    site.releng(&hold).exits(0);
    site.releng(&[&["promote", "--major"], UNTESTED].concat()).exits(0);
}

#[test]
fn the_program_of_a_test_is_put_where_it_is_expected() {
    for (run, help) in [
        ("no-such-program", "install `no-such-program`, or put it on PATH"),
        ("./absent", "it must be a file that may be executed"),
    ] {
        let site = Site::with(&format!("[[acceptance]]\nname = \"look\"\nrun = [\"{run}\"]\n"));
        site.release("One", &[]);
        let failed = site.releng(&["accept"]).exits(1);
        assert!(failed.stderr.contains(help), "{run}: {}", failed.stderr);
        site.project.write("script", "#!/bin/sh\nexit 0\n");
        run_shell(site.project.path(), "chmod +x script").exits(0);
        let config = "[[acceptance]]\nname = \"look\"\nrun = [\"./script\"]\n";
        site.project.commit("Correct it", &[("packaging/release.toml", config)]);
        site.build(&[]);
        site.releng(&["stage"]).exits(0);
        site.releng(&["accept"]).exits(0);
    }
}
