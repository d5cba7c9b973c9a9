//! The version of a commit with its base, steps and warnings.

use std::fmt;

use crate::base::error::{Exit, Failure, committed};
use crate::git::{CommitId, Lineage};
use crate::history::header::HeaderForms;
use crate::history::level::Level;
use crate::history::milestone::Milestone;
use crate::history::release_tags::candidate;
use crate::history::release_tags::form::TagForm;
use crate::history::release_tags::{FormOrigin, OtherTag, ProjectForm, ReleaseTag, ReleaseTags, TagRules};
use crate::history::step::{DoubtKind, DoubtfulHeader, StepHeaders, VersionStep, count, read_headers};
use crate::history::version::Version;
use crate::history::warning::{self, Warning, WarningId};

/// The version of a commit, and the reason for it.
#[derive(Clone, Debug)]
pub struct CountedVersion {
    pub commit: CommitId,
    pub version: Version,
    /// The version from which it is counted; `None` if there is none, and it is counted from 0.0.
    pub base: Option<Base>,
    /// The mainline commits after the base, oldest first.
    pub steps: Vec<VersionStep>,
    /// At most one of each id.
    pub warnings: Vec<Warning>,
    /// The form of the release tags.
    pub form: ProjectForm,
    /// The form of another tag that is above the version, or that there is where no tag counts.
    other_form: Option<TagForm>,
}

/// The version from which a version is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The release tag of a commit of the mainline.
    Tag(ReleaseTag, CommitId),
    /// `version.initial`, which has no commit.
    Initial(Milestone),
}

impl Base {
    /// `X.Y.Z`.
    pub fn version(&self) -> Version {
        match self {
            Base::Tag(tag, _) => tag.version.clone(),
            Base::Initial(milestone) => (*milestone).into(),
        }
    }

    /// The commit of the tag.
    pub fn commit(&self) -> Option<CommitId> {
        match self {
            Base::Tag(_, commit) => Some(*commit),
            Base::Initial(_) => None,
        }
    }
}

/// The name of the tag, or the value of `version.initial`.
impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Base::Tag(tag, _) => f.write_str(&tag.name),
            Base::Initial(milestone) => milestone.fmt(f),
        }
    }
}

/// The keys of `[version]`, and the project's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionRules {
    /// `version.initial`.
    pub initial: Option<Milestone>,
    /// `version.headers`.
    pub headers: HeaderForms,
    /// The keys about tags.
    pub tags: TagRules,
}

/// The input of the rules.
#[derive(Clone, Debug)]
pub struct VersionFacts<'a> {
    pub commit: CommitId,
    /// The mainline from the commit back to the nearest release tag, or to the root.
    pub lineage: Lineage,
    /// The mainline from the base (its last step) back to the release tag before it, or to the root; `None` if there is
    /// no base, or this part of the history was not read.
    pub before_base: Option<Lineage>,
    pub tags: &'a ReleaseTags,
    pub rules: &'a VersionRules,
    /// The branch of the commit.
    pub branch: Option<&'a str>,
    /// A tag such as `v1.0rc1`. The warning about missing release tags names it.
    pub lookalike: Option<&'a str>,
}

impl CountedVersion {
    /// Applies the rules.
    pub fn new(facts: VersionFacts<'_>) -> CountedVersion {
        let VersionFacts { commit, lineage, before_base, tags, rules, branch, lookalike } = facts;
        let tagged = lineage.base.and_then(|commit| Some((tags.of(commit)?, commit)));
        let base = match tagged {
            Some((tag, commit)) => Some(Base::Tag(tag.clone(), commit)),
            None => rules.initial.map(Base::Initial),
        };
        let start = base.as_ref().map_or(Version::new(0, 0, 0), Base::version);
        let brought_in = brought_in_tags(&lineage, tags);
        let pre_releases = pre_releases_of(&lineage, tags);
        let others = other_tags_of(&lineage, tags);
        let headers = lineage.steps.iter().map(|step| read_headers(step, rules.headers)).collect::<Vec<_>>();
        let doubted = doubts_of(&headers);
        let steps = count(start.clone(), lineage.steps.into_iter().zip(headers), tags, rules.headers);
        let version = steps.last().map_or(start, |step| step.version.clone());
        let has_beginning = base.is_some() || steps.iter().any(|step| step.merged.is_some());

        let mut warnings = Vec::new();
        warnings.extend((!has_beginning).then(|| warning::no_tag(&version, &tags.form, lookalike)));
        if let Some((tag, commit)) = tagged {
            warnings.extend(warning::several_tags(commit, tags.all_of(commit)));
            warnings.extend(before_base.into_iter().flat_map(|before| warn_of_base(tag, before, tags, rules)));
        }
        warnings.extend(warning::other_release_tags(&version, &tags.form, &others));
        warnings.extend(warning::odd_tags(tags));
        warnings.extend(warning::pre_releases(&version, &pre_releases));
        if !tags.counts_merged() {
            warnings.extend(warning::not_counted(&version, &tags.form, &brought_in));
        }
        warnings.extend(warning::untagged_bump(missing_tags(&steps, &tags.form)));
        warnings.extend(warning::doubts(&doubted));
        warnings.extend(branch.and_then(|branch| warning::major_not_of_branch(branch, &version)));
        let other_form = others.into_iter().map(|(tag, _)| tag).find(|tag| tag.version > version).map(|tag| tag.form);
        let lookalike_form = lookalike.and_then(|name| candidate::read(name, None)).map(|found| found.form);
        let other_form = other_form.or(lookalike_form);
        CountedVersion { commit, version, base, steps, warnings, form: tags.form.clone(), other_form }
    }

    /// The release tags of commits that are not in this history and that may stand against the version, highest first: those of
    /// the same `X` that are not below it, if the commit has no tag of its own. Milestones of other commits are numbers of other
    /// branches; only the same one stands against it.
    pub fn find_rivals<'t>(&self, tags: &'t ReleaseTags) -> Vec<(&'t ReleaseTag, CommitId)> {
        let is_tagged = tags.of(self.commit).is_some();
        let is_near = |tag: &ReleaseTag| tag.version == self.version || !tags.form.is_milestones();
        tags.at_or_above(&self.version).into_iter().filter(|(tag, _)| !is_tagged && is_near(tag)).collect()
    }

    /// Adds the warning about a rival that was released; see [`CountedVersion::find_rivals`].
    pub fn warn_of_rival(&mut self, rival: &ReleaseTag, commit: CommitId) {
        self.warnings.push(warning::unmerged_tags(&self.version, rival, commit));
    }

    /// The oldest commit that the version is counted from: that of the base, else the first one of the mainline.
    pub fn origin(&self) -> Option<CommitId> {
        let base = self.base.as_ref().and_then(Base::commit);
        base.or_else(|| self.steps.first().map(|step| step.commit.id))
    }

    /// `X.Y` of the last tag, else of `version.initial`, that the version is raised from. A later step may have raised `X` or `Y`.
    pub fn milestone(&self) -> Option<Milestone> {
        let merged = self.steps.iter().rev().find_map(|step| step.merged.as_ref());
        let version = merged.map(|tag| tag.version.clone()).or_else(|| self.base.as_ref().map(Base::version));
        version.and_then(|version| version.milestone())
    }

    /// Errors: the version may be lower than one that is released (exit 6): it is counted from 0.0, which is wrong in a clone
    /// without tags, or it is not certain which tags count; or it belongs to another series than the branch (exit 1).
    pub fn require_releasable(&self) -> Result<(), Failure> {
        let CountedVersion { version, .. } = self;
        let find = |id| self.warnings.iter().find(|warning| warning.id == id);
        let message = |warning: &Warning| format!("refusing to release {version}: {}", warning.message);
        if let Some(warning) = find(WarningId::MajorNotOfBranch) {
            return Err(
                Failure::new(Exit::Failed, message(warning)).help("release it from the branch of its own series")
            );
        }
        let not_enough = |message: String| Failure::new(Exit::NotEnoughHistory, message);
        if let Some(warning) = find(WarningId::OtherReleaseTags) {
            return Err(not_enough(message(warning)).help(self.help_for_other_tags()));
        }
        if let Some(warning) = find(WarningId::MergedTags) {
            let help = committed("remove `version.merged-tags` from `packaging/release.toml`");
            return Err(not_enough(message(warning)).help(format!("to count merged tags: {help}")));
        }
        let Some(warning) = find(WarningId::NoTag) else { return Ok(()) };
        let mut help = format!(
            "if the tags are only missing here: `git fetch --tags`\n\
             if there are none yet: tag the first milestone, or {}",
            committed("set `version.initial` in `packaging/release.toml`")
        );
        if let Some(form) = &self.other_form {
            let line = committed(&format!("write `version.tags = [\"{form}\"]` into `packaging/release.toml`"));
            help = format!("{help}\nif tags of another form count: {line}");
        }
        Err(not_enough(message(warning)).help(help))
    }

    /// The lines of configuration that settle which tags count.
    fn help_for_other_tags(&self) -> String {
        let lists = match &self.form.origin {
            FormOrigin::Undecided(contradiction) => contradiction.choices.clone(),
            _ => vec![self.form.forms.iter().chain(&self.other_form).cloned().collect()],
        };
        let line = |forms: &Vec<TagForm>| {
            let quoted = forms.iter().map(|form| format!("\"{form}\"")).collect::<Vec<_>>();
            format!("`version.tags = [{}]`", quoted.join(", "))
        };
        let lines = lists.iter().map(line).collect::<Vec<_>>();
        let wish = committed(&format!(
            "write the form that counts into `packaging/release.toml`, such as {}",
            lines.join(" or ")
        ));
        format!("{wish}\n`version.ignore-tags = [\"GLOB\"]` takes out single tags")
    }

    /// The steps since the base that raised `X` or `Y` and have no tag, newest first, with the name of the missing tag.
    pub fn missing_tags(&self) -> impl Iterator<Item = (&VersionStep, String)> {
        missing_tags(&self.steps, &self.form)
    }
}

/// See [`CountedVersion::missing_tags`]. A form without `Y` has no tag for 1.2.0.
fn missing_tags<'s>(
    steps: &'s [VersionStep],
    form: &'s ProjectForm,
) -> impl Iterator<Item = (&'s VersionStep, String)> {
    let bumps = steps.iter().rev().filter(|step| step.tag.is_none() && step.level > Level::Patch);
    bumps.filter_map(|step| Some((step, form.write(&step.version)?)))
}

/// The release tags of commits that steps brought in, newest step first.
fn brought_in_tags(lineage: &Lineage, tags: &ReleaseTags) -> Vec<(ReleaseTag, CommitId)> {
    let found = lineage.steps.iter().rev().flat_map(|step| tags.brought_in_by(step));
    found.map(|(tag, commit)| (tag.clone(), commit)).collect()
}

/// The tags of the steps, and of the commits that they brought in, that state a release in another form; newest step first.
fn other_tags_of(lineage: &Lineage, tags: &ReleaseTags) -> Vec<(OtherTag, CommitId)> {
    let commits = lineage.steps.iter().rev().flat_map(|step| step.commits().map(|commit| commit.id));
    commits.flat_map(|commit| tags.others_of(commit).iter().map(move |tag| (tag.clone(), commit))).collect()
}

/// The pre-release tags of the steps, newest step first.
fn pre_releases_of<'a>(lineage: &Lineage, tags: &'a ReleaseTags) -> Vec<(&'a str, CommitId)> {
    let commits = lineage.steps.iter().rev().map(|step| step.commit.id);
    commits.flat_map(|commit| tags.pre_releases_of(commit).iter().map(move |name| (name.as_str(), commit))).collect()
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
///
/// Where tags have a `Z` of their own, the patches that were counted up to a tag are no releases: v1.2.4 may follow 1.2.3 and
/// twenty commits. There, only the tag before it and what raised `X` or `Y` count.
fn warn_of_base(base: &ReleaseTag, before: Lineage, tags: &ReleaseTags, rules: &VersionRules) -> Vec<Warning> {
    let earlier = before.base.and_then(|commit| tags.of(commit));
    let start = earlier.map(|tag| tag.version.clone()).or(rules.initial.map(Version::from));
    let is_known = start.is_some();
    let start = start.unwrap_or(Version::new(0, 0, 0));
    let mut headers = before.steps.iter().map(|step| read_headers(step, rules.headers)).collect::<Vec<_>>();
    let Some(own) = headers.pop() else { return Vec::new() };
    let steps = count(start.clone(), before.steps.into_iter().zip(headers), tags, rules.headers);
    let has_previous = is_known || !steps.is_empty();
    let previous = if tags.form.is_milestones() {
        steps.last().map_or(start, |step| step.version.clone())
    } else {
        let mut raised = steps.iter().filter_map(|step| match (step.level, &step.merged) {
            (Level::Patch, merged) => merged.as_ref().map(|tag| tag.version.clone()),
            _ => Some(step.version.clone()),
        });
        raised.next_back().unwrap_or(start)
    };
    // A package was released again without a change of its version: `1.2.3-2` after `1.2.3-1`.
    let is_repeated =
        tags.form.forms.iter().any(TagForm::has_release) && earlier.is_some_and(|tag| tag.version == base.version);
    let mut warnings = Vec::new();
    if has_previous && !is_repeated {
        warnings.extend(warning::not_above_previous(base, &previous));
    }
    // Without an earlier tag, `1.2` may only mean that the first tag came late: only `X.0` raises X.
    let has_risen = base.version.major() > previous.major() && (is_known || base.version.minor() == 0);
    if let Some(header) = own.find_break().filter(|_| !has_risen) {
        warnings.push(warning::header_against_tag(base, &header));
    }
    warnings
}
