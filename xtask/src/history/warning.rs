//! Warnings about a history. They do not prevent a version; with `--strict` each is an error.

use std::fmt;

use crate::base::number::is_digits;
use crate::git::CommitId;
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::Milestones;
use crate::history::version::{DoubtKind, DoubtfulHeader, LevelHeader, Version, VersionStep};

/// A warning about a history.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    pub id: WarningId,
    /// A lower-case fragment that names commits and tags.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.id.name())
    }
}

/// The kinds of warnings. Each is given at most once; it names one case and counts the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningId {
    /// No milestone tag on the mainline, and no `version.initial`.
    NoTag,
    /// More than one milestone on the base.
    SeveralTags,
    /// A tag that looks like a milestone and is not one.
    BadTagSpelling,
    /// A milestone tag that points to no commit.
    TagNotACommit,
    /// A pre-release tag, such as `1.1.0-rc1`, on the mainline since the base.
    PreReleaseTag,
    /// The base is at or below the version of the commit before it.
    TagNotAbovePrevious,
    /// The base breaks compatibility and its `X` did not rise.
    HeaderAgainstTag,
    /// A milestone of a commit that was merged in; it does not count.
    TagOffMainline,
    /// A pseudo-header raised `X` or `Y`, and the commit has no tag.
    UntaggedBump,
    /// A value such as `non-breaking`.
    NegatedBreak,
    /// An unknown value.
    UnknownSemVerValue,
    /// A `Sem-Ver:` line in the subject, where it does not count.
    SemVerInSubject,
    /// A break in the form of Conventional Commits, which `version.headers` does not name.
    ConventionalBreak,
    /// The version does not have the `X` of the branch `vX`.
    MajorNotOfBranch,
}

impl WarningId {
    /// The id in machine output and in the documentation.
    pub fn name(self) -> &'static str {
        match self {
            WarningId::NoTag => "no-tag",
            WarningId::SeveralTags => "several-tags",
            WarningId::BadTagSpelling => "bad-tag-spelling",
            WarningId::TagNotACommit => "tag-not-a-commit",
            WarningId::PreReleaseTag => "pre-release-tag",
            WarningId::TagNotAbovePrevious => "tag-not-above-previous",
            WarningId::HeaderAgainstTag => "header-against-tag",
            WarningId::TagOffMainline => "tag-off-mainline",
            WarningId::UntaggedBump => "untagged-bump",
            WarningId::NegatedBreak => "negated-break",
            WarningId::UnknownSemVerValue => "unknown-sem-ver-value",
            WarningId::SemVerInSubject => "sem-ver-in-subject",
            WarningId::ConventionalBreak => "conventional-break",
            WarningId::MajorNotOfBranch => "major-not-of-branch",
        }
    }
}

impl serde::Serialize for WarningId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

fn warning(id: WarningId, message: String) -> Warning {
    Warning { id, message }
}

/// `no-tag`.
pub(super) fn no_tag(version: &Version, lookalike: Option<&str>) -> Warning {
    let why = match lookalike {
        Some(tag) => format!("`{tag}` is not a milestone tag"),
        None => "tags may not have been fetched".to_owned(),
    };
    let message = format!("no milestone tag `X.Y` on the mainline: counted from 0.0 to {version}; {why}");
    warning(WarningId::NoTag, message)
}

/// `several-tags`, for the milestones of the base, lowest first.
pub(super) fn several_tags(base: CommitId, milestones: &[Milestone]) -> Option<Warning> {
    let (highest, others) = milestones.split_last().filter(|(_, others)| !others.is_empty())?;
    let others = listed(others.iter().map(|milestone| format!("`{milestone}`")));
    let message = format!("commit `{}` has several milestone tags: `{highest}` counts, not {others}", base.short());
    Some(warning(WarningId::SeveralTags, message))
}

/// `bad-tag-spelling` and `tag-not-a-commit`.
pub(super) fn odd_tags(milestones: &Milestones) -> impl Iterator<Item = Warning> {
    let misspelled = (!milestones.misspelled.is_empty()).then(|| {
        let names = listed(milestones.misspelled.iter().map(|name| format!("`{name}`")));
        let message = format!("ignored tags that look like milestones but are spelled differently: {names}");
        warning(WarningId::BadTagSpelling, message)
    });
    let not_commits = (!milestones.not_commits.is_empty()).then(|| {
        let names = listed(milestones.not_commits.iter().map(|milestone| format!("`{milestone}`")));
        warning(WarningId::TagNotACommit, format!("ignored milestone tags that point to no commit: {names}"))
    });
    misspelled.into_iter().chain(not_commits)
}

/// `pre-release-tag`, for the pre-release tags on the mainline since the base, newest first.
pub(super) fn pre_releases(version: &Version, found: &[(&str, CommitId)]) -> Option<Warning> {
    let ((name, commit), others) = found.split_first()?;
    let message = format!(
        "the tag `{name}` on commit `{}`{} does not count: there are no pre-releases yet, and the version is {version}",
        commit.short(),
        and_others(others.len())
    );
    Some(warning(WarningId::PreReleaseTag, message))
}

/// `tag-not-above-previous`, for the version of the commit before the base.
pub(super) fn not_above_previous(base: Milestone, previous: &Version) -> Option<Warning> {
    let message = format!("the milestone `{base}` is not above {previous}, the version of the commit before it");
    (Version::from(base) <= *previous).then(|| warning(WarningId::TagNotAbovePrevious, message))
}

/// `header-against-tag`, for a base whose own step breaks compatibility.
pub(super) fn header_against_tag(base: Milestone, header: &LevelHeader) -> Warning {
    let message = format!(
        "the milestone `{base}` does not raise X, and its step breaks compatibility: `{}` in commit `{}`",
        header.line,
        header.from.short()
    );
    warning(WarningId::HeaderAgainstTag, message)
}

/// `tag-off-mainline`, for the milestones of commits that were brought in, newest first. One with a lower `X` is
/// normal: a fix of an older series that was merged forward.
pub(super) fn off_mainline(version: &Version, found: &[(Milestone, CommitId)]) -> Option<Warning> {
    let mut unexpected = found.iter().filter(|(milestone, _)| u64::from(milestone.major) >= version.major());
    let (milestone, commit) = unexpected.next()?;
    let message = format!(
        "the milestone `{milestone}` on commit `{}` was merged in and does not count: it is not on the mainline{}",
        commit.short(),
        and_others(unexpected.count())
    );
    Some(warning(WarningId::TagOffMainline, message))
}

/// `untagged-bump`, for the bumps without a tag, newest first.
pub(super) fn untagged_bump<'a>(mut missing: impl Iterator<Item = (&'a VersionStep, Milestone)>) -> Option<Warning> {
    let (step, milestone) = missing.next()?;
    let commit = step.commit.id.short();
    let message = format!(
        "commit `{commit}` made {} and has no tag `{milestone}`{}; tag it: `git tag -m {milestone} {milestone} {commit}`",
        step.version,
        and_others(missing.count()),
    );
    Some(warning(WarningId::UntaggedBump, message))
}

/// `negated-break`, `unknown-sem-ver-value`, `sem-ver-in-subject` and `conventional-break`, for doubtful headers, newest
/// first.
pub(super) fn doubts(doubted: &[DoubtfulHeader]) -> Vec<Warning> {
    let kinds = [
        (DoubtKind::NegatedBreak, WarningId::NegatedBreak, "is not counted as a break"),
        (DoubtKind::UnknownValue, WarningId::UnknownSemVerValue, "is no known value of `Sem-Ver:`, counted as a patch"),
        (DoubtKind::InSubject, WarningId::SemVerInSubject, "is in the subject line, where it does not count"),
        (
            DoubtKind::ConventionalBreak,
            WarningId::ConventionalBreak,
            "states a break in the form of Conventional Commits, which does not count without `version.headers`",
        ),
    ];
    let warn = |(kind, id, what)| {
        let mut of_kind = doubted.iter().filter(|doubted| doubted.kind == kind);
        let newest = of_kind.next()?;
        let place = newest.commit.short();
        let message = format!("`{}` in commit `{place}` {what}{}", newest.text, and_others(of_kind.count()));
        Some(warning(id, message))
    };
    kinds.into_iter().filter_map(warn).collect()
}

/// `major-not-of-branch`.
pub(super) fn major_not_of_branch(branch: &str, version: &Version) -> Option<Warning> {
    let major = branch.strip_prefix('v')?;
    let message = format!("the branch `{branch}` is for {major}.*, and its version is {version}");
    (is_digits(major) && major != version.major().to_string()).then(|| warning(WarningId::MajorNotOfBranch, message))
}

fn and_others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " (and 1 other)".to_owned(),
        _ => format!(" (and {count} others)"),
    }
}

/// The first few names of a list, and how many are left.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let left = names.len().saturating_sub(SHOWN);
    format!("{}{}", names.take(SHOWN).collect::<Vec<_>>().join(", "), and_others(left))
}
