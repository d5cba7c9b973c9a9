//! Decides whether a revision of a series gets a new `<name>-repo` package.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::digest_of;
use crate::repository::clients::package::{ClientPackage, ClientPackageFile};
use crate::repository::clients::repo_file::RepoFile;
use crate::repository::model::carried::Carried;
use crate::repository::model::layout::{Channel, Layout};
use crate::repository::model::manifest::PackageEntry;
use crate::repository::model::name::{Dist, Series};

/// The facts that shape the package of a series.
pub struct SeriesPackage<'a> {
    pub layout: &'a Layout,
    pub series: Series,
    /// The number of the new revision, which a new package has as its release.
    pub revision: u32,
    /// The date of a new package.
    pub date: Timestamp,
    /// The keys that clients get; `None` if nothing is signed.
    pub keys: Option<&'a [u8]>,
    /// The newest stable series.
    pub newest: Option<Series>,
}

impl SeriesPackage<'_> {
    /// The package that a dist gets; `None` where the one that is carried over has the same files, and without an address,
    /// where no other machine could use it.
    pub fn decide(&self, dist: &Dist, carried: &[Carried]) -> Result<Option<ClientPackageFile>> {
        if self.layout.url.is_none() {
            return Ok(None);
        }
        let name = package_name(self.layout);
        if let Some((previous, date)) = newest_of(carried, dist, &name) {
            let release = previous.nevra.release().parse().unwrap_or(0);
            if digest_of(&self.render(&name, dist, release, date)?.content) == previous.unsigned_sha256 {
                return Ok(None);
            }
        }
        self.render(&name, dist, self.revision, self.date).map(Some)
    }

    fn render(&self, name: &str, dist: &Dist, release: u32, date: Timestamp) -> Result<ClientPackageFile> {
        let layout = self.layout;
        let key_path = key_path(layout);
        let repo = RepoFile {
            layout,
            channel: Channel::Stable,
            series: self.series,
            dist,
            signed: self.keys.is_some(),
            newer: self.newest.filter(|newest| *newest > self.series),
            key_path: Some(&key_path),
        };
        // The name of the served file: a machine has one of the two, and not both with the same id.
        let repo_name = format!("/etc/yum.repos.d/{}.repo", layout.repo_id(Channel::Stable, self.series, Some(dist)));
        let mut package_files = vec![(repo_name, repo.render().into_bytes())];
        if let Some(keys) = self.keys {
            package_files.push((key_path, keys.to_vec()));
        }
        let package = ClientPackage {
            name,
            version: &self.series.to_string(),
            release,
            summary: &format!("The repository of {} {}", layout.name, self.series),
            license: "MIT OR Apache-2.0",
            packager: &layout.name.to_string(),
            files: package_files,
            date,
        };
        Ok(ClientPackageFile { file_name: package.file_name(), content: package.render()? })
    }
}

/// The name of the package.
pub fn package_name(layout: &Layout) -> String {
    format!("{}-repo", layout.name)
}

/// The path of the keys that the package installs.
pub fn key_path(layout: &Layout) -> String {
    format!("/etc/pki/rpm-gpg/{}", layout.key_name())
}

/// The newest package of a name that is carried over for a dist, and its date.
fn newest_of<'c>(carried: &'c [Carried], dist: &Dist, name: &str) -> Option<(&'c PackageEntry, Timestamp)> {
    let packages = carried.iter().filter_map(|carried| Some((carried.entry.package.as_ref()?, carried.entry.date)));
    packages
        .filter(|(package, _)| package.dist.as_ref() == Some(dist) && package.nevra.name() == name)
        .max_by(|one, other| one.0.nevra.evr_cmp(&other.0.nevra))
}
