//! Runs a command under strace: undisturbed, to learn its calls, or with one call that kills it or fails.
//!
//! A fault is planned by the name of a call and its ordinal, which strace counts for each thread. Without `-f` only the
//! first thread is traced; with it strace would count in each thread alone and hit whichever comes first. Whether the
//! fault struck where it was planned is read from the log afterwards: a run that missed has proved nothing.

use std::collections::BTreeMap;
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
    /// Among all calls of that name.
    pub ordinal: usize,
    /// Relative to the copy, names that change from run to run blanked.
    pub paths: Vec<String>,
    /// Among the calls of that name with these paths, from 1: this and the paths say which call it is, even where a call
    /// of the system library that is not made in each run shifts the ordinal.
    pub nth: usize,
    /// Relative to the copy, as it is; empty where it is elsewhere. Where the program calls its temporary files the same
    /// in each run, this is the file.
    pub file: PathBuf,
    /// Among the calls of that name that have that file as any of their paths, from 1: what strace's `when=` counts with `-P`.
    pub nth_of_file: usize,
}

/// The calls of the first thread that change something below the roots, and the same as points.
pub fn points(scenario: &Scenario, trace: &Trace, place: &Path) -> Vec<(Call, Point)> {
    let roots = scenario.roots_in(place);
    let all = identified(trace, place, scenario.litter);
    all.into_iter().filter(|(call, _)| call.changes(&roots)).collect()
}

/// The calls of the first thread, each with what it is.
fn identified(trace: &Trace, place: &Path, is_litter: fn(&str) -> bool) -> Vec<(Call, Point)> {
    let mut seen: BTreeMap<(String, Vec<String>), usize> = BTreeMap::new();
    let mut seen_of_file: BTreeMap<(String, PathBuf), usize> = BTreeMap::new();
    let main = trace.main_thread();
    let calls = trace.calls.iter().filter(|call| call.thread == main);
    let with_point = |call: &Call| {
        let paths: Vec<String> = call.paths.iter().map(|path| blanked(path, place, is_litter)).collect();
        let nth = seen.entry((call.name.clone(), paths.clone())).or_default();
        *nth += 1;
        let mut files: Vec<&Path> = call.paths.iter().filter_map(|path| path.strip_prefix(place).ok()).collect();
        let file = call.paths.first().and_then(|path| path.strip_prefix(place).ok()).unwrap_or(Path::new(""));
        files.dedup();
        for file in files {
            *seen_of_file.entry((call.name.clone(), file.to_owned())).or_default() += 1;
        }
        let nth_of_file = seen_of_file.get(&(call.name.clone(), file.to_owned())).copied().unwrap_or(0);
        let (name, ordinal, file) = (call.name.clone(), call.ordinal, file.to_owned());
        (call.clone(), Point { name, ordinal, paths, nth: *nth, file, nth_of_file })
    };
    calls.map(with_point).collect()
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
    run_with(scenario, place, &command[0], &arguments)
}

/// Runs `command` in `place`, undisturbed, and records the calls of all its threads and children.
pub fn record(scenario: &Scenario, command: &[String], place: &Path) -> (Ran, Trace) {
    let log = log_path(place);
    let ran = strace(scenario, command, place, &["-f", "-e", &format!("trace={TRACED}")], &log);
    let trace = read(&log, place);
    (ran, trace)
}

/// Runs `command` in a new copy `place` of `from` with a fault at `point`. Errors: the fault struck somewhere else, or
/// nowhere, also where it was aimed a little to either side; then there is no copy.
pub fn strike(
    scenario: &Scenario,
    command: &[String],
    (from, place): (&Path, &Path),
    point: &Point,
    fault: Fault,
) -> Result<Ran, String> {
    let at = |aside: isize| point.ordinal.checked_add_signed(aside).filter(|at| *at > 0);
    let in_order = |aside| at(aside).map(|ordinal| (Point { ordinal, ..point.clone() }, None));
    // How many calls of a name come before this one differs from run to run: a handler of SIGCHLD writes to a pipe, in
    // whichever thread the signal finds, and a program waits more or less. How many of them are on its file does not. Where a
    // temporary file has another name each time, or is named relative to an open folder, strace does not find it by its path.
    let of_file = (point.file != Path::new(""))
        .then(|| (Point { ordinal: point.nth_of_file, ..point.clone() }, Some(place.join(&point.file))));
    let first = if point.name == "write" { [of_file, in_order(0)] } else { [in_order(0), of_file] };
    // It was seen more than three calls aside, behind reads of loose objects in the repository of this program.
    let aside = [1, -1, 0].into_iter().chain((2..=8).flat_map(|far| [far, -far]));
    let mut missed = String::new();
    for (point, file) in first.into_iter().chain(aside.map(in_order)).flatten() {
        copy(from, place);
        match inject(scenario, command, place, &point, fault, file.as_deref()) {
            Ok(ran) => return Ok(ran),
            Err(how) => missed = how,
        }
        std::fs::remove_dir_all(place).unwrap();
    }
    Err(missed)
}

/// Runs `command` in `place` with a fault at `point`, of which the ordinal is among the calls on `file` where that is
/// given. Errors: the fault struck somewhere else, or nowhere.
fn inject(
    scenario: &Scenario,
    command: &[String],
    place: &Path,
    point: &Point,
    fault: Fault,
    file: Option<&Path>,
) -> Result<Ran, String> {
    let log = log_path(place);
    let Point { name, ordinal, .. } = point;
    let traced = format!("trace={name},chdir,fchdir");
    let what = match fault {
        Fault::Kill => "signal=SIGKILL".to_owned(),
        Fault::Errno(error) => format!("error={error}"),
    };
    let injected = format!("inject={name}:{what}:when={ordinal}");
    let file = file.map(|file| file.display().to_string());
    let file = file.iter().flat_map(|file| ["-P", file]);
    let options: Vec<&str> = ["-e", &traced, "-e", &injected].into_iter().chain(file).collect();
    let ran = strace(scenario, command, place, &options, &log);
    let trace = read(&log, place);
    struck(&trace, point, fault, place, scenario.litter)?;
    Ok(ran)
}

/// Whether a run's log shows the fault at its point.
fn struck(trace: &Trace, point: &Point, fault: Fault, place: &Path, is_litter: fn(&str) -> bool) -> Result<(), String> {
    let all = identified(trace, place, is_litter);
    let calls: Vec<&(Call, Point)> = all.iter().filter(|(call, _)| call.name == point.name).collect();
    let Some((call, found)) = calls.get(point.ordinal - 1) else {
        return Err(format!("only {} calls of `{}` were made", calls.len(), point.name));
    };
    // With only the calls on one file in the log, those of other files with the same blanked paths are not counted.
    let is_same_file = (&found.file, found.nth_of_file) == (&point.file, point.nth_of_file);
    if found.paths != point.paths || found.nth != point.nth && !is_same_file {
        return Err(format!("it struck `{found}`, number {} there", found.nth));
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
    run_with(scenario, place, "timeout", &arguments)
}

/// Runs a program with the variables of the scenario and an empty temporary folder of its own, beside the copy: what other runs
/// have in theirs must not change the number of calls.
fn run_with(scenario: &Scenario, place: &Path, program: &str, arguments: &[&str]) -> Ran {
    let scratch = place.with_extension("tmp");
    drop(std::fs::remove_dir_all(&scratch));
    std::fs::create_dir(&scratch).unwrap();
    let mut variables: Vec<(&str, &str)> = vec![("TMPDIR", scratch.to_str().unwrap())];
    variables.extend(scenario.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    run_in(place, program, arguments, &variables)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What `struck` says of a log about a fault planned for the second `rename`, of `b`.
    fn said(log: &[&str], fault: Fault) -> Result<(), String> {
        let point = Point {
            name: "rename".into(),
            ordinal: 2,
            paths: vec!["b".into(), "*".into()],
            nth: 1,
            file: "b".into(),
            nth_of_file: 1,
        };
        struck(&parse(&log.join("\n"), Path::new("/w")), &point, fault, Path::new("/w"), |name| name.starts_with('.'))
    }

    #[test]
    fn a_fault_that_struck_elsewhere_proves_nothing() {
        const FIRST: &str = r#"rename("\x61", "\x63") = 0"#;
        const KILLED: &str = r#"rename("\x62", "\x2e\x31") = ?"#;
        const TWICE: &str = r#"rename("\x62", "\x2e\x32") = 0"#;
        const OTHER: &str = r#"rename("\x61", "\x2e\x31") = ?"#;
        const END: &str = "+++ killed by SIGKILL +++";
        let failed = KILLED.replace("?", "-1 EIO (Input/output error) (INJECTED)");
        assert_eq!(said(&[FIRST, KILLED, END], Fault::Kill), Ok(()));
        assert_eq!(said(&[FIRST, &failed, "+++ exited with 1 +++"], Fault::Errno("EIO")), Ok(()));
        for (log, fault, words) in [
            (&[FIRST, END][..], Fault::Kill, "only 1 calls"),
            (&[FIRST, OTHER, END], Fault::Kill, "it struck `rename #2 a -> *`"),
            (&[TWICE, KILLED, END], Fault::Kill, "it struck `rename #2 b -> *`, number 2 there"),
            (&[FIRST, KILLED], Fault::Kill, "was not hit"),
            (&[FIRST, KILLED, END], Fault::Errno("EIO"), "was not hit"),
        ] {
            assert!(said(log, fault).unwrap_err().contains(words), "{log:?}");
        }
    }
}
