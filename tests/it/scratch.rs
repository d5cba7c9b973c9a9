//! Copies of packages in the temporary folder: a run that is killed leaves them, and the next run removes them.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use duct::cmd;

use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, run_in};
use crate::support::signed::SignedSite;
use crate::support::site::{NOW, Site};

const KEY: &str = "demo@example.org";

/// Tells that it was started, and does not sign.
const SLOW_RPMSIGN: &str = "#!/bin/sh\n: > \"$TMPDIR/started\"\nexec sleep 3\n";

#[test]
fn copies_of_a_killed_run_are_removed_by_the_next_run_and_those_of_a_live_one_are_not() {
    let keys = Keys::of(&[(KEY, "ed25519")]);
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

/// GnuPG makes the folder for the sockets of a keyring in `/run/user`, which is empty here.
const OWN_RUN: &str = "mount -t tmpfs none /run && mkdir -p -m 700 /run/user/0 && \"$@\"; code=$?; \
    gpgconf --list-dirs socketdir | sed 's/.*\\//of the user: /'; ls -A /run/user/0/gnupg; exit $code";

#[test]
fn keyrings_of_a_run_leave_no_folder_for_sockets() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let variables = [("GNUPGHOME", signed.keys.home().to_str().unwrap()), ("RELENG_NOW", NOW)];
    for command in ["verify", "status"] {
        let args = ["-r", "-m", "sh", "-c", OWN_RUN, "sh", PROGRAM, command];
        let ran = run_in(signed.site.project.path(), "unshare", &args, &variables).exits(0);
        let own = ran.stdout.lines().find_map(|line| line.strip_prefix("of the user: ")).unwrap();
        let left: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("d.") && *line != own).collect();
        assert!(own.starts_with("d.") && left.is_empty(), "{command}: {left:?} in {}", ran.stdout);
    }
}
