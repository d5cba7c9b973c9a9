//! One snapshot or revision: its manifest, its files, its packages, its repodata, its signatures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::base::checksum::{CHECKSUMS_FILE, parse_sums};
use crate::base::digest::Digest;
use crate::base::parallel;
use crate::repository::model::layout::{MANIFEST, SNAPSHOT_CHANGELOG, dist_folder, series_changelog};
use crate::repository::model::manifest::{FileEntry, Manifest};
use crate::repository::model::name::Dist;
use crate::repository::repodata;
use crate::repository::sign::Keyring;
use crate::repository::sign::SIGNATURE;
use crate::repository::verify::content::{Files, archive, find_wrong_changelog};
use crate::repository::verify::{Id, Report};
use crate::rpm::package::PackageFile;

/// A manifest that was read, with its digest.
pub struct Checked {
    /// The manifest.
    pub manifest: Manifest,
    /// Of its bytes.
    pub digest: Digest,
}

/// A folder on the way through its checks.
struct Folder<'a> {
    path: &'a Path,
    /// How it is called in findings.
    shown: &'a str,
    manifest: &'a Manifest,
    /// The files that are as the manifest lists them.
    sound: BTreeSet<&'a str>,
}

/// Checks a folder; its manifest, where there is one that can be read.
pub fn verify(
    path: &Path,
    shown: &str,
    keyring: Option<&Keyring>,
    must_be_signed: bool,
    report: &mut Report,
) -> Result<Option<Checked>> {
    report.folders += 1;
    let (manifest, digest) = match Manifest::load(path) {
        Ok(loaded) => loaded,
        Err(error) => {
            report.add(Id::ManifestUnreadable, format!("{shown}/{MANIFEST}"), format!("{error:#}"));
            return Ok(None);
        }
    };
    report.files += manifest.files.len();
    let sound = check_files(path, shown, &manifest, report)?;
    let folder = Folder { path, shown, manifest: &manifest, sound };
    folder.check_packages(report)?;
    for dist in manifest.dists() {
        folder.check_repodata(&dist, report);
    }
    folder.check_sums(report)?;
    folder.check_changelog(report)?;
    folder.check_order(report);
    folder.check_signatures(keyring, must_be_signed, report)?;
    Ok(Some(Checked { manifest, digest }))
}

/// Reports the files that are not as the manifest lists them; the paths of those that are.
fn check_files<'a>(path: &Path, shown: &str, manifest: &'a Manifest, report: &mut Report) -> Result<BTreeSet<&'a str>> {
    let files = Files::compare(path, manifest)?;
    for foreign in &files.foreign {
        report.add(Id::FileForeign, format!("{shown}/{}", foreign.escape_debug()), "the manifest does not list it");
    }
    for file in &files.missing {
        report.add(Id::FileMissing, format!("{shown}/{}", file.path), "the manifest lists it");
    }
    for file in &files.changed {
        let what = "its bytes are not those that the manifest lists";
        report.add(Id::FileChanged, format!("{shown}/{}", file.path), what);
    }
    Ok(files.sound.into_iter().map(|file| file.path.as_str()).collect())
}

impl Folder<'_> {
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.shown)
    }

    fn is_sound(&self, path: &str) -> bool {
        self.sound.contains(path)
    }

    fn check_packages(&self, report: &mut Report) -> Result<()> {
        let sound = self.manifest.packages().filter(|(file, _)| self.is_sound(file.path.as_str()));
        let read = |(): &mut (), (file, package)| {
            let file: &FileEntry = file;
            Ok((file, package, PackageFile::read(&self.path.join(&file.path))))
        };
        let keep = |(file, package, read): (
            &FileEntry,
            &crate::repository::model::manifest::PackageEntry,
            Result<PackageFile>,
        )| {
            match read {
                Err(error) => report.add(Id::PackageDamaged, self.at(file.path.as_str()), format!("{error:#}")),
                Ok(read) if (&read.nevra, read.content) != (&package.nevra, package.content) => {
                    report.add(
                        Id::PackageDamaged,
                        self.at(file.path.as_str()),
                        "it is another package than the manifest says",
                    );
                }
                Ok(_) => {}
            }
            Ok(())
        };
        parallel::ordered_map(sound, parallel::threads(), || Ok(()), read, keep)
    }

    fn check_repodata(&self, dist: &Dist, report: &mut Report) {
        let folder = dist_folder(dist);
        let own = format!("{folder}/{}/", repodata::FOLDER);
        let of_folder = self.manifest.files.iter().filter(|file| file.path.as_str().starts_with(&own));
        if of_folder.clone().any(|file| !self.is_sound(file.path.as_str())) {
            return; // said already
        }
        let fetch = |file: &str| {
            let path = self.path.join(&folder).join(file);
            fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let listing = match repodata::read(&fetch) {
            Ok(listing) => listing,
            Err(error) => return report.add(Id::RepodataDamaged, self.at(&own), format!("{error:#}")),
        };
        let packages: Vec<(&str, &FileEntry)> = self
            .manifest
            .packages()
            .filter(|(_, package)| package.dist.as_ref() == Some(dist) && package.nevra.is_described())
            .filter_map(|(file, _)| Some((file.path.below(&folder)?, file)))
            .collect();
        for (href, file) in &packages {
            if !listing.packages.iter().any(|listed| listed.href == *href) {
                report.add(Id::PackageUndescribed, self.at(file.path.as_str()), "the repodata does not name it");
            }
        }
        for listed in &listing.packages {
            let file = packages.iter().find(|(href, _)| *href == listed.href).map(|(_, file)| file);
            if file.is_none_or(|file| (Some(file.sha256), file.size) != (listed.digest, listed.size)) {
                let shown = self.at(&format!("{folder}/{}", listed.href.escape_debug()));
                report.add(Id::PackageGone, shown, "the repodata names it, and it is not here as it says");
            }
        }
    }

    fn check_sums(&self, report: &mut Report) -> Result<()> {
        let path = format!("sources/{CHECKSUMS_FILE}");
        if !self.is_sound(&path) {
            return Ok(());
        }
        let text = fs::read(self.path.join(&path)).with_context(|| format!("cannot read `{path}`"))?;
        let mut stated = parse_sums(&String::from_utf8_lossy(&text)).unwrap_or_default();
        stated.sort();
        let files = self.manifest.files.iter().filter_map(|file| Some((file.path.below("sources")?, file.sha256)));
        let files =
            files.filter(|(name, _)| !name.starts_with(CHECKSUMS_FILE)).map(|(name, digest)| (name.to_owned(), digest));
        if stated != files.collect::<Vec<_>>() {
            report.add(Id::SumsDiffer, self.at(&path), "it does not list what is beside it");
        }
        Ok(())
    }

    fn check_changelog(&self, report: &mut Report) -> Result<()> {
        let manifest = self.manifest;
        let names = [SNAPSHOT_CHANGELOG.to_owned(), series_changelog(manifest.series)];
        let Some(name) = names.into_iter().find(|name| manifest.file(name).is_some()) else {
            report.add(Id::ChangelogDiffers, self.shown, "there is none");
            return Ok(());
        };
        let archive = archive(manifest);
        if !self.is_sound(&name) || (manifest.file(&archive).is_some() && !self.is_sound(&archive)) {
            return Ok(()); // said already
        }
        if let Some(why) = find_wrong_changelog(self.path, manifest, &name)? {
            report.add(Id::ChangelogDiffers, self.at(&name), why);
        }
        Ok(())
    }

    fn check_order(&self, report: &mut Report) {
        let releases: Vec<_> = self.manifest.releases().collect();
        for pair in releases.windows(2).filter(|pair| pair[0].version >= pair[1].version) {
            let what = format!("{} came after {}", pair[1].version, pair[0].version);
            report.add(Id::VersionsOutOfOrder, self.at(MANIFEST), what);
        }
    }

    fn check_signatures(&self, keyring: Option<&Keyring>, must_be_signed: bool, report: &mut Report) -> Result<()> {
        let Some(keyring) = keyring else { return Ok(()) };
        let is_signed = self.manifest.files.iter().any(|file| file.path.as_str().ends_with(SIGNATURE));
        if !is_signed && !must_be_signed {
            return Ok(()); // from the time before there was a key
        }
        let index = format!("{}/{}", repodata::FOLDER, repodata::INDEX);
        for file in self.manifest.files.iter().filter(|file| self.is_sound(file.path.as_str())) {
            let path = file.path.as_str();
            if file.package.is_some() {
                if let Err(error) = keyring.verify_packages(&[self.path.join(path)]) {
                    report.add(Id::SignatureBad, self.at(path), format!("{error:#}"));
                }
            } else if path.ends_with(&index) || path == format!("sources/{CHECKSUMS_FILE}") {
                self.check_signature(keyring, path, report)?;
            }
        }
        Ok(())
    }

    fn check_signature(&self, keyring: &Keyring, path: &str, report: &mut Report) -> Result<()> {
        let signature = format!("{path}{SIGNATURE}");
        if self.manifest.file(&signature).is_none() {
            report.add(Id::SignatureMissing, self.at(path), "it is not signed");
        } else if self.is_sound(&signature) {
            let read = |name: &str| fs::read(self.path.join(name)).with_context(|| format!("cannot read `{name}`"));
            if let Err(error) = keyring.verify_detached(&read(path)?, &read(&signature)?) {
                report.add(Id::SignatureBad, self.at(&signature), format!("{error:#}"));
            }
        }
        Ok(())
    }
}
