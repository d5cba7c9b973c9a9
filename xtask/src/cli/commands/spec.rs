//! `spec`: renders the spec from the template of the work tree, or checks a rendered spec against the template.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files;
use crate::base::number::parse_stated;
use crate::base::plan::Plan;
use crate::base::text::shell_word;
use crate::cli::context::Context;
use crate::history::Version;
use crate::project::definition::{Project, load_config};
use crate::project::release::ProjectRelease;
use crate::project::template::Template;
use crate::project::workspace::{Origin, Workspace};
use crate::rpm::spec::render_spec;
use crate::rpm::srpm::Parsed;
use crate::rpm::{spec, spec_compare};

/// Arguments of `spec`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Check that a rendered spec is what the template gives for the version in it; exit 4 if not [default: the spec
    /// beside the template]
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["out", "release", "dry_run"])]
    check: Option<Option<PathBuf>>,
    /// Release number; 2 and above repackage the same code [default: 1]
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = parse_stated)]
    release: u32,
    /// File to write, `-` for standard output [default: beside the template]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Renders or checks the spec.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let workspace = context.workspace()?;
    let tree = workspace.local_tree()?;
    let project = Project::load(tree, load_config(tree)?.unwrap_or_default())?;
    let template = project.template.as_ref().ok_or_else(no_template)?;
    let release = ProjectRelease::load(workspace, context.assumed_version()?, &context.ui)?;
    spec::warn_of_own_changelog(template, &context.ui);
    let default_path = workspace.work_tree().map(|root| root.join(template.spec_path()));
    if let Some(file) = &args.check {
        // An unpacked archive has its spec in the top folder.
        let top_path = workspace.root.join(template.spec_name());
        let has_top_spec = matches!(workspace.origin, Origin::Unpacked(_)) && top_path.exists();
        let default_path = if has_top_spec { Some(top_path) } else { default_path };
        let file = file.clone().or(default_path).ok_or_else(no_place)?;
        return check(context, &project, template, &release, &file);
    }
    let text = render_spec(&project, template, &release.version, args.release, &release.changelog)?;
    match args.out.as_deref() {
        Some(out) if out == Path::new("-") => context.ui.print_exactly(&text),
        out => {
            let path = out.map(Path::to_owned).or(default_path).ok_or_else(no_place)?;
            require_another(&path, &workspace.root.join(&template.path))?;
            write(context, args, &path, &release, &text)
        }
    }
}

/// `Err` where `path` is the template itself, or a link to it.
fn require_another(path: &Path, template: &Path) -> Result<(), Failure> {
    match (path.canonicalize(), template.canonicalize()) {
        (Ok(path), Ok(template)) if path == template => {
            let message = format!("refusing to write over `{}`: it is the spec template", path.display());
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

/// Compares `file` with what the template gives for the version and release in `file`.
fn check(
    context: &Context,
    project: &Project,
    template: &Template,
    release: &ProjectRelease,
    file: &Path,
) -> Result<()> {
    let shown = file.display();
    if !file.exists() {
        let message = format!("there is no rendered spec `{shown}`");
        let help = help_to_render(file).replace("render it again", "render it");
        return Err(Failure::new(Exit::OutOfDate, message).help(help).into());
    }
    let found = std::fs::read_to_string(file).with_context(|| format!("cannot read the spec `{shown}`"))?;
    let (version, number) = stated(&found).ok_or_else(|| {
        Failure::new(Exit::OutOfDate, format!("`{shown}` states no `Version:` and `Release:`"))
            .help(help_to_render(file))
    })?;
    let stated: Version = version.parse().map_err(|why| {
        Failure::new(Exit::OutOfDate, format!("`{shown}`: `{version}` is not a version: {why}"))
            .help(help_to_render(file))
    })?;
    let is_tracked = is_tracked(context.workspace()?, file)?;
    let changelog = release.changelog.clone().up_to(&stated);
    if changelog.entries.is_empty() && !is_tracked {
        let message = format!("`{shown}` is of version {stated}, which no commit of the mainline had");
        return Err(Failure::new(Exit::OutOfDate, message).help(help_to_render(file)).into());
    }
    let wanted = render_spec(project, template, &stated, number.max(1), &changelog)?;
    let difference = if is_tracked {
        // A commit cannot contain its own version: a tracked spec is compared without version, release and changelog.
        let wanted_rest = spec_compare::without_numbers(&wanted);
        let found_rest = spec_compare::without_numbers(&found);
        spec_compare::first_difference(&wanted_rest, &found_rest).map(|difference| difference.to_string())
    } else {
        spec_compare::first_difference(&wanted, &found).map(|difference| difference.to_string())
    };
    match difference {
        None => {
            context.ui.note(&format!("`{shown}` is up to date"));
            Ok(())
        }
        Some(difference) => {
            let message = format!("`{shown}` is out of date: {difference}");
            Err(Failure::new(Exit::OutOfDate, message).help(help_to_render(file)).into())
        }
    }
}

/// The version and the number of the release of a spec. Macros that the spec defines are expanded.
fn stated(text: &str) -> Option<(String, u32)> {
    if let Some((version, release)) = spec_compare::stated_version_and_release(text) {
        return Some((version.to_owned(), release));
    }
    let parsed = Parsed::parse(text).ok()?;
    Some((parsed.version().to_owned(), spec_compare::release_number(parsed.release())?))
}

fn is_tracked(workspace: &Workspace, file: &Path) -> Result<bool> {
    let (Some(root), Ok(repository)) = (workspace.work_tree(), workspace.repository()) else { return Ok(false) };
    let file = file.canonicalize().with_context(|| format!("cannot find `{}`", file.display()))?;
    file.strip_prefix(root.canonicalize()?).map_or(Ok(false), |relative| repository.is_tracked(relative))
}

fn help_to_render(file: &Path) -> String {
    format!("render it again: `{} spec --out {}`", program(), shell_word(&file.to_string_lossy()))
}

fn no_template() -> Failure {
    Failure::new(Exit::Usage, "the project has no spec template: no `*.spec.in` in its root or in `packaging/`").help(committed(
        "write one, with `Version: @@VERSION@@`, or name it: `[rpm]` and `spec = \"…\"` in `packaging/release.toml`",
    ))
}

fn no_place() -> Failure {
    Failure::new(Exit::Usage, "a bare repository has no folder for the spec")
        .help("name one: `--out FILE`, or `--out -`")
}
