//! What RPM needs of a release: the spec and the source RPM.

pub mod rpmbuild;
pub mod spec;
pub mod srpm;
