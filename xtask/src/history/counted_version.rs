//! The version of a commit with its base, steps and warnings.

use crate::base::error::{Exit, Failure, committed};
use crate::git::{CommitId, Lineage};
use crate::history::header::HeaderForms;
use crate::history::level::Level;
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::Milestones;
use crate::history::version::{DoubtKind, DoubtfulHeader, StepHeaders, Version, VersionStep, count, read_headers};
use crate::history::warning::{self, Warning, WarningId};

/// The version of a commit, and the reason for it.
#[derive(Clone, Debug)]
pub struct CountedVersion {
    pub commit: CommitId,
    pub version: Version,
    /// The milestone from which it is counted; `None` if there is none, and it is counted from 0.0.
    pub base: Option<Base>,
    /// The mainline commits after the base, oldest first.
    pub steps: Vec<VersionStep>,
    /// At most one of each id.
    pub warnings: Vec<Warning>,
}

/// The milestone from which a version is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// `X.Y`, counted from as `X.Y.0`.
    pub milestone: Milestone,
    /// The commit of the tag; `None` for `version.initial`, which has no commit.
    pub commit: Option<CommitId>,
}

/// The keys of `[version]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionRules {
    /// `version.initial`.
    pub initial: Option<Milestone>,
    /// `version.headers`.
    pub headers: HeaderForms,
}

/// The input of the rules.
#[derive(Clone, Debug)]
pub struct VersionFacts<'a> {
    pub commit: CommitId,
    /// The mainline from the commit back to the nearest milestone, or to the root.
    pub lineage: Lineage,
    /// The mainline from the base (its last step) back to the milestone before it, or to the root; `None` if there is
    /// no base, or this part of the history was not read.
    pub before_base: Option<Lineage>,
    pub milestones: &'a Milestones,
    pub rules: VersionRules,
    /// The branch of the commit.
    pub branch: Option<&'a str>,
    /// A tag such as `v1.0`. The warning about missing milestones names it.
    pub lookalike: Option<&'a str>,
}

impl CountedVersion {
    /// Applies the rules.
    pub fn new(facts: VersionFacts<'_>) -> CountedVersion {
        let VersionFacts { commit, lineage, before_base, milestones, rules, branch, lookalike } = facts;
        let tagged = lineage.base.and_then(|commit| Some((milestones.of(commit)?, commit)));
        let base = match tagged {
            Some((milestone, commit)) => Some(Base { milestone, commit: Some(commit) }),
            None => rules.initial.map(|milestone| Base { milestone, commit: None }),
        };
        let start = base.map_or(Version::new(0, 0, 0), |base| base.milestone.into());
        let off_mainline = brought_milestones(&lineage, milestones);
        let pre_releases = pre_releases_of(&lineage, milestones);
        let headers = lineage.steps.iter().map(|step| read_headers(step, rules.headers)).collect::<Vec<_>>();
        let doubted = doubts_of(&headers);
        let steps = count(start.clone(), lineage.steps.into_iter().zip(headers), milestones);
        let version = steps.last().map_or(start, |step| step.version.clone());

        let mut warnings = Vec::new();
        warnings.extend(base.is_none().then(|| warning::no_tag(&version, lookalike)));
        if let Some((milestone, commit)) = tagged {
            warnings.extend(warning::several_tags(commit, milestones.all_of(commit)));
            warnings
                .extend(before_base.into_iter().flat_map(|before| warn_of_base(milestone, before, milestones, rules)));
        }
        warnings.extend(warning::odd_tags(milestones));
        warnings.extend(warning::pre_releases(&version, &pre_releases));
        warnings.extend(warning::off_mainline(&version, &off_mainline));
        warnings.extend(warning::untagged_bump(missing_tags(&steps)));
        warnings.extend(warning::doubts(&doubted));
        warnings.extend(branch.and_then(|branch| warning::major_not_of_branch(branch, &version)));
        CountedVersion { commit, version, base, steps, warnings }
    }

    /// Errors: the version is counted from 0.0 (exit 6), which is wrong in a clone without tags; or it belongs to
    /// another series than the branch (exit 1).
    pub fn require_releasable(&self) -> Result<(), Failure> {
        let CountedVersion { version, .. } = self;
        if let Some(warning) = self.warnings.iter().find(|warning| warning.id == WarningId::MajorNotOfBranch) {
            let message = format!("refusing to release {version}: {}", warning.message);
            return Err(Failure::new(Exit::Failed, message).help("release it from the branch of its own series"));
        }
        if self.base.is_some() {
            return Ok(());
        }
        let commit = self.commit.short();
        let message = format!("refusing to release {version}: no milestone tag `X.Y` on the mainline of `{commit}`");
        Err(Failure::new(Exit::NotEnoughHistory, message).help(format!(
            "if the tags are only missing here: `git fetch --tags`\n\
             if there are none yet: tag the first milestone, or {}",
            committed("set `version.initial` in `packaging/release.toml`")
        )))
    }

    /// The steps since the base that raised `X` or `Y` and have no tag, newest first, with the missing milestone.
    pub fn missing_tags(&self) -> impl Iterator<Item = (&VersionStep, Milestone)> {
        missing_tags(&self.steps)
    }
}

/// See [`CountedVersion::missing_tags`].
fn missing_tags(steps: &[VersionStep]) -> impl Iterator<Item = (&VersionStep, Milestone)> {
    let bumps = steps.iter().rev().filter(|step| step.milestone.is_none() && step.level > Level::Patch);
    bumps.filter_map(|step| Some((step, step.version.milestone()?)))
}

/// The milestones of commits that steps brought in, newest step first.
fn brought_milestones(lineage: &Lineage, milestones: &Milestones) -> Vec<(Milestone, CommitId)> {
    let brought_in = lineage.steps.iter().rev().flat_map(|step| &step.brought_in);
    brought_in.filter_map(|commit| Some((milestones.of(commit.id)?, commit.id))).collect()
}

/// The pre-release tags of the steps, newest step first.
fn pre_releases_of<'a>(lineage: &Lineage, milestones: &'a Milestones) -> Vec<(&'a str, CommitId)> {
    let commits = lineage.steps.iter().rev().map(|step| step.commit.id);
    commits
        .flat_map(|commit| milestones.pre_releases_of(commit).iter().map(move |name| (name.as_str(), commit)))
        .collect()
}

/// The doubtful headers, newest first. A break that does not count is left out if a later step raised `X`: the break
/// belongs to the new series.
fn doubts_of(headers: &[StepHeaders]) -> Vec<DoubtfulHeader> {
    let last_break = headers.iter().rposition(|headers| headers.level == Level::Major);
    let newest_first = headers.iter().enumerate().rev();
    let doubts = newest_first.flat_map(|(at, headers)| headers.doubts.iter().map(move |doubted| (at, doubted)));
    let is_open = |at| last_break.is_none_or(|last| at > last);
    doubts
        .filter(|(at, doubted)| doubted.kind != DoubtKind::ConventionalBreak || is_open(*at))
        .map(|(_, doubted)| doubted.clone())
        .collect()
}

/// Compares the base with the version before it.
fn warn_of_base(base: Milestone, before: Lineage, milestones: &Milestones, rules: VersionRules) -> Vec<Warning> {
    let earlier = before.base.and_then(|commit| milestones.of(commit)).or(rules.initial);
    let start = earlier.map_or(Version::new(0, 0, 0), Version::from);
    let mut headers = before.steps.iter().map(|step| read_headers(step, rules.headers)).collect::<Vec<_>>();
    let Some(own) = headers.pop() else { return Vec::new() };
    let steps = count(start.clone(), before.steps.into_iter().zip(headers), milestones);
    let has_previous = earlier.is_some() || !steps.is_empty();
    let previous = steps.last().map_or(start, |step| step.version.clone());
    let mut warnings = Vec::new();
    if has_previous {
        warnings.extend(warning::not_above_previous(base, &previous));
    }
    // Without an earlier milestone, `1.2` may only mean that the first tag came late: only `X.0` raises X.
    let has_risen = u64::from(base.major) > previous.major() && (earlier.is_some() || base.minor == 0);
    if let Some(header) = own.find_break().filter(|_| !has_risen) {
        warnings.push(warning::header_against_tag(base, &header));
    }
    warnings
}
