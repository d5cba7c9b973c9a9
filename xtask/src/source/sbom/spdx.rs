//! The bill of materials as SPDX 2.3 in JSON.
//!
//! The tar archive is a package with its files. The zip archive has the same files, and is a variant of it. The vendor archive contains a
//! package for each crate. The source RPM is generated from the tar archive.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::base::digest::digest_of;
use crate::base::package_digest::PackageHash;
use crate::source::sbom::licence::Licence;
use crate::source::sbom::model::{Artifact, ArtifactKind, BomCrate, BomFile, Sbom};
use crate::source::sbom::purl;

/// The value for what the program does not know.
const UNKNOWN: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const TAR: &str = "SPDXRef-Package-tar";
/// The `source` of a crate from crates.io.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxDocument<'a> {
    spdx_version: &'a str,
    data_license: &'a str,
    #[serde(rename = "SPDXID")]
    id: &'a str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<SpdxPackage<'a>>,
    files: Vec<SpdxFile<'a>>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedLicence>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    version_info: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<&'a str>,
    download_location: String,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_verification_code: Option<VerificationCode>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<SpdxChecksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'a str,
    license_declared: String,
    copyright_text: &'a str,
    primary_package_purpose: &'a str,
    external_refs: [ExternalReference; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationCode {
    package_verification_code_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxChecksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalReference {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxFile<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    file_name: String,
    checksums: [SpdxChecksum; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedLicence {
    license_id: String,
    name: String,
    extracted_text: String,
}

/// The content of the file.
pub fn render(sbom: &Sbom) -> Result<Vec<u8>> {
    let Sbom { name, version, date, tool, .. } = sbom;
    let artifacts = sbom.artifacts.iter().map(|artifact| artifact_package(sbom, artifact));
    let crates = sbom.crates.iter().enumerate().map(|(index, found)| crate_package(index, found));
    let document = SpdxDocument {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: format!("{name}-{version}"),
        document_namespace: format!("https://spdx.org/spdxdocs/{name}-{version}-{}", sbom.identity()),
        creation_info: CreationInfo {
            created: date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            creators: [format!("Tool: releng-{tool}")],
        },
        packages: artifacts.chain(crates).collect(),
        files: sbom.files.iter().enumerate().map(|(index, file)| spdx_file(index, file)).collect(),
        relationships: relationships(sbom),
        has_extracted_licensing_infos: extracted_licences(&sbom.crates),
    };
    let mut text = serde_json::to_vec(&document)?;
    text.push(b'\n');
    Ok(text)
}

fn artifact_id(kind: &ArtifactKind) -> &'static str {
    match kind {
        ArtifactKind::Tar => TAR,
        ArtifactKind::Zip => "SPDXRef-Package-zip",
        ArtifactKind::Vendor => "SPDXRef-Package-vendor",
        ArtifactKind::SourceRpm { .. } => "SPDXRef-Package-source-rpm",
    }
}

fn file_id(index: usize) -> String {
    format!("SPDXRef-File-{}", index + 1)
}

fn crate_id(index: usize) -> String {
    format!("SPDXRef-Crate-{}", index + 1)
}

fn checksum(algorithm: &'static str, digest: impl ToString) -> SpdxChecksum {
    SpdxChecksum { algorithm, checksum_value: digest.to_string() }
}

fn purl_reference(reference_locator: String) -> [ExternalReference; 1] {
    [ExternalReference { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator }]
}

fn artifact_package<'a>(sbom: &'a Sbom, artifact: &'a Artifact) -> SpdxPackage<'a> {
    let Artifact { file, sha256, kind } = artifact;
    let (name, version) = (&sbom.name, &sbom.version);
    let purl = match kind {
        ArtifactKind::SourceRpm { release } => purl::of_source_rpm(name, version, release),
        _ => purl::of_archive(name, version, file, &sha256.to_string()),
    };
    let is_tar = *kind == ArtifactKind::Tar;
    SpdxPackage {
        id: artifact_id(kind).to_owned(),
        name,
        version_info: version,
        package_file_name: Some(file),
        download_location: UNKNOWN.to_owned(),
        files_analyzed: is_tar,
        package_verification_code: is_tar.then(|| verification_code(&sbom.files)),
        checksums: vec![checksum("SHA256", sha256)],
        source_info: is_tar.then(|| format!("git commit {}", sbom.commit)),
        license_concluded: UNKNOWN,
        license_declared: UNKNOWN.to_owned(),
        copyright_text: UNKNOWN,
        primary_package_purpose: if *kind == ArtifactKind::Vendor { "ARCHIVE" } else { "SOURCE" },
        external_refs: purl_reference(purl),
    }
}

/// The SHA-1 digest of the sorted SHA-1 digests of all files, as SPDX defines it.
fn verification_code(files: &[BomFile]) -> VerificationCode {
    let mut digests: Vec<&str> = files.iter().map(|file| file.sha1.as_str()).collect();
    digests.sort_unstable();
    let mut hash = PackageHash::sha1();
    for digest in digests {
        hash.add(digest.as_bytes());
    }
    VerificationCode { package_verification_code_value: hash.finish_text() }
}

fn crate_package(index: usize, found: &BomCrate) -> SpdxPackage<'_> {
    let BomCrate { name, version, licence, source, sha256 } = found;
    SpdxPackage {
        id: crate_id(index),
        name,
        version_info: version,
        package_file_name: None,
        download_location: download_location(found),
        files_analyzed: false,
        package_verification_code: None,
        checksums: sha256.iter().map(|digest| checksum("SHA256", digest)).collect(),
        source_info: None,
        license_concluded: UNKNOWN,
        license_declared: licence.as_ref().map_or(UNKNOWN.to_owned(), licence_text),
        copyright_text: UNKNOWN,
        primary_package_purpose: "LIBRARY",
        external_refs: purl_reference(purl::of_crate(name, version, source.as_deref())),
    }
}

/// Where a crate can be fetched, if its source says it in a form of SPDX.
fn download_location(found: &BomCrate) -> String {
    let BomCrate { name, version, source, .. } = found;
    match source.as_deref() {
        Some(CRATES_IO) => {
            format!("https://static.crates.io/crates/{name}/{name}-{}.crate", version.replace('+', "%2B"))
        }
        _ => UNKNOWN.to_owned(),
    }
}

fn licence_text(licence: &Licence) -> String {
    match licence {
        Licence::Expression(expression) => expression.clone(),
        Licence::Text(text) => licence_reference(text),
    }
}

/// The identifier of a licence that is not an expression of SPDX.
fn licence_reference(text: &str) -> String {
    let digest = digest_of(text.as_bytes()).to_string();
    format!("LicenseRef-{}", &digest[..16])
}

fn extracted_licences(crates: &[BomCrate]) -> Vec<ExtractedLicence> {
    let texts = crates.iter().filter_map(|found| match &found.licence {
        Some(Licence::Text(text)) => Some((licence_reference(text), text)),
        _ => None,
    });
    let by_id: BTreeMap<String, &String> = texts.collect();
    let extracted = |(license_id, text): (String, &String)| ExtractedLicence {
        license_id,
        name: text.clone(),
        extracted_text: text.clone(),
    };
    by_id.into_iter().map(extracted).collect()
}

fn spdx_file(index: usize, file: &BomFile) -> SpdxFile<'_> {
    SpdxFile {
        id: file_id(index),
        file_name: format!("./{}", file.path),
        checksums: [checksum("SHA1", &file.sha1), checksum("SHA256", file.sha256)],
        comment: file.made.as_deref(),
    }
}

fn relationships(sbom: &Sbom) -> Vec<Relationship> {
    let mut all = Vec::new();
    let mut add = |from: &str, relationship_type, to: &str| {
        all.push(Relationship {
            spdx_element_id: from.to_owned(),
            relationship_type,
            related_spdx_element: to.to_owned(),
        });
    };
    for Artifact { kind, .. } in &sbom.artifacts {
        add(DOCUMENT, "DESCRIBES", artifact_id(kind));
    }
    for Artifact { kind, .. } in &sbom.artifacts {
        match kind {
            ArtifactKind::Tar => {}
            ArtifactKind::Zip => add(artifact_id(kind), "VARIANT_OF", TAR),
            ArtifactKind::Vendor => {
                (0..sbom.crates.len()).for_each(|index| add(artifact_id(kind), "CONTAINS", &crate_id(index)));
            }
            ArtifactKind::SourceRpm { .. } => add(artifact_id(kind), "GENERATED_FROM", TAR),
        }
    }
    for index in 0..sbom.files.len() {
        add(TAR, "CONTAINS", &file_id(index));
    }
    all
}
