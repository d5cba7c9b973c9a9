//! What the bill of materials of a release says: collected while the archives are written.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::project::own_version::own_version;
use crate::rpm::release::added::{AddedContent, AddedFile};
use crate::rpm::release::input::ReleaseInput;
use crate::rpm::release::made::{Made, Written};
use crate::rpm::release::plan::ReleaseStep;
use crate::source::Export;
use crate::source::digests::MemberDigest;
use crate::source::sbom::{Artifact, ArtifactKind, BomCrate, BomFile, Sbom};
use crate::source::vendor_archive_name;

/// The content of the archives.
#[derive(Default)]
pub struct Materials {
    /// The files of the tar archive.
    pub files: Vec<MemberDigest>,
    /// The crates of the vendor archive.
    pub crates: Vec<BomCrate>,
}

impl Materials {
    /// The bill of materials. `made` has the archives and the source RPM.
    pub fn describe(&self, input: &ReleaseInput, export: &Export, steps: &[ReleaseStep], made: &Made) -> Result<Sbom> {
        let date = Timestamp::from_second(i64::try_from(export.seconds()).unwrap_or(i64::MAX));
        let date = date.with_context(|| format!("commit `{}` has no possible date", input.commit))?;
        let programs = programs(steps);
        let generated: BTreeSet<&[u8]> = export.generated_paths().collect();
        let file = |digest: &MemberDigest| {
            let path = digest.path.as_slice();
            let by_releng = || generated.contains(path).then(|| "made by: releng".to_owned());
            BomFile::new(digest, programs.get(path).cloned().or_else(by_releng))
        };
        let vendor = vendor_archive_name(input.name(), input.version());
        let artifact = |written: &Written| {
            let file = written.file.strip_prefix("sources/")?;
            let kind = kind_of(file, &vendor, input)?;
            Some(Artifact { file: file.to_owned(), sha256: written.digest, kind })
        };
        Ok(Sbom {
            name: input.name().to_string(),
            version: input.version().to_string(),
            commit: input.commit,
            date,
            tool: own_version().to_owned(),
            files: self.files.iter().map(file).collect(),
            crates: self.crates.clone(),
            artifacts: made.sources.iter().chain(&made.srpm).filter_map(artifact).collect(),
        })
    }
}

/// How each file of `[[source.generate]]` with a program is made, by path.
fn programs(steps: &[ReleaseStep]) -> BTreeMap<&[u8], String> {
    let programs = steps.iter().filter_map(|step| match step {
        ReleaseStep::Add(AddedFile { path, content: AddedContent::Run { run, .. }, .. }) => {
            Some((path.as_bytes(), format!("made by: {}", run.join(" "))))
        }
        _ => None,
    });
    programs.collect()
}

/// `None` for a file that is no archive.
fn kind_of(file: &str, vendor: &str, input: &ReleaseInput) -> Option<ArtifactKind> {
    if file == vendor {
        return Some(ArtifactKind::Vendor);
    }
    if let Some(package) = file.strip_suffix(".src.rpm") {
        let named = format!("{}-{}-", input.name(), input.version());
        let release = package.strip_prefix(&named).unwrap_or(package).to_owned();
        return Some(ArtifactKind::SourceRpm { release });
    }
    if file.ends_with(".tar.gz") {
        return Some(ArtifactKind::Tar);
    }
    file.ends_with(".zip").then_some(ArtifactKind::Zip)
}
