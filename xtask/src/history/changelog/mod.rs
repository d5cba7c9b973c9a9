//! The changelog: one entry for each step of the mainline, newest first.
//!
//! The text file in the archives, the copy in the spec, Markdown and JSON are renderings of one [`Changelog`]. It is
//! made from git ([`Changelog::new`]) or, in an unpacked archive, read from the text file ([`Changelog::parse`]): both
//! give the same renderings.

mod forms;
mod parse;
mod rpm;

use std::num::NonZero;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

pub use parse::NotAChangelog;
pub use rpm::Repackaging;

use crate::base::error::{Exit, Failure};
use crate::base::text::one_line;
use crate::git::{Commit, CommitId, MainlineStep};
use crate::history::bug;
use crate::history::header::{self, HeaderForms};
use crate::history::release_tags::ReleaseTags;
use crate::history::step::{decide, read_headers};
use crate::history::version::Version;

/// The dates that RPM accepts: it refuses years before 1990, and keeps seconds in 32 bits.
const EARLIEST: Date = date(1990, 1, 1);
const LATEST: Date = date(2106, 2, 6);

/// How many entries a spec has at least and at most, if their number is not configured.
const LEAST: usize = 20;
const MOST: usize = 200;

/// Entries in the order of RPM: no entry has a later date than the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changelog {
    /// Newest first.
    pub entries: Vec<ChangelogEntry>,
}

/// One step of the mainline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangelogEntry {
    pub version: Version,
    /// The day of the commit in UTC, but not after that of the newer entry before.
    pub date: Date,
    /// The day of the commit in UTC.
    pub committed: Date,
    /// The author of the step's own commit.
    pub author: Author,
    /// The step's own commit, then those it brought in, children before their parents.
    pub changes: Vec<ChangelogItem>,
}

/// The author in the first line of an entry: `Name <email>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Never empty; no angle brackets.
    pub name: String,
    /// May be empty; no angle brackets, no white space.
    pub email: String,
}

/// One commit of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangelogItem {
    /// The first eight digits of the commit's id.
    pub id: String,
    /// The whole id; `None` if the changelog was read from a text.
    pub commit: Option<CommitId>,
    /// The subject as one line of clean text.
    pub subject: String,
    /// The bugs it fixes, as [`bug::names`] names them.
    pub bugs: Vec<String>,
}

impl Changelog {
    /// The changelog of steps, oldest first. `start` is the version of the commit before the first step.
    pub fn new(start: Version, steps: &[MainlineStep], tags: &ReleaseTags, forms: HeaderForms) -> Changelog {
        let mut version = start;
        let mut entries = Vec::with_capacity(steps.len());
        for step in steps {
            version = decide(&version, step, read_headers(step, forms), tags, forms).version;
            let committed = day(step.commit.committer().seconds());
            entries.push(ChangelogEntry {
                version: version.clone(),
                date: committed,
                committed,
                author: Author::of(&step.commit),
                changes: step.commits().map(ChangelogItem::of).collect(),
            });
        }
        entries.reverse();
        let mut changelog = Changelog { entries };
        changelog.clamp();
        changelog
    }

    /// Lowers dates: RPM refuses an entry with a later date than the newer one before it.
    fn clamp(&mut self) {
        let mut newer = LATEST;
        for entry in &mut self.entries {
            entry.date = entry.committed.min(newer);
            newer = entry.date;
        }
    }

    /// The entries newer than a release: those before the newest entry of its version.
    ///
    /// Errors (exit 2): there is no such entry; the help lists the milestones.
    pub fn since(mut self, version: &Version) -> Result<Changelog, Failure> {
        match self.entries.iter().position(|entry| entry.version == *version) {
            Some(end) => {
                self.entries.truncate(end);
                Ok(self)
            }
            None => Err(self.no_such_release(version)),
        }
    }

    fn no_such_release(&self, version: &Version) -> Failure {
        let milestones = self.entries.iter().filter(|entry| entry.version.patch() == 0);
        let mut names =
            milestones.map(|entry| format!("{}.{}", entry.version.major(), entry.version.minor())).collect::<Vec<_>>();
        names.dedup();
        let help = if names.is_empty() {
            "there is no milestone yet; without `--since` the changelog has all entries".to_owned()
        } else {
            format!("the milestones are {}", names.join(", "))
        };
        Failure::new(Exit::Usage, format!("no commit of this mainline has the version {version}")).help(help)
    }

    /// The entries from the step of `commit` on, which is the oldest of them.
    #[must_use]
    pub fn from_step(mut self, commit: CommitId) -> Changelog {
        let is_step = |entry: &ChangelogEntry| entry.changes.first().is_some_and(|own| own.commit == Some(commit));
        let kept = self.entries.iter().position(is_step).map_or(0, |place| place + 1);
        self.entries.truncate(kept);
        self
    }

    /// Whether a commit had this version.
    pub fn has(&self, version: &Version) -> bool {
        self.entries.iter().any(|entry| entry.version == *version)
    }

    /// The entries up to `version`, without newer ones; none if no commit had this version.
    #[must_use]
    pub fn up_to(mut self, version: &Version) -> Changelog {
        let newer = self.entries.iter().take_while(|entry| entry.version != *version).count();
        self.entries.drain(..newer);
        self.clamp();
        self
    }

    /// The newest `count` entries.
    #[must_use]
    pub fn newest(mut self, count: usize) -> Changelog {
        self.entries.truncate(count);
        self
    }

    /// The entries for a spec: the newest `count`, or else those since the milestone before the last one, at least [`LEAST`] and at
    /// most [`MOST`].
    #[must_use]
    pub fn for_spec(self, count: Option<NonZero<u32>>) -> Changelog {
        let milestones = self.entries.iter().enumerate().filter(|(_, entry)| entry.version.patch() == 0);
        let since = milestones.map(|(index, _)| index).nth(1).unwrap_or(self.entries.len());
        self.newest(count.map_or(since.clamp(LEAST, MOST), |count| count.get() as usize))
    }

    /// The same changelog with another version for the newest entry.
    #[must_use]
    pub fn assume_version(mut self, version: Version) -> Changelog {
        if let Some(newest) = self.entries.first_mut() {
            newest.version = version;
        }
        self
    }
}

impl Author {
    fn of(commit: &Commit) -> Author {
        let author = commit.author();
        let clean = |bytes: &[u8]| {
            let text = one_line(&commit.decode(bytes));
            one_line(&text.replace(['<', '>'], ""))
        };
        let name = Some(clean(author.name)).filter(|name| !name.is_empty());
        let email = clean(author.email).replace(' ', "");
        Author { name: name.unwrap_or_else(|| "Unknown".to_owned()), email }
    }
}

impl ChangelogItem {
    fn of(commit: &Commit) -> ChangelogItem {
        let mut bugs = Vec::new();
        for value in header::read(commit.message()).bug_urls {
            for bug in bug::names(&one_line(&commit.decode(value))) {
                if !bugs.contains(&bug) {
                    bugs.push(bug);
                }
            }
        }
        let subject = one_line(&commit.decode(commit.subject()));
        ChangelogItem { id: commit.id.short(), commit: Some(commit.id), subject, bugs }
    }
}

/// The day of a committer's date, in the range that RPM accepts.
fn day(seconds: i64) -> Date {
    let nearest = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let timestamp = Timestamp::from_second(seconds).unwrap_or(nearest);
    timestamp.to_zoned(TimeZone::UTC).date().clamp(EARLIEST, LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_never_breaks_the_head_line() {
        for (line, expected) in [
            (&b"Ada Example <ada@example.org> 0 +0000"[..], "Ada Example <ada@example.org>"),
            (b" <> 0 +0000", "Unknown"),
            (b"<ada@example.org> 0 +0000", "Unknown <ada@example.org>"),
            (b"Ada <B> <<ada@example.org>> 0 +0000", "Ada <Bada@example.org>"),
            (b"Ada> > <a b\tc> 0 +0000", "Ada <abc>"),
            (b"Ada\r\x0b - 1.0-1 <> 0", "Ada - 1.0-1"),
            (b"caf\xe9 <\xe9>", "caf\u{fffd} <\u{fffd}>"),
            (b"nobody", "nobody"),
            (b"", "Unknown"),
        ] {
            let raw = [b"tree 0\nauthor ", line, b"\n\nsubject"].concat();
            let author = Author::of(&Commit::new(CommitId([0; 20]), raw));
            assert_eq!(author.to_string(), expected);
        }
    }

    #[test]
    fn a_spec_has_the_entries_since_the_milestone_before_the_last_within_limits() {
        /// A changelog with milestones at these places, counted from the newest entry.
        fn changelog(length: usize, milestones: &[usize]) -> Changelog {
            let entry = |index: usize| {
                let patch = if milestones.contains(&index) { 0 } else { 1 + index as u64 };
                let author = Author { name: "x".to_owned(), email: String::new() };
                let version = Version::new(1, 0, patch);
                ChangelogEntry { version, date: EARLIEST, committed: EARLIEST, author, changes: Vec::new() }
            };
            Changelog { entries: (0..length).map(entry).collect() }
        }
        for (length, milestones, shown) in [
            (1000, &[][..], 200),
            (1000, &[30, 70, 90], 70),
            (1000, &[3, 7], 20),
            (1000, &[3, 700], 200),
            (5, &[1, 3], 5),
            (100, &[40], 100),
        ] {
            assert_eq!(changelog(length, milestones).for_spec(None).entries.len(), shown, "{length} {milestones:?}");
        }
        assert_eq!(changelog(1000, &[]).for_spec(NonZero::new(700)).entries.len(), 700);
    }

    #[test]
    fn days_stay_in_the_range_of_rpm() {
        for (seconds, expected) in [
            (i64::MIN, EARLIEST),
            (-1, EARLIEST),
            (1_584_662_399, date(2020, 3, 19)),
            (1_584_662_400, date(2020, 3, 20)),
            (i64::MAX, LATEST),
        ] {
            assert_eq!(day(seconds), expected);
        }
    }
}
