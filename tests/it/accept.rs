//! Acceptance tests: what they are told, how they end, what is kept of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::github::github_commands;
use crate::support::program::{PROGRAM, Ran, path_without, run_in};
use crate::support::rpms::Rpm;
use crate::support::site::{Site, require_same, text};
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

/// The printed lines, each without the snapshot and the duration.
#[track_caller]
fn verdicts(ran: &Ran) -> Vec<&str> {
    let prefix = format!("{SNAPSHOT} (1.0.1): ");
    ran.stdout.lines().map(|line| line.strip_prefix(&prefix).unwrap().split(" (").next().unwrap()).collect()
}

/// What is served, without the pages that show the results.
fn without_result_pages(site: &Site) -> BTreeMap<String, String> {
    let mut served = site.trees()[0].clone();
    served.retain(|path, _| path != "index.json" && path != "unstable/index.html");
    served
}

#[test]
fn each_result_is_numbered_and_bound_to_the_manifest() {
    let site = staged(&[("pass", "echo fine", ""), ("fail", "echo broken >&2; exit 3", "")]);
    let served = without_result_pages(&site);
    let ran = accept(&site, &[]).exits(1);
    assert_eq!(verdicts(&ran), ["pass passed", "fail FAILED, exit 3"]);
    let log = results(&site).join("0002-fail.log");
    let help = format!(
        "  the end of the output of `fail`:\n    broken\nhelp: the whole output of `fail`: `{}`",
        log.display()
    );
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
    assert_eq!(without_result_pages(&site), served, "a snapshot is not touched");
}

#[test]
fn a_damaged_snapshot_is_not_tested() {
    let site = staged(&[("pass", "echo fine", "")]);
    let package = format!("unstable/1.0/{SNAPSHOT}/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm");
    site.tamper(&package, |content| *content.last_mut().unwrap() ^= 1);
    accept(&site, &[]).exits(1).says(&[
        "refusing to test",
        "demo-1.0.1-1.el9.noarch.rpm` was changed",
        "stage the release again",
    ]);
    assert_eq!(site.project.files("target/repository-state/demo/results"), [""; 0]);
}

#[test]
fn a_test_cannot_change_the_repository() {
    let undo = "cd /; place=${RELENG_SNAPSHOT%/unstable/*}; top=${place%/*}; umount $top; umount -l $top";
    let attack =
        format!("{undo}; mount -o remount,bind,rw $top; echo x >$RELENG_SNAPSHOT/foreign; rm -r $place/unstable");
    let log = "echo x >>$RELENG_SNAPSHOT/../../../../../repository-state/demo/log.jsonl";
    let site = staged(&[("attack", &attack, ""), ("log", log, ""), ("own", "touch here $TMPDIR/a $HOME/b", "")]);
    let before = (without_result_pages(&site), site.trees()[1].clone());
    let ran = accept(&site, &[]).exits(1);
    ran.says(&["did not pass the acceptance tests `attack`, `log`\n", "Read-only file system"]);
    let own = result(&site, "0003-own.json");
    assert_eq!(own["verdict"], "passed", "{}", text(&results(&site).join("0003-own.log")));
    assert_eq!(own["isolation"], "mounts and processes of its own, the repository read-only");
    require_same(&before.0, &without_result_pages(&site));
    assert_eq!(before.1.get("log.jsonl"), site.trees()[1].get("log.jsonl"));
}

#[test]
fn a_test_that_changed_the_snapshot_has_failed_where_mounts_are_not_allowed() {
    for (change, what) in [
        ("echo x >$RELENG_SNAPSHOT/foreign", "`foreign` is not in its manifest"),
        ("chmod -R u+w $RELENG_SNAPSHOT; echo x >>$RELENG_SNAPSHOT/ChangeLog.txt", "`ChangeLog.txt` was changed"),
        ("chmod -R u+w $RELENG_SNAPSHOT; rm $RELENG_SNAPSHOT/ChangeLog.txt", "`ChangeLog.txt` is missing"),
        ("chmod -R u+w $RELENG_SNAPSHOT; rm $RELENG_SNAPSHOT/manifest.json", "manifest.json`"),
    ] {
        let site = staged(&[("pass", "true", ""), ("change", change, ""), ("later", "true", "")]);
        let path = path_without(&site.project.join("target/path"), &["unshare"]);
        let ran = site.releng_with(&[("PATH", &path)], &["accept"]).exits(1).prints_part("pass passed");
        assert!(!ran.stdout.contains("later"), "the tests after it are not run: {}", ran.stdout);
        let ran = ran.prints_part("change FAILED, it changed the snapshot: ").prints_part(what);
        ran.says(&["did not pass the acceptance test `change`", "help: the snapshot is damaged: "]);
        let result = result(&site, "0002-change.json");
        assert_eq!((&result["verdict"], &result["exit-code"]), (&"failed".into(), &0.into()), "{result}");
        assert!(result["fault"]["changed-snapshot"].as_str().unwrap().contains(what), "{result}");
        assert_eq!(result["isolation"], "none: namespaces are not available here");
    }
}

#[test]
fn a_test_whose_program_is_missing_has_failed_and_the_others_are_run() {
    let missing = "[[acceptance]]\nname = \"missing\"\nrun = [\"no-such-program\"]\n\
                   [[acceptance]]\nname = \"plain\"\nrun = [\"./a\"]\n\
                   [[acceptance]]\nname = \"pass\"\nrun = [\"true\"]\n";
    let site = Site::with(missing);
    site.release("Go on", &[]);
    let ran = accept(&site, &["--junit", "target/accept.xml"]).exits(1);
    let lines = verdicts(&ran);
    let why = "there is no program `no-such-program`";
    assert_eq!(lines, [&format!("missing FAILED, {why}"), "plain FAILED, there is no program `./a`", "pass passed"]);
    ran.says(&["did not pass the acceptance tests `missing`, `plain`\n", &format!("    {why}\n"), "install `"]);
    let failed = result(&site, "0001-missing.json");
    assert_eq!((&failed["verdict"], &failed["exit-code"]), (&"failed".into(), &serde_json::Value::Null));
    assert_eq!(failed["fault"]["not-started"], why);
    assert!(text(&site.project.join("target/accept.xml")).contains(why));
    let end = "help: its output ends: install `no-such-program`, or put it on PATH; PATH is `";
    site.promote(&[]).exits(1).says(&["the acceptance test `missing` failed", end, "help: read its output in `"]);
}

#[test]
fn an_interrupt_says_what_was_kept() {
    let nothing = "no test was finished, and nothing was recorded";
    for (finished, kept) in [(0, nothing), (1, "the result of the first test is kept in `")] {
        let tests = [("pass", "true", ""), ("wait", "touch $TMPDIR/started; sleep 60", "")];
        let site = staged(&tests[1 - finished..]);
        let scratch = site.project.join("target/scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        let running = duct::cmd(PROGRAM, ["accept"]).dir(site.project.path()).env("TMPDIR", scratch);
        let running = running.stdout_null().stderr_capture().unchecked().start().unwrap();
        let began = Instant::now();
        while !site.project.files("target/scratch").iter().any(|path| path.ends_with("/started")) {
            assert!(began.elapsed() < Duration::from_secs(20), "the test did not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        duct::cmd("kill", ["-INT", &running.pids()[0].to_string()]).run().unwrap();
        let ended = running.wait().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(130), "{errors}");
        assert!(errors.contains(&format!("interrupted; {kept}")), "{errors}");
        assert_eq!(site.project.files("target/repository-state/demo/results").len(), 2 * finished, "{errors}");
        assert_eq!(site.project.files("target/scratch"), [""; 0]);
    }
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
fn github_reads_no_commands_of_a_test() {
    let site = staged(&[("evil", "echo \"::error::evil\"; echo \"##[error]evil\"; exit 1", "")]);
    let ran = site.releng_with(&[("GITHUB_ACTIONS", "true")], &["accept"]).exits(1).says(&["    ::error::evil\n"]);
    assert!(github_commands(&ran.stderr).is_empty() && github_commands(&ran.stdout).is_empty(), "{}", ran.stderr);
}

#[test]
fn without_a_test_or_a_snapshot() {
    let site = Site::new();
    site.releng(&["accept"]).exits(1).says(&["nothing is staged in `", "help: stage a release: `"]);
    site.release("Go on", &[]);
    let before = site.trees();
    site.releng(&["accept", "--junit", "target/accept.xml"])
        .exits(0)
        .prints("")
        .says(&["no acceptance test is configured: `snapshot-demo_1.0_pipeline_1` was not tested", "`[[acceptance]]`"]);
    assert!(site.trees() == before, "there is no result");
    assert!(crate::support::site::text(&site.project.join("target/accept.xml")).contains("tests=\"0\""));
    // Whether it may be promoted is the promotion's business.
    site.releng(&["promote", "--due"]).exits(0);
    site.releng(&["promote", "--major"]).exits(1).says(&["no acceptance test is configured for a major promotion"]);
    site.releng(&["accept", "snapshot-demo_1.0_pipeline_2"]).exits(1).says(&["there is no snapshot"]);
}

#[test]
fn the_tests_are_those_of_the_snapshots_commit() {
    let site = staged(&[("pass", "true", "")]);
    site.project
        .commit("Change the test", &[("packaging/release.toml", "[[acceptance]]\nname = \"n\"\nrun = [\"false\"]\n")]);
    let result = format!("results/{SNAPSHOT}/0001-pass");
    let plan = format!(
        "accept {SNAPSHOT}:\n  run pass: sh -c true; write {result}.json and {result}.log\n  write index.json\n  write unstable/index.html\n"
    );
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

#[test]
fn the_shipped_test_takes_requirements_from_the_repository_of_the_dist() {
    let config = "[[acceptance]]\nname = \"install\"\nrun = [\"sh\", \"packaging/acceptance/install.sh\"]\n";
    let site = Site::with(config);
    let dist_packages = site.project.join("target/el9");
    std::fs::create_dir_all(&dist_packages).unwrap();
    Rpm::new("shell", "1").line("Provides: /bin/sh").build_into(&dist_packages);
    run_in(&dist_packages, "createrepo_c", &["-q", "."], &[]).exits(0);
    let repo = format!("[el9]\nname=el9\nbaseurl=file://{}\ngpgcheck=0\n", dist_packages.display());
    let script = text_of("packaging/acceptance/install.sh");
    for (files, exit, words) in [
        (vec![("packaging/acceptance/install.sh", script.as_str())], 1, "nothing provides /bin/sh"),
        (vec![("packaging/acceptance/el9.repo", repo.as_str())], 0, ""),
    ] {
        site.project.commit("Test", &files);
        let version = site.dist();
        let package = |dist: &str| Rpm::new("demo", &version).dist(dist).line("Requires: /bin/sh");
        site.add(&package("el9"), "el9");
        site.add(&package("local"), "local");
        site.list_builds(|dist| dist.to_owned());
        site.releng(&["stage"]).exits(0);
        let ran = accept(&site, &[]).exits(exit);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    let results = site.state("results/snapshot-demo_1.0_pipeline_2");
    let log = text(&results.join("0001-install.log"));
    assert!(log.contains("\nel9: demo 1.0.2\n") && log.ends_with("\nlocal: demo 1.0.2\n"), "{log}");
}
