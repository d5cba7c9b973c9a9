//! The page of a series, which stands in each revision, and that of a snapshot.

use crate::base::text::shell_word;
use crate::history::changelog::ChangelogEntry;
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Channel, LATEST, MANIFEST, dist_folder};
use crate::repository::model::manifest::{FileEntry, PackageEntry, ReleasedVersion};
use crate::repository::pages::changes::newest_changes;
use crate::repository::pages::folder_facts::FolderFacts;
use crate::repository::pages::frame::{Page, section};
use crate::repository::pages::install::{Install, main_package};
use crate::repository::pages::links::{INDEX, PAGE, href};
use crate::repository::pages::markup::Markup;
use crate::repository::pages::tables::{
    badge, cell, commands, digest_cell, filled, head_cell, package_table, row, size_cell, table, time,
};

/// The most entries of the changelog that the page shows.
pub const ENTRIES: usize = 100;

/// The page.
pub fn render(facts: &FolderFacts<'_>) -> Vec<u8> {
    let about = facts.about;
    let (title, project) = (about.title(), about.head.project.to_string());
    let series = about.head.series.to_string();
    let (above, name): (&[(&str, &str)], &str) = match about.channel {
        Channel::Stable => (&[(&project, "../../")], &series),
        Channel::Unstable => (&[(&project, "../../../"), ("unstable", "../../")], &title),
    };
    let page = Page { title: &title, to_style: "", above, name };
    let packages = facts.packages(None);
    page.render(
        |main| {
            main.leaf("h1", &[], &title);
            lead(main, facts);
            section(main, "install", "Install", |section| install(section, facts));
            section(main, "changes", "Changes", |section| changes(section, facts));
            section(main, "packages", "Packages", |section| list_packages(section, facts, &packages));
            section(main, "sources", "Sources", |section| sources(section, facts));
            if about.channel == Channel::Stable {
                section(main, "releases", "All releases", |section| releases(section, facts, &packages));
            }
            section(main, "origin", "Origin", |section| origin(section, facts));
        },
        |foot| {
            foot.text("For programs: ");
            foot.leaf("a", &[("href", INDEX)], INDEX);
            foot.text(" and ");
            foot.leaf("a", &[("href", MANIFEST)], MANIFEST);
            foot.text(", which lists every file with its digest.");
        },
    )
}

fn lead(main: &mut Markup, facts: &FolderFacts<'_>) {
    let head = &facts.about.head;
    main.element("p", &[("class", "lead")], |p| {
        p.text(&format!("{} {} of ", head.project, head.release.version));
        time(p, head.release.date);
        if facts.about.channel == Channel::Unstable {
            p.text(&format!(", pipeline {}. ", head.release.snapshot.pipeline()));
            if head.merged {
                badge(p, "badge", "merged work");
            } else {
                badge(p, "badge warn", "unmerged work when it was staged");
            }
        } else {
            p.text(". ");
            match &facts.about.action {
                Action::Rollback { .. } => badge(p, "badge warn", "the series was rolled back to it"),
                Action::Yank { .. } => badge(p, "badge warn", "packages were taken out of the series"),
                _ => {}
            }
            if facts.is_emptied() {
                p.text(" No packages are left to install.");
            }
        }
    });
}

fn install(section: &mut Markup, facts: &FolderFacts<'_>) {
    let about = facts.about;
    let dists = facts.dists();
    if dists.is_empty() {
        return section.leaf("p", &[], "It has sources only: there are no packages to install.");
    }
    if about.channel == Channel::Unstable {
        section.element("p", &[], |p| {
            p.text("These commands follow ");
            p.leaf("code", &[], LATEST);
            p.text(", the newest snapshot of merged work, and not this snapshot for ever.");
        });
    }
    section.leaf("p", &[], "Choose the distribution of the machine:");
    for dist in &dists {
        let packages = facts.packages(Some(dist));
        let open: &[(&str, &str)] = if dists.len() == 1 { &[("open", "")] } else { &[] };
        section.element("details", open, |details| {
            details.element("summary", &[], |summary| summary.leaf("h3", &[], &dist.to_string()));
            let (layout, channel, series) = (&about.layout, about.channel, about.head.series);
            Install { layout, channel, series, dist, heading: "h4", packages: &packages }.write(details);
        });
        section.line();
    }
    let up = if about.channel == Channel::Stable { "../../" } else { "../../../" };
    section.element("p", &[], |p| {
        p.text(if facts.is_signed() { "Repodata and checksums are signed. " } else { "Nothing here is signed. " });
        p.text("Newer series, keys with their fingerprints, and what became of each version: ");
        p.leaf("a", &[("href", &format!("{up}{PAGE}"))], "the page of the repository");
        p.text(".");
    });
}

fn changes(section: &mut Markup, facts: &FolderFacts<'_>) {
    let since = facts.about.shown_since();
    let changes = newest_changes(facts.changelog, since.as_ref(), ENTRIES);
    let name = facts.about.changelog();
    section.element("p", &[], |p| {
        match &since {
            Some(since) => p.text(&format!("Since {since}. ")),
            None => p.text("Since the beginning. "),
        }
        if changes.shortened {
            p.text(&format!("The newest {ENTRIES} entries are shown. "));
        }
        p.text("All: ");
        p.leaf("a", &[("href", &href(&name))], &name);
    });
    for ChangelogEntry { version, date, changes, .. } in &changes.entries {
        section.leaf("h3", &[], &format!("{version} ({date})"));
        section.element("ul", &[("class", "changes")], |list| {
            for change in changes {
                list.element("li", &[], |item| {
                    item.leaf("code", &[], &change.id);
                    item.text(" ");
                    item.text(&change.subject);
                    if !change.bugs.is_empty() {
                        item.text(&format!(" (fixes {})", change.bugs.join(", ")));
                    }
                });
                list.line();
            }
        });
    }
}

fn list_packages(section: &mut Markup, facts: &FolderFacts<'_>, packages: &[(&FileEntry, &PackageEntry)]) {
    let dists = facts.dists();
    if !dists.is_empty() {
        section.element("p", &[], |p| {
            p.text("By distribution:");
            for dist in &dists {
                p.text(" ");
                p.leaf("a", &[("href", &href(&format!("{}/{PAGE}", dist_folder(dist))))], &dist.to_string());
            }
        });
    }
    write_packages(section, "", facts.is_signed(), packages);
}

/// The tables of packages: those that are installed, and the others.
pub fn write_packages(section: &mut Markup, folder: &str, is_signed: bool, packages: &[(&FileEntry, &PackageEntry)]) {
    let (described, others): (Vec<_>, Vec<_>) =
        packages.iter().copied().partition(|(_, package)| package.nevra.is_described());
    if described.is_empty() {
        section.leaf("p", &[], "There are no packages to install.");
    } else {
        package_table(section, "Packages", folder, is_signed, &described);
    }
    if !others.is_empty() {
        section.element("details", &[], |details| {
            details.leaf("summary", &[], &format!("{} more, for debugging and building", others.len()));
            package_table(details, "Packages for debugging and building", folder, is_signed, &others);
        });
    }
}

fn sources(section: &mut Markup, facts: &FolderFacts<'_>) {
    table(section, "Sources", &["File", "Size", "SHA-256"], |body| {
        for file in facts.sources() {
            row(body, |row| {
                head_cell(row, |cell| cell.leaf("a", &[("href", &href(file.path.as_str()))], file.path.file_name()));
                size_cell(row, file.size);
                digest_cell(row, file.sha256);
            });
        }
    });
}

fn releases(section: &mut Markup, facts: &FolderFacts<'_>, packages: &[(&FileEntry, &PackageEntry)]) {
    let head = &facts.about.head;
    section.leaf("p", &[], "To install a certain version and no other:");
    table(section, "Releases", &["Version", "Date", "Command", "Commit"], |body| {
        for release in [&head.release].into_iter().chain(head.earlier.iter().rev()) {
            row(body, |row| write_release(row, facts, release, packages));
        }
    });
}

fn write_release(
    row: &mut Markup,
    facts: &FolderFacts<'_>,
    release: &ReleasedVersion,
    packages: &[(&FileEntry, &PackageEntry)],
) {
    let version = release.version.to_string();
    let own: Vec<_> = packages.iter().copied().filter(|(_, package)| package.nevra.version() == version).collect();
    head_cell(row, |cell| cell.text(&version));
    row.element("td", &[("class", "day")], |cell| time(cell, release.date));
    match main_package(&facts.about.layout, &own) {
        Some(name) => filled(row, |cell| {
            cell.leaf("code", &[], &format!("sudo dnf install {}", shell_word(&format!("{name}-{version}"))));
        }),
        None => cell(row, "no packages"),
    }
    filled(row, |cell| cell.leaf("code", &[("class", "digest")], &release.commit.to_string()));
}

fn origin(section: &mut Markup, facts: &FolderFacts<'_>) {
    let (about, head) = (facts.about, &facts.about.head);
    section.element("p", &[], |p| {
        p.text(&format!("Event {} of ", facts.event));
        time(p, facts.at);
        p.text(": ");
        p.text(&about.action.to_string());
        p.text(".");
    });
    if let Action::Yank { why, .. } = &about.action {
        section.element("p", &[], |p| p.text(&format!("Reason: {why}")));
    }
    if let Action::Promote { untested: Some(why), .. } = &about.action {
        section.element("p", &[], |p| p.text(&format!("Promoted without a test: {why}")));
    }
    if matches!(about.action, Action::Rollback { .. } | Action::Yank { .. }) {
        section.leaf("p", &[], "A machine with a version that is not here any more goes back with:");
        commands(section, &["sudo dnf --refresh distro-sync".to_owned()]);
    }
    section.element("p", &[], |p| {
        p.text(&format!("{} was made of the commit ", head.release.version));
        p.leaf("code", &[], &head.release.commit.to_string());
        p.text(" and staged as ");
        p.leaf("code", &[], &head.release.snapshot.to_string());
        p.text(".");
    });
}
