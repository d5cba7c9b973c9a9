//! Looking a program up in PATH.

use std::path::{Path, PathBuf};

use crate::base::error::{Exit, Failure};
use crate::base::process::isolation::{DEFAULT_PATH, find_in_path, is_executable};

/// `Err` if no folder of our PATH has the program `name`: a job that inherits PATH fails in the same way.
pub fn require_program(name: &str) -> Result<(), Failure> {
    find_program(name, Path::new("/"), std::env::var("PATH").ok().as_deref()).map(drop)
}

/// The path of a program: `name` is looked up in `path`, which is in the form of PATH; a name with `/` is relative to `folder`.
///
/// Errors: there is no such program (exit 1).
pub fn find_program(name: &str, folder: &Path, path: Option<&str>) -> Result<PathBuf, Failure> {
    let (found, help) = if name.contains('/') {
        let file = folder.join(name);
        let help = format!("it must be a file that may be executed, from `{}`", folder.display());
        (is_executable(&file).then_some(file), help)
    } else {
        let path = path.unwrap_or(DEFAULT_PATH);
        (find_in_path(name.as_ref(), path.as_ref()), format!("PATH is `{path}`: install `{name}` there"))
    };
    found.ok_or_else(|| Failure::new(Exit::Failed, format!("there is no program `{name}`")).help(help))
}
