//! The version of this program: the one that its own history gives.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;

use crate::base::progress::Silent;
use crate::project::release::count_head;
use crate::project::workspace::{Origin, Workspace};

/// The version that was stated when the program was built; `None` in a checkout, where `cargo xtask` builds it.
pub const STATED: Option<&str> = option_env!("RELENG_BUILD_VERSION");

/// The folder of the sources from which the program was built.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The version of this program, such as `0.1.240`. Without a stated version, it is counted in the checkout from which the program
/// was built, and says so: `0.1.240 (checkout)`.
pub fn own_version() -> &'static str {
    static COUNTED: OnceLock<String> = OnceLock::new();
    STATED.unwrap_or_else(|| {
        COUNTED.get_or_init(|| match count(Path::new(SOURCES)) {
            Ok(version) => format!("{version} (checkout)"),
            Err(_) => "of an unknown version".to_owned(), // the checkout is gone, or has no history
        })
    })
}

fn count(sources: &Path) -> Result<String> {
    let workspace = Workspace::discover(sources)?;
    if let Origin::Unpacked(info) = &workspace.origin {
        return Ok(info.version.to_string());
    }
    Ok(count_head(&workspace, &Silent)?.version.to_string())
}
