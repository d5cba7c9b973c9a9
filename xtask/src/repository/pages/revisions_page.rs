//! The page of `revisions/`: every state of a series that is kept. A revision that is opened by its own number leads here, because
//! the folder above it is another one than above `stable/X.0`.

use crate::repository::pages::facts::RepositoryFacts;
use crate::repository::pages::frame::{Page, section};
use crate::repository::pages::links::{INDEX, front, revision_folder};
use crate::repository::pages::markup::Markup;
use crate::repository::pages::tables::{badge, day_cell, filled, head_cell, row, table};

/// The page.
pub fn render(facts: &RepositoryFacts) -> Vec<u8> {
    let title = format!("Revisions of {}", facts.project);
    let page = Page { title: &title, to_style: "../", above: &[(&facts.project, "../")], name: "revisions" };
    page.render(
        |main| {
            main.leaf("h1", &[], &title);
            main.leaf(
                "p",
                &[("class", "lead")],
                "A revision is a state of a series. It never changes; a change of the series makes a new one.",
            );
            if facts.series.iter().all(|series| series.revisions.is_empty()) {
                main.leaf("p", &[], "Nothing is here yet.");
            }
            for series in facts.series.iter().filter(|series| !series.revisions.is_empty()) {
                let id = format!("series-{}", series.series);
                section(main, &id, &format!("{} {}", facts.project, series.series), |section| {
                    let current = series.current.as_ref().map(|current| current.revision);
                    table(
                        section,
                        &format!("Revisions of {}", series.series),
                        &["Revision", "Date", "State"],
                        |body| {
                            for kept in &series.revisions {
                                let folder = revision_folder(series.series, kept.revision);
                                let address = front(folder.trim_start_matches("revisions/"), kept.page);
                                row(body, |row| {
                                    head_cell(row, |cell| {
                                        cell.leaf("a", &[("href", &address)], &kept.revision.to_string());
                                    });
                                    day_cell(row, kept.at);
                                    filled(row, |cell| mark(cell, current == Some(kept.revision)));
                                });
                            }
                        },
                    );
                });
            }
        },
        |foot| {
            foot.text("For programs: ");
            foot.leaf("a", &[("href", &format!("../{INDEX}"))], INDEX);
            foot.text(".");
        },
    )
}

fn mark(cell: &mut Markup, is_current: bool) {
    if is_current {
        badge(cell, "badge good", "current");
    }
}
