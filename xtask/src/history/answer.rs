//! The version of a commit with everything that led to it: base, steps, warnings.

use crate::base::error::{Exit, Failure};
use crate::git::{CommitId, Lineage};
use crate::history::header::Level;
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::Milestones;
use crate::history::version::{Step, Version, count, judge};
use crate::history::warning::{self, Warning, WarningId};

/// The version of a commit, and why it is that one.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The commit that was asked for.
    pub commit: CommitId,
    /// Its version.
    pub version: Version,
    /// What the version starts from; `None` where it is counted from 0.0 for want of anything better.
    pub base: Option<Base>,
    /// The mainline commits after the base, oldest first.
    pub steps: Vec<Step>,
    /// What is odd, at most one of each id.
    pub warnings: Vec<Warning>,
}

/// What a version starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// `X.Y`, counted from as `X.Y.0`.
    pub milestone: Milestone,
    /// The commit that bears the tag; `None` for the declared beginning `version.initial`.
    pub commit: Option<CommitId>,
}

/// What the rules need to know.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The commit that is asked for.
    pub commit: CommitId,
    /// From it back to the nearest milestone, or to the root.
    pub lineage: Lineage,
    /// From the base (itself the last step) back to the milestone before it, or to the root; `None` where there is no
    /// base, or where nobody could or wanted to look.
    pub before_base: Option<Lineage>,
    /// All milestones.
    pub milestones: &'a Milestones,
    /// `version.initial`.
    pub initial: Option<Milestone>,
    /// The branch of the commit.
    pub branch: Option<&'a str>,
    /// A tag such as `v1.0`, to be named where there is no beginning.
    pub lookalike: Option<&'a str>,
}

impl Answer {
    /// Applies the rules.
    pub fn new(facts: Facts<'_>) -> Answer {
        let Facts { commit, lineage, before_base, milestones, initial, branch, lookalike } = facts;
        let tagged = lineage.base.and_then(|commit| Some((milestones.of(commit)?, commit)));
        let base = match tagged {
            Some((milestone, commit)) => Some(Base { milestone, commit: Some(commit) }),
            None => initial.map(|milestone| Base { milestone, commit: None }),
        };
        let start = base.map_or(Version::new(0, 0, 0), |base| base.milestone.into());
        let off_mainline = brought_milestones(&lineage, milestones);
        let verdicts = lineage.steps.iter().map(judge).collect::<Vec<_>>();
        let doubted = verdicts.iter().rev().flat_map(|verdict| &verdict.doubts).cloned().collect::<Vec<_>>();
        let steps = count(start.clone(), lineage.steps.into_iter().zip(verdicts), milestones);
        let version = steps.last().map_or(start, |step| step.version.clone());

        let mut warnings = Vec::new();
        warnings.extend(base.is_none().then(|| warning::no_tag(&version, lookalike)));
        if let Some((milestone, commit)) = tagged {
            warnings.extend(warning::several_tags(commit, milestones.all_of(commit)));
            warnings
                .extend(before_base.into_iter().flat_map(|before| judge_base(milestone, before, milestones, initial)));
        }
        warnings.extend(warning::odd_tags(milestones));
        warnings.extend(warning::off_mainline(&version, &off_mainline));
        warnings.extend(warning::untagged_bump(owed(&steps)));
        warnings.extend(warning::doubts(&doubted));
        warnings.extend(branch.and_then(|branch| warning::major_not_of_branch(branch, &version)));
        Answer { commit, version, base, steps, warnings }
    }

    /// `Err` where a release would be wrong whatever its content: the version is only counted from 0.0 (a clone without
    /// tags must not release a plausible wrong number), or it is not of the branch's series.
    pub fn require_releasable(&self) -> Result<(), Failure> {
        let Answer { version, .. } = self;
        if let Some(warning) = self.warnings.iter().find(|warning| warning.id == WarningId::MajorNotOfBranch) {
            let message = format!("refusing to release {version}: {}", warning.message);
            return Err(Failure::new(Exit::Failed, message).help("release it from the branch of its own series"));
        }
        if self.base.is_some() {
            return Ok(());
        }
        let commit = self.commit.short();
        let message = format!("refusing to release {version}: no milestone tag `X.Y` on the mainline of `{commit}`");
        Err(Failure::new(Exit::NotEnoughHistory, message).help(
            "if the tags are only missing here: `git fetch --tags`\n\
             if there are none yet: tag the first milestone, or set `version.initial` in `packaging/release.toml`",
        ))
    }

    /// The steps since the base that raised `X` or `Y` and bear no tag, newest first, with the milestone each is owed.
    pub fn owed(&self) -> impl Iterator<Item = (&Step, Milestone)> {
        owed(&self.steps)
    }

    /// Whether there is a warning of this id.
    pub fn warns(&self, id: WarningId) -> bool {
        self.warnings.iter().any(|warning| warning.id == id)
    }
}

/// See [`Answer::owed`].
fn owed(steps: &[Step]) -> impl Iterator<Item = (&Step, Milestone)> {
    let bumps = steps.iter().rev().filter(|step| step.milestone.is_none() && step.level > Level::Patch);
    bumps.filter_map(|step| Some((step, step.version.milestone()?)))
}

/// The milestones on commits that steps brought in, newest step first.
fn brought_milestones(lineage: &Lineage, milestones: &Milestones) -> Vec<(Milestone, CommitId)> {
    let brought_in = lineage.steps.iter().rev().flat_map(|step| &step.brought_in);
    brought_in.filter_map(|commit| Some((milestones.of(commit.id)?, commit.id))).collect()
}

/// Compares the base with what was before it.
fn judge_base(base: Milestone, before: Lineage, milestones: &Milestones, initial: Option<Milestone>) -> Vec<Warning> {
    let earlier = before.base.and_then(|commit| milestones.of(commit)).or(initial);
    let start = earlier.map_or(Version::new(0, 0, 0), Version::from);
    let mut verdicts = before.steps.iter().map(judge).collect::<Vec<_>>();
    let Some(own) = verdicts.pop() else { return Vec::new() };
    let steps = count(start.clone(), before.steps.into_iter().zip(verdicts), milestones);
    let has_previous = earlier.is_some() || !steps.is_empty();
    let previous = steps.last().map_or(start, |step| step.version.clone());
    let mut warnings = Vec::new();
    if has_previous {
        warnings.extend(warning::not_above_previous(base, &previous));
    }
    // Without an earlier milestone the count starts from nothing, and `1.2` says no more than that it was not tagged
    // in time: only `X.0` is taken for a rise.
    let has_risen = u64::from(base.major) > previous.major() && (earlier.is_some() || base.minor == 0);
    if let Some(header) = own.header.filter(|_| own.level == Level::Major && !has_risen) {
        warnings.push(warning::header_against_tag(base, &header));
    }
    warnings
}
