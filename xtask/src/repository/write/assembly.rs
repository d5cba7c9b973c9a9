//! Makes a snapshot or a revision: each file is written or linked into a hidden folder and listed; the folder is read back, and
//! then gets its name.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::checksum::{CHECKSUMS_FILE, digest_in_tree, render_sums};
use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::files::{CopiedContent, Draft, KeptFolder, Linked, TreePath};
use crate::project::own_version::own_version;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::Event;
use crate::repository::model::layout::{MANIFEST, dist_folder};
use crate::repository::model::manifest::{FileEntry, HeadOfFolder, Manifest, PackageEntry, Tool};
use crate::repository::model::name::{Dist, FilePath};
use crate::repository::repodata::{self, Fragments};
use crate::repository::sign::{Key, Keyring, SIGNATURE};

/// A snapshot or revision in the making.
pub struct Assembly<'a> {
    draft: Draft,
    date: Timestamp,
    key: Option<&'a Key>,
    files: Vec<FileEntry>,
    /// The files that are hard links to published ones.
    linked: HashSet<FilePath>,
    /// The files that have a signature.
    signed: Vec<String>,
    /// The dists whose repodata was written here.
    described: Vec<Dist>,
}

impl<'a> Assembly<'a> {
    /// An empty hidden folder beside `place`. New files and their signatures get the date `date`.
    pub fn new(place: &TreePath, date: Timestamp, key: Option<&'a Key>) -> Result<Assembly<'a>> {
        let draft = Draft::new(place, date)?;
        let (files, linked, signed, described) = Default::default();
        Ok(Assembly { draft, date, key, files, linked, signed, described })
    }

    /// The path that the folder will have.
    pub fn place(&self) -> &TreePath {
        self.draft.place()
    }

    /// The files so far.
    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// The packages so far.
    pub fn packages(&self) -> impl Iterator<Item = &PackageEntry> {
        self.files.iter().filter_map(|file| file.package.as_ref())
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.draft.write(path, content)?;
        self.list(path, content.len() as u64, digest_of(content), None)
    }

    /// Links the file `former` of another revision if it has this content, and else writes a file.
    pub fn write_or_link(&mut self, path: &str, content: &[u8], former: Option<&Carried>) -> Result<()> {
        let is_same = |former: &&Carried| {
            let Carried { from, entry, .. } = former;
            entry.sha256 == digest_of(content) && from.join(&entry.path).read().is_ok_and(|found| found == content)
        };
        match former.filter(is_same) {
            Some(Carried { from, entry, to }) => self.link(from, entry, to),
            None => self.write(path, content),
        }
    }

    /// The content of a file that is here already.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        self.draft.folder().join(path).read().with_context(|| format!("cannot read back `{path}`"))
    }

    /// Copies a file, which must have the digest `expected`.
    pub fn copy(&mut self, from: &Path, path: &str, expected: Digest, package: Option<PackageEntry>) -> Result<()> {
        let CopiedContent { size, digest } = self.draft.copy(from, path)?;
        if digest != expected {
            let message = format!("`{}` changed while it was copied", from.display());
            return Err(Failure::new(Exit::Failed, message).help("run this again when nothing writes there").into());
        }
        self.list(path, size, digest, package)
    }

    /// Links a file of the snapshot or revision `from` to the same path here, or to `path`.
    pub fn link(&mut self, from: &TreePath, entry: &FileEntry, path: &FilePath) -> Result<()> {
        let published = from.join(&entry.path);
        if self.draft.link(&published, path.as_str())? == Linked::Same {
            self.linked.insert(path.clone());
        }
        self.files.push(FileEntry { path: path.clone(), ..entry.clone() });
        Ok(())
    }

    /// Writes the repodata of a dist, signed where there is a key.
    pub fn describe(&mut self, dist: &Dist, packages: &[Fragments]) -> Result<()> {
        let timestamp = self.date.as_second();
        for file in repodata::render(packages, timestamp)? {
            let path = format!("{}/{}/{}", dist_folder(dist), repodata::FOLDER, file.name);
            if file.name == repodata::INDEX {
                self.write_signed(&path, &file.content)?;
            } else {
                self.write(&path, &file.content)?;
            }
        }
        self.described.push(dist.clone());
        Ok(())
    }

    /// Writes the checksums of all that is in `sources/`, signed where there is a key.
    pub fn sum_sources(&mut self) -> Result<()> {
        let mut sources: Vec<(&str, Digest)> =
            self.files.iter().filter_map(|file| Some((file.path.below("sources")?, file.sha256))).collect();
        sources.sort_unstable_by_key(|(name, _)| *name);
        let text = render_sums(sources);
        self.write_signed(&format!("sources/{CHECKSUMS_FILE}"), text.as_bytes())
    }

    /// Writes a file, and its signature where there is a key.
    pub fn write_signed(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.write(path, content)?;
        if let Some(key) = self.key {
            let signature = key.sign_detached(content, self.date)?;
            self.write(&format!("{path}{SIGNATURE}"), &signature)?;
            self.signed.push(path.to_owned());
        }
        Ok(())
    }

    fn list(&mut self, path: &str, size: u64, sha256: Digest, package: Option<PackageEntry>) -> Result<()> {
        let path: FilePath = path.parse().map_err(Failure::from)?;
        self.files.push(FileEntry { path, size, sha256, date: self.date, package });
        Ok(())
    }

    /// Writes the manifest with the files so far, reads everything back, and gives the folder its name. Returns the manifest and
    /// its digest.
    pub fn finish(mut self, head: HeadOfFolder, event: Event) -> Result<(Manifest, Digest)> {
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        let manifest = Manifest::new(head, event, this_tool(), std::mem::take(&mut self.files));
        let text = manifest.render()?;
        self.draft.write(MANIFEST, &text)?;
        self.read_back(&manifest)?;
        self.draft.commit()?;
        Ok((manifest, digest_of(&text)))
    }

    fn read_back(&self, manifest: &Manifest) -> Result<()> {
        let wrong = |path: &str| {
            let shown = self.draft.place().join(path);
            Failure::new(Exit::Failed, format!("`{shown}` is not what was written: it was read back differently"))
                .help("check the disk, and run this again")
        };
        let mut kept = KeptFolder::default();
        for entry in &manifest.files {
            let path = self.draft.folder().join(&entry.path);
            let found = kept.look(&path).with_context(|| format!("cannot read back `{}`", entry.path))?;
            // A link is taken for sound by its size and date; one with another date, such as a restored copy, is read.
            let is_dated = found.mtime() == entry.date.as_second();
            let is_linked = self.linked.contains(&entry.path);
            let is_right = found.is_file()
                && found.len() == entry.size
                && (is_dated || is_linked)
                && ((is_dated && is_linked) || digest_in_tree(&path)? == entry.sha256);
            if !is_right {
                return Err(wrong(entry.path.as_str()).into());
            }
        }
        for dist in &self.described {
            self.read_back_repodata(dist, manifest)?;
        }
        self.read_back_signatures()
    }

    /// `Err` unless the repodata lists exactly the packages of the manifest, with their digests and sizes.
    fn read_back_repodata(&self, dist: &Dist, manifest: &Manifest) -> Result<()> {
        let folder = dist_folder(dist);
        let fetch = |file: &str| {
            let path = self.draft.folder().join(&folder).join(file);
            path.read().with_context(|| format!("cannot read back `{folder}/{file}`"))
        };
        let mut listed = repodata::read(&fetch)?.packages;
        listed.sort_by(|one, other| one.href.cmp(&other.href));
        let mut wanted: Vec<(&str, Digest, u64)> = manifest
            .packages()
            .filter(|(_, package)| package.dist.as_ref() == Some(dist) && package.nevra.is_described())
            .filter_map(|(file, _)| Some((file.path.below(&folder)?, file.sha256, file.size)))
            .collect();
        wanted.sort_unstable();
        let is_same = listed.len() == wanted.len()
            && listed.iter().zip(&wanted).all(|(listed, (href, digest, size))| {
                (listed.href.as_str(), listed.digest, listed.size) == (*href, Some(*digest), *size)
            });
        if !is_same {
            let shown = self.draft.place().join(folder).join(repodata::FOLDER);
            anyhow::bail!("`{shown}` does not describe the packages beside it");
        }
        Ok(())
    }

    fn read_back_signatures(&self) -> Result<()> {
        let Some(key) = self.key.filter(|_| !self.signed.is_empty()) else { return Ok(()) };
        let keyring = Keyring::of(&[&key.public])?;
        for path in &self.signed {
            let read = |path: String| {
                self.draft.folder().join(&path).read().with_context(|| format!("cannot read back `{path}`"))
            };
            keyring.verify_detached(&read(path.clone())?, &read(format!("{path}{SIGNATURE}"))?)?;
        }
        Ok(())
    }
}

/// This program, and the compressors that it uses.
fn this_tool() -> Tool {
    Tool { name: format!("releng {}", own_version()), compressors: repodata::compressors() }
}
