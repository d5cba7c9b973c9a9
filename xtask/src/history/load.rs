//! Reads from git what the rules need; refuses a clone that lacks some of it.

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::git::{CommitId, Lineage, MainlineStep, Repository, TagNeed};
use crate::history::changelog::Changelog;
use crate::history::counted_version::{CountedVersion, VersionFacts, VersionRules};
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::{Milestones, is_version_like, tag_need};
use crate::history::version::{Version, VersionStep, count, read_headers};

/// How many commits before the base `version` reads without options. Two warnings compare the base with the milestone
/// before it. If it is farther away, these warnings are left out; the version never depends on it.
pub const LOOK_BACK: usize = 2_000;

/// How many commits before the base are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookBack {
    /// At most [`LOOK_BACK`] commits.
    Bounded,
    /// All: for explanations, strict checks and releases.
    Whole,
}

/// The commit whose version is wanted, and the settings that matter for it.
#[derive(Clone, Copy, Debug)]
pub struct VersionRequest<'a> {
    pub commit: CommitId,
    pub rules: VersionRules,
    /// The branch of the commit, for the rule about branches `vX`.
    pub branch: Option<&'a str>,
    pub look_back: LookBack,
}

/// The version of a commit.
///
/// With [`LookBack::Whole`] the whole history is read, and dates do not matter. With [`LookBack::Bounded`] the commits
/// since the base are separated from older ones as git does it: the result may be wrong if dates more than a thousand
/// commits before the base are wrong by more than a day.
///
/// Errors: a shallow clone that lacks commits since the base (exit 6); objects that cannot be read.
pub fn load_version(
    repository: &Repository,
    request: &VersionRequest<'_>,
    progress: &dyn Progress,
) -> Result<CountedVersion> {
    let milestones = load_milestones(repository)?;
    if request.look_back == LookBack::Whole {
        let whole = repository.lineage(request.commit, |_| false, progress)?;
        if whole.cut.is_none() {
            return count_from_whole(repository, request, &milestones, whole);
        }
    }
    let is_tagged = |commit| milestones.of(commit).is_some();
    let lineage = repository.lineage(request.commit, is_tagged, progress)?;
    match lineage.base.and_then(|base| milestones.of(base)) {
        Some(milestone) => require_whole(&lineage, &format!("the version counts commits since the `{milestone}` tag"))?,
        None => require_whole(&lineage, "the version counts commits since a milestone tag, and the clone has none")?,
    }
    let before_base = match lineage.base {
        Some(base) => {
            let is_earlier = |commit| commit != base && is_tagged(commit);
            let before = repository.lineage_within(LOOK_BACK, base, is_earlier, progress)?;
            before.filter(|before| before.cut.is_none())
        }
        None => None,
    };
    count_version(repository, request, &milestones, lineage, before_base)
}

/// A version with its whole changelog.
pub struct CountedRelease {
    pub counted: CountedVersion,
    pub changelog: Changelog,
}

/// The version of a commit with its whole changelog. The history is read once, so that the two cannot differ.
///
/// Errors: a shallow clone (exit 6); objects that cannot be read.
pub fn load_release(
    repository: &Repository,
    request: &VersionRequest<'_>,
    progress: &dyn Progress,
) -> Result<CountedRelease> {
    let milestones = load_milestones(repository)?;
    let whole = repository.lineage(request.commit, |_| false, progress)?;
    require_whole(&whole, "the changelog goes back to the first commit")?;
    let start = start_of(&whole, &milestones, request.rules);
    let changelog = Changelog::new(start, &whole.steps, &milestones, request.rules.headers);
    let counted = count_from_whole(repository, request, &milestones, whole)?;
    Ok(CountedRelease { counted, changelog })
}

fn count_from_whole(
    repository: &Repository,
    request: &VersionRequest<'_>,
    milestones: &Milestones,
    whole: Lineage,
) -> Result<CountedVersion> {
    let is_tagged = |step: &MainlineStep| milestones.of(step.commit.id).is_some();
    let mut before = whole.steps;
    let Some(base) = before.iter().rposition(is_tagged) else {
        return count_version(repository, request, milestones, Lineage { steps: before, base: None, cut: None }, None);
    };
    let since = before.split_off(base + 1);
    let earlier = before[..base].iter().rposition(is_tagged);
    let before_base = before.split_off(earlier.map_or(0, |earlier| earlier + 1));
    let id_of = |steps: &[MainlineStep]| steps.last().map(|step| step.commit.id);
    let lineage = Lineage { base: id_of(&before_base), steps: since, cut: None };
    let before_base = Lineage { base: id_of(&before), steps: before_base, cut: None };
    count_version(repository, request, milestones, lineage, Some(before_base))
}

fn count_version(
    repository: &Repository,
    request: &VersionRequest<'_>,
    milestones: &Milestones,
    lineage: Lineage,
    before_base: Option<Lineage>,
) -> Result<CountedVersion> {
    let VersionRequest { commit, rules, branch, .. } = *request;
    let has_no_milestone = lineage.base.is_none() && rules.initial.is_none();
    let need = |name: &str| if is_version_like(name) { TagNeed::Optional } else { TagNeed::None };
    let lookalikes = if has_no_milestone { repository.tags(need)? } else { Vec::new() };
    let lookalike = lookalikes.last().map(|tag| tag.name.as_str());
    Ok(CountedVersion::new(VersionFacts { commit, lineage, before_base, milestones, rules, branch, lookalike }))
}

/// Every commit of the mainline with its version, newest first.
///
/// Errors: a shallow clone (exit 6); objects that cannot be read.
pub fn load_versions(
    repository: &Repository,
    commit: CommitId,
    rules: VersionRules,
    progress: &dyn Progress,
) -> Result<Vec<VersionStep>> {
    let milestones = load_milestones(repository)?;
    let lineage = repository.lineage(commit, |_| false, progress)?;
    require_whole(&lineage, "the versions of the mainline are counted from its first commit")?;
    let start = start_of(&lineage, &milestones, rules);
    let headers = lineage.steps.iter().map(|step| read_headers(step, rules.headers)).collect::<Vec<_>>();
    let mut steps = count(start, lineage.steps.into_iter().zip(headers), &milestones);
    steps.reverse();
    Ok(steps)
}

/// The steps that had a version, in the order of `steps`.
pub fn find_version<'a>(steps: &'a [VersionStep], version: &Version) -> Vec<&'a VersionStep> {
    steps.iter().filter(|step| step.version == *version).collect()
}

/// The changelog of a commit: of its whole mainline, or since a milestone.
///
/// Errors: a shallow clone that lacks some of it (exit 6); `since` is no milestone of the mainline; objects that cannot
/// be read.
pub fn load_changelog(
    repository: &Repository,
    commit: CommitId,
    rules: VersionRules,
    since: Option<Milestone>,
    progress: &dyn Progress,
) -> Result<Changelog> {
    let milestones = load_milestones(repository)?;
    let is_since = |id| since.is_some_and(|since| milestones.is_on(since, id));
    let lineage = repository.lineage(commit, is_since, progress)?;
    match since {
        Some(since) => require_whole(&lineage, &format!("the changelog goes back to the `{since}` tag"))?,
        None => require_whole(&lineage, "the changelog goes back to the first commit")?,
    }
    let start = start_of(&lineage, &milestones, rules);
    let changelog = Changelog::new(start, &lineage.steps, &milestones, rules.headers);
    match since {
        // `version.initial` is before the first commit: all entries came after it.
        Some(since) if lineage.base.is_none() && Some(since) == rules.initial && !changelog.has(since) => Ok(changelog),
        // The mainline has no such tag. A version `X.Y.0` without a tag counts too; the error lists all of them.
        Some(since) if lineage.base.is_none() => Ok(changelog.since(since)?),
        _ => Ok(changelog),
    }
}

fn load_milestones(repository: &Repository) -> Result<Milestones> {
    Ok(Milestones::new(repository.tags(tag_need)?))
}

fn start_of(lineage: &Lineage, milestones: &Milestones, rules: VersionRules) -> Version {
    let beginning = lineage.base.and_then(|base| milestones.of(base)).or(rules.initial);
    beginning.map_or(Version::new(0, 0, 0), Version::from)
}

/// Refuses an incomplete history, which would give a wrong number; `need` is the reason for the message.
fn require_whole(lineage: &Lineage, need: &str) -> Result<(), Failure> {
    let Some(cut) = lineage.cut else { return Ok(()) };
    let message = format!("shallow clone, cut off at `{}`: {need}", cut.short());
    Err(Failure::new(Exit::NotEnoughHistory, message).help("run `git fetch --unshallow --tags`"))
}
