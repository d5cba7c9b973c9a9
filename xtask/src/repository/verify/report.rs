//! The findings of a verification, each with its kind, its path and what to do.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::repository::model::event::BrokenChain;
use crate::repository::model::layout::MANIFEST;
use crate::repository::model::lost_targets::LostTarget;
use crate::repository::model::served_index::INDEX;
use crate::repository::model::store::Store;
use crate::repository::verify::finding_id::{FindingId, help_to_repair};

/// A fault that the verification found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Relative to the root or the state folder; for a single folder, the path or address from the command line.
    pub path: String,
    pub id: FindingId,
    /// The details.
    pub what: String,
    /// The next step, if it is another one than that of the kind.
    #[serde(skip)]
    pub step: Option<String>,
}

impl Finding {
    /// The next step.
    pub fn help(&self) -> String {
        self.step.clone().unwrap_or_else(|| self.id.help())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.id, self.path, self.what)
    }
}

/// The findings, and how much was checked.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Sorted by path.
    pub findings: Vec<Finding>,
    /// The number of snapshots and revisions.
    pub folders: usize,
    /// The number of their files.
    pub files: usize,
}

impl VerifyReport {
    pub(super) fn add(&mut self, id: FindingId, path: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding { path: path.into(), id, what: what.into(), step: None });
    }

    /// Adds a finding with a next step of its own.
    pub(super) fn add_with_step(
        &mut self,
        id: FindingId,
        path: impl Into<String>,
        what: impl Into<String>,
        step: String,
    ) {
        self.findings.push(Finding { path: path.into(), id, what: what.into(), step: Some(step) });
    }

    /// Adds what another report has.
    pub(super) fn take_over(&mut self, other: VerifyReport) {
        self.findings.extend(other.findings);
        self.folders += other.folders;
        self.files += other.files;
    }

    /// Leaves out what is said about pages where the log is not the one that they were made of.
    pub(super) fn drop_pages_of_other_log(&mut self) {
        let is_about_log = |finding: &Finding| {
            matches!(
                finding.id,
                FindingId::Interrupted
                    | FindingId::LogBroken
                    | FindingId::LogForeign
                    | FindingId::LogLacksEvent
                    | FindingId::ManifestUnfit
            )
        };
        if self.findings.iter().any(is_about_log) {
            self.findings.retain(|finding| finding.id != FindingId::PageDiffers);
        }
    }

    /// Reports a lost revision as a gap of the log: a rollback and the repair of the link are refused until the log is put together again.
    pub(super) fn replace_dangling(&mut self, lost: &LostTarget) {
        let (place, verb) = lost.link().map_or((INDEX, "tells of"), |link| (link, "leads to"));
        self.drop_dangling(place);
        let state = if lost.is_there { lost.state() } else { "which does not exist" };
        let what = format!("it {verb} `{}`, {state}, and the log does not tell of it", lost.path);
        self.add(FindingId::LogLacksEvent, place, what);
    }

    /// Leaves out that a link leads to nothing, where that is said by another finding; whether it was said.
    pub(super) fn drop_dangling(&mut self, link: &str) -> bool {
        let count = self.findings.len();
        self.findings.retain(|finding| finding.id != FindingId::LinkDangling || finding.path != link);
        self.findings.len() < count
    }

    /// Adds to the finding about a link that leads elsewhere where it should lead: the next command makes it again. `false` if there is none.
    pub(super) fn amend_foreign_link(&mut self, link: &str, wanted: &Path) -> bool {
        let is_its = |finding: &&mut Finding| finding.id == FindingId::LinkForeign && finding.path == link;
        let Some(finding) = self.findings.iter_mut().find(is_its) else { return false };
        finding.what = format!("{}; by the log, it should lead to `{}`", finding.what, wanted.display());
        finding.step = Some(help_to_repair());
        true
    }

    /// Whether a link leads to a lost revision, or the pages tell of one: no command repairs the link then.
    pub(super) fn lacks_target_of(&self, link: &str) -> bool {
        let is_told = |path: &str| path == link || path == INDEX;
        self.findings.iter().any(|finding| finding.id == FindingId::LogLacksEvent && is_told(&finding.path))
    }

    /// Reports a log without any event once, and not for each folder. What follows a broken line is not reported again.
    pub(super) fn merge_lost_log(&mut self, store: &Store, broken: Option<&BrokenChain>) {
        let has = |id| self.findings.iter().any(|finding| finding.id == id);
        // The ledger is of the last event, which such a log does not have.
        if broken.is_some() || has(FindingId::LogLacksEvent) || has(FindingId::LedgerUnreadable) {
            self.findings.retain(|finding| finding.id != FindingId::LedgerDiffers);
        }
        if broken.is_some() {
            self.findings.retain(|finding| finding.id != FindingId::LogLacksEvent);
        }
        if broken.is_some_and(|broken| broken.is_other) {
            self.findings.retain(|finding| finding.id != FindingId::KeyCopyDiffers);
        }
        let is_folder = |finding: &Finding| finding.id == FindingId::LogLacksEvent && finding.path.ends_with(MANIFEST);
        let count = self.findings.iter().filter(|finding| is_folder(finding)).count();
        if count > 1 && store.log.entries.is_empty() {
            self.findings.retain(|finding| !is_folder(finding));
            let what = format!("it has no event, and {count} snapshots and revisions have one");
            self.add(FindingId::LogLacksEvent, "log.jsonl", what);
        }
    }
}
