//! `spec`: renders the spec from the spec or the template of the work tree, or checks a rendered spec against it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::base::files;
use crate::base::number::parse_stated;
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::spec_check::SpecCheck;
use crate::project::definition::Project;
use crate::project::release::ProjectRelease;
use crate::project::spec_file::SpecKind;
use crate::project::workspace::Origin;
use crate::rpm::render::{RenderedSpec, render_spec};

/// Arguments of `spec`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Check that a rendered spec is what the template gives for the version in it; exit 4 if not [default: the spec
    /// beside the template, or the spec itself]
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["out", "release", "write", "dry_run"])]
    check: Option<Option<PathBuf>>,
    /// Release number; 2 and above repackage the same code [default: 1]
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = parse_stated)]
    release: u32,
    /// File to write, `-` for standard output [default: beside the template; for a spec without template, standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the rendered spec over the spec of the project
    #[arg(long, conflicts_with = "out")]
    write: bool,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Renders or checks the spec.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let workspace = context.workspace()?;
    let project = Project::load(workspace.local_tree()?, workspace.local_config()?, &workspace.out_of_tree())?;
    let spec = project.spec.clone()?.ok_or_else(no_spec)?;
    let release = ProjectRelease::load(workspace, context.assumed_version()?, &context.ui)?;
    let own_folder = if spec.is_outside { workspace.packaging.as_deref() } else { workspace.work_tree() };
    let default_path = own_folder.map(|root| root.join(spec.spec_path()));
    if let Some(file) = &args.check {
        // An unpacked archive has its spec in the top folder.
        let top_path = workspace.root.join(spec.spec_name());
        let has_top_spec = matches!(workspace.origin, Origin::Unpacked(_)) && top_path.exists();
        let default_path = if has_top_spec { Some(top_path) } else { default_path };
        let file = file.clone().or(default_path).ok_or_else(no_place)?;
        return SpecCheck { context, project: &project, spec: &spec, release: &release, file: &file }.run();
    }
    let RenderedSpec { text, notes } =
        render_spec(&project, &spec, &release.version, args.release, &release.changelog)?;
    for note in &notes {
        context.ui.warn(note);
    }
    // A file that somebody has written is changed only if the person says so.
    let is_own_file = spec.kind == SpecKind::Plain || spec.is_outside;
    match args.out.as_deref() {
        Some(out) if out == Path::new("-") => context.ui.print_exactly(&text),
        None if is_own_file && !args.write => context.ui.print_exactly(&text),
        out => {
            let path = out.map(Path::to_owned).or(default_path).ok_or_else(no_place)?;
            if !args.write {
                require_another(&path, &own_folder.unwrap_or(&workspace.root).join(&spec.path))?;
            }
            write(context, args, &path, &release, &text)
        }
    }
}

/// `Err` where `path` is the spec or template itself, or a link to it.
fn require_another(path: &Path, spec: &Path) -> Result<(), Failure> {
    match (path.canonicalize(), spec.canonicalize()) {
        (Ok(path), Ok(spec)) if path == spec => {
            let message = format!("refusing to write over `{}`: the spec is rendered from it", path.display());
            Err(Failure::new(Exit::Usage, message).help("name another file with `--out FILE`"))
        }
        _ => Ok(()),
    }
}

fn write(context: &Context, args: &Args, path: &Path, release: &ProjectRelease, text: &str) -> Result<()> {
    let title = format!("render the spec of {}-{}", release.version, args.release);
    let plan = Plan { title, steps: vec![format!("write {}", path.display())] };
    if args.dry_run {
        return context.ui.print(&plan.to_string());
    }
    files::write(path, text.as_bytes())?;
    context.ui.print(&format!("{}\n", path.display()))
}

fn no_spec() -> Failure {
    Failure::new(Exit::Usage, "the project has no spec: none in its root, `packaging/` and the like").help(committed(
        "write a template, with `Version: @@VERSION@@`, or name it: `[rpm]` and `spec = \"…\"` in `packaging/release.toml`",
    ))
}

fn no_place() -> Failure {
    Failure::new(Exit::Usage, "a bare repository has no folder for the spec")
        .help("name one: `--out FILE`, or `--out -`")
}
