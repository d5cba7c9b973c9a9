//! Reads the names of tags whose form is not known: which may be those of releases.
//!
//! A release tag is a prefix, one to three numbers, and perhaps the release of a package or a word such as `-release`. The
//! prefix is nothing, a word such as `v`, or the name of a project, perhaps with `v` after it. Pre-releases, numbers of four
//! parts and dates are no releases.

use crate::base::number::{is_digits, parse_number};
use crate::history::release_tags::form::TagForm;
use crate::history::version::Version;

/// The words that stand before the numbers in any project, without the sign after them.
const WORDS: [&str; 5] = ["", "v", "release", "rel", "version"];
/// The signs between a word or a name and the numbers.
const SIGNS: [char; 4] = ['-', '_', '/', '.'];
/// The words that stand after the numbers.
const ENDS: [&str; 4] = ["-release", "_release", "-final", ".final"];

/// A tag that may be that of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCandidate {
    pub name: String,
    pub form: TagForm,
    pub version: Version,
    /// The name of a project in the tag, if it is not certain to be this one's.
    pub project: Option<String>,
    /// Whether the tag has the name of any project.
    pub is_named: bool,
}

/// The tags that may be those of releases of the project called `own`, highest version first, and of one version the shorter
/// name first.
///
/// If the name of the project is not known, the only name in tags is taken for it.
pub fn candidates<'t>(names: impl Iterator<Item = &'t str>, own: Option<&str>) -> Vec<TagCandidate> {
    let mut found = names.filter_map(|name| read(name, own)).collect::<Vec<_>>();
    match own {
        Some(_) => found.retain(|candidate| candidate.project.is_none()),
        None => {
            let first = found.iter().find_map(|candidate| candidate.project.clone());
            let is_only = found.iter().all(|candidate| candidate.project.is_none() || candidate.project == first);
            for candidate in found.iter_mut().filter(|_| is_only) {
                candidate.project = None;
            }
        }
    }
    found.sort_by(|left, right| {
        right
            .version
            .cmp(&left.version)
            .then_with(|| (left.name.len(), &left.name).cmp(&(right.name.len(), &right.name)))
    });
    found
}

/// Reads one name.
pub fn read(name: &str, own: Option<&str>) -> Option<TagCandidate> {
    split(name, own).into_iter().find_map(|(before, project, rest)| {
        let (form, version) = read_numbers(before, rest)?;
        let is_named = project.is_some() || !is_word(before);
        Some(TagCandidate { name: name.to_owned(), form, version, project, is_named })
    })
}

/// The first three of four numbers after a prefix, such as those of `v5.4.4.1`, and the form in which the fourth is not read.
pub fn read_longer(name: &str, own: Option<&str>) -> Option<(TagForm, Version)> {
    split(name, own).into_iter().find_map(|(before, project, rest)| {
        let form = TagForm::new(before, 3, Some('.'), "");
        let version = form.read(&format!("{before}{rest}")).ok()?;
        project.is_none().then_some((form, version))
    })
}

/// Whether a tag's name has numbers with dots, as that of a release in a form that is not read.
pub fn is_version_like(name: &str) -> bool {
    let numbers = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || "-_/".contains(letter));
    numbers.starts_with(|first: char| first.is_ascii_digit())
        && numbers.contains('.')
        && numbers.chars().all(|letter| letter.is_ascii_digit() || letter == '.' || letter == '-')
}

/// The ways to read a name: the prefix, the name of another project in it, and the rest, which begins with a digit.
fn split<'n>(name: &'n str, own: Option<&str>) -> Vec<(&'n str, Option<String>, &'n str)> {
    let mut ways = Vec::new();
    if let Some(begin) = own.and_then(|own| end_of_own_name(name, own)) {
        ways.push((&name[..begin], None, &name[begin..]));
    }
    let bytes = name.as_bytes();
    for begin in 0..bytes.len() {
        let is_digit_before = |distance: usize| begin >= distance && bytes[begin - distance].is_ascii_digit();
        let is_inside = is_digit_before(1) || (bytes[..begin].ends_with(b".") && is_digit_before(2));
        if !bytes[begin].is_ascii_digit() || is_inside {
            continue;
        }
        let (before, rest) = name.split_at(begin);
        if is_word(before) {
            ways.push((before, None, rest));
        } else if let Some(project) = project_in(before) {
            ways.push((before, Some(project.to_owned()), rest));
        }
    }
    ways
}

/// Where the numbers begin in a name that begins with the name of the project.
fn end_of_own_name(name: &str, own: &str) -> Option<usize> {
    let same =
        |left: u8, right: u8| left.eq_ignore_ascii_case(&right) || (b"-_".contains(&left) && b"-_".contains(&right));
    let (bytes, own) = (name.as_bytes(), own.as_bytes());
    let begins = bytes.len() > own.len() && bytes.iter().zip(own).all(|(left, right)| same(*left, *right));
    let rest = name.get(own.len()..).filter(|_| begins)?.strip_prefix(SIGNS)?;
    let rest = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
    rest.starts_with(|first: char| first.is_ascii_digit()).then(|| name.len() - rest.len())
}

fn is_word(before: &str) -> bool {
    let is_known = |text: &str| WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let without_v = before.strip_suffix(['v', 'V']).filter(|rest| rest.ends_with(SIGNS));
    [Some(before), before.strip_suffix(SIGNS), without_v, without_v.and_then(|rest| rest.strip_suffix(SIGNS))]
        .into_iter()
        .flatten()
        .any(|text| is_known(text) && (text.is_empty() == before.is_empty()))
}

/// The name of a project in a prefix such as `mock-core-configs-` or `grpc/v`. In `sssd-1_16_5`, the numbers have another form.
fn project_in(before: &str) -> Option<&str> {
    let rest = before.strip_suffix(['v', 'V']).filter(|rest| rest.ends_with(SIGNS)).unwrap_or(before);
    let project = rest.strip_suffix(['-', '_', '/'])?;
    let has_numbers = project
        .as_bytes()
        .windows(3)
        .any(|window| window[0].is_ascii_digit() && b"._-".contains(&window[1]) && window[2].is_ascii_digit());
    (project.starts_with(|first: char| first.is_ascii_alphabetic()) && !has_numbers).then_some(project)
}

/// One to three numbers, perhaps with a release or a word after them.
fn read_numbers(before: &str, rest: &str) -> Option<(TagForm, Version)> {
    let end = ENDS.iter().map(|end| rest.len().saturating_sub(end.len())).zip(ENDS);
    let begin_of_end =
        end.into_iter().find(|(begin, end)| rest.get(*begin..).is_some_and(|text| text.eq_ignore_ascii_case(end)));
    let (rest, after) = rest.split_at(begin_of_end.map_or(rest.len(), |(begin, _)| begin));
    let (numbers, release) = match rest.split_once('-') {
        Some((numbers, release)) => (numbers, Some(release)),
        None => (rest, None),
    };
    if release.is_some_and(|release| parse_number(release).is_none()) || is_date(numbers) {
        return None;
    }
    let form = TagForm::new(before, numbers.split('.').count(), release.map(|_| '-'), after);
    let version = form.read(&format!("{before}{rest}{after}")).ok()?;
    (numbers.split('.').count() <= 3).then_some((form, version))
}

/// Whether a number is a day, such as `20260817`.
fn is_date(number: &str) -> bool {
    number.len() == 8 && is_digits(number) && (number.starts_with("19") || number.starts_with("20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_releases() {
        for (name, own, expected) in [
            ("1.2", None, "X.Y 1.2.0"),
            ("366", None, "X 366.0.0"),
            ("v10.4.2", None, "vX.Y.Z 10.4.2"),
            ("release-2.3", None, "release-X.Y 2.3.0"),
            ("rel/1.1", None, "rel/X.Y 1.1.0"),
            ("release/v1.1", None, "release/vX.Y 1.1.0"),
            ("v.1.1", None, "v.X.Y 1.1.0"),
            ("1.32.0-3", None, "X.Y.Z-R 1.32.0"),
            ("tito-0.6.27-1", Some("tito"), "tito-X.Y.Z-R 0.6.27"),
            ("tito-0.6.27-1", None, "tito-X.Y.Z-R 0.6.27 of tito"),
            ("mock-core-configs-44.2-1", Some("mock"), "mock-core-configs-X.Y-R 44.2.0 of mock-core-configs"),
            ("mock-6.7-1", Some("mock"), "mock-X.Y-R 6.7.0"),
            ("Pacemaker-2.1.8", Some("pacemaker"), "Pacemaker-X.Y.Z 2.1.8"),
            ("python3_foo-v1.2", Some("python3-foo"), "python3_foo-vX.Y 1.2.0"),
            ("e2fsprogs-1.47", Some("e2fsprogs"), "e2fsprogs-X.Y 1.47.0"),
            ("python3-1.2", None, "python3-X.Y 1.2.0 of python3"),
            ("rpm-6.0.2-release", Some("rpm"), "rpm-X.Y.Z-release 6.0.2"),
        ] {
            let found = read(name, own).map(|found| {
                let project = found.project.map(|project| format!(" of {project}"));
                format!("{} {}{}", found.form, found.version, project.unwrap_or_default())
            });
            assert_eq!(found.as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn names_that_are_none() {
        for name in [
            "",
            "v",
            "nightly",
            "v1.1.0-rc1",
            "2.0~beta",
            "1.2.3.4",
            "2.3.x",
            "2024.2-eol",
            "02.05",
            "20260817",
            "2020-01-01",
            "r3.9",
            "rhel7.4",
            "f31-branch",
            "sos-3.0-1.el7",
            "1.2-",
            "1..2",
            "py2-compatibility-break",
            "v1.02",
            "bz1234",
            "1.1000000000",
            "\u{661}.\u{662}",
            "1.2-01",
            "sssd-1_16_5",
            "r16.4.9-1",
        ] {
            assert_eq!(read(name, None), None, "{name}");
        }
    }

    #[test]
    fn versions_in_another_spelling() {
        for name in ["v1.0", "1.0.1", "release-2.3", "foo-1.0-1", "r3.9", "1.2.3.4"] {
            assert!(is_version_like(name), "{name}");
        }
        for name in ["nightly", "v1", "v1.0-rc1", "2.3.x"] {
            assert!(!is_version_like(name), "{name}");
        }
    }

    #[test]
    fn longer_numbers() {
        for (name, form) in [("v5.4.4.1", "vX.Y.Z.R"), ("dnf5-5.4.4.1", "dnf5-X.Y.Z.R")] {
            let expected = (form.parse().unwrap(), Version::new(5, 4, 4));
            assert_eq!(read_longer(name, Some("dnf5")), Some(expected), "{name}");
        }
        for name in ["5.4.4", "5.4.4.x", "other-5.4.4.1", "1.2.3.4.5"] {
            assert_eq!(read_longer(name, Some("dnf5")), None, "{name}");
        }
    }

    #[test]
    fn of_the_names_of_projects_the_own_one_counts() {
        let names = |own, tags: &[&str]| {
            let found = candidates(tags.iter().copied(), own);
            found.into_iter().filter(|found| found.project.is_none()).map(|found| found.name).collect::<Vec<_>>()
        };
        assert_eq!(
            names(Some("mock"), &["mock-1.4-1", "mock-configs-44-1", "mock-6.7-1"]),
            ["mock-6.7-1", "mock-1.4-1"]
        );
        assert_eq!(names(None, &["mock-1.4-1", "mock-configs-44-1"]), [""; 0]);
        assert_eq!(names(None, &["tito-0.1", "1.0", "tito-0.2"]), ["1.0", "tito-0.2", "tito-0.1"]);
        assert_eq!(names(Some("bar"), &["foo-1.0"]), [""; 0]);
        assert_eq!(names(None, &["v1.0", "1.0", "1.10"]), ["1.10", "1.0", "v1.0"]);
    }
}
