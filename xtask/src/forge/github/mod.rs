//! GitHub, by its REST API of 2022-11-28; github.com and GitHub Enterprise.

mod answers;
mod releases;

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::base::text::{one_line, shorten};
use crate::forge::address::{encoded, origin};
use crate::forge::calls::Forge;
use crate::forge::client::{ForgeClient, ForgeRequest};
use crate::forge::github::answers::{
    GithubAccount, GithubActivity, GithubComment, GithubIssueEvent, GithubPermission, GithubPull, GithubReview,
    GithubStatus, GithubViewer,
};
use crate::forge::model::{
    Account, Asset, Comment, CommitStatus, ForgeRelease, Permission, PullChange, PullRecord, PullRequest, Review,
    ShownStatus, StatusState, WantedRelease, find_marked, require_marker,
};
use crate::forge::place::ForgePlace;
use crate::forge::retry::Pace;
use crate::git::CommitId;
use crate::project::config::ForgeKind;

/// The longest description of a status, in characters.
const LONGEST_DESCRIPTION: usize = 140;

/// The hosts of github.com: the API, and the one that takes files.
const PUBLIC_API: &str = "https://api.github.com";
const PUBLIC_UPLOADS: &str = "https://uploads.github.com";

/// A repository on GitHub.
pub struct Github {
    client: ForgeClient,
    /// The beginning of the paths of this repository.
    base: String,
}

impl Github {
    /// A client for a repository. Nothing is sent yet.
    pub fn new(place: &ForgePlace, token: Secret, pace: Pace) -> Github {
        let headers = vec![
            ("Accept", "application/vnd.github+json".to_owned()),
            ("X-GitHub-Api-Version", "2022-11-28".to_owned()),
        ];
        let client = ForgeClient {
            kind: ForgeKind::Github,
            api: place.api.clone(),
            token_header: ("Authorization", "Bearer "),
            headers,
            upload_origin: (origin(&place.api) == PUBLIC_API).then(|| PUBLIC_UPLOADS.to_owned()),
            token,
            pace,
            known: Default::default(),
        };
        Github { client, base: format!("/repos/{}", place.project.as_str()) }
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }

    /// The own account for a token that `GET /user` is closed for, such as that of a workflow: GraphQL says its name.
    fn own_application(&self) -> Result<Account> {
        // GitHub Enterprise has the API at `/api/v3` and GraphQL beside it.
        let url = format!("{}/graphql", self.client.api.trim_end_matches("/v3"));
        let request = ForgeRequest::json("POST", url, json!({"query": "query { viewer { login } }"}));
        let answer = self.client.send_repeatable(&request, &[])?;
        let viewer: GithubViewer = self.client.read(&request, &answer)?;
        let nobody = || self.client.unreadable("POST /graphql", "it does not say which account the token belongs to");
        let login = viewer.data.ok_or_else(nobody)?.viewer.login;
        Ok(self.client.get_there::<GithubAccount>(&format!("/users/{}", encoded(&login)))?.into())
    }

    /// When the head of a pull request of the same repository was pushed; `None` where GitHub does not say it.
    fn pushed(&self, pull: &PullRequest) -> Result<Option<Timestamp>> {
        if pull.is_from_fork {
            return Ok(None);
        }
        let reference = encoded(&format!("refs/heads/{}", pull.branch));
        let request = ForgeRequest::get(&self.path(&format!("/activity?per_page=1&ref={reference}")));
        let answer = self.client.send_repeatable(&request, &[403, 404, 422])?;
        if answer.status != 200 {
            return Ok(None);
        }
        let changes: Vec<GithubActivity> = self.client.read(&request, &answer)?;
        let newest = changes.first().filter(|newest| newest.after == pull.head.to_string());
        Ok(newest.map(|newest| newest.timestamp))
    }

    fn read_comment(comment: GithubComment) -> Result<Comment> {
        Ok(comment.into())
    }
}

impl Forge for Github {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Github
    }

    fn own_account(&self) -> Result<Account> {
        let request = ForgeRequest::get("/user");
        let answer = self.client.send_repeatable(&request, &[403])?;
        match answer.status {
            403 => self.own_application(),
            _ => Ok(self.client.read::<GithubAccount>(&request, &answer)?.into()),
        }
    }

    fn permission(&self, account: &Account) -> Result<Permission> {
        let path = self.path(&format!("/collaborators/{}/permission", encoded(&account.login)));
        let answer: Option<GithubPermission> = self.client.get(&path)?;
        Ok(answer.map_or(Permission::None, |answer| answer.of(account)))
    }

    fn pull(&self, number: u32) -> Result<Option<PullRequest>> {
        let path = self.path(&format!("/pulls/{number}"));
        let Some(pull) = self.client.get_polled::<GithubPull>(&path)? else { return Ok(None) };
        pull.into_model().map(Some).map_err(|why| self.client.unreadable(&format!("GET {path}"), &why))
    }

    fn record_since(&self, pull: &PullRequest, since: Timestamp) -> Result<Option<PullRecord>> {
        let path = self.path(&format!("/issues/{}/events?", pull.number));
        let events: Vec<GithubIssueEvent> = self.client.pages(&path)?;
        let mut changes: Vec<PullChange> = events.iter().filter_map(|event| event.change_since(since)).collect();
        let pushed = self.pushed(pull)?;
        if pushed.is_some_and(|pushed| pushed >= since) {
            changes.push(PullChange::Pushed);
        }
        Ok(Some(PullRecord { changes, has_pushes: pushed.is_some() }))
    }

    fn reviews(&self, number: u32) -> Result<Vec<Review>> {
        let reviews: Vec<GithubReview> = self.client.pages(&self.path(&format!("/pulls/{number}/reviews?")))?;
        Ok(reviews.into_iter().filter_map(GithubReview::into_model).collect())
    }

    fn comments(&self, number: u32) -> Result<Vec<Comment>> {
        let comments: Vec<GithubComment> = self.client.pages(&self.path(&format!("/issues/{number}/comments?")))?;
        Ok(comments.into_iter().map(Comment::from).collect())
    }

    fn comment(&self, number: u32, marker: &str, text: &str) -> Result<Comment> {
        require_marker(marker, text)?;
        let own = self.own_account()?;
        let find = || Ok(find_marked(self.comments(number)?, &own, marker));
        if let Some(found) = find()? {
            return Ok(found);
        }
        let path = self.path(&format!("/issues/{number}/comments"));
        self.client.make(&ForgeRequest::json("POST", path, json!({"body": text})), &[], &find, &Self::read_comment)
    }

    fn replace_comment(&self, _number: u32, comment: u64, text: &str) -> Result<()> {
        let path = self.path(&format!("/issues/comments/{comment}"));
        self.client.send_repeatable(&ForgeRequest::json("PATCH", path, json!({"body": text})), &[]).map(drop)
    }

    fn set_status(&self, commit: CommitId, status: &CommitStatus) -> Result<()> {
        let path = self.path(&format!("/statuses/{commit}"));
        self.client.send_repeatable(&ForgeRequest::json("POST", path, status_json(status)), &[]).map(drop)
    }

    fn statuses(&self, commit: CommitId, context: &str) -> Result<Vec<ShownStatus>> {
        let all: Vec<GithubStatus> = self.client.pages(&self.path(&format!("/commits/{commit}/statuses?")))?;
        Ok(all.into_iter().filter(|status| status.context == context).map(ShownStatus::from).collect())
    }

    fn add_label(&self, number: u32, label: &str) -> Result<()> {
        let path = self.path(&format!("/issues/{number}/labels"));
        self.client.send_repeatable(&ForgeRequest::json("POST", path, json!({"labels": [label]})), &[]).map(drop)
    }

    fn remove_label(&self, number: u32, label: &str) -> Result<()> {
        let path = self.path(&format!("/issues/{number}/labels/{}", encoded(label)));
        self.client.send_repeatable(&ForgeRequest::delete(path), &[404]).map(drop)
    }

    fn release(&self, tag: &str) -> Result<Option<ForgeRelease>> {
        Ok(self.find_release(tag)?.map(ForgeRelease::from))
    }

    fn draft_release(&self, wanted: &WantedRelease) -> Result<ForgeRelease> {
        self.make_draft(wanted)
    }

    fn upload(&self, release: &ForgeRelease, name: &str, file: &Path) -> Result<Asset> {
        self.upload_file(release, name, file)
    }

    fn remove_asset(&self, _release: &ForgeRelease, asset: &Asset) -> Result<()> {
        self.delete_asset(asset.id)
    }

    fn show_release(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease> {
        self.show(release, wanted)
    }
}

/// The content of a status; `error` and `failure` are two states on GitHub as in the model.
fn status_json(status: &CommitStatus) -> Value {
    let state = match status.state {
        StatusState::Pending => "pending",
        StatusState::Success => "success",
        StatusState::Failure => "failure",
        StatusState::Error => "error",
    };
    let description = shorten(&one_line(&status.description), LONGEST_DESCRIPTION);
    let mut content = json!({"state": state, "context": status.context, "description": description});
    if let Some(url) = &status.url {
        content["target_url"] = json!(url);
    }
    content
}
