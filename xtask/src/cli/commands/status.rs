//! `status`: prints what is staged and stable, and what is due for promotion and why.

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::test_result::{TestResult, TestVerdict, load_results};
use crate::repository::promote::due::Due;
use crate::repository::promote::schedule::DueSnapshot;
use crate::repository::prune::find_hold;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON (schema releng.status/1)
    #[arg(long)]
    json: bool,
}

/// The state of a series.
struct SeriesStatus {
    series: Series,
    stable: Option<Revision>,
    latest: Option<SnapshotName>,
    snapshots: Vec<SnapshotStatus>,
    due: Vec<Due>,
}

struct SnapshotStatus {
    name: SnapshotName,
    /// `None` where it has no manifest.
    snapshot: Option<Snapshot>,
    results: Vec<TestResult>,
    promoted: bool,
    held: Option<String>,
}

/// Prints the state of the repository.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let store = site.store()?;
    let git = site.git();
    let due = site.schedule(&git).of_latest(&store)?;
    let mut all = Vec::new();
    for series in store.series()? {
        all.push(SeriesStatus::load(&store, series, &due, site.now)?);
    }
    if args.json {
        let text = serde_json::to_string_pretty(&json!({
            "schema": "releng.status/1",
            "project": site.layout.name,
            "root": site.layout.root,
            "series": all.iter().map(SeriesStatus::json).collect::<Vec<_>>(),
        }))?;
        return context.ui.print(&(text + "\n"));
    }
    if all.is_empty() {
        context.ui.note(&format!("nothing is staged in {}", site.layout.root.display()));
    }
    context.ui.print(&all.iter().map(SeriesStatus::text).collect::<Vec<_>>().join("\n"))
}

impl SeriesStatus {
    fn load(store: &Store, series: Series, due: &[DueSnapshot], now: Timestamp) -> Result<SeriesStatus> {
        let latest = store.latest(series)?;
        let mut snapshots = Vec::new();
        for name in store.snapshots(series)?.into_iter().rev() {
            let results = load_results(&store.layout.results(&name))?;
            let has_manifest = store.has_manifest(series, &name);
            let snapshot = has_manifest.then(|| store.snapshot(series, &name)).transpose()?;
            let (promoted, held) = (store.log.was_promoted(&name), find_hold(&store.log, &name, now));
            snapshots.push(SnapshotStatus { name, snapshot, results, promoted, held });
        }
        let of_latest = due.iter().find(|due| latest.as_ref() == Some(&due.name));
        let due = of_latest.map_or(Vec::new(), |due| due.reasons.clone());
        Ok(SeriesStatus { series, stable: store.current(series)?, latest, snapshots, due })
    }

    fn text(&self) -> String {
        let series = self.series;
        let mut text = match &self.stable {
            Some(Revision { number, manifest, .. }) => {
                let dists = manifest.dists().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                let (version, at) = (&manifest.release.version, manifest.event.at.strftime("%Y-%m-%d"));
                format!("stable/{series}    {version}  revision {number}  {at}  {dists}\n")
            }
            None => format!("stable/{series}    nothing yet\n"),
        };
        for snapshot in &self.snapshots {
            let mark = if self.latest.as_ref() == Some(&snapshot.name) { "latest " } else { "       " };
            text.push_str(&format!("unstable/{series}  {mark}{}\n", snapshot.text()));
        }
        let due = self.due.iter().map(|due| format!("due: {due}\n"));
        text.extend(due);
        text
    }

    fn json(&self) -> Value {
        json!({
            "series": self.series,
            "stable": self.stable.as_ref().map(|revision| json!({
                "version": revision.manifest.release.version,
                "revision": revision.number,
                "snapshot": revision.manifest.release.snapshot,
                "at": revision.manifest.event.at,
                "dists": revision.manifest.dists(),
            })),
            "latest": self.latest,
            "snapshots": self.snapshots.iter().map(SnapshotStatus::json).collect::<Vec<_>>(),
            "due": self.due.iter().map(|due| json!({
                "case": due.case.map_or("major".to_owned(), |case| case.to_string()),
                "why": due.why,
            })).collect::<Vec<_>>(),
        })
    }
}

impl SnapshotStatus {
    /// The newest result of each test on the present manifest.
    fn tests(&self) -> Vec<(&str, TestVerdict)> {
        let digest = self.snapshot.as_ref().map(|snapshot| snapshot.digest);
        let mut newest: Vec<(&str, TestVerdict)> = Vec::new();
        for result in self.results.iter().rev().filter(|result| Some(result.facts.manifest) == digest) {
            if !newest.iter().any(|(test, _)| *test == result.facts.test) {
                newest.push((&result.facts.test, result.facts.verdict));
            }
        }
        newest.sort_unstable_by_key(|(test, _)| *test);
        newest
    }

    fn text(&self) -> String {
        let Some(snapshot) = &self.snapshot else { return format!("{}  no manifest", self.name) };
        let mut parts = vec![snapshot.manifest.release.version.to_string()];
        parts.extend((!snapshot.manifest.merged).then(|| "unmerged".to_owned()));
        parts.extend(self.tests().iter().map(|(test, verdict)| match verdict {
            TestVerdict::Passed => format!("{test} passed"),
            TestVerdict::Failed => format!("{test} FAILED"),
            TestVerdict::TimedOut => format!("{test} OUT OF TIME"),
        }));
        parts.extend(self.promoted.then(|| "promoted".to_owned()));
        parts.extend(self.held.iter().map(|why| format!("held: {why}")));
        format!("{}  {}", self.name, parts.join(", "))
    }

    fn json(&self) -> Value {
        let manifest = self.snapshot.as_ref().map(|snapshot| &snapshot.manifest);
        json!({
            "name": self.name,
            "version": manifest.map(|manifest| &manifest.release.version),
            "commit": manifest.map(|manifest| manifest.release.commit),
            "merged": manifest.map(|manifest| manifest.merged),
            "tests": self.tests().iter().map(|(test, verdict)| json!({"name": test, "verdict": verdict})).collect::<Vec<_>>(),
            "promoted": self.promoted,
            "held": self.held,
        })
    }
}
