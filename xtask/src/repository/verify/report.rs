//! The findings of a verification, each with its kind, its path and what to do.

use std::fmt;

use serde::Serialize;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingId {
    /// A file or folder with a name that the layout does not have.
    NameForeign,
    /// A file, folder or line of the log that a killed run did not finish.
    Leftover,
    /// A link whose target does not exist.
    LinkDangling,
    /// A link with a target that the layout does not allow, or another file in place of a link.
    LinkForeign,
    /// The link of a series that does not lead to the last revision in the log.
    LinkDiffers,
    /// A manifest that cannot be read.
    ManifestUnreadable,
    /// A manifest with another digest than in the log.
    ManifestChanged,
    /// A file that the manifest lists and that does not exist.
    FileMissing,
    /// A file that the manifest does not list.
    FileForeign,
    /// A file with other bytes than the manifest lists.
    FileChanged,
    /// An RPM that differs from its own digests or from the manifest.
    PackageDamaged,
    /// Repodata that cannot be read, or whose files differ from its index.
    RepodataDamaged,
    /// A package that the repodata does not list.
    PackageUndescribed,
    /// A package that the repodata lists and that is missing or differs.
    PackageGone,
    /// A file with checksums that does not list the files in `sources/`.
    SumsDiffer,
    /// An invalid signature.
    SignatureBad,
    /// A file without a signature in a signed snapshot or revision.
    SignatureMissing,
    /// A changelog that differs from the one in the source archive.
    ChangelogDiffers,
    /// A revision whose versions are not in ascending order.
    VersionsOutOfOrder,
    /// A log with a changed line.
    LogBroken,
    /// A snapshot or revision whose event is not in the log.
    LogLacksEvent,
    /// A snapshot or revision in the log that was not pruned and does not exist.
    Vanished,
    /// A ledger that cannot be read.
    LedgerUnreadable,
    /// A promoted package that the ledger does not list, or lists with another digest.
    LedgerDiffers,
    /// A test result that cannot be read, or whose log was changed.
    ResultChanged,
    /// A `.repo` file with another content than `releng` would write.
    RepoFileDiffers,
}

impl FindingId {
    /// The next step for a finding of this kind.
    pub fn help(self) -> &'static str {
        match self {
            FindingId::NameForeign | FindingId::FileForeign => "move it away: `releng` did not make it",
            FindingId::Leftover => "the next command that changes the repository removes it",
            FindingId::LinkDangling | FindingId::LinkForeign => {
                "for a series, roll back to a revision without findings; for `latest`, stage again"
            }
            FindingId::LinkDiffers => {
                "set the link with the command in the finding, before you run another command that writes"
            }
            FindingId::ManifestUnreadable | FindingId::ManifestChanged | FindingId::Vanished => {
                "put it back from a backup; a snapshot can be staged again with another number"
            }
            FindingId::FileMissing
            | FindingId::FileChanged
            | FindingId::PackageDamaged
            | FindingId::SumsDiffer
            | FindingId::ChangelogDiffers => {
                "stop serving it: roll back to a revision without findings, or put the file back from another copy"
            }
            FindingId::RepodataDamaged | FindingId::PackageUndescribed | FindingId::PackageGone => {
                "stop serving it: roll back to a revision without findings, then promote again"
            }
            FindingId::SignatureBad | FindingId::SignatureMissing => {
                "stop serving it: somebody may have changed it; stage or promote again"
            }
            FindingId::VersionsOutOfOrder => "clients install the highest version: promote a newer one, or roll back",
            FindingId::LogBroken | FindingId::LogLacksEvent => {
                "put the log back from a backup; the manifests have its events"
            }
            FindingId::LedgerUnreadable | FindingId::LedgerDiffers => "put the ledger back from a backup",
            FindingId::ResultChanged => "accept the snapshot again",
            FindingId::RepoFileDiffers => "the next command that changes the repository writes it again",
        }
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A fault that the verification found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Relative to the root or the state folder; for a single folder, the path or address from the command line.
    pub path: String,
    pub id: FindingId,
    /// The details.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.id, self.path, self.what)
    }
}

/// The findings, and how much was checked.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Sorted by path.
    pub findings: Vec<Finding>,
    /// The number of snapshots and revisions.
    pub folders: usize,
    /// The number of their files.
    pub files: usize,
}

impl VerifyReport {
    pub(super) fn add(&mut self, id: FindingId, path: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding { path: path.into(), id, what: what.into() });
    }
}
