//! `.release.json`: name, version and commit of a source archive, in the archive.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::schema::parse_json;
use crate::git::CommitId;
use crate::history::Version;
use crate::history::milestone::Milestone;
use crate::project::config::Name;

/// The name of the changelog in a source archive and in `target/dist`.
pub const CHANGELOG_FILE: &str = "ChangeLog";

/// The file's name, at the root of a source archive.
pub const FILE_NAME: &str = ".release.json";

const SCHEMA: &str = "releng.release/1";

/// The content of `.release.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseInfo {
    schema: String,
    pub name: Name,
    /// `X.Y.Z`.
    pub version: Version,
    /// The milestone from which the version is counted; `None` if the version was assumed.
    pub base: Option<Milestone>,
    pub commit: CommitId,
    /// The date of the commit, such as `2020-03-19T08:24:41Z`.
    pub date: Timestamp,
    /// The files of the folder of `--packaging` that had part in the release, with their digests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packaging: BTreeMap<String, Digest>,
}

impl ReleaseInfo {
    /// In the present schema; see the fields.
    pub fn new(
        name: Name,
        version: Version,
        base: Option<Milestone>,
        commit: CommitId,
        date: Timestamp,
    ) -> ReleaseInfo {
        ReleaseInfo { schema: SCHEMA.to_owned(), name, version, base, commit, date, packaging: BTreeMap::new() }
    }

    /// The same with the files of the folder of `--packaging`.
    #[must_use]
    pub fn with_packaging(self, packaging: BTreeMap<String, Digest>) -> ReleaseInfo {
        ReleaseInfo { packaging, ..self }
    }

    /// The file's content.
    pub fn render(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads the file in the root of a project; `None` if there is none.
    pub fn load(root: &Path) -> Result<Option<ReleaseInfo>> {
        let path = root.join(FILE_NAME);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        ReleaseInfo::parse(&text).map(Some).map_err(|why| damaged(&path, &why))
    }

    /// Parses the file's content. Errors: the reason, as text.
    pub fn parse(text: &[u8]) -> Result<ReleaseInfo, String> {
        parse_json(text, SCHEMA, |info: &ReleaseInfo| &info.schema)
    }
}

fn damaged(path: &Path, why: &str) -> anyhow::Error {
    Failure::new(Exit::Failed, format!("`{}` cannot be read: {why}", path.display()))
        .help("unpack the source archive again")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_read_back() {
        let name = Name::try_from("lago".to_owned()).unwrap();
        let base = Some(Milestone { major: 1, minor: 0 });
        let date = "2022-10-19T05:24:41Z".parse().unwrap();
        let info = ReleaseInfo::new(name, Version::new(1, 0, 4), base, CommitId([7; 20]), date);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(ReleaseInfo::load(folder.path()).unwrap(), None);
        std::fs::write(folder.path().join(FILE_NAME), info.render().unwrap()).unwrap();
        assert_eq!(ReleaseInfo::load(folder.path()).unwrap(), Some(info));
        std::fs::write(folder.path().join(FILE_NAME), "{\"schema\": \"other\"}").unwrap();
        assert!(ReleaseInfo::load(folder.path()).is_err());
    }
}
