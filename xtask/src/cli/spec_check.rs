//! `spec --check`: whether a rendered spec is what its template gives.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::base::error::{Exit, Failure, program};
use crate::base::text::shell_word;
use crate::cli::context::Context;
use crate::history::Version;
use crate::project::definition::Project;
use crate::project::release::ProjectRelease;
use crate::project::spec_file::{SpecFile, SpecKind};
use crate::project::workspace::Workspace;
use crate::rpm::render::{compare, render_spec};
use crate::rpm::srpm::Parsed;

/// The check of a file.
pub struct SpecCheck<'a> {
    pub context: &'a Context,
    pub project: &'a Project,
    pub spec: &'a SpecFile,
    pub release: &'a ProjectRelease,
    pub file: &'a Path,
}

impl SpecCheck<'_> {
    /// Compares the file with what the template gives for the version and release in the file. A spec without template is its own
    /// source: it must be one that can be rendered.
    pub fn run(self) -> Result<()> {
        let SpecCheck { context, project, spec, release, file } = self;
        if spec.kind == SpecKind::Plain && is_spec_itself(context.workspace()?, spec, file) {
            render_spec(project, spec, &release.version, 1, &release.changelog)?;
            context.ui.note(&format!("`{}` can be rendered", file.display()));
            return Ok(());
        }
        compare_texts(&self)
    }
}

fn is_spec_itself(workspace: &Workspace, spec: &SpecFile, file: &Path) -> bool {
    let root = if spec.is_outside { workspace.packaging.as_deref() } else { workspace.work_tree() };
    let own = root.map(|root| root.join(&spec.path).canonicalize());
    matches!((own, file.canonicalize()), (Some(Ok(own)), Ok(file)) if own == file)
}

fn compare_texts(SpecCheck { context, project, spec, release, file }: &SpecCheck<'_>) -> Result<()> {
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
    let wanted = render_spec(project, spec, &stated, number.max(1), &changelog)?.text;
    let difference = if is_tracked {
        // A commit cannot contain its own version: a tracked spec is compared without version, release and changelog.
        let wanted_rest = compare::without_numbers(&wanted);
        let found_rest = compare::without_numbers(&found);
        compare::first_difference(&wanted_rest, &found_rest).map(|difference| difference.to_string())
    } else {
        compare::first_difference(&wanted, &found).map(|difference| difference.to_string())
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
    if let Some((version, release)) = compare::stated_version_and_release(text) {
        return Some((version.to_owned(), release));
    }
    let parsed = Parsed::parse(text).ok()?;
    Some((parsed.version().to_owned(), compare::release_number(parsed.release())?))
}

fn is_tracked(workspace: &Workspace, file: &Path) -> Result<bool> {
    let (Some(root), Ok(repository)) = (workspace.work_tree(), workspace.repository()) else { return Ok(false) };
    let file = file.canonicalize().with_context(|| format!("cannot find `{}`", file.display()))?;
    file.strip_prefix(root.canonicalize()?).map_or(Ok(false), |relative| repository.is_tracked(relative))
}

fn help_to_render(file: &Path) -> String {
    format!("render it again: `{} spec --out {}`", program(), shell_word(&file.to_string_lossy()))
}
