//! Packages with a few changes each: none that `rpm -K` refuses is taken, and what it takes is refused only by a rule that is named.
//!
//! Most changes are followed by new digests in the signature header, so that it is the rules that decide, not a digest.
//! `MUTATIONS` is the number of packages, `MUTATION_SEED` the first of them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use releng::base::digest::digest_of;
use releng::base::package_digest::PackageHash;
use releng::repository::repodata::Fragments;
use releng::rpm::package::PackageFile;

use super::{TIMESTAMP, build_varied};
use crate::support::dice::Dice;
use crate::support::program::{Sandbox, run_in};

/// The packages of one call of rpm.
const BATCH: u64 = 500;

/// Refusals of what `rpm -K` takes: a part of the message, and the reason.
const STRICTER: [(&str, &str); 5] = [
    ("the header has it twice", "rpm finds one value in one place and the other elsewhere"),
    ("it names a folder that the header does not have", "rpm finds this only when it installs the package"),
    ("its list does not have the length of the lists beside it", "rpm finds this only when it installs the package"),
    ("is not the name of a package: `name-version-release.arch`", "rpm takes names that no file or address can have"),
    ("its header has no ", "a package without name, version or architecture cannot be named in a repository"),
];

/// A sound package in its parts.
#[derive(Clone)]
struct Parts {
    /// The lead, the signature header and its padding.
    before: Vec<u8>,
    header: Vec<u8>,
    payload: Vec<u8>,
}

impl Parts {
    fn read(path: &Path) -> Parts {
        let head = PackageFile::read(path).unwrap().head;
        let (before, header) = (head.before_header.clone(), head.header.bytes().to_vec());
        let payload = std::fs::read(path).unwrap()[before.len() + header.len()..].to_vec();
        Parts { before, header, payload }
    }

    /// The digests that the signature header has: SHA-256 and SHA-1 of the header in digits, MD5 of header and payload.
    fn digests(header: &[u8], payload: &[u8]) -> [Vec<u8>; 3] {
        let mut md5 = PackageHash::md5();
        md5.add(header);
        let mut sha1 = PackageHash::sha1();
        sha1.add(header);
        [digest_of(header).to_string().into_bytes(), sha1.finish_text().into_bytes(), md5.of(payload)]
    }

    /// A package with one to three changes.
    fn mutated(&self, dice: &mut Dice) -> Vec<u8> {
        let (mut before, mut header, mut payload) = (self.before.clone(), self.header.clone(), self.payload.clone());
        for _ in 0..=dice.roll(3) {
            match dice.roll(12) {
                0 => flip(&mut before, dice),
                1 => flip(&mut payload, dice),
                2 => change_index(&mut before[96..], dice),
                3 => change_size(&mut header, dice),
                4 => resize(&mut header, dice),
                5 => copy_entry(&mut header, dice),
                6 | 7 => flip(&mut header, dice),
                _ => change_index(&mut header, dice),
            }
        }
        let mut package = match dice.roll(8) {
            0 => [before, header, payload].concat(),
            _ => Parts { before, ..self.clone() }.joined(&header, &payload),
        };
        if dice.roll(40) == 0 {
            package.truncate(dice.roll(package.len()));
        }
        package
    }

    /// A package of another header and payload, with their digests.
    fn joined(&self, header: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut before = self.before.clone();
        let old = Parts::digests(&self.header, &self.payload);
        for (old, new) in old.iter().zip(Parts::digests(header, payload)) {
            if let Some(at) = before.windows(old.len()).position(|part| part == old) {
                before[at..at + old.len()].copy_from_slice(&new);
            }
        }
        [&before, header, payload].concat()
    }
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    bytes[dice.roll(bytes.len())] ^= 1 << dice.roll(8);
}

/// The number of entries of the index, as far as they are in the bytes.
fn entries(header: &[u8]) -> usize {
    let count = u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize;
    count.clamp(1, (header.len() - 16) / 16)
}

/// Changes tag, type, offset or count of an entry.
fn change_index(header: &mut [u8], dice: &mut Dice) {
    let at = 16 + 16 * dice.roll(entries(header)) + 4 * dice.roll(4);
    let old = u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
    let other = 16 + 16 * dice.roll(entries(header)) + 4 * dice.roll(4);
    let new = match dice.roll(8) {
        0 => dice.roll(12) as u32,
        1 => old.wrapping_add(1),
        2 => old.wrapping_sub(1),
        3 => old ^ 1 << dice.roll(32),
        4 => [u32::MAX, 1 << 31, (1 << 31) - 1, 0xffff, 0xf_ffff][dice.roll(5)],
        5 => 1000 + dice.roll(170) as u32,
        6 => 4 * dice.roll(header.len() / 4) as u32,
        _ => u32::from_be_bytes(header[other..other + 4].try_into().unwrap()),
    };
    header[at..at + 4].copy_from_slice(&new.to_be_bytes());
}

/// Changes the number of tags or the size of the data.
fn change_size(header: &mut [u8], dice: &mut Dice) {
    let at = 8 + 4 * dice.roll(2);
    let old = u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
    let new = [old.wrapping_add(1), old.wrapping_sub(1), 0, u32::MAX, old.wrapping_add(16), old.wrapping_sub(16)]
        [dice.roll(6)];
    header[at..at + 4].copy_from_slice(&new.to_be_bytes());
}

/// Adds or removes bytes of the data, and says so in its size or not.
fn resize(header: &mut Vec<u8>, dice: &mut Dice) {
    let count = 1 + dice.roll(32);
    let at = (16 + 16 * entries(header) + dice.roll(header.len())).min(header.len() - count);
    let size = u32::from_be_bytes(header[12..16].try_into().unwrap());
    let new = if dice.roll(2) == 0 {
        header.drain(at..at + count);
        size.wrapping_sub(count as u32)
    } else {
        header.splice(at..at, std::iter::repeat_n(dice.roll(256) as u8, count));
        size.wrapping_add(count as u32)
    };
    if dice.roll(4) > 0 {
        header[12..16].copy_from_slice(&new.to_be_bytes());
    }
}

/// Writes an entry of the index over another one, or exchanges the two.
fn copy_entry(header: &mut [u8], dice: &mut Dice) {
    let (one, other) = (16 + 16 * dice.roll(entries(header)), 16 + 16 * dice.roll(entries(header)));
    let old: [u8; 16] = header[other..other + 16].try_into().unwrap();
    header.copy_within(one..one + 16, other);
    if dice.roll(2) == 0 {
        header[one..one + 16].copy_from_slice(&old);
    }
}

/// What is made of a package here: the reason of a refusal.
fn read_here(path: &Path) -> Result<(), String> {
    let read = catch_unwind(AssertUnwindSafe(|| match PackageFile::read(path) {
        Ok(package) => {
            drop(Fragments::of(&package, "noarch/package.rpm", TIMESTAMP));
            Ok(())
        }
        Err(error) => Err(format!("{error:#}")),
    }));
    read.unwrap_or_else(|_| panic!("a panic at {}", path.display()))
}

/// The same, whatever the name of the file: another name in the header is no fault of the package.
fn read_renamed(path: PathBuf) -> (PathBuf, Result<(), String>) {
    let read = read_here(&path);
    let wanted = read.as_ref().err().and_then(|why| why.split_once("the file name is `")?.1.strip_suffix('`'));
    match wanted.filter(|name| name.len() < 200 && !name.contains('/')) {
        None => (path, read),
        Some(name) => {
            let renamed = path.with_file_name(name);
            std::fs::rename(&path, &renamed).unwrap();
            let read = read_here(&renamed);
            (renamed, read)
        }
    }
}

/// What rpm says of each package: the lines about it, unless it takes it.
fn read_by_rpm(paths: &[PathBuf]) -> Vec<Result<(), String>> {
    let names: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let ran = run_in(Path::new("/"), "timeout", &[&["60", "rpm", "-K", "--nosignature"], &names[..]].concat(), &[]);
    let said = |name: &str| {
        // Of a package that cannot be read, only the name is printed, without a line end.
        if ran.stdout.lines().any(|line| line.ends_with(&format!("{name}: digests OK"))) {
            return Ok(());
        }
        let about = ran.stderr.lines().chain(ran.stdout.lines()).filter(|line| line.contains(name));
        Err(about.map(|line| line.replace(name, "")).collect::<Vec<_>>().join("; "))
    };
    match (ran.code, paths) {
        (0..=100, _) => names.iter().map(|name| said(name)).collect(),
        (code, [_]) => vec![Err(format!("exit {code}: rpm itself has died of it, or hangs"))],
        _ => paths.chunks(paths.len().div_ceil(2)).flat_map(read_by_rpm).collect(),
    }
}

/// What rpm says of each digest.
fn details(path: &Path) -> String {
    run_in(Path::new("/"), "rpm", &["-Kv", "--nosignature", path.to_str().unwrap()], &[]).stdout
}

/// Whether `rpm -qp` reads it: some rules hold only when rpm joins the two headers.
fn is_read_by_rpm(path: &Path) -> bool {
    run_in(Path::new("/"), "rpm", &["-qp", "--nosignature", path.to_str().unwrap()], &[]).code == 0
}

#[test]
fn nothing_is_taken_that_rpm_refuses() {
    let number = |name: &str, or: u64| std::env::var(name).ok().map_or(or, |text| text.parse().unwrap());
    let (count, first) = (number("MUTATIONS", 2_000), number("MUTATION_SEED", 0));
    let sound = Sandbox::bare();
    let names = build_varied(sound.path());
    let packages: Vec<Parts> = names.iter().map(|name| Parts::read(&sound.join(name))).collect();
    let (mut wrong, mut slowest) = (Vec::new(), Duration::ZERO);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for batch in (first..first + count).step_by(BATCH as usize) {
        let place = Sandbox::bare();
        let mut read = Vec::new();
        for seed in batch..(batch + BATCH).min(first + count) {
            let which = seed as usize % names.len();
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let path = place.join(&seed.to_string()).join(Path::new(&names[which]).file_name().unwrap());
            std::fs::create_dir(path.parent().unwrap()).unwrap();
            std::fs::write(&path, packages[which].mutated(&mut dice)).unwrap();
            let start = Instant::now();
            read.push((seed, read_renamed(path)));
            slowest = slowest.max(start.elapsed());
        }
        let paths: Vec<PathBuf> = read.iter().map(|(_, (path, _))| path.clone()).collect();
        for ((seed, (path, ours)), theirs) in read.into_iter().zip(read_by_rpm(&paths)) {
            let kind = match (ours, theirs) {
                (Ok(()), Ok(())) => "taken by both",
                (Err(_), Err(_)) => "refused by both",
                (Ok(()), Err(why)) => {
                    wrong.push(format!("{seed}: taken, and refused by rpm: {why}\n{}", details(&path)));
                    "taken here only"
                }
                (Err(_), Ok(())) if !is_read_by_rpm(&path) => "refused by both",
                (Err(why), Ok(())) => {
                    if !STRICTER.iter().any(|(part, _)| why.contains(part)) && !names_later_tag(&why) {
                        wrong.push(format!(
                            "{seed}: taken by rpm, and refused without a reason that is listed: {why}\n{}",
                            details(&path)
                        ));
                    }
                    "taken by rpm only"
                }
            };
            *counts.entry(kind).or_default() += 1;
        }
    }
    println!("{count} packages from {first}: {counts:?}, the slowest {slowest:?}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    assert!(counts.len() >= 3 && counts["taken by both"] > 0, "{counts:?}");
}

/// Tags of later versions of rpm than that of the tests: the types of others are compared with those that it knows.
const LATER_TAGS: [RangeInclusive<u32>; 2] = [278..=279, 5103..=5199];

/// Whether a refusal is that of the type of a tag that only later versions of rpm know.
fn names_later_tag(why: &str) -> bool {
    let of_type = why.strip_suffix(": its value does not have the type that rpm gives to this tag");
    let words = of_type.and_then(|why| why.rsplit([' ', '(']).next());
    words.and_then(|number| number.trim_end_matches(')').parse().ok()).is_some_and(is_later)
}

fn is_later(tag: u32) -> bool {
    LATER_TAGS.iter().any(|tags| tags.contains(&tag))
}

#[test]
fn each_tag_has_the_type_that_rpm_gives_to_it() {
    let place = Sandbox::bare();
    let names = build_varied(place.path());
    let name = names.iter().find(|name| name.contains("part-2")).unwrap();
    let parts = Parts::read(&place.join(name));
    let entry = |tag: u32| {
        let index = parts.header[16..].chunks_exact(16).position(|entry| entry[..4] == tag.to_be_bytes()).unwrap();
        16 + 16 * index
    };
    // BUILDTIME is a number of 32 bits, BUILDHOST a text.
    let (mut tried, mut paths) = (Vec::new(), Vec::new());
    for tag in (100..=280).chain(1000..=1200).chain(5000..=5199).filter(|tag| !is_later(*tag)) {
        for (kind, at) in [("number", entry(1006)), ("text", entry(1007))] {
            let mut header = parts.header.clone();
            header[at..at + 4].copy_from_slice(&tag.to_be_bytes());
            let path = place.join(&format!("{tag}/{kind}")).join(Path::new(name).file_name().unwrap());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, parts.joined(&header, &parts.payload)).unwrap();
            tried.push(format!("{tag} as {kind}"));
            paths.push(path);
        }
    }
    let mut differ = Vec::new();
    for ((what, path), theirs) in tried.iter().zip(&paths).zip(read_by_rpm(&paths)) {
        let is_wrong_here = read_here(path).is_err_and(|why| why.contains("the type that rpm gives"));
        let is_wrong_there = theirs.as_ref().is_err_and(|why| why.contains("BAD, tag"));
        if is_wrong_here != is_wrong_there {
            differ.push(format!("{what}: refused here: {is_wrong_here}, by rpm: {theirs:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
