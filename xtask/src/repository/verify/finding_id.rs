//! The kinds of findings, and what to do about each.

use std::fmt;

use serde::Serialize;

use crate::base::error::{committed, program};
use crate::repository::clients::keys::help_to_lost_keys;
use crate::repository::model::blocked::help_for_blocked;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingId {
    /// A file or folder with a name that the layout does not have.
    NameForeign,
    /// A file, folder or line of the log that a killed run did not finish.
    Leftover,
    /// A change that is visible, and that an interrupted run did not finish.
    Interrupted,
    /// A link whose target does not exist.
    LinkDangling,
    /// A link with a target that the layout does not allow, or another file in place of a link.
    LinkForeign,
    /// A link or a file in the place of a folder.
    FolderForeign,
    /// The link of a series that does not lead to the last revision in the log.
    LinkDiffers,
    /// A manifest that cannot be read.
    ManifestUnreadable,
    /// A manifest with another digest than in the log.
    ManifestChanged,
    /// A manifest whose event is not in the log, and that does not list the files beside it.
    ManifestUnfit,
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
    /// Repodata that an earlier version packed in another way. Clients read it, and this program does not.
    RepodataOld,
    /// A package that the repodata does not list.
    PackageUndescribed,
    /// A package that the repodata lists and that is missing or differs.
    PackageGone,
    /// A file with checksums that does not list the files in `sources/`.
    SumsDiffer,
    /// A statement that does not fit the files beside it, or the release in the manifest.
    StatementDiffers,
    /// A file with the public keys that is missing or has something else.
    KeysDiffer,
    /// A copy of the public keys in the state that is missing or damaged.
    KeyCopyDiffers,
    /// An invalid signature.
    SignatureBad,
    /// A valid signature of a key that has expired since, where clients read it now.
    KeyExpired,
    /// A package in a signed revision that was staged without a key.
    PackageUnsigned,
    /// A file without a signature in a signed snapshot or revision.
    SignatureMissing,
    /// A changelog that differs from the one in the source archive.
    ChangelogDiffers,
    /// A revision whose versions are not in ascending order.
    VersionsOutOfOrder,
    /// A log with a changed line.
    LogBroken,
    /// A log whose events are not those of the manifests.
    LogForeign,
    /// A snapshot or revision whose event is not in the log.
    LogLacksEvent,
    /// A snapshot or revision in the log that was not pruned and does not exist.
    Vanished,
    /// The current revision of a series, which does not exist.
    CurrentVanished,
    /// A ledger that cannot be read.
    LedgerUnreadable,
    /// A promoted package that the ledger does not list, or lists with another digest.
    LedgerDiffers,
    /// A test result that cannot be read, or whose log was changed.
    ResultChanged,
    /// A mirrorlist that leads clients to another address than the configured one.
    AddressDiffers,
    /// A `.repo` file that is missing or has another content than `releng` would write.
    RepoFileDiffers,
    /// A page of the root that is missing or has another content than `releng` would write.
    PageDiffers,
}

impl FindingId {
    /// The next step for a finding of this kind.
    pub fn help(self) -> String {
        let program = program();
        let help = match self {
            FindingId::NameForeign | FindingId::FileForeign => "move it away: `releng` did not make it",
            FindingId::Leftover => return help_to_remove(),
            FindingId::Interrupted => return help_to_finish(),
            FindingId::LinkDangling => {
                "put back what it leads to; if this is a copy of a repository, copy it again: first all files, then the links"
            }
            FindingId::LinkForeign => "move it away: the next command that changes the repository makes the link again",
            FindingId::FolderForeign => help_for_blocked(),
            FindingId::LinkDiffers => return help_to_repair(),
            FindingId::ManifestUnreadable | FindingId::ManifestChanged => {
                "put it back from a backup; or stage the release again, which gives it a new number; or, for a revision, roll the \
                 series back to a sound one"
            }
            FindingId::CurrentVanished => "put it back from a backup; in a copy of a repository, copy it again",
            FindingId::Vanished => {
                return format!("put it back from a backup; or record that it is gone: `{program} prune --missing`");
            }
            FindingId::FileMissing
            | FindingId::FileChanged
            | FindingId::PackageDamaged
            | FindingId::SumsDiffer
            | FindingId::ChangelogDiffers => {
                "put the file back from another copy, such as a backup or a mirror; without one, stop serving it"
            }
            FindingId::RepodataDamaged | FindingId::PackageUndescribed | FindingId::PackageGone => {
                "stop serving it: roll back to a revision without findings, then promote again"
            }
            FindingId::RepodataOld => {
                "clients read it; the next promotion makes it anew; stage a snapshot again before you promote it"
            }
            FindingId::StatementDiffers => {
                "stop serving it: it is not from this program; stage the release again, and promote it"
            }
            FindingId::SignatureBad => "stop serving it: somebody may have changed it; stage or promote again",
            FindingId::KeyExpired => {
                return format!(
                    "clients refuse it: {}; then stage and promote a new release: \"Changing the key\" in docs/maintainer.md has \
                     the steps",
                    committed("set `repository.sign` to a key that has not expired")
                );
            }
            FindingId::SignatureMissing => {
                "clients that have a key refuse it: stage or promote again with the key; if you did not stage or promote it \
                 without one, somebody may have changed it: stop serving it"
            }
            FindingId::PackageUnsigned => {
                return format!(
                    "clients that have a key refuse it: take it out: `{program} yank NEVRA --why REASON`; see \"Turning \
                     signing on later\" in docs/maintainer.md"
                );
            }
            FindingId::KeysDiffer => {
                return format!(
                    "the next command that changes the repository makes it again from the copy `keys.asc` in the state: `{program} \
                     prune`, for example; if that copy is missing or damaged, too: {}",
                    help_to_lost_keys()
                );
            }
            FindingId::KeyCopyDiffers => return help_to_copy_keys(),
            FindingId::VersionsOutOfOrder => "clients install the highest version: promote a newer one, or roll back",
            FindingId::ManifestUnfit => {
                "put the log back from a backup, and verify again: with the log, it is known which of them was changed"
            }
            FindingId::LogBroken | FindingId::LogForeign | FindingId::LogLacksEvent => {
                return format!(
                    "put the log back from a backup; if the state is in another folder, {}; or put the log together again from the \
                     manifests: `{program} recover-log`",
                    committed("correct `repository.state`")
                );
            }
            FindingId::LedgerUnreadable | FindingId::LedgerDiffers => {
                return format!(
                    "put the ledger back from a backup; or put it together again from the manifests: `{program} recover-log`"
                );
            }
            FindingId::ResultChanged => "accept the snapshot again",
            FindingId::AddressDiffers => "the next promotion leads clients to the address of the configuration",
            FindingId::PageDiffers | FindingId::RepoFileDiffers => return help_to_repair(),
        };
        help.to_owned()
    }

    /// Whether the commands that change the repository refuse to run.
    pub fn stops_changes(self) -> bool {
        matches!(
            self,
            FindingId::FolderForeign
                | FindingId::LedgerDiffers
                | FindingId::LedgerUnreadable
                | FindingId::LinkForeign
                | FindingId::LogBroken
                | FindingId::LogForeign
                | FindingId::LogLacksEvent
                | FindingId::ManifestUnfit
        )
    }

    /// Whether a folder with such a finding has other content than its manifest lists, or none.
    pub(super) fn is_damage(self) -> bool {
        matches!(
            self,
            FindingId::ChangelogDiffers
                | FindingId::CurrentVanished
                | FindingId::FileChanged
                | FindingId::FileMissing
                | FindingId::ManifestChanged
                | FindingId::ManifestUnreadable
                | FindingId::PackageDamaged
                | FindingId::PackageGone
                | FindingId::PackageUndescribed
                | FindingId::RepodataDamaged
                | FindingId::SumsDiffer
                | FindingId::VersionsOutOfOrder
        )
    }

    /// Whether a file beside the manifest is damaged.
    pub(super) fn is_damage_of_file(self) -> bool {
        matches!(
            self,
            FindingId::ChangelogDiffers
                | FindingId::FileChanged
                | FindingId::FileMissing
                | FindingId::PackageDamaged
                | FindingId::PackageGone
                | FindingId::PackageUndescribed
                | FindingId::RepodataDamaged
                | FindingId::SumsDiffer
        )
    }

    /// Whether such a finding says that the files of a folder are not as its manifest lists them. It is only as true as the manifest.
    pub(super) fn is_by_manifest(self) -> bool {
        !matches!(self, FindingId::KeyExpired | FindingId::RepodataOld | FindingId::SignatureBad)
    }

    /// Whether a run that changes the repository causes such findings while it works.
    pub(super) fn is_passing(self) -> bool {
        matches!(
            self,
            FindingId::AddressDiffers
                | FindingId::CurrentVanished
                | FindingId::Interrupted
                | FindingId::KeyCopyDiffers
                | FindingId::KeysDiffer
                | FindingId::LedgerDiffers
                | FindingId::Leftover
                | FindingId::LinkDangling
                | FindingId::LinkDiffers
                | FindingId::LogLacksEvent
                | FindingId::ManifestUnfit
                | FindingId::PageDiffers
                | FindingId::RepoFileDiffers
                | FindingId::Vanished
        )
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The help for what the next command that changes the repository makes again.
pub fn help_to_repair() -> String {
    format!("the next command that changes the repository makes it again: `{} prune`, for example", program())
}

/// The help for a damaged file where there are commands that lead out.
pub(super) fn help_to_put_back() -> String {
    "put the file back from another copy, such as a backup or a mirror; without one, the commands for the whole repository lead out".to_owned()
}

/// The help for a change that an interrupted run did not finish.
pub fn help_to_finish() -> String {
    format!("the next command that changes the repository finishes it: `{} prune`, for example", program())
}

/// The help for what a killed run left.
pub fn help_to_remove() -> String {
    format!("the next command that changes the repository removes it: `{} prune`, for example", program())
}

/// The help for a copy of the keys that is missing or damaged.
pub fn help_to_copy_keys() -> String {
    format!(
        "put it back from a backup; or make it again from the served file, if nobody has changed that: `{} recover-log`",
        program()
    )
}
