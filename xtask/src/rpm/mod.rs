//! What RPM needs of a release: the spec and the source RPM.

pub mod head;
pub mod nevra;
pub mod package;
pub mod rpmbuild;
pub mod spec;
pub mod srpm;
