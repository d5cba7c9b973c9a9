//! Counting: from a beginning, step by step along the mainline, to a version.

use std::fmt;

use crate::base::as_text::serde_as_text;
use crate::base::text::one_line;
use crate::git::{Commit, CommitId, MainlineStep};
use crate::history::header::{self, Doubt, Level};
use crate::history::milestone::Milestone;
use crate::history::milestone_tags::Milestones;

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

    /// `X.Y`; `None` where a number is too long for a milestone.
    pub fn milestone(&self) -> Option<Milestone> {
        format!("{}.{}", self.major(), self.minor()).parse().ok()
    }

    /// The version one step of this level later.
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

/// What a text is that is no [`Version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVersion;

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version is `X.Y.Z`: three numbers without leading zeros")
    }
}

impl std::error::Error for NotAVersion {}

impl std::str::FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Version, NotAVersion> {
        let parsed = semver::Version::parse(text).map_err(|_| NotAVersion)?;
        // Larger numbers come from typing errors, and not every tool that reads a version can hold them.
        let is_plain = parsed.pre.is_empty() && parsed.build.is_empty();
        let fits = [parsed.major, parsed.minor, parsed.patch].iter().all(|&number| number < u64::from(u32::MAX));
        if is_plain && fits { Ok(Version(parsed)) } else { Err(NotAVersion) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

serde_as_text!(Version as "version");

/// A mainline commit with the version it has, and why.
#[derive(Clone, Debug)]
pub struct Step {
    /// The commit.
    pub commit: Commit,
    /// The highest level among it and the commits it brought in.
    pub level: Level,
    /// The first `Sem-Ver:` line of that level; `None` where no commit of the step has such a line.
    pub header: Option<Header>,
    /// The milestone that stands on the commit and overrules the level.
    pub milestone: Option<Milestone>,
    /// The version of the commit.
    pub version: Version,
}

impl Step {
    /// The subject as one line of clean text.
    pub fn subject(&self) -> String {
        one_line(&self.commit.decode(self.commit.subject()))
    }
}

/// A `Sem-Ver:` line and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The line as one line of clean text.
    pub line: String,
    /// The commit whose message it is in: that of the step, or one it brought in.
    pub from: CommitId,
}

/// What the commits of one step say about it.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The highest level.
    pub level: Level,
    /// The line that gave it.
    pub header: Option<Header>,
    /// What was said and not counted.
    pub doubts: Vec<Doubted>,
}

/// A pseudo-header that may not mean what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubted {
    /// What is doubtful.
    pub kind: DoubtKind,
    /// The value or line, clean.
    pub text: String,
    /// The commit it stands in.
    pub commit: CommitId,
}

/// The kinds of [`Doubted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtKind {
    /// A denied break.
    NegatedBreak,
    /// No known value.
    UnknownValue,
    /// A header in the subject line.
    InSubject,
}

/// Reads what a step and the commits it brought in say.
pub fn judge(step: &MainlineStep) -> Verdict {
    let mut verdict = Verdict::default();
    for commit in step.commits() {
        let headers = header::read(commit.message());
        let clean = |text: &[u8]| one_line(&commit.decode(text));
        let mut doubt = |kind, text| verdict.doubts.push(Doubted { kind, text: clean(text), commit: commit.id });
        if let Some(line) = headers.sem_ver_in_subject {
            doubt(DoubtKind::InSubject, line);
        }
        for sem_ver in headers.sem_ver {
            for &value in &sem_ver.doubts {
                match value {
                    Doubt::NegatedBreak(value) => doubt(DoubtKind::NegatedBreak, value),
                    Doubt::Unknown(value) => doubt(DoubtKind::UnknownValue, value),
                }
            }
            if verdict.header.is_none() || sem_ver.level > verdict.level {
                verdict.header = Some(Header { line: clean(sem_ver.line), from: commit.id });
                verdict.level = sem_ver.level;
            }
        }
    }
    verdict
}

/// Gives each step its version, from the version that the commit before the first one has. A milestone on a step sets
/// the version, whatever the step says.
pub fn count(
    start: Version,
    steps: impl Iterator<Item = (MainlineStep, Verdict)>,
    milestones: &Milestones,
) -> Vec<Step> {
    let mut version = start;
    let step = |(step, verdict): (MainlineStep, Verdict)| {
        let milestone = milestones.of(step.commit.id);
        version = next(&version, verdict.level, milestone);
        let Verdict { level, header, .. } = verdict;
        Step { commit: step.commit, level, header, milestone, version: version.clone() }
    };
    steps.map(step).collect()
}

/// The version of a step, from the version before it: that of its milestone, else one level up.
pub fn next(before: &Version, level: Level, milestone: Option<Milestone>) -> Version {
    milestone.map_or_else(|| before.after(level), Version::from)
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
        let verdict = judge(&step);
        assert_eq!(verdict.level, Level::Major);
        let header = verdict.header.unwrap();
        assert_eq!((header.line.as_str(), header.from), ("Sem-Ver: api-breaking, soon", CommitId([3; 20])));
        let kinds = verdict.doubts.iter().map(|doubted| doubted.kind).collect::<Vec<_>>();
        assert_eq!(kinds, [DoubtKind::InSubject, DoubtKind::UnknownValue]);
    }

    #[test]
    fn versions_are_three_plain_numbers() {
        for text in ["1.2", "1.2.3-rc1", "1.2.3+4", "01.2.3", "1.2.4294967295", "v1.2.3", ""] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion), "{text}");
        }
        assert_eq!("1.20.3".parse::<Version>().unwrap().to_string(), "1.20.3");
        assert!("1.10.0".parse::<Version>().unwrap() > "1.9.9".parse().unwrap());
    }
}
