//! The names of the pages, and the addresses of what they link to. All addresses are relative.

use crate::repository::clients::address::encode;
use crate::repository::model::layout::{MANIFEST, revision_name};
use crate::repository::model::name::Series;
pub use crate::repository::model::served_index::INDEX;

/// The name of a page: what a server shows for a folder.
pub const PAGE: &str = "index.html";
/// The name of the style sheet.
pub const STYLE: &str = "style.css";
/// The name of the drawing of all events.
pub const TIMELINE: &str = "timeline.svg";

/// The address of a file below the folder of the page.
pub fn href(path: &str) -> String {
    encode(path)
}

/// The address of the page of a series, relative to the root.
pub fn series_page(series: Series) -> String {
    format!("stable/{series}/{PAGE}")
}

/// The folder of a revision, relative to the root.
pub fn revision_folder(series: Series, number: u32) -> String {
    format!("revisions/stable-{series}/{}", revision_name(number))
}

/// The address of the page of a folder, or of its manifest where it has no page.
pub fn front(folder: &str, has_page: bool) -> String {
    href(&format!("{folder}/{}", if has_page { PAGE } else { MANIFEST }))
}
