//! Acceptance tests: what they are told, how they end, what is kept of it.

use std::path::PathBuf;

use crate::support::program::{Ran, run_in};
use crate::support::site::{Site, text};
use crate::support::text_of;

const SNAPSHOT: &str = "snapshot-demo_1.0_pipeline_1";

/// A staged release whose acceptance tests are these shell scripts, by name, with more keys of their own.
fn staged(tests: &[(&str, &str, &str)]) -> Site {
    let test = |(name, script, keys): &(&str, &str, &str)| {
        format!("[[acceptance]]\nname = \"{name}\"\nrun = [\"sh\", \"-c\", '''{script}''']\n{keys}\n")
    };
    let site = Site::with(&tests.iter().map(test).collect::<String>());
    site.release("Go on", &["el8", "el9"]);
    site
}

fn result(site: &Site, name: &str) -> serde_json::Value {
    serde_json::from_str(&text(&results(site).join(name))).unwrap()
}

fn results(site: &Site) -> PathBuf {
    site.state("results").join(SNAPSHOT)
}

/// Accepts with a folder for temporary files of its own, in which nothing may be left.
#[track_caller]
fn accept(site: &Site, args: &[&str]) -> Ran {
    let scratch = site.project.join("target/scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    let variables = [("TMPDIR", scratch.to_str().unwrap()), ("FORGE_TOKEN", "secret"), ("LC_ALL", "C.UTF-8")];
    let ran = site.releng_with(&variables, &[&["accept"], args].concat());
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "something was left in {}", scratch.display());
    ran
}

#[test]
fn each_result_is_numbered_and_bound_to_the_manifest() {
    let site = staged(&[("pass", "echo fine", ""), ("fail", "echo broken >&2; exit 3", "")]);
    let served = site.trees()[0].clone();
    let ran = accept(&site, &[]).exits(1);
    let prefix = format!("{SNAPSHOT} (1.0.1): ");
    let lines: Vec<&str> =
        ran.stdout.lines().map(|line| line.strip_prefix(&prefix).unwrap().split(" (").next().unwrap()).collect();
    assert_eq!(lines, ["pass passed", "fail FAILED, exit 3"]);
    let log = results(&site).join("0002-fail.log");
    let help = format!("help: its output is in `{}`", log.display());
    let ran = ran.says(&[&format!("`{SNAPSHOT}` did not pass the acceptance test `fail`"), &help]);
    assert!(!ran.stderr.contains("pass`"), "{}", ran.stderr);
    assert_eq!(text(&log), "broken\n");
    assert_eq!(text(&results(&site).join("0001-pass.log")), "fine\n");
    let manifest = run_in(&site.served("unstable/1.0/latest"), "sha256sum", &["manifest.json"], &[]).exits(0).stdout;
    let (passed, failed) = (result(&site, "0001-pass.json"), result(&site, "0002-fail.json"));
    for (result, verdict, code) in [(&passed, "passed", 0), (&failed, "failed", 3)] {
        assert_eq!((&result["verdict"], &result["exit-code"]), (&verdict.into(), &code.into()), "{result}");
        assert_eq!(result["manifest"].as_str().unwrap(), manifest.split(' ').next().unwrap());
        assert_eq!(result["snapshot"], SNAPSHOT);
    }
    accept(&site, &[SNAPSHOT]).exits(1);
    assert_eq!(site.project.files(&format!("target/repository-state/demo/results/{SNAPSHOT}")).len(), 8);
    assert_eq!(result(&site, "0004-fail.json")["test"], "fail");
    assert_eq!(site.trees()[0], served, "a snapshot is not touched");
}

#[test]
fn a_damaged_snapshot_is_not_tested() {
    let site = staged(&[("pass", "echo fine", "")]);
    let package = format!("unstable/1.0/{SNAPSHOT}/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm");
    site.tamper(&package, |content| *content.last_mut().unwrap() ^= 1);
    accept(&site, &[]).exits(1).says(&[
        "refusing to test",
        "demo-1.0.1-1.el9.noarch.rpm` was changed",
        "stage it again",
    ]);
    assert_eq!(site.project.files("target/repository-state/demo/results"), [""; 0]);
}

#[test]
fn a_test_that_does_not_end() {
    let site = staged(&[("slow", "sleep 600 & sleep 600", "timeout = \"1s\"")]);
    let ran = accept(&site, &[]).exits(1).prints_part("slow FAILED, out of time (");
    ran.says(&["did not pass the acceptance test `slow`"]);
    let result = result(&site, "0001-slow.json");
    assert_eq!((&result["verdict"], &result["exit-code"]), (&"timed-out".into(), &serde_json::Value::Null));
    let took = result["milliseconds"].as_u64().unwrap();
    assert!((1_000..30_000).contains(&took), "{took}");
}

#[test]
fn a_test_gets_the_documented_variables_and_no_others() {
    let look = "pwd; ls; cat \"$RELENG_REPO_FILE\"";
    let config = "[[acceptance]]\nname = \"environment\"\nrun = [\"env\"]\n";
    let site = Site::with(&format!("{config}[[acceptance]]\nname = \"look\"\nrun = [\"sh\", \"-c\", '{look}']\n"));
    site.release("Go on", &["el8", "el9"]);
    accept(&site, &[]).exits(0);
    let environment = text(&results(&site).join("0001-environment.log"));
    let mut lines: Vec<&str> = environment.lines().collect();
    lines.sort_unstable();
    let names: Vec<&str> = lines.iter().map(|line| line.split('=').next().unwrap()).collect();
    let documented = [
        "HOME",
        "LANG",
        "PATH",
        "RELENG_DISTS",
        "RELENG_NAME",
        "RELENG_REPO_FILE",
        "RELENG_SERIES",
        "RELENG_SNAPSHOT",
        "RELENG_VERSION",
        "TMPDIR",
    ];
    assert_eq!(names, documented);
    let place = site.served("unstable/1.0").join(SNAPSHOT);
    for line in [
        "RELENG_DISTS=el8 el9",
        "RELENG_NAME=demo",
        "RELENG_SERIES=1.0",
        "RELENG_VERSION=1.0.1",
        &format!("RELENG_SNAPSHOT={}", place.display()),
    ] {
        assert!(lines.contains(&line), "no {line} in {environment}");
    }
    let log = text(&results(&site).join("0002-look.log"));
    assert!(log.lines().next().unwrap().ends_with("/demo-1.0.1") && log.contains("\nChangeLog\n"), "{log}");
    assert!(log.contains("[demo-snapshot-el9]\n") && log.contains("\ngpgcheck=0\n"), "{log}");
}

#[test]
fn the_report_is_read_by_others() {
    let site = staged(&[("pass", "true", ""), ("fail", "printf '<a & \\\\033[1m]]>'; exit 1", "")]);
    accept(&site, &["--junit", "target/reports/accept.xml"]).exits(1).says(&["did not pass"]);
    let script = "import sys, xml.etree.ElementTree as tree\n\
        for case in tree.parse(sys.argv[1]).getroot().iter('testcase'):\n    \
        print(case.get('name'), [(child.tag, child.get('message')) for child in case if child.tag == 'failure'])\n";
    let path = site.project.join("target/reports/accept.xml");
    let ran = run_in(site.project.path(), "python3", &["-c", script, path.to_str().unwrap()], &[]).exits(0);
    assert!(ran.stdout.starts_with("pass []\nfail [('failure', 'fail FAILED, exit 1"), "{}", ran.stdout);
    assert!(text(&path).contains(&format!("name=\"{SNAPSHOT}\"")), "{}", text(&path));
}

#[test]
fn without_a_test_or_a_snapshot() {
    let site = Site::new();
    site.releng(&["accept"]).exits(1).says(&["nothing is staged in `", "help: stage a release: `"]);
    site.release("Go on", &[]);
    site.releng(&["accept"]).exits(2).says(&["no acceptance test is configured", "`[[acceptance]]`"]);
    site.releng(&["accept", "snapshot-demo_1.0_pipeline_2"]).exits(1).says(&["there is no snapshot"]);
}

#[test]
fn the_tests_are_those_of_the_snapshots_commit() {
    let site = staged(&[("pass", "true", "")]);
    site.project
        .commit("Change the test", &[("packaging/release.toml", "[[acceptance]]\nname = \"n\"\nrun = [\"false\"]\n")]);
    let result = format!("results/{SNAPSHOT}/0001-pass");
    let plan = format!("accept {SNAPSHOT}:\n  run pass: sh -c true; write {result}.json and {result}.log\n");
    accept(&site, &["--dry-run"]).exits(0).prints(&plan);
    assert!(!results(&site).exists());
    accept(&site, &[]).exits(0);
}

#[test]
fn the_shipped_test_installs_with_dnf() {
    let config = "[[acceptance]]\nname = \"install\"\nrun = [\"sh\", \"packaging/acceptance/install.sh\"]\n";
    let site = Site::with(config);
    let script = text_of("packaging/acceptance/install.sh");
    site.project.commit("Test", &[("packaging/acceptance/install.sh", &script)]);
    site.release("Go on", &["el9", "fc42"]);
    let ran = accept(&site, &[]);
    let log = text(&results(&site).join("0001-install.log"));
    ran.exits(0);
    assert!(log.contains("\nel9: demo 1.0.2\n") && log.ends_with("\nfc42: demo 1.0.2\n"), "{log}");
    site.releng(&["promote", "--major"]).exits(0);
}
