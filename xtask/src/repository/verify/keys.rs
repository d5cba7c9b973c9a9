//! Finds the public keys of a repository, starting from one of its snapshots, revisions or series.

use std::path::Path;

use crate::base::files::TreePath;
use crate::base::process::net::fetch_text;
use crate::project::config::Name;
use crate::repository::model::layout::KEY_FILE_PREFIX;

/// The root of a project, which has the keys, is at most three folders above: `<root>/unstable/1.0/snapshot-…`.
const LEVELS: usize = 3;

/// Reads the keys from the folders above `folder`; `None` if no folder has any.
pub fn find_local_keys(folder: &Path) -> Option<Vec<u8>> {
    for parent in folder.ancestors().skip(1).take(LEVELS) {
        let parent = TreePath::top(parent);
        let names = parent.names().unwrap_or_default();
        if let Some(name) = names.iter().find(|name| name.starts_with(KEY_FILE_PREFIX))
            && let Ok(keys) = parent.join(name).read()
        {
            return Some(keys);
        }
    }
    None
}

/// Fetches the keys of `project` from the folders above the address `url`; `None` if no folder has any.
pub fn fetch_keys(url: &str, project: &Name) -> Option<Vec<u8>> {
    let mut folder = url;
    for _ in 0..LEVELS {
        folder = folder.rsplit_once('/')?.0;
        if let Ok(keys) = fetch_text(&format!("{folder}/{KEY_FILE_PREFIX}{project}")) {
            return Some(keys);
        }
    }
    None
}
