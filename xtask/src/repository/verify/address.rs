//! Verifies a snapshot, a revision or a series at a public address: fetches the files that its manifest lists, and checks them
//! as those of a folder.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::process::net::{fetch_file, fetch_text};
use crate::base::progress::Progress;
use crate::repository::clients::address::encode;
use crate::repository::model::event::Action;
use crate::repository::model::layout::{LATEST, MANIFEST, revision_name};
use crate::repository::model::manifest::Manifest;
use crate::repository::verify::keys::fetch_keys;
use crate::repository::verify::{FindingId, VerifyReport, verify_folder};

/// Verifies the snapshot or series at `url`, such as `https://example.org/repos/lago/stable/1.0`. A listed file that cannot be
/// fetched is a finding. `stable/X.0` and `latest` may lead elsewhere at any time: their files are fetched from the folder
/// that they led to at the beginning.
///
/// Errors: the manifest cannot be fetched or parsed; a fault of the network or of the server (exit 5).
pub fn verify(url: &str, progress: &dyn Progress) -> Result<VerifyReport> {
    let url = url.trim_end_matches('/');
    let text = fetch_text(&format!("{url}/{MANIFEST}"))?;
    let manifest = Manifest::parse(&text).map_err(|why| {
        Failure::new(Exit::Failed, format!("`{url}/{MANIFEST}` is not a manifest: {why}"))
            .help("name a snapshot or a series, such as `…/NAME/stable/1.0`")
    })?;
    let pinned = match find_pinned(url, &manifest) {
        // A server can have a copy in which the links are folders.
        Some(pinned) if fetch_text(&format!("{pinned}/{MANIFEST}")).is_ok_and(|found| found == text) => pinned,
        _ => url.to_owned(),
    };
    let scratch = files::remote_scratch()?;
    scratch.write(MANIFEST, &text)?;
    let mut fetch_errors = BTreeMap::new();
    progress.begin("fetching", Some(manifest.files.len() as u64));
    for file in &manifest.files {
        match fetch_file(&format!("{pinned}/{}", encode(file.path.as_str())), file.size) {
            Ok(content) => {
                scratch.write(file.path.as_str(), &content).with_context(|| format!("cannot keep `{}`", file.path))?;
            }
            // A fault of the network says nothing about the file.
            Err(error) if error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit != Exit::Failed) => {
                return Err(error);
            }
            Err(error) => {
                fetch_errors.insert(format!("{url}/{}", file.path), format!("{error:#}"));
            }
        }
        progress.advance(1);
    }
    progress.end();
    let keys = fetch_keys(url, &manifest.project);
    let mut report = verify_folder(&TreePath::top(scratch.path()), url, keys.as_deref(), progress)?;
    for finding in &mut report.findings {
        if finding.id == FindingId::FileMissing
            && let Some(why) = fetch_errors.get(&finding.path)
        {
            finding.what.clone_from(why);
        }
    }
    Ok(report)
}

/// The address of the immutable folder that the address of a series or of `latest` leads to, by the event in its manifest.
fn find_pinned(url: &str, manifest: &Manifest) -> Option<String> {
    let (series, action) = (manifest.series, &manifest.event.action);
    let (link, folder) = match (action, action.revision()) {
        (_, Some((series, number))) => {
            (format!("/stable/{series}"), format!("revisions/stable-{series}/{}", revision_name(number)))
        }
        (Action::Stage { snapshot, .. }, None) => {
            (format!("/unstable/{series}/{LATEST}"), format!("unstable/{series}/{snapshot}"))
        }
        _ => return None,
    };
    url.strip_suffix(&link).map(|root| format!("{root}/{folder}"))
}
