//! Compares a statement with the manifest of the snapshot or revision that has it.

use std::collections::BTreeMap;

use crate::base::digest::Digest;
use crate::base::statement::{Descriptor, Provenance, Statement};
use crate::repository::model::manifest::{FileEntry, Manifest, ReleasedVersion};
use crate::repository::model::name::FilePath;
use crate::repository::provenance::promotion::{PROMOTION, path_of_promotion};
use crate::repository::provenance::snapshot::UNSIGNED;

/// Why a statement in the file `path` does not fit; `None` if it does. The subjects for which `is_ignored` holds are not compared.
pub fn find_fault(
    manifest: &Manifest,
    path: &FilePath,
    text: &[u8],
    is_ignored: impl Fn(&str) -> bool,
) -> Option<String> {
    let statement = match Statement::parse(text) {
        Ok(statement) => statement,
        Err(why) => return Some(format!("it is not a statement: {why}")),
    };
    if statement.subject.is_empty() {
        return Some("it has no subjects".to_owned());
    }
    let is_snapshot = manifest.event.action.revision().is_none();
    // The statement of `dist` names the files beside it.
    let folder = if path.below("sources").is_some() { "sources/" } else { "" };
    for subject in &statement.subject {
        let name = format!("{folder}{}", subject.name);
        match manifest.file(&name) {
            Some(file) if fits(subject, file) || is_ignored(&name) => {}
            Some(_) => return Some(format!("`{name}` has another digest than it states")),
            // A revision does not take over the spec, and a yanked package is gone.
            None if is_snapshot => return Some(format!("it states `{}`, which is not here", name.escape_debug())),
            None => {}
        }
    }
    match statement.provenance() {
        Some(provenance) => find_wrong_material(manifest, &provenance),
        None if statement.predicate_type == PROMOTION => find_wrong_commit(manifest, &statement),
        None => Some(format!("its predicate `{}` is unknown", statement.predicate_type.escape_debug())),
    }
}

/// Whether a statement was made together with the snapshot or revision: each statement of a snapshot, and that of the promotion that made
/// a revision.
pub fn is_own_statement(manifest: &Manifest, path: &FilePath) -> bool {
    match manifest.event.action.revision() {
        None => true,
        Some((_, number)) => path.as_str() == path_of_promotion(number),
    }
}

/// Whether a file is what a subject states. `dist` states packages before they are signed.
fn fits(subject: &Descriptor, file: &FileEntry) -> bool {
    let Some(stated) = subject.sha256() else { return false };
    let unsigned = file.package.as_ref().map(|package| package.unsigned_sha256);
    let annotated = subject.annotations.get(UNSIGNED).and_then(|digest| digest.as_str()?.parse::<Digest>().ok());
    stated == file.sha256 || unsigned.is_some_and(|unsigned| Some(unsigned) == annotated || stated == unsigned)
}

fn find_release<'m>(manifest: &'m Manifest, version: Option<&str>) -> Option<&'m ReleasedVersion> {
    manifest.releases().find(|release| Some(release.version.to_string().as_str()) == version)
}

/// A rolled-back or yanked release is not in the manifest any more, and its statement says nothing about the others.
fn find_wrong_material(manifest: &Manifest, provenance: &Provenance) -> Option<String> {
    let definition = &provenance.build_definition;
    let stated = |key: &str| definition.external_parameters.get(key).and_then(|value| value.as_str());
    if stated("name") != Some(manifest.project.to_string().as_str()) {
        return Some("it states another project".to_owned());
    }
    let release = find_release(manifest, stated("version"))?;
    let mut dependencies = definition.resolved_dependencies.iter();
    let commit = dependencies.find_map(Descriptor::commit_id);
    if commit != Some(release.commit.to_string().as_str()) {
        return Some(format!("it states another commit than that of {}", release.version));
    }
    let files: BTreeMap<&str, Option<Digest>> =
        definition.resolved_dependencies.iter().map(|found| (found.name.as_str(), found.sha256())).collect();
    let is_other = |(path, digest): &(&String, &Digest)| files.get(path.as_str()) != Some(&Some(**digest));
    let (other, _) = release.packaging.iter().find(is_other)?;
    Some(format!("it states another `{other}` of the folder of `--packaging`"))
}

fn find_wrong_commit(manifest: &Manifest, statement: &Statement<serde_json::Value>) -> Option<String> {
    let stated = |key: &str| statement.predicate.get(key);
    let release = find_release(manifest, stated("version").and_then(|version| version.as_str()))?;
    let commit = stated("commit").and_then(|commit| commit.get("digest")?.get("gitCommit")?.as_str());
    let is_same = commit == Some(release.commit.to_string().as_str());
    (!is_same).then(|| format!("it states another commit than that of {}", release.version))
}
