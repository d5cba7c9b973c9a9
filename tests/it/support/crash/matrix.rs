//! All the faults of a scenario, and what they left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::inject::{Fault, Point, copy, inject, record, run};
use super::trace::{Call, Trace};
use super::tree::{Tree, without_times};
use super::{Scenario, order};
use crate::support::program::Ran;

/// As many as the smallest machine that runs these has cores.
const AT_A_TIME: usize = 2;

/// A disk that fails, one that is full, and a quota that is.
const ERRORS: [&str; 3] = ["EIO", "ENOSPC", "EDQUOT"];

/// Which points: every k-th, from the first; 0 is none.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    pub kills: usize,
    /// Of each call in turn with EIO, ENOSPC and EDQUOT.
    pub errors: usize,
    /// Of the kills every k-th, and of the recovery from each every k-th again.
    pub kills_of_recovery: usize,
}

impl Selection {
    const ALL: Selection = Selection { kills: 1, errors: 1, kills_of_recovery: 1 };

    /// Every fault at every point where `CRASH_MATRIX=all` asks for it; else of every `step`-th point, and the recovery
    /// from few.
    pub fn asked(step: usize) -> Selection {
        match std::env::var("CRASH_MATRIX").as_deref() {
            Ok("all") => Selection::ALL,
            _ => Selection { kills: step, errors: step, kills_of_recovery: 4 * step },
        }
    }
}

/// What is wrong after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The fault did not strike where it was planned: nothing was proved.
    Missed,
    /// A channel is neither the old nor the new one, or not the one that it has to be, or the check does not hold.
    Outage,
    /// Running it again failed.
    Refused,
    /// In the end the tree is not that of an undisturbed run.
    Different,
    /// Temporary names are left in the end.
    Litter,
    /// An event of an undisturbed run is not in the log.
    LostEvent,
    /// A system call failed and the program said it had succeeded.
    Silent,
    /// The message of a failure names no path.
    Unnamed,
    /// Something became visible before it was on the disk.
    Unsynced,
    /// Another thread or a child changed files below the roots.
    Helper,
}

/// One thing that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    pub wrong: Wrong,
    /// Where; of an undisturbed run empty.
    pub at: String,
    pub what: String,
}

/// What a matrix found.
#[derive(Debug, Default)]
pub struct Report {
    pub name: String,
    /// Calls of an undisturbed run that change something below the roots.
    pub points: usize,
    /// Runs with a fault.
    pub runs: usize,
    pub failures: Vec<Failure>,
}

impl Report {
    /// How many runs went wrong in this way.
    pub fn count(&self, wrong: Wrong) -> usize {
        let places: BTreeSet<&str> =
            self.failures.iter().filter(|failure| failure.wrong == wrong).map(|failure| failure.at.as_str()).collect();
        places.len()
    }

    /// How many points, runs and failures of each kind, in one line.
    pub fn figures(&self) -> String {
        let kinds: BTreeSet<Wrong> = self.failures.iter().map(|failure| failure.wrong).collect();
        let counts: Vec<String> = kinds.iter().map(|wrong| format!("{} {wrong:?}", self.count(*wrong))).collect();
        let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
        format!("{}: {} points, {} runs, failures: {counts}", self.name, self.points, self.runs)
    }

    /// Fails the test where anything went wrong, or nothing was tried.
    #[track_caller]
    pub fn is_clean(&self) {
        assert!(self.failures.is_empty() && self.runs > 0, "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.figures())?;
        for Failure { wrong, at, what } in &self.failures {
            writeln!(f, "  {wrong:?}: {at}: {}", what.trim_end())?;
        }
        Ok(())
    }
}

/// Runs the scenario undisturbed, then with each fault that is selected.
pub fn run_matrix(scenario: &Scenario, selection: Selection) -> Report {
    let work = tempfile::tempdir().unwrap();
    let matrix = Matrix::new(scenario, work.path());
    let mut report = Report { name: scenario.name.clone(), points: matrix.points.len(), ..Report::default() };
    report.failures.extend(matrix.undisturbed_failures());
    let queue = Mutex::new(matrix.jobs(selection).into_iter().enumerate());
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((index, job)) = next(&queue) {
                    let done = matrix.run(&job, &format!("{index:05}"));
                    results.lock().unwrap().insert(index, done);
                }
            });
        }
    });
    for (runs, failures) in results.into_inner().unwrap().into_values() {
        report.runs += runs;
        report.failures.extend(failures);
    }
    report
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().unwrap().next()
}

/// A fault at a point; of a kill also in every `recovery`-th point of the recovery.
struct Job {
    index: usize,
    fault: Fault,
    recovery: usize,
}

struct Matrix<'a> {
    scenario: &'a Scenario,
    work: &'a Path,
    trace: Trace,
    /// What the first thread does, and where: the same, as calls and as points.
    calls: Vec<Call>,
    points: Vec<Point>,
    old: Vec<Tree>,
    new: Vec<Tree>,
    /// The index of the rename that changes each channel, where it is one call.
    commits: Vec<Option<usize>>,
    finished: Tree,
    events: Vec<String>,
    recorded: PathBuf,
}

impl<'a> Matrix<'a> {
    fn new(scenario: &'a Scenario, work: &'a Path) -> Matrix<'a> {
        let (plain, recorded) = (work.join("plain"), work.join("recorded"));
        copy(&scenario.prepared, &plain);
        copy(&scenario.prepared, &recorded);
        let old = channels(scenario, &plain);
        run(scenario, &scenario.command, &plain).exits(0);
        let (ran, trace) = record(scenario, &scenario.command, &recorded);
        ran.exits(0);
        let finished = Tree::load(&plain, scenario.tolerance);
        let traced = Tree::load(&recorded, scenario.tolerance);
        let different = finished.differences(&traced);
        assert!(different.is_empty(), "two undisturbed runs differ, so no run can be compared:\n{different}");
        let main = trace.main_thread();
        let mutations = trace.mutations(&scenario.roots_in(&recorded));
        let calls: Vec<Call> = mutations.into_iter().filter(|call| call.thread == main).collect();
        assert!(!calls.is_empty(), "`{}` changes nothing below its roots", scenario.name);
        let points = calls.iter().map(|call| Point::of(call, &recorded, scenario.litter)).collect();
        let commit = |channel: &PathBuf| {
            let path = recorded.join(channel);
            calls.iter().position(|call| call.name.starts_with("rename") && call.paths.get(1) == Some(&path))
        };
        let commits = scenario.channels.iter().map(commit).collect();
        let (new, events) = (channels(scenario, &plain), events(scenario, &plain));
        Matrix { scenario, work, trace, calls, points, old, new, commits, finished, events, recorded }
    }

    /// What is wrong without any fault: writers besides the first thread, and the order of syncs.
    fn undisturbed_failures(&self) -> Vec<Failure> {
        let scenario = self.scenario;
        let failure = |wrong, what| Failure { wrong, at: "undisturbed".to_owned(), what };
        let all = self.trace.mutations(&scenario.roots_in(&self.recorded));
        let helpers = all.iter().filter(|call| call.thread != self.trace.main_thread());
        let helpers = helpers.filter(|_| !scenario.helpers_may_write).map(|call| {
            let what = format!("thread {} calls {}", call.thread, Point::of(call, &self.recorded, scenario.litter));
            failure(Wrong::Helper, what)
        });
        let ignores = |path: &Path| path.ends_with("lock");
        let unsynced = order::check(&self.calls, scenario.litter, ignores);
        let place = format!("{}/", self.recorded.display());
        let unsynced = unsynced.into_iter().map(|what| failure(Wrong::Unsynced, what.replace(&place, "")));
        helpers.chain(unsynced).collect()
    }

    fn jobs(&self, selection: Selection) -> Vec<Job> {
        let every = |step: usize| (0..self.points.len()).step_by(step.max(1)).filter(move |_| step > 0);
        let recovery = |index: usize| match selection.kills_of_recovery {
            step if step > 0 && index.is_multiple_of(step) => step,
            _ => 0,
        };
        let kills = every(selection.kills).map(|index| Job { index, fault: Fault::Kill, recovery: recovery(index) });
        let errors = every(selection.errors).enumerate().flat_map(|(turn, index)| {
            // Where every point is tried, each with every error; in a sample, each with the next.
            let chosen = if selection.errors == 1 { &ERRORS[..] } else { &ERRORS[turn % 3..=turn % 3] };
            chosen.iter().map(move |error| Job { index, fault: Fault::Errno(error), recovery: 0 })
        });
        kills.chain(errors).collect()
    }

    /// The number of runs with a fault, and what was wrong.
    fn run(&self, job: &Job, name: &str) -> (usize, Vec<Failure>) {
        let place = self.work.join(name);
        copy(&self.scenario.prepared, &place);
        let point = &self.points[job.index];
        let at = format!("{} {}", job.fault, point);
        let mut trial = Trial { matrix: self, place: place.clone(), at, failures: Vec::new() };
        let mut runs = 1;
        match inject(self.scenario, &self.scenario.command, &place, point, job.fault) {
            Err(missed) => trial.fail(Wrong::Missed, missed),
            Ok(ran) => {
                trial.look(Some(job.index));
                if job.fault != Fault::Kill {
                    trial.judge(&ran, job.index);
                }
                let (more, failures) = self.kill_recoveries(&trial, job.recovery);
                trial.complete();
                trial.failures.extend(failures);
                runs += more;
            }
        }
        std::fs::remove_dir_all(&place).unwrap();
        (runs, trial.failures)
    }

    /// Kills the recovery from a killed run too, at every `step`-th of its points.
    fn kill_recoveries(&self, killed: &Trial, step: usize) -> (usize, Vec<Failure>) {
        if step == 0 {
            return (0, Vec::new());
        }
        let scenario = self.scenario;
        let place = killed.place.with_extension("recovery");
        copy(&killed.place, &place);
        let (_, trace) = record(scenario, &scenario.again, &place);
        let main = trace.main_thread();
        let calls = trace.mutations(&scenario.roots_in(&place)).into_iter().filter(|call| call.thread == main);
        let points: Vec<Point> = calls.map(|call| Point::of(&call, &place, scenario.litter)).collect();
        std::fs::remove_dir_all(&place).unwrap();
        let mut failures = Vec::new();
        let chosen: Vec<&Point> = points.iter().step_by(step).collect();
        for point in &chosen {
            copy(&killed.place, &place);
            let at = format!("{}, then {point}", killed.at);
            let mut trial = Trial { matrix: self, place: place.clone(), at, failures: Vec::new() };
            match inject(scenario, &scenario.again, &place, point, Fault::Kill) {
                Err(missed) => trial.fail(Wrong::Missed, missed),
                Ok(_) => {
                    trial.look(None);
                    trial.complete();
                }
            }
            failures.extend(trial.failures);
            std::fs::remove_dir_all(&place).unwrap();
        }
        (chosen.len(), failures)
    }
}

/// A copy after a fault.
struct Trial<'a> {
    matrix: &'a Matrix<'a>,
    place: PathBuf,
    at: String,
    failures: Vec<Failure>,
}

impl Trial<'_> {
    fn fail(&mut self, wrong: Wrong, what: impl Into<String>) {
        self.failures.push(Failure { wrong, at: self.at.clone(), what: what.into() });
    }

    /// Each channel is whole; where the fault struck at the call of this index, it is the old one up to the call that
    /// changes it and the new one from then on.
    fn look(&mut self, index: Option<usize>) {
        let matrix = self.matrix;
        let now = channels(matrix.scenario, &self.place);
        for (number, tree) in now.iter().enumerate() {
            let name = matrix.scenario.channels[number].display();
            let (old, new) = (&matrix.old[number], &matrix.new[number]);
            let due = index.zip(matrix.commits[number]).map(|(index, commit)| if index <= commit { old } else { new });
            let is_right = due.map_or(tree == old || tree == new, |due| tree == due);
            if !is_right {
                let different = due.unwrap_or(old).differences(tree).to_string();
                self.fail(Wrong::Outage, format!("`{name}` is not what it has to be\n{different}"));
            }
        }
        if let Err(what) = (matrix.scenario.check)(&self.place) {
            self.fail(Wrong::Outage, what);
        }
    }

    /// A call has failed: the program says so and names a path, unless all is done and only clearing up has failed.
    fn judge(&mut self, ran: &Ran, index: usize) {
        let clears = ["unlink", "unlinkat", "rmdir"].contains(&self.matrix.points[index].name.as_str());
        let is_done = channels(self.matrix.scenario, &self.place) == self.matrix.new;
        if ran.code == 0 && !(clears && is_done) {
            self.fail(Wrong::Silent, "exit 0");
        } else if ran.code != 0 && !self.names_a_path(&ran.stderr) {
            self.fail(Wrong::Unnamed, format!("exit {}: {}", ran.code, ran.stderr));
        }
    }

    /// A root or a path below one, however the program writes it.
    fn names_a_path(&self, message: &str) -> bool {
        let roots = &self.matrix.scenario.roots;
        roots.iter().any(|root| ["/", "`"].iter().any(|end| message.contains(&format!("{}{end}", root.display()))))
    }

    /// Running it again leaves what an undisturbed run leaves.
    fn complete(&mut self) {
        let (matrix, scenario) = (self.matrix, self.matrix.scenario);
        let ran = run(scenario, &scenario.again, &self.place);
        if !scenario.again_exits.contains(&ran.code) {
            self.fail(Wrong::Refused, format!("exit {}: {}", ran.code, ran.stderr));
        }
        let tree = Tree::load(&self.place, scenario.tolerance);
        let litter = tree.litter(scenario.litter);
        if !litter.is_empty() {
            self.fail(Wrong::Litter, litter.join(" "));
        }
        let different = matrix.finished.differences(&tree);
        if !different.is_empty() {
            self.fail(Wrong::Different, format!("\n{different}"));
        }
        let events = events(scenario, &self.place);
        let lost: Vec<&str> =
            matrix.events.iter().filter(|event| !events.contains(event)).map(String::as_str).collect();
        if !lost.is_empty() {
            self.fail(Wrong::LostEvent, lost.join("\n"));
        }
        if let Err(what) = (scenario.check)(&self.place) {
            self.fail(Wrong::Outage, format!("once completed: {what}"));
        }
    }
}

fn channels(scenario: &Scenario, place: &Path) -> Vec<Tree> {
    scenario.channels.iter().map(|channel| Tree::load(&place.join(channel), scenario.tolerance)).collect()
}

/// The lines of the logs, times blanked.
fn events(scenario: &Scenario, place: &Path) -> Vec<String> {
    let read = |log: &PathBuf| std::fs::read(place.join(log)).unwrap_or_default();
    let text = |log: &PathBuf| String::from_utf8_lossy(&without_times(&read(log))).into_owned();
    scenario.logs.iter().flat_map(|log| text(log).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}
