//! The main job, from a commit to `target/dist`.
//!
//! [`input`] is what is released, [`plan`] decides which files that makes, [`apply`](mod@apply) makes them, [`made`] is what is there
//! then. [`reuse`] knows whether a release is there already. [`binaries`] chooses what [`builds`](super::builds) builds for it,
//! and [`packages`] puts the results beside the sources.

pub mod apply;
pub mod binaries;
pub mod input;
pub mod made;
pub mod packages;
pub mod plan;
mod replace;
pub mod reuse;

pub use apply::apply;
pub use input::{Input, Order, Vendoring};
pub use made::{CHECKSUMS_FILE, Made, Written};
pub use plan::{Step, decide};
