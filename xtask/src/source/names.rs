//! What the archives are called.

use crate::history::Version;
use crate::project::config::Name;

/// What a source archive is called without its ending, and its top folder: `lago-1.0.4`.
pub fn archive_name(name: &Name, version: &Version) -> String {
    format!("{name}-{version}")
}

/// What the vendor archive is called: `lago-1.0.4-vendor.tar.gz`.
pub fn vendor_archive_name(name: &Name, version: &Version) -> String {
    format!("{name}-{version}-vendor.tar.gz")
}
