//! `verify --provenance`: checks a file that a person has downloaded against a statement.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::base::checksum::digest_of_file;
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::clients::keys::read_keys;
use crate::repository::provenance::download::{CheckedDownload, Download, check, signature_path};

/// Checks the file `download` and prints what the statement says about it. `keys` is a file with public keys; without it, those of the
/// project's own repository count, if there are any.
pub fn run(context: &Context, download: &Path, statement: &Path, keys: Option<&Path>) -> Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    let keys = match keys {
        Some(path) => Some(read(path)?),
        None => Site::load(context).ok().and_then(|site| read_keys(&site.layout).text.ok()),
    };
    let text = read(statement)?;
    let signature =
        Some(signature_path(statement)).filter(|path| path.is_file()).map(|path| read(&path)).transpose()?;
    let found = Download {
        file: download,
        sha256: digest_of_file(download)?,
        statement,
        text: &text,
        signature: signature.as_deref(),
    };
    let CheckedDownload { subject, sha256, version, commit, signer } = check(&found, keys.as_deref())?;
    if signer.is_none() {
        context.ui.warn(&format!("`{}` is not signed: nothing proves who wrote it", statement.display()));
    }
    let mut lines = vec![format!("{} is {}", download.display(), subject.escape_debug()), format!("sha256: {sha256}")];
    lines.extend(version.map(|version| format!("version: {}", version.escape_debug())));
    lines.extend(commit.map(|commit| format!("commit: {}", commit.escape_debug())));
    lines.extend(signer.map(|signer| format!("signed by: {signer}")));
    context.ui.print(&(lines.join("\n") + "\n"))
}
