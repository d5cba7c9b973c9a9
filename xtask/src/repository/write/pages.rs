//! The steps that make the pages of a snapshot or revision.

use std::sync::Arc;

use crate::repository::model::carried::Carried;
use crate::repository::model::name::Dist;
use crate::repository::model::store::Revision;
use crate::repository::pages::folder::{FolderPage, is_page};
use crate::repository::pages::folder_facts::AboutFolder;
use crate::repository::write::plan::ChangeStep;

/// The pages of other revisions, which are linked where the new one has the same.
#[derive(Debug, Default)]
pub struct FormerPages(Vec<Carried>);

impl FormerPages {
    /// Takes the pages out of the files that a revision takes over: they are made anew.
    pub fn take_from(carried: &mut Vec<Carried>) -> FormerPages {
        let (pages, others) = std::mem::take(carried).into_iter().partition(|file| is_page(&file.to));
        *carried = others;
        FormerPages(pages)
    }

    /// With those of the current revision, for pages that are not here.
    #[must_use]
    pub fn or_of(mut self, current: Option<&Revision>) -> FormerPages {
        if let Some(revision) = current {
            let pages = revision.manifest.files.iter().filter(|file| is_page(&file.path));
            self.0.extend(pages.map(|entry| Carried {
                from: revision.path.clone(),
                entry: entry.clone(),
                to: entry.path.clone(),
            }));
        }
        self
    }
}

/// The steps that make the pages of a folder with these dists. They come after everything that a page shows.
pub fn page_steps(about: AboutFolder, dists: &[Dist], former: &FormerPages) -> Vec<ChangeStep> {
    let about = Arc::new(about);
    let step = |page: FolderPage| {
        let path = page.path();
        let former = former.0.iter().find(|former| former.to.as_str() == path).cloned();
        ChangeStep::Page { page, about: about.clone(), former }
    };
    FolderPage::all(dists).into_iter().map(step).collect()
}
