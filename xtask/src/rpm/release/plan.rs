//! Decides which files a release has, and in which order they are written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, committed};
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::base::size::human_size;
use crate::base::statement::STATEMENT_SUFFIX;
use crate::git::CommitId;
use crate::project::config::{ArchiveFormat, SrpmWriter, Vendor};
use crate::project::release_info::CHANGELOG_FILE;
use crate::project::workspace::Workspace;
use crate::rpm::builds;
use crate::rpm::release::added::{self, AddedFile};
use crate::rpm::release::input::{ReleaseInput, ReleaseOrder, Vendoring};
use crate::rpm::release::replace;
use crate::rpm::release::spec_plan::{PlannedSpec, SpecPlan};
use crate::rpm::release::statement::StatedMaterials;
use crate::rpm::spec_files::{OtherFolder, Unpacking, unpacking};
use crate::source::sbom::SbomForm;
use crate::source::{archive_name, description_name, vendor_archive_name};

/// A step of `dist`. File names are relative to the folder of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseStep {
    /// Takes these files of the folder of `--packaging`, with these contents.
    Packaging { folder: PathBuf, files: BTreeMap<String, Digest> },
    /// Writes the archive of the tree of a commit.
    Archive { file: String, format: ArchiveFormat, commit: CommitId },
    /// Adds a file to the archives.
    Add(AddedFile),
    /// Writes the archive of the crates that the commit's lock file names.
    Vendor { file: String },
    /// Writes a text.
    Text { file: String, content: String },
    /// Writes the spec, and adds the spec with release 1 to the archives: they are the same for each release of a version.
    Spec { file: String, content: String, archived: String },
    /// Writes the source RPM from the files of the steps before, and from files of the commit.
    Srpm { file: String, writer: SrpmWriter, spec_name: String, spec: String },
    /// Writes the bill of materials of the files of the steps before.
    Sbom { file: String, form: SbomForm },
    /// Writes the statement about the files of the steps before.
    Statement { file: String, materials: StatedMaterials },
    /// Keeps the binary RPMs of the old release if they were built from the same source RPM.
    Keep,
    /// Writes the digests of the files of the steps before.
    Checksums { file: String },
    /// Makes the folder above that of the results, with a `.gitignore` for itself.
    Folder { folder: PathBuf },
    /// Replaces the folder `target` by the new files.
    Place { target: PathBuf },
}

impl ReleaseStep {
    /// The name of the file that the step writes into `sources/`.
    fn file_name(&self) -> Option<&str> {
        match self {
            ReleaseStep::Archive { file, .. }
            | ReleaseStep::Vendor { file }
            | ReleaseStep::Text { file, .. }
            | ReleaseStep::Spec { file, .. } => file.strip_prefix("sources/"),
            _ => None,
        }
    }

    /// The name of the archive that a source RPM is built from: the tar archive or the vendor archive.
    pub fn source_archive(&self) -> Option<&str> {
        match self {
            ReleaseStep::Archive { file, format: ArchiveFormat::TarGz, .. } | ReleaseStep::Vendor { file } => {
                file.strip_prefix("sources/")
            }
            _ => None,
        }
    }
}

impl fmt::Display for ReleaseStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReleaseStep::Packaging { folder, files } => {
                let names: Vec<&str> = files.keys().map(String::as_str).collect();
                write!(f, "take {} from {}", names.join(", "), folder.display())
            }
            ReleaseStep::Archive { file, commit, .. } => write!(f, "write {file} from commit {}", commit.short()),
            ReleaseStep::Add(file) => write!(f, "{file}"),
            ReleaseStep::Vendor { file } => write!(f, "write {file} with cargo vendor"),
            ReleaseStep::Text { file, content } | ReleaseStep::Spec { file, content, .. } => {
                write!(f, "write {file} ({})", human_size(content.len() as u64))
            }
            ReleaseStep::Srpm { file, writer: SrpmWriter::Rpmbuild, .. } => write!(f, "write {file} with rpmbuild"),
            ReleaseStep::Srpm { file, .. } => write!(f, "write {file}"),
            ReleaseStep::Sbom { file, form } => {
                write!(f, "write {file} ({form}), which lists what is in the files before")
            }
            ReleaseStep::Statement { file, .. } => {
                write!(f, "write {file}, which states what the files before were built from")
            }
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
/// Errors: there is no folder for the results, or it may not be replaced; those of [`SpecPlan::decide`].
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
    let mut steps = vec![archive("tar.gz", ArchiveFormat::TarGz)];
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
    let made = steps.iter().filter_map(ReleaseStep::file_name).map(str::to_owned).collect();
    let SpecPlan { spec, srpm, needed, warnings, packaging } =
        SpecPlan::decide(workspace.repository()?, input, order, &made)?;
    for warning in &warnings {
        progress.warn(warning);
    }
    if srpm.is_some()
        && let Some(needed) = &needed
    {
        warn_of_unnamed_archives(steps.iter().filter_map(ReleaseStep::source_archive), needed, progress);
    }
    steps.splice(..0, decide_added(workspace, input, spec.as_ref(), &target, progress)?);
    if let Some(folder) = input.packaging.as_ref().filter(|_| !packaging.is_empty()) {
        steps.insert(0, ReleaseStep::Packaging { folder: folder.clone(), files: packaging });
    }
    if let Some(PlannedSpec { name, text, archived }) = spec {
        steps.push(ReleaseStep::Spec { file: format!("sources/{name}"), content: text.clone(), archived });
        let writer = project.config.rpm.srpm;
        steps.extend(srpm.map(|file| ReleaseStep::Srpm {
            file: format!("sources/{file}"),
            writer,
            spec_name: name,
            spec: text,
        }));
    }
    steps.extend(SbomForm::ALL.map(|form| {
        let name = description_name(&project.name, &facts.version, order.release, form.suffix());
        ReleaseStep::Sbom { file: format!("sources/{name}"), form }
    }));
    let statement = description_name(&project.name, &facts.version, order.release, STATEMENT_SUFFIX);
    steps.push(ReleaseStep::Statement {
        file: format!("sources/{statement}"),
        materials: StatedMaterials::load(workspace, input, order, packaging_of(&steps))?,
    });
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

/// The files of the folder of `--packaging` that have part in a release.
pub fn packaging_of(steps: &[ReleaseStep]) -> BTreeMap<String, Digest> {
    let files = steps.iter().find_map(|step| match step {
        ReleaseStep::Packaging { files, .. } => Some(files.clone()),
        _ => None,
    });
    files.unwrap_or_default()
}

/// The files that are added to the archives. Warns if the spec enters another folder than that of the archives.
fn decide_added(
    workspace: &Workspace,
    input: &ReleaseInput,
    spec: Option<&PlannedSpec>,
    target: &Path,
    progress: &dyn Progress,
) -> Result<Vec<ReleaseStep>> {
    let ReleaseInput { project, release: facts, .. } = input;
    if let Some(PlannedSpec { name, text, .. }) = spec {
        let source0 = archive_name(&project.name, &facts.version) + ".tar.gz";
        let folder = project.config.source.folder.render(&project.name, &facts.version);
        if let Unpacking::Other(OtherFolder { line, found, wanted }) = unpacking(text, &source0, &folder) {
            progress.warn(&format!(
                "`{name}` line {line} enters the folder `{found}`, and that of the archives is `{folder}`: {}",
                committed(&format!("write `{wanted}`, or set `source.folder`"))
            ));
        }
    }
    let state = workspace.state_folder(target);
    let added = added::decide(workspace.repository()?, input, spec, &state, progress)?;
    Ok(added.into_iter().map(ReleaseStep::Add).collect())
}

/// Warns of an archive that no `Source` names: a build of the source RPM would lack it. `needed` are the files of the
/// spec.
pub fn warn_of_unnamed_archives<'a>(
    archives: impl Iterator<Item = &'a str>,
    needed: &[String],
    progress: &dyn Progress,
) {
    for archive in archives.filter(|archive| !needed.iter().any(|name| name == archive)) {
        progress.warn(&format!("no `Source` of the spec names `{archive}`: it is not in the source RPM"));
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
