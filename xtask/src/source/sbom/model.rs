//! What is in a release, before it is written in one of the two forms.

use std::fmt;

use jiff::Timestamp;

use crate::base::digest::{Digest, digest_of};
use crate::git::CommitId;
use crate::source::digests::MemberDigest;
use crate::source::sbom::licence::Licence;

/// The two forms of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SbomForm {
    /// SPDX 2.3.
    Spdx,
    /// CycloneDX 1.6.
    CycloneDx,
}

impl SbomForm {
    /// Both.
    pub const ALL: [SbomForm; 2] = [SbomForm::Spdx, SbomForm::CycloneDx];

    /// The suffix of the file.
    pub fn suffix(self) -> &'static str {
        match self {
            SbomForm::Spdx => ".spdx.json",
            SbomForm::CycloneDx => ".cdx.json",
        }
    }
}

impl fmt::Display for SbomForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SbomForm::Spdx => "SPDX 2.3",
            SbomForm::CycloneDx => "CycloneDX 1.6",
        })
    }
}

/// The content of a release.
#[derive(Clone, Debug)]
pub struct Sbom {
    pub name: String,
    pub version: String,
    pub commit: CommitId,
    /// The date of the commit.
    pub date: Timestamp,
    /// The version of this program.
    pub tool: String,
    /// The files of the archives, in the order of the tar archive.
    pub files: Vec<BomFile>,
    /// The crates of the vendor archive, sorted by name and version.
    pub crates: Vec<BomCrate>,
    /// The archives and the source RPM.
    pub artifacts: Vec<Artifact>,
}

/// A file of the archives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BomFile {
    /// Below the top folder of the archives.
    pub path: String,
    /// In hexadecimal digits.
    pub sha1: String,
    pub sha256: Digest,
    /// How a file was made that is not in the commit, such as `made by: python3 gen.py`.
    pub made: Option<String>,
}

impl BomFile {
    /// A file with its digests. A path that is not UTF-8 is shown with escapes: each byte that is none as `\xff`.
    pub fn new(digest: &MemberDigest, made: Option<String>) -> BomFile {
        let mut path = String::with_capacity(digest.path.len());
        for chunk in digest.path.utf8_chunks() {
            path.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|byte| path.push_str(&format!("\\x{byte:02x}")));
        }
        BomFile { path, sha1: digest.sha1.clone(), sha256: digest.sha256, made }
    }
}

/// A crate in the vendor archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BomCrate {
    pub name: String,
    pub version: String,
    /// `None` if the crate states none.
    pub licence: Option<Licence>,
    /// `source` in `Cargo.lock`.
    pub source: Option<String>,
    /// The SHA-256 digest of the crate's own archive, from `Cargo.lock`; `None` if it comes from git.
    pub sha256: Option<Digest>,
}

/// A file beside the SBOM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its name.
    pub file: String,
    pub sha256: Digest,
    pub kind: ArtifactKind,
}

/// The kind of a file beside the SBOM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// The tar archive.
    Tar,
    /// The zip archive, which has the same files.
    Zip,
    /// The archive with the crates.
    Vendor,
    /// The source RPM, with its release without the dist.
    SourceRpm { release: String },
}

impl Sbom {
    /// A digest from which the files take their identifiers. The digests of the archives stand for what is in them.
    pub fn identity(&self) -> Digest {
        let Sbom { name, version, commit, date, tool, artifacts, files, .. } = self;
        let mut text = format!("{name}\n{version}\n{commit}\n{}\n{tool}\n", date.as_second());
        for Artifact { file, sha256, .. } in artifacts {
            text.push_str(&format!("{sha256}  {file}\n"));
        }
        for BomFile { path, made, .. } in files {
            text.extend(made.iter().map(|made| format!("{path}: {made}\n")));
        }
        digest_of(text.as_bytes())
    }
}
