//! The program under limits: no standard error, a small stack, little memory, a number of threads that is none.

use std::process::{Command, Stdio};

use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};
use crate::support::site::{NOW, Site};

#[test]
fn a_lost_standard_error_changes_no_result() {
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(std::io::pipe().unwrap().1); // the reading end is dropped here
    for (name, errors) in [("full", full as fn() -> Stdio), ("closed", closed)] {
        let site = Site::new();
        site.build(&[]);
        let mut stage = Command::new(PROGRAM);
        let ran = stage.arg("stage").env("RELENG_NOW", NOW).current_dir(site.project.path()).stderr(errors()).output();
        let ran = ran.unwrap();
        let place = site.served("unstable/1.0/snapshot-demo_1.0_pipeline_1");
        assert!(ran.status.success(), "{name}: {ran:?}");
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), format!("{}\n", place.display()), "{name}");
        // A failure keeps its exit code, too.
        let mut again = Command::new(PROGRAM);
        let ran = again.args(["rollback", "1.0"]).current_dir(site.project.path()).stderr(errors()).output().unwrap();
        assert_eq!(ran.status.code(), Some(1), "{name}");
    }
}

/// Runs `dist` below a limit of the shell, with a size of the stacks of threads; the exit code and standard error.
fn dist_within(project: &Sandbox, limit: &str, stack: &str) -> (i32, String) {
    let script = format!("ulimit {limit}; exec {PROGRAM} dist --no-stage");
    let variables = [("RELENG_THREADS", "16"), ("RUST_MIN_STACK", stack), ("RUST_BACKTRACE", "0")];
    let ran = run_in(project.path(), "sh", &["-c", &script], &variables);
    (ran.code, ran.stderr)
}

/// Runs a script in the project, with an empty file system of a size mounted over a folder of it.
fn with_disk(project: &Sandbox, size: &str, folder: &str, script: &str) -> Ran {
    std::fs::create_dir_all(project.join(folder)).unwrap();
    let script = format!("mount -t tmpfs -o size={size} none {folder} && {script}");
    run_in(project.path(), "unshare", &["--user", "--map-root-user", "--mount", "sh", "-c", &script], &[])
}

#[test]
fn a_full_disk_is_named_with_the_next_step() {
    let noise: String = (0..200_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let config = "[rpm]\nsrpm = \"rpmbuild\"\n[source]\nformats = [\"tar.gz\"]\n";
    let site = Site::with(config);
    site.project.commit("Add noise", &[("noise", &noise)]);
    site.dist();
    let archive = site.project.join("target/dist/sources/demo-1.0.1.tar.gz").metadata().unwrap().len();
    let target = site.project.join("target").display().to_string();
    let dist = format!("{PROGRAM} dist --no-stage");
    let end = "and run the command again: `releng dist --no-stage`; what was there before is unchanged";
    // There is room for none, one, or two and a half copies of the archive.
    let ran = with_disk(&site.project, &(archive / 2).to_string(), "target", &dist).exits(1);
    ran.says(&["No space left on device", &format!("help: make room on the file system of `{target}"), end]);
    let ran = with_disk(&site.project, &(archive * 3 / 2).to_string(), "target", &dist).exits(1);
    ran.says(&["No space left on device", &format!("help: make room on the file system of `{target}"), end]);
    let ran = with_disk(&site.project, &(archive * 5 / 2).to_string(), "target", &dist).exits(1);
    let part = format!("help: make room on the file system that is full (free now: `{target}` has ");
    let ran = ran.says(&["`rpmbuild -bs", "write failed - No space left on device", &part, end]);
    assert!(!ran.stderr.contains("correct the spec"), "{}", ran.stderr);
    with_disk(&site.project, &(archive * 9).to_string(), "target", &dist).exits(0);
}

#[test]
fn a_full_disk_of_the_state_says_what_is_visible_already() {
    let site = Site::of_three();
    site.release("Four", &["el9"]);
    let state = site.state("../");
    let saved = site.project.join("target/saved");
    run_in(site.project.path(), "cp", &["-a", state.to_str().unwrap(), saved.to_str().unwrap()], &[]).exits(0);
    let script = format!(
        "cp -a target/saved/. target/repository-state/ && dd if=/dev/zero of=target/repository-state/full 2>/dev/null; \
         {PROGRAM} promote --untested x; echo code $?; {PROGRAM} status; {PROGRAM} verify; echo code $?; \
         rm target/repository-state/full && {PROGRAM} prune && {PROGRAM} verify"
    );
    let ran = with_disk(&site.project, "256k", "target/repository-state", &script).exits(0);
    let help = "the next command that changes the repository then finishes the change: `releng prune`, for example";
    let ran = ran.says(&[
        "error: the change is visible already, and the next command that changes the repository finishes it: cannot ",
        "No space left on device",
        "help: make room on the file system of `",
        help,
        "finished the change of an interrupted run",
        "help: interrupted: the next command that changes the repository finishes it",
    ]);
    assert!(!ran.stderr.contains("is unchanged") && !ran.stderr.contains("recover-log"), "{}", ran.stderr);
    let interrupted = "interrupted: revisions/stable-1.0/000004: a run was interrupted: ";
    assert!(ran.stdout.starts_with("code 1\n") && ran.stdout.contains(interrupted), "{}", ran.stdout);
}

#[test]
fn a_full_disk_of_gpg_is_named() {
    let keys = Keys::of(&[("demo@example.org", "ed25519")]);
    let site = Site::with("[repository]\nsign = \"demo@example.org\"\n");
    site.commit("One").build(&["el9"]);
    let home = keys.home().display().to_string();
    let script = format!(
        "cp {home}/pubring.kbx disk/ && cp -r {home}/private-keys-v1.d disk/ && chmod 700 disk && \
         export GNUPGHOME=$PWD/disk && gpg-connect-agent /bye && {{ dd if=/dev/zero of=disk/full 2>/dev/null; \
         {PROGRAM} stage; code=$?; gpgconf --kill all; exit $code; }}"
    );
    let ran = with_disk(&site.project, "256k", "disk", &script).exits(1);
    ran.says(&[
        "No space left on device",
        "help: make room on the file system that is full (free now: `",
        "/disk` has 0 B",
    ]);
    site.releng_with(&[("GNUPGHOME", &home)], &["stage"]).exits(0);
}

#[test]
fn a_small_stack_is_no_obstacle() {
    let site = Site::new();
    assert_eq!(dist_within(&site.project, "-s 64", "2097152"), (0, String::new()));
}

#[test]
fn a_thread_that_the_system_refuses_is_an_error_or_is_done_without() {
    let site = Site::new();
    site.dist();
    let whole = site.project.files("target/dist");
    let refused = "error: cannot start a thread: ";
    let no_memory_has_room = (64_u64 << 40).to_string(); // for one stack
    let (code, errors) = dist_within(&site.project, "-c 0", &no_memory_has_room);
    assert!(code == 1 && errors.starts_with(refused) && errors.contains("\nhelp: "), "exit {code}: {errors}");
    // There is room for some of the 16 threads. Parts of the work run at the same time, and one of them may get no thread.
    let (code, errors) = dist_within(&site.project, "-v 2000000", &(256 << 20).to_string());
    assert!(code == 0 || code == 1 && errors.contains(refused), "exit {code}: {errors}");
    assert_eq!(site.project.files("target/dist"), whole, "the old release or the new one");
}

#[test]
fn a_wrong_number_of_threads_is_refused() {
    let site = Site::new();
    for wrong in ["0", "abc", "-1", "1.5", " 2", "1025"] {
        let ran = site.releng_with(&[("RELENG_THREADS", wrong)], &["version"]).exits(2);
        ran.says(&[&format!("`RELENG_THREADS` is `{wrong}`, which is not a number from 1 to 1024"), "help: "]);
    }
    site.releng_with(&[("RELENG_THREADS", "")], &["version"]).exits(0);
    site.releng(&["rpm", "--jobs", "0"]).exits(2).says(&["write a number from 1 to 65535"]);
}

#[test]
fn the_highest_number_of_a_folder_is_an_error_and_no_end_of_the_program() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Two", &["el9"]);
    let refusal = |what: &str| {
        format!("error: no number is left after {what}\nhelp: if somebody put it there by hand: move it away")
    };
    let highest = site.served("revisions/stable-1.0/999999999");
    std::fs::create_dir(&highest).unwrap();
    site.promote(&[]).exits(1).says(&[&refusal("revision 999999999 of stable/1.0")]);
    std::fs::remove_dir(&highest).unwrap();
    // What no revision can be called is none.
    std::fs::create_dir(site.served("revisions/stable-1.0/4294967295")).unwrap();
    site.promote(&[]).exits(0);
    let snapshot = site.served("unstable/1.0/snapshot-demo_1.0_pipeline_999999999");
    std::fs::create_dir(&snapshot).unwrap();
    site.commit("Three").build(&["el9"]);
    site.releng(&["stage"]).exits(1).says(&[&refusal("pipeline 999999999 of unstable/1.0")]);
    std::fs::remove_dir(&snapshot).unwrap();
    site.releng(&["stage"]).exits(0);
}

#[test]
fn what_an_interrupted_run_has_not_read_is_no_fault() {
    let site = Site::of_three();
    for command in ["verify", "status"] {
        let mut interrupted = 0;
        for ordinal in [5, 10, 20, 30, 40, 60, 80, 120, 160] {
            let inject = format!("inject=openat2:signal=SIGINT:when={ordinal}");
            // Of one thread only: a second signal ends the program at once.
            let args = ["-qq", "-o", "/dev/null", "-e", "trace=openat2", "-e", &inject, PROGRAM, command];
            let ran = run_in(site.project.path(), "strace", &args, &[("RELENG_NOW", NOW), ("RELENG_THREADS", "1")]);
            if ran.code == 0 {
                continue; // it was done before
            }
            if ran.stderr.is_empty() {
                continue; // it had not begun
            }
            assert_eq!((ran.code, ran.stdout.as_str()), (130, ""), "{command} at call {ordinal}: {}", ran.stderr);
            assert!(ran.stderr.ends_with("error: interrupted\n"), "{command} at call {ordinal}: {}", ran.stderr);
            interrupted += 1;
        }
        assert!(interrupted > 1, "{command}");
    }
}
