//! `announce`: writes the mail about a promoted release, and sends it; makes the release on the forge.

use std::path::PathBuf;

use anyhow::Result;

use crate::announce::announcement::{Announcement, find_people};
use crate::announce::delivery::MailCarrier;
use crate::announce::home::{AnnounceHome, AnnounceState};
use crate::announce::plan::{AnnounceContext, AnnounceStep, apply, plan_mail, plan_record};
use crate::announce::release::{current_promotions, load_release};
use crate::announce::send::require_unsent;
use crate::announce::served::{address_of, require_served};
use crate::base::error::{Exit, Failure, program};
use crate::base::plan::Plan;
use crate::cli::context::Context;
use crate::cli::forge_release::{self, ForgeOrder};
use crate::cli::site::{RunMode, Site};
use crate::history::Version;
use crate::repository::model::store::Store;

/// Arguments of `announce`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Promoted version to announce [default: the newest one whose announcement is due]
    #[arg(value_name = "VERSION")]
    version: Option<Version>,
    /// Send the mail, by `announce.smtp` or `announce.sendmail`, after the release can be read at `repository.url`
    #[arg(long, group = "public")]
    send: bool,
    /// Make the release on GitHub, GitLab or Forgejo, with the sources as its files, after it can be read at `repository.url`
    #[arg(long, group = "public")]
    forge: bool,
    /// Do it although it was done before, or may have been
    #[arg(long, requires = "public")]
    again: bool,
    /// Record that the announcement was sent, by a mail program or by an interrupted run
    #[arg(long, conflicts_with_all = ["public", "out"])]
    sent: bool,
    /// Write the mail to this file [default: target/announce/NAME-X.Y.Z.eml]
    #[arg(long, value_name = "FILE", conflicts_with = "public")]
    out: Option<PathBuf>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Writes the mail and prints the path of its file; sends it with `--send`. With `--forge`, makes the release there and prints its page.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    if args.forge {
        let order = ForgeOrder { version: args.version.clone(), again: args.again, mode: RunMode::of(args.dry_run) };
        return forge_release::run(context, &order);
    }
    let site = Site::load(context)?;
    site.warn_of_none();
    let keys = &site.config.announce;
    let people = find_people(keys)?;
    let home = AnnounceHome::new(&site.layout.state);
    let writes_journal = (args.send || args.sent) && !args.dry_run && site.exists();
    let _lock = writes_journal.then(|| home.lock(&format!("{} announce", program()))).transpose()?;
    let store = site.store()?;
    let Some(version) = find_version(args, &store, &home)? else {
        context.ui.note("no announcement is due");
        return Ok(());
    };
    let release = load_release(&store, &version)?;
    let state = home.state_of(&release.promotion, &store.log)?;
    let progress = &context.ui;
    let steps = AnnounceContext { home: &home, pause: keys.retry.0, progress };
    if args.sent {
        if let AnnounceState::Sent { .. } = state {
            context.ui.note(&format!("{version} was {state}"));
            return Ok(());
        }
        return carry_out(context, args, &plan_record(version), &steps).map(drop);
    }
    let workspace = context.workspace()?;
    let carrier = args.send.then(|| MailCarrier::load(keys, &workspace.root)).transpose()?;
    let announcement = Announcement::write(release, keys, people, &site.layout, workspace.local_tree()?)?;
    if args.send {
        if !args.again {
            require_unsent(&version, &state)?;
        }
        if let Some(url) = address_of(&site.layout, announcement.release.promotion.series) {
            require_served(&url, &announcement.release)?;
        }
    }
    let file = match &args.out {
        Some(file) => std::path::absolute(file)?,
        None => default_file(context, &site, &version)?,
    };
    let recipients = announcement.people.recipients().join(", ");
    let plan = plan_mail(file.clone(), announcement, carrier);
    let Some(answer) = carry_out(context, args, &plan, &steps)? else { return Ok(()) };
    match answer {
        Some(answer) => context.ui.note(&format!("sent the announcement of {version} to {recipients}: {answer}")),
        None if keys.can_send() => {
            context.ui.note(&format!("to send it: `{} announce {version} --send`", program()));
        }
        None => {
            let record = format!("`{} announce {version} --sent`", program());
            context.ui.note(&format!("send it with a mail program, and record that: {record}"));
        }
    }
    context.ui.print(&format!("{}\n", file.display()))
}

/// The stated version, else the newest one that was not announced; with `--again` the newest one.
fn find_version(args: &Args, store: &Store, home: &AnnounceHome) -> Result<Option<Version>> {
    if args.version.is_some() {
        return Ok(args.version.clone());
    }
    for promotion in current_promotions(store)? {
        let is_sent = matches!(home.state_of(&promotion, &store.log)?, AnnounceState::Sent { .. });
        if args.again || !is_sent {
            return Ok(Some(promotion.version));
        }
    }
    Ok(None)
}

/// Prints the plan of a dry run; else carries it out, and returns the answer of the server.
fn carry_out(
    context: &Context,
    args: &Args,
    plan: &Plan<AnnounceStep>,
    steps: &AnnounceContext<'_>,
) -> Result<Option<Option<String>>> {
    if args.dry_run {
        context.ui.print(&plan.to_string())?;
        return Ok(None);
    }
    apply(plan, steps).map(Some)
}

/// `target/announce/NAME-X.Y.Z.eml`: `target/dist` has the files of a release only.
fn default_file(context: &Context, site: &Site<'_>, version: &Version) -> Result<PathBuf> {
    let Some(root) = context.workspace()?.work_tree() else {
        let message = "a bare repository has no `target/announce`";
        return Err(Failure::new(Exit::Usage, message).help("run this in a clone with a work tree").into());
    };
    Ok(root.join(format!("target/announce/{}-{version}.eml", site.layout.name)))
}
