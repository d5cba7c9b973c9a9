//! `announce --forge`: makes the release of a promoted version on the forge of the project.

use anyhow::Result;

use crate::announce::announcement::{AnnouncedRelease, write_text};
use crate::announce::home::{AnnounceHome, find_shown};
use crate::announce::publish::Publishing;
use crate::announce::release::{PromotedRelease, current_promotions, load_release};
use crate::announce::release_files::ReleaseFiles;
use crate::announce::release_plan::{ReleaseTarget, changed_text, plan_release, render_plan};
use crate::announce::served::{address_of, require_served};
use crate::announce::text::TextForm;
use crate::base::error::{Exit, Failure, program};
use crate::base::files;
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::decided;
use crate::cli::site::{RunMode, Site};
use crate::forge::find_place;
use crate::forge::model::WantedRelease;
use crate::git::CommitId;
use crate::history::Version;
use crate::project::release;
use crate::repository::model::store::Store;

/// What a person asks for.
pub struct ForgeOrder {
    /// `None`: the newest promoted version whose release is not shown.
    pub version: Option<Version>,
    /// Look at the forge again, although the release was shown.
    pub again: bool,
    pub mode: RunMode,
}

/// Makes the release and prints its page, or prints the plan.
pub fn run(context: &Context, order: &ForgeOrder) -> Result<()> {
    let site = Site::load(context)?;
    site.warn_of_none();
    let home = AnnounceHome::new(&site.layout.state);
    let writes_journal = order.mode == RunMode::Change && site.exists();
    let _lock = writes_journal.then(|| home.lock(&format!("{} announce", program()))).transpose()?;
    let store = site.store()?;
    let Some(version) = find_version(order, &store, &home)? else {
        context.ui.note("no release is due on the forge");
        return Ok(());
    };
    let release = load_release(&store, &version)?;
    if let Some(shown) = find_shown(home.journal()?.lines(), &version).filter(|_| !order.again) {
        let day = shown.at.strftime("%Y-%m-%d");
        context.ui.note(&format!("the release of {version} was shown {day}"));
        return context.ui.print(&format!("{}\n", shown.page));
    }
    if let Some(url) = address_of(&site.layout, release.promotion.series) {
        require_served(&url, &release)?;
    }
    publish(context, &site, order.mode, &home, &release)
}

/// Gathers the files, looks at the forge, decides, and does it.
fn publish(
    context: &Context,
    site: &Site<'_>,
    mode: RunMode,
    home: &AnnounceHome,
    release: &PromotedRelease,
) -> Result<()> {
    let name = &site.layout.name;
    let tree = context.workspace()?.local_tree()?;
    let AnnouncedRelease { text, whole_list } =
        write_text(release, &site.config.announce, &site.layout, tree, TextForm::Markdown)?;
    let gathered = ReleaseFiles::gather(release, name, whole_list.as_ref(), site.key()?.as_ref())?;
    let files = gathered.files();
    let version = &release.promotion.version;
    let scratch = files::remote_scratch()?;
    let source = decided::base_source(context, &scratch)?;
    let trusted = source.trusted()?;
    let place = find_place(trusted.ci(), &source.address)?;
    let wanted = WantedRelease {
        tag: release::count_head(context.workspace()?, &context.ui)?.form.release_tag(version),
        commit: commit_of(release)?,
        name: format!("{name} {version}"),
        notes: text.body,
    };
    let target = ReleaseTarget { kind: place.kind, project: place.project, wanted };
    let forge = decided::open_forge(&trusted, &source.address)?;
    let remote = source.home.remote(&source.address);
    let (forge, progress) = (forge.as_ref(), &context.ui);
    let publishing = Publishing { forge, remote: &remote, home, version, target: &target, files, progress };
    let found = publishing.look()?;
    for part in changed_text(&target, found.as_ref()) {
        progress.warn(&format!(
            "the {part} of the release {version} on {} are not those of this command; they are left alone",
            target.kind
        ));
    }
    let plan = plan_release(&target, files, found.as_ref())?;
    if mode == RunMode::Preview {
        return context.ui.print(&render_plan(&target, &plan));
    }
    let page = publishing.apply(&plan, found)?;
    context.ui.note(&format!("the release of {version} is shown on {}", target.kind));
    context.ui.print(&format!("{page}\n"))
}

/// The commit that the version was made of.
fn commit_of(release: &PromotedRelease) -> Result<CommitId> {
    let version = &release.promotion.version;
    let released = release.revision.manifest.releases().find(|released| released.version == *version);
    let missing =
        || Failure::new(Exit::Failed, format!("the manifest does not say which commit {version} was made of"));
    Ok(released.ok_or_else(missing)?.commit)
}

/// The stated version, else the newest one whose release is not shown; with `--again` the newest one.
fn find_version(order: &ForgeOrder, store: &Store, home: &AnnounceHome) -> Result<Option<Version>> {
    if order.version.is_some() {
        return Ok(order.version.clone());
    }
    let journal = home.journal()?;
    let is_due = |version: &Version| order.again || find_shown(journal.lines(), version).is_none();
    Ok(current_promotions(store)?.into_iter().map(|promotion| promotion.version).find(|version| is_due(version)))
}
