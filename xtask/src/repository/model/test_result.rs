//! The result of an acceptance test. Results are numbered and never overwritten; each has the digest of the tested manifest.

use std::fmt;

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::schema::parse_json;
use crate::repository::model::layout::Layout;
use crate::repository::model::name::{Series, SnapshotName};

const SCHEMA: &str = "releng.result/1";

/// How an acceptance test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestVerdict {
    /// With exit code 0, within the time limit.
    Passed,
    /// With another exit code, by a signal, or with a [`TestFault`].
    Failed,
    /// The test was stopped at its time limit.
    TimedOut,
}

/// A reason to fail that is neither an exit code nor a signal nor the time limit. The text says what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestFault {
    /// Its program is missing or cannot be run.
    NotStarted(String),
    /// It changed the snapshot.
    ChangedSnapshot(String),
}

impl fmt::Display for TestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TestFault::NotStarted(why) => f.write_str(why),
            TestFault::ChangedSnapshot(why) => write!(f, "it changed the snapshot: {why}"),
        }
    }
}

/// The file with the result of one run of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    schema: String,
    #[serde(flatten)]
    pub facts: TestFacts,
}

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestFacts {
    /// The name of the test.
    pub test: String,
    /// The command and its arguments.
    pub run: Vec<String>,
    pub snapshot: SnapshotName,
    /// The digest of the manifest of the snapshot.
    pub manifest: Digest,
    pub verdict: TestVerdict,
    /// `None` if the test was not started, or if a signal or the time limit ended it.
    pub exit_code: Option<i32>,
    /// What else made the test fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<TestFault>,
    /// The duration.
    pub milliseconds: u64,
    /// How the test was isolated from the rest of the system, in words.
    pub isolation: String,
    /// The name of the file with the output, in the same folder.
    pub log: String,
    /// The last line of the output that is not blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_line: Option<String>,
    /// The digest of the file with the output.
    pub log_sha256: Digest,
    /// The time at which the test began.
    pub at: Timestamp,
}

impl TestResult {
    /// The result of a run that has just ended.
    pub fn new(facts: TestFacts) -> TestResult {
        TestResult { schema: SCHEMA.to_owned(), facts }
    }

    /// The content of the file.
    pub fn render(&self) -> Result<Vec<u8>> {
        Ok((serde_json::to_string_pretty(self)? + "\n").into_bytes())
    }

    /// Reads a file with a result.
    pub fn load(path: &TreePath) -> Result<TestResult> {
        let text = path.read()?;
        parse_json(&text, SCHEMA, |result: &TestResult| &result.schema).map_err(|why| {
            Failure::new(Exit::Failed, format!("`{path}` is not a test result: {why}"))
                .help("move it away, and accept the snapshot again")
                .into()
        })
    }
}

/// The results of a snapshot, sorted by number; `folder` has its results.
pub fn load_results(folder: &TreePath) -> Result<Vec<TestResult>> {
    result_files(folder)?.iter().map(TestResult::load).collect()
}

/// The files with the results of a snapshot, sorted by number.
pub fn result_files(folder: &TreePath) -> Result<Vec<TreePath>> {
    let mut names = folder.names()?;
    names.retain(|name| number_of(name).is_some() && name.ends_with(".json"));
    Ok(names.iter().map(|name| folder.join(name)).collect())
}

/// The highest number of a snapshot of a series that was ever tested; 0 if none was. Its results stay where the snapshot is lost.
pub fn highest_tested_pipeline(layout: &Layout, series: Series) -> Result<u32> {
    let names = layout.state.join("results").names()?;
    let names = names.iter().filter_map(|name| name.parse::<SnapshotName>().ok());
    Ok(names.filter(|name| name.series() == Some(series)).map(|name| name.pipeline()).max().unwrap_or(0))
}

/// The newest result of `test` for the manifest with the digest `manifest`.
pub fn find_newest<'a>(results: &'a [TestResult], test: &str, manifest: Digest) -> Option<&'a TestResult> {
    results.iter().rev().find(|result| result.facts.test == test && result.facts.manifest == manifest)
}

/// The number for the next result.
pub fn next_number(folder: &TreePath) -> Result<u32> {
    let highest = folder.names()?.iter().filter_map(|name| number_of(name)).max().unwrap_or(0);
    Ok(highest + 1)
}

/// The path for a result without the extension, such as `0003-install`.
pub fn place_of(folder: &TreePath, number: u32, test: &str) -> TreePath {
    folder.join(format!("{number:04}-{test}"))
}

fn number_of(name: &str) -> Option<u32> {
    name.split_once('-').filter(|(number, _)| number.len() >= 4).and_then(|(number, _)| number.parse().ok())
}
