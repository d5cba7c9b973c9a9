//! The milestone tags of a repository.

use std::collections::HashMap;

use crate::git::{CommitId, GitTag, TagNeed};
use crate::history::milestone::{Milestone, NotAMilestone};

/// Whether a tag of this name is a milestone, or so similar that it deserves a warning.
pub fn is_milestone_like(name: &str) -> bool {
    name.parse::<Milestone>() != Err(NotAMilestone::Other)
}

/// Whether a tag's name is a version in another spelling, such as `v1.0` or `1.0.1`.
pub fn is_version_like(name: &str) -> bool {
    let numbers = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || "-_/".contains(letter));
    !is_milestone_like(name)
        && numbers.starts_with(|first: char| first.is_ascii_digit())
        && numbers.contains('.')
        && numbers.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}

/// Whether a tag's name is that of a pre-release, such as `v1.1.0-rc1`, `1.0b2` or `2.0~beta`.
pub fn is_pre_release(name: &str) -> bool {
    const WORDS: [&str; 12] = ["alpha", "beta", "rc", "pre", "preview", "dev", "a", "b", "c", "cr", "m", "snapshot"];
    let is_sign = |letter: char| "-._~".contains(letter);
    let is_digit = |letter: char| letter.is_ascii_digit();
    let version = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || "-_/".contains(letter));
    let rest = version.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    if !version.starts_with(is_digit) || rest.is_empty() {
        return false;
    }
    let rest = rest.strip_prefix(is_sign).unwrap_or(rest);
    let word = &rest[..rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len())];
    let after = &rest[word.len()..];
    let number = after.strip_prefix(is_sign).unwrap_or(after).trim_start_matches(is_digit);
    WORDS.contains(&word.to_ascii_lowercase().as_str()) && !number.starts_with(|letter: char| letter.is_alphanumeric())
}

/// Whether a tag of this name is read, and whether it must be readable.
pub fn tag_need(name: &str) -> TagNeed {
    match () {
        () if is_milestone_like(name) => TagNeed::Required,
        () if is_pre_release(name) => TagNeed::Optional,
        () => TagNeed::None,
    }
}

/// The milestone tags of a repository, and the tags that only look like one.
#[derive(Clone, Debug, Default)]
pub struct Milestones {
    by_commit: HashMap<CommitId, Vec<Milestone>>,
    pre_releases: HashMap<CommitId, Vec<String>>,
    /// Names such as `02.05`.
    pub misspelled: Vec<String>,
    /// Milestones whose tags point to an object that is no commit.
    pub not_commits: Vec<Milestone>,
}

impl Milestones {
    /// Sorts tags that [`tag_need`] selected.
    pub fn new(tags: impl IntoIterator<Item = GitTag>) -> Milestones {
        let mut milestones = Milestones::default();
        for tag in tags {
            match (tag.name.parse(), tag.commit) {
                (Ok(milestone), Some(commit)) => milestones.by_commit.entry(commit).or_default().push(milestone),
                (Ok(milestone), None) => milestones.not_commits.push(milestone),
                (Err(NotAMilestone::Misspelled), _) => milestones.misspelled.push(tag.name),
                (Err(NotAMilestone::Other), Some(commit)) => {
                    milestones.pre_releases.entry(commit).or_default().push(tag.name);
                }
                (Err(NotAMilestone::Other), None) => {}
            }
        }
        for of_commit in milestones.by_commit.values_mut() {
            of_commit.sort_unstable();
        }
        milestones.not_commits.sort_unstable();
        milestones
    }

    /// The milestones of a commit, lowest first.
    pub fn all_of(&self, commit: CommitId) -> &[Milestone] {
        self.by_commit.get(&commit).map_or(&[], Vec::as_slice)
    }

    /// The milestone of a commit. If it has several, the numerically highest counts.
    pub fn of(&self, commit: CommitId) -> Option<Milestone> {
        self.all_of(commit).last().copied()
    }

    /// The names of the pre-release tags of a commit.
    pub fn pre_releases_of(&self, commit: CommitId) -> &[String] {
        self.pre_releases.get(&commit).map_or(&[], Vec::as_slice)
    }

    /// Whether the commit has a tag of this milestone.
    pub fn is_on(&self, milestone: Milestone, commit: CommitId) -> bool {
        self.all_of(commit).contains(&milestone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_another_spelling() {
        for name in ["v1.0", "1.0.1", "release-2.3", "rel/1.0"] {
            assert!(is_version_like(name), "{name}");
        }
        for name in ["1.0", "02.05", "nightly", "v1", "v1.0-rc1"] {
            assert!(!is_version_like(name), "{name}");
        }
    }

    #[test]
    fn pre_releases() {
        for name in [
            "v1.1.0-rc1",
            "1.1-rc.2",
            "1.0b2",
            "2.0~beta",
            "release-3.0.0-alpha.1",
            "demo-v1-RC1",
            "1.0.0.dev3",
            "1.0-M1",
        ] {
            assert!(is_pre_release(name), "{name}");
        }
        for name in [
            "1.0",
            "v1.0.1",
            "1.0-1",
            "nightly",
            "rc1",
            "1.0-abc123",
            "1.0-a1b2c3",
            "1.0-rcx",
            "2020-01-01",
            "v1.0-final",
        ] {
            assert!(!is_pre_release(name), "{name}");
        }
    }

    #[test]
    fn the_highest_of_a_commit_counts() {
        let commit = CommitId([1; 20]);
        let tag = |name: &str, commit| GitTag { name: name.to_owned(), commit };
        let tags = [tag("1.10", Some(commit)), tag("1.9", Some(commit)), tag("1.2", None), tag("01.1", Some(commit))];
        let milestones = Milestones::new(tags);
        assert_eq!(milestones.of(commit).unwrap().to_string(), "1.10");
        assert_eq!((milestones.not_commits.len(), milestones.misspelled.len()), (1, 1));
    }
}
