//! What RPM needs of a release: the spec, the source RPM, and the binary RPMs that backends build of it.

pub mod backend;
pub mod build;
pub mod head;
pub mod nevra;
pub mod package;
pub mod rpmbuild;
pub mod rust;
pub mod spec;
pub mod srpm;
