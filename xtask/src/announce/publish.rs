//! Makes a release on a forge. Every step may be done again: a run that is killed is followed by one that looks at what is there.

use anyhow::Result;

use crate::announce::home::{AnnounceEvent, AnnounceHome};
use crate::announce::release_plan::{PublishStep, ReleaseFile, ReleaseTarget, namesakes, plan_release};
use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::forge::Forge;
use crate::forge::model::{Asset, ForgeRelease};
use crate::git::CommitId;
use crate::git::remote::Remote;
use crate::history::Version;

/// What the steps need. The caller has the lock of the journal.
pub struct Publishing<'a> {
    pub forge: &'a dyn Forge,
    /// The repository of the forge, for git.
    pub remote: &'a Remote,
    pub home: &'a AnnounceHome,
    pub version: &'a Version,
    pub target: &'a ReleaseTarget,
    pub files: &'a [ReleaseFile],
    pub progress: &'a dyn Progress,
}

impl Publishing<'_> {
    /// The release as the forge has it now, drafts included. Errors: its tag leads to another commit.
    pub fn look(&self) -> Result<Option<ForgeRelease>> {
        self.require_own_tag()?;
        self.forge.release(&self.target.wanted.tag)
    }

    /// Carries the steps out; the page of the release. `found` is what the plan was made by.
    ///
    /// Errors: the forge cannot be reached (exit 5), or does not let this program do it (exit 3); the release is not whole.
    pub fn apply(&self, plan: &Plan<PublishStep>, found: Option<ForgeRelease>) -> Result<String> {
        let wanted = &self.target.wanted;
        let mut release = found;
        for step in &plan.steps {
            match step {
                PublishStep::Begin => self.record(AnnounceEvent::ReleaseTry {
                    version: self.version.clone(),
                    forge: self.target.kind,
                    project: self.target.project.as_str().to_owned(),
                    tag: wanted.tag.clone(),
                    commit: wanted.commit,
                })?,
                PublishStep::Draft => release = Some(self.forge.draft_release(wanted)?),
                PublishStep::Remove(asset) => self.forge.remove_asset(self.there(&release)?, asset)?,
                PublishStep::Upload(file) => {
                    self.progress.begin(&format!("uploading {}", file.name), None);
                    let uploaded = self.forge.upload(self.there(&release)?, &file.name, &file.path);
                    self.progress.end();
                    uploaded?;
                }
                PublishStep::Show => release = Some(self.show()?),
                PublishStep::Record => {
                    let page = self.there(&release)?.page.clone();
                    self.record(AnnounceEvent::ReleaseShown { version: self.version.clone(), page })?;
                }
            }
        }
        Ok(self.there(&release)?.page.clone())
    }

    /// Shows the draft, if it is whole now, and reads the release back.
    fn show(&self) -> Result<ForgeRelease> {
        let draft = self.look()?;
        self.require_only(draft.as_ref(), &[PublishStep::Begin, PublishStep::Show, PublishStep::Record])?;
        let draft = self.there(&draft)?.clone();
        let is_own = |asset: &Asset| {
            self.files
                .iter()
                .any(|file| namesakes(self.target.kind, file, std::slice::from_ref(asset)).next().is_some())
        };
        let assets = draft.assets.iter().filter(|asset| is_own(asset)).cloned().collect();
        self.forge.show_release(&ForgeRelease { assets, ..draft }, &self.target.wanted)?;
        let shown = self.look()?;
        self.require_only(shown.as_ref(), &[PublishStep::Record])?;
        Ok(self.there(&shown)?.clone())
    }

    /// `Err` unless the forge needs no other steps.
    fn require_only(&self, found: Option<&ForgeRelease>, steps: &[PublishStep]) -> Result<()> {
        let left = plan_release(self.target, self.files, found)?.steps;
        if left == steps { Ok(()) } else { Err(self.changed_meanwhile().into()) }
    }

    fn there<'r>(&self, release: &'r Option<ForgeRelease>) -> Result<&'r ForgeRelease> {
        Ok(release.as_ref().ok_or_else(|| self.changed_meanwhile())?)
    }

    fn changed_meanwhile(&self) -> Failure {
        let (kind, tag) = (self.target.kind, &self.target.wanted.tag);
        Failure::new(Exit::TryAgain, format!("{kind} does not have the release `{tag}` as this run has made it"))
            .help("somebody else has changed it meanwhile: run the same command again, which finishes what is missing")
    }

    /// The forge makes the tag when it shows the release. It takes one that is there, wherever that leads.
    fn require_own_tag(&self) -> Result<()> {
        let (tag, commit) = (&self.target.wanted.tag, self.target.wanted.commit);
        let Some(found) = find_tag(self.remote, tag)?.filter(|found| *found != commit) else { return Ok(()) };
        let message = format!("the tag `{tag}` of the remote leads to {found}, and {tag} was made of {commit}");
        Err(Failure::new(Exit::Failed, message)
            .help(format!(
                "find out who made the tag, and why; to remove it: `git push origin --delete refs/tags/{tag}`; then run the same command again"
            ))
            .into())
    }

    fn record(&self, entry: AnnounceEvent) -> Result<()> {
        self.home.journal()?.append(clock::now()?, entry)
    }
}

/// The commit of a tag of the remote, annotated or not.
fn find_tag(remote: &Remote, tag: &str) -> Result<Option<CommitId>> {
    remote.make_local()?;
    let name = format!("refs/tags/{tag}");
    // What an annotated tag leads to.
    let peeled = format!("{name}^{{}}");
    let found = remote.list(&[&name, &peeled])?;
    Ok(found.get(&peeled).or_else(|| found.get(&name)).copied())
}
