//! Flags, variables and keys of the configuration, each seen by its effect. `coverage.rs` lists the test of each.

use std::collections::BTreeMap;

use crate::support::farm::Farm;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};
use crate::support::site::{NOW, Site, UNTESTED, require_same, text};
use crate::support::specs::NOARCH;

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

fn project(spec: &str, config: &str) -> Sandbox {
    Sandbox::released(&[("packaging/demo.spec.in", spec), ("packaging/release.toml", config), ("a", "1\n")])
}

/// Two snapshots; the configuration decides whether `prune` keeps the older one.
fn two_snapshots(config: &str) -> Site {
    let site = Site::with(config);
    site.release("One", &[]);
    site.release("Two", &[]);
    site
}

/// Runs a command with `--dry-run`, and fails the test if anything has changed; the plan.
#[track_caller]
fn plan_of(site: &Site, now: &str, args: &[&str]) -> String {
    let before = site.trees();
    let plan = site.releng_at(now, &[args, &["--dry-run"]].concat()).exits(0).stdout;
    for (before, after) in before.iter().zip(&site.trees()) {
        require_same(before, after);
    }
    plan
}

#[test]
fn a_hold_keeps_a_snapshot_until_the_end_of_its_last_day() {
    let site = two_snapshots("[repository]\nkeep-snapshots = 0\nkeep-days = 1\n");
    let (last_day, next_day) = ("2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z");
    let hold = ["hold", FIRST, "--why", "a customer tests it", "--until", "2026-03-01"];
    assert_eq!(
        plan_of(&site, NOW, &hold),
        format!(
            "hold {FIRST} (1.0.1):\n  append to log.jsonl: held {FIRST}\n  write index.json\n  write unstable/index.html\n"
        )
    );
    assert!(plan_of(&site, last_day, &["prune"]).contains(FIRST));
    site.releng(&hold).exits(0);
    assert!(text(&site.state("log.jsonl")).contains("a customer tests it"));
    let status = site.releng(&["status", "--json"]).exits(0).stdout;
    assert!(status.contains(&format!("\"held-until\": \"{next_day}\"")), "{status}");
    assert!(!plan_of(&site, last_day, &["prune"]).contains(FIRST));
    assert!(plan_of(&site, next_day, &["prune"]).contains(FIRST));
    assert_eq!(
        plan_of(&site, last_day, &["unhold", FIRST]),
        format!(
            "unhold {FIRST} (1.0.1):\n  append to log.jsonl: released the hold on {FIRST}\n  write index.json\n  write unstable/index.html\n"
        )
    );
    site.releng_at(last_day, &["unhold", FIRST]).exits(0);
    site.releng_at(last_day, &["prune"]).exits(0).prints_part(FIRST);
    assert!(!site.served("unstable/1.0").join(FIRST).exists());
}

#[test]
fn a_snapshot_is_kept_by_number_and_by_age() {
    let later = "2026-03-01T00:00:00Z";
    for (snapshots, days, is_kept) in [(0, 1, false), (2, 1, true), (0, 365, true)] {
        let site = two_snapshots(&format!("[repository]\nkeep-snapshots = {snapshots}\nkeep-days = {days}\n"));
        let plan = plan_of(&site, later, &["prune"]);
        assert_eq!(!plan.contains(FIRST), is_kept, "{snapshots} snapshots, {days} days: {plan}");
    }
}

#[test]
fn the_flag_for_the_repository_goes_before_the_variable_and_both_before_the_key() {
    let site = Site::with("[repository]\nroot = \"configured\"\n");
    site.build(&[]);
    let variable = [("RELENG_REPOSITORY", "from-variable")];
    site.releng_with(&variable, &["stage", "--repository", "from-flag"]).exits(0);
    site.releng_with(&variable, &["stage"]).exits(0);
    site.releng(&["stage"]).exits(0);
    for (root, state) in
        [("from-flag", "from-flag-state"), ("from-variable", "from-variable-state"), ("configured", "configured-state")]
    {
        assert!(site.project.join(root).join("demo/unstable/1.0").join(FIRST).is_dir(), "{root}");
        assert!(site.project.join(state).join("demo/log.jsonl").is_file(), "{state}");
    }
    assert!(!site.served("").exists());
}

#[test]
fn dist_takes_the_number_of_the_pipeline() {
    let site = Site::new();
    site.releng(&["dist", "--pipeline", "7"]).exits(0);
    assert!(site.served("unstable/1.0/snapshot-demo_1.0_pipeline_7").is_dir());
}

#[test]
fn a_promotion_needs_one_of_the_configured_branches() {
    let site = Site::with("[project]\nbranches = [\"release-*\"]\n");
    site.project.git(&["branch", "release-1"]);
    site.release("One", &[]);
    site.promote(&[]).exits(1).says(&["commit ", " is not in release-1"]);
    site.project.git(&["branch", "-f", "release-1"]);
    site.releng(&["stage", "--pipeline", "2"]).exits(0);
    let promote = [&["promote", "--major"], UNTESTED].concat();
    assert!(plan_of(&site, NOW, &promote).contains("snapshot-demo_1.0_pipeline_2"));
    site.promote(&[]).exits(0);
}

#[test]
fn tag_creates_missing_milestone_tags() {
    let site = Site::new();
    site.commit("Fly\n\nSem-Ver: feature");
    for (args, tags) in [(&["tag", "--dry-run"][..], "1.0"), (&["tag"], "1.0\n1.1")] {
        site.releng(args).exits(0).prints_part("tag 1.1 on ");
        assert_eq!(site.project.git(&["tag"]), tags);
    }
}

#[test]
fn an_explanation_has_the_base_and_each_step() {
    let site = Site::new();
    site.commit("Fly\n\nSem-Ver: feature");
    let explained = site.releng(&["version", "--explain"]).exits(0).stdout;
    assert!(explained.contains("1.1.0 is the version of commit ") && explained.contains("minor  Fly\n"), "{explained}");
    site.releng(&["version", "--rev", "HEAD~1"]).exits(0).prints("1.0.0\n");
}

#[test]
fn srpm_has_the_flags_of_a_release() {
    let project = project(NOARCH, "");
    project.commit("Go on", &[("a", "2\n")]);
    let args = ["srpm", "--rev", "HEAD~1", "--release", "3", "--out", "elsewhere"];
    project.releng(&[&args[..], &["--dry-run"]].concat()).exits(0).prints_part("demo-1.0.0-3.src.rpm");
    assert!(project.files("elsewhere").is_empty());
    let srpm = project.releng(&args).exits(0).stdout;
    assert!(srpm.ends_with("/elsewhere/sources/demo-1.0.0-3.src.rpm\n"), "{srpm}");
    assert!(project.files("target/dist").is_empty());
}

#[test]
fn rpm_has_the_flags_of_a_release() {
    let project = project(NOARCH, "");
    project.commit("Go on", &[("a", "2\n"), ("Cargo.toml", "[package]\nname = \"demo\"\n"), ("Cargo.lock", "")]);
    project.releng(&["rpm", "--rev", "HEAD~1", "--release", "3", "--out", "elsewhere"]).exits(0);
    let built = project.files("elsewhere/rpm");
    assert!(built.contains(&"local/noarch/demo-1.0.0-3.noarch.rpm".to_owned()), "{built:?}");
    project.releng(&["rpm", "--dry-run"]).exits(0).prints_part("demo-1.0.1-vendor.tar.gz");
    let plan = project.releng(&["rpm", "--no-vendor", "--dry-run"]).exits(0).stdout;
    assert!(!plan.contains("vendor"), "{plan}");
}

#[test]
fn the_flag_for_the_backend_goes_before_the_key() {
    let project = project(NOARCH, "[rpm]\ndists = [\"el9\"]\nbackend = \"local\"\nportable-noarch = true\n");
    project.releng(&["rpm", "--dry-run"]).exits(0).prints_part("(rpmbuild, portable noarch)");
    let unknown = ["no image is configured for el9"];
    project.releng(&["rpm", "--dry-run", "--backend", "container"]).exits(2).says(&unknown);
}

#[test]
fn builds_run_side_by_side_up_to_a_number() {
    let place = Sandbox::bare();
    let log = place.join("log").display().to_string();
    let slow = NOARCH.replace("%build\n", &format!("%build\necho begin >>{log}; sleep 2; echo end >>{log}\n"));
    let project = project(&slow, "[rpm]\ndists = [\"el9\", \"fc42\"]\nportable-noarch = true\n");
    let order = |args: &[&str], threads: &str| -> Vec<String> {
        place.write("log", "");
        let args = [&["rpm", "--again"], args].concat();
        run_in(project.path(), PROGRAM, &args, &[("RELENG_THREADS", threads)]).exits(0);
        text(&place.join("log")).lines().map(str::to_owned).collect()
    };
    let (single, double) = (["begin", "end", "begin", "end"], ["begin", "begin", "end", "end"]);
    assert_eq!(order(&["--jobs", "1"], "2"), single);
    assert_eq!(order(&["--jobs", "2"], "1"), double);
    assert_eq!(order(&[], "1"), single);
    assert_eq!(order(&[], "2"), double);
}

#[test]
fn a_build_ends_at_its_time_limit() {
    let slow = NOARCH.replace("%build\n", "%build\nsleep 60\n");
    project(&slow, "[rpm]\ntimeout = \"2s\"\n").releng(&["rpm"]).exits(1).says(&["not done in 2 s (`rpm.timeout`)"]);
}

#[test]
fn a_first_version_and_the_archives_are_configured() {
    let config = "[version]\ninitial = \"3.1\"\n[source]\nformats = [\"tar.gz\"]\n";
    let project = Sandbox::unreleased(&[("packaging/release.toml", config), ("packaging/demo.spec.in", NOARCH)]);
    project.releng(&["version"]).exits(0).prints("3.1.1\n");
    project.releng(&["dist", "--no-stage"]).exits(0);
    let sources = [
        "ChangeLog",
        "demo-3.1.1-1.src.rpm",
        "demo-3.1.1.cdx.json",
        "demo-3.1.1.provenance.json",
        "demo-3.1.1.spdx.json",
        "demo-3.1.1.tar.gz",
        "demo.spec",
    ];
    assert_eq!(project.files("target/dist/sources"), sources);
}

#[test]
fn the_name_of_a_project_is_configured() {
    let template = NOARCH.replace("Name: demo", "Name: other");
    let project = project(&template, "[project]\nname = \"other\"\n");
    project.releng(&["dist", "--no-stage"]).exits(0);
    assert!(project.files("target/dist/sources").contains(&"other-1.0.0.tar.gz".to_owned()));
}

#[test]
fn the_address_of_a_repository_is_configured() {
    let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
    site.promoted("One", &["el9"]);
    let served = site.served("");
    run_in(&served, "grep", &["-rqF", "https://example.org/repos/demo/", "."], &[]).exits(0);
}

/// A project for a farm, with more keys.
fn farmed(farm: &Farm, backend: &str, rpm: &str, client: &str) -> Sandbox {
    let config = farm.config().display().to_string();
    let keys = format!("[rpm]\nbackend = \"{backend}\"\ndists = [\"fc42\"]\n{rpm}\n");
    project(NOARCH, &format!("{keys}[rpm.{backend}]\nconfig = \"{config}\"\n{client}\n"))
}

#[track_caller]
fn builds(farm: &Farm, project: &Sandbox, args: &[&str]) -> Ran {
    farm.releng(project, &[&["rpm"], args].concat()).exits(0)
}

#[test]
fn a_farm_is_polled_as_often_as_configured() {
    let farm = Farm::copr(r#"{"targets": {"*": {"seconds": 20}}}"#);
    builds(&farm, &farmed(&farm, "copr", "poll = \"1s\"", "project = \"releng/lago\""), &[]);
    let polls = farm.count("GET /api_3/monitor");
    assert!(polls >= 4, "{polls} times in 20 s:\n{}", farm.log());
}

#[test]
fn a_chroot_of_copr_is_configured() {
    let farm = Farm::copr("{}");
    let project = farmed(&farm, "copr", "[rpm.dist.fc42]\ncopr = \"fedora-43-x86_64\"\n", "project = \"releng/lago\"");
    builds(&farm, &project, &["--dry-run"]).prints_part("(fedora-43-x86_64)");
}

#[test]
fn a_profile_of_koji_is_configured() {
    let farm = Farm::koji("{}");
    let named = text(&farm.config()).replace("[koji]", "[other]").replace("/kojihub", "/kojihub/other");
    std::fs::write(farm.config(), named).unwrap();
    builds(&farm, &farmed(&farm, "koji", "", "profile = \"other\""), &[]);
    assert!(farm.count("/kojihub/other") > 0, "{}", farm.log());
}

#[test]
fn a_scratch_build_of_koji_can_be_repeated() {
    for (scratch, count) in [("scratch = true", 2), ("scratch = false", 1)] {
        let farm = Farm::koji("{}");
        let project = farmed(&farm, "koji", "", scratch);
        builds(&farm, &project, &[]);
        // Koji refuses a second build of the same version that is no scratch build.
        farm.releng(&project, &["rpm", "--again"]).exits(if count == 2 { 0 } else { 1 });
    }
}

#[test]
fn names_of_snapshots_are_read_and_given_back() {
    use releng::repository::model::name::SnapshotName;
    let read_back: BTreeMap<&str, Option<String>> =
        ["snapshot-lago_0.0_pipeline_12", "snapshot-lago_pipeline_2", "snapshot-a_b.c_10.0_pipeline_0"]
            .map(|text| (text, text.parse::<SnapshotName>().ok().map(|name| name.to_string())))
            .into();
    for (text, read) in read_back {
        assert_eq!(read.as_deref(), Some(text));
    }
}
