//! Counts the version of each mainline commit, from a first version on.

use std::collections::HashSet;

use crate::base::text::one_line;
use crate::git::{Commit, CommitId, MainlineStep};
use crate::history::header::{self, Doubt, HeaderForms};
use crate::history::level::Level;
use crate::history::release_tags::{ReleaseTag, ReleaseTags};
use crate::history::version::Version;

/// A mainline commit with its version and the reason for it.
#[derive(Clone, Debug)]
pub struct VersionStep {
    /// The commit.
    pub commit: Commit,
    /// The highest level of the commits that raise the version.
    pub level: Level,
    /// The first pseudo-header of that level; `None` if no commit of the step has one.
    pub header: Option<LevelHeader>,
    /// The release tag of the commit, which overrules the level.
    pub tag: Option<ReleaseTag>,
    /// The release tag that was merged in and from which the version is raised.
    pub merged: Option<ReleaseTag>,
    /// The version of the commit.
    pub version: Version,
}

impl VersionStep {
    /// The subject as one line of clean text.
    pub fn subject(&self) -> String {
        one_line(&self.commit.decode(self.commit.subject()))
    }
}

/// The pseudo-header that gave a step its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelHeader {
    /// The line as one line of clean text.
    pub line: String,
    /// The commit that has the line in its message: that of the step, or one it brought in.
    pub from: CommitId,
}

/// The pseudo-headers of all commits of one step.
#[derive(Clone, Debug, Default)]
pub struct StepHeaders {
    /// The highest level.
    pub level: Level,
    /// The line that gave the level.
    pub header: Option<LevelHeader>,
    /// The values and lines that deserve a warning.
    pub doubts: Vec<DoubtfulHeader>,
}

/// A pseudo-header whose effect may not be what its author meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubtfulHeader {
    pub(super) kind: DoubtKind,
    /// The value or line, clean.
    pub(super) text: String,
    /// The commit that has it in its message.
    pub(super) commit: CommitId,
}

/// The kinds of [`DoubtfulHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtKind {
    /// A value such as `non-breaking`.
    NegatedBreak,
    /// An unknown value.
    UnknownValue,
    /// A header in the subject line.
    InSubject,
    /// A break in the form of Conventional Commits, which `version.headers` does not name.
    ConventionalBreak,
}

/// Reads the pseudo-headers of a step's own commit and of those it brought in.
pub fn read_headers(step: &MainlineStep, forms: HeaderForms) -> StepHeaders {
    read_headers_of(step.commits(), forms)
}

fn read_headers_of<'c>(commits: impl Iterator<Item = &'c Commit>, forms: HeaderForms) -> StepHeaders {
    let mut found = StepHeaders::default();
    for commit in commits {
        let headers = header::read(commit.message());
        let clean = |text: &[u8]| one_line(&commit.decode(text));
        let doubt = |kind, text| DoubtfulHeader { kind, text: clean(text), commit: commit.id };
        if let Some(line) = headers.sem_ver_in_subject {
            found.doubts.push(doubt(DoubtKind::InSubject, line));
        }
        for sem_ver in headers.sem_ver {
            for &value in &sem_ver.doubts {
                found.doubts.push(match value {
                    Doubt::NegatedBreak(value) => doubt(DoubtKind::NegatedBreak, value),
                    Doubt::Unknown(value) => doubt(DoubtKind::UnknownValue, value),
                });
            }
            found.raise(sem_ver.level, || LevelHeader { line: clean(sem_ver.line), from: commit.id });
        }
        for header in headers.conventional {
            match forms {
                HeaderForms::SemVerAndConventional => {
                    found.raise(header.level, || LevelHeader { line: clean(header.line), from: commit.id });
                }
                HeaderForms::SemVer if header.level == Level::Major => {
                    found.doubts.push(doubt(DoubtKind::ConventionalBreak, header.line));
                }
                HeaderForms::SemVer => {}
            }
        }
    }
    found
}

impl StepHeaders {
    /// Takes over a pseudo-header, if it is the first one or its level is above that of the others.
    fn raise(&mut self, level: Level, header: impl FnOnce() -> LevelHeader) {
        if self.header.is_none() || level > self.level {
            self.header = Some(header());
            self.level = level;
        }
    }

    /// The pseudo-header or other line that states a break, whether it counts or not.
    pub fn find_break(&self) -> Option<LevelHeader> {
        if self.level == Level::Major {
            return self.header.clone();
        }
        let unread = self.doubts.iter().find(|doubted| doubted.kind == DoubtKind::ConventionalBreak)?;
        Some(LevelHeader { line: unread.text.clone(), from: unread.commit })
    }
}

/// Counts the version of each step. `start` is the version of the commit before the first step.
pub fn count(
    start: Version,
    steps: impl Iterator<Item = (MainlineStep, StepHeaders)>,
    tags: &ReleaseTags,
    forms: HeaderForms,
) -> Vec<VersionStep> {
    let mut counted = Vec::new();
    let mut version = start;
    for (step, headers) in steps {
        let decided = decide(&version, &step, headers, tags, forms);
        version = decided.version.clone();
        counted.push(VersionStep {
            commit: step.commit,
            level: decided.level,
            header: decided.header,
            tag: decided.tag.cloned(),
            merged: decided.merged.cloned(),
            version: decided.version,
        });
    }
    counted
}

/// The version of a step, and the reason for it; see [`VersionStep`].
pub struct DecidedStep<'t> {
    pub level: Level,
    pub header: Option<LevelHeader>,
    pub tag: Option<&'t ReleaseTag>,
    pub merged: Option<&'t ReleaseTag>,
    pub version: Version,
}

/// Decides on the version after `before`: that of the step's tag, else one step of its level higher. If a tag that was merged in
/// is above `before`, the version is raised from that tag, by the commits that the tag does not have.
pub fn decide<'t>(
    before: &Version,
    step: &MainlineStep,
    headers: StepHeaders,
    tags: &'t ReleaseTags,
    forms: HeaderForms,
) -> DecidedStep<'t> {
    let StepHeaders { level, header, .. } = headers;
    let raised = |before: &Version, level, header, merged| DecidedStep {
        level,
        header,
        tag: None,
        merged,
        version: before.after(level),
    };
    if let Some(tag) = tags.of(step.commit.id) {
        return DecidedStep { version: tag.version.clone(), tag: Some(tag), ..raised(before, level, header, None) };
    }
    match tags.merged_by(step).filter(|(tag, _)| tag.version > *before) {
        None => raised(before, level, header, None),
        Some((tag, commit)) => {
            let StepHeaders { level, header, .. } = read_headers_of(beyond(step, commit).into_iter(), forms);
            raised(&tag.version, level, header, Some(tag))
        }
    }
}

/// The commits of a step that are not `released` and not its ancestors.
fn beyond(step: &MainlineStep, released: CommitId) -> Vec<&Commit> {
    let mut old = HashSet::from([released]);
    // Children come before their parents.
    for commit in &step.brought_in {
        if old.contains(&commit.id) {
            old.extend(commit.parents());
        }
    }
    step.commits().filter(|commit| !old.contains(&commit.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(id: u8, message: &str) -> Commit {
        Commit::new(CommitId([id; 20]), format!("tree 0\nauthor A <a> 0 +0000\n\n{message}").into_bytes())
    }

    #[test]
    fn the_highest_level_of_a_step_wins_and_is_named() {
        let step = MainlineStep {
            commit: commit(1, "merge\n\nSem-Ver: feature\n"),
            brought_in: vec![commit(2, "Sem-Ver: fix"), commit(3, "s\n\nSem-Ver: api-breaking, soon")],
        };
        let found = read_headers(&step, HeaderForms::SemVer);
        assert_eq!(found.level, Level::Major);
        let header = found.header.unwrap();
        assert_eq!((header.line.as_str(), header.from), ("Sem-Ver: api-breaking, soon", CommitId([3; 20])));
        let kinds = found.doubts.iter().map(|doubted| doubted.kind).collect::<Vec<_>>();
        assert_eq!(kinds, [DoubtKind::InSubject, DoubtKind::UnknownValue]);
    }
}
