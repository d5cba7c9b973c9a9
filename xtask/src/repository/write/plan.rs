//! Everything that a change of a repository writes, as steps in the order in which they are applied.
//!
//! The commands decide on these steps, `--dry-run` prints them, and [`apply`](super::apply) carries out the same values. A step
//! names every path that it writes: below the root of the repository (`lago-stable-1.0-el9.repo`), in the folder that is being
//! made (indented below its name), or in the state beside the root (`log.jsonl`, `ledger.json`). The lock is always taken.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::digest::Digest;
use crate::base::files::TreePath;
use crate::base::plan::Plan;
use crate::base::size::human_size;
use crate::repository::clients::package::ClientPackageFile;
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::Action;
use crate::repository::model::layout::{MANIFEST, dist_folder};
use crate::repository::model::manifest::{HeadOfFolder, is_statement};
use crate::repository::model::name::{Dist, FilePath};
use crate::repository::pages::folder::FolderPage;
use crate::repository::pages::folder_facts::AboutFolder;
use crate::repository::provenance::snapshot::{StatedSnapshot, path_of};
use crate::repository::repodata::Fragments;
use crate::rpm::package::PackageFile;

/// A change of a repository.
pub type ChangePlan = Plan<ChangeStep>;

/// One write.
#[derive(Clone)]
pub enum ChangeStep {
    /// Writes a file of the root, the keys, a `.repo` file or a page, or the copy of the keys in the state; or removes a `.repo` file
    /// that leads to nothing.
    RootFile(RootFile),
    /// Begins a snapshot or revision, in a hidden folder beside its place.
    Begin(NewFolder),
    /// Writes a file of the new folder.
    Text { path: String, content: Vec<u8> },
    /// Writes a statement of the new folder.
    Statement { path: String, content: Vec<u8>, signed: bool },
    /// Writes the statement about the files of the new folder.
    SnapshotStatement { facts: Box<StatedSnapshot>, signed: bool },
    /// Copies files from outside the repository.
    Copy { folder: String, files: Vec<CopiedFile> },
    /// Copies packages from outside the repository, and signs the copies first where `signed` says so.
    Packages { folder: String, packages: Vec<NewPackage>, signed: bool },
    /// Links published files into a folder of the new one.
    Link { origin: String, folder: String, files: Vec<Carried> },
    /// Writes nothing: this damaged file of a revision, which `releng` can make again, is not linked.
    LeaveOut { path: FilePath, revision: u32 },
    /// Writes the package that makes a machine a client.
    ClientPackage { dist: Dist, package: ClientPackageFile, signed: bool },
    /// Writes the repodata of a dist: of these packages, and of those that were added to the new folder. `instead_of` is the revision
    /// with damaged repodata, of whose RPM files the elements were made again.
    Repodata { dist: Dist, carried: Vec<Fragments>, signed: bool, instead_of: Option<u32> },
    /// Writes the checksums of `sources/`.
    Checksums { signed: bool },
    /// Writes a file of the pages, or links the one of another revision, `former`, where it has the same content.
    Page { page: FolderPage, about: Arc<AboutFolder>, former: Option<Carried> },
    /// Writes the manifest, and gives the new folder its name. With `with_ledger`, a later step writes the ledger with its packages.
    Finish { head: Box<HeadOfFolder>, action: Action, place: String, with_ledger: bool },
    /// Makes a link lead elsewhere.
    Flip { link: TreePath, target: PathBuf, shown: String },
    /// Adds the packages of the new folder that the ledger lacks.
    Ledger,
    /// Appends an event to the log.
    Log { action: Action },
    /// Deletes what an earlier prune moved into the trash.
    Delete { shown: String, path: TreePath, bytes: u64 },
    /// Moves a snapshot or revision into the trash.
    Trash { item: FilePath, to: TreePath, bytes: u64 },
}

/// A snapshot or revision that will be made.
#[derive(Clone)]
pub struct NewFolder {
    /// Absolute.
    pub place: TreePath,
    /// Below the root.
    pub shown: String,
    /// The modification time of its new files, and the time of their signatures.
    pub date: Timestamp,
}

/// A file that is copied into a new folder.
#[derive(Clone)]
pub struct CopiedFile {
    pub from: PathBuf,
    pub to: FilePath,
    pub digest: Digest,
}

/// A package that is copied into a new folder.
#[derive(Clone)]
pub struct NewPackage {
    /// As it was built.
    pub file: Arc<PackageFile>,
    pub to: FilePath,
    /// `None` for the source package in `sources/`.
    pub dist: Option<Dist>,
}

impl fmt::Display for ChangeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = |signed: &bool| if *signed { ", signed" } else { "" };
        match self {
            ChangeStep::RootFile(RootFile { name, content: Some(_), .. }) => write!(f, "write {name}"),
            ChangeStep::RootFile(RootFile { name, content: None, .. }) => write!(f, "remove {name}"),
            ChangeStep::Begin(folder) => write!(f, "make {}:", folder.shown),
            ChangeStep::Text { path, .. } => write!(f, "  write {path}"),
            ChangeStep::Statement { path, signed: is_signed, .. } => write!(f, "  write {path}{}", signed(is_signed)),
            ChangeStep::SnapshotStatement { facts, signed: is_signed } => {
                write!(f, "  write {}{}", path_of(&facts.snapshot), signed(is_signed))
            }
            ChangeStep::Copy { folder, files } => write!(f, "  copy {} into {folder}", count(files.len(), "file")),
            ChangeStep::Packages { folder, packages, signed: is_signed } => {
                write!(f, "  copy {} into {folder}{}", count(packages.len(), "package"), signed(is_signed))
            }
            ChangeStep::Link { origin, folder, files } => match files.as_slice() {
                [Carried { entry, to, .. }] if entry.path == *to => write!(f, "  link {to} of {origin}"),
                [Carried { entry, to, .. }] => write!(f, "  link {} of {origin} as {to}", entry.path),
                _ => write!(f, "  link {} of {origin} into {folder}", count(files.len(), "file")),
            },
            ChangeStep::ClientPackage { dist, package, signed: is_signed } => {
                write!(f, "  write {}/{}{}", dist_folder(dist), package.href(), signed(is_signed))
            }
            ChangeStep::LeaveOut { path, revision } => {
                write!(f, "  leave out {path} of revision {revision}: it is damaged")
            }
            ChangeStep::Repodata { dist, signed: is_signed, instead_of, .. } => {
                write!(f, "  write {}/repodata/{}", dist_folder(dist), signed(is_signed))?;
                instead_of.map_or(Ok(()), |number| {
                    write!(f, ", from the RPM files: the repodata of revision {number} is damaged")
                })
            }
            ChangeStep::Checksums { signed: is_signed } => {
                write!(f, "  write sources/{CHECKSUMS_FILE}{}", signed(is_signed))
            }
            ChangeStep::Page { page, .. } => write!(f, "  write {}", page.path()),
            ChangeStep::Finish { place, .. } => write!(f, "  write {MANIFEST}, and show the folder as {place}"),
            ChangeStep::Flip { shown, target, .. } => write!(f, "make {shown} lead to {}", target.display()),
            ChangeStep::Ledger => write!(f, "add new packages to ledger.json"),
            ChangeStep::Log { action } => write!(f, "append to log.jsonl: {action}"),
            ChangeStep::Delete { shown, bytes, .. } => write!(f, "delete {shown} ({} freed)", human_size(*bytes)),
            ChangeStep::Trash { item, to, bytes } => {
                let trash = to.file_name().unwrap_or_default();
                let folder = to.parent();
                let number = folder.as_ref().and_then(TreePath::file_name).unwrap_or_default();
                let size = human_size(*bytes);
                write!(f, "move {item} to .trash/{number}/{trash} (the next prune frees {size})")
            }
        }
    }
}

impl ChangeStep {
    /// Whether the next writer finishes the change once this step is done: a snapshot in its place, a link, an event.
    pub fn is_visible(&self) -> bool {
        match self {
            ChangeStep::Finish { action, .. } => matches!(action, Action::Stage { .. }),
            ChangeStep::Flip { .. } | ChangeStep::Log { .. } => true,
            _ => false,
        }
    }

    /// What a person should know of damage that the step leaves behind.
    pub fn warning(&self) -> Option<String> {
        match self {
            ChangeStep::Repodata { dist, instead_of: Some(number), .. } => Some(format!(
                "the repodata of {dist} in revision {number} is damaged: it is made again from the RPM files, whose digests are right"
            )),
            ChangeStep::LeaveOut { path, revision } => {
                let then = if is_statement(path) { "nobody can make it again" } else { "clients get a new one" };
                Some(format!("`{path}` of revision {revision} is damaged, and is left out: {then}"))
            }
            _ => None,
        }
    }
}

/// `1 file`, `2 files`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The steps that link files, one for each folder that they go to and each folder that they come from.
pub fn link_steps(carried: Vec<Carried>) -> Vec<ChangeStep> {
    let mut steps: Vec<ChangeStep> = Vec::new();
    for file in carried {
        let to = file.to.as_str();
        let folder_of_file = to.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let origin_of_file = name_of_origin(&file.from);
        let is_renamed = file.entry.path.file_name() != file.to.file_name();
        let found = steps.iter_mut().find_map(|step| match step {
            ChangeStep::Link { origin, folder, files }
                if *origin == origin_of_file && *folder == folder_of_file && !is_renamed =>
            {
                Some(files)
            }
            _ => None,
        });
        match found {
            Some(files) => files.push(file),
            None => steps.push(ChangeStep::Link { origin: origin_of_file, folder: folder_of_file, files: vec![file] }),
        }
    }
    steps
}

/// The name of the folder that a path is in, such as `revision 3`.
fn name_of_origin(folder: &TreePath) -> String {
    let name = folder.file_name().unwrap_or_default();
    match name.parse::<u32>() {
        Ok(number) => format!("revision {number}"),
        Err(_) => name.to_owned(),
    }
}
