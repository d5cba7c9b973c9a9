//! Each help that the program prints is followed by a test: the test makes the situation, takes the command out of the `help:` line, runs
//! it, and the situation is gone.
//!
//! [`list`] has a row for each help text in the sources, with the test that follows it or the reason why no test can. The other modules
//! have those of these tests that are about nothing else.

mod crates;
mod keys;
mod list;
mod lost_files;
mod lost_key;
mod merge;
mod next_key;
mod project;
mod promotion;
mod repository;
mod respond;
mod rpm;
mod staging;
mod template;
mod texts;
mod verify;

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::program::{PROGRAM, Ran, run_in};
use crate::support::site::NOW;
use crate::support::{root, text_of};
use list::{Followed, rows};
use texts::help_texts;

/// The words between backticks on the lines of a run; those of the error itself come last.
fn commands_of(ran: &Ran) -> Vec<String> {
    let (errors, helps): (Vec<&str>, Vec<&str>) = ran.stderr.lines().partition(|line| line.starts_with("error: "));
    let lines = helps.into_iter().chain(errors);
    lines.flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Runs, as a shell does, the command of a help that contains `part`. Each placeholder in it is replaced.
#[track_caller]
pub fn follow(folder: &Path, ran: &Ran, part: &str, fill: &[(&str, &str)]) -> Ran {
    let commands = commands_of(ran);
    let found = commands.iter().find(|command| command.contains(part));
    let mut command = found.unwrap_or_else(|| panic!("no `{part}` in {commands:?}:\n{}", ran.stderr)).clone();
    for (placeholder, value) in fill {
        assert!(command.contains(placeholder), "no `{placeholder}` in `{command}`");
        command = command.replace(placeholder, value);
    }
    run_shell(folder, &command)
}

/// Runs a command line with the program under its own name. The home of the user is a new folder.
pub fn run_shell(folder: &Path, command: &str) -> Ran {
    let programs = Path::new(PROGRAM).parent().unwrap().display();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let home = folder.join("../home").display().to_string();
    run_in(folder, "sh", &["-c", command], &[("PATH", &path), ("RELENG_NOW", NOW), ("HOME", &home)])
}

#[test]
fn each_help_is_followed_by_a_test() {
    let mut open: BTreeSet<(String, String)> = BTreeSet::new();
    for (file, source) in crate::architecture::own_sources() {
        open.extend(help_texts(&file, &source).into_iter().map(|text| (file.clone(), text)));
    }
    assert!(open.len() > 180, "{}", open.len());
    let mut idle = Vec::new();
    for (file, begin, followed) in rows() {
        let count = open.len();
        open.retain(|(of, text)| of != file || !text.starts_with(begin));
        if open.len() == count {
            idle.push((file, begin));
        }
        match followed {
            Followed::By(test) => require_test(test),
            Followed::No(reason) => assert!(reason.split(' ').count() > 3, "{file}: {begin}: {reason}"),
        }
    }
    assert!(idle.is_empty(), "no help begins so: {idle:#?}; without a row: {open:#?}");
    assert!(open.is_empty(), "a help needs a row with the test that follows it: {open:#?}");
}

/// Fails unless there is a test with this path: of this program, or in a file of the sources.
#[track_caller]
fn require_test(path: &str) {
    let (file, name) = path.rsplit_once("::").unwrap();
    let file = if file.ends_with(".rs") { file.to_owned() } else { format!("tests/it/{}.rs", file.replace("::", "/")) };
    assert!(root().join(&file).exists(), "{path}: there is no {file}");
    assert!(
        text_of(&file).contains(&format!("#[test]\nfn {name}()"))
            || text_of(&file).contains(&format!("#[test]\n    fn {name}()")),
        "there is no test {path}"
    );
}
