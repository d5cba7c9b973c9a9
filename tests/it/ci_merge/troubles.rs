//! Several things go wrong in one merge and in its recovery: changes of the remote, kills of the program and of git.
//!
//! What happens is drawn by lot: up to four troubles, each at one of the calls of git that the merge makes, or the recovery after
//! it. With `MERGE_TROUBLES=2000`, in that many merges.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::races::ACTIONS;
use crate::support::dice::Dice;
use crate::support::merge::{CONFIG, Landed, MergePlace, RELEASE, releng_at, snapshots_in};
use crate::support::program::run_in;

/// A git that counts its calls, and does what the lot says for this call. `$PPID` is the program.
const WRAPPER: &str = r#"#!/bin/sh
[ -n "$COUNT" ] || exec GIT "$@"
n=$(($(cat "$COUNT" 2>/dev/null || echo 0) + 1)); echo $n > "$COUNT"
trouble=$PLACE/troubles/$n
[ -e "$trouble" ] || exec GIT "$@"
mv "$trouble" "$trouble.met"
case $(cat "$trouble.met") in
  kill-before) kill -9 $PPID; exit 137 ;;
  kill-after) GIT "$@"; kill -9 $PPID; exit 137 ;;
  kill-git-before) kill -9 $$ ;;
  kill-git-after) GIT "$@" >/dev/null 2>&1; kill -9 $$ ;;
  kill-git-soon) (sleep 0.00$((n % 10)); kill -9 $$) >/dev/null 2>&1 & ;;
  *) (unset COUNT; cd "$PLACE" && sh -e "$trouble.met" >/dev/null 2>&1) ;;
esac
exec GIT "$@"
"#;

/// What happens to the processes; the remote has those of the races.
const KILLS: [&str; 5] = ["kill-before", "kill-after", "kill-git-before", "kill-git-after", "kill-git-soon"];

/// The calls of git in a merge and its recovery, about.
const CALLS: usize = 45;

/// How often somebody recovers before nothing more happens.
const RECOVERIES: usize = 5;

/// Draws what happens; a line for each, for the report.
fn draw(dice: &mut Dice, place: &Path) -> String {
    std::fs::create_dir_all(place.join("troubles")).unwrap();
    let mut drawn = String::new();
    for _ in 0..=dice.roll(4) {
        let (at, kind) = (1 + dice.roll(CALLS), dice.roll(KILLS.len() + ACTIONS.len()));
        let (name, what) = match KILLS.get(kind) {
            Some(kill) => (*kill, (*kill).to_owned()),
            None => {
                let (name, action) = ACTIONS[kind - KILLS.len()];
                // It may happen twice in one place.
                (name, format!("rm -rf other\n{action}").replace("> ../pushed", ">> ../pushed"))
            }
        };
        writeln!(drawn, "before call {at}: {name}").unwrap();
        std::fs::write(place.join(format!("troubles/{at}")), what).unwrap();
    }
    drawn
}

/// A merge in trouble. How many troubles were met, and whether it landed. Errors: what is wrong.
fn live_through(place: &Path, head: &str, git: &str) -> Result<(usize, bool), String> {
    let wrapper = place.join("bin/git");
    std::fs::create_dir_all(wrapper.parent().unwrap()).unwrap();
    std::fs::write(&wrapper, WRAPPER.replace("GIT", git).replace(&format!("{git}_"), "GIT_")).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", wrapper.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let (count, shown) = (place.join("count").display().to_string(), place.display().to_string());
    let troubled = [("PATH", path.as_str()), ("COUNT", &count), ("PLACE", &shown), ("GIT", git)];
    let merge = ["ci", "merge", "--branch", "topic", "--head", head];
    let settle = || {
        if place.join("away").exists() && !place.join("origin.git").exists() {
            std::fs::rename(place.join("away"), place.join("origin.git")).unwrap();
        }
    };
    let mut said = String::new();
    let mut run = |args: &[&str], variables: &[(&str, &str)]| {
        let ran = releng_at(place, "work", args, variables);
        settle();
        writeln!(said, "`{}`: exit {}\n{}", args.join(" "), ran.code, ran.stderr).unwrap();
        if ran.stderr.contains("panicked") || ![-1, 0, 1, 2, 5].contains(&ran.code) {
            return Err(said.clone());
        }
        check(place, head).map_err(|why| format!("{why}\n{said}"))?;
        Ok(ran.code)
    };
    run(&merge, &troubled)?;
    for turn in 0..RECOVERIES {
        run(if turn % 2 == 0 { &["ci", "recover"] } else { &merge }, &troubled)?;
    }
    // The action that gives the remote back after a second.
    std::thread::sleep(std::time::Duration::from_millis(if place.join("origin.git").exists() { 0 } else { 1100 }));
    settle();
    run(&["ci", "recover"], &[])?;
    let landed = check(place, head).map_err(|why| format!("{why}\n{said}"))?;
    let list = releng_at(place, "work", &["ci", "status", "--json"], &[]).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).map_err(|error| error.to_string())?;
    let open = list["merges"].as_array().unwrap().iter().filter(|merge| !merge["next"].is_null()).count();
    let snapshots = snapshots_in(place, "work");
    if open > 0 || landed.len() > 1 || snapshots.len() != landed.len() {
        return Err(format!("{} merge commits, snapshots {snapshots:?}, {open} open\n{said}", landed.len()));
    }
    let met = std::fs::read_dir(place.join("troubles")).unwrap();
    let met = met.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".met")).count();
    Ok((met, !landed.is_empty()))
}

/// The merge commits on the remote, if all is well there.
fn check(place: &Path, head: &str) -> Result<Vec<String>, String> {
    let pushed = std::fs::read_to_string(place.join("pushed")).unwrap_or_default();
    let pushed: Vec<String> = pushed.lines().map(str::to_owned).collect();
    Landed { place, pushed: &pushed, heads: &[head.to_owned()] }.check()
}

#[test]
fn whatever_goes_wrong_together_nothing_is_lost_or_done_twice() {
    let template = MergePlace::new(&format!("{CONFIG}{RELEASE}"));
    let head = template.propose("topic", "Change it", &[("file", "new\n")]);
    let git = run_in(Path::new("/"), "sh", &["-c", "command -v git"], &[]).exits(0).stdout.trim().to_owned();
    let number = |name: &str, usual| std::env::var(name).ok().and_then(|asked| asked.parse().ok()).unwrap_or(usual);
    let (runs, first) = (number("MERGE_TROUBLES", 12), number("MERGE_SEED", 0));
    let (next, results) = (AtomicUsize::new(first), Mutex::new((Vec::new(), 0, 0)));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + runs {
                        return;
                    }
                    let copy = tempfile::tempdir().unwrap();
                    let from = format!("{}/.", template.path().display());
                    run_in(Path::new("/"), "cp", &["-a", &from, copy.path().to_str().unwrap()], &[]).exits(0);
                    let drawn = draw(&mut Dice(seed as u64), copy.path());
                    let ran = live_through(copy.path(), &head, &git);
                    let mut results = results.lock().unwrap();
                    match ran {
                        Ok((met, landed)) => {
                            results.1 += met;
                            results.2 += usize::from(landed);
                        }
                        Err(why) => results.0.push(format!("MERGE_SEED={seed}:\n{drawn}{why}")),
                    }
                }
            });
        }
    });
    let (failures, met, landed) = results.into_inner().unwrap();
    println!("{runs} merges, {met} troubles met, {landed} landed, {} failures", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(met >= runs && landed * 4 >= runs, "{runs} merges met {met} troubles, {landed} landed");
}
