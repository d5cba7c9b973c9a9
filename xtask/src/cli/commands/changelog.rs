//! `changelog`: what changed, by version.

use anyhow::Result;
use clap::ValueEnum;

use crate::cli::context::Context;
use crate::history::Since;
use crate::project::release;

/// Arguments of `changelog`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print only the changes after this milestone, version or release tag
    #[arg(long, value_name = "X.Y")]
    since: Option<Since>,
    /// Output format
    #[arg(long, value_enum, default_value = "rpm")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The format of `%changelog` in a spec
    Rpm,
    /// Markdown, with a section for each version
    Markdown,
    /// JSON, with all data (schema releng.changelog/1)
    Json,
}

/// Prints the changelog of `HEAD`, or of the archive that was unpacked here.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let mut changelog = release::changelog(context.workspace()?, args.since.as_ref(), &context.ui)?;
    if let Some(version) = context.assumed_version()? {
        changelog = changelog.assume_version(version);
    }
    context.ui.print(&match args.format {
        Format::Rpm => changelog.render_rpm(),
        Format::Markdown => changelog.render_markdown(),
        Format::Json => changelog.render_json(),
    })
}
