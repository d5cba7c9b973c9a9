//! What RPM needs of a release: so far the spec.

pub mod spec;
