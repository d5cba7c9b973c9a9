//! Forgejo, and Gitea, by their API v1.
//!
//! Most of their lists come in pages without a link to the next one, and an administrator can make the pages shorter: they are read up to an
//! empty page. A few come whole.

mod answers;
mod releases;

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

use crate::base::secret::Secret;
use crate::base::text::one_line;
use crate::forge::address::encoded;
use crate::forge::calls::Forge;
use crate::forge::client::{ForgeClient, ForgeRequest};
use crate::forge::forgejo::answers::{
    ForgejoAccount, ForgejoComment, ForgejoLabel, ForgejoPermission, ForgejoPull, ForgejoReview, ForgejoStatus,
    ForgejoTimelineEntry,
};
use crate::forge::model::{
    Account, Asset, Comment, CommitStatus, ForgeRelease, Permission, PullChange, PullRecord, PullRequest, Review,
    ShownStatus, StatusState, WantedRelease, find_marked, require_marker,
};
use crate::forge::place::ForgePlace;
use crate::forge::retry::Pace;
use crate::git::CommitId;
use crate::project::config::ForgeKind;

/// The colour of a label that this program makes, because Forgejo wants one.
const LABEL_COLOUR: &str = "#ededed";

/// A repository on Forgejo.
pub struct Forgejo {
    client: ForgeClient,
    /// The beginning of the paths of this repository.
    base: String,
}

impl Forgejo {
    /// A client for a repository. Nothing is sent yet.
    pub fn new(place: &ForgePlace, token: Secret, pace: Pace) -> Forgejo {
        let client = ForgeClient {
            kind: ForgeKind::Forgejo,
            api: place.api.clone(),
            token_header: ("Authorization", "token "),
            headers: vec![("Accept", "application/json".to_owned())],
            upload_origin: None,
            token,
            pace,
            known: Default::default(),
        };
        Forgejo { client, base: format!("/repos/{}", place.project.as_str()) }
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }

    /// The number of a label of the repository, which is made if it is not there: Forgejo puts no other label on a pull request.
    fn label_id(&self, label: &str) -> Result<u64> {
        let find = || -> Result<Option<u64>> {
            let labels: Vec<ForgejoLabel> = self.client.numbered_pages(&self.path("/labels?"))?;
            Ok(labels.iter().find(|found| found.name == label).map(|found| found.id))
        };
        if let Some(found) = find()? {
            return Ok(found);
        }
        let content = json!({"name": label, "color": LABEL_COLOUR});
        let request = ForgeRequest::json("POST", self.path("/labels"), content);
        self.client.make(&request, &[], &find, &|made: ForgejoLabel| Ok(made.id))
    }
}

impl Forge for Forgejo {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Forgejo
    }

    fn own_account(&self) -> Result<Account> {
        Ok(self.client.get_there::<ForgejoAccount>("/user")?.into())
    }

    fn permission(&self, account: &Account) -> Result<Permission> {
        let path = self.path(&format!("/collaborators/{}/permission", encoded(&account.login)));
        let answer: Option<ForgejoPermission> = self.client.get(&path)?;
        Ok(answer.map_or(Permission::None, |answer| answer.of(account)))
    }

    fn pull(&self, number: u32) -> Result<Option<PullRequest>> {
        let path = self.path(&format!("/pulls/{number}"));
        let Some(pull) = self.client.get_polled::<ForgejoPull>(&path)? else { return Ok(None) };
        pull.into_model().map(Some).map_err(|why| self.client.unreadable(&format!("GET {path}"), &why))
    }

    fn record_since(&self, pull: &PullRequest, since: Timestamp) -> Result<Option<PullRecord>> {
        let (number, from) = (pull.number, encoded(&since.to_string()));
        let path = self.path(&format!("/issues/{number}/timeline?since={from}&"));
        let entries: Vec<Option<ForgejoTimelineEntry>> = self.client.numbered_pages(&path)?;
        let count = entries.len();
        let entries: Vec<ForgejoTimelineEntry> = entries.into_iter().flatten().collect();
        // In place of an entry that Forgejo cannot read itself, it sends none: that can have been anything.
        let is_whole = entries.len() == count;
        let changes: Vec<PullChange> = entries.iter().filter_map(|entry| entry.change_since(since)).collect();
        Ok((is_whole || !changes.is_empty()).then_some(PullRecord { changes, has_pushes: is_whole }))
    }

    fn reviews(&self, number: u32) -> Result<Vec<Review>> {
        let path = self.path(&format!("/pulls/{number}/reviews?"));
        let reviews: Vec<ForgejoReview> = self.client.numbered_pages(&path)?;
        Ok(reviews.into_iter().filter_map(ForgejoReview::into_model).collect())
    }

    fn comments(&self, number: u32) -> Result<Vec<Comment>> {
        // All of them in one answer.
        let path = self.path(&format!("/issues/{number}/comments"));
        let comments: Vec<ForgejoComment> = self.client.get_there(&path)?;
        Ok(comments.into_iter().map(Comment::from).collect())
    }

    fn comment(&self, number: u32, marker: &str, text: &str) -> Result<Comment> {
        require_marker(marker, text)?;
        let own = self.own_account()?;
        let find = || Ok(find_marked(self.comments(number)?, &own, marker));
        if let Some(found) = find()? {
            return Ok(found);
        }
        let request =
            ForgeRequest::json("POST", self.path(&format!("/issues/{number}/comments")), json!({"body": text}));
        self.client.make(&request, &[], &find, &|comment: ForgejoComment| Ok(comment.into()))
    }

    fn replace_comment(&self, _number: u32, comment: u64, text: &str) -> Result<()> {
        let path = self.path(&format!("/issues/comments/{comment}"));
        self.client.send_repeatable(&ForgeRequest::json("PATCH", path, json!({"body": text})), &[]).map(drop)
    }

    fn set_status(&self, commit: CommitId, status: &CommitStatus) -> Result<()> {
        let state = match status.state {
            StatusState::Pending => "pending",
            StatusState::Success => "success",
            StatusState::Failure => "failure",
            StatusState::Error => "error",
        };
        let description = one_line(&status.description);
        let mut content = json!({"state": state, "context": status.context, "description": description});
        if let Some(url) = &status.url {
            content["target_url"] = json!(url);
        }
        let request = ForgeRequest::json("POST", self.path(&format!("/statuses/{commit}")), content);
        self.client.send_repeatable(&request, &[]).map(drop)
    }

    fn statuses(&self, commit: CommitId, context: &str) -> Result<Vec<ShownStatus>> {
        // By this path, no branch or tag with the name of the commit is taken for it.
        let path = self.path(&format!("/statuses/{commit}?"));
        let all: Vec<ForgejoStatus> = self.client.numbered_pages(&path)?;
        Ok(all.into_iter().filter(|status| status.context == context).map(ShownStatus::from).collect())
    }

    fn add_label(&self, number: u32, label: &str) -> Result<()> {
        let content = json!({"labels": [self.label_id(label)?]});
        let request = ForgeRequest::json("POST", self.path(&format!("/issues/{number}/labels")), content);
        self.client.send_repeatable(&request, &[]).map(drop)
    }

    fn remove_label(&self, number: u32, label: &str) -> Result<()> {
        let path = self.path(&format!("/issues/{number}/labels"));
        let labels: Vec<ForgejoLabel> = self.client.get_there(&path)?;
        // By number, because a name can be the number of another label.
        for found in labels.iter().filter(|found| found.name == label) {
            self.client.send_repeatable(&ForgeRequest::delete(format!("{path}/{}", found.id)), &[404])?;
        }
        Ok(())
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
        let path = self.path(&format!("/releases/{}/assets/{}", release.id, asset.id));
        self.client.send_repeatable(&ForgeRequest::delete(path), &[404]).map(drop)
    }

    fn show_release(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease> {
        self.show(release, wanted)
    }
}
