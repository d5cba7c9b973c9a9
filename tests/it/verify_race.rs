//! `verify` beside commands that change the repository: a sound repository has no findings at any moment, on disk and at its
//! address.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::http::Server;
use crate::support::program::Ran;
use crate::support::published::{Published, promotion, snapshot};

const ROUND: Duration = Duration::from_secs(10);

/// Commands that change the repository, again and again; each ends with exit code 0.
fn change(published: &Published, number: usize) {
    let (first, second) = (snapshot("1.0", 1), snapshot("1.0", 2));
    let back = [&promotion(&second)[..], &["--with-yanked"]].concat();
    let commands: [&[&str]; 7] = [
        &["rollback", "1.0"],
        &back,
        &["yank", "demo-1.0.2-1.el9.noarch", "--why", "a test"],
        &back,
        &["hold", &first, "--why", "x"],
        &["unhold", &first],
        &["prune"],
    ];
    published.releng(commands[number % commands.len()]).exits(0);
}

/// Runs `verify` for a while beside a writer, which goes on after `changes` changes; the runs, and the first one with a finding.
fn race(published: &Published, verify: &[&str], changes: &AtomicUsize) -> (usize, Option<Ran>) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                change(published, changes.fetch_add(1, Ordering::Relaxed));
            }
        });
        let (end, mut runs, mut failed) = (Instant::now() + ROUND, 0, None);
        while failed.is_none() && (Instant::now() < end || runs < 3) {
            let ran = published.releng(verify);
            runs += 1;
            failed = (ran.code != 0).then_some(ran);
        }
        over.store(true, Ordering::Relaxed);
        (runs, failed)
    })
}

#[test]
fn a_sound_repository_has_no_findings_while_it_changes() {
    let published = Published::new("http://127.0.0.1:1/repo");
    let server = Server::start(published.project.path());
    for (message, pipeline) in [("One", 1), ("Two", 2)] {
        published.stage(message);
        published.releng(&[promotion(&snapshot("1.0", pipeline)), vec!["--major"]].concat()).exits(0);
    }
    let address = server.url("repo/demo/stable/1.0");
    let changes = AtomicUsize::new(0);
    for verify in [&["verify"][..], &["verify", &address]] {
        let before = changes.load(Ordering::Relaxed);
        let (runs, failed) = race(&published, verify, &changes);
        let changes = changes.load(Ordering::Relaxed) - before;
        println!("{verify:?}: {runs} runs, {changes} changes");
        if let Some(Ran { stdout, stderr, .. }) = failed {
            panic!("{verify:?} after {runs} runs and {changes} changes: {stdout}{stderr}");
        }
        assert!(changes >= 6, "{changes}");
    }
}
