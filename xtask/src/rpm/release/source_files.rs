//! Finds the files that a spec names and that `dist` does not make: in the folder of `--packaging`, beside the spec, in the root.

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::git::tree::CommittedFile;
use crate::git::{Mode, Repository};
use crate::rpm::release::input::ReleaseInput;
use crate::source::{self, conversion};

/// A source or patch that somebody has written.
pub struct FoundSource {
    pub content: Vec<u8>,
    /// The permission bits.
    pub mode: u16,
    /// The path in the folder of `--packaging`; `None` if the file is in the commit.
    pub outside: Option<String>,
}

/// Finds the source or patch `name`.
///
/// Errors: it is nowhere; it is a pointer of LFS.
pub fn find(repository: &Repository, input: &ReleaseInput, name: &str) -> Result<FoundSource> {
    if let Some(folder) = &input.packaging {
        let path = folder.join(name);
        if path.is_file() {
            let content = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            return Ok(FoundSource { content, mode: 0o644, outside: Some(name.to_owned()) });
        }
    }
    let spec = input.project.known_spec();
    let folder = spec.filter(|spec| !spec.is_outside).map_or("", |spec| spec.folder());
    for path in [format!("{folder}/{name}"), name.to_owned()] {
        let path = path.trim_start_matches('/');
        if let Some(CommittedFile { content, mode }) = repository.file_at(input.commit, path)? {
            conversion::refuse_pointer(&content).map_err(|why| source::export::refused(path.as_bytes(), &why))?;
            let mode = if mode == Mode::Executable { 0o755 } else { 0o644 };
            return Ok(FoundSource { content, mode, outside: None });
        }
    }
    let message = format!("the spec names the file `{name}`, which is neither in the commit nor made by `dist`");
    let help = format!("commit `{name}` beside the spec, or correct its `Source` or `Patch` line");
    Err(Failure::new(Exit::Failed, message).help(help).into())
}
