//! The `<name>-repo` package: what makes a machine a client of the repository.
//!
//! It carries the `.repo` file and the keys, present and former, so that both can change later by an ordinary upgrade. It is made
//! here and not by rpmbuild, so that its bytes are the same on every machine. Its payload is gzip and its digests are SHA-256,
//! which rpm reads since 4.8 of el6. The caller signs it.

use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rpm::{BuildConfig, CompressionWithLevel, FileOptions, Package, PackageBuilder};

use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::rpm::package::PackageFile;

/// The folder of files that a person may edit: an upgrade leaves an edited one alone.
const EDITABLE: &str = "/etc/yum.repos.d/";

/// The content of the package; its bytes depend on nothing else.
pub struct ClientPackage<'a> {
    /// Such as `lago-repo`.
    pub name: &'a str,
    /// Such as `1.0.0`.
    pub version: &'a str,
    /// Higher where the content changed and the version did not.
    pub release: u32,
    /// One line.
    pub summary: &'a str,
    /// An SPDX expression.
    pub license: &'a str,
    /// Such as `Lago <lago@example.org>`; also the author of the only entry of its changelog.
    pub packager: &'a str,
    /// Absolute paths and contents. Those below `/etc/yum.repos.d/` are `%config(noreplace)`.
    pub files: Vec<(String, Vec<u8>)>,
    /// Its build time, and the modification time of its files.
    pub date: Timestamp,
}

/// An unsigned package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPackageFile {
    pub file_name: String,
    pub content: Vec<u8>,
}

impl ClientPackageFile {
    /// Its place below the folder of a dist.
    pub fn href(&self) -> String {
        format!("noarch/{}", self.file_name)
    }
}

impl ClientPackage<'_> {
    /// `NAME-VERSION-RELEASE.noarch.rpm`.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.noarch.rpm", self.name, self.version, self.release)
    }

    /// The bytes of the package.
    ///
    /// Errors: a date that no package can hold or that is in the future, a text that no header can hold (control
    /// characters, a `-` in the version).
    pub fn render(&self) -> Result<Vec<u8>> {
        let failed = || format!("cannot make `{}`", self.file_name());
        let date = u32::try_from(self.date.as_second()).with_context(failed)?;
        for (what, line) in [("summary", self.summary), ("packager", self.packager), ("license", self.license)] {
            if line.is_empty() || line.contains(char::is_control) {
                let message = format!("{}: its {what} is not one line of text", failed());
                return Err(Failure::new(Exit::Failed, message).into());
            }
        }
        let gzip = CompressionWithLevel::Gzip(9);
        let mut builder = PackageBuilder::new(self.name, self.version, self.license, "noarch", self.summary);
        builder
            .using_config(BuildConfig::v4().compression(gzip).source_date(date))
            .release(self.release.to_string())
            .build_host("reproducible")
            .group("System Environment/Base")
            .packager(self.packager)
            .add_changelog_entry(
                format!("{} - {}-{}", self.packager, self.version, self.release),
                format!("- {}", self.summary),
                date,
            )
            .description(format!("{}.", self.summary.trim_end_matches('.')));
        for (path, content) in &self.files {
            let options = FileOptions::new(path).permissions(0o644).user("root").group("root").modified_at(date.into());
            let options = if path.starts_with(EDITABLE) { options.config().noreplace() } else { options };
            builder.with_file_contents(content.clone(), options).with_context(failed)?;
        }
        let package = builder.build().with_context(failed)?;
        // The crate replaces a date in the future by the time of the clock, and the bytes would differ from run to run.
        if package.metadata.get_build_time().with_context(failed)? != u64::from(date) {
            let message = format!("{}: its date, {}, is in the future", failed(), self.date);
            return Err(Failure::new(Exit::Failed, message).help("set the clock of this machine right").into());
        }
        let mut bytes = Vec::new();
        package.write(&mut bytes).with_context(failed)?;
        Ok(bytes)
    }
}

/// The content of the file `path` in a package that was made here; `None` if the package has no such file.
pub fn read_file(package: &TreePath, path: &str) -> Result<Option<Vec<u8>>> {
    let failed = || format!("cannot read `{package}`");
    PackageFile::read_in_tree(package)?; // the crate trusts the sizes in the header
    for file in Package::parse(&mut BufReader::new(package.open().with_context(failed)?))
        .with_context(failed)?
        .files()
        .with_context(failed)?
    {
        let file = file.with_context(failed)?;
        if file.metadata.path() == Path::new(path) {
            return Ok(Some(file.content().with_context(failed)?.to_vec()));
        }
    }
    Ok(None)
}
