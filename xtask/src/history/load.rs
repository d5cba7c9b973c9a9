//! Reads from git what the rules need; refuses a clone that lacks some of it.

use std::collections::HashMap;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::git::{Ancestry, CommitId, Lineage, MainlineStep, Repository, TagList};
use crate::history::authors::render_authors;
use crate::history::changelog::Changelog;
use crate::history::counted_version::{CountedVersion, VersionFacts, VersionRules};
use crate::history::mailmap::Mailmap;
use crate::history::pre_release::is_pre_release;
use crate::history::release_tags::candidate::{TagCandidate, is_version_like};
use crate::history::release_tags::form::TagForm;
use crate::history::release_tags::recognise::{LeadingTags, Recognition, recognise};
use crate::history::release_tags::{ProjectForm, ReleaseTag, ReleaseTags};
use crate::history::since::Since;
use crate::history::step::{VersionStep, count, read_headers};
use crate::history::version::Version;

/// How many commits before the base `version` reads without options. Two warnings compare the base with the milestone
/// before it. If it is farther away, these warnings are left out; the version never depends on it.
pub const LOOK_BACK: usize = 2_000;

/// The help for a clone that lacks commits.
pub const HELP_FOR_SHALLOW: &str = "run `git fetch --unshallow --tags`";

/// How many tags on other branches are compared with a version.
const RIVALS: usize = 5;

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
    pub rules: &'a VersionRules,
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
    let tags = load_tags(repository, request.commit, request.rules, progress)?;
    if request.look_back == LookBack::Whole {
        let whole = repository.lineage(request.commit, |_| false, progress)?;
        if whole.cut.is_none() {
            return count_from_whole(repository, request, &tags, whole);
        }
    }
    let is_tagged = |commit| tags.of(commit).is_some();
    let lineage = repository.lineage(request.commit, is_tagged, progress)?;
    match lineage.base.and_then(|base| tags.of(base)) {
        Some(tag) => require_whole(&lineage, &format!("the version counts commits since the `{}` tag", tag.name))?,
        None => require_whole(&lineage, "the version counts commits since a release tag, and the clone has none")?,
    }
    let before_base = match lineage.base {
        Some(base) => {
            let is_earlier = |commit| commit != base && is_tagged(commit);
            let before = repository.lineage_within(LOOK_BACK, base, is_earlier, progress)?;
            before.filter(|before| before.cut.is_none())
        }
        None => None,
    };
    count_version(repository, request, &tags, lineage, before_base)
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
    let tags = load_tags(repository, request.commit, request.rules, progress)?;
    let whole = repository.lineage(request.commit, |_| false, progress)?;
    require_whole(&whole, "the changelog goes back to the first commit")?;
    let start = start_of(&whole, &tags, request.rules);
    let changelog = Changelog::new(start, &whole.steps, &tags, request.rules.headers);
    let counted = count_from_whole(repository, request, &tags, whole)?;
    Ok(CountedRelease { counted, changelog })
}

fn count_from_whole(
    repository: &Repository,
    request: &VersionRequest<'_>,
    tags: &ReleaseTags,
    whole: Lineage,
) -> Result<CountedVersion> {
    let is_tagged = |step: &MainlineStep| tags.of(step.commit.id).is_some();
    let mut before = whole.steps;
    let Some(base) = before.iter().rposition(is_tagged) else {
        return count_version(repository, request, tags, Lineage { steps: before, base: None, cut: None }, None);
    };
    let since = before.split_off(base + 1);
    let earlier = before[..base].iter().rposition(is_tagged);
    let before_base = before.split_off(earlier.map_or(0, |earlier| earlier + 1));
    let id_of = |steps: &[MainlineStep]| steps.last().map(|step| step.commit.id);
    let lineage = Lineage { base: id_of(&before_base), steps: since, cut: None };
    let before_base = Lineage { base: id_of(&before), steps: before_base, cut: None };
    count_version(repository, request, tags, lineage, Some(before_base))
}

fn count_version(
    repository: &Repository,
    request: &VersionRequest<'_>,
    tags: &ReleaseTags,
    lineage: Lineage,
    before_base: Option<Lineage>,
) -> Result<CountedVersion> {
    let VersionRequest { commit, rules, branch, .. } = *request;
    let has_beginning = lineage.base.is_some() || rules.initial.is_some();
    let list = if has_beginning { None } else { Some(repository.tag_list()?) };
    let is_lookalike = |name: &&str| rules.tags.reads(name) && (is_version_like(name) || is_pre_release(name));
    let lookalike = list.as_ref().and_then(|list| list.names().filter(is_lookalike).last());
    let facts = VersionFacts { commit, lineage, before_base, tags, rules, branch, lookalike };
    let mut counted = CountedVersion::new(facts);
    if let Some((rival, tagged)) = find_rival(repository, &counted, tags)? {
        counted.warn_of_rival(rival, tagged);
    }
    Ok(counted)
}

/// The highest release tag that may make the version wrong: of the same version, or above it and later than the base on another
/// branch.
fn find_rival<'t>(
    repository: &Repository,
    counted: &CountedVersion,
    tags: &'t ReleaseTags,
) -> Result<Option<(&'t ReleaseTag, CommitId)>> {
    let Some(origin) = counted.origin() else { return Ok(None) };
    for (rival, tagged) in counted.find_rivals(tags).into_iter().take(RIVALS) {
        let is_same = rival.version == counted.version;
        let is_later = || {
            Ok::<_, anyhow::Error>(
                repository.is_ancestor(origin, tagged)? && !repository.is_ancestor(tagged, counted.commit)?,
            )
        };
        if is_same || is_later()? {
            return Ok(Some((rival, tagged)));
        }
    }
    Ok(None)
}

/// Every commit of the mainline with its version, newest first.
///
/// Errors: a shallow clone (exit 6); objects that cannot be read.
pub fn load_versions(
    repository: &Repository,
    commit: CommitId,
    rules: &VersionRules,
    progress: &dyn Progress,
) -> Result<Vec<VersionStep>> {
    let tags = load_tags(repository, commit, rules, progress)?;
    let lineage = repository.lineage(commit, |_| false, progress)?;
    require_whole(&lineage, "the versions of the mainline are counted from its first commit")?;
    let start = start_of(&lineage, &tags, rules);
    let headers = lineage.steps.iter().map(|step| read_headers(step, rules.headers)).collect::<Vec<_>>();
    let mut steps = count(start, lineage.steps.into_iter().zip(headers), &tags, rules.headers);
    steps.reverse();
    Ok(steps)
}

/// The steps that had a version, in the order of `steps`.
pub fn find_version<'a>(steps: &'a [VersionStep], version: &Version) -> Vec<&'a VersionStep> {
    steps.iter().filter(|step| step.version == *version).collect()
}

/// The changelog of a commit: of its whole mainline, or since a release.
///
/// Errors: a shallow clone that lacks some of it (exit 6); `since` is no release of the mainline; objects that cannot
/// be read.
pub fn load_changelog(
    repository: &Repository,
    commit: CommitId,
    rules: &VersionRules,
    since: Option<&Since>,
    progress: &dyn Progress,
) -> Result<Changelog> {
    let tags = load_tags(repository, commit, rules, progress)?;
    let version = since.map(|since| since.version(Some(&tags.form))).transpose()?;
    let is_since = |id| tags.all_of(id).iter().any(|tag| Some(&tag.version) == version.as_ref());
    let lineage = repository.lineage(commit, is_since, progress)?;
    match since {
        Some(since) => require_whole(&lineage, &format!("the changelog goes back to the `{since}` tag"))?,
        None => require_whole(&lineage, "the changelog goes back to the first commit")?,
    }
    let start = start_of(&lineage, &tags, rules);
    let merging = lineage.steps.iter().rev().find(|step| {
        tags.counts_merged() && tags.brought_in_by(step).any(|(tag, _)| Some(&tag.version) == version.as_ref())
    });
    let merging = merging.map(|step| step.commit.id);
    let changelog = Changelog::new(start, &lineage.steps, &tags, rules.headers);
    let Some(version) = version.filter(|_| lineage.base.is_none()) else { return Ok(changelog) };
    let is_initial = rules.initial.map(Version::from).as_ref() == Some(&version);
    match merging {
        // `version.initial` is before the first commit: all entries came after it.
        _ if is_initial && !changelog.has(&version) => Ok(changelog),
        // The tag is beside the mainline: all that came to the mainline with it or later.
        Some(merging) if !changelog.has(&version) => Ok(changelog.from_step(merging)),
        // The mainline has no such tag. A version without a tag counts too; the error lists all of them.
        _ => Ok(changelog.since(&version)?),
    }
}

/// The authors of all commits that `commit` reaches, one on a line, by the `.mailmap` with this content.
///
/// Errors: a shallow clone (exit 6); objects that cannot be read.
pub fn load_authors(
    repository: &Repository,
    commit: CommitId,
    mailmap: &[u8],
    progress: &dyn Progress,
) -> Result<String> {
    let whole = repository.lineage(commit, |_| false, progress)?;
    require_whole(&whole, "the authors are those of all commits")?;
    Ok(render_authors(whole.steps.iter().flat_map(MainlineStep::commits), &Mailmap::parse(mailmap)))
}

/// The release tags of a repository, for the version of `commit`.
fn load_tags(
    repository: &Repository,
    commit: CommitId,
    rules: &VersionRules,
    progress: &dyn Progress,
) -> Result<ReleaseTags> {
    let list = repository.tag_list()?;
    let form = find_form(repository, &list, commit, rules, progress)?;
    let tags = list.select(|name| ReleaseTags::need(&form, &rules.tags, name))?;
    Ok(ReleaseTags::new(form, &rules.tags, tags))
}

/// The form of the release tags: configured, or recognised from the highest versions that `commit` reaches.
fn find_form(
    repository: &Repository,
    list: &TagList<'_>,
    commit: CommitId,
    rules: &VersionRules,
    progress: &dyn Progress,
) -> Result<ProjectForm> {
    if !rules.tags.forms.is_empty() {
        return Ok(ProjectForm::configured(&rules.tags)?);
    }
    let candidates = rules.tags.candidates(list.names());
    if let Some(unreadable) = &rules.tags.unreadable_name
        && candidates.iter().any(|candidate| candidate.is_named)
    {
        return Err(unreadable.clone().into());
    }
    let mut ancestry = repository.ancestry(commit, progress)?;
    if let Some(forms) = leading_form(list, &candidates, &mut ancestry)? {
        return Ok(ProjectForm::recognised(Recognition::Forms(forms), &candidates));
    }
    let recognition = recognise(&candidates, |tag| match list.find_commit(&tag.name)? {
        Some(tagged) => ancestry.has(tagged),
        None => Ok(false),
    })?;
    Ok(ProjectForm::recognised(recognition, &candidates))
}

/// The form of the tags that are above those of all other forms, if the commit reaches enough of them; see [`LeadingTags`].
fn leading_form(
    list: &TagList<'_>,
    candidates: &[TagCandidate],
    ancestry: &mut Ancestry<'_>,
) -> Result<Option<Vec<TagForm>>> {
    let Some(mut leading) = LeadingTags::of(candidates) else { return Ok(None) };
    let mut versions: HashMap<CommitId, Vec<&Version>> = HashMap::new();
    for tag in &leading.tags {
        if let Some(commit) = list.find_commit(&tag.name)? {
            versions.entry(commit).or_default().push(&tag.version);
        }
    }
    while let Some(commit) = ancestry.next_of(|commit| versions.contains_key(&commit))? {
        for version in &versions[&commit] {
            if let Some(forms) = leading.reach(version) {
                return Ok(Some(forms));
            }
        }
    }
    Ok(None)
}

fn start_of(lineage: &Lineage, tags: &ReleaseTags, rules: &VersionRules) -> Version {
    let base = lineage.base.and_then(|base| tags.of(base)).map(|tag| tag.version.clone());
    base.or(rules.initial.map(Version::from)).unwrap_or(Version::new(0, 0, 0))
}

/// Refuses an incomplete history, which would give a wrong number; `need` is the reason for the message.
fn require_whole(lineage: &Lineage, need: &str) -> Result<(), Failure> {
    let Some(cut) = lineage.cut else { return Ok(()) };
    let message = format!("shallow clone, cut off at `{}`: {need}", cut.short());
    Err(Failure::new(Exit::NotEnoughHistory, message).help(HELP_FOR_SHALLOW))
}
