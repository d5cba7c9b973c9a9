//! `init`: finds out what a project is, and writes what it needs to be released.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::adopt::apply::apply;
use crate::adopt::files::wanted_files;
use crate::adopt::findings::find_facts;
use crate::adopt::found::RemoteFound;
use crate::adopt::next_steps::{LastStep, next_steps};
use crate::adopt::order::{AdoptOrder, AdoptPlace, CiKind};
use crate::adopt::plan::{AdoptFolder, decide};
use crate::adopt::report::{render_facts, render_remarks};
use crate::base::error::{Exit, Failure, program};
use crate::cli::context::Context;
use crate::project::config::{ForgeKind, Name};
use crate::project::definition::load_config;
use crate::project::workspace::Workspace;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the project, if its files state none or another one
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: Option<Name>,
    /// Also write the hook of git that checks each commit message
    #[arg(long)]
    hooks: bool,
    /// Also write the files for a CI system
    #[arg(long, value_name = "SYSTEM")]
    ci: Option<CiSystemName>,
    /// Also write the crate `xtask` of a Cargo workspace, which runs releng from the sources in this git repository
    #[arg(long, value_name = "ADDRESS")]
    xtask: Option<String>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CiSystemName {
    Github,
    Gitlab,
    Forgejo,
    Jenkins,
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::try_from(text.to_owned())
}

/// Prints what was found and what is written, writes it, and prints what comes next.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let workspace = context.workspace_to_adopt()?;
    let root = workspace.work_tree().ok_or_else(no_work_tree)?.to_owned();
    let existing = match workspace.packaging_config()? {
        Some(config) => Some(config),
        None if workspace.packaging.is_some() => None,
        None => load_config(workspace.local_tree()?)?,
    };
    let config = workspace.with_stated_spec(existing.clone().unwrap_or_default());
    let facts = find_facts(&workspace, &config, args.name.as_ref(), &context.ui)?;
    let order = order_of(&workspace, args)?;
    let wanted = wanted_files(&facts, &order);
    let packaging = workspace.packaging.as_ref();
    let shown = packaging.map(|folder| folder.display().to_string()).unwrap_or_default();
    let folder = AdoptFolder { path: packaging.unwrap_or(&root), shown: &shown };
    let adoption = decide(format!("adopt {}", facts.name), folder, wanted.files.clone())?;

    context.ui.print(&render_facts(&facts))?;
    if adoption.plan.steps.is_empty() {
        context.ui.print("nothing to write: all files are there\n")?;
    } else {
        context.ui.print(&adoption.plan.to_string())?;
    }
    context.ui.print(&render_remarks(&facts, &wanted, &adoption.left, existing.as_ref()))?;
    if args.dry_run {
        return Ok(());
    }
    apply(&adoption.plan)?;
    let last = match (&wanted.no_spec, &facts.remote) {
        (Some(_), _) => LastStep::Sources,
        (None, RemoteFound::None) => LastStep::Packages,
        (None, _) => LastStep::PackagesOfABranch,
    };
    let commands = next_steps(program(), &order.place, &adoption.plan.steps, last);
    let lines: String = commands.iter().map(|command| format!("  {command}\n")).collect();
    context.ui.print(&format!("next:\n{lines}"))
}

fn order_of(workspace: &Workspace, args: &Args) -> Result<AdoptOrder> {
    let place = match &workspace.packaging {
        Some(folder) => AdoptPlace::Beside(folder.clone()),
        None => AdoptPlace::Project,
    };
    let is_inside = args.hooks || args.ci.is_some() || args.xtask.is_some();
    if is_inside && place != AdoptPlace::Project {
        let message = "`--hooks`, `--ci` and `--xtask` write into the project, and `--packaging` leaves it as it is";
        return Err(Failure::new(Exit::Usage, message).help("leave one of them out").into());
    }
    let ci = args.ci.map(|name| match name {
        CiSystemName::Github => CiKind::Forge(ForgeKind::Github),
        CiSystemName::Gitlab => CiKind::Forge(ForgeKind::Gitlab),
        CiSystemName::Forgejo => CiKind::Forge(ForgeKind::Forgejo),
        CiSystemName::Jenkins => CiKind::Jenkins,
    });
    let hook = args.hooks.then(|| hook_path(workspace)).transpose()?;
    Ok(AdoptOrder { place, stated_spec: workspace.stated_spec.clone(), hook, ci, xtask: args.xtask.clone() })
}

/// The path of the hook that checks messages; relative if it is in the project.
fn hook_path(workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.repository()?.hooks_folder()?.join("commit-msg");
    let below = workspace.work_tree().and_then(|root| path.strip_prefix(root).ok()).map(Path::to_owned);
    Ok(below.unwrap_or(path))
}

fn no_work_tree() -> Failure {
    Failure::new(Exit::Usage, "a bare repository has no files to add to")
        .help("run this in a clone with files: `git clone DIR`")
}
