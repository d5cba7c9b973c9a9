//! The edge of the domain: asks git for what the rules need, and says no where a clone does not have it.

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::git::{CommitId, Lineage, MainlineStep, Repository};
use crate::history::answer::{Answer, Facts};
use crate::history::changelog::Changelog;
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::{Milestones, is_milestone_like, is_version_like};
use crate::history::version::{Step, Version, count, judge};

/// How many commits plain `version` reads behind the base, for the warnings that compare the base with what was before
/// it. Beyond, it does without these warnings: the version itself never depends on them.
pub const LOOK_BACK: usize = 2_000;

/// How far to look behind the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookBack {
    /// At most [`LOOK_BACK`] commits.
    Bounded,
    /// As far as need be: for explanations, strict checks and releases.
    Whole,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The commit whose version is wanted.
    pub commit: CommitId,
    /// `version.initial` of the configuration.
    pub initial: Option<Milestone>,
    /// The branch of the commit, for the rule about branches `vX`.
    pub branch: Option<&'a str>,
    /// How far to look behind the base.
    pub look_back: LookBack,
}

/// The version of a commit.
///
/// With [`LookBack::Whole`] the whole history is read and dates play no part. With [`LookBack::Bounded`] the commits since
/// the base are told from older ones as git does it: dates that are wrong by more than a day, more than a thousand
/// commits below the base, can deceive it.
///
/// Errors: a shallow clone that lacks what the version counts (exit 6); objects that cannot be read.
pub fn load_answer(repository: &Repository, question: &Question<'_>, progress: &dyn Progress) -> Result<Answer> {
    let milestones = load_milestones(repository)?;
    if question.look_back == LookBack::Whole {
        let whole = repository.lineage(question.commit, |_| false, progress)?;
        if whole.cut.is_none() {
            return answer_from_whole(repository, question, &milestones, whole);
        }
    }
    let is_tagged = |commit| milestones.of(commit).is_some();
    let lineage = repository.lineage(question.commit, is_tagged, progress)?;
    match lineage.base.and_then(|base| milestones.of(base)) {
        Some(milestone) => require_whole(&lineage, &format!("the version counts commits since the `{milestone}` tag"))?,
        None => require_whole(&lineage, "the version counts commits since a milestone tag, and none is in sight")?,
    }
    let before_base = match lineage.base {
        Some(base) => {
            let is_earlier = |commit| commit != base && is_tagged(commit);
            let before = repository.lineage_within(LOOK_BACK, base, is_earlier, progress)?;
            before.filter(|before| before.cut.is_none())
        }
        None => None,
    };
    answer(repository, question, &milestones, lineage, before_base)
}

/// The version of a commit with its whole changelog, from one reading of the history: the two cannot differ.
///
/// Errors: a shallow clone (exit 6); objects that cannot be read.
pub fn load_release(
    repository: &Repository,
    question: &Question<'_>,
    progress: &dyn Progress,
) -> Result<(Answer, Changelog)> {
    let milestones = load_milestones(repository)?;
    let whole = repository.lineage(question.commit, |_| false, progress)?;
    require_whole(&whole, "the changelog goes back to the first commit")?;
    let start = start_of(&whole, &milestones, question.initial);
    let changelog = Changelog::new(start, &whole.steps, &milestones);
    Ok((answer_from_whole(repository, question, &milestones, whole)?, changelog))
}

fn answer_from_whole(
    repository: &Repository,
    question: &Question<'_>,
    milestones: &Milestones,
    whole: Lineage,
) -> Result<Answer> {
    let is_tagged = |step: &MainlineStep| milestones.of(step.commit.id).is_some();
    let mut before = whole.steps;
    let Some(base) = before.iter().rposition(is_tagged) else {
        return answer(repository, question, milestones, Lineage { steps: before, base: None, cut: None }, None);
    };
    let since = before.split_off(base + 1);
    let earlier = before[..base].iter().rposition(is_tagged);
    let before_base = before.split_off(earlier.map_or(0, |earlier| earlier + 1));
    let id_of = |steps: &[MainlineStep]| steps.last().map(|step| step.commit.id);
    let lineage = Lineage { base: id_of(&before_base), steps: since, cut: None };
    let before_base = Lineage { base: id_of(&before), steps: before_base, cut: None };
    answer(repository, question, milestones, lineage, Some(before_base))
}

fn answer(
    repository: &Repository,
    question: &Question<'_>,
    milestones: &Milestones,
    lineage: Lineage,
    before_base: Option<Lineage>,
) -> Result<Answer> {
    let Question { commit, initial, branch, .. } = *question;
    let lookalikes = match lineage.base.is_none() && initial.is_none() {
        true => repository.tags(is_version_like)?,
        false => Vec::new(),
    };
    let lookalike = lookalikes.last().map(|tag| tag.name.as_str());
    Ok(Answer::new(Facts { commit, lineage, before_base, milestones, initial, branch, lookalike }))
}

/// Every commit of the mainline with its version, newest first.
///
/// Errors: a shallow clone (exit 6); objects that cannot be read.
pub fn load_versions(
    repository: &Repository,
    commit: CommitId,
    initial: Option<Milestone>,
    progress: &dyn Progress,
) -> Result<Vec<Step>> {
    let milestones = load_milestones(repository)?;
    let lineage = repository.lineage(commit, |_| false, progress)?;
    require_whole(&lineage, "the versions of the mainline are counted from its first commit")?;
    let start = start_of(&lineage, &milestones, initial);
    let verdicts = lineage.steps.iter().map(judge).collect::<Vec<_>>();
    let mut steps = count(start, lineage.steps.into_iter().zip(verdicts), &milestones);
    steps.reverse();
    Ok(steps)
}

/// The steps that had a version, in the order of `steps`.
pub fn find_version<'a>(steps: &'a [Step], version: &Version) -> Vec<&'a Step> {
    steps.iter().filter(|step| step.version == *version).collect()
}

/// The changelog of a commit: of its whole mainline, or of what came after a milestone.
///
/// Errors: a shallow clone that lacks some of it (exit 6); `since` is no milestone of the mainline; objects that cannot
/// be read.
pub fn load_changelog(
    repository: &Repository,
    commit: CommitId,
    initial: Option<Milestone>,
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
    let start = start_of(&lineage, &milestones, initial);
    let changelog = Changelog::new(start, &lineage.steps, &milestones);
    match since {
        // The declared beginning, before the first commit: everything came after it.
        Some(since) if lineage.base.is_none() && Some(since) == initial && !changelog.has(since) => Ok(changelog),
        // Not a tag on this mainline; a version `X.Y.0` without its tag will do, and the error lists what there is.
        Some(since) if lineage.base.is_none() => Ok(changelog.since(since)?),
        _ => Ok(changelog),
    }
}

fn load_milestones(repository: &Repository) -> Result<Milestones> {
    Ok(Milestones::new(repository.tags(is_milestone_like)?))
}

fn start_of(lineage: &Lineage, milestones: &Milestones, initial: Option<Milestone>) -> Version {
    let beginning = lineage.base.and_then(|base| milestones.of(base)).or(initial);
    beginning.map_or(Version::new(0, 0, 0), Version::from)
}

/// Never a number where history is missing; `need` says what it is needed for.
fn require_whole(lineage: &Lineage, need: &str) -> Result<(), Failure> {
    let Some(cut) = lineage.cut else { return Ok(()) };
    let message = format!("shallow clone, cut off at `{}`: {need}", cut.short());
    Err(Failure::new(Exit::NotEnoughHistory, message).help("run `git fetch --unshallow --tags`"))
}
