//! Carries out the steps of a change, one by one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::progress::Progress;
use crate::repository::clients::package::ClientPackageFile;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{Action, Event};
use crate::repository::model::layout::dist_folder;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::{HeadOfFolder, Manifest, PackageEntry};
use crate::repository::model::name::Dist;
use crate::repository::pages::folder::FolderPage;
use crate::repository::pages::folder_facts::{AboutFolder, FolderFacts};
use crate::repository::provenance::snapshot::path_of;
use crate::repository::repodata::Fragments;
use crate::repository::sign::Key;
use crate::repository::write::assembly::Assembly;
use crate::repository::write::plan::{ChangePlan, ChangeStep, NewPackage};
use crate::repository::write::writer::Writer;
use crate::rpm::package::{PackageFile, read_all};

/// The key, the time and the progress report of a change.
pub struct ChangeContext<'a> {
    /// The key that signs.
    pub key: Option<&'a Key>,
    /// The time of the event.
    pub now: Timestamp,
    pub progress: &'a dyn Progress,
}

/// Carries out a plan; the folder that it has made, where it makes one.
pub fn apply(writer: &mut Writer, plan: &ChangePlan, context: &ChangeContext<'_>) -> Result<Option<TreePath>> {
    let mut run = Run { writer, context, making: None, made: None };
    let mut is_visible = false;
    for step in &plan.steps {
        let done = run.step(step);
        done.map_err(|error| if is_visible { error.context(UnfinishedChange) } else { error })?;
        is_visible |= step.is_visible();
    }
    Ok(run.made.map(|made| made.place))
}

/// The context of an error after which the change is not undone: its first visible step was carried out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfinishedChange;

impl fmt::Display for UnfinishedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the change is visible already, and the next command that changes the repository finishes it")
    }
}

struct Run<'a> {
    writer: &'a mut Writer,
    context: &'a ChangeContext<'a>,
    making: Option<Making<'a>>,
    made: Option<FinishedFolder>,
}

/// A folder in the making.
struct Making<'a> {
    assembly: Assembly<'a>,
    date: Timestamp,
    /// The elements of the packages that were added, by dist.
    added: BTreeMap<Dist, Vec<Fragments>>,
}

/// A folder that is in its place.
struct FinishedFolder {
    place: TreePath,
    manifest: Manifest,
    digest: Digest,
    /// The ledger with its packages; `None` if the plan does not write the ledger.
    ledger: Option<Vec<u8>>,
}

impl<'a> Run<'a> {
    fn step(&mut self, step: &ChangeStep) -> Result<()> {
        match step {
            ChangeStep::RootFile(file) => file.apply(),
            ChangeStep::Begin(folder) => {
                let assembly = Assembly::new(&folder.place, folder.date, self.context.key)?;
                self.making = Some(Making { assembly, date: folder.date, added: BTreeMap::new() });
                Ok(())
            }
            ChangeStep::Text { path, content } => self.making()?.assembly.write(path, content),
            ChangeStep::Statement { path, content, .. } => self.making()?.assembly.write_signed(path, content),
            ChangeStep::SnapshotStatement { facts, .. } => {
                let assembly = &mut self.making()?.assembly;
                let statement = facts.state(assembly.files()).render()?;
                assembly.write_signed(&path_of(&facts.snapshot), &statement)
            }
            ChangeStep::Copy { files, .. } => {
                let assembly = &mut self.making()?.assembly;
                files.iter().try_for_each(|file| assembly.copy(&file.from, file.to.as_str(), file.digest, None))
            }
            ChangeStep::Packages { packages, signed, .. } => self.packages(packages, *signed),
            ChangeStep::Link { files, .. } => self.link(files),
            ChangeStep::LeaveOut { .. } => Ok(()),
            ChangeStep::ClientPackage { dist, package, .. } => self.client_package(dist, package),
            ChangeStep::Repodata { dist, carried, .. } => {
                let making = self.making()?;
                let mut packages = carried.clone();
                packages.append(making.added.entry(dist.clone()).or_default());
                making.assembly.describe(dist, &packages)
            }
            ChangeStep::Checksums { .. } => self.making()?.assembly.sum_sources(),
            ChangeStep::Page { page, about, former } => self.page(page, about, former.as_ref()),
            ChangeStep::Finish { head, action, with_ledger, .. } => self.finish(head, action, *with_ledger),
            ChangeStep::Flip { link, target, .. } => files::flip(link, target),
            ChangeStep::Ledger => {
                let made = self.made.as_ref().context("the plan writes the ledger before the folder")?;
                let content = made.ledger.as_deref().unwrap_or_default();
                files::publish(&self.writer.store.layout.ledger(), content)
            }
            ChangeStep::Log { action } => self.log(action),
            ChangeStep::Delete { path, .. } => files::remove(path),
            ChangeStep::Trash { item, to, .. } => files::move_to(&self.writer.store.layout.root.join(item), to),
        }
    }

    fn making(&mut self) -> Result<&mut Making<'a>> {
        self.making.as_mut().context("the plan has a file before its folder")
    }

    fn link(&mut self, files: &[Carried]) -> Result<()> {
        let progress = self.context.progress;
        progress.begin("linking", Some(files.len() as u64));
        let assembly = &mut self.making()?.assembly;
        for Carried { from, entry, to } in files {
            assembly.link(from, entry, to)?;
        }
        progress.end();
        Ok(())
    }

    fn packages(&mut self, packages: &[NewPackage], signed: bool) -> Result<()> {
        let (key, progress) = (self.context.key.filter(|_| signed), self.context.progress);
        let making = self.making()?;
        let built: Vec<PathBuf> = packages.iter().map(|package| package.file.path.clone()).collect();
        let scratch = files::remote_scratch()?; // a signature is never added to a file in place
        let paths = match key {
            Some(key) => sign_copies(packages, &scratch, key, making.date, progress)?,
            None => built,
        };
        let read = read_all(&paths)?;
        progress.begin("copying packages", Some(packages.len() as u64));
        for (NewPackage { file: built, to, dist }, file) in packages.iter().zip(&read) {
            if file.content != built.content {
                let message = format!("`{}` changed while it was signed", built.path.display());
                return Err(Failure::new(Exit::Failed, message).help("run this again").into());
            }
            let (nevra, unsigned_sha256) = (file.nevra.clone(), built.digest);
            let entry = PackageEntry { nevra, dist: dist.clone(), unsigned_sha256, content: file.content };
            making.assembly.copy(&file.path, to.as_str(), file.digest, Some(entry))?;
            if let Some(dist) = dist.as_ref().filter(|_| file.nevra.is_described()) {
                let href = to.below(&dist_folder(dist)).unwrap_or(to.as_str());
                let fragments = Fragments::of(file, href, making.date.as_second());
                making.added.entry(dist.clone()).or_default().push(fragments);
            }
            progress.advance(1);
        }
        progress.end();
        Ok(())
    }

    fn client_package(&mut self, dist: &Dist, package: &ClientPackageFile) -> Result<()> {
        let key = self.context.key;
        let making = self.making()?;
        let scratch = files::remote_scratch()?;
        let path = scratch.write(&package.file_name, &package.content)?;
        let unsigned = PackageFile::read(&path)?;
        if let Some(key) = key {
            key.sign_packages(std::slice::from_ref(&path), making.date)?;
        }
        let file = PackageFile::read(&path)?;
        let (nevra, unsigned_sha256) = (file.nevra.clone(), unsigned.digest);
        let entry = PackageEntry { nevra, dist: Some(dist.clone()), unsigned_sha256, content: file.content };
        let to = format!("{}/{}", dist_folder(dist), package.href());
        making.assembly.copy(&path, &to, file.digest, Some(entry))?;
        let fragments = Fragments::of(&file, &package.href(), making.date.as_second());
        making.added.entry(dist.clone()).or_default().push(fragments);
        Ok(())
    }

    fn page(&mut self, page: &FolderPage, about: &AboutFolder, former: Option<&Carried>) -> Result<()> {
        let event = self.writer.store.log.next(self.context.now, about.action.clone());
        let assembly = &mut self.making()?.assembly;
        let changelog = assembly.read(&about.changelog())?;
        let facts = FolderFacts {
            about,
            event: event.number,
            at: event.at,
            files: assembly.files(),
            changelog: &String::from_utf8_lossy(&changelog),
        };
        let content = page.render(&facts)?;
        assembly.write_or_link(&page.path(), &content, former)
    }

    fn finish(&mut self, head: &HeadOfFolder, action: &Action, with_ledger: bool) -> Result<()> {
        let making = self.making.take().context("the plan finishes a folder that it has not begun")?;
        let store = &self.writer.store;
        let mut event = store.log.next(self.context.now, action.clone());
        let mut ledger = None;
        if with_ledger {
            let mut listed = Ledger::load(&store.layout.ledger())?;
            listed.add(head.series, making.assembly.packages());
            let content = listed.render()?;
            event.ledger = Some(digest_of(&content));
            ledger = Some(content);
        }
        let place = making.assembly.place().clone();
        let (manifest, digest) = making.assembly.finish(head.clone(), event)?;
        self.made = Some(FinishedFolder { place, manifest, digest, ledger });
        Ok(())
    }

    /// The event of a folder is the one in its manifest.
    fn log(&mut self, action: &Action) -> Result<()> {
        let (event, manifest): (Event, Option<Digest>) = match &self.made {
            Some(made) => (made.manifest.event.clone(), Some(made.digest)),
            None => (self.writer.store.log.next(self.context.now, action.clone()), None),
        };
        self.writer.record(event, manifest)
    }
}

/// Copies packages into a scratch folder and signs the copies; where these are.
fn sign_copies(
    packages: &[NewPackage],
    scratch: &files::Scratch,
    key: &Key,
    date: Timestamp,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>> {
    progress.begin("signing packages", None);
    let mut copies = Vec::new();
    for package in packages {
        copies.push(scratch.copy(&package.file.path, package.to.as_str())?);
    }
    if !copies.is_empty() {
        key.sign_packages(&copies, date)?;
    }
    progress.end();
    Ok(copies)
}
