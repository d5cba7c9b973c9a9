//! An oracle over specs of the world: `scripts/real-world specs FOLDER`.
//!
//! Every spec of the folder, whatever it is, is written as `rpmbuild` writes it, or refused with a line. The suite does not
//! depend on such a folder; a change of the rules is tried on one. The table at the end has what is refused, by construct.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use releng::rpm::srpm::{Parsed, Problem};

use super::bench::Bench;

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
    let Ok(text) = String::from_utf8(fs::read(path).unwrap()) else {
        return Verdict::Broken("it is not UTF-8".to_owned());
    };
    let parsed = match Parsed::parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            return match &error.problem {
                Problem::Broken(_) if Bench::rpm_refuses(&text) => Verdict::Broken(error.to_string()),
                Problem::Broken(_) => Verdict::Different(format!("rpm reads it: {error}")),
                _ => Verdict::Beyond(error.to_string()),
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
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let (slot, said) = match judge(path) {
            Verdict::Equal => (0, "equal".to_owned()),
            Verdict::Beyond(why) => (1, format!("refused: {why}")),
            Verdict::Broken(why) => (2, format!("broken: {why}")),
            Verdict::RefusedByRpmbuild(why) => (3, format!("rpmbuild refuses: {why}")),
            Verdict::Different(how) => (4, format!("DIFFERENT: {how}")),
        };
        counts[slot] += 1;
        if slot == 1 {
            *refused.entry(said.split('`').nth(1).unwrap_or(&said).to_owned()).or_default() += 1;
        }
        println!("{}: {said}", path.display());
    }
    let mut refused: Vec<(usize, String)> = refused.into_iter().map(|(what, count)| (count, what)).collect();
    refused.sort_by(|one, other| other.cmp(one));
    for (count, what) in refused {
        println!("{count:4} refused for `{what}`");
    }
    let [equal, beyond, broken, theirs, different] = counts;
    println!(
        "{} specs: {equal} equal, {beyond} refused, {broken} broken, {theirs} refused by rpmbuild only",
        paths.len()
    );
    assert_eq!(different, 0, "specs differ");
}
