//! The answers of the API of Forgejo and Gitea, read into the model. Fields that are not used are not read, and those that can be missing
//! may be.

use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::model::{
    Account, Asset, Comment, ForgeRelease, Permission, PullChange, PullRequest, Review, ReviewVerdict, ShownStatus,
    parse_branch, parse_head,
};
use crate::git::CommitId;

/// A user. The forge's own ones have negative numbers: -1 for somebody who has left, -2 for its actions.
#[derive(Debug, Deserialize)]
pub struct ForgejoAccount {
    id: i64,
    login: String,
}

impl From<ForgejoAccount> for Account {
    fn from(account: ForgejoAccount) -> Account {
        match u64::try_from(account.id) {
            // The API does not say which accounts are bots.
            Ok(id) if id > 0 => Account { id, login: account.login, is_person: true },
            _ => Account { login: account.login, ..Account::gone() },
        }
    }
}

/// An account that may be gone.
fn account_of(account: Option<ForgejoAccount>) -> Account {
    account.map_or_else(Account::gone, Account::from)
}

/// The permission of an account.
#[derive(Debug, Deserialize)]
pub struct ForgejoPermission {
    /// `owner`, `admin`, `write`, `read` or `none`.
    permission: String,
    user: Option<ForgejoAccount>,
}

impl ForgejoPermission {
    /// What the account may do. `None` where the answer is about another account: a name can change its owner.
    pub fn of(self, account: &Account) -> Permission {
        let answered = account_of(self.user);
        if answered.id == 0 || answered.id != account.id {
            return Permission::None;
        }
        match self.permission.as_str() {
            "owner" | "admin" => Permission::Admin,
            "write" => Permission::Write,
            "read" => Permission::Read,
            _ => Permission::None,
        }
    }
}

/// A pull request.
#[derive(Debug, Deserialize)]
pub struct ForgejoPull {
    number: u32,
    state: String,
    #[serde(default)]
    draft: bool,
    title: String,
    user: Option<ForgejoAccount>,
    head: ForgejoEnd,
    base: ForgejoEnd,
    labels: Option<Vec<ForgejoLabel>>,
}

/// One of the two ends of a pull request.
#[derive(Debug, Deserialize)]
struct ForgejoEnd {
    /// Empty for the head of a pull request by AGit.
    label: Option<String>,
    #[serde(rename = "ref")]
    name: String,
    sha: String,
    repo: Option<ForgejoRepository>,
}

impl ForgejoEnd {
    /// Whether it was pushed by AGit, to `refs/for/…`: it has no branch, its repository is that of the base, and everybody with the right to read can make one.
    fn is_agit(&self) -> bool {
        self.name.starts_with("refs/") || self.label.as_deref() == Some("")
    }
}

#[derive(Debug, Deserialize)]
struct ForgejoRepository {
    id: u64,
}

/// A label.
#[derive(Debug, Deserialize)]
pub struct ForgejoLabel {
    pub id: u64,
    pub name: String,
}

impl ForgejoPull {
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
            is_from_fork: head.is_none() || head != base || self.head.is_agit(),
            branch: self.head.name,
            base: parse_branch(&self.base.name)?,
            labels: self.labels.unwrap_or_default().into_iter().map(|label| label.name).collect(),
        })
    }
}

/// A review.
#[derive(Debug, Deserialize)]
pub struct ForgejoReview {
    /// Nobody where a team was asked for a review.
    user: Option<ForgejoAccount>,
    state: String,
    #[serde(default)]
    dismissed: bool,
    /// Whether it counts for Forgejo itself: its author had the right to write.
    #[serde(default)]
    official: bool,
    commit_id: Option<String>,
    submitted_at: Option<Timestamp>,
}

impl ForgejoReview {
    /// In the words of the model; `None` for one that is not sent yet, and for a request for one.
    pub fn into_model(self) -> Option<Review> {
        let verdict = match self.state.as_str() {
            "PENDING" | "REQUEST_REVIEW" => return None,
            _ if self.dismissed => ReviewVerdict::Other,
            "APPROVED" if self.official => ReviewVerdict::Approved,
            "REQUEST_CHANGES" => ReviewVerdict::ChangesRequested,
            _ => ReviewVerdict::Other,
        };
        let commit = self.commit_id.and_then(|id| CommitId::parse_hex(id.as_bytes()));
        Some(Review { author: account_of(self.user), verdict, commit, at: self.submitted_at })
    }
}

/// Something that happened to a pull request.
#[derive(Debug, Deserialize)]
pub struct ForgejoTimelineEntry {
    /// Its kind.
    #[serde(rename = "type")]
    kind: String,
    created_at: Timestamp,
    #[serde(default)]
    old_title: String,
    #[serde(default)]
    new_title: String,
}

impl ForgejoTimelineEntry {
    /// What it changed, if it happened at `since` or later.
    pub fn change_since(&self, since: Timestamp) -> Option<PullChange> {
        let change = match self.kind.as_str() {
            "close" | "reopen" => PullChange::Closed,
            "change_title" if is_of_draft(&self.old_title) || is_of_draft(&self.new_title) => PullChange::Drafted,
            "change_target_branch" => PullChange::Retargeted,
            "pull_push" | "delete_branch" => PullChange::Pushed,
            "dismiss_review" => PullChange::ReviewDismissed,
            _ => return None,
        };
        (self.created_at >= since).then_some(change)
    }
}

/// Whether a title makes a draft of its pull request, by the words that Forgejo has for it unless it is configured otherwise.
fn is_of_draft(title: &str) -> bool {
    let title = title.to_lowercase();
    title.starts_with("wip:") || title.starts_with("[wip]")
}

/// A status of a commit.
#[derive(Debug, Deserialize)]
pub struct ForgejoStatus {
    pub context: String,
    status: String,
    created_at: Timestamp,
    creator: Option<ForgejoAccount>,
}

impl From<ForgejoStatus> for ShownStatus {
    fn from(status: ForgejoStatus) -> ShownStatus {
        let by = status.creator.map(|creator| Account::from(creator).id);
        ShownStatus { is_pending: status.status == "pending", at: status.created_at, by }
    }
}

/// A comment.
#[derive(Debug, Deserialize)]
pub struct ForgejoComment {
    id: u64,
    user: Option<ForgejoAccount>,
    body: Option<String>,
    created_at: Timestamp,
}

impl From<ForgejoComment> for Comment {
    fn from(comment: ForgejoComment) -> Comment {
        let text = comment.body.unwrap_or_default();
        Comment { id: comment.id, author: account_of(comment.user), text, at: comment.created_at }
    }
}

/// A release.
#[derive(Debug, Deserialize)]
pub struct ForgejoRelease {
    id: u64,
    pub tag_name: String,
    draft: bool,
    html_url: String,
    name: Option<String>,
    body: Option<String>,
    assets: Option<Vec<ForgejoAsset>>,
}

impl From<ForgejoRelease> for ForgeRelease {
    fn from(release: ForgejoRelease) -> ForgeRelease {
        ForgeRelease {
            id: release.id,
            tag: release.tag_name,
            is_draft: release.draft,
            page: release.html_url,
            name: release.name.unwrap_or_default(),
            notes: release.body.unwrap_or_default(),
            assets: release.assets.unwrap_or_default().into_iter().map(Asset::from).collect(),
        }
    }
}

/// A file of a release. Forgejo has no digest of it.
#[derive(Debug, Deserialize)]
pub struct ForgejoAsset {
    id: u64,
    name: String,
    size: u64,
}

impl From<ForgejoAsset> for Asset {
    fn from(asset: ForgejoAsset) -> Asset {
        Asset { id: asset.id, name: asset.name, size: asset.size, digest: None, is_uploaded: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_that_of_the_same_account() {
        let ada = Account { id: 7, login: "ada".to_owned(), is_person: true };
        for (permission, user, expected) in [
            ("owner", 7, Permission::Admin),
            ("admin", 7, Permission::Admin),
            ("write", 7, Permission::Write),
            ("read", 7, Permission::Read),
            ("none", 7, Permission::None),
            ("maintain", 7, Permission::None),
            ("owner", 8, Permission::None),
            ("owner", -1, Permission::None),
        ] {
            let text = format!(r#"{{"permission": "{permission}", "user": {{"id": {user}, "login": "ada"}}}}"#);
            let answer: ForgejoPermission = serde_json::from_str(&text).unwrap();
            assert_eq!(answer.of(&ada), expected, "{text}");
        }
        // Nobody has the number 0, and so no right.
        let gone: ForgejoPermission =
            serde_json::from_str(r#"{"permission": "owner", "user": {"id": -1, "login": "Ghost"}}"#).unwrap();
        assert_eq!(gone.of(&Account::gone()), Permission::None);
    }

    #[test]
    fn an_approval_counts_if_it_is_official_and_not_dismissed() {
        for (rest, expected) in [
            (r#""state": "APPROVED", "official": true"#, Some(ReviewVerdict::Approved)),
            (r#""state": "APPROVED", "official": false"#, Some(ReviewVerdict::Other)),
            (r#""state": "APPROVED", "official": true, "dismissed": true"#, Some(ReviewVerdict::Other)),
            (r#""state": "REQUEST_CHANGES""#, Some(ReviewVerdict::ChangesRequested)),
            (r#""state": "COMMENT""#, Some(ReviewVerdict::Other)),
            (r#""state": "REQUEST_REVIEW""#, None),
            (r#""state": "PENDING""#, None),
        ] {
            let review: ForgejoReview = serde_json::from_str(&format!(r#"{{"user": null, {rest}}}"#)).unwrap();
            assert_eq!(review.into_model().map(|review| review.verdict), expected, "{rest}");
        }
    }
}
