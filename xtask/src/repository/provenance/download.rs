//! Checks a file that a person has downloaded against a statement, with its signature.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::checksum::digest_of_file;
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

/// Checks that the file `download` is a subject of the statement in the file `statement`. With `keys`, one of these public keys must have
/// signed the statement.
///
/// Errors: a file cannot be read; the signature is missing or invalid, or there are no keys for it; the file is no subject.
pub fn check(download: &Path, statement: &Path, keys: Option<&[u8]>) -> Result<CheckedDownload> {
    let text = read(statement)?;
    let signer = check_signature(statement, &text, keys)?;
    let parsed = Statement::parse(&text).map_err(|why| {
        Failure::new(Exit::Failed, format!("`{}` is not a statement: {why}", statement.display())).help(
            "name a file from `sources/` or `provenance/` of the repository, such as `NAME-X.Y.Z.provenance.json`",
        )
    })?;
    let sha256 = digest_of_file(download)?;
    let Some(subject) = parsed.subject.iter().find(|subject| subject.sha256() == Some(sha256)) else {
        return Err(no_subject(download, statement, &parsed).into());
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

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn check_signature(statement: &Path, text: &[u8], keys: Option<&[u8]>) -> Result<Option<Fingerprint>> {
    let signature = PathBuf::from(format!("{}{SIGNATURE}", statement.display()));
    let shown = signature.display();
    match (signature.is_file(), keys) {
        (true, Some(keys)) => {
            let keyring = Keyring::of(&split_keys(&String::from_utf8_lossy(keys)).collect::<Vec<_>>())?;
            let signer = keyring.verify_former(text, &read(&signature)?);
            signer.map(Some).with_context(|| format!("`{shown}`"))
        }
        (true, None) => Err(Failure::new(Exit::Usage, format!("there is no key to check `{shown}` with"))
            .help("name the public keys of the repository: `--keys RPM-GPG-KEY-NAME`")
            .into()),
        (false, Some(_)) => Err(Failure::new(Exit::Failed, format!("there is no signature `{shown}`"))
            .help("download it too, into the same folder: it is beside the statement")
            .into()),
        (false, None) => Ok(None),
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
