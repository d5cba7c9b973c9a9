//! The pages of a snapshot or revision. They are made when everything else in it is there, and never change.

use anyhow::Result;

use crate::repository::model::layout::dist_folder;
use crate::repository::model::name::{Dist, FilePath};
use crate::repository::pages::folder_facts::FolderFacts;
use crate::repository::pages::links::{INDEX, PAGE, STYLE};
use crate::repository::pages::{dist_page, folder_page, index, style};

/// A file of the pages of a snapshot or revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderPage {
    Style,
    /// The page of a dist.
    Dist(Dist),
    /// The page that a person opens.
    Front,
    /// The same facts, for programs.
    Index,
}

impl FolderPage {
    /// The files of the pages of a folder with these dists.
    pub fn all(dists: &[Dist]) -> Vec<FolderPage> {
        let of_dists = dists.iter().cloned().map(FolderPage::Dist);
        [FolderPage::Style].into_iter().chain(of_dists).chain([FolderPage::Front, FolderPage::Index]).collect()
    }

    /// The path in the folder.
    pub fn path(&self) -> String {
        match self {
            FolderPage::Style => STYLE.to_owned(),
            FolderPage::Dist(dist) => format!("{}/{PAGE}", dist_folder(dist)),
            FolderPage::Front => PAGE.to_owned(),
            FolderPage::Index => INDEX.to_owned(),
        }
    }

    /// The content.
    pub fn render(&self, facts: &FolderFacts<'_>) -> Result<Vec<u8>> {
        Ok(match self {
            FolderPage::Style => style::SHEET.into(),
            FolderPage::Dist(dist) => dist_page::render(facts, dist),
            FolderPage::Front => folder_page::render(facts),
            FolderPage::Index => index::render_folder(facts)?,
        })
    }
}

/// Whether a file of a snapshot or revision belongs to its pages.
pub fn is_page(path: &FilePath) -> bool {
    match path.parts().as_slice() {
        [name] => [PAGE, INDEX, STYLE].contains(name),
        ["rpm", _, name] => *name == PAGE,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_pages_are_known() {
        let dists: Vec<Dist> = ["el9", "fc42"].map(|dist| dist.parse().unwrap()).to_vec();
        for page in FolderPage::all(&dists) {
            assert!(is_page(&page.path().parse().unwrap()), "{page:?}");
        }
        for other in
            ["manifest.json", "ChangeLog.txt", "sources/index.html", "rpm/el9/noarch/index.html", "a/b/index.html"]
        {
            assert!(!is_page(&other.parse().unwrap()), "{other}");
        }
    }
}
