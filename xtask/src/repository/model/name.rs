//! The names in the tree of a repository: series, dist, snapshot, relative path.
//!
//! Names come from a command line, a folder, a manifest or an archive, and become parts of paths. They are parsed into types
//! that cannot lead out of the tree: no `..`, no `/` in a part, no control characters, no leading `-`.

use std::fmt;
use std::str::FromStr;

use crate::base::as_text::serde_as_text;
use crate::base::error::{Exit, Failure};
use crate::base::number::parse_number;
use crate::history::Version;
pub use crate::project::config::Dist;
use crate::project::config::Name;

/// A text that is not the expected kind of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAName {
    text: String,
    /// The kind of name, with an article, and how to write it.
    expected: &'static str,
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text.escape_debug(), self.expected)
    }
}

impl std::error::Error for NotAName {}

impl From<NotAName> for Failure {
    fn from(error: NotAName) -> Failure {
        Failure::new(Exit::Usage, error.to_string())
    }
}

fn no(text: &str, expected: &'static str) -> NotAName {
    NotAName { text: text.to_owned(), expected }
}

serde_as_text!(Series, SnapshotName, FilePath);

/// A series of releases, `X.0`. A client that subscribes to one series does not get the packages of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// `X`.
    pub major: u64,
}

impl Series {
    /// The series of a version.
    pub fn of(version: &Version) -> Series {
        Series { major: version.major() }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.major)
    }
}

impl FromStr for Series {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Series, NotAName> {
        let major = text.strip_suffix(".0").and_then(parse_number);
        major
            .map(|major| Series { major: major.into() })
            .ok_or_else(|| no(text, "a series: write `X.0`, such as `1.0`"))
    }
}

/// The name of the snapshot of a pipeline run: `snapshot-NAME_X.0_pipeline_N`. The older form `snapshot-NAME_pipeline_N`,
/// without the series, is read but never written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotName {
    /// The first field, so that names are sorted by it.
    pipeline: u32,
    project: String,
    series: Option<Series>,
}

impl SnapshotName {
    /// The name for a project, a series and the number of the pipeline run.
    pub fn new(project: impl Into<String>, series: Series, pipeline: u32) -> SnapshotName {
        SnapshotName { pipeline, project: project.into(), series: Some(series) }
    }

    /// The number of the pipeline run.
    pub fn pipeline(&self) -> u32 {
        self.pipeline
    }

    /// The series, if the name has one.
    pub fn series(&self) -> Option<Series> {
        self.series
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot-{}_", self.project)?;
        if let Some(series) = self.series {
            write!(f, "{series}_")?;
        }
        write!(f, "pipeline_{}", self.pipeline)
    }
}

impl FromStr for SnapshotName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<SnapshotName, NotAName> {
        let parse = || {
            let (front, number) = text.strip_prefix("snapshot-")?.rsplit_once("_pipeline_")?;
            let pipeline = parse_number(number)?;
            let mut name = front;
            let mut series = None;
            if let Some((before, last)) = front.rsplit_once('_')
                && let Ok(parsed) = last.parse::<Series>()
            {
                name = before;
                series = Some(parsed);
            }
            let project = Name::try_from(name.to_owned()).ok()?.to_string();
            Some(SnapshotName { pipeline, project, series })
        };
        parse().ok_or_else(|| no(text, "a snapshot: write `snapshot-NAME_X.0_pipeline_N`"))
    }
}

/// The relative path of a file in a snapshot or revision. Its parts are joined with `/`; each part is printable, is neither `.`
/// nor `..`, and does not begin with `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// The path as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The parts, the topmost folder first.
    pub fn parts(&self) -> Vec<&str> {
        self.0.split('/').collect()
    }

    /// The path relative to `folder`; `None` if the file is not in that folder.
    pub fn below(&self, folder: &str) -> Option<&str> {
        self.0.strip_prefix(folder)?.strip_prefix('/')
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<std::path::Path> for FilePath {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl FromStr for FilePath {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<FilePath, NotAName> {
        let is_part = |part: &str| {
            let printable = !part.chars().any(|letter| crate::base::text::is_steering(letter) || letter == '\\');
            printable && !part.is_empty() && part.len() <= 255 && part != "." && part != ".." && !part.starts_with('-')
        };
        let fits = text.len() < 4096 && text.split('/').all(is_part);
        fits.then(|| FilePath(text.to_owned())).ok_or_else(|| no(text, "the path of a file in a repository"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trips<T: FromStr + fmt::Display>(text: &str) -> bool {
        text.parse::<T>().is_ok_and(|parsed| parsed.to_string() == text)
    }

    #[test]
    fn a_parsed_name_is_displayed_as_it_was() {
        assert!(["0.0", "1.0", "12.0"].iter().all(|text| round_trips::<Series>(text)));
        assert!(["el9", "el10", "fc43", "local"].iter().all(|text| round_trips::<Dist>(text)));
        let snapshots = ["snapshot-lago_0.0_pipeline_12", "snapshot-lago_pipeline_2", "snapshot-a_b.c_10.0_pipeline_0"];
        assert!(snapshots.iter().all(|text| round_trips::<SnapshotName>(text)));
        assert!(
            ["a", "rpm/el9/noarch/lago-1.0-1.noarch.rpm", "caf\u{e9}"].iter().all(|text| round_trips::<FilePath>(text))
        );
    }

    #[test]
    fn a_snapshot_name_has_series_and_pipeline() {
        let name: SnapshotName = "snapshot-lago_2.0_pipeline_12".parse().unwrap();
        assert_eq!((name.series(), name.pipeline()), (Some(Series { major: 2 }), 12));
        assert_eq!(name, SnapshotName::new("lago", Series { major: 2 }, 12));
        assert_eq!("snapshot-lago_pipeline_2".parse::<SnapshotName>().unwrap().series(), None);
    }

    #[test]
    fn no_name_leads_out_of_the_tree() {
        for text in ["", ".", "..", "1", "1.1", "01.0", "-1.0", "1.0/", "../1.0", "1.0\n", "9999999999.0", "1.00"] {
            assert!(text.parse::<Series>().is_err(), "{text:?}");
        }
        for text in ["", "el", "9", "EL9", "el9/..", "../el9", "el9\0", "-el9", "el 9", "el09", "el9.1"] {
            assert!(text.parse::<Dist>().is_err(), "{text:?}");
        }
        for text in [
            "snapshot-",
            "snapshot-_pipeline_1",
            "snapshot-lago_1.0_pipeline_",
            "snapshot-lago_1.0_pipeline_-1",
            "snapshot-lago_1.0_pipeline_01",
            "snapshot-../lago_1.0_pipeline_1",
            "snapshot-a/b_1.0_pipeline_1",
            "snapshot-lago_1.0_pipeline_1/..",
            "snapshot--rf_1.0_pipeline_1",
            "snapshot-lago\n_1.0_pipeline_1",
            "latest",
        ] {
            assert!(text.parse::<SnapshotName>().is_err(), "{text:?}");
        }
        for text in
            ["", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0b", "a\nb", "-a", "a/-b", "a\\b", "\u{202e}a"]
        {
            assert!(text.parse::<FilePath>().is_err(), "{text:?}");
        }
    }
}
