//! The paths in the repository of a project. No other file joins these paths.
//!
//! ```text
//! <root>/<name>/                      served
//!   stable/1.0 -> ../revisions/stable-1.0/000007
//!   unstable/1.0/{latest, snapshot-…}
//!   revisions/stable-1.0/000007/{rpm/el9, sources, provenance, withdrawn/el9}
//!   NAME-stable-1.0-el9.repo, RPM-GPG-KEY-NAME
//!   .trash/000012/…                   removed by event 12
//! <state>/<name>/                     never served
//!   results/snapshot-…/, log.jsonl, ledger.json, keys.asc, lock
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

use crate::base::files::TreePath;
use crate::base::number::{padded, parse_padded};
use crate::project::config::{Address, Name};
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};

/// The name of the manifest in a snapshot or revision.
pub const MANIFEST: &str = "manifest.json";
/// The beginning of the name of the file with the public keys; the name of the project follows.
pub const KEY_FILE_PREFIX: &str = "RPM-GPG-KEY-";
/// The name of the link to the newest snapshot of a merged commit.
pub const LATEST: &str = "latest";
/// The folder of the statements in a snapshot or revision.
pub const PROVENANCE_FOLDER: &str = "provenance";
/// The name of the changelog in a snapshot.
pub const SNAPSHOT_CHANGELOG: &str = "ChangeLog.txt";

/// A channel that clients subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// The promoted packages.
    Stable,
    /// The packages of the `latest` snapshot.
    Unstable,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Channel::Stable => "stable",
            Channel::Unstable => "unstable",
        })
    }
}

/// The paths of the repository of a project.
#[derive(Clone, Debug)]
pub struct Layout {
    pub name: Name,
    /// `<root>/<name>`, absolute. `<root>` is trusted, and nothing below it.
    pub root: TreePath,
    /// `<state>/<name>`, absolute.
    pub state: TreePath,
    /// The public address of `root`, if one is configured.
    pub url: Option<String>,
    /// The values of `repository.sign` and `repository.next-key`.
    pub own_keys: Vec<String>,
}

impl Layout {
    /// The paths of the project `name` in the absolute folders `root` and `state`; `url` is the address of `root`.
    pub fn new(name: Name, root: &Path, state: &Path, url: Option<&Address>) -> Layout {
        let (folder, url) = (name.to_string(), url.map(|url| format!("{url}/{name}")));
        let (root, state) = (TreePath::top(root).join(&folder), TreePath::top(state).join(&folder));
        Layout { name, root, state, url, own_keys: Vec::new() }
    }

    /// The link to the current revision of a series.
    pub fn stable(&self, series: Series) -> TreePath {
        self.root.join(format!("stable/{series}"))
    }

    /// The folder of the snapshots of a series.
    pub fn unstable(&self, series: Series) -> TreePath {
        self.root.join(format!("unstable/{series}"))
    }

    /// The link to the newest snapshot of a merged commit.
    pub fn latest(&self, series: Series) -> TreePath {
        self.unstable(series).join(LATEST)
    }

    /// The folder of a snapshot.
    pub fn snapshot(&self, series: Series, name: &SnapshotName) -> TreePath {
        self.unstable(series).join(name.to_string())
    }

    /// The folder of the revisions of a series.
    pub fn revisions(&self, series: Series) -> TreePath {
        self.root.join(format!("revisions/stable-{series}"))
    }

    /// The folder of a revision.
    pub fn revision(&self, series: Series, number: u32) -> TreePath {
        self.revisions(series).join(revision_name(number))
    }

    /// The target of the link of a series: the path of a revision, relative to the folder of the link.
    pub fn revision_target(series: Series, number: u32) -> PathBuf {
        format!("../revisions/stable-{series}/{}", revision_name(number)).into()
    }

    /// The folder of everything that was pruned.
    pub fn trash_top(&self) -> TreePath {
        self.root.join(".trash")
    }

    /// The folder with the snapshots and revisions that event `number` pruned, until they are deleted.
    pub fn trash(&self, number: u64) -> TreePath {
        self.trash_top().join(format!("{number:06}"))
    }

    /// The path in the trash of a snapshot or revision that event `number` prunes; `item` is relative to the root.
    pub fn trash_place(&self, number: u64, item: &FilePath) -> TreePath {
        self.trash(number).join(item.as_str().replace('/', "_"))
    }

    /// The `.repo` file for `/etc/yum.repos.d`.
    pub fn repo_file(&self, channel: Channel, series: Series, dist: &Dist) -> TreePath {
        self.root.join(format!("{}.repo", self.repo_id(channel, series, Some(dist))))
    }

    /// The id of the repository in dnf: `lago-stable-1.0`, or `lago-stable-1.0-el9` for one dist.
    pub fn repo_id(&self, channel: Channel, series: Series, dist: Option<&Dist>) -> String {
        let dist = dist.map_or(String::new(), |dist| format!("-{dist}"));
        format!("{}-{channel}-{series}{dist}", self.name)
    }

    /// The name of the file with the public keys.
    pub fn key_name(&self) -> String {
        format!("{KEY_FILE_PREFIX}{}", self.name)
    }

    /// The file with the public keys.
    pub fn keys(&self) -> TreePath {
        self.root.join(self.key_name())
    }

    /// The name of the copy of the public keys.
    pub fn key_copy_name() -> &'static str {
        "keys.asc"
    }

    /// The copy of the public keys, which nobody can change who may only write to the root.
    pub fn key_copy(&self) -> TreePath {
        self.state.join(Layout::key_copy_name())
    }

    /// The log of the events.
    pub fn log(&self) -> TreePath {
        self.state.join("log.jsonl")
    }

    /// The list of all packages that were ever promoted.
    pub fn ledger(&self) -> TreePath {
        self.state.join("ledger.json")
    }

    /// The folder with the results of the acceptance tests of a snapshot.
    pub fn results(&self, snapshot: &SnapshotName) -> TreePath {
        self.state.join("results").join(snapshot.to_string())
    }

    /// The lock file: one program at a time changes the repository.
    pub fn lock(&self) -> TreePath {
        self.state.join("lock")
    }

    /// The path relative to the root, for messages; the whole path if it is outside of the root.
    pub fn shown(&self, path: &TreePath) -> String {
        path.below(&self.root).map_or_else(|| path.to_string(), |below| below.display().to_string())
    }

    /// The path relative to the folder of the state, for messages.
    pub fn shown_in_state(&self, path: &TreePath) -> String {
        path.below(&self.state).map_or_else(|| path.to_string(), |below| below.display().to_string())
    }
}

/// The name of the folder of a revision: `000007`.
pub fn revision_name(number: u32) -> String {
    padded(number)
}

/// The number of a revision, from the path of its folder or the target of a link to it.
pub fn parse_revision(path: &Path) -> Option<u32> {
    parse_padded(path.file_name()?.to_str()?)
}

/// The name of the changelog of a series: `ChangeLog_1.0.txt`.
pub fn series_changelog(series: Series) -> String {
    format!("ChangeLog_{series}.txt")
}

/// The path of the folder of a dist, relative to a snapshot or revision.
pub fn dist_folder(dist: &Dist) -> String {
    format!("rpm/{dist}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_or_more_digits_are_a_revision() {
        assert_eq!(parse_revision(&Layout::revision_target(Series { major: 1 }, 7)), Some(7));
        for name in ["7", "0000007", "+00007", "00000a", "", ".releng-000007"] {
            assert_eq!(parse_revision(Path::new(name)), None, "{name}");
        }
        assert_eq!(parse_revision(Path::new("/r/1000000")), Some(1_000_000));
    }
}
