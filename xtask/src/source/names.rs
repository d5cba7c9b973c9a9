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
