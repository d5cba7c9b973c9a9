//! Decides which files a release has, and in which order they are written.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::error::{Exit, Failure, committed};
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::base::size::human_size;
use crate::git::CommitId;
use crate::project::config::{ArchiveFormat, SrpmWriter, Vendor};
use crate::project::release_info::CHANGELOG_FILE;
use crate::project::workspace::Workspace;
use crate::rpm::builds;
use crate::rpm::release::added::{self, AddedFile, RenderedSpec};
use crate::rpm::release::input::{ReleaseInput, ReleaseOrder, Vendoring};
use crate::rpm::release::replace;
use crate::rpm::spec;
use crate::rpm::spec_files::{OtherFolder, Unpacking, unpacking};
use crate::rpm::srpm::Parsed;
use crate::source::{archive_name, vendor_archive_name};

/// A step of `dist`. File names are relative to the folder of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseStep {
    /// Writes the archive of the tree of a commit.
    Archive { file: String, format: ArchiveFormat, commit: CommitId },
    /// Adds a file to the archives.
    Add(AddedFile),
    /// Writes the archive of the crates that the commit's lock file names.
    Vendor { file: String },
    /// Writes a text.
    Text { file: String, content: String },
    /// Writes the source RPM from the files of the steps before, and from files of the commit.
    Srpm { file: String, writer: SrpmWriter, spec_name: String, spec: String },
    /// Keeps the binary RPMs of the old release if they were built from the same source RPM.
    Keep,
    /// Writes the digests of the files of the steps before.
    Checksums { file: String },
    /// Makes the folder above that of the results, with a `.gitignore` for itself.
    Folder { folder: PathBuf },
    /// Replaces the folder `target` by the new files.
    Place { target: PathBuf },
}

impl fmt::Display for ReleaseStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReleaseStep::Archive { file, commit, .. } => write!(f, "write {file} from commit {}", commit.short()),
            ReleaseStep::Add(file) => write!(f, "{file}"),
            ReleaseStep::Vendor { file } => write!(f, "write {file} with cargo vendor"),
            ReleaseStep::Text { file, content } => write!(f, "write {file} ({})", human_size(content.len() as u64)),
            ReleaseStep::Srpm { file, writer: SrpmWriter::Native, .. } => write!(f, "write {file}"),
            ReleaseStep::Srpm { file, writer: SrpmWriter::Rpmbuild, .. } => write!(f, "write {file} with rpmbuild"),
            ReleaseStep::Keep => {
                write!(f, "keep rpm/ and builds.json if the packages were built from this source RPM, else remove them")
            }
            ReleaseStep::Checksums { file } => write!(f, "write {file}"),
            ReleaseStep::Folder { folder } => write!(f, "make {0} and write {0}/.gitignore", folder.display()),
            ReleaseStep::Place { target } => write!(f, "put the files in {}", target.display()),
        }
    }
}

/// Plans the files of a release.
///
/// Errors: there is no folder for the results, or it may not be replaced; the template cannot be rendered; the spec
/// does not have the name and version of the project.
pub fn decide(
    workspace: &Workspace,
    input: &ReleaseInput,
    order: &ReleaseOrder,
    progress: &dyn Progress,
) -> Result<Plan<ReleaseStep>> {
    let ReleaseInput { commit, project, release: facts, .. } = input;
    let name = archive_name(&project.name, &facts.version);
    let archive = |ending: &str, format| ReleaseStep::Archive {
        file: format!("sources/{name}.{ending}"),
        format,
        commit: *commit,
    };
    let target = target_folder(workspace, order)?;
    let mut steps: Vec<ReleaseStep> = decide_added(workspace, input, &target, progress)?;
    steps.push(archive("tar.gz", ArchiveFormat::TarGz));
    if project.config.source.formats.contains(&ArchiveFormat::Zip) {
        steps.push(archive("zip", ArchiveFormat::Zip));
    }
    let is_vendored = project.vendor == Vendor::Cargo && order.vendoring == Vendoring::Made;
    if is_vendored {
        steps.push(ReleaseStep::Vendor {
            file: format!("sources/{}", vendor_archive_name(&project.name, &facts.version)),
        });
    }
    let content = facts.changelog.render_rpm();
    steps.push(ReleaseStep::Text { file: format!("sources/{CHANGELOG_FILE}"), content });
    if let Some(template) = &project.template {
        spec::warn_of_own_changelog(template, progress);
        let spec = spec::render_spec(project, template, &facts.version, order.release, &facts.changelog)?;
        let (spec_name, srpm) = (template.spec_name().to_owned(), decide_srpm(input, &spec, order)?);
        steps.push(ReleaseStep::Text { file: format!("sources/{spec_name}"), content: spec.clone() });
        let writer = project.config.rpm.srpm;
        match srpm {
            SrpmDecision::Make(file) => {
                steps.push(ReleaseStep::Srpm { file: format!("sources/{file}"), writer, spec_name, spec })
            }
            SrpmDecision::LeaveOut(file) => {
                progress.warn(&format!("no source RPM: it needs `{file}`, which is left out"))
            }
        }
    }
    if target.join(builds::FILE_NAME).exists() {
        steps.push(ReleaseStep::Keep);
    }
    steps.push(ReleaseStep::Checksums { file: CHECKSUMS_FILE.to_owned() });
    replace::require_replaceable(&target)?;
    let folder = target.parent().filter(|folder| folder.ends_with("target") && !folder.exists());
    steps.extend(folder.map(|folder| ReleaseStep::Folder { folder: folder.to_owned() }));
    steps.push(ReleaseStep::Place { target });
    Ok(Plan { title: format!("release {} {}-{}", project.name, facts.version, order.release), steps })
}

/// The files that are added to the archives. Warns if the spec enters another folder than that of the archives.
fn decide_added(
    workspace: &Workspace,
    input: &ReleaseInput,
    target: &Path,
    progress: &dyn Progress,
) -> Result<Vec<ReleaseStep>> {
    let ReleaseInput { project, release: facts, .. } = input;
    let rendered = match &project.template {
        // Release 1, as in the archives.
        Some(template) => Some((template, spec::render_spec(project, template, &facts.version, 1, &facts.changelog)?)),
        None => None,
    };
    let rendered = rendered.as_ref().map(|(template, text)| RenderedSpec { name: template.spec_name(), text });
    if let Some(RenderedSpec { name, text }) = &rendered {
        let source0 = archive_name(&project.name, &facts.version) + ".tar.gz";
        let folder = project.config.source.folder.render(&project.name, &facts.version);
        if let Unpacking::Other(OtherFolder { line, found, wanted }) = unpacking(text, &source0, &folder) {
            progress.warn(&format!(
                "`{name}` line {line} enters the folder `{found}`, and that of the archives is `{folder}`: write \
                 `{wanted}`, or set `source.folder`"
            ));
        }
    }
    let state = workspace.state_folder(target);
    let added = added::decide(workspace.repository()?, input, rendered.as_ref(), &state, progress)?;
    Ok(added.into_iter().map(ReleaseStep::Add).collect())
}

enum SrpmDecision {
    /// Make the source RPM with this file name.
    Make(String),
    /// Leave the source RPM out, because it needs this file.
    LeaveOut(String),
}

fn decide_srpm(input: &ReleaseInput, spec: &str, order: &ReleaseOrder) -> Result<SrpmDecision> {
    let ReleaseInput { project, release: facts, .. } = input;
    let vendor_archive = vendor_archive_name(&project.name, &facts.version);
    if project.config.rpm.srpm == SrpmWriter::Rpmbuild {
        // Only rpmbuild can evaluate the spec, and reports a missing file itself.
        if order.vendoring == Vendoring::LeftOut && spec.contains(&vendor_archive) {
            return Ok(SrpmDecision::LeaveOut(vendor_archive));
        }
        let file = format!("{}-{}-{}.src.rpm", project.name, facts.version, order.release);
        return Ok(SrpmDecision::Make(file));
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
    if order.vendoring == Vendoring::LeftOut && needs_vendor {
        Ok(SrpmDecision::LeaveOut(vendor_archive))
    } else {
        Ok(SrpmDecision::Make(parsed.file_name()))
    }
}

fn help_for_mismatch(tag: &str) -> String {
    match tag {
        "Version" => "write `Version: @@VERSION@@` in the template".to_owned(),
        _ => committed("correct the template's `Name:`, or `[project]` and `name = \"…\"` in `packaging/release.toml`"),
    }
}

fn target_folder(workspace: &Workspace, order: &ReleaseOrder) -> Result<PathBuf> {
    match (&order.out, workspace.work_tree()) {
        (Some(out), _) => Ok(std::path::absolute(out)?),
        (None, Some(_)) => Ok(workspace.root.join("target/dist")),
        (None, None) => Err(Failure::new(Exit::Usage, "a bare repository has no place for the results")
            .help("name one: `--out DIR`")
            .into()),
    }
}
