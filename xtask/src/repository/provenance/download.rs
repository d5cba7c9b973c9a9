//! Checks a file that a person has downloaded against a statement, with its signature.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::statement::{Descriptor, Statement};
use crate::repository::sign::{Fingerprint, Keyring, SIGNATURE, split_keys};

/// What a statement says about a file.
pub struct CheckedDownload {
    /// The subject of the statement that is the file.
    pub subject: String,
    pub sha256: Digest,
    /// `None` if the statement states no version.
    pub version: Option<String>,
    pub commit: Option<String>,
    /// The key that signed the statement; `None` if it is not signed.
    pub signer: Option<Fingerprint>,
}

/// A downloaded file and the statement beside it.
pub struct Download<'a> {
    pub file: &'a Path,
    pub sha256: Digest,
    pub statement: &'a Path,
    /// The content of the statement.
    pub text: &'a [u8],
    /// The content of the signature; `None` if there is none.
    pub signature: Option<&'a [u8]>,
}

/// The path of the signature of a file.
pub fn signature_path(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}{SIGNATURE}", file.display()))
}

/// Checks that a file is a subject of the statement. With `keys`, one of these public keys must have signed the statement.
///
/// Errors: the signature is missing or invalid, or there are no keys for it; the file is no subject.
pub fn check(download: &Download<'_>, keys: Option<&[u8]>) -> Result<CheckedDownload> {
    let Download { file, sha256, statement, text, .. } = *download;
    let signer = check_signature(download, keys)?;
    let parsed = Statement::parse(text).map_err(|why| {
        Failure::new(Exit::Failed, format!("`{}` is not a statement: {why}", statement.display())).help(
            "name a file from `sources/` or `provenance/` of the repository, such as `NAME-X.Y.Z.provenance.json`",
        )
    })?;
    let Some(subject) = parsed.subject.iter().find(|subject| subject.sha256() == Some(sha256)) else {
        return Err(no_subject(file, statement, &parsed).into());
    };
    let provenance = parsed.provenance();
    let definition = provenance.as_ref().map(|provenance| &provenance.build_definition);
    let version = definition.and_then(|definition| definition.external_parameters.get("version")?.as_str());
    let commit =
        definition.and_then(|definition| definition.resolved_dependencies.iter().find_map(Descriptor::commit_id));
    Ok(CheckedDownload {
        subject: subject.name.clone(),
        sha256,
        version: version.map(str::to_owned),
        commit: commit.map(str::to_owned),
        signer,
    })
}

fn check_signature(download: &Download<'_>, keys: Option<&[u8]>) -> Result<Option<Fingerprint>> {
    let signature = signature_path(download.statement);
    let shown = signature.display();
    match (download.signature, keys) {
        (Some(signature), Some(keys)) => {
            let keyring = Keyring::of(&split_keys(&String::from_utf8_lossy(keys)).collect::<Vec<_>>())?;
            keyring.verify_former(download.text, signature).map(Some).with_context(|| format!("`{shown}`"))
        }
        (Some(_), None) => Err(Failure::new(Exit::Usage, format!("there is no key to check `{shown}` with"))
            .help("name the public keys of the repository: `--keys RPM-GPG-KEY-NAME`")
            .into()),
        (None, Some(_)) => Err(Failure::new(Exit::Failed, format!("there is no signature `{shown}`"))
            .help("download it too, into the same folder: it is beside the statement")
            .into()),
        (None, None) => Ok(None),
    }
}

fn no_subject(download: &Path, statement: &Path, parsed: &Statement<serde_json::Value>) -> Failure {
    let (shown, stated) = (download.display(), statement.display());
    let name = download.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_named = |subject: &Descriptor| subject.name.rsplit('/').next() == Some(name.as_str());
    if parsed.subject.iter().any(is_named) {
        return Failure::new(Exit::Failed, format!("`{shown}` is not the file that `{stated}` states: its digest differs"))
            .help(
                "download both again; a package that was signed has another digest than in `sources/`: check it against the statement \
                 of its snapshot, in `provenance/`",
            );
    }
    Failure::new(Exit::Failed, format!("`{stated}` states nothing about `{shown}`"))
        .help("name the statement of the release that the file is of")
}
