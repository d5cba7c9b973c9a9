//! Several runs of the program on one repository at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::support::program::Ran;
use crate::support::published::{Published, promotion, snapshot};

/// Races; in each both runs have the same chance.
const ROUNDS: usize = 6;

/// Two snapshots of series 1.0, the first one promoted.
fn published() -> Published {
    let published = Published::new("https://example.org/repos");
    published.stage("One");
    published.releng(&[&promotion(&snapshot("1.0", 1))[..], &["--major"]].concat()).exits(0);
    published.stage("Two");
    published
}

/// Runs `releng status --json` until `over`; how often.
fn watch(published: &Published, variables: &[(String, String)], over: &AtomicBool) -> usize {
    let mut looks = 0;
    while !over.load(Ordering::SeqCst) || looks == 0 {
        let status = published.releng_with(&["status", "--json"], variables).exits(0).says_nothing();
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["series"][0]["series"], "1.0", "{status}");
        looks += 1;
    }
    looks
}

/// Fails the test unless one run promoted, and the other one was told to wait, or found that it is done.
#[track_caller]
fn one_has_promoted(runs: Vec<Ran>) {
    let codes: Vec<i32> = runs.iter().map(|ran| ran.code).collect();
    assert!(codes.contains(&0), "{codes:?}");
    for ran in runs.into_iter().filter(|ran| ran.code != 0) {
        ran.exits(75).says(&["promote`, process ", "is writing this repository", "wait for it to end"]);
    }
}

#[test]
fn of_two_promotions_one_waits_and_status_always_answers() {
    let published = published();
    let next = snapshot("1.0", 2);
    for round in 0..ROUNDS {
        let (over, variables) = (AtomicBool::new(false), published.variables());
        let run = || published.releng_with(&promotion(&next), &variables);
        thread::scope(|scope| {
            let watching = [0, 1].map(|_| scope.spawn(|| watch(&published, &variables, &over)));
            let runs = [0, 1].map(|_| scope.spawn(run)).map(|run| run.join().unwrap());
            over.store(true, Ordering::SeqCst);
            watching.into_iter().for_each(|watching| assert!(watching.join().unwrap() > 0));
            one_has_promoted(runs.into());
        });
        let link = std::fs::read_link(published.project.join("repo/demo/stable/1.0")).unwrap();
        assert!(link.ends_with(format!("{:06}", 2 + 2 * round)), "{}: one revision a round", link.display());
        published.releng(&["rollback", "1.0", "--quiet"]).exits(0);
    }
    let log = std::fs::read_to_string(published.project.join("state/demo/log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3 + 2 * ROUNDS, "{log}");
}
