//! The release tags of a repository: which of its tags have the project's form, and what they state.
//!
//! The form is configured (`version.tags`), or recognised from the tags ([`recognise`]). In the form `X.Y` the tags are
//! milestones: only those on the mainline count. In every other form, tags that were merged in count too.

pub mod candidate;
pub mod form;
pub mod recognise;

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::base::error::{Exit, Failure, committed};
use crate::git::{CommitId, GitTag, MainlineStep, TagNeed, wildmatch};
use crate::history::pre_release::{is_pre_release, numbers_before};
use crate::history::release_tags::candidate::{TagCandidate, candidates, read_longer};
use crate::history::release_tags::form::{Mismatch, TagForm};
use crate::history::release_tags::recognise::{Contradiction, Recognition};
use crate::history::version::Version;

/// The keys of `[version]` about tags, and the project's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRules {
    /// `version.tags`; empty if the form is to be recognised.
    pub forms: Vec<TagForm>,
    /// `version.ignore-tags`: globs of tags that are not read.
    pub ignored: Vec<String>,
    /// `version.merged-tags`; by default they count in every form but `X.Y`.
    pub merged: Option<MergedTags>,
    /// The name of the project, if it has one.
    pub name: Option<String>,
    /// Why the name could not be read. It matters only where tags have names.
    pub unreadable_name: Option<Failure>,
}

/// Whether tags of commits that were merged in count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergedTags {
    Count,
    DoNotCount,
}

impl TagRules {
    /// Whether tags of this name are read.
    pub fn reads(&self, name: &str) -> bool {
        let is_ignored = |glob: &String| wildmatch::matches(glob.as_bytes(), name.as_bytes(), wildmatch::Scope::Name);
        !self.ignored.iter().any(is_ignored)
    }

    /// The tags that may be those of releases, for [`recognise::recognise`].
    pub fn candidates<'t>(&self, names: impl Iterator<Item = &'t str>) -> Vec<TagCandidate> {
        candidates(names.filter(|name| self.reads(name)), self.name.as_deref())
    }
}

/// The form of a project's release tags, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectForm {
    /// The forms that are read; never empty.
    pub forms: Vec<TagForm>,
    pub origin: FormOrigin,
}

/// Where the form of release tags comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormOrigin {
    /// `version.tags`.
    Configured,
    /// The tags have it in common.
    Recognised,
    /// There are no release tags: the form is `X.Y`.
    Default,
    /// The tags contradict each other: the form is `X.Y` where the project has such tags, else each one.
    Undecided(Contradiction),
}

impl ProjectForm {
    /// The forms of `version.tags`. Errors (exit 2): they need the name of the project, and it has none.
    pub fn configured(rules: &TagRules) -> Result<ProjectForm, Failure> {
        let needing = rules.forms.iter().find(|form| form.has_name() && rules.name.is_none());
        if let Some(form) = needing {
            let why = format!("`version.tags`: `{form}` needs the name of the project, and it has none");
            let nameless =
                Failure::new(Exit::Usage, why).help(committed("set `project.name` in `packaging/release.toml`"));
            return Err(rules.unreadable_name.clone().unwrap_or(nameless));
        }
        let with_name = |form: &TagForm| form.with_name(rules.name.as_deref().unwrap_or_default());
        let forms = rules.forms.iter().map(with_name).collect();
        Ok(ProjectForm { forms, origin: FormOrigin::Configured })
    }

    /// The form that was recognised in tags.
    pub fn recognised(recognition: Recognition, candidates: &[TagCandidate]) -> ProjectForm {
        let milestones = vec![TagForm::milestone()];
        match recognition {
            Recognition::Nothing => ProjectForm { forms: milestones, origin: FormOrigin::Default },
            Recognition::Forms(forms) => ProjectForm { forms, origin: FormOrigin::Recognised },
            Recognition::Contradiction(contradiction) => {
                let has_milestones = candidates.iter().any(|candidate| candidate.form == milestones[0]);
                let all = candidates.iter().map(|candidate| candidate.form.clone()).collect::<HashSet<_>>();
                let mut forms = if has_milestones { milestones } else { all.into_iter().collect() };
                forms.sort();
                ProjectForm { forms, origin: FormOrigin::Undecided(contradiction) }
            }
        }
    }

    /// The version that the name of a tag states.
    pub fn read(&self, name: &str) -> Result<Version, Mismatch> {
        let mut misspelled = false;
        for form in &self.forms {
            match form.read(name) {
                Ok(version) => return Ok(version),
                Err(mismatch) => misspelled |= mismatch == Mismatch::Misspelled,
            }
        }
        Err(if misspelled { Mismatch::Misspelled } else { Mismatch::Other })
    }

    /// The name of the tag for a version, in the first form that has enough numbers for it.
    pub fn write(&self, version: &Version) -> Option<String> {
        self.forms.iter().find_map(|form| form.write(version))
    }

    /// The name of the tag of a release. Beside milestones `X.Y` it always has three numbers: the milestone stays what it is.
    pub fn release_tag(&self, version: &Version) -> String {
        let written = self.write(version).filter(|_| !self.forms.contains(&TagForm::milestone()));
        let (before, after) = self.forms.first().map_or(("", ""), TagForm::surroundings);
        written.unwrap_or_else(|| format!("{before}{version}{after}"))
    }

    /// Whether the tags are milestones `X.Y`, which count on the mainline only.
    pub fn is_milestones(&self) -> bool {
        self.forms == [TagForm::milestone()]
    }

    /// Whether another tag of this name may be a release of the same project.
    fn is_near(&self, name: &str) -> bool {
        let has_surroundings = |form: &TagForm| {
            let (before, after) = form.surroundings();
            name.strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte)))
        };
        self.forms.iter().any(has_surroundings)
    }
}

impl fmt::Display for ProjectForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.forms.iter().map(|form| format!("`{form}`")).collect::<Vec<_>>().join(", "))
    }
}

/// A tag and the version that it states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseTag {
    pub version: Version,
    pub name: String,
}

/// The tag of a release in another form than the project's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherTag {
    pub name: String,
    pub form: TagForm,
    pub version: Version,
}

/// The release tags of a repository by commit, and the tags that only look like one.
#[derive(Clone, Debug)]
pub struct ReleaseTags {
    pub form: ProjectForm,
    merged: MergedTags,
    by_commit: HashMap<CommitId, Vec<ReleaseTag>>,
    pre_releases: HashMap<CommitId, Vec<String>>,
    others: HashMap<CommitId, Vec<OtherTag>>,
    /// Names such as `02.05`.
    pub misspelled: Vec<String>,
    /// The tags that point to an object that is no commit.
    pub not_commits: Vec<String>,
}

impl ReleaseTags {
    /// Whether a tag of this name is read, and whether it must be readable.
    pub fn need(form: &ProjectForm, rules: &TagRules, name: &str) -> TagNeed {
        match () {
            () if !rules.reads(name) => TagNeed::None,
            () if form.read(name) != Err(Mismatch::Other) => TagNeed::Required,
            () if is_pre_release(name) || Self::find_other(form, rules, name).is_some() => TagNeed::Optional,
            () => TagNeed::None,
        }
    }

    /// Reads a tag that has another form than the project's. If the form is configured, only tags with the same text around the
    /// numbers are compared: a repository may hold several projects.
    fn find_other(form: &ProjectForm, rules: &TagRules, name: &str) -> Option<OtherTag> {
        if form.origin == FormOrigin::Configured && !form.is_near(name) {
            return None;
        }
        let own = rules.name.as_deref();
        let short = candidate::read(name, own).filter(|found| found.project.is_none());
        let (form, version) = short.map(|found| (found.form, found.version)).or_else(|| read_longer(name, own))?;
        Some(OtherTag { name: name.to_owned(), form, version })
    }

    /// Sorts the tags that [`ReleaseTags::need`] selected.
    pub fn new(form: ProjectForm, rules: &TagRules, tags: impl IntoIterator<Item = GitTag>) -> ReleaseTags {
        let merged = match rules.merged {
            Some(merged) => merged,
            None if form.is_milestones() => MergedTags::DoNotCount,
            None => MergedTags::Count,
        };
        let mut found = ReleaseTags {
            form,
            merged,
            by_commit: HashMap::new(),
            pre_releases: HashMap::new(),
            others: HashMap::new(),
            misspelled: Vec::new(),
            not_commits: Vec::new(),
        };
        let is_undecided = matches!(found.form.origin, FormOrigin::Undecided(_));
        let mut released = HashSet::new();
        for GitTag { name, commit } in tags {
            let other = Self::find_other(&found.form, rules, &name);
            released.extend(candidate::read(&name, rules.name.as_deref()).map(|found| found.version));
            match (found.form.read(&name), commit) {
                (Ok(version), Some(commit)) => {
                    released.insert(version.clone());
                    found.by_commit.entry(commit).or_default().push(ReleaseTag { version, name });
                }
                (Ok(_), None) => found.not_commits.push(name),
                (Err(Mismatch::Misspelled), _) => found.misspelled.push(name),
                (Err(Mismatch::Other), Some(commit)) => match other {
                    // There is a warning about them already.
                    Some(_) if is_undecided => {}
                    Some(other) => found.others.entry(commit).or_default().push(other),
                    None if is_pre_release(&name) => found.pre_releases.entry(commit).or_default().push(name),
                    None => {}
                },
                (Err(Mismatch::Other), None) => {}
            }
        }
        for of_commit in found.by_commit.values_mut() {
            of_commit.sort_by(|left, right| left.version.cmp(&right.version).then_with(|| right.name.cmp(&left.name)));
        }
        for of_commit in found.pre_releases.values_mut() {
            of_commit.retain(|name| {
                let release = numbers_before(name).map(|[x, y, z]| Version::new(x.into(), y.into(), z.into()));
                release.is_none_or(|release| !released.contains(&release))
            });
        }
        found
    }

    /// The release tags of a commit, lowest version first.
    pub fn all_of(&self, commit: CommitId) -> &[ReleaseTag] {
        self.by_commit.get(&commit).map_or(&[], Vec::as_slice)
    }

    /// The release tag of a commit. If it has several, the numerically highest counts.
    pub fn of(&self, commit: CommitId) -> Option<&ReleaseTag> {
        self.all_of(commit).last()
    }

    /// The highest release tag of the commits that a step brought in, if such tags count.
    pub fn merged_by<'t>(&'t self, step: &MainlineStep) -> Option<(&'t ReleaseTag, CommitId)> {
        match self.merged {
            MergedTags::Count => self.brought_in_by(step).max_by_key(|(tag, _)| *tag),
            MergedTags::DoNotCount => None,
        }
    }

    /// The release tags of the commits that a step brought in, whether they count or not.
    pub fn brought_in_by<'t>(&'t self, step: &MainlineStep) -> impl Iterator<Item = (&'t ReleaseTag, CommitId)> {
        step.brought_in.iter().filter_map(|commit| Some((self.of(commit.id)?, commit.id)))
    }

    /// Whether the tags of commits that were merged in count.
    pub fn counts_merged(&self) -> bool {
        self.merged == MergedTags::Count
    }

    /// The names of the pre-release tags of a commit, without those whose release has come.
    pub fn pre_releases_of(&self, commit: CommitId) -> &[String] {
        self.pre_releases.get(&commit).map_or(&[], Vec::as_slice)
    }

    /// The tags of a commit that state a release in another form.
    pub fn others_of(&self, commit: CommitId) -> &[OtherTag] {
        self.others.get(&commit).map_or(&[], Vec::as_slice)
    }

    /// The tags of the same `X` that are not below a version, highest first.
    pub fn at_or_above(&self, version: &Version) -> Vec<(&ReleaseTag, CommitId)> {
        let all = self.by_commit.iter().flat_map(|(commit, tags)| tags.iter().map(move |tag| (tag, *commit)));
        let is_wanted = |tag: &ReleaseTag| tag.version >= *version && tag.version.major() == version.major();
        let mut found = all.filter(|(tag, _)| is_wanted(tag)).collect::<Vec<_>>();
        found.sort_by(|left, right| right.cmp(left));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(forms: &[&str], names: &[(&str, u8)]) -> ReleaseTags {
        let rules = TagRules { forms: forms.iter().map(|form| form.parse().unwrap()).collect(), ..TagRules::default() };
        let form = ProjectForm::configured(&rules).unwrap();
        let commit = |id: u8| (id > 0).then_some(CommitId([id; 20]));
        let tags = names.iter().map(|(name, id)| GitTag { name: (*name).to_owned(), commit: commit(*id) });
        ReleaseTags::new(form, &rules, tags)
    }

    #[test]
    fn the_highest_of_a_commit_counts() {
        let tags = tags(&["X.Y"], &[("1.10", 1), ("1.9", 1), ("1.2", 0), ("01.1", 1), ("1.11.0", 1)]);
        let commit = CommitId([1; 20]);
        assert_eq!(tags.of(commit).unwrap().name, "1.10");
        assert_eq!((tags.not_commits.len(), tags.misspelled.len()), (1, 1));
        assert_eq!(tags.others_of(commit).iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["1.11.0"]);
    }

    #[test]
    fn tags_of_other_projects_are_no_tags_of_this_one() {
        let tags =
            tags(&["vX.Y.Z", "vX.Y"], &[("v1.0", 1), ("v1.2.3.4", 1), ("other-9.0", 1), ("2.0", 1), ("v3.0-rc1", 1)]);
        let commit = CommitId([1; 20]);
        assert_eq!(tags.of(commit).unwrap().name, "v1.0");
        assert_eq!(tags.others_of(commit).iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["v1.2.3.4"]);
        assert_eq!(tags.pre_releases_of(commit), ["v3.0-rc1"]);
    }

    #[test]
    fn a_pre_release_whose_release_has_come_is_forgotten() {
        let tags = tags(&["vX.Y"], &[("v1.1-rc1", 1), ("v1.1", 2), ("v1.2-rc1", 1)]);
        assert_eq!(tags.pre_releases_of(CommitId([1; 20])), ["v1.2-rc1"]);
    }

    #[test]
    fn globs_take_tags_out() {
        let rules = TagRules { ignored: vec!["20*".to_owned(), "*/*".to_owned()], ..TagRules::default() };
        let names = ["2020.1", "1.2", "rel/1.3"];
        let found = rules.candidates(names.into_iter()).into_iter().map(|found| found.name).collect::<Vec<_>>();
        assert_eq!(found, ["1.2"]);
    }
}
