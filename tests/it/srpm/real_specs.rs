//! An oracle over specs of the world: `scripts/real-world specs FOLDER`.
//!
//! Every spec of the folder, whatever it is, is written as `rpmbuild` writes it, or refused with a line. The suite does not
//! depend on such a folder; a change of the rules is tried on one.

use std::fs;
use std::path::{Path, PathBuf};

use releng::rpm::srpm::{Parsed, Problem};
use xshell::cmd;

use super::bench::{Bench, shell};

/// What became of a spec.
#[derive(PartialEq, Eq)]
enum Verdict {
    Equal,
    Beyond(String),
    Broken(String),
    RefusedByRpmbuild(String),
    Different(String),
}

fn judge(path: &Path) -> Verdict {
    let name = path.file_stem().unwrap().to_string_lossy();
    let text = fs::read_to_string(path).unwrap();
    let parsed = match Parsed::parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let shell = shell();
            // A spec with an error in its changelog is read up to there, with exit code 0.
            let said = cmd!(shell, "rpmspec -P {path}").quiet().ignore_status().output().unwrap().stderr;
            let is_read_by_rpm = !String::from_utf8_lossy(&said).contains("error:");
            return match (&error.problem, is_read_by_rpm) {
                (Problem::Beyond(_) | Problem::WithoutSources(_), _) => Verdict::Beyond(error.to_string()),
                (Problem::Broken(_), false) => Verdict::Broken(error.to_string()),
                (Problem::Broken(_), true) => Verdict::Different(format!("rpm reads it: {error}")),
            };
        }
    };
    let bench = Bench::with(&name, &text, parsed);
    match bench.theirs() {
        Err(error) => Verdict::RefusedByRpmbuild(error.to_string()),
        Ok(theirs) if !theirs.exists() => Verdict::Different("another file name".to_owned()),
        Ok(theirs) => match bench.differences(&theirs).join("\n") {
            none if none.is_empty() => Verdict::Equal,
            some => Verdict::Different(some),
        },
    }
}

#[test]
#[ignore = "reads the folder that RELENG_SPECS names: scripts/real-world"]
fn real_specs() {
    let folder = std::env::var_os("RELENG_SPECS").expect("RELENG_SPECS names a folder of specs");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut counts = [0; 5];
    for path in &paths {
        let (slot, said) = match judge(path) {
            Verdict::Equal => (0, "equal".to_owned()),
            Verdict::Beyond(why) => (1, format!("refused: {why}")),
            Verdict::Broken(why) => (2, format!("broken: {why}")),
            Verdict::RefusedByRpmbuild(why) => (3, format!("rpmbuild refuses: {why}")),
            Verdict::Different(how) => (4, format!("DIFFERENT: {how}")),
        };
        counts[slot] += 1;
        println!("{}: {said}", path.display());
    }
    let [equal, beyond, broken, theirs, different] = counts;
    println!(
        "{} specs: {equal} equal, {beyond} refused, {broken} broken, {theirs} refused by rpmbuild only",
        paths.len()
    );
    assert_eq!(different, 0, "specs differ");
}
