//! Compares the files that a project needs with those that are there, and decides what is written.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::adopt::file_to_write::FileToWrite;
use crate::base::plan::Plan;

/// A step of the plan: it writes one file that is not there, or adds lines to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptStep {
    /// The whole path.
    pub path: PathBuf,
    /// How a person calls it.
    pub shown: String,
    pub file: FileToWrite,
}

impl fmt::Display for AdoptStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.file.before.is_some() { "add to" } else { "write" };
        write!(f, "{verb} {}: {}", self.shown, self.file.why)
    }
}

/// A file that is there and is not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLeft {
    pub shown: String,
    /// Whether it is what would be written.
    pub is_same: bool,
    pub is_config: bool,
}

/// What is written, and what is left.
#[derive(Clone, Debug)]
pub struct AdoptPlan {
    pub plan: Plan<AdoptStep>,
    pub left: Vec<FileLeft>,
}

/// The folder into which the files are written, and how a person calls it.
#[derive(Clone, Copy, Debug)]
pub struct AdoptFolder<'a> {
    pub path: &'a Path,
    /// Empty for the project.
    pub shown: &'a str,
}

/// Decides, by what is there now.
pub fn decide(title: String, folder: AdoptFolder<'_>, wanted: Vec<FileToWrite>) -> Result<AdoptPlan> {
    let (mut steps, mut left) = (Vec::new(), Vec::new());
    for file in wanted {
        let path = folder.path.join(&file.path);
        let below = file.path.display();
        let shown = if folder.shown.is_empty() { below.to_string() } else { format!("{}/{below}", folder.shown) };
        // A link that leads nowhere is there, too.
        let is_new = file.before.is_none() && path.symlink_metadata().is_err();
        if is_new || file.before.as_ref().is_some_and(|before| *before != file.content) {
            steps.push(AdoptStep { path, shown, file });
            continue;
        }
        let found = if path.is_file() { Some(std::fs::read(&path)) } else { None };
        let found = found.transpose().with_context(|| format!("cannot read `{}`", path.display()))?;
        let is_same = found.as_deref() == Some(file.content.as_bytes());
        left.push(FileLeft { shown, is_same, is_config: file.is_config });
    }
    Ok(AdoptPlan { plan: Plan { title, steps }, left })
}
