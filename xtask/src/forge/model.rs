//! What is said to a forge and heard from it, in words that GitHub, GitLab and Forgejo share.
//!
//! All texts come from strangers: they are printed through `base::text`, and no rule trusts them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::error::{Exit, Failure};
use crate::git::{BranchName, CommitId};
use crate::project::config::ForgeKind;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The number that the forge gave: a name can change its owner, a number cannot.
    pub id: u64,
    /// The name in addresses, such as `ada`.
    pub login: String,
    /// Whether it is a person, as the forge says: no bot, no application, no organisation.
    pub is_person: bool,
}

impl Account {
    /// The account of somebody who has left the forge: no right is given to it.
    pub fn gone() -> Account {
        Account { id: 0, login: String::new(), is_person: false }
    }
}

/// What an account may do in a repository, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// No access, or that of everyone.
    None,
    Read,
    /// GitHub's `triage`, GitLab's reporter: labels, but no commits.
    Triage,
    /// May push: GitLab's developer.
    Write,
    /// GitHub's `maintain`, GitLab's maintainer.
    Maintain,
    /// GitHub's and Forgejo's `admin`, GitLab's owner.
    Admin,
}

/// A pull request (GitLab: merge request) as the forge has it at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u32,
    /// Neither closed nor merged.
    pub is_open: bool,
    pub is_draft: bool,
    pub title: String,
    pub author: Account,
    /// The newest commit of the work.
    pub head: CommitId,
    /// Whether the work is in another repository than the base, or was in one that is gone.
    pub is_from_fork: bool,
    /// The branch of the work, as the forge names it. It comes from outside, and can be anything.
    pub branch: String,
    pub base: BranchName,
    pub labels: Vec<String>,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewVerdict {
    Approved,
    ChangesRequested,
    /// A comment, or a review that was dismissed or is not known.
    Other,
}

/// A review of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub author: Account,
    pub verdict: ReviewVerdict,
    /// The commit that was reviewed, where the forge knows it.
    pub commit: Option<CommitId>,
    /// When, where the forge says it.
    pub at: Option<Timestamp>,
}

/// What a forge has recorded about a pull request since some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRecord {
    /// In no order. What was taken back is among them.
    pub changes: Vec<PullChange>,
    /// Whether a push in that time would be among them.
    pub has_pushes: bool,
}

/// Something that happened to a pull request, after which a comment before it may not mean any more what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullChange {
    /// It was closed, or opened again.
    Closed,
    /// It became a draft, or ceased to be one.
    Drafted,
    /// It got another base.
    Retargeted,
    /// It got another head.
    Pushed,
    /// Somebody took away what a review says.
    ReviewDismissed,
}

/// A comment on a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: u64,
    pub author: Account,
    /// Markdown.
    pub text: String,
    pub at: Timestamp,
}

/// The state of a commit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusState {
    Pending,
    Success,
    /// The tests failed.
    Failure,
    /// The tests could not be run to their end.
    Error,
}

/// A status that a commit shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    /// Which status it is, such as `releng/check-patch`: a later one with the same name replaces it.
    pub context: String,
    pub state: StatusState,
    /// One line.
    pub description: String,
    /// Where the log is.
    pub url: Option<String>,
}

/// A status that a commit showed at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownStatus {
    /// Whether it says that something is still to come.
    pub is_pending: bool,
    /// When it was set.
    pub at: Timestamp,
    /// The number of the account that set it, where the forge says it.
    pub by: Option<u64>,
}

/// A release as it is wanted on a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedRelease {
    /// The forge makes this tag when the release is shown, if it is not there.
    pub tag: String,
    /// The commit of the tag.
    pub commit: CommitId,
    pub name: String,
    /// Markdown.
    pub notes: String,
}

/// The release of a version on a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeRelease {
    /// The number that later calls name. 0 on GitLab, where the tag is the name.
    pub id: u64,
    pub tag: String,
    /// Whether only its makers see it. GitLab has no drafts: there it is made when it is shown, and before that only its files are kept.
    pub is_draft: bool,
    /// The page for people. Empty for a draft on GitLab.
    pub page: String,
    /// Empty for a draft on GitLab.
    pub name: String,
    /// In Markdown. Empty for a draft on GitLab.
    pub notes: String,
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    pub id: u64,
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// `sha256:…`, where the forge knows it.
    pub digest: Option<String>,
    /// Whether it is there whole.
    pub is_uploaded: bool,
}

/// The name that a forge gives a file: GitHub replaces characters other than letters, digits and `._-`.
pub fn name_on(kind: ForgeKind, name: &str) -> String {
    let is_kept = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let on_github = |letter: char| if is_kept(letter) { letter } else { '.' };
    if kind == ForgeKind::Github { name.chars().map(on_github).collect() } else { name.to_owned() }
}

/// The newest commit of a pull request. The id of only zeros, which forges send at times, is none.
pub fn parse_head(text: &str) -> Result<CommitId, String> {
    let id = CommitId::parse_hex(text.as_bytes()).filter(|id| *id != CommitId([0; 20]));
    id.ok_or_else(|| format!("`{}` is not a commit", text.escape_debug()))
}

/// The name of a branch.
pub fn parse_branch(text: &str) -> Result<BranchName, String> {
    text.parse().map_err(|_| format!("`{}` is not the name of a branch", text.escape_debug()))
}

/// Whether a text has a marker: a whole line among its last ones, which are all comments of HTML. What stands before may be quoted from others, and
/// marks nothing.
pub fn has_marker(text: &str, marker: &str) -> bool {
    let lines = text.trim_end().lines().rev().map(str::trim_end);
    lines.take_while(|line| line.starts_with("<!-- ") && line.ends_with(" -->")).any(|line| line == marker)
}

/// The oldest comment of an account that has a marker. A marker in the comment of somebody else means nothing.
pub fn find_marked(comments: Vec<Comment>, own: &Account, marker: &str) -> Option<Comment> {
    comments.into_iter().find(|comment| comment.author.id == own.id && has_marker(&comment.text, marker))
}

/// `Err` unless a text has its marker: without it, the comment would be written again and again.
pub fn require_marker(marker: &str, text: &str) -> Result<(), Failure> {
    if has_marker(text, marker) {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, format!("a comment does not end with its marker `{}`", marker.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_whole_line_at_the_end() {
        let marker = "<!-- releng:2:done -->";
        for (text, expected) in [
            ("Done.\n\n<!-- releng:2:accepted -->\n<!-- releng:2:done -->\n", true),
            ("<!-- releng:2:done -->", true),
            ("Conflict in `<!-- releng:2:done -->`.\n\n<!-- releng:1:ended -->", false),
            ("<!-- releng:2:done -->\n\ntext\n<!-- releng:1:ended -->", false),
            ("text <!-- releng:2:done -->", false),
            ("<!-- releng:2:done --> <!-- releng:1:ended -->", false),
            ("", false),
        ] {
            assert_eq!(has_marker(text, marker), expected, "{text}");
        }
        assert!(!has_marker("", "") && !has_marker("text", ""));
    }
}
