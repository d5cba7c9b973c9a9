//! What repodata says about the dependencies of a package, by the rules of createrepo_c (`cr_package_from_header`).
//!
//! dnf resolves with these lists, so that they leave out what no other package can provide: features of rpm, and what the package
//! itself has.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::rpm::header::blob::PackageHeader;
use crate::rpm::header::contents::{DependencyKind, ListedPath, StatedDependency, sense};
use crate::rpm::header::text::read_text;
use crate::rpm::nevra::compare_evr;

/// A dependency as repodata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedDependency<'h> {
    pub name: &'h [u8],
    /// Such as `GE`; empty for all versions.
    pub operator: &'static str,
    pub epoch: &'h [u8],
    pub version: &'h [u8],
    pub release: &'h [u8],
    /// Whether it must be installed before a scriptlet runs.
    pub is_pre: bool,
}

/// All dependencies of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribedDependencies<'h> {
    pub provides: Vec<DescribedDependency<'h>>,
    pub requires: Vec<DescribedDependency<'h>>,
    pub conflicts: Vec<DescribedDependency<'h>>,
    pub obsoletes: Vec<DescribedDependency<'h>>,
    pub suggests: Vec<DescribedDependency<'h>>,
    pub enhances: Vec<DescribedDependency<'h>>,
    pub recommends: Vec<DescribedDependency<'h>>,
    pub supplements: Vec<DescribedDependency<'h>>,
}

/// Reads the dependencies of a package with these files.
pub fn describe_dependencies<'h>(header: &'h PackageHeader, files: &[ListedPath<'h>]) -> DescribedDependencies<'h> {
    let mut described = DescribedDependencies::default();
    let mut requirements = Requirements::new(header, files);
    for kind in DependencyKind::ALL {
        for stated in header.dependencies(kind) {
            if kind == DependencyKind::Requires && requirements.is_left_out(&stated) {
                continue;
            }
            let Some(dependency) = describe(kind, &stated) else { continue };
            let is_strong = stated.flags & sense::STRONG != 0;
            match kind {
                DependencyKind::Provides => described.provides.push(dependency),
                DependencyKind::Conflicts => described.conflicts.push(dependency),
                DependencyKind::Obsoletes => described.obsoletes.push(dependency),
                DependencyKind::Requires if stated.flags & sense::MISSINGOK != 0 => {
                    described.recommends.push(dependency);
                }
                DependencyKind::Requires => requirements.push(&stated, dependency),
                DependencyKind::Recommends => described.recommends.push(dependency),
                DependencyKind::OldSuggests if is_strong => described.recommends.push(dependency),
                DependencyKind::Suggests | DependencyKind::OldSuggests => described.suggests.push(dependency),
                DependencyKind::Supplements => described.supplements.push(dependency),
                DependencyKind::OldEnhances if is_strong => described.supplements.push(dependency),
                DependencyKind::Enhances | DependencyKind::OldEnhances => described.enhances.push(dependency),
            }
        }
    }
    described.requires = requirements.finish();
    described
}

/// `None` if the epoch is not a number: repodata leaves out such a dependency.
fn describe<'h>(kind: DependencyKind, stated: &StatedDependency<'h>) -> Option<DescribedDependency<'h>> {
    let (epoch, version, release) = split_evr(stated.version)?;
    Some(DescribedDependency {
        name: stated.name,
        operator: operator(stated.flags),
        epoch,
        version,
        release,
        is_pre: kind == DependencyKind::Requires && is_pre(stated),
    })
}

fn is_pre(stated: &StatedDependency<'_>) -> bool {
    stated.flags & sense::BEFORE_SCRIPTLETS != 0
}

/// The operator as repodata writes it; empty where the flags have none.
fn operator(flags: u32) -> &'static str {
    const LESS_OR_EQUAL: u32 = sense::LESS | sense::EQUAL;
    const GREATER_OR_EQUAL: u32 = sense::GREATER | sense::EQUAL;
    match flags & 0xf {
        sense::LESS => "LT",
        sense::GREATER => "GT",
        sense::EQUAL => "EQ",
        LESS_OR_EQUAL => "LE",
        GREATER_OR_EQUAL => "GE",
        _ => "",
    }
}

/// The parts of `[epoch:]version[-release]`; all empty for an empty text. The release begins behind the first `-`.
fn split_evr(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    if text.is_empty() {
        return Some((b"", b"", b""));
    }
    let cut = |text: &[u8], mark: u8| text.iter().position(|byte| *byte == mark);
    let (epoch, rest) = match cut(text, b':') {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (&b""[..], text),
    };
    if !is_number(epoch) {
        return None;
    }
    let epoch = if epoch.is_empty() { b"0" } else { epoch };
    match cut(rest, b'-') {
        Some(dash) => Some((epoch, &rest[..dash], &rest[dash + 1..])),
        None => Some((epoch, rest, b"")),
    }
}

/// Whether a text is empty or a number as `strtol` reads it, with blanks and a sign before it.
fn is_number(text: &[u8]) -> bool {
    let digits = text.trim_ascii_start();
    let digits = digits.strip_prefix(b"-").or(digits.strip_prefix(b"+")).unwrap_or(digits);
    text.is_empty() || (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

/// Collects the requirements of a package.
struct Requirements<'h> {
    /// What the package provides: name, operator and version as stated.
    provided: HashSet<(&'h [u8], &'static str, &'h [u8])>,
    /// The paths of the package that repodata lists in `primary`.
    own_paths: HashSet<Vec<u8>>,
    /// The last requirement of each name: operator, version, and whether it is for a scriptlet.
    last: HashMap<&'h [u8], (&'static str, &'h [u8], bool)>,
    kept: Vec<DescribedDependency<'h>>,
    /// The one of the C library that includes all others.
    libc: Option<DescribedDependency<'h>>,
}

impl<'h> Requirements<'h> {
    fn new(header: &'h PackageHeader, files: &[ListedPath<'h>]) -> Requirements<'h> {
        let provided = header.dependencies(DependencyKind::Provides);
        let provided = provided.filter(|stated| split_evr(stated.version).is_some());
        let has_paths = header.dependencies(DependencyKind::Requires).any(|stated| stated.name.starts_with(b"/"));
        let own_paths = files.iter().filter(|_| has_paths).map(ListedPath::path).filter(|path| is_primary(path));
        Requirements {
            provided: provided.map(|stated| (stated.name, operator(stated.flags), stated.version)).collect(),
            own_paths: own_paths.collect(),
            last: HashMap::new(),
            kept: Vec::new(),
            libc: None,
        }
    }

    fn is_left_out(&self, stated: &StatedDependency<'h>) -> bool {
        let operator = operator(stated.flags);
        stated.name.starts_with(b"rpmlib(")
            || self.own_paths.contains(stated.name)
            || self.provided.contains(&(stated.name, operator, stated.version))
            || self.last.get(stated.name) == Some(&(operator, stated.version, is_pre(stated)))
    }

    fn push(&mut self, stated: &StatedDependency<'h>, dependency: DescribedDependency<'h>) {
        if stated.name.starts_with(b"libc.so.6") {
            let is_newer = |kept: &DescribedDependency<'h>| compare_libc(kept.name, dependency.name) == Ordering::Less;
            if self.libc.as_ref().is_none_or(is_newer) {
                self.libc = Some(dependency);
            }
            return;
        }
        self.last.insert(stated.name, (dependency.operator, stated.version, dependency.is_pre));
        self.kept.push(dependency);
    }

    fn finish(mut self) -> Vec<DescribedDependency<'h>> {
        self.kept.extend(self.libc);
        self.kept
    }
}

/// Whether repodata lists a path in `primary` too, so that dnf finds it without `filelists`.
pub fn is_primary(path: &[u8]) -> bool {
    path.starts_with(b"/etc/") || path == b"/usr/lib/sendmail" || path.windows(4).any(|part| part == b"bin/")
}

/// Compares two requirements of the C library: one with a version needs at least that version, and includes all older ones.
fn compare_libc(one: &[u8], other: &[u8]) -> Ordering {
    match (libc_rank(one), libc_rank(other)) {
        (LibcRank::Version(one), LibcRank::Version(other)) => compare_evr(["", &one, ""], ["", &other, ""]),
        (one, other) => one.number().cmp(&other.number()),
    }
}

/// What is in the first parentheses of a requirement such as `libc.so.6(GLIBC_2.4)(64bit)`; in ascending order.
enum LibcRank<'h> {
    NoParentheses,
    NotClosed,
    Empty,
    NoNumber,
    /// From the first digit on.
    Version(Cow<'h, str>),
}

impl LibcRank<'_> {
    fn number(&self) -> u8 {
        match self {
            LibcRank::NoParentheses => 0,
            LibcRank::NotClosed => 1,
            LibcRank::Empty => 2,
            LibcRank::NoNumber => 3,
            LibcRank::Version(_) => 4,
        }
    }
}

fn libc_rank(name: &[u8]) -> LibcRank<'_> {
    let Some(open) = name.iter().position(|byte| *byte == b'(') else { return LibcRank::NoParentheses };
    let rest = &name[open + 1..];
    let Some(close) = rest.iter().position(|byte| *byte == b')') else { return LibcRank::NotClosed };
    let inner = &rest[..close];
    if inner.is_empty() {
        return LibcRank::Empty;
    }
    match inner.iter().position(u8::is_ascii_digit) {
        Some(digit) => LibcRank::Version(read_text(&inner[digit..])),
        None => LibcRank::NoNumber,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_split_as_createrepo_c_splits_them() {
        for (text, expected) in [
            ("", Some(("", "", ""))),
            ("1", Some(("0", "1", ""))),
            ("2:1.0-3", Some(("2", "1.0", "3"))),
            ("1-2-3", Some(("0", "1", "2-3"))),
            (":1", Some(("0", "1", ""))),
            ("1:", Some(("1", "", ""))),
            ("-5:1", Some(("-5", "1", ""))),
            ("a:1", None),
            ("1x:1", None),
        ] {
            let expected =
                expected.map(|(epoch, version, release)| (epoch.as_bytes(), version.as_bytes(), release.as_bytes()));
            assert_eq!(split_evr(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn requirements_of_the_c_library_are_in_order() {
        let ascending = [
            "libc.so.6",
            "libc.so.6(GLIBC_2",
            "libc.so.6()(64bit)",
            "libc.so.6(GLIBC_ABI)(64bit)",
            "libc.so.6(GLIBC_2.4)(64bit)",
            "libc.so.6(GLIBC_2.34)(64bit)",
        ];
        for two in ascending.windows(2) {
            assert_eq!(compare_libc(two[0].as_bytes(), two[1].as_bytes()), Ordering::Less, "{two:?}");
        }
        assert_eq!(compare_libc(b"libc.so.6", b"libc.so.6"), Ordering::Equal);
    }
}
