//! GitLab, by its REST API v4. A pull request is a merge request there.

mod answers;
mod releases;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

use crate::base::error::{Exit, Failure};
use crate::base::secret::Secret;
use crate::base::text::{one_line, shorten};
use crate::forge::address::encoded;
use crate::forge::calls::Forge;
use crate::forge::client::{ForgeClient, ForgeRequest};
use crate::forge::gitlab::answers::{
    GitlabAccount, GitlabApprovals, GitlabMember, GitlabMerge, GitlabNote, GitlabReviewer, GitlabStateEvent,
    GitlabStatus, GitlabVersion, was_pushed_since,
};
use crate::forge::model::{
    Account, Asset, Comment, CommitStatus, ForgeRelease, Permission, PullChange, PullRecord, PullRequest, Review,
    ReviewVerdict, ShownStatus, StatusState, WantedRelease, find_marked, parse_branch, parse_head, require_marker,
};
use crate::forge::place::ForgePlace;
use crate::forge::retry::Pace;
use crate::git::CommitId;
use crate::project::config::ForgeKind;

/// The longest description of a status, in characters.
const LONGEST_DESCRIPTION: usize = 255;

/// A project on GitLab.
pub struct Gitlab {
    client: ForgeClient,
    /// The beginning of the paths of this project.
    base: String,
    /// The last part of the project's path.
    name: String,
    /// The accounts that were asked for, by number.
    accounts: RefCell<BTreeMap<u64, Account>>,
}

impl Gitlab {
    /// A client for a project. Nothing is sent yet.
    pub fn new(place: &ForgePlace, token: Secret, pace: Pace) -> Gitlab {
        let client = ForgeClient {
            kind: ForgeKind::Gitlab,
            api: place.api.clone(),
            token_header: ("Authorization", "Bearer "),
            headers: vec![("Accept", "application/json".to_owned())],
            upload_origin: None,
            token,
            pace,
            known: Default::default(),
        };
        let project = place.project.as_str();
        let name = project.rsplit('/').next().unwrap_or_default().to_owned();
        Gitlab { client, base: format!("/projects/{}", encoded(project)), name, accounts: RefCell::default() }
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }

    fn merge_path(&self, number: u32, rest: &str) -> String {
        self.path(&format!("/merge_requests/{number}{rest}"))
    }

    fn notes_path(&self, number: u32) -> String {
        self.merge_path(number, "/notes?sort=asc&order_by=created_at&")
    }

    /// An account with the answer whether it is a person, which lists do not have.
    fn account_of(&self, account: GitlabAccount) -> Result<Account> {
        if let Some(known) = self.accounts.borrow().get(&account.id) {
            return Ok(known.clone());
        }
        let whole: Option<GitlabAccount> = self.client.get(&format!("/users/{}", account.id))?;
        let id = account.id;
        let mut found = Account::from(whole.unwrap_or(GitlabAccount { bot: true, ..account }));
        // An account without an answer is not known to be a person.
        found.id = id;
        self.accounts.borrow_mut().insert(id, found.clone());
        Ok(found)
    }

    fn comment_of(&self, note: GitlabNote) -> Result<Comment> {
        Ok(Comment { id: note.id, author: self.account_of(note.author)?, text: note.body, at: note.created_at })
    }

    /// Whether the newest status of this name is in the state already: GitLab refuses to set it again.
    fn has_status(&self, commit: CommitId, context: &str, state: &str) -> Result<bool> {
        let path = self.path(&format!("/repository/commits/{commit}/statuses?name={}", encoded(context)));
        let statuses: Option<Vec<GitlabStatus>> = self.client.get(&path)?;
        Ok(statuses.unwrap_or_default().first().is_some_and(|status| status.status == state))
    }

    fn change_labels(&self, number: u32, key: &str, label: &str) -> Result<()> {
        if label.contains(',') {
            let message = format!("`{}` cannot be a label on GitLab: it has a comma", label.escape_debug());
            return Err(Failure::new(Exit::Usage, message).into());
        }
        let request = ForgeRequest::json("PUT", self.merge_path(number, ""), json!({key: label}));
        self.client.send_repeatable(&request, &[]).map(drop)
    }
}

impl Forge for Gitlab {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Gitlab
    }

    fn own_account(&self) -> Result<Account> {
        Ok(self.client.get_there::<GitlabAccount>("/user")?.into())
    }

    fn permission(&self, account: &Account) -> Result<Permission> {
        let member: Option<GitlabMember> = self.client.get(&self.path(&format!("/members/all/{}", account.id)))?;
        Ok(member.map_or(Permission::None, |member| member.of(account)))
    }

    fn pull(&self, number: u32) -> Result<Option<PullRequest>> {
        let path = self.merge_path(number, "");
        let Some(merge) = self.client.get_polled::<GitlabMerge>(&path)? else { return Ok(None) };
        let unreadable = |why: String| self.client.unreadable(&format!("GET {path}"), &why);
        Ok(Some(PullRequest {
            number: merge.iid,
            is_open: merge.state == "opened",
            is_draft: merge.draft,
            title: merge.title,
            author: self.account_of(merge.author)?,
            head: parse_head(&merge.sha.unwrap_or_default()).map_err(unreadable)?,
            is_from_fork: merge.source_project_id != Some(merge.target_project_id),
            branch: merge.source_branch,
            base: parse_branch(&merge.target_branch).map_err(unreadable)?,
            labels: merge.labels,
        }))
    }

    /// The events of comments are written late, so that the head and the base in them are no proof.
    fn record_since(&self, pull: &PullRequest, since: Timestamp) -> Result<Option<PullRecord>> {
        let states: Vec<GitlabStateEvent> =
            self.client.pages(&self.merge_path(pull.number, "/resource_state_events?"))?;
        let notes: Vec<GitlabNote> = self.client.pages(&self.notes_path(pull.number))?;
        let versions: Vec<GitlabVersion> = self.client.pages(&self.merge_path(pull.number, "/versions?"))?;
        let mut changes: Vec<PullChange> = notes.iter().filter_map(|note| note.change_since(since)).collect();
        if states.iter().any(|state| state.created_at >= since) {
            changes.push(PullChange::Closed);
        }
        let was_pushed = was_pushed_since(versions, pull.head, since);
        if was_pushed == Some(true) {
            changes.push(PullChange::Pushed);
        }
        Ok(Some(PullRecord { changes, has_pushes: was_pushed.is_some() }))
    }

    /// GitLab does not say which commit was approved, so that no approval has one.
    fn reviews(&self, number: u32) -> Result<Vec<Review>> {
        let approvals: GitlabApprovals = self.client.get_there(&self.merge_path(number, "/approvals"))?;
        // Older versions of GitLab have no such list.
        let reviewers: Option<Vec<GitlabReviewer>> = self.client.get(&self.merge_path(number, "/reviewers"))?;
        let reviewers = reviewers.unwrap_or_default().into_iter();
        let opposed = reviewers.filter(|reviewer| reviewer.state == "requested_changes").map(|reviewer| reviewer.user);
        let opposed = opposed.map(|user| (user, ReviewVerdict::ChangesRequested));
        let approved = approvals.approved_by.into_iter().map(|approval| (approval.user, ReviewVerdict::Approved));
        let all = approved.chain(opposed);
        all.map(|(user, verdict)| Ok(Review { author: self.account_of(user)?, verdict, commit: None, at: None }))
            .collect()
    }

    fn comments(&self, number: u32) -> Result<Vec<Comment>> {
        let notes: Vec<GitlabNote> = self.client.pages(&self.notes_path(number))?;
        notes.into_iter().filter(|note| !note.system).map(|note| self.comment_of(note)).collect()
    }

    fn comment(&self, number: u32, marker: &str, text: &str) -> Result<Comment> {
        require_marker(marker, text)?;
        let own = self.own_account()?;
        let find = || Ok(find_marked(self.comments(number)?, &own, marker));
        if let Some(found) = find()? {
            return Ok(found);
        }
        let content = json!({"body": without_quick_actions(text)});
        let request = ForgeRequest::json("POST", self.merge_path(number, "/notes"), content);
        self.client.make(&request, &[], &find, &|note: GitlabNote| self.comment_of(note))
    }

    fn replace_comment(&self, number: u32, comment: u64, text: &str) -> Result<()> {
        let content = json!({"body": without_quick_actions(text)});
        let request = ForgeRequest::json("PUT", self.merge_path(number, &format!("/notes/{comment}")), content);
        self.client.send_repeatable(&request, &[]).map(drop)
    }

    fn set_status(&self, commit: CommitId, status: &CommitStatus) -> Result<()> {
        // GitLab has one word for a failure and an error.
        let state = match status.state {
            StatusState::Pending => "pending",
            StatusState::Success => "success",
            StatusState::Failure | StatusState::Error => "failed",
        };
        let description = shorten(&one_line(&status.description), LONGEST_DESCRIPTION);
        let mut content = json!({"state": state, "name": status.context, "description": description});
        if let Some(url) = &status.url {
            content["target_url"] = json!(url);
        }
        let request = ForgeRequest::json("POST", self.path(&format!("/statuses/{commit}")), content);
        let answer = self.client.send_repeatable(&request, &[400])?;
        if answer.status == 400 && !self.has_status(commit, &status.context, state)? {
            self.client.read::<GitlabStatus>(&request, &answer)?;
        }
        Ok(())
    }

    fn statuses(&self, commit: CommitId, context: &str) -> Result<Vec<ShownStatus>> {
        let name = encoded(context);
        let path = self.path(&format!("/repository/commits/{commit}/statuses?name={name}&all=true&"));
        let all: Vec<GitlabStatus> = self.client.pages(&path)?;
        Ok(all.into_iter().filter_map(GitlabStatus::into_model).collect())
    }

    fn add_label(&self, number: u32, label: &str) -> Result<()> {
        self.change_labels(number, "add_labels", label)
    }

    fn remove_label(&self, number: u32, label: &str) -> Result<()> {
        self.change_labels(number, "remove_labels", label)
    }

    fn release(&self, tag: &str) -> Result<Option<ForgeRelease>> {
        self.find_release(tag)
    }

    fn draft_release(&self, wanted: &WantedRelease) -> Result<ForgeRelease> {
        self.make_draft(wanted)
    }

    fn upload(&self, release: &ForgeRelease, name: &str, file: &Path) -> Result<Asset> {
        self.upload_file(release, name, file)
    }

    fn remove_asset(&self, release: &ForgeRelease, asset: &Asset) -> Result<()> {
        self.remove_file(release, asset)
    }

    fn show_release(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease> {
        self.show(release, wanted)
    }
}

/// The text with a backslash before each `/` that begins a line. GitLab takes such a line for a command, and carries it out with the
/// rights of the own account: `/merge` in a quoted title would merge. In Markdown, `\/` is shown as `/`.
fn without_quick_actions(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let rest = line.trim_start();
        let indent = &line[..line.len() - rest.len()];
        lines.push(if rest.starts_with('/') { format!("{indent}\\{rest}") } else { line.to_owned() });
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_gives_gitlab_no_command() {
        let text = "a /merge\n/merge\n  /approve\n\n\r/x\n> /close";
        assert_eq!(without_quick_actions(text), "a /merge\n\\/merge\n  \\/approve\n\n\r\\/x\n> /close");
    }
}
