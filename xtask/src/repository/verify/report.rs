//! What a verification finds: faults, each with its id, its place and what to do.

use std::fmt;

use serde::Serialize;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Id {
    /// A name that no part of the layout has.
    NameForeign,
    /// What a killed run left.
    Leftover,
    /// A link to nothing.
    LinkDangling,
    /// A link to something else than it should lead to.
    LinkForeign,
    /// A series that leads to another revision than the one the log has last.
    LinkDiffers,
    /// A manifest that cannot be read.
    ManifestUnreadable,
    /// A manifest that is not the one the log knows.
    ManifestChanged,
    /// A file that the manifest lists and that is not there.
    FileMissing,
    /// A file that the manifest does not list.
    FileForeign,
    /// A file with other bytes than the manifest says.
    FileChanged,
    /// An RPM whose bytes are not what its own digests promise, or not what the manifest says of it.
    PackageDamaged,
    /// Repodata that cannot be read, or whose files are not what its index says.
    RepodataDamaged,
    /// A package that the repodata does not describe.
    PackageUndescribed,
    /// A package that the repodata describes and that is not there, or is another one.
    PackageGone,
    /// Checksums of the sources that are not those of the sources.
    SumsDiffer,
    /// A signature that is not good.
    SignatureBad,
    /// Something unsigned among what is signed.
    SignatureMissing,
    /// A changelog that is not the one in the tarball.
    ChangelogDiffers,
    /// Releases in a series whose versions do not rise.
    VersionsOutOfOrder,
    /// A log that was changed.
    LogBroken,
    /// A snapshot or revision whose event the log lacks.
    LogLacksEvent,
    /// A snapshot or revision that the log knows, that was never pruned, and is not there.
    Vanished,
    /// A ledger that cannot be read.
    LedgerUnreadable,
    /// A promoted package that the ledger lacks, or knows with other contents.
    LedgerDiffers,
    /// A result of a test whose log was changed.
    ResultChanged,
    /// A `.repo` file that is not the one this repository would write.
    RepoFileDiffers,
}

impl Id {
    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Id::NameForeign | Id::FileForeign => "move it away: nothing of ours has this name",
            Id::Leftover => "the next command that writes clears it",
            Id::LinkDangling | Id::LinkForeign => {
                "roll the series back to a sound revision, or stage again for `latest`"
            }
            Id::LinkDiffers => "put the link back as it is said here before anything else is written",
            Id::ManifestUnreadable | Id::ManifestChanged | Id::Vanished => {
                "put it back from a backup; a snapshot can be staged again under another number"
            }
            Id::FileMissing | Id::FileChanged | Id::PackageDamaged | Id::SumsDiffer | Id::ChangelogDiffers => {
                "do not serve it: roll back to a sound revision, or put the file back from another copy"
            }
            Id::RepodataDamaged | Id::PackageUndescribed | Id::PackageGone => {
                "do not serve it: roll back to a sound revision, then promote again"
            }
            Id::SignatureBad | Id::SignatureMissing => {
                "do not serve it: somebody may have changed it; stage or promote again"
            }
            Id::VersionsOutOfOrder => "clients see the highest version: promote a newer one, or roll back",
            Id::LogBroken | Id::LogLacksEvent => "put the log back from a backup; the manifests carry its events",
            Id::LedgerUnreadable | Id::LedgerDiffers => "put the ledger back from a backup",
            Id::ResultChanged => "accept the snapshot again",
            Id::RepoFileDiffers => "the next command that writes makes it anew",
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where: below the root or the state, or as it was named.
    pub path: String,
    /// Which kind.
    pub id: Id,
    /// What exactly.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.id, self.path, self.what)
    }
}

/// All that was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Report {
    /// The faults, by path.
    pub findings: Vec<Finding>,
    /// How many snapshots and revisions.
    pub folders: usize,
    /// How many files in them.
    pub files: usize,
}

impl Report {
    pub(super) fn add(&mut self, id: Id, path: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding { path: path.into(), id, what: what.into() });
    }
}
