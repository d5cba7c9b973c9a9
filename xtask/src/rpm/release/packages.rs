//! The binary RPMs in the folder of a release: `rpm` puts them beside the sources with the listing `builds.json`, and the
//! next `dist` keeps them if the source RPM is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::checksum::{self, CHECKSUMS_FILE, Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::files::{Draft, TreePath};
use crate::rpm::backend::BuildTarget;
use crate::rpm::builds::{BuildListing, BuildPhase, FILE_NAME, KeptPackage, RecordedBuild, find_difference};
use crate::rpm::package::PackageFile;
use crate::rpm::release::made::{ListedFile, ListedSources, Written};
use crate::rpm::release::replace;

/// The packages of a release, and their listing.
pub struct ReleasePackages {
    listing: BuildListing,
    /// By the path in the release.
    files: BTreeMap<String, PackageSource>,
}

/// The file from which a package of a release is linked.
struct PackageSource {
    path: PathBuf,
    digest: Digest,
}

impl ReleasePackages {
    /// The packages in `target`, if they were built from the source RPM `srpm`; otherwise none.
    pub fn load(target: &Path, srpm: Digest) -> ReleasePackages {
        ReleasePackages::find(target, srpm)
            .unwrap_or_else(|| ReleasePackages { listing: BuildListing::new(srpm, Vec::new()), files: BTreeMap::new() })
    }

    fn find(target: &Path, srpm: Digest) -> Option<ReleasePackages> {
        let listing = BuildListing::parse(&fs::read(target.join(FILE_NAME)).ok()?).ok()?;
        if listing.srpm != Some(srpm) {
            return None;
        }
        let mut files = BTreeMap::new();
        for build in &listing.builds {
            let path = target.join(&build.file);
            // If any listed file is missing or modified, no package is kept.
            if checksum::digest_of_file(&path).ok() != Some(build.sha256) {
                return None;
            }
            files.insert(build.file.clone(), PackageSource { path, digest: build.sha256 });
        }
        Some(ReleasePackages { listing, files })
    }

    /// Whether the release has no package.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Replaces the packages of the targets of `built`. If several architectures built the same noarch package, the
    /// first copy is kept.
    ///
    /// Errors: the copies differ.
    fn add(&mut self, built: &[RecordedBuild], wanted: &[BuildTarget]) -> Result<()> {
        self.listing.wanted = wanted.to_vec();
        for RecordedBuild { record, .. } in built {
            self.listing.remove(&record.target);
        }
        let listed: Vec<&String> = self.listing.builds.iter().map(|build| &build.file).collect();
        self.files.retain(|path, _| listed.contains(&path));
        for RecordedBuild { record, folder } in built {
            let BuildPhase::Built { files } = &record.phase else { continue };
            let mut kept = Vec::new();
            for file in files {
                let path = format!("rpm/{}/{}/{}", record.target.dist, file.place, file.name);
                let from = folder.packages().join(&file.name);
                match self.files.get(&path) {
                    Some(first) if first.digest != file.sha256 => require_same(&first.path, &from, file)?,
                    Some(_) => {}
                    None => {
                        self.files.insert(path, PackageSource { path: from, digest: file.sha256 });
                        kept.push(file.clone());
                    }
                }
            }
            self.listing.add(record, &kept);
        }
        Ok(())
    }

    /// Writes the packages and the listing into a new folder of the release.
    pub fn write(&self, draft: &mut Draft) -> Result<Vec<Written>> {
        let mut written = Vec::new();
        for (file, PackageSource { path, digest }) in &self.files {
            draft.link(&TreePath::in_own_folder(path), file)?;
            let size = path.metadata().with_context(|| format!("cannot look at `{}`", path.display()))?.len();
            written.push(Written { file: file.clone(), size, digest: *digest });
        }
        let text = self.listing.render()?;
        draft.write(FILE_NAME, text.as_bytes())?;
        let (size, digest) = (text.len() as u64, digest_of(text.as_bytes()));
        written.push(Written { file: FILE_NAME.to_owned(), size, digest });
        Ok(written)
    }
}

/// `Err` unless two copies of a package install the same. The source RPMs that a farm makes may differ: they contain
/// the name of the host and the time.
fn require_same(first: &Path, other: &Path, file: &KeptPackage) -> Result<()> {
    if file.place == "SRPMS" {
        return Ok(());
    }
    let difference = find_difference(&PackageFile::read(first)?, &PackageFile::read(other)?);
    let Some(what) = difference else { return Ok(()) };
    let message = format!("`{}` differs between the architectures that built it: {what}", file.name);
    let help = "build it for each architecture: without `BuildArch: noarch` for that package";
    Err(Failure::new(Exit::Failed, message).help(help).into())
}

/// The sources in a folder. `Err` unless they have the source RPM `srpm`: another run may have replaced the release during a
/// long build.
fn load_sources(sources: &Path, srpm: Digest) -> Result<Vec<ListedFile>, Failure> {
    let listed = ListedSources::load(sources);
    if listed.srpm == Some(srpm) {
        return Ok(listed.files);
    }
    let message = format!("`{}` was replaced by another release while this one was built", sources.display());
    Err(Failure::new(Exit::TryAgain, message).help("run this again: what was built is kept"))
}

/// Puts the sources in the folder `sources` and the built packages into a new folder, which replaces `target`; the two may be
/// the same. Returns the packages and their listing.
pub fn place(
    target: &Path,
    sources: &Path,
    srpm: Digest,
    built: &[RecordedBuild],
    wanted: &[BuildTarget],
) -> Result<Vec<Written>> {
    replace::require_replaceable(target)?;
    let mut draft = Draft::replacing(target)?; // locks the folder
    let listed = load_sources(sources, srpm)?;
    let mut packages = ReleasePackages::load(target, srpm);
    packages.add(built, wanted)?;
    let mut sums = Vec::new();
    for ListedFile { file, digest } in &listed {
        draft.link(&TreePath::top(sources).join(file), file)?;
        sums.push((file.as_str(), *digest));
    }
    let written = packages.write(&mut draft)?;
    sums.extend(written.iter().map(|written| (written.file.as_str(), written.digest)));
    draft.write(CHECKSUMS_FILE, checksum::render_sums(sums).as_bytes())?;
    draft.commit()?;
    Ok(written)
}
