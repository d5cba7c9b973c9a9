//! The `<name>-repo` package: what makes a machine a client of the repository.
//!
//! It carries the `.repo` file and the keys, present and former, so that both can change later by an ordinary upgrade. It is made
//! here and not by rpmbuild, so that its bytes are the same on every machine. Its payload is gzip and its digests are SHA-256,
//! which rpm reads since 4.8 of el6. The caller signs it.

use std::io::{Seek, SeekFrom};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::rpm::nevra::Nevra;
use crate::rpm::package::PackageFile;
use crate::rpm::srpm::files_package::{FilesPackage, PlainFile, read_payload_file};

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
    /// Errors: a date that no package can hold, a text that no header can hold.
    pub fn render(&self) -> Result<Vec<u8>> {
        let failed = || format!("cannot make `{}`", self.file_name());
        let seconds = u32::try_from(self.date.as_second()).with_context(failed)?;
        Nevra::new(self.name, 0, self.version, &self.release.to_string(), "noarch").with_context(failed)?;
        for (what, line) in [("summary", self.summary), ("packager", self.packager), ("license", self.license)] {
            if line.is_empty() || line.contains(char::is_control) {
                let message = format!("{}: its {what} is not one line of text", failed());
                return Err(Failure::new(Exit::Failed, message).into());
            }
        }
        let file = |(path, content): &(String, Vec<u8>)| PlainFile {
            path: path.clone(),
            content: content.clone(),
            is_editable: path.starts_with(EDITABLE),
        };
        let package = FilesPackage {
            name: self.name,
            version: self.version,
            release: &self.release.to_string(),
            summary: self.summary,
            description: &format!("{}.", self.summary.trim_end_matches('.')),
            license: self.license,
            packager: self.packager,
            files: self.files.iter().map(file).collect(),
            seconds,
        };
        package.render().with_context(failed)
    }
}

/// The content of the file `path` in a package that was made here; `None` if the package has no such file.
pub fn read_file(package: &TreePath, path: &str) -> Result<Option<Vec<u8>>> {
    let failed = || format!("cannot read `{package}`");
    let head = PackageFile::read_in_tree(package)?.head;
    let mut payload = package.open().with_context(failed)?;
    let start = head.before_header.len() + head.header.bytes().len();
    payload.seek(SeekFrom::Start(start as u64)).with_context(failed)?;
    read_payload_file(payload, path).with_context(failed)
}
