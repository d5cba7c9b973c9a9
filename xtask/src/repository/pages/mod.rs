//! Pages for people who open the repository in a browser, and `index.json` with the same facts for programs.
//!
//! Each snapshot and revision has pages of its own ([`folder`]), which never change. Those of the root are about what changes
//! with each event ([`root_pages`]). [`load`] reads the facts; everything else is a function of them. [`markup`] is the only writer of
//! elements. No page depends on the clock, and all links are relative: the pages are the same at each address and from a disk.

mod changes;
mod dist_page;
pub mod facts;
pub mod folder;
pub mod folder_facts;
mod folder_page;
mod frame;
mod history;
mod index;
mod install;
mod links;
pub mod load;
mod markup;
mod repository_page;
mod revisions_page;
pub mod root_pages;
mod style;
mod summary;
mod tables;
mod timeline;
mod unstable_page;
