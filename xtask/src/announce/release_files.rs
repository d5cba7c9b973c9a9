//! The files of a release on a forge: its source archives and source packages, and the list of their digests.
//!
//! They are the bytes of the current revision. Each is read without following a link, compared with the manifest, and copied into a
//! folder of this run: whoever may write to the served tree cannot make this program upload something else.

use anyhow::Result;

use crate::announce::mail::MailAttachment;
use crate::announce::release::PromotedRelease;
use crate::announce::release_plan::ReleaseFile;
use crate::base::checksum::{CHECKSUMS_FILE, render_sums};
use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, Scratch};
use crate::project::config::Name;
use crate::repository::model::manifest::{FileEntry, is_archive};
use crate::repository::sign::{Key, SIGNATURE};
use crate::source::archive_name;

/// The files, sorted by name. The copies are removed with the value.
pub struct ReleaseFiles {
    files: Vec<ReleaseFile>,
    _scratch: Scratch,
}

impl ReleaseFiles {
    /// The files.
    pub fn files(&self) -> &[ReleaseFile] {
        &self.files
    }

    /// Copies the files of a release. `list` is added where the text has only the head of it; `key` signs the digests.
    ///
    /// Errors: a file is missing or damaged.
    pub fn gather(
        release: &PromotedRelease,
        name: &Name,
        list: Option<&MailAttachment>,
        key: Option<&Key>,
    ) -> Result<ReleaseFiles> {
        let scratch = files::large_scratch()?;
        let mut files = Vec::new();
        let keep = |name: &str, content: &[u8]| -> Result<ReleaseFile> {
            let path = scratch.write(name, content)?;
            let (name, size) = (name.to_owned(), content.len() as u64);
            Ok(ReleaseFile { name, size, sha256: digest_of(content), path, may_differ: false })
        };
        for entry in files_of(release, name) {
            files.push(keep(entry.path.file_name(), &read_whole(release, entry)?)?);
        }
        if let Some(list) = list {
            files.push(keep(&list.file_name, list.content.as_bytes())?);
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let sums = render_sums(files.iter().map(|file| (file.name.as_str(), file.sha256)));
        files.push(keep(CHECKSUMS_FILE, sums.as_bytes())?);
        if let Some(key) = key {
            let signature = key.sign_detached(sums.as_bytes(), release.promotion.at)?;
            let signature = keep(&format!("{CHECKSUMS_FILE}{SIGNATURE}"), &signature)?;
            files.push(ReleaseFile { may_differ: true, ..signature });
        }
        Ok(ReleaseFiles { files, _scratch: scratch })
    }
}

/// The archives and source packages of the version. A series has those of all its versions.
fn files_of<'a>(release: &'a PromotedRelease, name: &Name) -> impl Iterator<Item = &'a FileEntry> {
    let version = &release.promotion.version;
    let (archive, version) = (archive_name(name, version), version.to_string());
    release.revision.manifest.files.iter().filter(move |entry| match &entry.package {
        Some(package) => is_archive(&entry.path) && package.nevra.version() == version,
        None => {
            let rest = entry.path.file_name().strip_prefix(&archive);
            is_archive(&entry.path) && rest.is_some_and(|rest| rest.starts_with(['.', '-']))
        }
    })
}

fn read_whole(release: &PromotedRelease, entry: &FileEntry) -> Result<Vec<u8>> {
    let path = release.revision.path.join(entry.path.as_str());
    let content = path.read()?;
    if digest_of(&content) == entry.sha256 {
        return Ok(content);
    }
    Err(Failure::new(Exit::Failed, format!("`{path}` is not the file that the manifest lists"))
        .help(format!("see what else is wrong, and what to do: `{} verify`", program()))
        .into())
}
