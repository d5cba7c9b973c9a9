//! `dist`: the main job. From a commit to verified source archives, changelog, spec and checksums in `target/dist`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;

use super::Context;
use super::spec::render as render_spec;
use crate::config::Format;
use crate::error::{Exit, Failure};
use crate::files::Aside;
use crate::git::{CommitId, Repository};
use crate::history::{self, LookBack};
use crate::parallel;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::project::{Project, Tree};
use crate::release::{self, CHANGELOG_FILE, Release};
use crate::source::checksum::{self, Digest, HashingWriter};
use crate::source::release_info::{self, ReleaseInfo};
use crate::source::{self, Export, GeneratedFile, Request, archive_name, gzip, tarball};
use crate::ui::{Ui, human_size};

/// Arguments of `dist`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit to release; default: HEAD
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// The release of the spec: 2 and above for repackaging without a change of code
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..))]
    release: u32,
    /// Where to leave the results; default: target/dist in the project
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// One thing that `dist` does. Files are named relative to the folder of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Writes the archive of a commit in a format.
    Archive { file: String, format: Format, commit: CommitId },
    /// Writes a text.
    Text { file: String, content: String },
    /// Writes the digests of the files before it.
    Checksums { file: String },
    /// Puts the folder of the results in its place.
    Place { target: PathBuf },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Archive { file, commit, .. } => write!(f, "write {file} from commit {}", commit.short()),
            Step::Text { file, content } => write!(f, "write {file} ({})", human_size(content.len() as u64)),
            Step::Checksums { file } => write!(f, "write {file}"),
            Step::Place { target } => write!(f, "put them in {}", target.display()),
        }
    }
}

/// A file that was written.
struct Written {
    file: String,
    size: u64,
    digest: Digest,
}

/// Everything a release consists of before it has files.
struct Input {
    commit: CommitId,
    project: Project,
    release: Release,
    /// The milestone that the version is counted from; `None` where it was stated.
    base: Option<String>,
}

/// Loads the release of a commit, decides on the files, writes them aside, puts them in place.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let workspace = context.workspace()?;
    let repository = workspace.repository()?;
    let input = load(context, args, repository)?;
    let target = match (&args.out, workspace.work_tree()) {
        (Some(out), _) => std::path::absolute(out)?,
        (None, Some(_)) => workspace.root.join("target/dist"),
        (None, None) => return Err(no_place().into()),
    };
    let plan = decide(&input, args.release, target)?;
    if args.dry_run {
        return context.ui.print(&plan.to_string());
    }
    let written = apply(context, repository, &input, &plan)?;
    report(context, &written)
}

fn load(context: &Context, args: &Args, repository: &Repository) -> Result<Input> {
    let workspace = context.workspace()?;
    let commit = repository.resolve(args.rev.as_deref().unwrap_or("HEAD"))?;
    let config = release::config_of(workspace, repository, commit, &context.ui)?;
    let initial = config.version.initial;
    let project = Project::load(Tree::Commit(repository, commit), config)?;
    if args.rev.is_none() {
        warn_of_work_tree(context, repository, commit, &project)?;
    }
    let changelog = history::load_changelog(repository, commit, initial, None, &context.ui)?;
    let (version, base) = match context.assumed_version() {
        Some(version) => (version.clone(), None),
        None => {
            let (config, rev) = (&project.config, args.rev.as_deref());
            let answer = release::answer(repository, config, commit, rev, LookBack::Whole, &context.ui)?;
            answer.require_releasable()?;
            answer.warnings.iter().for_each(|warning| context.ui.warn(&warning.to_string()));
            (answer.version, answer.base.map(|base| base.milestone.to_string()))
        }
    };
    let release = Release { changelog: changelog.assume_version(version.clone()), version };
    Ok(Input { commit, project, release, base })
}

/// The commit is what is released; what a person has changed since is said, not used.
fn warn_of_work_tree(context: &Context, repository: &Repository, commit: CommitId, project: &Project) -> Result<()> {
    let Some(work_tree) = repository.work_tree() else { return Ok(()) };
    let local = Project::load(Tree::Folder(work_tree), project.config.clone());
    let local = local.ok().and_then(|local| local.template);
    match (&project.template, &local) {
        (None, Some(template)) => {
            context.ui.warn(&format!("`{}` is not committed: there will be no spec", template.path));
        }
        (Some(committed), local) if local.as_ref() != Some(committed) => {
            context.ui.warn(&format!("`{}` differs from the commit, whose copy is used", committed.path));
        }
        _ => {}
    }
    if repository.is_dirty()? {
        context.ui.warn(&format!("the work tree differs from commit {}: the commit is released", commit.short()));
    }
    Ok(())
}

fn decide(input: &Input, release: u32, target: PathBuf) -> Result<Plan<Step>> {
    let Input { commit, project, release: facts, .. } = input;
    let name = archive_name(&project.name, &facts.version);
    let archive =
        |ending: &str, format| Step::Archive { file: format!("sources/{name}.{ending}"), format, commit: *commit };
    let mut steps = vec![archive("tar.gz", Format::TarGz)];
    if project.config.source.formats.contains(&Format::Zip) {
        steps.push(archive("zip", Format::Zip));
    }
    let content = facts.changelog.render_rpm();
    steps.push(Step::Text { file: format!("sources/{CHANGELOG_FILE}"), content });
    if let Some(template) = &project.template {
        let content = render_spec(project, template, &facts.version, release, &facts.changelog)?;
        steps.push(Step::Text { file: format!("sources/{}", template.spec_name()), content });
    }
    steps.push(Step::Checksums { file: "SHA256SUMS".to_owned() });
    steps.push(Step::Place { target });
    Ok(Plan { title: format!("release {} {}-{release}", project.name, facts.version), steps })
}

fn apply(context: &Context, repository: &Repository, input: &Input, plan: &Plan<Step>) -> Result<Vec<Written>> {
    let Some(Step::Place { target }) = plan.steps.last() else { unreachable!("a plan ends in its place") };
    let aside = Aside::new(target)?;
    let export = load_export(context, repository, input)?;
    let mut written = Vec::new();
    for step in &plan.steps {
        match step {
            Step::Archive { file, format, .. } => {
                written.push(write_archive(&context.ui, &aside, &export, file, *format)?)
            }
            Step::Text { file, content } => written.push(write_text(&aside, file, content)?),
            Step::Checksums { file } => {
                let sums = written.iter().map(|written| (written.file.as_str(), written.digest));
                written.push(write_text(&aside, file, &checksum::render_sums(sums))?);
            }
            Step::Place { .. } => break,
        }
    }
    aside.commit()?;
    Ok(written)
}

/// What goes into the archives: the tree of the commit and the generated files, the spec always with release 1.
fn load_export(context: &Context, repository: &Repository, input: &Input) -> Result<Export> {
    let Input { commit, project, release, base } = input;
    let date = Timestamp::from_second(repository.commit(*commit)?.committer().seconds)?.to_string();
    let version = release.version.to_string();
    let info = ReleaseInfo::new(project.name.to_string(), version, base.clone(), commit.to_string(), date);
    let mut generated = vec![
        (CHANGELOG_FILE.to_owned(), release.changelog.render_rpm()),
        (release_info::FILE_NAME.to_owned(), info.render()?),
    ];
    if let Some(template) = &project.template {
        let spec = render_spec(project, template, &release.version, 1, &release.changelog)?;
        generated.push((template.spec_name().to_owned(), spec));
    }
    let generated = generated.into_iter().map(|(name, text)| GeneratedFile { name, content: text.into_bytes() });
    let prefix = archive_name(&project.name, &release.version);
    let request = Request { commit: *commit, prefix: &prefix, generated: generated.collect() };
    Export::load(repository, request, &context.ui)
}

fn write_archive(ui: &Ui, aside: &Aside, export: &Export, file: &str, format: Format) -> Result<Written> {
    let mut out = HashingWriter::new(aside.create(file)?);
    let threads = parallel::threads();
    ui.begin(&format!("writing {file}"), Some(export.member_count()));
    let done = match format {
        Format::TarGz => gzip::compress(&mut out, threads, |tar| tarball::write(export, tar, threads, ui)),
        Format::Zip => source::zip::write(export, &mut out, threads, ui),
    };
    ui.end();
    let (out, digest) = done.map(|()| out.finish()).map_err(|error| in_file(error, aside, file))?;
    out.sync_all().map_err(|error| in_file(error.into(), aside, file))?;
    Ok(Written { file: file.to_owned(), size: out.metadata()?.len(), digest })
}

/// Names the file that could not be written, unless the error is about something else and says so.
fn in_file(error: anyhow::Error, aside: &Aside, file: &str) -> anyhow::Error {
    if error.chain().any(|cause| cause.is::<Failure>()) {
        return error;
    }
    error.context(format!("cannot write `{}`", aside.target().join(file).display()))
}

fn write_text(aside: &Aside, file: &str, text: &str) -> Result<Written> {
    aside.write(file, text.as_bytes())?;
    Ok(Written { file: file.to_owned(), size: text.len() as u64, digest: checksum::digest_of(text.as_bytes()) })
}

fn report(context: &Context, written: &[Written]) -> Result<()> {
    let rows: Vec<[String; 3]> = written
        .iter()
        .map(|Written { file, size, digest }| {
            let mut digest = digest.to_string();
            if context.ui.stdout_is_terminal() {
                digest.truncate(16); // the whole would wrap, and stands in SHA256SUMS
            }
            [file.clone(), human_size(*size), digest]
        })
        .collect();
    context.ui.print_table(&rows)
}

fn no_place() -> Failure {
    Failure::new(Exit::Usage, "a bare repository has no place for the results").help("name one: `--out DIR`")
}
