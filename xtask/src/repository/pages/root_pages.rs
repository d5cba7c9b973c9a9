//! The pages in the root of the repository, which follow from the log and from what is below the root.

use anyhow::Result;

use crate::base::files::TreePath;
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::layout::Layout;
use crate::repository::model::store::Store;
use crate::repository::pages::frame::FORM;
use crate::repository::pages::links::{INDEX, PAGE, STYLE, TIMELINE};
use crate::repository::pages::load::{ComingChange, LoadedFacts, load};
use crate::repository::pages::{index, repository_page, revisions_page, style, timeline, unstable_page};

/// The folders below the root that have a page of the root.
pub const FOLDERS_WITH_PAGE: [&str; 2] = ["unstable", "revisions"];

/// The files of the pages, relative to the root.
pub fn names() -> Vec<String> {
    let of_root = [STYLE, TIMELINE, PAGE, INDEX].map(str::to_owned);
    let of_folders = FOLDERS_WITH_PAGE.map(|folder| format!("{folder}/{PAGE}"));
    of_root.into_iter().chain(of_folders).collect()
}

/// The pages that are written after an acceptance test: those that show its result, and those that differ already.
pub fn names_after_test(store: &Store) -> Vec<String> {
    let differing = changed(store, None).unwrap_or_default();
    let shows_results = |name: &String| *name == INDEX || *name == format!("unstable/{PAGE}");
    names().into_iter().filter(|name| shows_results(name) || differing.iter().any(|file| file.name == *name)).collect()
}

/// The pages that differ from what they should have. Where a manifest cannot be read, they stay as they are until the next event: what they
/// show is more than could be shown now.
pub fn outdated(store: &Store) -> Result<Vec<RootFile>> {
    let loaded = load(store, None)?.filter(|loaded| !loaded.is_partial);
    let mut files = loaded.map_or(Ok(Vec::new()), |loaded| render(&store.layout, &loaded))?;
    files.retain(|file| !file.is_done());
    Ok(files)
}

/// The pages that are to be written once `coming` is done.
pub fn changed(store: &Store, coming: Option<&ComingChange<'_>>) -> Result<Vec<RootFile>> {
    let mut files = load(store, coming)?.map_or(Ok(Vec::new()), |loaded| render(&store.layout, &loaded))?;
    files.retain(|file| !file.is_done());
    Ok(files)
}

/// The pages with another content than this program would write, or that are missing. Where an earlier program has written the
/// pages, or none, and where a manifest cannot be read, none is found: the next change writes them.
pub fn damaged(store: &Store) -> Result<Vec<RootFile>> {
    let has_form = |path: TreePath| {
        let found = path.read_if_there().ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&found).contains(FORM)
    };
    if !names().into_iter().any(|name| has_form(store.layout.root.join(name))) {
        return Ok(Vec::new());
    }
    outdated(store)
}

fn render(layout: &Layout, LoadedFacts { facts, absent, .. }: &LoadedFacts) -> Result<Vec<RootFile>> {
    let file =
        |name: String, content: Vec<u8>| RootFile { path: layout.root.join(&name), name, content: Some(content) };
    let mut files = vec![
        file(STYLE.to_owned(), style::SHEET.into()),
        file(TIMELINE.to_owned(), timeline::render(facts)),
        file(PAGE.to_owned(), repository_page::render(facts)),
        file(INDEX.to_owned(), index::render_repository(facts)?),
    ];
    let [unstable, revisions] = FOLDERS_WITH_PAGE;
    if !absent.contains(&unstable) {
        files.push(file(format!("{unstable}/{PAGE}"), unstable_page::render(facts)));
    }
    if facts.has_revisions && !absent.contains(&revisions) {
        files.push(file(format!("{revisions}/{PAGE}"), revisions_page::render(facts)));
    }
    Ok(files)
}
