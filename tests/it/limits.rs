//! The program under limits: no standard error, a small stack, little memory, a number of threads that is none.

use std::process::{Command, Stdio};

use crate::support::program::{PROGRAM, Sandbox, run_in};
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
