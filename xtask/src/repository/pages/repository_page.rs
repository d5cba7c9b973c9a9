//! The page of the repository: series, versions, events and keys.

use crate::base::text::shell_word;
use crate::repository::model::layout::KEY_FILE_PREFIX;
use crate::repository::pages::facts::{
    CurrentRevision, PromotedVersion, RepositoryFacts, RevisionEvent, RevisionEventKind, SeriesFacts, ServedKey,
    VersionState,
};
use crate::repository::pages::frame::{Page, section};
use crate::repository::pages::links::{INDEX, PAGE, TIMELINE, front, href, revision_folder, series_page};
use crate::repository::pages::markup::Markup;
use crate::repository::pages::tables::{
    badge, cell, commands, day_cell, filled, head_cell, row, table, time, words_cell,
};
use crate::repository::pages::timeline;

/// The most events that the page lists. `index.json` has all.
const EVENTS: usize = 100;

/// The page.
pub fn render(facts: &RepositoryFacts) -> Vec<u8> {
    let project = &facts.project;
    let title = format!("{project}: RPM repository");
    let page = Page { title: &title, to_style: "", above: &[], name: project };
    let events = facts.events();
    page.render(
        |main| {
            main.leaf("h1", &[], project);
            main.element("p", &[("class", "lead")], |p| {
                p.text("RPM packages for dnf and zypper. ");
                if let Some(url) = &facts.url {
                    p.leaf("code", &[], url);
                }
            });
            section(main, "series", "Series", |section| list_series(section, facts));
            if !events.is_empty() {
                section(main, "history", "History", |section| history(section, facts, &events));
            }
            section(main, "keys", "Keys", |section| keys(section, facts));
            section(main, "more", "More", |section| more(section, facts));
        },
        |foot| {
            foot.text("For programs: ");
            foot.leaf("a", &[("href", INDEX)], INDEX);
            foot.text(", with the same facts.");
        },
    )
}

fn list_series(section: &mut Markup, facts: &RepositoryFacts) {
    if facts.series.is_empty() {
        return section.leaf("p", &[], "Nothing is here yet.");
    }
    let newest = facts.series.iter().find(|series| series.current.is_some()).map(|series| series.series);
    for series in &facts.series {
        section.line();
        section.element("article", &[], |article| {
            article.element("h3", &[], |heading| {
                let name = format!("{} {}", facts.project, series.series);
                match series.current.as_ref().filter(|current| current.page) {
                    Some(_) => heading.leaf("a", &[("href", &href(&series_page(series.series)))], &name),
                    None => heading.text(&name),
                }
            });
            match &series.current {
                Some(current) => write_current(article, series, current),
                None => article.leaf("p", &[], "Nothing is promoted in this series."),
            }
            if let Some(newest) = newest.filter(|newest| *newest > series.series) {
                article.element("p", &[("class", "note")], |p| {
                    p.text(&format!("A newer series is out: {} {newest}. Its packages need not be compatible: machines stay with this series until a person changes them.", facts.project));
                });
            }
            versions(article, series);
        });
    }
}

fn write_current(article: &mut Markup, series: &SeriesFacts, current: &CurrentRevision) {
    article.element("p", &[], |p| {
        match &current.version {
            Some(version) if current.is_empty => {
                p.text(&format!("no packages any more; the last version was {version}"))
            }
            Some(version) => p.leaf("strong", &[], &version.to_string()),
            None => p.text("unknown version"),
        }
        if !current.dists.is_empty() {
            let dists: Vec<String> = current.dists.iter().map(ToString::to_string).collect();
            p.text(&format!(" for {}", dists.join(", ")));
        }
        p.text(if current.signed { ", signed." } else { ", not signed." });
        // What an event did to other versions is not said of this one.
        if let Some(event) = series.events.iter().rev().find(|event| event.revision == current.revision) {
            p.text(" The last change, ");
            time(p, event.at);
            p.text(": ");
            write_event(p, event);
        }
    });
}

fn versions(article: &mut Markup, series: &SeriesFacts) {
    if series.versions.is_empty() {
        return;
    }
    let name = format!("Versions of {}", series.series);
    table(article, &name, &["Version", "Promoted", "State", "Snapshot"], |body| {
        for PromotedVersion { version, snapshot, at, state, .. } in &series.versions {
            row(body, |row| {
                head_cell(row, |cell| cell.text(&version.to_string()));
                day_cell(row, *at);
                words_cell(row, |cell| write_state(cell, state));
                filled(row, |cell| cell.leaf("code", &[], &snapshot.to_string()));
            });
        }
    });
}

fn write_state(cell: &mut Markup, state: &VersionState) {
    let mut since = |kind, text, at, why: Option<&String>| {
        badge(cell, kind, text);
        cell.text(" ");
        time(cell, at);
        if let Some(why) = why {
            cell.text(&format!(": {why}"));
        }
    };
    match state {
        // Its event is lost, and perhaps there was none.
        VersionState::Yanked { yanked_at, why: None } => since("badge warn", "perhaps yanked", *yanked_at, None),
        VersionState::PartlyYanked { yanked_at, why: None } => {
            since("badge warn", "perhaps partly yanked", *yanked_at, None);
        }
        VersionState::Yanked { yanked_at, why } => since("badge bad", "yanked", *yanked_at, why.as_ref()),
        VersionState::PartlyYanked { yanked_at, why } => {
            since("badge warn", "partly yanked", *yanked_at, why.as_ref());
        }
        VersionState::RolledBack { rolled_back_at } => since("badge warn", "rolled back", *rolled_back_at, None),
        VersionState::Current => badge(cell, "badge good", "current"),
        VersionState::Available => badge(cell, "badge", "available"),
        VersionState::Gone => badge(cell, "badge", "not here any more"),
        VersionState::Unknown => badge(cell, "badge warn", "unknown"),
    }
}

fn history(section: &mut Markup, facts: &RepositoryFacts, events: &[&RevisionEvent]) {
    let drawn = timeline::size(facts);
    let alt = format!("{}. The table has the same events.", timeline::describe(facts));
    let (width, height) = (drawn.width.to_string(), drawn.height.to_string());
    section.element(
        "div",
        &[("class", "wide"), ("role", "region"), ("aria-label", "Timeline"), ("tabindex", "0")],
        |wide| {
            wide.empty("img", &[("src", TIMELINE), ("alt", &alt), ("width", &width), ("height", &height)]);
        },
    );
    table(section, "Events", &["Event", "Date", "Series", "What", "State of the series"], |body| {
        for event in events.iter().rev().take(EVENTS) {
            row(body, |row| {
                head_cell(row, |cell| cell.text(&format!("event {}", event.number)));
                day_cell(row, event.at);
                cell(row, &event.series.to_string());
                words_cell(row, |cell| write_event(cell, event));
                filled(row, |cell| {
                    let kept = facts.series.iter().find(|series| series.series == event.series);
                    let kept = kept.and_then(|series| {
                        series.revisions.iter().find(|revision| revision.revision == event.revision)
                    });
                    let number = format!("revision {}", event.revision);
                    match kept {
                        Some(kept) => {
                            let address = front(&revision_folder(event.series, event.revision), kept.page);
                            cell.leaf("a", &[("href", &address)], &number);
                        }
                        None => cell.text(&number),
                    }
                });
            });
        }
    });
    if events.len() > EVENTS {
        section.element("p", &[], |p| {
            p.text(&format!("The newest {EVENTS} of {} events. All: ", events.len()));
            p.leaf("a", &[("href", INDEX)], INDEX);
        });
    }
}

fn write_event(cell: &mut Markup, event: &RevisionEvent) {
    match &event.kind {
        RevisionEventKind::Promote { version, snapshot, untested } => {
            badge(cell, "badge good", "promoted");
            cell.text(&format!(" {version} from "));
            cell.leaf("code", &[], &snapshot.to_string());
            if let Some(why) = untested {
                cell.text(&format!(", without a test: {why}"));
            }
        }
        RevisionEventKind::Rollback { to, version } => {
            badge(cell, "badge warn", "rolled back");
            let version = version.as_ref().map_or(String::new(), |version| format!("{version}, "));
            cell.text(&format!(" to {version}revision {to}"));
        }
        RevisionEventKind::Yank { packages, why } => {
            badge(cell, "badge bad", "yanked");
            let packages: Vec<String> = packages.iter().map(ToString::to_string).collect();
            cell.text(&format!(" {}: {why}", packages.join(", ")));
        }
    }
}

fn keys(section: &mut Markup, facts: &RepositoryFacts) {
    if facts.keys.is_empty() {
        return section.leaf("p", &[], "Nothing is signed: there is no key.");
    }
    let file = format!("{KEY_FILE_PREFIX}{}", facts.project);
    section.element("p", &[], |p| {
        p.leaf("a", &[("href", &href(&file))], &file);
        p.text(" has the public keys of packages and repodata.");
    });
    section.element("ul", &[], |list| {
        for ServedKey { fingerprint, owner } in &facts.keys {
            list.element("li", &[], |item| {
                match fingerprint {
                    Some(fingerprint) => item.leaf("code", &[("class", "fingerprint")], &in_groups(fingerprint)),
                    None => item.text("a key in a form that is not read here"),
                }
                if let Some(owner) = owner {
                    item.text(" ");
                    item.text(owner);
                }
            });
        }
    });
    section.leaf(
        "p",
        &[],
        "Whoever can change this page can change the key, too. Compare the fingerprint with one from another place, such as the \
         documentation of the project, before the first import:",
    );
    let from =
        facts.url.as_ref().map(|url| format!("curl --fail --remote-name {}", shell_word(&format!("{url}/{file}"))));
    let show = format!("gpg --show-keys --with-fingerprint {}", shell_word(&file));
    let import = format!("sudo rpm --import {}", shell_word(&file));
    commands(section, &from.into_iter().chain([show, import]).collect::<Vec<_>>());
}

/// A fingerprint in groups of four digits, as GnuPG shows it.
fn in_groups(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn more(section: &mut Markup, facts: &RepositoryFacts) {
    section.element("ul", &[], |list| {
        let unstable = ("unstable", ": snapshots that wait for their promotion");
        let revisions = ("revisions", ": every state of a series that is kept");
        for (folder, text) in [unstable].into_iter().chain(facts.has_revisions.then_some(revisions)) {
            list.element("li", &[], |item| {
                item.leaf("a", &[("href", &format!("{folder}/{PAGE}"))], folder);
                item.text(text);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_shown_in_groups() {
        assert_eq!(in_groups("0123456789AB"), "0123 4567 89AB");
        assert_eq!(in_groups("\u{e9}12345"), "\u{e9}123 45");
    }
}
