//! Binary RPMs among the results of a release: put beside the sources with who built them, and kept by the next `dist` as
//! long as the source RPM is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::checksum::{self, Digest, digest_of, parse_sums};
use crate::base::error::{Exit, Failure};
use crate::base::files::Draft;
use crate::rpm::backend::Target;
use crate::rpm::builds::{FILE_NAME, Kept, Known, Listing, Phase, find_difference};
use crate::rpm::package::PackageFile;
use crate::rpm::release::made::{CHECKSUMS_FILE, Written};
use crate::rpm::release::replace;

/// The packages of a folder of results, by path, and who built them.
pub struct Present {
    listing: Listing,
    files: BTreeMap<String, (PathBuf, Digest)>,
}

impl Present {
    /// Those in `target`, where they were built from the source RPM `srpm`; none where not.
    pub fn load(target: &Path, srpm: Digest) -> Present {
        Present::find(target, srpm)
            .unwrap_or_else(|| Present { listing: Listing::new(srpm, Vec::new()), files: BTreeMap::new() })
    }

    fn find(target: &Path, srpm: Digest) -> Option<Present> {
        let listing = Listing::parse(&fs::read(target.join(FILE_NAME)).ok()?).ok()?;
        let files = listing.builds.iter().map(|build| (build.file.clone(), (target.join(&build.file), build.sha256)));
        let files: BTreeMap<_, _> = files.collect();
        // Of what somebody took away or changed, nothing is kept.
        let is_whole = |(path, digest): &(PathBuf, Digest)| checksum::digest_of_file(path).ok() == Some(*digest);
        let is_kept = listing.srpm == Some(srpm) && files.values().all(is_whole);
        is_kept.then_some(Present { files, listing })
    }

    /// Whether there is no package.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Puts builds in the place of what there was for their targets. Of a noarch package that several architectures have
    /// built, the first copy stays.
    ///
    /// Errors: copies that differ.
    fn add(&mut self, built: &[Known], wanted: &[Target]) -> Result<()> {
        self.listing.wanted = wanted.to_vec();
        for Known { record, .. } in built {
            self.listing.remove(&record.target);
        }
        let listed: Vec<&String> = self.listing.builds.iter().map(|build| &build.file).collect();
        self.files.retain(|path, _| listed.contains(&path));
        for Known { record, folder } in built {
            let Phase::Built { files } = &record.phase else { continue };
            let mut kept = Vec::new();
            for file in files {
                let path = format!("rpm/{}/{}/{}", record.target.dist, file.place, file.name);
                let from = folder.packages().join(&file.name);
                match self.files.get(&path) {
                    Some((first, digest)) if *digest != file.sha256 => require_same(first, &from, file)?,
                    Some(_) => {}
                    None => {
                        self.files.insert(path, (from, file.sha256));
                        kept.push(file.clone());
                    }
                }
            }
            self.listing.add(record, &kept);
        }
        Ok(())
    }

    /// Writes the packages and the listing into a folder of results in the making.
    pub fn write(&self, draft: &mut Draft) -> Result<Vec<Written>> {
        let mut written = Vec::new();
        for (path, (from, digest)) in &self.files {
            draft.link(from, path)?;
            let size = from.metadata().with_context(|| format!("cannot look at `{}`", from.display()))?.len();
            written.push(Written { file: path.clone(), size, digest: *digest });
        }
        let text = self.listing.render()?;
        draft.write(FILE_NAME, text.as_bytes())?;
        let (size, digest) = (text.len() as u64, digest_of(text.as_bytes()));
        written.push(Written { file: FILE_NAME.to_owned(), size, digest });
        Ok(written)
    }
}

/// A farm's own source RPMs differ by host and time; any will do. Noarch packages must be the same.
fn require_same(first: &Path, other: &Path, file: &Kept) -> Result<()> {
    if file.place == "SRPMS" {
        return Ok(());
    }
    let difference = find_difference(&PackageFile::read(first)?, &PackageFile::read(other)?);
    difference.map_or(Ok(()), |what| {
        let message = format!("`{}` differs by the architecture that built it: {what}", file.name);
        let help = "build it for each architecture: without `BuildArch: noarch` for that package";
        Err(Failure::new(Exit::Failed, message).help(help).into())
    })
}

/// The sources in the folder, by path. `Err` where they are of another release by now: another run may have replaced it
/// during a long build.
fn load_sources(target: &Path, srpm: Digest) -> Result<Vec<(String, Digest)>, Failure> {
    let sums = fs::read_to_string(target.join(CHECKSUMS_FILE)).unwrap_or_default();
    let mut listed = parse_sums(&sums).unwrap_or_default();
    listed.retain(|(path, _)| path.starts_with("sources/"));
    if listed.iter().any(|(path, digest)| path.ends_with(".src.rpm") && *digest == srpm) {
        return Ok(listed);
    }
    let message = format!("`{}` was replaced by another release while this one was built", target.display());
    Err(Failure::new(Exit::TryAgain, message).help("run this again: what was built is kept"))
}

/// Puts what was built into `target`, beside the sources that are there: a new folder replaces the old one whole.
/// What was written of packages.
pub fn place(target: &Path, srpm: Digest, built: &[Known], wanted: &[Target]) -> Result<Vec<Written>> {
    replace::require_ours(target)?;
    let mut draft = Draft::replacing(target)?; // nobody else replaces the folder from now on
    let sources = load_sources(target, srpm)?;
    let mut present = Present::load(target, srpm);
    present.add(built, wanted)?;
    for (path, _) in &sources {
        draft.link(&target.join(path), path)?;
    }
    let written = present.write(&mut draft)?;
    let all = sources.iter().map(|(path, digest)| (path.as_str(), *digest));
    let all = all.chain(written.iter().map(|written| (written.file.as_str(), written.digest)));
    draft.write(CHECKSUMS_FILE, checksum::render_sums(all).as_bytes())?;
    draft.commit()?;
    Ok(written)
}
