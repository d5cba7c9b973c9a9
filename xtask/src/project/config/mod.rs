//! `packaging/release.toml`, parsed.
//!
//! One file, every key optional, unknown keys refused. The keys are the fields of [`Config`] and stand nowhere else:
//! what is known, what `cargo xtask config` lists and what an unknown key is compared with all come from its default.

mod cargo;
mod keys;
mod parse;
mod repository;
mod rpms;
mod unknown;

pub use cargo::{cargo_package_name, cargo_rust_version, with_vendor_directory};
pub use keys::{Config, Format, Name, PATH, ProjectKeys, SourceKeys, Vendor, VersionKeys};
pub use repository::{AcceptanceTest, Address, DueCase, PromotionKeys, PromotionKind, RepositoryKeys, TimeLimit};
pub use rpms::{Arch, BackendKind, CoprKeys, Dist, DistKeys, KojiKeys, RpmKeys, RustVersion, SrpmWriter, Word};
pub use unknown::{known_keys, leaves, lines_of_keys};
