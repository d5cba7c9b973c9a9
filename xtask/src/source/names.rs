//! The names of the source archives.

use crate::history::Version;
use crate::project::config::Name;

/// The name of a source archive without its suffix, and of its top folder: `lago-1.0.4`.
pub fn archive_name(name: &Name, version: &Version) -> String {
    format!("{name}-{version}")
}

/// The name of the vendor archive: `lago-1.0.4-vendor.tar.gz`.
pub fn vendor_archive_name(name: &Name, version: &Version) -> String {
    format!("{name}-{version}-vendor.tar.gz")
}

/// The name of a file that describes a release, which has the suffix `suffix`: `lago-1.0.4.spdx.json`. The release number is in it from 2
/// on, because such a file also describes the source RPM: `lago-1.0.4-2.spdx.json`.
pub fn description_name(name: &Name, version: &Version, release: u32, suffix: &str) -> String {
    let archive = archive_name(name, version);
    if release == 1 { archive + suffix } else { format!("{archive}-{release}{suffix}") }
}
