//! Writes source packages without `rpmbuild`, with the same bytes on every machine.
//!
//! `rpmbuild -bs` evaluates a spec with the macros of the machine, and writes paths of its build folder into the
//! package. This module evaluates a spec with the spec's own definitions only (`reader`, which uses `lines`, `macros`
//! and `expression`). A macro of the machine is an error with its line if it reaches the package; `rpm.srpm =
//! "rpmbuild"` is for such specs. `write` makes the header that the `rpmbuild` of rpm 4.18 makes, and `payload` the cpio
//! archive after it. `tests/it/srpm.rs` compares the packages of both tag by tag. [`files_package`] writes a package of plain
//! files with the same parts.
//!
//! ```text
//! text ── Parsed::parse ──> Parsed ── needed_files ──> the caller finds them ── write ──> name-version-release.src.rpm
//! ```

mod architecture;
mod branch;
mod builtin;
mod call;
mod certain;
mod changelog;
mod dependency;
mod directive;
mod error;
mod expression;
pub mod files_package;
mod known;
mod lines;
mod macros;
mod parsed;
mod parts;
mod payload;
mod reader;
mod scan;
mod section;
mod source_list;
mod spec_line;
mod tag;
mod text_macro;
mod token;
mod value;
mod write;

pub use changelog::SpecChangelogEntry;
pub use dependency::Dependency;
pub use error::{Beyond, Problem, SpecError, Varies, WITHOUT_SOURCES};
pub use parsed::{BuiltPackage, Parsed, SourceName, Translated};
pub use payload::{Content, SourceFile};
pub use reader::{DEFAULT_ARCHITECTURE, SpecSetting};
pub use section::base_name;
pub use tag::FileKind;
pub use write::{BuildFacts, write};

#[cfg(test)]
mod tests;
