//! The `.repo` file that makes a machine a client.

use std::path::Path;

use crate::repository::clients::address::file_address;
use crate::repository::clients::mirrorlist::MIRRORLIST;
use crate::repository::model::layout::{Channel, Layout, dist_folder};
use crate::repository::model::name::{Dist, Series};

/// One section of a `.repo` file, as `dnf.conf(5)` has it.
pub struct RepoSection<'a> {
    pub id: String,
    pub name: String,
    /// `baseurl=…` or `mirrorlist=…`.
    pub source: String,
    /// The address of the keys; `None` where nothing is signed.
    pub gpgkey: Option<String>,
    /// More lines.
    pub rest: &'a str,
}

impl RepoSection<'_> {
    /// The text.
    pub fn render(&self) -> String {
        let RepoSection { id, name, source, gpgkey, rest } = self;
        let check = u8::from(gpgkey.is_some());
        let key = gpgkey.as_ref().map_or(String::new(), |gpgkey| format!("gpgkey={gpgkey}\n"));
        format!("[{id}]\nname={name}\n{source}\nenabled=1\ngpgcheck={check}\nrepo_gpgcheck={check}\n{rest}{key}")
    }
}

/// The `.repo` file of one dist of a series.
pub struct RepoFile<'a> {
    pub layout: &'a Layout,
    pub channel: Channel,
    pub series: Series,
    pub dist: &'a Dist,
    /// Whether packages and repodata are signed.
    pub signed: bool,
    /// The newest stable series, where it is above this one.
    pub newer: Option<Series>,
    /// The path of the keys on the client; `None` for the keys at the address of the repository.
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
            None => format!("baseurl={}/", file_address(layout.root.join(&below).join(folder).for_programs())),
        };
        let hint = newer.map_or(String::new(), |newer| format!(" (newer: {newer}, see {})", newer_file(&newer)));
        let key = match (self.key_path, &layout.url) {
            (Some(path), _) => file_address(Path::new(path)),
            (None, Some(url)) => format!("{url}/{}", layout.key_name()),
            (None, None) => file_address(layout.keys().for_programs()),
        };
        let section = RepoSection {
            id: layout.repo_id(*channel, *series, None),
            name: format!("{name} {series} {channel} for {dist}{hint}"),
            source,
            gpgkey: self.signed.then_some(key),
            rest: "metadata_expire=6h\n",
        };
        text.push_str(&section.render());
        text
    }
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
}
