//! `packaging/release.toml`: its keys, and how it is parsed.
//!
//! Every key is optional, and unknown keys are refused. The keys are the fields of [`Config`], and are listed nowhere
//! else: the default value of [`Config`] is the list for `cargo xtask config` and for messages about unknown keys.

mod announce;
mod cargo;
mod cargo_edit;
mod ci;
mod ci_admin;
mod ci_forge;
mod ci_isolation;
mod keys;
mod marker;
mod name;
mod parse;
mod python;
mod python_edit;
mod repository;
mod rpms;
mod shape;
mod source;
mod unknown;

pub use announce::{AnnounceKeys, MailAddress, MailEncryption, MailServer, SendmailPath};
pub use cargo::{
    CargoAbout, CargoManifest, CargoPackage, CargoWorkspace, CrateFacts, LockedCrate, cargo_package_name,
    cargo_rust_version, read_crate, read_lock, with_vendor_directory,
};
pub use cargo_edit::{with_alias, with_member};
pub use ci::{CiKeys, CiStep, LINT_STEP, default_limit};
pub use ci_admin::CiAdmin;
pub use ci_forge::{ForgeKind, ForgeProject, TokenFile};
pub use ci_isolation::CiIsolation;
pub use keys::{Config, PATH, ProjectKeys, VersionKeys};
pub use marker::MarkerValue;
pub use name::Name;
pub use python::{
    PythonMetadata, PythonPackage, python_project_name, read_python_metadata, read_python_package, setup_cfg_name,
};
pub use python_edit::{looks_for_packages, with_python_module};
pub use repository::{
    AcceptanceTest, Address, DueCase, FolderPath, PromotionKeys, PromotionKind, RepositoryKeys, TimeLimit,
};
pub use rpms::{
    Arch, BackendKind, CoprKeys, Dist, DistKeys, KojiKeys, MacroName, RpmKeys, RustVersion, SrpmWriter, Word,
};
pub use source::{ArchiveFormat, ArchivePath, FolderForm, Generate, GenerateKeys, SourceKeys, Vendor};
pub use unknown::{known_keys, leaves, lines_of_keys};
