//! The answers of GitHub's REST API, read into the model. Fields that are not used are not read, and those that can be missing may be.

use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::model::{
    Account, Asset, Comment, ForgeRelease, Permission, PullChange, PullRequest, Review, ReviewVerdict, ShownStatus,
    parse_branch, parse_head,
};
use crate::git::CommitId;

/// A user, a bot or an organisation.
#[derive(Debug, Deserialize)]
pub struct GithubAccount {
    id: u64,
    pub login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

impl From<GithubAccount> for Account {
    fn from(account: GithubAccount) -> Account {
        Account { id: account.id, is_person: account.kind == "User", login: account.login }
    }
}

/// An account that may be gone.
fn account_of(account: Option<GithubAccount>) -> Account {
    account.map_or_else(Account::gone, Account::from)
}

/// The answer to `GET /repos/{owner}/{repo}/collaborators/{username}/permission`.
#[derive(Debug, Deserialize)]
pub struct GithubPermission {
    /// One of `admin`, `write`, `read` and `none`: GitHub's older words, in which `maintain` is `write` and `triage` is `read`.
    permission: String,
    /// The role, which may be one that an organisation has made and named.
    #[serde(default)]
    role_name: String,
    user: Option<GithubAccount>,
}

impl GithubPermission {
    /// What the account may do. `None` where the answer is about another account: a name can change its owner.
    pub fn of(&self, account: &Account) -> Permission {
        if self.user.as_ref().is_none_or(|user| user.id != account.id) {
            return Permission::None;
        }
        let of_role = |name: &str| match name {
            "admin" => Some(Permission::Admin),
            "maintain" => Some(Permission::Maintain),
            "write" => Some(Permission::Write),
            "triage" => Some(Permission::Triage),
            "read" => Some(Permission::Read),
            "none" => Some(Permission::None),
            _ => None,
        };
        of_role(&self.role_name).or(of_role(&self.permission)).unwrap_or(Permission::None)
    }
}

/// A pull request.
#[derive(Debug, Deserialize)]
pub struct GithubPull {
    number: u32,
    state: String,
    #[serde(default)]
    draft: bool,
    title: String,
    user: Option<GithubAccount>,
    head: GithubEnd,
    base: GithubEnd,
    #[serde(default)]
    labels: Vec<GithubLabel>,
}

/// One of the two ends of a pull request.
#[derive(Debug, Deserialize)]
struct GithubEnd {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
    repo: Option<GithubRepository>,
}

#[derive(Debug, Deserialize)]
struct GithubRepository {
    id: u64,
}

/// A change of a branch.
#[derive(Debug, Deserialize)]
pub struct GithubActivity {
    /// The newest commit afterwards.
    pub after: String,
    pub timestamp: Timestamp,
}

/// Something that happened to a pull request.
#[derive(Debug, Deserialize)]
pub struct GithubIssueEvent {
    /// Its kind.
    event: String,
    created_at: Timestamp,
}

impl GithubIssueEvent {
    /// What it changed, if it happened at `since` or later. A push that adds commits is no such event.
    pub fn change_since(&self, since: Timestamp) -> Option<PullChange> {
        let change = match self.event.as_str() {
            "closed" | "reopened" => PullChange::Closed,
            "convert_to_draft" | "converted_to_draft" | "ready_for_review" => PullChange::Drafted,
            "base_ref_changed" | "automatic_base_change_succeeded" => PullChange::Retargeted,
            "head_ref_force_pushed" | "head_ref_deleted" | "head_ref_restored" => PullChange::Pushed,
            "review_dismissed" => PullChange::ReviewDismissed,
            _ => return None,
        };
        (self.created_at >= since).then_some(change)
    }
}

/// A status of a commit.
#[derive(Debug, Deserialize)]
pub struct GithubStatus {
    pub context: String,
    state: String,
    created_at: Timestamp,
    creator: Option<GithubAccount>,
}

impl From<GithubStatus> for ShownStatus {
    fn from(status: GithubStatus) -> ShownStatus {
        let by = status.creator.map(|creator| creator.id);
        ShownStatus { is_pending: status.state == "pending", at: status.created_at, by }
    }
}

/// A label.
#[derive(Debug, Deserialize)]
pub struct GithubLabel {
    name: String,
}

impl GithubPull {
    /// In the words of the model.
    ///
    /// Errors: the head is not a commit; the base is not the name of a branch.
    pub fn into_model(self) -> Result<PullRequest, String> {
        let base = self.base.repo.as_ref().map(|repository| repository.id);
        let head = self.head.repo.as_ref().map(|repository| repository.id);
        Ok(PullRequest {
            number: self.number,
            is_open: self.state == "open",
            is_draft: self.draft,
            title: self.title,
            author: account_of(self.user),
            head: parse_head(&self.head.sha)?,
            // Without a repository, it was in a fork that is gone.
            is_from_fork: head.is_none() || head != base,
            branch: self.head.name,
            base: parse_branch(&self.base.name)?,
            labels: self.labels.into_iter().map(|label| label.name).collect(),
        })
    }
}

/// A review.
#[derive(Debug, Deserialize)]
pub struct GithubReview {
    user: Option<GithubAccount>,
    state: String,
    commit_id: Option<String>,
    submitted_at: Option<Timestamp>,
}

impl GithubReview {
    /// In the words of the model; `None` for one that is not sent yet.
    pub fn into_model(self) -> Option<Review> {
        let verdict = match self.state.as_str() {
            "PENDING" => return None,
            "APPROVED" => ReviewVerdict::Approved,
            "CHANGES_REQUESTED" => ReviewVerdict::ChangesRequested,
            _ => ReviewVerdict::Other,
        };
        let commit = self.commit_id.and_then(|id| CommitId::parse_hex(id.as_bytes()));
        Some(Review { author: account_of(self.user), verdict, commit, at: self.submitted_at })
    }
}

/// A comment.
#[derive(Debug, Deserialize)]
pub struct GithubComment {
    id: u64,
    user: Option<GithubAccount>,
    body: Option<String>,
    created_at: Timestamp,
}

impl From<GithubComment> for Comment {
    fn from(comment: GithubComment) -> Comment {
        let text = comment.body.unwrap_or_default();
        Comment { id: comment.id, author: account_of(comment.user), text, at: comment.created_at }
    }
}

/// A release.
#[derive(Debug, Deserialize)]
pub struct GithubRelease {
    id: u64,
    pub tag_name: String,
    draft: bool,
    html_url: String,
    name: Option<String>,
    body: Option<String>,
    /// With a part `{?name,label}` at its end.
    pub upload_url: String,
    #[serde(default)]
    pub assets: Vec<GithubAsset>,
}

impl From<GithubRelease> for ForgeRelease {
    fn from(release: GithubRelease) -> ForgeRelease {
        ForgeRelease {
            id: release.id,
            tag: release.tag_name,
            is_draft: release.draft,
            page: release.html_url,
            name: release.name.unwrap_or_default(),
            notes: release.body.unwrap_or_default(),
            assets: release.assets.into_iter().map(Asset::from).collect(),
        }
    }
}

/// A file of a release.
#[derive(Debug, Deserialize)]
pub struct GithubAsset {
    id: u64,
    name: String,
    /// `uploaded`, or `starter` after an upload that broke off.
    state: String,
    size: u64,
    digest: Option<String>,
}

impl From<GithubAsset> for Asset {
    fn from(asset: GithubAsset) -> Asset {
        let is_uploaded = asset.state == "uploaded";
        Asset { id: asset.id, name: asset.name, size: asset.size, digest: asset.digest, is_uploaded }
    }
}

/// The answer of GraphQL to the question for the own account.
#[derive(Debug, Deserialize)]
pub struct GithubViewer {
    pub data: Option<GithubViewerData>,
}

/// The content of [`GithubViewer`].
#[derive(Debug, Deserialize)]
pub struct GithubViewerData {
    pub viewer: GithubLogin,
}

/// An account by its name alone.
#[derive(Debug, Deserialize)]
pub struct GithubLogin {
    pub login: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_that_of_the_role_and_of_the_same_account() {
        let ada = Account { id: 7, login: "ada".to_owned(), is_person: true };
        for (permission, role, user, expected) in [
            ("admin", "admin", 7, Permission::Admin),
            ("write", "maintain", 7, Permission::Maintain),
            ("write", "write", 7, Permission::Write),
            ("read", "triage", 7, Permission::Triage),
            ("read", "read", 7, Permission::Read),
            ("none", "none", 7, Permission::None),
            ("write", "release-managers", 7, Permission::Write),
            ("owner", "owner", 7, Permission::None),
            ("admin", "admin", 8, Permission::None),
        ] {
            let text = format!(
                r#"{{"permission": "{permission}", "role_name": "{role}", "user": {{"id": {user}, "login": "ada"}}}}"#
            );
            let answer: GithubPermission = serde_json::from_str(&text).unwrap();
            assert_eq!(answer.of(&ada), expected, "{text}");
        }
        let nobody: GithubPermission = serde_json::from_str(r#"{"permission": "admin", "user": null}"#).unwrap();
        assert_eq!(nobody.of(&ada), Permission::None);
    }

    #[test]
    fn a_pull_request_of_a_fork_that_is_gone_is_one_of_a_fork() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let text = |repo: &str, sha: &str| {
            format!(
                r#"{{"number": 5, "state": "open", "title": "x", "user": null, "head": {{"ref": "f", "sha": "{sha}", "repo": {repo}}},
                "base": {{"ref": "master", "sha": "{id}", "repo": {{"id": 1}}}}}}"#
            )
        };
        let read = |text: String| serde_json::from_str::<GithubPull>(&text).unwrap().into_model();
        for (repo, is_from_fork) in [("null", true), (r#"{"id": 2}"#, true), (r#"{"id": 1}"#, false)] {
            let pull = read(text(repo, id)).unwrap();
            assert_eq!((pull.is_from_fork, pull.author.id, pull.is_open), (is_from_fork, 0, true));
        }
        for sha in ["", "abc", "0000000000000000000000000000000000000000"] {
            assert!(read(text("null", sha)).is_err(), "{sha}");
        }
    }
}
