//! The page of a dist in a snapshot or revision: what a person sees who opens `rpm/el9/`.
//!
//! It does not say which revision it is in: as long as the packages of the dist stay the same, so does the page.

use crate::repository::model::layout::{Channel, dist_folder};
use crate::repository::model::name::Dist;
use crate::repository::pages::folder_facts::FolderFacts;
use crate::repository::pages::folder_page::write_packages;
use crate::repository::pages::frame::{Page, section};
use crate::repository::pages::install::Install;
use crate::repository::pages::links::{PAGE, href};
use crate::repository::repodata;

/// The page.
pub fn render(facts: &FolderFacts<'_>, dist: &Dist) -> Vec<u8> {
    let about = facts.about;
    let (project, own) = (about.head.project.to_string(), about.title());
    let (series, dist_name) = (about.head.series.to_string(), dist.to_string());
    let title = format!("{own} for {dist}");
    let above: &[(&str, &str)] = match about.channel {
        Channel::Stable => &[(&project, "../../../../"), (&series, "../../")],
        Channel::Unstable => &[(&project, "../../../../../"), ("unstable", "../../../../"), (&own, "../../")],
    };
    let page = Page { title: &title, to_style: "../../", above, name: &dist_name };
    let packages = facts.packages(Some(dist));
    page.render(
        |main| {
            main.leaf("h1", &[], &title);
            section(main, "install", "Install", |section| {
                let (layout, channel, series) = (&about.layout, about.channel, about.head.series);
                Install { layout, channel, series, dist, heading: "h3", packages: &packages }.write(section);
            });
            section(main, "packages", "Packages", |section| {
                write_packages(section, &dist_folder(dist), facts.is_signed(), &packages);
            });
        },
        |foot| {
            foot.text("What changed, sources and all releases: ");
            foot.leaf("a", &[("href", &format!("../../{PAGE}"))], &own);
            foot.text(". For programs: ");
            let path = format!("{}/{}", repodata::FOLDER, repodata::INDEX);
            foot.leaf("a", &[("href", &href(&path))], &path);
        },
    )
}
