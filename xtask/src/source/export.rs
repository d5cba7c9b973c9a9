//! Decides on the members of an archive before a byte of it is written.
//!
//! The members are those of `git archive`: the tree in git's order, without files that `.gitattributes` marks
//! `export-ignore`, each folder just before its first entry. A folder with nothing but ignored folders is left out; a
//! folder with nothing but ignored files is not. Generated files come last, as with `--add-file`.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;
use crate::base::progress::Progress;
use crate::git::attributes::{self, Attributes};
use crate::git::repository::not_here;
use crate::git::tree::TreeEntry;
use crate::git::{Commit, CommitId, Missing, Mode, ObjectId, Repository};
use crate::source::conversion::{Conversion, NotExportable};

/// A file in the archive that is not in the commit, such as `ChangeLog`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneratedFile {
    /// The path in the top folder of the archive, with `/` between its parts.
    pub path: String,
    pub content: Vec<u8>,
    pub is_executable: bool,
    /// Whether the plan says that it replaces a tracked file, so that no warning is needed.
    pub is_planned: bool,
}

/// The content of an archive.
#[derive(Clone, Debug)]
pub struct ExportRequest<'a> {
    pub commit: CommitId,
    /// The top folder, such as `lago-1.0.4`, without a slash.
    pub prefix: &'a str,
    /// The tag of the version, whether it exists or not.
    pub tag: &'a str,
    /// The generated files in their order. A tracked file of the same path is left out, with a warning unless it is
    /// planned.
    pub generated: Vec<GeneratedFile>,
}

/// The members of an archive in their order, not yet read.
pub struct Export {
    /// The commit, whose id and date are written into the archive.
    pub commit: Commit,
    /// The tag of the version.
    pub(super) tag: String,
    pub(super) repository: PathBuf,
    pub(super) entries: Vec<ExportEntry>,
}

/// One member, not yet read.
#[derive(Debug)]
pub(super) struct ExportEntry {
    /// The path in the archive with the top folder; that of a folder ends with a slash.
    pub path: Vec<u8>,
    /// The blob or tree. A generated file has an id as in git, which is used if its path is too long for a header.
    pub id: ObjectId,
    pub kind: ExportEntryKind,
}

impl ExportEntry {
    /// The path in the commit, for messages.
    pub fn tracked_path(&self) -> &[u8] {
        let slash = self.path.iter().position(|&byte| byte == b'/');
        slash.map_or(&self.path, |slash| &self.path[slash + 1..])
    }
}

#[derive(Debug)]
pub(super) enum ExportEntryKind {
    /// A folder, or a submodule, which becomes an empty folder.
    Folder,
    Link,
    File {
        is_executable: bool,
        conversion: Conversion,
    },
    Generated {
        is_executable: bool,
        content: Vec<u8>,
    },
}

impl Export {
    /// Walks the tree of the commit and reads its `.gitattributes`. Warns about tracked files that a generated one
    /// replaces.
    ///
    /// Errors: trees or attribute files missing from the clone; a file whose attributes are not supported.
    pub fn load(repository: &Repository, request: ExportRequest<'_>, progress: &dyn Progress) -> Result<Export> {
        let commit = repository.commit(request.commit)?;
        let tree = commit.tree().with_context(|| format!("commit `{}` names no tree", commit.id))?;
        let mut walk = TreeWalk {
            repository,
            progress,
            prefix: format!("{}/", request.prefix).into_bytes(),
            generated: &request.generated,
            entries: Vec::new(),
            pending: Vec::new(),
        };
        walk.entries.push(ExportEntry { path: walk.prefix.clone(), id: tree, kind: ExportEntryKind::Folder });
        walk.root(tree)?;
        let entries = walk.entries;
        let mut export =
            Export { commit, tag: request.tag.to_owned(), repository: repository.opened_at().to_owned(), entries };
        for file in request.generated {
            export.add(file);
        }
        Ok(export)
    }

    /// Adds a generated file as the last member, in place of the tracked file with its path.
    pub fn add(&mut self, file: GeneratedFile) {
        let top = self.entries.first().map_or(&b""[..], |top| &top.path);
        let path = [top, file.path.as_bytes()].concat();
        self.entries.retain(|entry| entry.path != path);
        let is_generated = |entry: &&ExportEntry| matches!(entry.kind, ExportEntryKind::Generated { .. });
        let index = self.entries.iter().filter(is_generated).count();
        let kind = ExportEntryKind::Generated { is_executable: file.is_executable, content: file.content };
        self.entries.push(ExportEntry { path, id: id_of_generated(index), kind });
    }

    /// The number of members with folders: the total for the progress of each pass.
    pub fn member_count(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The paths of the members below the top folder; that of a folder ends with a slash.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(ExportEntry::tracked_path)
    }

    /// The paths of the members that are not in the commit, below the top folder.
    pub fn generated_paths(&self) -> impl Iterator<Item = &[u8]> {
        let is_generated = |entry: &&ExportEntry| matches!(entry.kind, ExportEntryKind::Generated { .. });
        self.entries.iter().filter(is_generated).map(ExportEntry::tracked_path)
    }

    /// The date of the commit, in seconds since 1970. All members have it.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.commit.committer().seconds()).unwrap_or(0)
    }
}

/// Git numbers the files it appends, in the first eight bytes of an object id.
fn id_of_generated(index: usize) -> ObjectId {
    let mut id = [0; 20];
    id[..8].copy_from_slice(&(index as u64 + 1).to_be_bytes());
    CommitId(id)
}

struct TreeWalk<'a> {
    repository: &'a Repository,
    progress: &'a dyn Progress,
    prefix: Vec<u8>,
    generated: &'a [GeneratedFile],
    entries: Vec<ExportEntry>,
    /// The folders on the way that have no members yet.
    pending: Vec<ExportEntry>,
}

impl TreeWalk<'_> {
    fn root(&mut self, tree: ObjectId) -> Result<()> {
        let entries = self.tree(tree, b"")?;
        let mut attributes = Attributes::new(self.attribute_file(&entries, b"")?.as_deref());
        self.entries(entries, b"", &mut attributes)
    }

    fn is_generated(&self, path: &[u8]) -> bool {
        let Some(file) = self.generated.iter().find(|file| file.path.as_bytes() == path) else { return false };
        if !file.is_planned {
            self.progress.warn(&format!("`{}` is generated: the tracked one is left out of the archives", file.path));
        }
        true
    }

    fn folder(&mut self, id: ObjectId, path: &[u8], attributes: &mut Attributes) -> Result<()> {
        let entries = self.tree(id, path)?;
        attributes.enter(path, self.attribute_file(&entries, path)?.as_deref());
        self.entries(entries, path, attributes)?;
        attributes.leave();
        Ok(())
    }

    /// `folder` is relative to the root of the tree, with a slash at its end; empty for the root.
    fn entries(&mut self, entries: Vec<TreeEntry>, folder: &[u8], attributes: &mut Attributes) -> Result<()> {
        interrupt::check()?;
        for TreeEntry { name, mode, id } in entries {
            let mut path = [folder, &name].concat();
            if self.is_generated(&path) {
                continue;
            }
            if matches!(mode, Mode::Folder | Mode::Submodule) {
                path.push(b'/');
            }
            let found = attributes.of(&path);
            let is_ignored = found.is_set("export-ignore");
            let kind = match mode {
                Mode::Folder if is_ignored => continue,
                Mode::Folder => {
                    let open = self.pending.len();
                    self.pending.push(self.entry(&path, id, ExportEntryKind::Folder));
                    self.folder(id, &path, attributes)?;
                    self.pending.truncate(open);
                    continue;
                }
                _ if is_ignored => None,
                Mode::Submodule => Some(ExportEntryKind::Folder),
                Mode::Link => Some(ExportEntryKind::Link),
                Mode::File | Mode::Executable => {
                    let conversion = Conversion::decide(&found).map_err(|why| refused(&path, &why))?;
                    Some(ExportEntryKind::File { is_executable: mode == Mode::Executable, conversion })
                }
            };
            self.entries.append(&mut self.pending);
            let entry = kind.map(|kind| self.entry(&path, id, kind));
            self.entries.extend(entry);
        }
        Ok(())
    }

    fn entry(&self, path: &[u8], id: ObjectId, kind: ExportEntryKind) -> ExportEntry {
        ExportEntry { path: [&self.prefix, path].concat(), id, kind }
    }

    fn tree(&self, id: ObjectId, path: &[u8]) -> Result<Vec<TreeEntry>> {
        self.repository.tree(id).map_err(|error| unreadable(error, path))
    }

    /// The content of the folder's `.gitattributes`. As in git, a symbolic link is not followed: the path of its target
    /// is taken for the content.
    fn attribute_file(&self, entries: &[TreeEntry], folder: &[u8]) -> Result<Option<Vec<u8>>> {
        let file = entries.iter().find(|entry| entry.name == attributes::FILE_NAME);
        let Some(file) = file.filter(|file| !matches!(file.mode, Mode::Folder | Mode::Submodule)) else {
            return Ok(None);
        };
        let content = self.repository.with_blob(file.id, <[u8]>::to_vec);
        content.map(Some).map_err(|error| unreadable(error, &[folder, attributes::FILE_NAME].concat()))
    }
}

/// The failure for a file that cannot be in an archive.
pub fn refused(path: &[u8], why: &NotExportable) -> anyhow::Error {
    let path = String::from_utf8_lossy(path);
    Failure::new(Exit::Failed, format!("cannot export `{path}`: {why}")).help(why.help()).into()
}

/// The failure for a file or folder whose object cannot be read; the root is an empty path.
pub(super) fn unreadable(error: anyhow::Error, path: &[u8]) -> anyhow::Error {
    let path = if path.is_empty() { "the root folder".into() } else { String::from_utf8_lossy(path) };
    match error.downcast_ref::<Missing>() {
        Some(missing) => not_here(&format!("cannot export `{path}`: {missing}")).into(),
        None => error.context(format!("cannot read `{path}`")),
    }
}
