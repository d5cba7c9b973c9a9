//! Looks the needed programs up, and asks each for its version.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::parallel;
use crate::base::process::{Program, help_to_install, is_executable, locate_program};
use crate::base::programs::KnownProgram;
use crate::base::text::one_line;
use crate::doctor::check::Check;
use crate::doctor::need::NeededProgram;

/// The time in which a program must have printed its version.
const LIMIT: Duration = Duration::from_secs(5);

/// The number of programs that are asked at the same time. They wait more than they compute.
const AT_ONCE: usize = 8;

/// A check for each program, in their order; `command` is the one that the person asks about.
pub fn check_programs(needed: &[NeededProgram], command: Option<&str>) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    parallel::map_in_order(
        needed.iter(),
        AT_ONCE.min(needed.len()),
        |need| Ok(check_program(need, command)),
        |check| {
            checks.push(check);
            Ok(())
        },
    )?;
    Ok(checks)
}

fn check_program(need: &NeededProgram, command: Option<&str>) -> Check {
    let NeededProgram { name, reasons, is_asked, commands } = need;
    let reasons = reasons.join(", ");
    let is_asked = *is_asked || command.is_some_and(|command| commands.contains(&command));
    let check = match find(name) {
        Ok(found) => Check::ok(name, format!("{found}, for {reasons}")),
        Err(failure) => {
            Check::fault(name, format!("{failure}: it is for {reasons}")).then(help_to_install(name)).asked(is_asked)
        }
    };
    check.of_commands(commands)
}

/// The version of a program, or its path if it prints no version.
fn find(name: &str) -> Result<String, Failure> {
    if name.starts_with('/') {
        let is_there = is_executable(Path::new(name));
        let failure = || Failure::new(Exit::Failed, format!("`{name}` is not a file that may be executed"));
        return if is_there { Ok("it is there".to_owned()) } else { Err(failure()) };
    }
    let path = match std::env::var_os("CARGO").filter(|_| name == "cargo") {
        Some(cargo) => cargo.into(), // the one that runs this program, as for the vendor archive
        None => locate_program(name)?,
    };
    let version = KnownProgram::find(name).and_then(|known| ask_for_version(&path, known.version_flag?));
    Ok(version.unwrap_or_else(|| format!("`{}`", path.display())))
}

/// The version that a program prints; `None` if it fails, which is for the command that runs it to report.
fn ask_for_version(path: &Path, flag: &str) -> Option<String> {
    let variables = vec![("LC_ALL", Some("C".to_owned())), ("LANGUAGE", None)];
    let program = Program {
        program: path.as_os_str(),
        args: vec![flag.into()],
        folder: Path::new("/"),
        variables,
        input: vec![],
    };
    let said = program.run_within(LIMIT).ok().filter(|said| said.status.success())?;
    let output = String::from_utf8_lossy(&said.output).into_owned();
    version_in(&one_line(output.lines().next()?)).map(str::to_owned)
}

/// The first word of a line that begins with a digit and has a dot, without what encloses it.
fn version_in(line: &str) -> Option<&str> {
    let words = line.split_whitespace().map(|word| word.trim_matches(['(', ')', ',']));
    words.into_iter().find(|word| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_the_first_line_of_each_program() {
        for (line, version) in [
            ("git version 2.39.5", Some("2.39.5")),
            ("gpg (GnuPG) 2.2.40", Some("2.2.40")),
            ("RPM version 4.18.0", Some("4.18.0")),
            ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", Some("7.88.1")),
            ("cargo 1.88.0 (873a06493 2025-05-10)", Some("1.88.0")),
            ("unshare from util-linux 2.38.1", Some("2.38.1")),
            ("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", Some("5.2.15(1)-release")),
            ("usage: x", None),
        ] {
            assert_eq!(version_in(line), version, "{line}");
        }
    }
}
