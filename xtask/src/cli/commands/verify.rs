//! `verify`: checks every digest, signature, name and rule of a repository, and changes nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use crate::base::clock;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::base::interrupt;
use crate::cli::context::Context;
use crate::cli::download_check;
use crate::cli::site::{Site, beside};
use crate::project::config::Name;
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::manifest::Manifest;
use crate::repository::verify::address;
use crate::repository::verify::keys::find_local_keys;
use crate::repository::verify::{self, Finding, FindingId, StateOf, Verified, VerifyReport, WayOut};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of a project in a repository, a snapshot or a revision, or the URL of a snapshot or series; with `--provenance`, a
    /// downloaded file [default: the project's own repository]
    #[arg(value_name = "PATH|URL")]
    place: Option<String>,
    /// Print JSON (schema releng.verify/1)
    #[arg(long)]
    json: bool,
    /// Check a downloaded file against this statement, and the statement against its signature `STATEMENT.asc`
    #[arg(long, value_name = "STATEMENT", requires = "place", conflicts_with = "json")]
    provenance: Option<PathBuf>,
    /// File with the public keys that may have signed the statement [default: those of the project's own repository]
    #[arg(long, value_name = "FILE", requires = "provenance")]
    keys: Option<PathBuf>,
}

/// Verifies and prints a line for each finding; fails where there is one.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    if let (Some(statement), Some(download)) = (&args.provenance, &args.place) {
        return download_check::run(context, Path::new(download), statement, args.keys.as_deref());
    }
    let Verified { report, ways_out } = match args.place.as_deref() {
        None => {
            let site = Site::load(context)?;
            require_repository(&site)?;
            verify::verify_repository(&site.layout, StateOf::Own, site.now, &context.ui)?
        }
        Some(place) if place.starts_with("http://") || place.starts_with("https://") => {
            address::verify(place, &context.ui)?.into()
        }
        Some(place) => verify_path(context, &files::without_dots(&std::path::absolute(place)?))?,
    };
    // What an interrupted run has not read is no fault of the repository.
    interrupt::check()?;
    print(context, &report, &ways_out, args.json)?;
    match report.findings.len() {
        0 => Ok(()),
        count => {
            let steps: BTreeSet<(FindingId, String)> =
                report.findings.iter().map(|finding| (finding.id, finding.help())).collect();
            let describe = |(id, step): &(FindingId, String)| format!("{id}: {step}");
            // Nothing else can be run before what stops every command is put right.
            let (first, others): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(id, _)| id.stops_changes());
            let mut help: Vec<String> = first.iter().map(describe).collect();
            // A series whose current revision does not exist comes before what is not read now.
            let (current, others): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|(id, _)| *id == FindingId::CurrentVanished);
            help.extend(current.iter().map(describe));
            help.extend(ways_out.iter().map(WayOut::help));
            help.extend(others.iter().map(describe));
            let plural = if count == 1 { "finding" } else { "findings" };
            Err(Failure::new(Exit::Failed, format!("{count} {plural}")).help(help.join("\n")).into())
        }
    }
}

/// `Err` if nothing was ever staged: to verify nothing, or to put nothing together, is no success.
pub(super) fn require_repository(site: &Site<'_>) -> Result<(), Failure> {
    if site.exists() {
        return Ok(());
    }
    let message = format!("there is no repository in `{}`: nothing was staged yet", site.layout.root);
    Err(Failure::new(Exit::Failed, message).help(format!(
        "stage a release: `{} dist`; if there should be a repository, {}",
        program(),
        site.help_to_mount()
    )))
}

fn verify_path(context: &Context, path: &Path) -> Result<Verified> {
    let folder = TreePath::top(path);
    if Manifest::is_in(&folder) {
        let keys = find_local_keys(path);
        let shown = path.display().to_string();
        let report = verify::verify_folder(&folder, &shown, keys.as_deref(), &context.ui)?;
        context.ui.note(&format!(
            "`{shown}` is judged by its own `{MANIFEST}`: whether that is the one of the log, only the whole repository tells: \
             `{} verify`",
            program()
        ));
        return Ok(report.into());
    }
    let is_project = ["stable", "unstable"].iter().any(|channel| path.join(channel).is_dir());
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| Name::try_from(name.to_owned()).ok());
    let (true, Some(name), Some(root)) = (is_project, name, path.parent()) else {
        let message =
            format!("`{}` is neither a project's folder in a repository nor a snapshot or revision", path.display());
        return Err(Failure::new(Exit::Usage, message)
            .help("name a folder with `stable/`, or one with a `manifest.json`")
            .into());
    };
    // The state of the project's own repository is where the configuration says.
    match Site::load(context).ok().filter(|site| site.layout.root.for_programs() == path) {
        Some(site) => verify::verify_repository(&site.layout, StateOf::Own, site.now, &context.ui),
        None => {
            let layout = Layout::new(name, root, &beside(root), None);
            verify::verify_repository(&layout, StateOf::Copy, clock::now()?, &context.ui)
        }
    }
}

fn print(context: &Context, report: &VerifyReport, ways_out: &[WayOut], json: bool) -> Result<()> {
    let VerifyReport { findings, folders, files, .. } = report;
    if json {
        let finding = |finding: &Finding| json!({ "id": finding.id, "path": finding.path, "what": finding.what, "help": finding.help() });
        let findings = findings.iter().map(finding).collect::<Vec<_>>();
        let next_steps = ways_out.iter().map(WayOut::help).collect::<Vec<_>>();
        let report = json!({
            "schema": "releng.verify/1", "folders": folders, "files": files, "findings": findings,
            "next-steps": next_steps
        });
        return context.ui.print(&(serde_json::to_string_pretty(&report)? + "\n"));
    }
    context.ui.print(&findings.iter().map(|finding| format!("{finding}\n")).collect::<String>())?;
    let folders = counted(*folders, "snapshot or revision", "snapshots and revisions");
    context.ui.note(&format!("verified {folders} with {}", counted(*files, "file", "files")));
    Ok(())
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
