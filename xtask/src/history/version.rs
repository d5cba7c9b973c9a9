//! Counts the version of each mainline commit, from a first version on.

use std::fmt;

use crate::base::as_text::serde_as_text;
use crate::base::text::one_line;
use crate::git::{Commit, CommitId, MainlineStep};
use crate::history::header::{self, Doubt, HeaderForms};
use crate::history::level::Level;
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::{Milestones, is_pre_release};

/// `X.Y.Z`, without pre-release and build parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// `X.Y.Z` from its numbers.
    pub fn new(major: u64, minor: u64, patch: u64) -> Version {
        Version(semver::Version::new(major, minor, patch))
    }

    /// `X`, which names the series.
    pub fn major(&self) -> u64 {
        self.0.major
    }

    /// `Y`.
    pub fn minor(&self) -> u64 {
        self.0.minor
    }

    /// `Z`.
    pub fn patch(&self) -> u64 {
        self.0.patch
    }

    /// `X.Y`; `None` if a number is too long for a milestone.
    pub fn milestone(&self) -> Option<Milestone> {
        format!("{}.{}", self.major(), self.minor()).parse().ok()
    }

    /// The next version after a step of this level.
    #[must_use]
    pub fn after(&self, level: Level) -> Version {
        match level {
            Level::Major => Version::new(self.major() + 1, 0, 0),
            Level::Minor => Version::new(self.major(), self.minor() + 1, 0),
            Level::Patch => Version::new(self.major(), self.minor(), self.patch() + 1),
        }
    }
}

impl From<Milestone> for Version {
    fn from(milestone: Milestone) -> Version {
        Version::new(milestone.major.into(), milestone.minor.into(), 0)
    }
}

/// Error: not a valid version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAVersion {
    /// A version such as `1.1.0-rc1` or `1.1.0~rc1`.
    PreRelease,
    /// Any other text.
    Other,
}

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotAVersion::PreRelease => "there are no pre-releases yet: a version is `X.Y.Z`",
            NotAVersion::Other => "a version is `X.Y.Z`: three numbers without leading zeros",
        })
    }
}

impl std::error::Error for NotAVersion {}

impl std::str::FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Version, NotAVersion> {
        if is_pre_release(text) {
            return Err(NotAVersion::PreRelease);
        }
        let parsed = semver::Version::parse(text).map_err(|_| NotAVersion::Other)?;
        // Larger numbers come from typing errors, and some tools that read versions cannot hold them.
        let is_plain = parsed.pre.is_empty() && parsed.build.is_empty();
        let fits = [parsed.major, parsed.minor, parsed.patch].iter().all(|&number| number < u64::from(u32::MAX));
        if is_plain && fits { Ok(Version(parsed)) } else { Err(NotAVersion::Other) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

serde_as_text!(Version as "version");

/// A mainline commit with its version and the reason for it.
#[derive(Clone, Debug)]
pub struct VersionStep {
    /// The commit.
    pub commit: Commit,
    /// The highest level of the commit and those it brought in.
    pub level: Level,
    /// The first pseudo-header of that level; `None` if no commit of the step has one.
    pub header: Option<LevelHeader>,
    /// The milestone of the commit's tag, which overrules the level.
    pub milestone: Option<Milestone>,
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
    let mut found = StepHeaders::default();
    for commit in step.commits() {
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
    milestones: &Milestones,
) -> Vec<VersionStep> {
    let mut counted = Vec::new();
    let mut version = start;
    for (step, StepHeaders { level, header, .. }) in steps {
        let milestone = milestones.of(step.commit.id);
        version = next(&version, level, milestone);
        counted.push(VersionStep { commit: step.commit, level, header, milestone, version: version.clone() });
    }
    counted
}

/// The version after `before`: that of the milestone, else one step of the level higher.
pub fn next(before: &Version, level: Level, milestone: Option<Milestone>) -> Version {
    match milestone {
        Some(milestone) => milestone.into(),
        None => before.after(level),
    }
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

    #[test]
    fn versions_are_three_plain_numbers() {
        for text in ["1.2", "1.2.3+4", "01.2.3", "1.2.4294967295", "v1.2.3", "1.2.3-4", ""] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion::Other), "{text}");
        }
        for text in ["1.2.3-rc1", "1.2.3~rc1", "1.2.3-alpha.2"] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion::PreRelease), "{text}");
        }
        assert_eq!("1.20.3".parse::<Version>().unwrap().to_string(), "1.20.3");
        assert!("1.10.0".parse::<Version>().unwrap() > "1.9.9".parse().unwrap());
    }
}
