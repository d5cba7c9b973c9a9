//! Looking a program up in PATH, and the command that installs one that is missing.

use std::path::{Path, PathBuf};

use crate::base::error::{Exit, Failure};
use crate::base::process::isolation::{DEFAULT_PATH, find_in_path, is_executable};
use crate::base::programs::{PackageManager, install_line};

/// `Err` if no folder of our PATH has the program `name`: a job that inherits PATH fails in the same way.
pub fn require_program(name: &str) -> Result<(), Failure> {
    locate_program(name).map(drop)
}

/// The path of the program `name` in a folder of our PATH. Errors: as for [`require_program`].
pub fn locate_program(name: &str) -> Result<PathBuf, Failure> {
    find_program(name, Path::new("/"), std::env::var("PATH").ok().as_deref())
}

/// What to do where the program `name` is missing on this machine.
pub fn help_to_install(name: &str) -> String {
    let os_release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    match install_line(name, PackageManager::of(&os_release)) {
        Some(line) => format!("install it: `{line}`, or put `{name}` on PATH"),
        None => format!("install `{name}`, or put it on PATH"),
    }
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
        (find_in_path(name.as_ref(), path.as_ref()), format!("{}; PATH is `{path}`", help_to_install(name)))
    };
    found.ok_or_else(|| Failure::new(Exit::Failed, format!("there is no program `{name}`")).help(help))
}
