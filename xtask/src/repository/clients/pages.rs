//! What a person installs to become a client: a `.repo` file for each dist of each series, the keys, and the mirrorlist
//! that makes changes harmless.
//!
//! `repomd.xml`, its signature and the files it names are fetched one after another. A client that is told the address of
//! one immutable revision gets all of them from it, whatever is promoted meanwhile; that is what the mirrorlist says. For
//! packages dnf reads it anew: [`crate::repository::clients::in_flight`].

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::files;
use crate::repository::model::layout::{Channel, Layout, dist_folder};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::Store;
use crate::repository::repodata;
use crate::repository::sign::Key;
use crate::repository::sign::SIGNATURE;

/// The name of the file with the address of the revision it lies in.
pub const MIRRORLIST: &str = "mirrorlist";

/// The mirrorlist of a dist: its folder in the snapshot or revision, and where clients in flight find what is not there, all
/// relative to the root. `None` without an address.
pub fn render_mirrorlist(layout: &Layout, folders: &[String]) -> Option<String> {
    let url = layout.url.as_ref()?;
    Some(folders.iter().map(|folder| format!("{url}/{folder}/\n")).collect())
}

/// What a `.repo` file says.
pub struct RepoFile<'a> {
    /// Whose.
    pub layout: &'a Layout,
    /// Of which channel.
    pub channel: Channel,
    /// Of which series.
    pub series: Series,
    /// For which dist.
    pub dist: &'a Dist,
    /// Whether packages and repodata are signed.
    pub signed: bool,
    /// The newest stable series, where it is above this one.
    pub newer: Option<Series>,
    /// Where the keys are on the client; `None` for those at the repository's address.
    pub key_path: Option<&'a str>,
}

impl RepoFile<'_> {
    /// The text.
    pub fn render(&self) -> String {
        let RepoFile { layout, channel, series, dist, newer, .. } = self;
        let name = &layout.name;
        let mut text = String::new();
        let newer_file = |newer: &Series| format!("{}.repo", layout.repo_id(*channel, *newer, Some(dist)));
        if let Some(newer) = newer {
            text.push_str(&format!(
                "# {name} {newer} is out. This file stays with {series}, which {newer} is not compatible with:\n\
                 # to go over, install {} in its place.\n",
                newer_file(newer)
            ));
        }
        let below = match channel {
            Channel::Stable => format!("stable/{series}"),
            Channel::Unstable => format!("unstable/{series}/latest"),
        };
        let folder = dist_folder(dist);
        let source = match &layout.url {
            Some(url) => format!("mirrorlist={url}/{below}/{folder}/{MIRRORLIST}"),
            None => format!("baseurl={}/", file_address(&layout.root.join(&below).join(folder))),
        };
        let hint = newer.map_or(String::new(), |newer| format!(" (newer: {newer}, see {})", newer_file(&newer)));
        let check = u8::from(self.signed);
        text.push_str(&format!(
            "[{}]\nname={name} {series} {channel} for {dist}{hint}\n{source}\nenabled=1\ngpgcheck={check}\n\
             repo_gpgcheck={check}\nmetadata_expire=6h\n",
            layout.repo_id(*channel, *series, None)
        ));
        if self.signed {
            let key = match (self.key_path, &layout.url) {
                (Some(path), _) => file_address(Path::new(path)),
                (None, Some(url)) => format!("{url}/{}", layout.key_name()),
                (None, None) => file_address(&layout.keys()),
            };
            text.push_str(&format!("gpgkey={key}\n"));
        }
        text
    }
}

/// A path as it stands in an address: dnf takes what follows a blank or a comma for another address.
pub fn encode(path: impl AsRef<[u8]>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encode = |byte: &u8| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    path.as_ref().iter().map(encode).collect()
}

/// The address of a file or folder of this machine.
pub fn file_address(path: &Path) -> String {
    format!("file://{}", encode(path.as_os_str().as_bytes()))
}

/// The present key and those that were used before, so that what they signed stays valid; the present one first.
pub fn join_keys(present: &[u8], published: &[u8]) -> Vec<u8> {
    let present = String::from_utf8_lossy(present).into_owned();
    let published = String::from_utf8_lossy(published);
    let former = split_keys(&published).filter(|key| key.trim() != present.trim());
    let mut keys = present.trim_end().to_owned() + "\n";
    former.for_each(|key| keys.push_str(key));
    keys.into_bytes()
}

/// The armoured keys in a text of several.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END PGP PUBLIC KEY BLOCK-----\n";
    keys.split_inclusive(END).filter(|key| key.contains("BEGIN PGP"))
}

/// Publishes the key that signs, where it is not published yet: before anything that it has signed.
pub fn publish_key(layout: &Layout, key: Option<&Key>) -> Result<()> {
    let Some(key) = key else { return Ok(()) };
    let published = fs::read(layout.keys()).unwrap_or_default();
    files::publish(&layout.keys(), &join_keys(&key.public, &published))
}

/// Writes the `.repo` files anew, where they differ from what the tree says now.
pub fn write(store: &Store) -> Result<()> {
    expected(store)?.iter().try_for_each(|(path, text)| files::publish(path, text.as_bytes()))
}

/// The `.repo` files that belong to what the tree has now, with their paths.
pub fn expected(store: &Store) -> Result<Vec<(PathBuf, String)>> {
    let layout = &store.layout;
    let all = store.series()?;
    let mut newest = None;
    for series in all.iter().copied() {
        newest = store.current_number(series)?.map(|_| series).or(newest);
    }
    let mut expected = Vec::new();
    for series in all {
        for (channel, link) in [(Channel::Stable, layout.stable(series)), (Channel::Unstable, layout.latest(series))] {
            for dist in files::names_in(&link.join("rpm"))?.iter().filter_map(|name| name.parse::<Dist>().ok()) {
                let index = link.join(dist_folder(&dist)).join(repodata::FOLDER).join(repodata::INDEX);
                let signed = index.with_file_name(format!("{}{SIGNATURE}", repodata::INDEX)).exists();
                let newer = newest.filter(|newest| *newest > series);
                let file = RepoFile { layout, channel, series, dist: &dist, signed, newer, key_path: None };
                expected.push((layout.repo_file(channel, series, &dist), file.render()));
            }
        }
    }
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(url: Option<&str>) -> Layout {
        let url = url.map(|url| crate::project::config::Address::try_from(url.to_owned()).unwrap());
        let name = crate::project::config::Name::try_from("lago".to_owned()).unwrap();
        Layout::new(name, Path::new("/srv"), Path::new("/var"), url.as_ref())
    }

    #[test]
    fn a_client_is_sent_to_one_revision() {
        let (layout, dist) = (layout(Some("https://example.org/repos/")), "el9".parse().unwrap());
        let series = Series { major: 1 };
        let newer = Some(Series { major: 2 });
        let file = RepoFile {
            layout: &layout,
            channel: Channel::Stable,
            series,
            dist: &dist,
            signed: true,
            newer,
            key_path: None,
        };
        let text = "# lago 2.0 is out. This file stays with 1.0, which 2.0 is not compatible with:\n\
                    # to go over, install lago-stable-2.0-el9.repo in its place.\n\
                    [lago-stable-1.0]\n\
                    name=lago 1.0 stable for el9 (newer: 2.0, see lago-stable-2.0-el9.repo)\n\
                    mirrorlist=https://example.org/repos/lago/stable/1.0/rpm/el9/mirrorlist\n\
                    enabled=1\ngpgcheck=1\nrepo_gpgcheck=1\nmetadata_expire=6h\n\
                    gpgkey=https://example.org/repos/lago/RPM-GPG-KEY-lago\n";
        assert_eq!(file.render(), text);
        let list = render_mirrorlist(&layout, &["revisions/000007/rpm/el9", "b"].map(str::to_owned));
        let list = list.unwrap();
        assert_eq!(
            list,
            "https://example.org/repos/lago/revisions/000007/rpm/el9/\nhttps://example.org/repos/lago/b/\n"
        );
    }

    #[test]
    fn without_an_address_it_is_a_folder() {
        let (layout, dist) = (layout(None), "el8".parse().unwrap());
        let series = Series { major: 0 };
        let file = RepoFile {
            layout: &layout,
            channel: Channel::Unstable,
            series,
            dist: &dist,
            signed: false,
            newer: None,
            key_path: None,
        };
        let text = file.render();
        assert!(text.contains("\nbaseurl=file:///srv/lago/unstable/0.0/latest/rpm/el8/\n"), "{text}");
        assert!(text.contains("\ngpgcheck=0\nrepo_gpgcheck=0\n") && !text.contains("gpgkey"), "{text}");
    }

    #[test]
    fn names_are_encoded() {
        assert_eq!(encode("rpm/el9/a+b^1~2-1.rpm"), "rpm/el9/a%2Bb%5E1~2-1.rpm");
        assert_eq!(file_address(Path::new("/srv/my repos, all/\u{e9}")), "file:///srv/my%20repos%2C%20all/%C3%A9");
    }

    #[test]
    fn former_keys_stay() {
        let key =
            |text: &str| format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n");
        let (old, new) = (key("old"), key("new"));
        let first = join_keys(old.as_bytes(), b"");
        let both = join_keys(new.as_bytes(), &first);
        assert_eq!(both, (new.clone() + &old).into_bytes());
        assert_eq!(join_keys(new.as_bytes(), &both), both);
    }
}
