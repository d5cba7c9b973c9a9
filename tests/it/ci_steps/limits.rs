//! Limits of steps: of time, of output, and what an interrupt leaves.

use std::time::{Duration, Instant};

use super::{branched, check_patch, result, step};
use crate::support::program::{PROGRAM, run_in};

#[test]
fn a_time_limit_ends_the_whole_group() {
    let config = step("slow", "(sleep 3; touch alive) & sleep 30", "timeout = \"1s\"") + &step("quick", "true", "");
    let project = branched(&config);
    let start = Instant::now();
    let ran = check_patch(&project, &[]).exits(1);
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(result(&ran, "slow"), "FAILED: out of time after 1 s");
    assert_eq!(result(&ran, "quick"), "passed");
    std::thread::sleep(Duration::from_secs(3));
    assert!(!project.join("alive").exists(), "the child has ended, too");
}

#[test]
fn a_daemon_is_not_waited_for() {
    let project = branched(&step("daemon", "setsid sleep 20 & echo started", ""));
    let start = Instant::now();
    check_patch(&project, &[]).exits(0).says(&["started"]);
    // Nor does it keep the lock.
    check_patch(&project, &[]).exits(0);
    assert!(start.elapsed() < Duration::from_secs(10), "it holds the output open");
}

#[test]
fn a_large_output_fills_neither_memory_nor_disk() {
    let print =
        "echo the beginning; head -c 200000000 /dev/zero | tr \"\\\\0\" x | fold -w 99; echo; echo the end; exit 1";
    let project = branched(&step("loud", print, ""));
    // Address space, in KiB: of which the output alone would need 200,000.
    let limited = format!("ulimit -v 400000; exec {PROGRAM} ci check-patch --junit report.xml");
    let ran = run_in(project.path(), "bash", &["-c", &limited], &[("RELENG_THREADS", "1")]).exits(1);
    let log = std::fs::read(project.join("target/releng/ci/check-patch/loud.log")).unwrap();
    assert!((60_000_000..68_000_000).contains(&log.len()), "{}", log.len());
    let text = String::from_utf8(log).unwrap();
    assert!(text.starts_with("the beginning\nxxx") && text.ends_with("x\nthe end\n"));
    assert!(text.contains(" bytes of the output are left out here]\n"));
    assert!(ran.stderr.len() < 2_000_000, "{}", ran.stderr.len());
    let ran = ran.says(&["bytes are in `", "the end of the output of `loud`:", "    the end\n"]);
    assert_eq!(result(&ran, "loud"), "FAILED: exit 1");
    assert!(std::fs::metadata(project.join("report.xml")).unwrap().len() < 100_000);
}

#[test]
fn an_interrupt_ends_all_steps() {
    // A time that no other run of this test has.
    let time = format!("60.{}", std::process::id());
    let wait = |name: &str| format!("touch target/{name}; sleep {time} & wait");
    let project =
        branched(&(step("a", &wait("a"), "") + &step("b", &wait("b"), "") + &step("c", "true", "needs = [\"a\"]")));
    let run = duct::cmd!(PROGRAM, "ci", "check-patch").dir(project.path()).env("RELENG_THREADS", "2");
    let running = run.stdout_capture().stderr_capture().unchecked().start().unwrap();
    let begun = Instant::now();
    while !(project.join("target/a").exists() && project.join("target/b").exists()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the steps have not begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = check_patch(&project, &["--only", "c"]).exits(75);
    second.says(&[" ci check-patch`, process ", " is running the steps of `check-patch` here"]);
    run_in(project.path(), "kill", &["-INT", &running.pids()[0].to_string()], &[]).exits(0);
    let output = running.wait().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("error: interrupted; the logs are in `") && !said.contains("reproduce"), "{said}");
    let expected = format!("sleep\0{time}\0");
    let is_alive = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .into_iter()
            .any(|process| std::fs::read(process.path().join("cmdline")).is_ok_and(|line| line == expected.as_bytes()))
    };
    assert!(!is_alive(), "the children of the steps have ended, too");
}
