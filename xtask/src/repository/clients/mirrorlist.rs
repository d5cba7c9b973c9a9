//! The mirrorlist of a dist: where its clients fetch repodata and packages.
//!
//! `repomd.xml`, its signature and the files it names are fetched one after another. A client that gets the address of one
//! immutable revision fetches all of them from it, whatever is promoted meanwhile. dnf reads the mirrorlist again before it
//! fetches packages: see [`super::in_flight`].

use crate::repository::model::layout::Layout;

/// The name of the file.
pub const MIRRORLIST: &str = "mirrorlist";

/// The text of the mirrorlist that leads to `folders`, which are relative to the root of the repository: the folder of the dist, and
/// those for clients in flight. `None` where the repository has no address.
pub fn render_mirrorlist(layout: &Layout, folders: &[String]) -> Option<String> {
    let url = layout.url.as_ref()?;
    Some(folders.iter().map(|folder| format!("{url}/{folder}/\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn layout(url: Option<&str>) -> Layout {
        let url = url.map(|url| crate::project::config::Address::try_from(url.to_owned()).unwrap());
        let name = crate::project::config::Name::try_from("lago".to_owned()).unwrap();
        Layout::new(name, Path::new("/srv"), Path::new("/var"), url.as_ref())
    }

    #[test]
    fn each_folder_is_an_address() {
        let layout = layout(Some("https://example.org/repos/"));
        let list = render_mirrorlist(&layout, &["revisions/000007/rpm/el9", "b"].map(str::to_owned));
        let list = list.unwrap();
        assert_eq!(
            list,
            "https://example.org/repos/lago/revisions/000007/rpm/el9/\nhttps://example.org/repos/lago/b/\n"
        );
        assert_eq!(render_mirrorlist(&self::tests::layout(None), &[]), None);
    }
}
