//! Warnings about a history. They do not prevent a version; with `--strict` each is an error.

use std::fmt;

use crate::base::number::is_digits;
use crate::git::CommitId;
use crate::history::pre_release::is_pre_release;
use crate::history::release_tags::{FormOrigin, OtherTag, ProjectForm, ReleaseTag, ReleaseTags};
use crate::history::step::{DoubtKind, DoubtfulHeader, LevelHeader, VersionStep};
use crate::history::version::Version;

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
    /// No release tag on the mainline, and no `version.initial`.
    NoTag,
    /// More than one version on the base.
    SeveralTags,
    /// Release tags that contradict each other, or one of another form that is above the version.
    OtherReleaseTags,
    /// A tag that looks like a release tag and is not one.
    BadTagSpelling,
    /// A release tag that points to no commit.
    TagNotACommit,
    /// A pre-release tag, such as `1.1.0-rc1`, on the mainline since the base.
    PreReleaseTag,
    /// The base is at or below the version of the commit before it.
    TagNotAbovePrevious,
    /// The base breaks compatibility and its `X` did not rise.
    HeaderAgainstTag,
    /// A milestone of a commit that was merged in; it does not count.
    TagOffMainline,
    /// A release tag of a commit that was merged in is not below the version, and `version.merged-tags` is `false`.
    MergedTags,
    /// A release tag of a commit that is not merged is not below the version.
    UnmergedTags,
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
            WarningId::OtherReleaseTags => "other-release-tags",
            WarningId::BadTagSpelling => "bad-tag-spelling",
            WarningId::TagNotACommit => "tag-not-a-commit",
            WarningId::PreReleaseTag => "pre-release-tag",
            WarningId::TagNotAbovePrevious => "tag-not-above-previous",
            WarningId::HeaderAgainstTag => "header-against-tag",
            WarningId::TagOffMainline => "tag-off-mainline",
            WarningId::MergedTags => "merged-tags",
            WarningId::UnmergedTags => "unmerged-tags",
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

/// What messages call the release tags of a project, in messages: by their form.
pub(super) fn kind_of_tag(form: &ProjectForm) -> String {
    let noun = if form.is_milestones() { "milestone tag" } else { "release tag" };
    format!("{noun} {form}")
}

/// `no-tag`.
pub(super) fn no_tag(version: &Version, form: &ProjectForm, lookalike: Option<&str>) -> Warning {
    let what = kind_of_tag(form);
    let why = match lookalike {
        Some(tag) if is_pre_release(tag) => format!("`{tag}` is a pre-release"),
        Some(tag) => format!("`{tag}` is not a release tag of this project"),
        None => "tags may not have been fetched".to_owned(),
    };
    let message = format!("no {what} on the mainline: counted from 0.0 to {version}; {why}");
    warning(WarningId::NoTag, message)
}

/// `several-tags`, for the tags of the base, lowest version first. Two tags of one version are none.
pub(super) fn several_tags(base: CommitId, tags: &[ReleaseTag]) -> Option<Warning> {
    let (highest, others) = tags.split_last()?;
    let others = others.iter().filter(|tag| tag.version != highest.version).collect::<Vec<_>>();
    if others.is_empty() {
        return None;
    }
    let others = listed(others.iter().map(|tag| format!("`{}`", tag.name)));
    let (base, highest) = (base.short(), &highest.name);
    let message = format!("commit `{base}` has several release tags: `{highest}` counts, not {others}");
    Some(warning(WarningId::SeveralTags, message))
}

/// `other-release-tags`: the tags contradict each other, or one of `others`, newest first, is above the version.
pub(super) fn other_release_tags(
    version: &Version,
    form: &ProjectForm,
    others: &[(OtherTag, CommitId)],
) -> Option<Warning> {
    if let FormOrigin::Undecided(contradiction) = &form.origin {
        let [first, second] = &contradiction.tags;
        let message = format!(
            "the release tags `{first}` and `{second}` have different forms, and the highest versions have none in common: \
             {version} is not certain"
        );
        return Some(warning(WarningId::OtherReleaseTags, message));
    }
    let mut above = others.iter().filter(|(tag, _)| tag.version > *version);
    let (tag, commit) = above.next()?;
    let message = format!(
        "the tag `{}` on commit `{}` is above {version}, and is not of the form {form}{}",
        tag.name,
        commit.short(),
        and_others(above.count())
    );
    Some(warning(WarningId::OtherReleaseTags, message))
}

/// `bad-tag-spelling` and `tag-not-a-commit`.
pub(super) fn odd_tags(tags: &ReleaseTags) -> impl Iterator<Item = Warning> {
    let misspelled = (!tags.misspelled.is_empty()).then(|| {
        let names = listed(tags.misspelled.iter().map(|name| format!("`{name}`")));
        let message = format!("ignored tags that look like release tags but are spelled differently: {names}");
        warning(WarningId::BadTagSpelling, message)
    });
    let not_commits = (!tags.not_commits.is_empty()).then(|| {
        let names = listed(tags.not_commits.iter().map(|name| format!("`{name}`")));
        warning(WarningId::TagNotACommit, format!("ignored release tags that point to no commit: {names}"))
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
pub(super) fn not_above_previous(base: &ReleaseTag, previous: &Version) -> Option<Warning> {
    let message = format!("the tag `{}` is not above {previous}, the version of the commit before it", base.name);
    (base.version <= *previous).then(|| warning(WarningId::TagNotAbovePrevious, message))
}

/// `header-against-tag`, for a base whose own step breaks compatibility.
pub(super) fn header_against_tag(base: &ReleaseTag, header: &LevelHeader) -> Warning {
    let message = format!(
        "the tag `{}` does not raise X, and its step breaks compatibility: `{}` in commit `{}`",
        base.name,
        header.line,
        header.from.short()
    );
    warning(WarningId::HeaderAgainstTag, message)
}

/// `tag-off-mainline` and `merged-tags`, for the tags of commits that were brought in and do not count, newest first.
pub(super) fn not_counted(version: &Version, form: &ProjectForm, found: &[(ReleaseTag, CommitId)]) -> Option<Warning> {
    let id = if form.is_milestones() { WarningId::TagOffMainline } else { WarningId::MergedTags };
    // A milestone with a lower `X` is normal: a fix of an older series that was merged forward.
    let is_unexpected = |tag: &ReleaseTag| match id {
        WarningId::MergedTags => tag.version >= *version,
        _ => tag.version.major() >= version.major(),
    };
    let mut unexpected = found.iter().filter(|(tag, _)| is_unexpected(tag));
    let (tag, commit) = unexpected.next()?;
    let message = format!(
        "the tag `{}` on commit `{}` was merged in and does not count: it is not on the mainline{}",
        tag.name,
        commit.short(),
        and_others(unexpected.count())
    );
    Some(warning(id, message))
}

/// `unmerged-tags`, for a tag at or above the version.
pub(super) fn unmerged_tags(version: &Version, tag: &ReleaseTag, commit: CommitId) -> Warning {
    let relation = if tag.version == *version { "has this version already" } else { "is above it" };
    let (name, commit) = (&tag.name, commit.short());
    let message =
        format!("the tag `{name}` on commit `{commit}`, which is not merged, {relation}: {version} may be out already");
    warning(WarningId::UnmergedTags, message)
}

/// `untagged-bump`, for the bumps without a tag, newest first.
pub(super) fn untagged_bump<'a>(mut missing: impl Iterator<Item = (&'a VersionStep, String)>) -> Option<Warning> {
    let (step, tag) = missing.next()?;
    let commit = step.commit.id.short();
    let message = format!(
        "commit `{commit}` made {} and has no tag `{tag}`{}; tag it: `git tag -m {tag} {tag} {commit}`",
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
        (
            DoubtKind::UnknownValue,
            WarningId::UnknownSemVerValue,
            "is not a known value of `Sem-Ver:`, counted as a patch",
        ),
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
