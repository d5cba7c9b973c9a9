//! Copies of packages in the temporary folder: a run that is killed leaves them, and the next run removes them.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use duct::cmd;

use crate::support::keys::Keys;
use crate::support::program::PROGRAM;
use crate::support::site::{NOW, Site};

const KEY: &str = "demo@example.org";

/// Tells that it was started, and does not sign.
const SLOW_RPMSIGN: &str = "#!/bin/sh\n: > \"$TMPDIR/started\"\nexec sleep 3\n";

#[test]
fn copies_of_a_killed_run_are_removed_by_the_next_run_and_those_of_a_live_one_are_not() {
    let keys = Keys::of(&[(KEY, "rsa3072")]);
    let site = Site::with(&format!("[repository]\nsign = \"{KEY}\"\n"));
    site.commit("One").build(&["el9"]);
    let (scratch, programs) = (site.project.join("target/scratch"), site.project.join("target/bin"));
    std::fs::create_dir_all(&scratch).unwrap();
    site.project.write("target/bin/rpmsign", SLOW_RPMSIGN);
    std::fs::set_permissions(programs.join("rpmsign"), PermissionsExt::from_mode(0o755)).unwrap();
    let variables =
        [("GNUPGHOME", keys.home().to_str().unwrap()), ("TMPDIR", scratch.to_str().unwrap()), ("RELENG_NOW", NOW)];
    let mut run = cmd!(PROGRAM, "stage").dir(site.project.path()).stdout_null().stderr_null().unchecked();
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let running = run.env("PATH", path).start().unwrap();
    let files = || site.project.files("target/scratch");
    let began = Instant::now();
    while !scratch.join("started").exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "rpmsign was not started");
        std::thread::sleep(Duration::from_millis(5));
    }
    let has_copy = || files().iter().any(|path| path.ends_with(".rpm"));
    site.releng_with(&[("TMPDIR", scratch.to_str().unwrap())], &["verify", "target/repository/demo"]);
    assert!(has_copy(), "another run removed what a live run uses");
    cmd!("kill", "-KILL", running.pids()[0].to_string()).run().unwrap();
    running.wait().unwrap();
    assert!(has_copy(), "the run was killed before it could clear");
    site.releng_with(&variables, &["stage"]).exits(0);
    assert_eq!(files(), ["started"]);
}
