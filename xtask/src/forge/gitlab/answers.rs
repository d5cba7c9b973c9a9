//! The answers of GitLab's REST API, read into the model. Fields that are not used are not read, and those that can be missing may be.

use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::model::{Account, Asset, Permission, PullChange, ShownStatus};
use crate::git::CommitId;

/// A user. Only `GET /user` and `GET /users/{id}` say whether it is a bot.
#[derive(Clone, Debug, Deserialize)]
pub struct GitlabAccount {
    pub id: u64,
    pub username: String,
    #[serde(default)]
    pub bot: bool,
}

impl From<GitlabAccount> for Account {
    fn from(account: GitlabAccount) -> Account {
        Account { id: account.id, login: account.username, is_person: !account.bot }
    }
}

/// A member of a project or of a group that it is in.
#[derive(Debug, Deserialize)]
pub struct GitlabMember {
    id: u64,
    access_level: u32,
    /// That of the user: `active`, or `blocked` and others.
    #[serde(default)]
    state: String,
    /// `active`, or `awaiting`.
    membership_state: Option<String>,
}

impl GitlabMember {
    /// What the account may do, by GitLab's levels: 10 guest, 15 planner, 20 reporter, 30 developer, 40 maintainer, 50 owner.
    pub fn of(&self, account: &Account) -> Permission {
        let is_active =
            self.state == "active" && self.membership_state.as_deref().is_none_or(|state| state == "active");
        if self.id != account.id || !is_active {
            return Permission::None;
        }
        match self.access_level {
            0..10 => Permission::None,
            10..20 => Permission::Read,
            20..30 => Permission::Triage,
            30..40 => Permission::Write,
            40..50 => Permission::Maintain,
            50 => Permission::Admin,
            // A level that is not known gives no more than a known one.
            51.. => Permission::None,
        }
    }
}

/// A merge request.
#[derive(Debug, Deserialize)]
pub struct GitlabMerge {
    pub iid: u32,
    /// `opened`, `closed`, `locked` or `merged`.
    pub state: String,
    #[serde(default)]
    pub draft: bool,
    pub title: String,
    pub author: GitlabAccount,
    pub sha: Option<String>,
    /// `None` where the project of the work is gone.
    pub source_project_id: Option<u64>,
    pub target_project_id: u64,
    #[serde(default)]
    pub source_branch: String,
    pub target_branch: String,
    #[serde(default)]
    pub labels: Vec<String>,
}

/// A comment.
#[derive(Debug, Deserialize)]
pub struct GitlabNote {
    pub id: u64,
    pub author: GitlabAccount,
    pub body: String,
    /// Whether GitLab wrote it, such as "added 1 commit".
    #[serde(default)]
    pub system: bool,
    pub created_at: Timestamp,
}

/// How notes about another base begin, and those about a base that was deleted or is there again: each version of GitLab has some of them.
const BASE_NOTES: [&str; 4] =
    ["changed target branch", "changed automatically target branch", "deleted target branch", "restored target branch"];

impl GitlabNote {
    /// What it says that was changed, if GitLab itself wrote it at `since` or later.
    pub fn change_since(&self, since: Timestamp) -> Option<PullChange> {
        if !self.system || self.created_at < since {
            return None;
        }
        let text = self.body.as_str();
        let has = |words: &str| text.contains(words);
        if BASE_NOTES.iter().any(|words| text.starts_with(words)) || has("This merge request now targets the") {
            Some(PullChange::Retargeted)
        } else if has("**draft**") || has("**ready**") || has("**Work In Progress**") {
            Some(PullChange::Drafted)
        } else {
            // Older versions say so here, newer ones in an event.
            (text == "reopened" || text.starts_with("closed")).then_some(PullChange::Closed)
        }
    }
}

/// That a merge request was closed, opened again or merged.
#[derive(Debug, Deserialize)]
pub struct GitlabStateEvent {
    pub created_at: Timestamp,
}

/// What was pushed to a merge request at a time. There is a new one for each push, also for one that brings back an earlier head, and at times for other
/// reasons.
#[derive(Debug, Deserialize)]
pub struct GitlabVersion {
    id: u64,
    head_commit_sha: Option<String>,
    created_at: Timestamp,
}

/// Whether somebody pushed to a merge request at `since` or later. `None` if the versions do not lead to `head`: then they do not say it.
pub fn was_pushed_since(mut versions: Vec<GitlabVersion>, head: CommitId, since: Timestamp) -> Option<bool> {
    versions.sort_by_key(|version| version.id);
    let newest = versions.last()?.head_commit_sha.clone()?;
    if newest != head.to_string() {
        return None;
    }
    let mut before = None;
    for version in versions {
        if version.created_at >= since && version.head_commit_sha != before {
            return Some(true);
        }
        before = version.head_commit_sha;
    }
    Some(false)
}

/// The approvals of a merge request.
#[derive(Debug, Deserialize)]
pub struct GitlabApprovals {
    #[serde(default)]
    pub approved_by: Vec<GitlabApproval>,
}

/// One approval.
#[derive(Debug, Deserialize)]
pub struct GitlabApproval {
    pub user: GitlabAccount,
}

/// Somebody who was asked for a review.
#[derive(Debug, Deserialize)]
pub struct GitlabReviewer {
    pub user: GitlabAccount,
    /// Such as `unreviewed`, `reviewed` or `requested_changes`.
    pub state: String,
}

/// A status of a commit.
#[derive(Debug, Deserialize)]
pub struct GitlabStatus {
    pub status: String,
    created_at: Option<Timestamp>,
    /// A later state of a status that is pending does not make a new one.
    finished_at: Option<Timestamp>,
    author: Option<GitlabAccount>,
}

impl GitlabStatus {
    /// In the words of the model; `None` without a time.
    pub fn into_model(self) -> Option<ShownStatus> {
        let is_pending = ["created", "pending", "running"].contains(&self.status.as_str());
        let by = self.author.map(|author| author.id);
        Some(ShownStatus { is_pending, at: self.finished_at.or(self.created_at)?, by })
    }
}

/// A release. It has no number and no drafts.
#[derive(Debug, Deserialize)]
pub struct GitlabRelease {
    pub tag_name: String,
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(rename = "_links", default)]
    pub links: GitlabReleaseLinks,
    #[serde(default)]
    pub assets: GitlabAssets,
}

/// The addresses of a release.
#[derive(Debug, Default, Deserialize)]
pub struct GitlabReleaseLinks {
    #[serde(rename = "self", default)]
    pub own: String,
}

/// What a release links to.
#[derive(Debug, Default, Deserialize)]
pub struct GitlabAssets {
    #[serde(default)]
    pub links: Vec<GitlabLink>,
}

/// A link of a release.
#[derive(Clone, Debug, Deserialize)]
pub struct GitlabLink {
    pub id: u64,
    pub name: String,
    pub url: String,
}

/// A package of the registry.
#[derive(Debug, Deserialize)]
pub struct GitlabPackage {
    pub id: u64,
    pub name: String,
    pub version: Option<String>,
}

/// A file of a package.
#[derive(Clone, Debug, Deserialize)]
pub struct GitlabPackageFile {
    pub id: u64,
    pub file_name: String,
    pub size: u64,
    pub file_sha256: Option<String>,
}

impl GitlabPackageFile {
    /// The file as an asset, with the number of its link; 0 where it has none.
    pub fn into_asset(self, link: u64) -> Asset {
        let digest = self.file_sha256.map(|digest| format!("sha256:{digest}"));
        Asset { id: link, name: self.file_name, size: self.size, digest, is_uploaded: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_seen_in_the_versions() {
        let head = CommitId([0x11; 20]);
        let since: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let (before, after) = ("2026-01-02T03:04:04.900Z", "2026-01-02T03:04:05.100Z");
        for (versions, expected) in [
            (vec![(1, "1", before)], Some(false)),
            (vec![(1, "2", before), (2, "1", before)], Some(false)),
            (vec![(2, "1", after), (1, "2", before)], Some(true)),
            (vec![(1, "1", before), (2, "2", after), (3, "1", after)], Some(true)),
            // Another base makes a version, too.
            (vec![(1, "1", before), (2, "1", after)], Some(false)),
            (vec![(1, "1", after)], Some(true)),
            (vec![(1, "1", before), (2, "2", before)], None),
            (vec![(1, "", before)], None),
            (vec![], None),
        ] {
            let read = versions.iter().map(|(id, digit, at)| GitlabVersion {
                id: *id,
                head_commit_sha: (!digit.is_empty()).then(|| digit.repeat(40)),
                created_at: at.parse().unwrap(),
            });
            assert_eq!(was_pushed_since(read.collect(), head, since), expected, "{versions:?}");
        }
    }

    #[test]
    fn what_gitlab_notes_is_read() {
        let since: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let change = |body: &str, system: bool, at: &str| {
            let author = GitlabAccount { id: 7, username: "ada".to_owned(), bot: false };
            GitlabNote { id: 1, author, body: body.to_owned(), system, created_at: at.parse().unwrap() }
                .change_since(since)
        };
        let later = "2026-01-02T03:04:06Z";
        for (body, expected) in [
            ("changed target branch from `main` to `v1`", Some(PullChange::Retargeted)),
            ("deleted the `v1` branch. This merge request now targets the `main` branch", Some(PullChange::Retargeted)),
            ("changed automatically target branch to `main` because `v1` was deleted", Some(PullChange::Retargeted)),
            ("deleted target branch `main`", Some(PullChange::Retargeted)),
            ("restored target branch `main`", Some(PullChange::Retargeted)),
            ("changed source branch from `a` to `b`", None),
            ("marked this merge request as **draft**", Some(PullChange::Drafted)),
            ("marked this merge request as **ready**", Some(PullChange::Drafted)),
            ("unmarked as a **Work In Progress**", Some(PullChange::Drafted)),
            ("closed", Some(PullChange::Closed)),
            ("reopened", Some(PullChange::Closed)),
            ("approved this merge request", None),
            ("changed the description", None),
        ] {
            assert_eq!(change(body, true, later), expected, "{body}");
            assert_eq!(change(body, false, later), None, "a person wrote it");
            assert_eq!(change(body, true, "2026-01-02T03:04:04Z"), None, "before");
        }
    }

    #[test]
    fn a_permission_is_the_level_of_an_active_member() {
        let ada = Account { id: 7, login: "ada".to_owned(), is_person: true };
        let member = |id: u64, access_level: u32, state: &str, membership_state: Option<&str>| {
            let membership_state = membership_state.map(str::to_owned);
            GitlabMember { id, access_level, state: state.to_owned(), membership_state }.of(&ada)
        };
        for (level, expected) in [
            (0, Permission::None),
            (5, Permission::None),
            (10, Permission::Read),
            (15, Permission::Read),
            (20, Permission::Triage),
            (25, Permission::Triage),
            (30, Permission::Write),
            (40, Permission::Maintain),
            (50, Permission::Admin),
            (60, Permission::None),
        ] {
            assert_eq!(member(7, level, "active", Some("active")), expected, "{level}");
        }
        assert_eq!(member(7, 50, "active", None), Permission::Admin);
        assert_eq!(member(7, 50, "blocked", None), Permission::None);
        assert_eq!(member(7, 50, "active", Some("awaiting")), Permission::None);
        assert_eq!(member(8, 50, "active", None), Permission::None);
    }
}
