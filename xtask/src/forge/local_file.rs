//! A file that is added to a release, beside the one that the forge has.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

use crate::base::digest::HashingWriter;
use crate::base::error::{Exit, Failure};
use crate::forge::model::Asset;
use crate::project::config::ForgeKind;

/// The size and digest of a file here.
pub struct LocalFile {
    size: u64,
    /// `sha256:…`
    digest: String,
}

/// What a release has under the name of a file.
pub enum Namesake {
    Nothing,
    /// The same file.
    Same(Asset),
    /// What a broken upload left.
    Broken(Asset),
}

impl LocalFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<LocalFile> {
        let shown = || format!("cannot read `{}`", path.display());
        let mut file = File::open(path).with_context(shown)?;
        let mut hash = HashingWriter::new(std::io::sink());
        let size = std::io::copy(&mut file, &mut hash).with_context(shown)?;
        Ok(LocalFile { size, digest: format!("sha256:{}", hash.finish().1) })
    }

    /// Whether a file of a release is this one, as far as the forge says: by its digest, else by its size.
    pub fn is(&self, asset: &Asset) -> bool {
        asset.is_uploaded
            && asset.size == self.size
            && asset.digest.as_ref().is_none_or(|digest| *digest == self.digest)
    }

    /// The file of a release that has one of the `names`.
    ///
    /// Errors: it is another file.
    pub fn find(&self, assets: &[Asset], names: &[&str], tag: &str) -> Result<Namesake, Failure> {
        match assets.iter().find(|asset| names.contains(&asset.name.as_str())) {
            None => Ok(Namesake::Nothing),
            Some(asset) if !asset.is_uploaded => Ok(Namesake::Broken(asset.clone())),
            Some(asset) if self.is(asset) => Ok(Namesake::Same(asset.clone())),
            Some(asset) => {
                let message = format!("the release `{tag}` has another `{}` already", asset.name.escape_debug());
                Err(Failure::new(Exit::Failed, message)
                    .help("what was shown is not replaced: release a new version, or remove the file by hand if nobody has it yet"))
            }
        }
    }

    /// This file as one of a release.
    pub fn as_asset(&self, id: u64, name: String) -> Asset {
        Asset { id, name, size: self.size, digest: Some(self.digest.clone()), is_uploaded: true }
    }

    /// The failure for a file that the forge keeps otherwise than it was sent.
    pub fn not_kept(&self, name: &str, kind: ForgeKind) -> Failure {
        Failure::new(Exit::TryAgain, format!("{kind} did not keep `{name}` as it was sent"))
            .help("run the same command again: it replaces what is not whole")
    }
}
