//! What the served `index.json` tells of revisions, snapshots and yanks, where the log may have lost them.
//!
//! Whoever may write to the root can have changed the file. So it only makes the program more careful: it can leave a number out and keep a
//! package out, and nothing is made of what it says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::base::schema::parse_json;
use crate::repository::model::event::MaybeYanked;
use crate::repository::model::layout::Layout;
use crate::repository::model::name::{Series, SnapshotName};
use crate::rpm::nevra::Nevra;

/// The name of the file with the facts of the pages for programs.
pub const INDEX: &str = "index.json";

/// Its schema.
pub const INDEX_SCHEMA: &str = "releng.index/1";

/// The highest number that counts. A file with a higher one was not written by this program, and would leave none for the next revision.
const HIGHEST_TOLD: u32 = 99_999_999;

/// What the file tells of each series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedIndex {
    pub series: BTreeMap<Series, ToldSeries>,
}

/// What the file tells of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldSeries {
    /// The highest number of a revision; 0 if it tells of none.
    pub revision: u32,
    /// The snapshot with the highest number.
    pub snapshot: Option<SnapshotName>,
    /// The yanked packages, each with the revision that was made without it.
    pub yanked: Vec<MaybeYanked>,
}

#[derive(Deserialize)]
struct StoredIndex {
    schema: String,
    #[serde(default)]
    series: Vec<StoredSeries>,
}

#[derive(Deserialize)]
struct StoredSeries {
    series: Series,
    current: Option<StoredRevision>,
    #[serde(default)]
    events: Vec<StoredEvent>,
    #[serde(default)]
    revisions: Vec<StoredRevision>,
    latest: Option<SnapshotName>,
    #[serde(default)]
    snapshots: Vec<StoredSnapshot>,
}

#[derive(Deserialize)]
struct StoredRevision {
    revision: u32,
}

#[derive(Deserialize)]
struct StoredEvent {
    revision: u32,
    snapshot: Option<SnapshotName>,
    /// Those of a yank.
    #[serde(default)]
    packages: Vec<Nevra>,
}

#[derive(Deserialize)]
struct StoredSnapshot {
    snapshot: SnapshotName,
}

impl ServedIndex {
    /// Reads the file of the root. One that is missing, or that this program did not write, tells nothing.
    pub fn load(layout: &Layout) -> ServedIndex {
        let text = layout.root.join(INDEX).read_if_there().ok().flatten();
        text.and_then(|text| ServedIndex::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &[u8]) -> Option<ServedIndex> {
        let stored = parse_json(text, INDEX_SCHEMA, |stored: &StoredIndex| &stored.schema).ok()?;
        let told = stored.series.into_iter().map(|stored| (stored.series, ToldSeries::of(stored)));
        Some(ServedIndex { series: told.collect() })
    }
}

impl ToldSeries {
    fn of(stored: StoredSeries) -> ToldSeries {
        let StoredSeries { series, current, events, revisions, latest, snapshots } = stored;
        let is_likely = |number: &u32| (1..=HIGHEST_TOLD).contains(number);
        let numbers = current.iter().chain(&revisions).map(|told| told.revision);
        let numbers = numbers.chain(events.iter().map(|event| event.revision));
        let revision = numbers.filter(is_likely).max().unwrap_or(0);
        let names = latest.iter().chain(snapshots.iter().map(|told| &told.snapshot));
        let names = names.chain(events.iter().filter_map(|event| event.snapshot.as_ref()));
        let of_series = names.filter(|name| name.series() == Some(series) && is_likely(&name.pipeline()));
        let snapshot = of_series.max_by_key(|name| name.pipeline()).cloned();
        let mut yanked = Vec::new();
        for StoredEvent { revision, packages, .. } in events.into_iter().filter(|event| is_likely(&event.revision)) {
            yanked.extend(packages.into_iter().map(|package| MaybeYanked { series, revision, package }));
        }
        ToldSeries { revision, snapshot, yanked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: Series = Series { major: 1 };

    fn told(series: &str) -> Option<ToldSeries> {
        let text = format!("{{\"schema\":\"releng.index/1\",\"series\":[{{\"series\":\"1.0\",{series}}}]}}");
        ServedIndex::parse(text.as_bytes())?.series.remove(&SERIES)
    }

    #[test]
    fn the_highest_numbers_count_wherever_they_are() {
        let of = |series: &str| told(series).map(|told| (told.revision, told.snapshot.map(|name| name.pipeline())));
        assert_eq!(of(r#""current":null,"latest":null"#), Some((0, None)));
        assert_eq!(of(r#""current":{"revision":3},"revisions":[{"revision":2}]"#), Some((3, None)));
        assert_eq!(of(r#""events":[{"revision":5,"event":"rollback","to":1}]"#), Some((5, None)));
        let snapshots =
            r#""latest":"snapshot-a_1.0_pipeline_2","snapshots":[{"snapshot":"snapshot-a_1.0_pipeline_7"}]"#;
        assert_eq!(of(snapshots), Some((0, Some(7))));
    }

    #[test]
    fn a_number_that_leaves_none_and_a_snapshot_of_another_series_do_not_count() {
        let told = told(
            r#""current":{"revision":999999999},"events":[{"revision":100000000,"packages":["demo-1.0.1-1.el9.noarch"]}],
            "latest":"snapshot-a_2.0_pipeline_2""#,
        );
        assert_eq!(told, Some(ToldSeries::default()));
    }

    #[test]
    fn a_file_of_another_form_tells_nothing() {
        assert_eq!(ServedIndex::parse(b"{}"), None);
        assert_eq!(ServedIndex::parse(b"{\"schema\":\"releng.index/2\",\"series\":[]}"), None);
        assert_eq!(told(r#""events":[{"revision":1,"packages":["../x"]}]"#), None);
    }
}
