//! What the pages of a snapshot or revision show.

use jiff::Timestamp;

use crate::history::Version;
use crate::repository::clients::series_package::package_name;
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Channel, Layout, SNAPSHOT_CHANGELOG, series_changelog};
use crate::repository::model::manifest::{FileEntry, HeadOfFolder, PackageEntry, dists_of, is_own_signature};
use crate::repository::model::name::Dist;
use crate::repository::pages::tables::in_order;

/// The snapshot or revision that pages are about, as far as the plan knows it.
#[derive(Clone, Debug)]
pub struct AboutFolder {
    pub layout: Layout,
    pub channel: Channel,
    pub head: HeadOfFolder,
    /// The action that makes the folder.
    pub action: Action,
}

/// Everything that the pages of a snapshot or revision show.
pub struct FolderFacts<'a> {
    pub about: &'a AboutFolder,
    /// The number of the event that makes it.
    pub event: u64,
    pub at: Timestamp,
    /// The files, without those of the pages.
    pub files: &'a [FileEntry],
    /// The text of its changelog.
    pub changelog: &'a str,
}

impl AboutFolder {
    /// The name of the changelog.
    pub fn changelog(&self) -> String {
        match self.channel {
            Channel::Stable => series_changelog(self.head.series),
            Channel::Unstable => SNAPSHOT_CHANGELOG.to_owned(),
        }
    }

    /// The name of what the folder is: `lago 1.0`, or the name of the snapshot.
    pub fn title(&self) -> String {
        match self.channel {
            Channel::Stable => format!("{} {}", self.head.project, self.head.series),
            Channel::Unstable => self.head.release.snapshot.to_string(),
        }
    }

    /// The version before which the shown changes end: that of the release before, or of the milestone.
    pub fn shown_since(&self) -> Option<Version> {
        let before = self.head.earlier.last().map(|release| release.version.clone());
        let milestone = self.head.release.base.map(Version::from);
        before.or_else(|| milestone.filter(|milestone| *milestone < self.head.release.version))
    }
}

impl<'a> FolderFacts<'a> {
    /// The packages in the order of a table; of one dist, or of all.
    pub fn packages(&self, of: Option<&Dist>) -> Vec<(&'a FileEntry, &'a PackageEntry)> {
        let packages = self.files.iter().filter_map(|file| Some((file, file.package.as_ref()?)));
        let mut packages: Vec<_> = packages
            .filter(|(_, package)| package.dist.is_some() && of.is_none_or(|of| package.dist.as_ref() == Some(of)))
            .collect();
        packages.sort_by(|one, other| in_order(one.1, other.1));
        packages
    }

    /// Whether it has dists, and no packages for them but the one that makes a machine a client.
    pub fn is_emptied(&self) -> bool {
        let clients = package_name(&self.about.layout);
        let is_left = |(_, package): &(&FileEntry, &PackageEntry)| package.nevra.name() != clients;
        !self.dists().is_empty() && !self.packages(None).iter().any(is_left)
    }

    /// The dists, sorted.
    pub fn dists(&self) -> Vec<Dist> {
        dists_of(self.files)
    }

    /// The files in `sources/`.
    pub fn sources(&self) -> impl Iterator<Item = &'a FileEntry> {
        self.files.iter().filter(|file| file.path.below("sources").is_some())
    }

    /// Whether it has signatures.
    pub fn is_signed(&self) -> bool {
        self.files.iter().any(is_own_signature)
    }
}
