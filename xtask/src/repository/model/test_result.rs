//! The result of an acceptance test: numbered, never overwritten, bound to the manifest it was run against.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::repository::model::name::SnapshotName;

const SCHEMA: &str = "releng.result/1";

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// With exit code 0, within its time.
    Passed,
    /// With another code, or by a signal.
    Failed,
    /// At its time limit.
    TimedOut,
}

/// One run of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    schema: String,
    /// What came of it.
    #[serde(flatten)]
    pub facts: TestFacts,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestFacts {
    /// The test's name.
    pub test: String,
    /// What was run.
    pub run: Vec<String>,
    /// What it was run against.
    pub snapshot: SnapshotName,
    /// The digest of that snapshot's manifest.
    pub manifest: Digest,
    /// How it ended.
    pub verdict: Verdict,
    /// The exit code; `None` where a signal or the time limit ended it.
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Whether it was kept apart from the rest of the system, in words.
    pub isolation: String,
    /// The name of the file with all that it said, beside this one.
    pub log: String,
    /// The digest of that file.
    pub log_sha256: Digest,
    /// When it began.
    pub at: Timestamp,
}

impl TestResult {
    /// Of a run that was made just now.
    pub fn new(facts: TestFacts) -> TestResult {
        TestResult { schema: SCHEMA.to_owned(), facts }
    }

    /// The file's content.
    pub fn render(&self) -> Result<Vec<u8>> {
        Ok((serde_json::to_string_pretty(self)? + "\n").into_bytes())
    }

    fn load(path: &Path) -> Result<TestResult> {
        let text = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let parsed: Result<TestResult, _> = serde_json::from_slice(&text);
        let why = match parsed {
            Ok(result) if result.schema == SCHEMA => return Ok(result),
            Ok(result) => format!("its schema is `{}`, not `{SCHEMA}`", result.schema.escape_debug()),
            Err(error) => error.to_string(),
        };
        let message = format!("`{}` is no result of a test: {why}", path.display());
        Err(Failure::new(Exit::Failed, message).help("move it away, and accept the snapshot again").into())
    }
}

/// The results in the folder of a snapshot, in the order of their numbers.
pub fn load_results(folder: &Path) -> Result<Vec<TestResult>> {
    let names =
        files::names_in(folder)?.into_iter().filter(|name| number_of(name).is_some() && name.ends_with(".json"));
    names.map(|name| TestResult::load(&folder.join(name))).collect()
}

/// The newest result of `test` against the manifest with the digest `manifest`.
pub fn find_newest<'a>(results: &'a [TestResult], test: &str, manifest: Digest) -> Option<&'a TestResult> {
    results.iter().rev().find(|result| result.facts.test == test && result.facts.manifest == manifest)
}

/// The number that the next result gets.
pub fn next_number(folder: &Path) -> Result<u32> {
    let highest = files::names_in(folder)?.iter().filter_map(|name| number_of(name)).max().unwrap_or(0);
    Ok(highest + 1)
}

/// Where a result goes, without the ending: `0003-install`.
pub fn place_of(folder: &Path, number: u32, test: &str) -> PathBuf {
    folder.join(format!("{number:04}-{test}"))
}

fn number_of(name: &str) -> Option<u32> {
    name.split_once('-').filter(|(number, _)| number.len() >= 4).and_then(|(number, _)| number.parse().ok())
}
