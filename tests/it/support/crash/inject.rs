//! Runs a command under strace: undisturbed, to learn its calls, or with one call that kills it or fails.
//!
//! A fault is planned by the name of a call and its ordinal, which strace counts for each thread. Without `-f` only the
//! first thread is traced; with it strace would count in each thread alone and hit whichever comes first. Whether the
//! fault struck where it was planned is read from the log afterwards: a run that missed has proved nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Scenario;
use super::trace::{Call, Outcome, TRACED, Trace, parse};
use crate::support::program::{Ran, run_in};

/// No command here takes this long; one that does is ended, and counts as missed. In seconds.
const LIMIT: &str = "120";

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL in place of the call.
    Kill,
    /// The call does nothing and fails with this error.
    Errno(&'static str),
}

/// A call of the first thread: where a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub name: String,
    pub ordinal: usize,
    /// Relative to the copy, names that change from run to run blanked.
    pub paths: Vec<String>,
}

impl Point {
    /// The point of `call`, of a program that ran in `place`.
    pub fn of(call: &Call, place: &Path, is_litter: fn(&str) -> bool) -> Point {
        let paths = call.paths.iter().map(|path| blanked(path, place, is_litter)).collect();
        Point { name: call.name.clone(), ordinal: call.ordinal, paths }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{} {}", self.name, self.ordinal, self.paths.join(" -> "))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Kill => f.write_str("killed at"),
            Fault::Errno(error) => write!(f, "{error} at"),
        }
    }
}

fn blanked(path: &Path, place: &Path, is_litter: fn(&str) -> bool) -> String {
    let relative = path.strip_prefix(place).unwrap_or(path);
    let parts = relative.iter().map(|part| part.to_string_lossy());
    parts.map(|part| if is_litter(&part) { "*".into() } else { part }).collect::<Vec<_>>().join("/")
}

/// A copy of `from` in `place`, which is new: links, hard links, modes and dates kept.
pub fn copy(from: &Path, place: &Path) {
    let (from, to) = (format!("{}/.", from.display()), place.display().to_string());
    std::fs::create_dir(place).unwrap_or_else(|error| panic!("{to}: {error}"));
    run_in(Path::new("/"), "cp", &["-a", &from, &to], &[]).exits(0);
}

/// Runs `command` in `place`, undisturbed.
pub fn run(scenario: &Scenario, command: &[String], place: &Path) -> Ran {
    let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    run_in(place, &command[0], &arguments, &variables(scenario))
}

/// Runs `command` in `place`, undisturbed, and records the calls of all its threads and children.
pub fn record(scenario: &Scenario, command: &[String], place: &Path) -> (Ran, Trace) {
    let log = log_path(place);
    let ran = strace(scenario, command, place, &["-f", "-e", &format!("trace={TRACED}")], &log);
    let trace = read(&log, place);
    (ran, trace)
}

/// Runs `command` in `place` with a fault at `point`. Errors: the fault struck somewhere else, or nowhere.
pub fn inject(
    scenario: &Scenario,
    command: &[String],
    place: &Path,
    point: &Point,
    fault: Fault,
) -> Result<Ran, String> {
    let log = log_path(place);
    let Point { name, ordinal, .. } = point;
    let traced = format!("trace={name},chdir,fchdir");
    let what = match fault {
        Fault::Kill => "signal=SIGKILL".to_owned(),
        Fault::Errno(error) => format!("error={error}"),
    };
    let injected = format!("inject={name}:{what}:when={ordinal}");
    let ran = strace(scenario, command, place, &["-e", &traced, "-e", &injected], &log);
    let trace = read(&log, place);
    struck(&trace, point, fault, place, scenario.litter)?;
    Ok(ran)
}

/// Whether a run's log shows the fault at its point.
fn struck(trace: &Trace, point: &Point, fault: Fault, place: &Path, is_litter: fn(&str) -> bool) -> Result<(), String> {
    let calls: Vec<&Call> = trace.calls.iter().filter(|call| call.name == point.name).collect();
    let Some(call) = calls.get(point.ordinal - 1) else {
        return Err(format!("only {} calls of `{}` were made", calls.len(), point.name));
    };
    let found = Point::of(call, place, is_litter);
    if found != *point {
        return Err(format!("it struck `{found}`"));
    }
    let is_last = calls.len() == point.ordinal;
    let hit = match fault {
        Fault::Kill => is_last && trace.killed && call.outcome == Outcome::Unknown,
        Fault::Errno(_) => call.outcome == Outcome::Injected,
    };
    if hit { Ok(()) } else { Err(format!("the call ended as {:?} and was not hit", call.outcome)) }
}

fn strace(scenario: &Scenario, command: &[String], place: &Path, options: &[&str], log: &Path) -> Ran {
    let log = log.display().to_string();
    let mut arguments = vec!["--signal=KILL", LIMIT, "strace", "-y", "-xx", "-s", "0", "-o", &log];
    arguments.extend(options);
    arguments.push("--");
    arguments.extend(command.iter().map(String::as_str));
    run_in(place, "timeout", &arguments, &variables(scenario))
}

fn variables(scenario: &Scenario) -> Vec<(&str, &str)> {
    scenario.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Beside the copy, so that the log is no part of it.
fn log_path(place: &Path) -> PathBuf {
    place.with_extension("strace")
}

fn read(log: &Path, place: &Path) -> Trace {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    std::fs::remove_file(log).unwrap();
    parse(&text, place)
}
