//! All the faults of a scenario, and what they left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::inject::{Fault, Point, copy, points, record, run, strike};
use super::report::{Failure, Report, Wrong};
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

    /// What `CRASH_MATRIX` asks for: with `all` every fault at every point, and a second kill at every point of every
    /// recovery; with a number that step in place of `step`, and with `1/25` another step for recoveries. Else faults at every
    /// `step`-th point, and few recoveries.
    pub fn asked(step: usize) -> Selection {
        let asked = std::env::var("CRASH_MATRIX").unwrap_or_default();
        if asked == "all" {
            return Selection::ALL;
        }
        let (points, recoveries) = asked.split_once('/').unwrap_or((&asked, ""));
        let step = points.parse().unwrap_or(step);
        Selection { kills: step, errors: step, kills_of_recovery: recoveries.parse().unwrap_or(4 * step) }
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
        let (calls, points): (Vec<Call>, Vec<Point>) = points(scenario, &trace, &recorded).into_iter().unzip();
        assert!(!calls.is_empty(), "`{}` changes nothing below its roots", scenario.name);
        let commit = |channel: &PathBuf| {
            let path = recorded.join(channel);
            calls.iter().position(|call| call.name.starts_with("rename") && call.paths.get(1) == Some(&path))
        };
        let commits = scenario.channels.iter().map(commit).collect();
        let (new, events) = (channels(scenario, &plain), events(scenario, &plain));
        Matrix { scenario, work, trace, points, old, new, commits, finished, events, recorded }
    }

    /// What is wrong without any fault: writers besides the first thread, and the order of syncs.
    fn undisturbed_failures(&self) -> Vec<Failure> {
        let scenario = self.scenario;
        let failure = |wrong, what| Failure { wrong, at: "undisturbed".to_owned(), what };
        let all = self.trace.mutations(&scenario.roots_in(&self.recorded));
        let helpers = all.iter().filter(|call| call.thread != self.trace.main_thread());
        let helpers = helpers
            .filter(|_| !scenario.helpers_may_write)
            .map(|call| failure(Wrong::Helper, format!("thread {} calls {} {:?}", call.thread, call.name, call.paths)));
        let ignores = |path: &Path| path.ends_with("lock");
        let existed = |path: &Path| {
            path.strip_prefix(&self.recorded).is_ok_and(|path| scenario.prepared.join(path).symlink_metadata().is_ok())
        };
        // The folder that the roots are in is no point, and its sync counts all the same.
        let with_parents = self.trace.mutations(std::slice::from_ref(&self.recorded));
        let unsynced = order::check(&with_parents, scenario.litter, ignores, &existed);
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
        let point = &self.points[job.index];
        let at = format!("{} {}", job.fault, point);
        let mut trial = Trial { matrix: self, place: place.clone(), at, failures: Vec::new() };
        let mut runs = 1;
        match strike(self.scenario, &self.scenario.command, (&self.scenario.prepared, &place), point, job.fault) {
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
                std::fs::remove_dir_all(&place).unwrap();
            }
        }
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
        let points: Vec<Point> = points(scenario, &trace, &place).into_iter().map(|(_, point)| point).collect();
        std::fs::remove_dir_all(&place).unwrap();
        let mut failures = Vec::new();
        let chosen: Vec<&Point> = points.iter().step_by(step).collect();
        for point in &chosen {
            let at = format!("{}, then {point}", killed.at);
            let mut trial = Trial { matrix: self, place: place.clone(), at, failures: Vec::new() };
            match strike(scenario, &scenario.again, (&killed.place, &place), point, Fault::Kill) {
                Err(missed) => trial.fail(Wrong::Missed, missed),
                Ok(_) => {
                    trial.look(None);
                    trial.complete();
                    std::fs::remove_dir_all(&place).unwrap();
                }
            }
            failures.extend(trial.failures);
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
