//! Verification of what is published at an address: it is fetched, as its manifest lists it, and then checked like a folder.

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::process::net::fetch;
use crate::base::progress::Progress;
use crate::repository::clients::address::encode;
use crate::repository::model::layout::MANIFEST;
use crate::repository::model::manifest::Manifest;
use crate::repository::verify::{Id, Report, verify_folder};

/// Verifies the snapshot or series at `url`, such as `https://example.org/repos/lago/stable/1.0`.
///
/// Errors: nothing there; no manifest there. What the manifest lists and is not there is a finding.
pub fn verify(url: &str, progress: &dyn Progress) -> Result<Report> {
    let url = url.trim_end_matches('/');
    let text = fetch(&format!("{url}/{MANIFEST}"))?;
    let manifest = Manifest::parse(&text).map_err(|why| {
        Failure::new(Exit::Failed, format!("`{url}/{MANIFEST}` is no manifest: {why}"))
            .help("name a snapshot or a series, such as `…/NAME/stable/1.0`")
    })?;
    let scratch = files::remote_scratch()?;
    scratch.write(MANIFEST, &text)?;
    let mut absent = Vec::new();
    progress.begin("fetching", Some(manifest.files.len() as u64));
    for file in &manifest.files {
        match fetch(&format!("{url}/{}", encode(file.path.as_str()))) {
            Ok(content) => {
                scratch.write(file.path.as_str(), &content).with_context(|| format!("cannot keep `{}`", file.path))?;
            }
            Err(error) => absent.push((file.path.to_string(), format!("{error:#}"))),
        }
        progress.advance(1);
    }
    progress.end();
    let keys = find_keys(url, &manifest);
    let mut report = verify_folder(scratch.path(), url, keys.as_deref())?;
    for finding in report.findings.iter_mut().filter(|finding| finding.id == Id::FileMissing) {
        let why = absent.iter().find(|(path, _)| finding.path == format!("{url}/{path}"));
        finding.what = why.map_or(finding.what.clone(), |(_, why)| why.clone());
    }
    Ok(report)
}

/// The public keys, which lie at the root of the project's tree: one of the folders above.
fn find_keys(url: &str, manifest: &Manifest) -> Option<Vec<u8>> {
    let mut folder = url;
    for _ in 0..3 {
        folder = folder.rsplit_once('/')?.0;
        if let Ok(keys) = fetch(&format!("{folder}/RPM-GPG-KEY-{}", manifest.project)) {
            return Some(keys);
        }
    }
    None
}
