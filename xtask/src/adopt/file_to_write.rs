//! A file that is written.

use std::path::PathBuf;

/// A file that the project needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileToWrite {
    /// Relative to the work tree, or to the folder of `--packaging`.
    pub path: PathBuf,
    pub content: String,
    /// The content to which lines are added; `None` for a new file.
    pub before: Option<String>,
    pub is_executable: bool,
    /// Whether it is the configuration, which a person edits: it is never compared word for word.
    pub is_config: bool,
    /// What it is for.
    pub why: String,
}

impl FileToWrite {
    /// A new file that is no program and no configuration.
    pub fn new(path: impl Into<PathBuf>, content: String, why: &str) -> FileToWrite {
        let why = why.to_owned();
        FileToWrite { path: path.into(), content, before: None, is_executable: false, is_config: false, why }
    }
}
