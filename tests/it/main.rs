//! The one integration binary: the program as its users call it, against the real git and rpm.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, helpers included")]

mod archive;
mod changelog;
mod explain;
mod lineage;
mod shallow;
mod support;
mod version;
