//! The backends `copr` and `koji`: the real clients against doubles that really build (`doubles/`).

use crate::support::farm::Farm;
use crate::support::program::{PROGRAM, Sandbox};
use crate::support::specs::{COMPILED, NOARCH};

/// A noarch project with a configuration for a farm.
fn project(farm: &Farm, spec: &str, rpm: &str) -> Sandbox {
    let config = farm.config().display().to_string();
    let text = format!(
        "[rpm]\ndists = [\"el9\", \"fc42\"]\npoll = \"1s\"\n{rpm}\n[rpm.copr]\nproject = \"releng/lago\"\nconfig = \"{config}\"\n\
         [rpm.koji]\nconfig = \"{config}\"\n"
    );
    let files = [("packaging/demo.spec.in", spec), ("packaging/release.toml", &text), ("a", "1\n")];
    let compiled = ("demo.c", crate::support::specs::PROGRAM);
    Sandbox::released(&[&files[..], &[compiled]].concat())
}

fn noarch(farm: &Farm, backend: &str) -> Sandbox {
    project(farm, NOARCH, &format!("backend = \"{backend}\""))
}

const BUILT: [&str; 6] = [
    "el9/SRPMS/demo-1.0.0-1.el9.src.rpm",
    "el9/noarch/demo-1.0.0-1.el9.noarch.rpm",
    "el9/noarch/demo-data-1.0.0-1.el9.noarch.rpm",
    "fc42/SRPMS/demo-1.0.0-1.fc42.src.rpm",
    "fc42/noarch/demo-1.0.0-1.fc42.noarch.rpm",
    "fc42/noarch/demo-data-1.0.0-1.fc42.noarch.rpm",
];

#[test]
fn copr_builds_all_chroots_of_one_upload() {
    let farm = Farm::copr(r#"{"importing": 1, "targets": {"*": {"seconds": 1}, "epel-9-x86_64": {"late": 6}}}"#);
    let project = noarch(&farm, "copr");
    let ran = farm.releng(&project, &["rpm"]).exits(0);
    // Done by its word, and not to be had for a moment.
    ran.says(&["warning: el9 x86_64: the build returned no package; trying again", "fc42 x86_64  built"]);
    assert_eq!(project.files("target/dist/rpm"), BUILT);
    assert_eq!(farm.count("created build"), 1);
    let before = farm.log();
    farm.releng(&project, &["rpm"]).exits(0).says(&["el9 x86_64   kept", "fc42 x86_64  kept"]);
    assert_eq!(farm.log(), before, "nothing is asked where all is there");
    farm.releng(&project, &["stage", "--quiet"]).exits(0);
    farm.releng(&project, &["verify"]).exits(0);
}

#[test]
fn a_chroot_that_fails_is_built_again_alone() {
    let farm = Farm::copr(r#"{"targets": {"epel-9-x86_64": {"result": "failed"}}}"#);
    let project = noarch(&farm, "copr");
    let words = [
        "1 of 2 builds failed: el9 x86_64 (Copr could not build epel-9-x86_64)",
        "build again: `releng rpm --dist el9`",
    ];
    let address = format!("{}/coprs/build/1", farm.url);
    farm.releng(&project, &["dist", "--rpm"]).exits(1).says(&words).says(&[&address]);
    assert_eq!(project.files("target/dist/rpm"), [""; 0], "nothing of a part");
    assert_eq!(project.files("target/repository"), [""; 0], "nothing is staged");
    farm.behave("{}");
    farm.releng(&project, &["dist", "--rpm"]).exits(0).says(&["fc42 x86_64  kept", "el9 x86_64   built"]);
    assert_eq!(farm.count("created build 2 of demo-1.0.0-1.src.rpm for epel-9-x86_64"), 1, "{}", farm.log());
    let staged = project.files("target/repository/demo/unstable/1.0/snapshot-demo_1.0_pipeline_1/rpm");
    assert!(BUILT.iter().all(|built| staged.contains(&(*built).to_owned())), "{staged:?}");
}

#[test]
fn an_answer_that_is_lost_submits_nothing_twice() {
    let faults = r#"{"importing": 1, "read_timeout": 1, "faults": [
        {"match": "POST /api_3/build/create/upload", "first": 1, "answer": "close", "after": true},
        {"match": "GET /api_3/monitor", "first": 1, "answer": 503}]}"#;
    let farm = Farm::copr(faults);
    let project = noarch(&farm, "copr");
    farm.releng(&project, &["rpm"]).exits(0).says(&["trying again"]);
    assert_eq!(
        (farm.count("created build"), project.files("target/dist/rpm").len()),
        (1, BUILT.len()),
        "{}",
        farm.log()
    );

    let farm = Farm::koji(r#"{"faults": [{"match": "kojihub build$", "first": 1, "answer": "close", "after": true}]}"#);
    let project = noarch(&farm, "koji");
    farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(0).says(&["RetryError", "trying again"]);
    assert_eq!(farm.count("created task"), 1, "{}", farm.log());
}

#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    let slow_answer = r#"{"targets": {"*": {"seconds": 3}}, "faults": [
        {"match": "POST /api_3/build/create/upload", "skip": 1, "first": 1, "answer": {"delay": 4}}]}"#;
    let farm = Farm::copr(slow_answer);
    let project = noarch(&farm, "copr");
    // The first is killed while it waits for a build, the second before it knows the number of its build.
    for (dist, part, plan) in [
        ("el9", "GET /api_3/monitor", "go on with build 1: el9"),
        ("fc42", "waits created build 2", "look for the build of fc42"),
    ] {
        let run = duct::cmd!(PROGRAM, "rpm", "--dist", dist).dir(project.path()).env("PATH", farm.path());
        let running = run.stdout_null().stderr_null().unchecked().start().unwrap();
        farm.wait_for(part);
        running.kill().unwrap();
        farm.releng(&project, &["rpm", "--dist", dist, "--dry-run"]).exits(0).prints_part(plan);
    }
    farm.releng(&project, &["rpm"]).exits(0);
    assert_eq!((farm.count(" 200 created build 1 "), farm.count("waits created build")), (1, 1), "{}", farm.log());
    assert_eq!(
        (farm.count("created build 3"), project.files("target/dist/rpm").len()),
        (0, BUILT.len()),
        "{}",
        farm.log()
    );
}

#[test]
fn what_is_not_the_package_that_was_to_be_built_is_refused() {
    for (wrong, words) in [
        (
            r#"{"release": "7.fc42"}"#,
            "it was built from `demo-1.0.0-7.fc42.src.rpm`, not from `demo-1.0.0-1.fc42.src.rpm`",
        ),
        (r#"{"version": "1.0.1"}"#, "not from `demo-1.0.0-1.fc42.src.rpm`"),
    ] {
        let farm = Farm::copr(&format!(r#"{{"targets": {{"*": {{"wrong": {wrong}}}}}}}"#));
        let project = noarch(&farm, "copr");
        farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(1).says(&[words]);
        assert_eq!(project.files("target/dist/rpm"), [""; 0]);
    }
}

#[test]
fn a_file_that_is_cut_off_is_fetched_again() {
    let farm =
        Farm::copr(r#"{"faults": [{"match": "demo-data.*noarch.rpm", "first": 4, "answer": {"truncate": 1000}}]}"#);
    let project = noarch(&farm, "copr");
    farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(0).says(&["trying again"]);
    let farm = Farm::koji(
        r#"{"faults": [{"match": "GET .*demo-data.*noarch.rpm", "first": 1, "answer": {"truncate": 1000}}]}"#,
    );
    let project = noarch(&farm, "koji");
    farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(0).says(&["trying again"]);
    assert_eq!(project.files("target/dist/rpm"), BUILT[3..]);
}

#[test]
fn koji_builds_every_architecture_of_a_dist_in_one_task() {
    let farm = Farm::koji(r#"{"arches": {"f42": ["x86_64", "aarch64"]}, "targets": {"*": {"seconds": 1}}}"#);
    let compiled =
        COMPILED.replace("gcc -g -O1 -o demo $PWD/demo.c", "cp demo.c demo").replace("BuildRequires: gcc\n", "");
    let keys = "backend = \"koji\"\n[rpm.dist.fc42]\narches = [\"x86_64\", \"aarch64\"]\nkoji = \"f42\"\n";
    let project = project(&farm, &compiled, keys);
    farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(0);
    let built = [
        "fc42/SRPMS/demo-1.0.0-1.fc42.src.rpm",
        "fc42/aarch64/demo-1.0.0-1.fc42.aarch64.rpm",
        "fc42/noarch/demo-common-1.0.0-1.fc42.noarch.rpm",
        "fc42/x86_64/demo-1.0.0-1.fc42.x86_64.rpm",
    ];
    assert_eq!(project.files("target/dist/rpm"), built);
    assert_eq!(farm.count("created task"), 1);
}

#[test]
fn koji_says_why_it_failed() {
    let farm = Farm::koji(
        r#"{"build_targets": ["epel9-candidate"], "targets": {"epel9-candidate/noarch": {"result": "failed"}}}"#,
    );
    let project = noarch(&farm, "koji");
    let words =
        ["el9 x86_64 (Koji: ", "2 of 2 builds failed", "taskinfo?taskID=", "No such build target: f42-candidate"];
    farm.releng(&project, &["rpm"]).exits(1).says(&words);
}

#[test]
fn a_build_without_permission_fails_with_the_next_step() {
    let farm = Farm::koji("{}");
    farm.log_in_to_koji("guest");
    farm.releng(&noarch(&farm, "koji"), &["rpm"])
        .exits(1)
        .says(&["policy violation", "ask its admins for the permission"]);
    let farm = Farm::copr("{}");
    farm.log_in_to_copr("guest");
    farm.releng(&noarch(&farm, "copr"), &["rpm"]).exits(1).says(&["exit 7", "renew the token"]);
}

#[test]
fn a_farm_that_is_not_there_is_tried_again_and_then_left() {
    let farm = Farm::copr(r#"{"faults": [{"match": "/api_3/", "first": null, "answer": 503}]}"#);
    let project = noarch(&farm, "copr");
    let ran = farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(5);
    ran.says(&[
        "trying again",
        "1 of 1 builds are not done yet",
        "run the same command again: it goes on with these builds",
    ]);
    farm.behave("{}");
    farm.releng(&project, &["rpm", "--dist", "fc42"]).exits(0);
    assert_eq!(farm.count("created build"), 1);
}

#[test]
fn results_that_never_come_keep_nothing_else_back() {
    let farm = Farm::copr(r#"{"targets": {"epel-9-x86_64": {"late": 1000}, "fedora-42-x86_64": {"seconds": 12}}}"#);
    let project = noarch(&farm, "copr");
    let words = [
        "warning: el9 x86_64: the build returned no package; trying again",
        "fc42 x86_64  built",
        "1 of 2 builds are not done",
    ];
    farm.releng(&project, &["rpm"]).exits(5).says(&words);
    farm.releng(&project, &["rpm", "--dry-run"])
        .exits(0)
        .prints_part("go on with build 1: el9 x86_64 (epel-9-x86_64)\n");
}
