//! The bill of materials as CycloneDX 1.6 in JSON.
//!
//! The components are the archives, the source RPM, the crates and the files. What this form has no field for is a property whose name begins
//! with `releng:`.

use anyhow::Result;
use serde::Serialize;

use crate::base::digest::Digest;
use crate::source::sbom::licence::Licence;
use crate::source::sbom::model::{Artifact, ArtifactKind, BomCrate, BomFile, Sbom};
use crate::source::sbom::purl;

const PROJECT: &str = "project";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDxDocument<'a> {
    bom_format: &'a str,
    spec_version: &'a str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<ComponentDependency<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: String,
    tools: Tools<'a>,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Component<'a>; 1],
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<ComponentHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licenses: Option<[LicenceChoice<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<[Property<'a>; 1]>,
}

#[derive(Serialize)]
struct ComponentHash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum LicenceChoice<'a> {
    Expression(&'a str),
    License { name: &'a str },
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'a str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComponentDependency<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    depends_on: Vec<String>,
}

/// The content of the file.
pub fn render(sbom: &Sbom) -> Result<Vec<u8>> {
    let Sbom { name, version, commit, date, tool, .. } = sbom;
    let program = Component { version: Some(tool), ..component("application", "releng") };
    let project = Component {
        reference: Some(PROJECT.to_owned()),
        version: Some(version),
        properties: property("releng:commit", commit.to_string()),
        ..component("application", name)
    };
    let artifacts = sbom.artifacts.iter().map(|artifact| artifact_component(sbom, artifact));
    let crates = sbom.crates.iter().map(crate_component);
    let mut dependencies = Vec::new();
    if !sbom.crates.is_empty() {
        let depends_on = sbom.crates.iter().map(purl_of).collect();
        dependencies.push(ComponentDependency { reference: PROJECT, depends_on });
    }
    let document = CycloneDxDocument {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: serial_number(sbom.identity()),
        version: 1,
        metadata: Metadata {
            timestamp: date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            tools: Tools { components: [program] },
            component: project,
        },
        components: artifacts.chain(crates).chain(sbom.files.iter().map(file_component)).collect(),
        dependencies,
    };
    let mut text = serde_json::to_vec(&document)?;
    text.push(b'\n');
    Ok(text)
}

/// A UUID of version 8, whose bits the program chooses: the first ones of a digest.
fn serial_number(digest: Digest) -> String {
    let digits = digest.to_string();
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..15],
        &digits[15..18],
        &digits[18..30]
    )
}

fn component<'a>(kind: &'a str, name: &'a str) -> Component<'a> {
    let (reference, version, licenses, purl, properties) = (None, None, None, None, None);
    Component { kind, reference, name, version, hashes: Vec::new(), licenses, purl, properties }
}

fn property(name: &str, value: String) -> Option<[Property<'_>; 1]> {
    Some([Property { name, value }])
}

fn sha256_hash(digest: Digest) -> ComponentHash {
    ComponentHash { alg: "SHA-256", content: digest.to_string() }
}

fn artifact_component<'a>(sbom: &'a Sbom, artifact: &'a Artifact) -> Component<'a> {
    let Artifact { file, sha256, kind } = artifact;
    let (name, version) = (&sbom.name, &sbom.version);
    let purl = match kind {
        ArtifactKind::SourceRpm { release } => purl::of_source_rpm(name, version, release),
        _ => purl::of_archive(name, version, file, &sha256.to_string()),
    };
    Component {
        version: Some(version),
        hashes: vec![sha256_hash(*sha256)],
        purl: Some(purl),
        ..component("file", file)
    }
}

fn purl_of(found: &BomCrate) -> String {
    purl::of_crate(&found.name, &found.version, found.source.as_deref())
}

fn crate_component(found: &BomCrate) -> Component<'_> {
    let licenses = found.licence.as_ref().map(|licence| match licence {
        Licence::Expression(expression) => [LicenceChoice::Expression(expression)],
        Licence::Text(name) => [LicenceChoice::License { name }],
    });
    Component {
        reference: Some(purl_of(found)),
        version: Some(&found.version),
        hashes: found.sha256.map(sha256_hash).into_iter().collect(),
        licenses,
        purl: Some(purl_of(found)),
        ..component("library", &found.name)
    }
}

fn file_component(file: &BomFile) -> Component<'_> {
    let sha1 = ComponentHash { alg: "SHA-1", content: file.sha1.clone() };
    Component {
        hashes: vec![sha1, sha256_hash(file.sha256)],
        properties: file.made.as_ref().and_then(|made| property("releng:made", made.clone())),
        ..component("file", &file.path)
    }
}
