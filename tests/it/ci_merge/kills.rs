//! A merge that is killed: `ci recover` ends it, exactly once.
//!
//! The program is killed at the calls that change a file of its own: the journal, the folder of the merge, the repository. What git
//! does meanwhile is another process, which may end its work or not. With `MERGE_KILLS=1` at every call, with `MERGE_KILLS=7` at
//! every seventh.

use std::path::Path;
use std::sync::Mutex;

use crate::support::crash::Scenario;
use crate::support::crash::inject::{Fault, Point, copy, points, record, strike};
use crate::support::merge::{CONFIG, Landed, MergePlace, RELEASE, releng_at, snapshots_in};
use crate::support::program::PROGRAM;

const COMMAND: [&str; 7] = [PROGRAM, "--project", "work", "ci", "merge", "--branch", "topic"];

/// The variables of a run: who merges, and where the tests write.
fn scenario(place: &MergePlace, tested: &Path) -> Scenario {
    let mut scenario = Scenario::new("ci merge", place.path(), &COMMAND, &["work/target"], &[]);
    let own = [
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ("RELENG", PROGRAM),
        ("TESTED", tested.to_str().unwrap()),
        ("RELENG_NOW", "2030-01-02T03:04:05Z"),
    ];
    scenario.variables = own.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    scenario
}

/// What is wrong after a kill and a recovery.
fn recover(place: &Path, head: &str, again: &[&str]) -> Result<(), String> {
    for args in [again, &["ci", "merge", "--branch", "topic"]] {
        let ran = releng_at(place, "work", args, &[]);
        if ran.code != 0 {
            return Err(format!("`{}`: exit {}\n{}", args.join(" "), ran.code, ran.stderr));
        }
    }
    let landed = Landed { place, pushed: &[], heads: &[head.to_owned()] }.check()?;
    let (snapshots, litter) = (snapshots_in(place, "work"), litter(&place.join("work/target")));
    if landed.len() != 1 || snapshots.len() != 1 || !litter.is_empty() {
        return Err(format!("{} merge commits, snapshots {snapshots:?}, left: {litter:?}", landed.len()));
    }
    let log = std::fs::read_to_string(place.join("work/target/repository-state/demo/log.jsonl")).unwrap_or_default();
    let staged = log.lines().filter(|line| line.contains("\"stage\"")).count();
    let latest = place.join("work/target/repository/demo/unstable/0.0/latest").read_link().ok();
    if staged != 1 || latest.as_deref() != Some(Path::new(&snapshots[0])) {
        return Err(format!("{staged} events, latest {latest:?}"));
    }
    let list = releng_at(place, "work", &["ci", "status", "--json"], &[]).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).map_err(|error| error.to_string())?;
    let merges = list["merges"].as_array().unwrap();
    let done = merges.iter().filter(|merge| merge["state"] == "done").count();
    let open = merges.iter().filter(|merge| !merge["next"].is_null()).count();
    if (done, open) == (1, 0) { Ok(()) } else { Err(format!("{done} done, {open} open: {list}")) }
}

/// Temporary files, and what a merge needs only on its way.
fn litter(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let is_on_the_way =
            path.to_string_lossy().contains("/ci/merges/") && (name.starts_with("work") || name == "release");
        if name.contains(".releng-") || is_on_the_way {
            found.push(path.display().to_string());
        } else if entry.file_type().unwrap().is_dir() {
            found.extend(litter(&path));
        }
    }
    found
}

#[test]
fn a_killed_merge_is_ended_exactly_once() {
    let place = MergePlace::new(&format!("{CONFIG}{RELEASE}"));
    let head = place.propose("topic", "Change it", &[("file", "new\n")]);
    let work = tempfile::tempdir().unwrap();
    let tested = work.path().join("tested");
    let scenario = scenario(&place, &tested);
    let recorded = work.path().join("recorded");
    copy(&scenario.prepared, &recorded);
    let (ran, trace) = record(&scenario, &scenario.command, &recorded);
    ran.exits(0);
    let all: Vec<Point> = points(&scenario, &trace, &recorded).into_iter().map(|(_, point)| point).collect();
    let step = std::env::var("MERGE_KILLS").ok().and_then(|asked| asked.parse().ok()).unwrap_or(19);
    let chosen: Vec<(usize, &Point)> = all.iter().enumerate().filter(|(index, _)| index % step == 0).collect();
    let (queue, failures, missed) = (Mutex::new(chosen.iter()), Mutex::new(Vec::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&(index, point)) = queue.lock().unwrap().next() {
                    let copied = work.path().join(format!("{index:05}"));
                    match strike(&scenario, &scenario.command, (&scenario.prepared, &copied), point, Fault::Kill) {
                        Ok(_) => {
                            std::fs::copy(&tested, copied.join("tested")).unwrap();
                            // In turn, a person recovers, and a CI system just merges again.
                            let again = [&["ci", "recover"][..], &["ci", "merge", "--branch", "topic"]][index % 2];
                            if let Err(why) = recover(&copied, &head, again) {
                                failures.lock().unwrap().push(format!("killed at {point}: {why}"));
                            }
                            std::fs::remove_dir_all(&copied).unwrap();
                        }
                        Err(_) => *missed.lock().unwrap() += 1,
                    }
                }
            });
        }
    });
    let (failures, missed) = (failures.into_inner().unwrap(), missed.into_inner().unwrap());
    println!("{} points, {} kills, {missed} missed, {} failures", all.len(), chosen.len() - missed, failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(missed * 5 < chosen.len(), "{missed} of {} kills struck nothing", chosen.len());
}
