//! What every build on this machine gets: its namespaces, if the system allows them, and few variables of the caller.

use std::path::PathBuf;

use crate::base::process::isolation::{BUILD_PLACE, Isolation, can_enclose_builds};

/// The isolation of a build. There is none where the mounted folder would hide a program that the build needs.
pub fn build_isolation() -> Isolation {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut needed = std::env::split_paths(&path).chain(rustup_home());
    let is_hidden = needed.any(|needed| needed.starts_with(BUILD_PLACE));
    if can_enclose_builds() && !is_hidden { Isolation::Build } else { Isolation::None }
}

/// The folder of rustup's toolchains. The `cargo` of rustup needs it, because the build has another HOME.
pub fn rustup_home() -> Option<PathBuf> {
    let stated = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    stated.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".rustup"))).filter(|path| path.is_dir())
}

/// The environment variables that a build inherits, and the locale that it gets.
pub fn inherited_variables() -> Vec<(String, String)> {
    let mut variables = vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned())];
    for name in ["PATH", "TZ"] {
        variables.extend(std::env::var(name).map(|value| (name.to_owned(), value)));
    }
    variables
}
