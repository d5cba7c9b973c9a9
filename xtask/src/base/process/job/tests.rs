//! Jobs of a shell: how they end, what they leave, and what they see.

use super::*;

const BOTH: [Isolation; 2] = [Isolation::None, Isolation::Namespaces];

/// Runs a script as a job in a folder of its own, with a time limit of one second and a short delay before SIGKILL.
fn run_while(script: &str, isolation: Isolation, go_on: fn() -> Result<(), Failure>) -> (Result<JobOutcome>, String) {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), script, isolation, go_on)
}

fn run_in(
    folder: &Path,
    script: &str,
    isolation: Isolation,
    go_on: impl Fn() -> Result<(), Failure>,
) -> (Result<JobOutcome>, String) {
    let log = folder.join("log");
    let environment = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    let time_limit = Duration::from_secs(1);
    let args = ["-c", script].map(OsString::from).to_vec();
    let read_only = &[][..];
    let (program, file) = ("sh".as_ref(), LogFile::whole(&log));
    let job = Job { program, args, folder, environment, time_limit, log: file, isolation, read_only, boundary: None };
    let ended = job.run_while(go_on, Duration::from_millis(300));
    (ended, std::fs::read_to_string(log).unwrap_or_default())
}

fn run(script: &str, isolation: Isolation) -> (JobOutcome, String) {
    let (ended, log) = run_while(script, isolation, || Ok(()));
    (ended.unwrap(), log)
}

#[test]
fn it_says_how_it_ended() {
    for isolation in BOTH {
        for (script, ending) in [
            ("exit 0", Ending::Exited(0)),
            ("exit 3", Ending::Exited(3)),
            ("exec kill -9 $$", Ending::Signalled(9)),
            ("kill -15 $$", Ending::Signalled(15)),
            ("exec >&- 2>&-; sleep 0.1; exit 4", Ending::Exited(4)),
        ] {
            assert_eq!(run(script, isolation).0.ending, ending, "{script} {isolation:?}");
        }
    }
}

#[test]
fn nothing_is_inherited() {
    for isolation in BOTH {
        // A shell adds variables of its own: another program says what it was given.
        let folder = tempfile::tempdir().unwrap();
        let environment = vec![("ONLY".to_owned(), "this one".to_owned())];
        let (program, args, path) = ("env".as_ref(), vec![], &folder.path().join("log"));
        let (folder, time_limit, log) = (folder.path(), Duration::from_secs(9), LogFile::whole(path));
        let read_only = &[folder.join("kept")];
        std::fs::create_dir(&read_only[0]).unwrap();
        let job = Job { program, args, folder, environment, time_limit, log, isolation, read_only, boundary: None };
        assert_eq!(job.run().unwrap().ending, Ending::Exited(0));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "ONLY=this one\n", "{isolation:?}");
    }
    assert_eq!(run("cat; pwd", Isolation::None).1.lines().count(), 1, "no input");
}

#[test]
fn a_build_has_nothing_but_a_loopback_and_is_in_its_place() {
    let (outcome, log) = run("pwd; cat /proc/net/dev", Isolation::Build);
    assert_eq!(outcome.ending, Ending::Exited(0));
    assert!(log.starts_with(&format!("{}\n", isolation::BUILD_PLACE)), "this test needs `unshare -rmn`: {log}");
    let devices = log.lines().filter(|line| line.contains(':')).map(|line| line.split(':').next().unwrap().trim());
    assert_eq!(devices.collect::<Vec<_>>(), ["lo"], "this test needs `unshare -n`: {log}");
}

#[test]
fn the_log_is_whole_and_in_order() {
    let (_, log) = run("seq 1 100000; echo one >/dev/stderr; echo two >&2; echo three", Isolation::None);
    assert_eq!((log.len(), log.lines().next()), (588_895 + 14, Some("1")));
    assert!(log.ends_with("\n99999\n100000\none\ntwo\nthree\n"));
}

#[test]
fn a_job_at_its_time_limit_gets_sigterm_and_then_sigkill() {
    for isolation in BOTH {
        let polite = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done";
        let (outcome, log) = run(polite, isolation);
        assert_eq!(outcome.ending, Ending::TimedOut);
        assert!(log.ends_with("bye\n"), "{isolation:?}: {log}"); // its shell may say that `sleep` was ended, too
        for deaf in ["trap '' TERM; while :; do sleep 1; done", "yes"] {
            let (outcome, _) = run(deaf, isolation);
            assert_eq!(outcome.ending, Ending::TimedOut);
            assert!((1000..4000).contains(&outcome.duration.as_millis()), "{outcome:?}");
        }
    }
}

/// The outcome of a job, and whether a process that it left behind still created a file later.
fn survives(script: &str, isolation: Isolation) -> (JobOutcome, bool) {
    let folder = tempfile::tempdir().unwrap();
    let (ended, _) = run_in(folder.path(), script, isolation, || Ok(()));
    std::thread::sleep(Duration::from_millis(1800));
    (ended.unwrap(), folder.path().join("alive").exists())
}

#[test]
fn what_it_leaves_running_ends_with_it() {
    for isolation in BOTH {
        // It holds the output for longer than the time limit, and is not waited for.
        let (outcome, survived) = survives("(sleep 1.2; touch alive) & exit 5", isolation);
        assert_eq!((outcome.ending, survived), (Ending::Exited(5), false));
    }
}

#[test]
fn what_leaves_the_group_is_reached_in_a_namespace_only() {
    // The shell waits, so that its child has left the group before the group is killed.
    let script = "setsid sh -c 'sleep 1.2; touch alive' & sleep 0.5; exit 5";
    for isolation in BOTH {
        let (outcome, survived) = survives(script, isolation);
        assert_eq!(outcome.ending, Ending::Exited(5));
        assert_eq!(survived, outcome.enclosure != Enclosure::MountsAndProcesses, "{outcome:?}");
    }
}

#[test]
fn an_interrupt_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let interrupted = || {
        let failure = || Failure::new(Exit::Interrupted, "interrupted");
        if ready.exists() { Err(failure()) } else { Ok(()) }
    };
    let script = "trap 'echo bye; exit 0' TERM; touch ready; sleep 9 & wait";
    let (ended, log) = run_in(folder.path(), script, Isolation::None, interrupted);
    assert_eq!(ended.unwrap_err().downcast_ref::<Failure>().unwrap().exit, Exit::Interrupted);
    assert_eq!(log, "bye\n");
}

#[test]
fn a_program_that_is_not_there() {
    let (folder, environment) = (Path::new("/"), vec![("PATH".to_owned(), "/nowhere".to_owned())]);
    for (program, words) in [("sh", "PATH is `/nowhere`"), ("./etc/passwd", "may be executed, from `/`")] {
        for isolation in BOTH {
            let (program, environment) = (program.as_ref(), environment.clone());
            let log = LogFile::whole(Path::new("/dev/null"));
            let (args, time_limit) = (vec![], KILL_DELAY);
            let job =
                Job { program, args, folder, environment, time_limit, log, isolation, read_only: &[], boundary: None };
            let error = job.run().unwrap_err();
            let help = error.downcast_ref::<Failure>().unwrap().help.clone().unwrap();
            assert!(error.to_string().starts_with("there is no program `") && help.contains(words), "{help}");
        }
    }
}
