//! Verifies one snapshot or revision: manifest, files, packages, repodata, checksums, changelog and signatures.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::base::checksum::{CHECKSUMS_FILE, parse_sums};
use crate::base::digest::digest_of;
use crate::base::error::program;
use crate::base::files::TreePath;
use crate::base::parallel;
use crate::repository::model::layout::{MANIFEST, SNAPSHOT_CHANGELOG, dist_folder, series_changelog};
use crate::repository::model::manifest::{
    FileEntry, LoadedManifest, Manifest, PackageEntry, is_own_signature, is_statement_text,
};
use crate::repository::model::name::Dist;
use crate::repository::provenance::check::{find_fault, is_own_statement};
use crate::repository::repodata;
use crate::repository::sign::{Keyring, SIGNATURE, SignedContent, UNKNOWN_KEY};
use crate::repository::verify::content::{FolderFiles, archive, find_wrong_changelog};
use crate::repository::verify::{Finding, FindingId, VerifyReport};
use crate::rpm::package::PackageFile;

/// The suffix of repodata of versions that packed those of some dists with zstd.
const OLD_PACKING: &str = ".zst";

/// Whether clients read a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderUse {
    /// They read it now.
    Current,
    /// They do not read it now. The key that signed it may have expired since.
    Former,
    /// The folder was verified by itself.
    Unknown,
}

/// A folder that is checked.
struct FolderCheck<'a> {
    path: &'a TreePath,
    /// The path of the folder in findings.
    shown: &'a str,
    manifest: &'a Manifest,
    used: FolderUse,
    /// The files that are as the manifest lists them.
    sound: BTreeSet<&'a str>,
}

/// Checks a folder and returns its manifest; `None` if the manifest cannot be read.
pub fn verify(
    path: &TreePath,
    shown: &str,
    keyring: Option<&Keyring>,
    used: FolderUse,
    report: &mut VerifyReport,
) -> Result<Option<LoadedManifest>> {
    report.folders += 1;
    let loaded = match Manifest::load(path) {
        Ok(loaded) => loaded,
        Err(error) => {
            report.add(FindingId::ManifestUnreadable, format!("{shown}/{MANIFEST}"), format!("{error:#}"));
            return Ok(None);
        }
    };
    let manifest = &loaded.manifest;
    report.files += manifest.files.len();
    let sound = check_files(path, shown, manifest, report)?;
    let folder = FolderCheck { path, shown, manifest, used, sound };
    folder.check_packages(report)?;
    for dist in manifest.dists() {
        folder.check_repodata(&dist, report);
    }
    folder.check_sums(report)?;
    folder.check_changelog(report)?;
    folder.check_order(report);
    folder.check_signatures(keyring, report)?;
    folder.check_statements(report)?;
    Ok(Some(loaded))
}

/// Whether a manifest is as the program writes it, and nothing in its folder contradicts it. Signatures are not checked.
pub fn fits(path: &TreePath, loaded: &LoadedManifest) -> Result<bool> {
    let mut report = VerifyReport::default();
    verify(path, &path.to_string(), None, FolderUse::Former, &mut report)?;
    Ok(report.findings.is_empty() && digest_of(&loaded.manifest.render()?) == loaded.digest)
}

/// What to do about signatures of a key that the public keys lack.
fn help_to_unknown_key() -> String {
    format!(
        "the public keys lack the key that signed: both files can be of a time before a change of keys; put them back from a backup, or \
         publish the key of the configuration again with the next release: `{} dist --rpm`; if no key of yours signed it, stop serving \
         it",
        program()
    )
}

/// Reports the files that differ from the manifest, and returns the paths of the others.
fn check_files<'a>(
    path: &TreePath,
    shown: &str,
    manifest: &'a Manifest,
    report: &mut VerifyReport,
) -> Result<BTreeSet<&'a str>> {
    let files = FolderFiles::compare(path, manifest)?;
    for foreign in &files.foreign {
        report.add(
            FindingId::FileForeign,
            format!("{shown}/{}", foreign.escape_debug()),
            "the manifest does not list it",
        );
    }
    for file in &files.missing {
        report.add(FindingId::FileMissing, format!("{shown}/{}", file.path), "the manifest lists it");
    }
    for file in &files.changed {
        let what = "the manifest lists other bytes";
        report.add(FindingId::FileChanged, format!("{shown}/{}", file.path), what);
    }
    Ok(files.sound.into_iter().map(|file| file.path.as_str()).collect())
}

impl FolderCheck<'_> {
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.shown)
    }

    fn is_sound(&self, path: &str) -> bool {
        self.sound.contains(path)
    }

    fn check_packages(&self, report: &mut VerifyReport) -> Result<()> {
        let sound = self.manifest.packages().filter(|(file, _)| self.is_sound(file.path.as_str()));
        let read = |(): &mut (), (file, package)| {
            let file: &FileEntry = file;
            Ok((file, package, PackageFile::read_in_tree(&self.path.join(&file.path))))
        };
        let keep = |(file, package, read): (&FileEntry, &PackageEntry, Result<PackageFile>)| {
            let why = match read {
                Err(error) => format!("{error:#}"),
                Ok(read) if (&read.nevra, read.content) != (&package.nevra, package.content) => {
                    "the manifest describes another package".to_owned()
                }
                Ok(_) => return Ok(()),
            };
            report.add(FindingId::PackageDamaged, self.at(file.path.as_str()), why);
            Ok(())
        };
        parallel::ordered_map(sound, parallel::threads()?, || Ok(()), read, keep)
    }

    fn check_repodata(&self, dist: &Dist, report: &mut VerifyReport) {
        let folder = dist_folder(dist);
        let own = format!("{folder}/{}/", repodata::FOLDER);
        let paths = self.manifest.files.iter().map(|file| file.path.as_str());
        let paths: Vec<&str> = paths.filter(|path| path.starts_with(&own)).collect();
        if paths.iter().any(|path| !self.is_sound(path)) {
            return; // A changed or missing file is reported already.
        }
        if paths.iter().any(|path| path.ends_with(OLD_PACKING)) {
            return report.add(
                FindingId::RepodataOld,
                self.at(&own),
                "an earlier version packed it with zstd: it is not compared",
            );
        }
        let fetch = |file: &str| {
            let path = self.path.join(&folder).join(file);
            path.read()
        };
        let listing = match repodata::read(&fetch) {
            Ok(listing) => listing,
            Err(error) => return report.add(FindingId::RepodataDamaged, self.at(&own), format!("{error:#}")),
        };
        let packages = self.packages_of(dist, &folder);
        let hrefs: BTreeSet<&str> = listing.packages.iter().map(|listed| listed.href.as_str()).collect();
        for (href, file) in &packages {
            if !hrefs.contains(href) {
                report.add(FindingId::PackageUndescribed, self.at(file.path.as_str()), "the repodata does not list it");
            }
        }
        for listed in &listing.packages {
            let file = packages.get(listed.href.as_str());
            if file.is_none_or(|file| (Some(file.sha256), file.size) != (listed.digest, listed.size)) {
                let shown = self.at(&format!("{folder}/{}", listed.href.escape_debug()));
                report.add(FindingId::PackageGone, shown, "the repodata lists it, but it is missing or differs");
            }
        }
    }

    /// The packages that the repodata of a dist must list, by path relative to the folder of the dist.
    fn packages_of(&self, dist: &Dist, folder: &str) -> BTreeMap<&str, &FileEntry> {
        let mut packages = BTreeMap::new();
        for (file, package) in self.manifest.packages() {
            if package.dist.as_ref() == Some(dist)
                && package.nevra.is_described()
                && let Some(href) = file.path.below(folder)
            {
                packages.insert(href, file);
            }
        }
        packages
    }

    fn check_sums(&self, report: &mut VerifyReport) -> Result<()> {
        let path = format!("sources/{CHECKSUMS_FILE}");
        if !self.is_sound(&path) {
            return Ok(());
        }
        let text = self.path.join(&path).read().with_context(|| format!("cannot read `{path}`"))?;
        let mut stated = parse_sums(&String::from_utf8_lossy(&text)).unwrap_or_default();
        stated.sort();
        let mut expected = Vec::new();
        for file in &self.manifest.files {
            if let Some(name) = file.path.below("sources").filter(|name| !name.starts_with(CHECKSUMS_FILE)) {
                expected.push((name.to_owned(), file.sha256));
            }
        }
        if stated != expected {
            report.add(FindingId::SumsDiffer, self.at(&path), "it does not list the files in its folder");
        }
        Ok(())
    }

    /// Compares each statement with the files that it is about. A file that is reported already is not reported again.
    fn check_statements(&self, report: &mut VerifyReport) -> Result<()> {
        for file in self.manifest.files.iter().filter(|file| is_statement_text(&file.path)) {
            let path = file.path.as_str();
            if !self.is_sound(path) {
                continue; // A changed or missing file is reported already.
            }
            let text = self.path.join(path).read().with_context(|| format!("cannot read `{path}`"))?;
            let is_reported = |path: &str| report.findings.iter().any(|finding| finding.path == self.at(path));
            if let Some(why) = find_fault(self.manifest, &file.path, &text, is_reported) {
                report.add(FindingId::StatementDiffers, self.at(path), why);
            }
        }
        Ok(())
    }

    fn check_changelog(&self, report: &mut VerifyReport) -> Result<()> {
        let manifest = self.manifest;
        let names = [SNAPSHOT_CHANGELOG.to_owned(), series_changelog(manifest.series)];
        let Some(name) = names.into_iter().find(|name| manifest.file(name).is_some()) else {
            report.add(FindingId::ChangelogDiffers, self.shown, "there is no changelog");
            return Ok(());
        };
        let archive = archive(manifest);
        if !self.is_sound(&name) || (manifest.file(&archive).is_some() && !self.is_sound(&archive)) {
            return Ok(()); // A changed or missing file is reported already.
        }
        if let Some(why) = find_wrong_changelog(self.path, manifest, &name)? {
            report.add(FindingId::ChangelogDiffers, self.at(&name), why);
        }
        Ok(())
    }

    fn check_order(&self, report: &mut VerifyReport) {
        let releases: Vec<_> = self.manifest.releases().collect();
        for pair in releases.windows(2).filter(|pair| pair[0].version >= pair[1].version) {
            let what = format!("{} came after {}", pair[1].version, pair[0].version);
            report.add(FindingId::VersionsOutOfOrder, self.at(MANIFEST), what);
        }
    }

    fn check_signatures(&self, keyring: Option<&Keyring>, report: &mut VerifyReport) -> Result<()> {
        let Some(keyring) = keyring else { return Ok(()) };
        let is_signed = self.manifest.files.iter().any(is_own_signature);
        if !is_signed {
            return Ok(()); // The folder was made without a key: see `unsigned`.
        }
        let index = format!("{}/{}", repodata::FOLDER, repodata::INDEX);
        let before = report.findings.len();
        for file in self.manifest.files.iter().filter(|file| self.is_sound(file.path.as_str())) {
            let path = file.path.as_str();
            if let Some(package) = &file.package {
                if let Err(error) = keyring.verify_packages(&[self.path.join(path).for_programs().to_owned()]) {
                    self.judge_package(file, package, &error, report);
                }
            } else if path.ends_with(&index) || path == format!("sources/{CHECKSUMS_FILE}") {
                self.check_signature(keyring, path, report)?;
            } else if is_statement_text(&file.path) {
                self.check_signature_of_statement(keyring, file, report)?;
            }
        }
        // rpm does not say which key it lacks.
        let is_bad = |finding: &&mut Finding| finding.id == FindingId::SignatureBad;
        let bad: Vec<&mut Finding> = report.findings[before..].iter_mut().filter(is_bad).collect();
        if bad.iter().any(|finding| finding.what.ends_with(UNKNOWN_KEY)) {
            bad.into_iter().for_each(|finding| finding.step = Some(help_to_unknown_key()));
        }
        Ok(())
    }

    /// A statement is kept as long as its release. The key that signed it may have expired since, and an earlier release may have been
    /// staged without a key.
    fn check_signature_of_statement(
        &self,
        keyring: &Keyring,
        file: &FileEntry,
        report: &mut VerifyReport,
    ) -> Result<()> {
        let signature = format!("{}{SIGNATURE}", file.path);
        match self.manifest.file(&signature) {
            None if is_own_statement(self.manifest, &file.path) => {
                report.add(FindingId::SignatureMissing, self.at(file.path.as_str()), "it is not signed");
            }
            Some(signed) if self.is_sound(&signature) => {
                let read = |name: &str| self.path.join(name).read().with_context(|| format!("cannot read `{name}`"));
                let digests = SignedContent { content: file.sha256, signature: signed.sha256 };
                let verified = keyring.verify_once(digests, &read(file.path.as_str())?, &read(&signature)?);
                if let Err(error) = verified {
                    report.add(FindingId::SignatureBad, self.at(&signature), format!("{error:#}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A package whose bytes are those that were staged was staged without a key. Nobody can sign it any more. It is reported where
    /// clients may install it now.
    fn judge_package(
        &self,
        file: &FileEntry,
        package: &PackageEntry,
        error: &anyhow::Error,
        report: &mut VerifyReport,
    ) {
        let path = file.path.as_str();
        if file.sha256 != package.unsigned_sha256 {
            report.add(FindingId::SignatureBad, self.at(path), format!("{error:#}"));
        } else if self.used != FolderUse::Former && file.path.below("rpm").is_some() {
            report.add(FindingId::PackageUnsigned, self.at(path), "it was staged without a key");
        }
    }

    fn check_signature(&self, keyring: &Keyring, path: &str, report: &mut VerifyReport) -> Result<()> {
        let signature = format!("{path}{SIGNATURE}");
        if self.manifest.file(&signature).is_none() {
            report.add(FindingId::SignatureMissing, self.at(path), "it is not signed");
        } else if self.is_sound(&signature) {
            let read = |name: &str| self.path.join(name).read().with_context(|| format!("cannot read `{name}`"));
            let (content, signed) = (read(path)?, read(&signature)?);
            let verified = match self.used {
                FolderUse::Former => keyring.verify_former(&content, &signed),
                FolderUse::Current | FolderUse::Unknown => keyring.verify_detached(&content, &signed),
            };
            let is_current = self.used != FolderUse::Former;
            if verified.is_err() && is_current && keyring.verify_former(&content, &signed).is_ok() {
                report.add(FindingId::KeyExpired, self.at(&signature), "the key that made it has expired since");
            } else if let Err(error) = verified {
                report.add(FindingId::SignatureBad, self.at(&signature), format!("{error:#}"));
            }
        }
        Ok(())
    }
}
