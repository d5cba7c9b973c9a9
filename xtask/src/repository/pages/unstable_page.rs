//! The page of `unstable/`: the snapshots of each series.

use crate::repository::model::layout::LATEST;
use crate::repository::model::test_result::TestVerdict;
use crate::repository::pages::facts::{RepositoryFacts, SeriesFacts, SnapshotHold, StagedSnapshot, VersionState};
use crate::repository::pages::frame::{Page, section};
use crate::repository::pages::links::{INDEX, PAGE, front, href};
use crate::repository::pages::markup::Markup;
use crate::repository::pages::tables::{badge, cell, day_cell, filled, head_cell, row, table, time, words_cell};

/// The page.
pub fn render(facts: &RepositoryFacts) -> Vec<u8> {
    let title = format!("Snapshots of {}", facts.project);
    let page = Page { title: &title, to_style: "../", above: &[(&facts.project, "../")], name: "unstable" };
    page.render(
        |main| {
            main.leaf("h1", &[], &title);
            main.element("p", &[("class", "lead")], |p| {
                p.text("A snapshot is the result of one pipeline. It never changes. A tested one is promoted to its series; ");
                p.leaf("code", &[], LATEST);
                p.text(" is the newest of merged work.");
            });
            if facts.series.iter().all(|series| series.snapshots.is_empty()) {
                main.leaf("p", &[], "Nothing is here yet.");
            }
            for series in facts.series.iter().filter(|series| !series.snapshots.is_empty()) {
                let id = format!("series-{}", series.series);
                let name = format!("{} {}", facts.project, series.series);
                section(main, &id, &name, |section| list_snapshots(section, series));
            }
        },
        |foot| {
            foot.text("For programs: ");
            foot.leaf("a", &[("href", &format!("../{INDEX}"))], INDEX);
            foot.text(".");
        },
    )
}

fn list_snapshots(section: &mut Markup, series: &SeriesFacts) {
    let name = format!("Snapshots of {}", series.series);
    let columns = ["Snapshot", "Pipeline", "Version", "Staged", "State", "Acceptance tests", "Dists", "Commit"];
    table(section, &name, &columns, |body| {
        for snapshot in &series.snapshots {
            row(body, |row| write_snapshot(row, series, snapshot));
        }
    });
    let latest = series.snapshots.iter().find(|snapshot| series.latest.as_ref() == Some(&snapshot.snapshot));
    if latest.is_some_and(|latest| latest.page) {
        section.element("p", &[], |p| {
            let address = href(&format!("{}/{LATEST}/{PAGE}", series.series));
            p.leaf("a", &[("href", &address)], LATEST);
            p.text(" leads to the snapshot that is marked so, and later to the next one.");
        });
    }
}

fn write_snapshot(row: &mut Markup, series: &SeriesFacts, snapshot: &StagedSnapshot) {
    let name = snapshot.snapshot.to_string();
    let address = front(&format!("{}/{name}", series.series), snapshot.page);
    head_cell(row, |cell| cell.leaf("a", &[("href", &address)], &name));
    cell(row, &format!("pipeline {}", snapshot.pipeline));
    cell(row, &snapshot.version.as_ref().map_or("unknown".to_owned(), ToString::to_string));
    day_cell(row, snapshot.staged);
    words_cell(row, |cell| write_state(cell, series, snapshot));
    words_cell(row, |cell| write_tests(cell, snapshot));
    cell(row, &snapshot.dists.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    filled(row, |cell| {
        if let Some(commit) = &snapshot.commit {
            cell.leaf("code", &[("class", "digest")], &commit.to_string());
        }
    });
}

fn write_state(cell: &mut Markup, series: &SeriesFacts, snapshot: &StagedSnapshot) {
    if series.latest.as_ref() == Some(&snapshot.snapshot) {
        badge(cell, "badge good", LATEST);
        cell.text(" ");
    }
    if !snapshot.merged {
        badge(cell, "badge warn", "unmerged");
        cell.text(" ");
    }
    for promoted in &snapshot.promoted {
        badge(cell, "badge good", &format!("promoted to {}, revision {}", series.series, promoted.revision));
        cell.text(" ");
    }
    let promoted = series.versions.iter().find(|version| version.snapshot == snapshot.snapshot);
    match promoted.map(|promoted| &promoted.state) {
        Some(VersionState::RolledBack { .. }) => badge(cell, "badge warn", "rolled back"),
        Some(VersionState::Yanked { why: None, .. } | VersionState::PartlyYanked { why: None, .. }) => {
            badge(cell, "badge warn", "perhaps yanked");
        }
        Some(VersionState::Yanked { .. }) => badge(cell, "badge bad", "yanked"),
        Some(VersionState::PartlyYanked { .. }) => badge(cell, "badge warn", "partly yanked"),
        _ => {}
    }
    cell.text(" ");
    if let Some(SnapshotHold { why, until }) = &snapshot.hold {
        badge(cell, "badge", "held");
        if let Some(until) = until {
            cell.text(" until ");
            time(cell, *until);
        }
        cell.text(&format!(": {why}"));
    }
}

fn write_tests(cell: &mut Markup, snapshot: &StagedSnapshot) {
    if snapshot.tests.is_empty() {
        cell.text("none was run");
    }
    for outcome in &snapshot.tests {
        let (kind, verdict) = match outcome.verdict {
            TestVerdict::Passed => ("badge good", "passed"),
            TestVerdict::Failed => ("badge bad", "failed"),
            TestVerdict::TimedOut => ("badge bad", "out of time"),
        };
        badge(cell, kind, &format!("{} {verdict}", outcome.test));
        cell.text(" ");
    }
}
