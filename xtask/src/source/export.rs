//! What an archive holds, decided before a byte of it is written.
//!
//! The walk is that of `git archive`: the tree in git's order, without what `.gitattributes` marks `export-ignore`, each
//! folder just before the first thing in it. So a folder that holds ignored folders only does not appear, and one whose
//! files are all ignored does. Generated files stand last, as `--add-file` appends them.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;
use crate::base::progress::Progress;
use crate::git::attributes::{self, Attributes};
use crate::git::repository::not_here;
use crate::git::tree::TreeEntry;
use crate::git::{Commit, CommitId, Missing, Mode, ObjectId, Repository};
use crate::source::conversion::{Conversion, Refused};

/// A file that stands in the archive and not in the commit, such as `ChangeLog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its name in the archive's top folder.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Whose tree is exported.
    pub commit: CommitId,
    /// The top folder, such as `lago-1.0.4`, without a slash.
    pub prefix: &'a str,
    /// What is appended, in this order. A tracked path of the same name is left out with a warning.
    pub generated: Vec<GeneratedFile>,
}

/// The members of an archive in their order, and what it takes to read them.
pub struct Export {
    /// The commit: its id and date stand in the archive.
    pub commit: Commit,
    pub(super) repository: PathBuf,
    pub(super) entries: Vec<Entry>,
}

/// One member, not yet read.
#[derive(Debug)]
pub(super) struct Entry {
    /// The path in the archive, prefix included; a folder's closes with a slash.
    pub path: Vec<u8>,
    /// The blob or tree. A generated file has an id of git's making, which names it where its path is too long.
    pub id: ObjectId,
    pub kind: EntryKind,
}

impl Entry {
    /// The path in the commit, for messages.
    pub fn tracked_path(&self) -> &[u8] {
        let slash = self.path.iter().position(|&byte| byte == b'/');
        slash.map_or(&self.path, |slash| &self.path[slash + 1..])
    }
}

#[derive(Debug)]
pub(super) enum EntryKind {
    /// A folder, or a submodule, which comes out empty.
    Folder,
    Link,
    File {
        is_executable: bool,
        conversion: Conversion,
    },
    Generated(Vec<u8>),
}

impl Export {
    /// Walks the tree of the commit and reads its `.gitattributes`. Warns of tracked files that a generated one replaces.
    ///
    /// Errors: trees or attribute files missing from the clone; a file whose attributes cannot be honoured.
    pub fn load(repository: &Repository, request: Request<'_>, progress: &dyn Progress) -> Result<Export> {
        let commit = repository.commit(request.commit)?;
        let tree = commit.tree().with_context(|| format!("commit `{}` names no tree", commit.id))?;
        let mut walk = Walk {
            repository,
            progress,
            prefix: format!("{}/", request.prefix).into_bytes(),
            generated: request.generated.iter().map(|file| file.name.clone()).collect(),
            entries: Vec::new(),
            pending: Vec::new(),
        };
        walk.entries.push(Entry { path: walk.prefix.clone(), id: tree, kind: EntryKind::Folder });
        walk.root(tree)?;
        let mut entries = walk.entries;
        for (index, file) in request.generated.into_iter().enumerate() {
            let path = format!("{}/{}", request.prefix, file.name).into_bytes();
            entries.push(Entry { path, id: id_of_generated(index), kind: EntryKind::Generated(file.content) });
        }
        Ok(Export { commit, repository: repository.opened_at().to_owned(), entries })
    }

    /// How many members there are, folders included: the total of each pass's progress.
    pub fn member_count(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The committer's time, which every member bears.
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

struct Walk<'a> {
    repository: &'a Repository,
    progress: &'a dyn Progress,
    prefix: Vec<u8>,
    generated: Vec<String>,
    entries: Vec<Entry>,
    /// Folders that have been entered and have nothing in them yet.
    pending: Vec<Entry>,
}

impl Walk<'_> {
    fn root(&mut self, tree: ObjectId) -> Result<()> {
        let mut entries = self.tree(tree, b"")?;
        entries.retain(|entry| !self.is_generated(entry));
        let mut attributes = Attributes::new(self.attribute_file(&entries, b"")?.as_deref());
        self.entries(entries, b"", &mut attributes)
    }

    fn is_generated(&self, entry: &TreeEntry) -> bool {
        let name = self.generated.iter().find(|name| name.as_bytes() == entry.name);
        if let Some(name) = name {
            self.progress.warn(&format!("`{name}` is generated: the tracked one is left out of the archives"));
        }
        name.is_some()
    }

    fn folder(&mut self, id: ObjectId, path: &[u8], attributes: &mut Attributes) -> Result<()> {
        let entries = self.tree(id, path)?;
        attributes.enter(path, self.attribute_file(&entries, path)?.as_deref());
        self.entries(entries, path, attributes)?;
        attributes.leave();
        Ok(())
    }

    /// `folder` is relative to the root of the tree, with a closing slash; empty for the root.
    fn entries(&mut self, entries: Vec<TreeEntry>, folder: &[u8], attributes: &mut Attributes) -> Result<()> {
        interrupt::check()?;
        for TreeEntry { name, mode, id } in entries {
            let mut path = [folder, &name].concat();
            if matches!(mode, Mode::Folder | Mode::Submodule) {
                path.push(b'/');
            }
            let found = attributes.of(&path);
            let is_ignored = found.is_set("export-ignore");
            let kind = match mode {
                Mode::Folder if is_ignored => continue,
                Mode::Folder => {
                    let open = self.pending.len();
                    self.pending.push(self.entry(&path, id, EntryKind::Folder));
                    self.folder(id, &path, attributes)?;
                    self.pending.truncate(open);
                    continue;
                }
                _ if is_ignored => None,
                Mode::Submodule => Some(EntryKind::Folder),
                Mode::Link => Some(EntryKind::Link),
                Mode::File | Mode::Executable => {
                    let conversion = Conversion::decide(&found).map_err(|why| refused(&path, &why))?;
                    Some(EntryKind::File { is_executable: mode == Mode::Executable, conversion })
                }
            };
            self.entries.append(&mut self.pending);
            let entry = kind.map(|kind| self.entry(&path, id, kind));
            self.entries.extend(entry);
        }
        Ok(())
    }

    fn entry(&self, path: &[u8], id: ObjectId, kind: EntryKind) -> Entry {
        Entry { path: [&self.prefix, path].concat(), id, kind }
    }

    fn tree(&self, id: ObjectId, path: &[u8]) -> Result<Vec<TreeEntry>> {
        self.repository.tree(id).map_err(|error| unreadable(error, path))
    }

    /// The content of the folder's `.gitattributes`. Git does not follow a symbolic link here, and takes the link's target
    /// for the content: what is in a tree is a blob to it.
    fn attribute_file(&self, entries: &[TreeEntry], folder: &[u8]) -> Result<Option<Vec<u8>>> {
        let file = entries.iter().find(|entry| entry.name == attributes::FILE_NAME);
        let Some(file) = file.filter(|file| !matches!(file.mode, Mode::Folder | Mode::Submodule)) else {
            return Ok(None);
        };
        let content = self.repository.with_blob(file.id, <[u8]>::to_vec);
        content.map(Some).map_err(|error| unreadable(error, &[folder, attributes::FILE_NAME].concat()))
    }
}

/// The failure for a file that an archive cannot hold.
pub fn refused(path: &[u8], why: &Refused) -> anyhow::Error {
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
