//! The statement about a promotion: which snapshot became part of a series, which gates it passed, and which tests.

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::base::digest::Digest;
use crate::base::statement::{Descriptor, Statement};
use crate::history::Version;
use crate::repository::model::layout::{PROVENANCE_FOLDER, revision_name};
use crate::repository::model::manifest::{FileEntry, is_archive};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Snapshot;
use crate::repository::model::test_result::{TestFacts, TestResult, TestVerdict};
use crate::repository::provenance::snapshot::subject_of;

/// The type of the predicate.
pub const PROMOTION: &str = "urn:releng:promotion:1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PromotionPredicate<'a> {
    project: String,
    version: &'a Version,
    series: Series,
    revision: u32,
    snapshot: &'a SnapshotName,
    /// The digest of the manifest of the snapshot.
    manifest: Descriptor,
    commit: Descriptor,
    gates: &'a [StatedGate<'a>],
    tests: Vec<StatedTest<'a>>,
    promoted_on: Timestamp,
    tool: Descriptor,
}

/// A condition that the snapshot met, and why.
#[derive(Serialize)]
pub struct StatedGate<'a> {
    pub name: &'a str,
    pub answer: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatedTest<'a> {
    name: &'a str,
    run: &'a [String],
    verdict: TestVerdict,
    started_on: Timestamp,
    milliseconds: u64,
    isolation: &'a str,
    log_sha256: Digest,
}

/// The path of the statement about the promotion that made the revision `number`.
pub fn path_of_promotion(number: u32) -> String {
    format!("{PROVENANCE_FOLDER}/promotion-{}.json", revision_name(number))
}

/// What is stated about a promotion.
pub struct StatedPromotion<'a> {
    pub snapshot: &'a Snapshot,
    pub series: Series,
    pub revision: u32,
    pub gates: &'a [StatedGate<'a>],
    /// The test results of the snapshot, in the order of the runs.
    pub results: &'a [TestResult],
    /// The time of the promotion.
    pub now: Timestamp,
    pub tool: &'a str,
}

impl StatedPromotion<'_> {
    /// The path of the statement.
    pub fn path(&self) -> String {
        path_of_promotion(self.revision)
    }

    /// The content of the statement. Its subjects are the packages and archives that the series takes over.
    pub fn render(&self) -> Result<Vec<u8>> {
        let manifest = &self.snapshot.manifest;
        let is_subject = |file: &&FileEntry| file.package.is_some() || is_archive(&file.path);
        let subjects = manifest.files.iter().filter(is_subject).map(subject_of).collect();
        let predicate = PromotionPredicate {
            project: manifest.project.to_string(),
            version: &manifest.release.version,
            series: self.series,
            revision: self.revision,
            snapshot: &self.snapshot.name,
            manifest: Descriptor::file("manifest.json", self.snapshot.digest),
            commit: Descriptor::commit(manifest.release.commit),
            gates: self.gates,
            tests: self.newest_results().map(stated_test).collect(),
            promoted_on: self.now,
            tool: Descriptor { name: format!("releng {}", self.tool), ..Descriptor::default() },
        };
        Statement::new(subjects, PROMOTION, predicate).render()
    }

    /// The newest result of each test for this manifest.
    fn newest_results(&self) -> impl Iterator<Item = &TestFacts> {
        let own =
            || self.results.iter().map(|result| &result.facts).filter(|facts| facts.manifest == self.snapshot.digest);
        own()
            .enumerate()
            .filter(move |(index, facts)| own().skip(index + 1).all(|later| later.test != facts.test))
            .map(|(_, facts)| facts)
    }
}

fn stated_test(facts: &TestFacts) -> StatedTest<'_> {
    StatedTest {
        name: &facts.test,
        run: &facts.run,
        verdict: facts.verdict,
        started_on: facts.at,
        milliseconds: facts.milliseconds,
        isolation: &facts.isolation,
        log_sha256: facts.log_sha256,
    }
}
