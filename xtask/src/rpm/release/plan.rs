//! Which files a release has, and in which order they are made.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::base::size::human_size;
use crate::git::CommitId;
use crate::project::config::{ArchiveFormat, SrpmWriter, Vendor};
use crate::project::release_info::CHANGELOG_FILE;
use crate::project::workspace::Workspace;
use crate::rpm::builds;
use crate::rpm::release::input::{Input, Order, Vendoring};
use crate::rpm::release::made::CHECKSUMS_FILE;
use crate::rpm::release::replace;
use crate::rpm::spec;
use crate::rpm::srpm::Parsed;
use crate::source::{archive_name, vendor_archive_name};

/// One thing that `dist` does. Files are named relative to the folder of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes the archive of a commit in a format.
    Archive {
        /// Where to.
        file: String,
        /// As what.
        format: ArchiveFormat,
        /// Whose tree.
        commit: CommitId,
    },
    /// Writes the archive of the crates that the commit's lock file names.
    Vendor {
        /// Where to.
        file: String,
    },
    /// Writes a text.
    Text {
        /// Where to.
        file: String,
        /// The text.
        content: String,
    },
    /// Writes the source RPM, of files before it and files of the commit.
    Srpm {
        /// Where to.
        file: String,
        /// Who writes it.
        writer: SrpmWriter,
        /// The name of its spec.
        spec_name: String,
        /// The spec.
        spec: String,
    },
    /// Keeps the binary RPMs that are there, where they are of the same source RPM.
    Keep,
    /// Writes the digests of the files before it.
    Checksums {
        /// Where to.
        file: String,
    },
    /// Puts the folder of the results in its place.
    Place {
        /// The place.
        target: PathBuf,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Archive { file, commit, .. } => write!(f, "write {file} from commit {}", commit.short()),
            Step::Vendor { file } => write!(f, "write {file} with cargo vendor"),
            Step::Text { file, content } => write!(f, "write {file} ({})", human_size(content.len() as u64)),
            Step::Srpm { file, writer: SrpmWriter::Native, .. } => write!(f, "write {file}"),
            Step::Srpm { file, writer: SrpmWriter::Rpmbuild, .. } => write!(f, "write {file} with rpmbuild"),
            Step::Keep => write!(f, "keep rpm/, where it was built from the same source RPM"),
            Step::Checksums { file } => write!(f, "write {file}"),
            Step::Place { target } => write!(f, "put them in {}", target.display()),
        }
    }
}

/// The files of a release, in the order in which they are made.
///
/// Errors: no place for them; a template that cannot be rendered; a spec that makes no source RPM of this project.
pub fn decide(workspace: &Workspace, input: &Input, order: &Order, progress: &dyn Progress) -> Result<Plan<Step>> {
    let Input { commit, project, release: facts, .. } = input;
    let name = archive_name(&project.name, &facts.version);
    let archive =
        |ending: &str, format| Step::Archive { file: format!("sources/{name}.{ending}"), format, commit: *commit };
    let mut steps = vec![archive("tar.gz", ArchiveFormat::TarGz)];
    if project.config.source.formats.contains(&ArchiveFormat::Zip) {
        steps.push(archive("zip", ArchiveFormat::Zip));
    }
    let is_vendored = project.vendor == Vendor::Cargo && order.vendoring == Vendoring::Made;
    if is_vendored {
        steps.push(Step::Vendor { file: format!("sources/{}", vendor_archive_name(&project.name, &facts.version)) });
    }
    let content = facts.changelog.render_rpm();
    steps.push(Step::Text { file: format!("sources/{CHANGELOG_FILE}"), content });
    if let Some(template) = &project.template {
        spec::warn_of_own_changelog(template, progress);
        let spec = spec::render_spec(project, template, &facts.version, order.release, &facts.changelog)?;
        let (spec_name, srpm) = (template.spec_name().to_owned(), decide_srpm(input, &spec, order)?);
        steps.push(Step::Text { file: format!("sources/{spec_name}"), content: spec.clone() });
        let writer = project.config.rpm.srpm;
        match srpm {
            Srpm::Made(file) => steps.push(Step::Srpm { file: format!("sources/{file}"), writer, spec_name, spec }),
            Srpm::Needs(file) => progress.warn(&format!("no source RPM: it needs `{file}`, which is left out")),
        }
    }
    let target = place(workspace, order)?;
    if target.join(builds::FILE_NAME).exists() {
        steps.push(Step::Keep);
    }
    steps.push(Step::Checksums { file: CHECKSUMS_FILE.to_owned() });
    replace::require_ours(&target)?;
    steps.push(Step::Place { target });
    Ok(Plan { title: format!("release {} {}-{}", project.name, facts.version, order.release), steps })
}

enum Srpm {
    /// The name of its file.
    Made(String),
    /// It is not made, for want of this file.
    Needs(String),
}

fn decide_srpm(input: &Input, spec: &str, order: &Order) -> Result<Srpm> {
    let Input { project, release: facts, .. } = input;
    let vendor_archive = vendor_archive_name(&project.name, &facts.version);
    if project.config.rpm.srpm == SrpmWriter::Rpmbuild {
        // What the spec needs is known to rpmbuild alone: it says so itself.
        return Ok(match order.vendoring == Vendoring::LeftOut && spec.contains(&vendor_archive) {
            true => Srpm::Needs(vendor_archive),
            false => Srpm::Made(format!("{}-{}-{}.src.rpm", project.name, facts.version, order.release)),
        });
    }
    let parsed = Parsed::parse(spec).map_err(Failure::from)?;
    let (name, version) = (project.name.to_string(), facts.version.to_string());
    for (tag, stated, wanted) in [("Name", parsed.name(), &name), ("Version", parsed.version(), &version)] {
        if stated != wanted {
            let message = format!("the spec has `{tag}: {stated}`, and the project is {name} {version}");
            return Err(Failure::new(Exit::Usage, message).help(help_for_mismatch(tag)).into());
        }
    }
    let needs_vendor = parsed.needed_files().contains(&vendor_archive.as_str());
    match order.vendoring == Vendoring::LeftOut && needs_vendor {
        true => Ok(Srpm::Needs(vendor_archive)),
        false => Ok(Srpm::Made(parsed.file_name())),
    }
}

fn help_for_mismatch(tag: &str) -> &'static str {
    match tag {
        "Version" => "write `Version: @@VERSION@@` in the template",
        _ => "correct the template's `Name:`, or `[project]` and `name = \"…\"` in `packaging/release.toml`",
    }
}

fn place(workspace: &Workspace, order: &Order) -> Result<PathBuf> {
    match (&order.out, workspace.work_tree()) {
        (Some(out), _) => Ok(std::path::absolute(out)?),
        (None, Some(_)) => Ok(workspace.root.join("target/dist")),
        (None, None) => Err(Failure::new(Exit::Usage, "a bare repository has no place for the results")
            .help("name one: `--out DIR`")
            .into()),
    }
}
