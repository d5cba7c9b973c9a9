//! `stage`: a release becomes a snapshot in `unstable/`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::site::{Site, pipeline_of_ci};
use crate::repository::stage::input::Input;
use crate::repository::stage::{self, Decision, Order};

/// Arguments of `stage`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder that `dist` made, here or in another job; default: target/dist in the project
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The number of the pipeline run; default: that of the CI system, else the next one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..1_000_000_000))]
    pipeline: Option<u32>,
    /// Stage it as unmerged work, which never becomes `latest`
    #[arg(long)]
    unmerged: bool,
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Stages a folder and prints the path of the snapshot.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let folder = match &args.from {
        Some(folder) => std::path::absolute(folder)?,
        None => context.workspace()?.root.join("target/dist"),
    };
    let pipeline = args.pipeline.map_or_else(pipeline_of_ci, |pipeline| Ok(Some(pipeline)))?;
    let order = Order { pipeline, unmerged: args.unmerged };
    let site = Site::load(context)?;
    let input = Input::load(&folder, site.config.rpm.portable_noarch, &context.ui)?;
    input.require_name(&site.layout.name)?;
    if args.dry_run {
        return preview(context, &site, &input, order);
    }
    let place = make(context, &site, &input, order)?;
    context.ui.print(&format!("{}\n", place.display()))
}

/// Stages what `dist` has just made of a commit, whose name counts.
pub(super) fn run_after_dist(context: &Context, folder: &Path, order: Order) -> Result<()> {
    let mut site = Site::load(context)?;
    let input = Input::load(folder, site.config.rpm.portable_noarch, &context.ui)?;
    site.layout = site.layout.of_project(&input.info.name);
    make(context, &site, &input, order).map(|_| ())
}

fn preview(context: &Context, site: &Site<'_>, input: &Input, order: Order) -> Result<()> {
    match stage::decide(&site.store()?, input, order, &site.git(), site.config.repository.sign.is_some())? {
        Decision::Already(name) => context.ui.print(&format!("{name} is staged already\n")),
        Decision::Stage(staging) => {
            staging.notes.iter().for_each(|note| context.ui.note(note));
            context.ui.print(&staging.plan.to_string())
        }
    }
}

/// Stages a folder; the path of the snapshot.
fn make(context: &Context, site: &Site<'_>, input: &Input, order: Order) -> Result<PathBuf> {
    let key = site.key()?;
    let mut writer = site.writer("stage")?;
    let place = match stage::decide(&writer.store, input, order, &site.git(), key.is_some())? {
        Decision::Already(name) => {
            context.ui.note(&format!("{name} is staged already"));
            writer.store.layout.snapshot(crate::repository::model::name::Series::of(&input.info.version), &name)
        }
        Decision::Stage(staging) => {
            staging.notes.iter().for_each(|note| context.ui.note(note));
            let place = stage::apply(&mut writer, input, &staging, key.as_ref(), site.now, &context.ui)?;
            context.ui.note(&format!("staged {}", writer.store.layout.shown(&place)));
            place
        }
    };
    Ok(place)
}
