//! Somebody else changes the remote at the same time: nobody's commit is lost, and what lands was tested.
//!
//! The program asks git many times in a merge. Before each of these calls in turn, something happens to the remote. With
//! `MERGE_RACES=all` at every call, else at some.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use crate::support::merge::{CONFIG, Landed, MergePlace, RELEASE, git_in, releng_at, snapshots_in};
use crate::support::program::run_in;

/// A git that does something before one of the calls that the program makes. What that call is told about its repository does not reach the action.
const WRAPPER: &str = "#!/bin/sh\nif [ -n \"$COUNT\" ]; then\n\
    n=$(($(cat \"$COUNT\" 2>/dev/null || echo 0) + 1)); echo $n > \"$COUNT\"\n\
    [ $n = \"$AT\" ] && (unset COUNT GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY; cd \"$PLACE\" && sh -ec \"$ACTION\" >/dev/null 2>\"$PLACE/action.log\" && touch acted)\nfi\n\
    exec \"GIT\" \"$@\"\n";

/// What happens to the remote, with its name.
pub const ACTIONS: [(&str, &str); 6] = [
    (
        "push to the base",
        "\"$GIT\" clone -q -b master origin.git other && cd other && echo x > other && \"$GIT\" add -A && \
        \"$GIT\" commit -q -m Other && \"$GIT\" push -q origin HEAD:master && \"$GIT\" rev-parse HEAD > ../pushed",
    ),
    (
        "push to the work",
        "\"$GIT\" clone -q -b topic origin.git other && cd other && echo x > other && \"$GIT\" add -A && \
        \"$GIT\" commit -q -m More && \"$GIT\" push -q origin HEAD:topic",
    ),
    (
        "replace the work",
        "\"$GIT\" clone -q -b topic origin.git other && cd other && \"$GIT\" commit -q --amend -m Replaced && \
        \"$GIT\" push -q -f origin HEAD:topic",
    ),
    ("delete the work", "\"$GIT\" -C origin.git update-ref -d refs/heads/topic"),
    ("lose the remote", "mv origin.git away"),
    ("lose the remote for a second", "mv origin.git away; (sleep 1; mv away origin.git) &"),
];

struct Race<'a> {
    place: &'a Path,
    head: &'a str,
}

impl Race<'_> {
    /// Merges with an action before the call with this number; how many calls there were, and whether the action took place.
    fn run(&self, action: &str, at: usize) -> Result<(usize, bool), String> {
        let git = run_in(Path::new("/"), "sh", &["-c", "command -v git"], &[]).exits(0).stdout.trim().to_owned();
        let wrapper = self.place.join("bin/git");
        std::fs::create_dir_all(wrapper.parent().unwrap()).unwrap();
        std::fs::write(&wrapper, WRAPPER.replace("\"GIT\"", &git)).unwrap();
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", wrapper.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let count = self.place.join("count");
        let (at, shown) = (at.to_string(), |path: &Path| path.display().to_string());
        let (count_shown, place) = (shown(&count), shown(self.place));
        let variables = [
            ("PATH", path.as_str()),
            ("GIT", &git),
            ("COUNT", &count_shown),
            ("AT", &at),
            ("PLACE", &place),
            ("ACTION", action),
        ];
        let ran = releng_at(self.place, "work", &["ci", "merge", "--branch", "topic", "--head", self.head], &variables);
        let calls = std::fs::read_to_string(&count).unwrap_or_default().trim().parse().unwrap_or(0);
        let acted = self.place.join("acted").exists();
        std::thread::sleep(std::time::Duration::from_millis(if action.contains("sleep") && acted { 1100 } else { 0 }));
        if self.place.join("away").exists() {
            std::fs::rename(self.place.join("away"), self.place.join("origin.git")).unwrap();
        }
        let landed = self.check()?;
        let wrong = |what: &str| Err(format!("{what}: exit {}, {landed:?}\n{}", ran.code, ran.stderr));
        match ran.code {
            0 if landed.len() != 1 => return wrong("it says that it has merged"),
            0 | 5 => {}
            1 | 2 if landed.is_empty() => {}
            _ => return wrong("an exit that no race explains"),
        }
        let recovered = releng_at(self.place, "work", &["ci", "recover"], &[]);
        if ![0, 1, 5].contains(&recovered.code) {
            return Err(format!("`recover`: exit {}\n{}", recovered.code, recovered.stderr));
        }
        let landed = self.check()?;
        let list = releng_at(self.place, "work", &["ci", "status", "--json"], &[]).stdout;
        let list: serde_json::Value = serde_json::from_str(&list).map_err(|error| error.to_string())?;
        let open = list["merges"].as_array().unwrap().iter().any(|merge| !merge["next"].is_null());
        let snapshots = snapshots_in(self.place, "work").len();
        if open || snapshots != landed.len() {
            return Err(format!("{} merges, {snapshots} snapshots, open: {open}\n{}", landed.len(), ran.stderr));
        }
        Ok((calls, acted))
    }

    fn check(&self) -> Result<Vec<String>, String> {
        let pushed = std::fs::read_to_string(self.place.join("pushed")).unwrap_or_default();
        let pushed: Vec<String> = pushed.lines().map(str::to_owned).collect();
        Landed { place: self.place, pushed: &pushed, heads: &[self.head.to_owned()] }.check()
    }
}

/// Runs an action before the calls with these numbers, two at a time; the failures, and the count of runs in which it took place.
fn run_all(template: &MergePlace, head: &str, numbers: &[(usize, usize)]) -> (Vec<String>, usize, usize) {
    let (queue, results) = (Mutex::new(numbers.iter()), Mutex::new((Vec::new(), 0, 0)));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&(action, at)) = queue.lock().unwrap().next() {
                    let copy = tempfile::tempdir().unwrap();
                    let from = format!("{}/.", template.path().display());
                    run_in(Path::new("/"), "cp", &["-a", &from, copy.path().to_str().unwrap()], &[]).exits(0);
                    let ran = Race { place: copy.path(), head }.run(ACTIONS[action].1, at);
                    let mut results = results.lock().unwrap();
                    match ran {
                        Ok((calls, acted)) => {
                            results.1 += usize::from(acted);
                            results.2 = results.2.max(calls);
                        }
                        Err(why) => results.0.push(format!("{} before call {at}: {why}", ACTIONS[action].0)),
                    }
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[test]
fn nobody_is_overwritten_whenever_the_remote_changes() {
    let place = MergePlace::new(&format!("{CONFIG}{RELEASE}"));
    let head = place.propose("topic", "Change it", &[("file", "new\n")]);
    let (failures, _, calls) = run_all(&place, &head, &[(0, usize::MAX)]);
    assert_eq!((failures, calls > 15), (Vec::new(), true), "an undisturbed merge calls git {calls} times");
    let step = if std::env::var("MERGE_RACES").is_ok_and(|asked| asked == "all") { 1 } else { 7 };
    let all = (0..ACTIONS.len()).flat_map(|action| (1..=calls + 1).map(move |at| (action, at)));
    let numbers: Vec<(usize, usize)> =
        all.enumerate().filter(|(index, _)| index % step == 0).map(|(_, job)| job).collect();
    let (failures, acted, _) = run_all(&place, &head, &numbers);
    println!("{} runs, in {acted} of them the remote changed, {} failures", numbers.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    // Only an action that comes after the last call of its run does not take place.
    assert!(acted * 10 > numbers.len() * 9, "the remote changed in {acted} of {} runs only", numbers.len());
}

#[test]
fn five_merges_at_once_land_one_after_another() {
    let rounds = std::env::var("MERGE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    let (mut tries, mut lost) = (0, 0);
    for _ in 0..rounds {
        let place = MergePlace::new(CONFIG);
        let names = ["one", "two", "three", "four", "five"];
        let heads: Vec<String> =
            names.map(|name| place.propose(name, &format!("Add {name}"), &[(name, name)])).to_vec();
        for name in names {
            // Each on a machine of its own.
            git_in(place.path(), &["clone", "-q", "origin.git", name]);
        }
        std::thread::scope(|scope| {
            let merging = names.map(|name| {
                let place = &place;
                scope.spawn(move || {
                    for count in 1..=20 {
                        match releng_at(place.path(), name, &["ci", "merge", "--branch", name, "--base", "master"], &[])
                        {
                            ran if ran.code == 5 => continue,
                            ran => return (ran.exits(0).code, count),
                        }
                    }
                    panic!("{name} lost every race")
                })
            });
            for merging in merging {
                let (_, count) = merging.join().unwrap();
                tries += count;
                lost += count - 1;
            }
        });
        let landed = Landed { place: place.path(), pushed: &[], heads: &heads }.check();
        assert_eq!(landed.map(|landed| landed.len()), Ok(5));
    }
    println!("{rounds} rounds, {tries} merges, {lost} of them lost three races");
}

#[test]
fn of_two_merges_in_one_place_one_waits_for_its_turn() {
    let place = MergePlace::new(&CONFIG.replace("[\"sh\", \"test.sh\"]", "[\"sh\", \"-c\", \"sleep 2; sh test.sh\"]"));
    place.propose("one", "Add one", &[("one", "1")]);
    place.propose("two", "Add two", &[("two", "2")]);
    let codes = std::thread::scope(|scope| {
        let runs = ["one", "two"].map(|name| {
            let place = &place;
            scope.spawn(move || place.merge(name))
        });
        runs.map(|run| run.join().unwrap())
    });
    let mut exits: Vec<i32> = codes.iter().map(|ran| ran.code).collect();
    exits.sort_unstable();
    assert_eq!(exits, [0, 75], "{}\n{}", codes[0].stderr, codes[1].stderr);
    let busy = codes.into_iter().find(|ran| ran.code == 75).unwrap();
    busy.says(&["`ci merge`, process ", " is merging: it holds `"]);
}
