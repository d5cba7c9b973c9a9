//! What can be asked of a forge: the trait of the clients.

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;

use crate::forge::model::{
    Account, Asset, Comment, CommitStatus, ForgeRelease, Permission, PullRecord, PullRequest, Review, ShownStatus,
    WantedRelease,
};
use crate::git::CommitId;
use crate::project::config::ForgeKind;

/// A repository on a forge.
///
/// Errors of all calls: the forge cannot be reached, or fails (exit 5, after several tries); it does not accept the token (exit 3); it
/// has no such thing, where the call does not say `None` for it.
pub trait Forge {
    /// The program that the forge runs.
    fn kind(&self) -> ForgeKind;

    /// The account that the token belongs to.
    fn own_account(&self) -> Result<Account>;

    /// What an account may do here; asked anew at each call.
    fn permission(&self, account: &Account) -> Result<Permission>;

    /// A pull request, if there is one with this number.
    fn pull(&self, number: u32) -> Result<Option<PullRequest>>;

    /// What happened to a pull request at `since` or later, by the clock of the forge; `None` where the forge does not say it. The dates in a commit
    /// say nothing: its author writes them.
    fn record_since(&self, pull: &PullRequest, since: Timestamp) -> Result<Option<PullRecord>>;

    /// The reviews of a pull request, oldest first.
    fn reviews(&self, number: u32) -> Result<Vec<Review>>;

    /// All comments on a pull request, oldest first.
    fn comments(&self, number: u32) -> Result<Vec<Comment>>;

    /// Writes a comment, in Markdown, unless an own comment contains `marker` already; returns the one that is there then. A call that is
    /// repeated, by this run or by another one, writes nothing twice. The text must contain the marker.
    fn comment(&self, number: u32, marker: &str, text: &str) -> Result<Comment>;

    /// Replaces the text of an own comment.
    fn replace_comment(&self, number: u32, comment: u64, text: &str) -> Result<()>;

    /// Sets a status of a commit.
    fn set_status(&self, commit: CommitId, status: &CommitStatus) -> Result<()>;

    /// All statuses with this name that a commit has, also those that later ones have replaced.
    fn statuses(&self, commit: CommitId, context: &str) -> Result<Vec<ShownStatus>>;

    /// Puts a label on a pull request; it may have it already.
    fn add_label(&self, number: u32, label: &str) -> Result<()>;

    /// Takes a label off a pull request; it may not have it.
    fn remove_label(&self, number: u32, label: &str) -> Result<()>;

    /// The release of a tag, drafts included, if there is one. On GitLab, kept files without a release are a draft.
    fn release(&self, tag: &str) -> Result<Option<ForgeRelease>>;

    /// Makes the draft of a release, unless the tag has a release or a draft already. On GitLab nothing is made yet.
    fn draft_release(&self, wanted: &WantedRelease) -> Result<ForgeRelease>;

    /// Adds a file to a release, unless it has this file already. What a broken upload left is replaced.
    ///
    /// Errors: the release has another file of this name; the file cannot be read.
    fn upload(&self, release: &ForgeRelease, name: &str, file: &Path) -> Result<Asset>;

    /// Takes a file out of a release. It may be gone already.
    fn remove_asset(&self, release: &ForgeRelease, asset: &Asset) -> Result<()>;

    /// Shows a draft to everyone, with the name, the notes and the commit of `wanted`, whatever the draft had, and with the files that
    /// `release` lists.
    fn show_release(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease>;
}
