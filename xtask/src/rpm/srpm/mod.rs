//! Source packages without `rpmbuild`: the same bytes on every machine.
//!
//! `rpmbuild -bs` evaluates a spec with the macros of the machine it runs on and puts paths of its build folder into the
//! result. Here a spec is evaluated with nothing but its own definitions (`reader`, on `lines`, `macros` and
//! `expression`); what would need more is refused with its line where it reaches the package, and `rpmbuild` is the way
//! out. What is left is the header that the `rpmbuild` of rpm 4.18 writes (`write`, on `header`) in front of a cpio
//! archive (`payload`). `tests/it/srpm.rs` compares the two tag by tag.
//!
//! ```text
//! text ── Parsed::parse ──> Parsed ── needed_files ──> the caller finds them ── write ──> name-version-release.src.rpm
//! ```

mod builtin;
mod changelog;
mod dependency;
mod error;
mod expression;
mod header;
mod known;
mod lines;
mod macros;
mod payload;
mod reader;
mod scan;
mod section;
mod spec;
mod tag;
mod write;

pub use changelog::Entry;
pub use dependency::Dependency;
pub use error::{Beyond, Problem, SpecError};
pub use payload::{Content, SourceFile};
pub use spec::{Parsed, SourceName, Translated};
pub use tag::FileKind;
pub use write::{BuildFacts, write};
