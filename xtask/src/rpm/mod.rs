//! What RPM needs of a release: the spec, the source RPM, and the binary RPMs that backends build from it.
//!
//! [`spec`] renders the spec of a release, by replacing the markers of its template ([`spec_markers`]), and [`spec_compare`] tells
//! whether a spec is what its template gives. [`srpm`] writes the source RPM; [`rpmbuild`] is the other writer. [`package`] reads RPMs, after
//! [`header`] has checked their measures. [`builds`] builds binary RPMs through a [`backend`]. [`release`] is the main job: it
//! decides which files a release has, and writes them.

pub mod backend;
pub mod builds;
pub mod header;
pub mod nevra;
pub mod package;
pub mod release;
pub mod rpmbuild;
pub mod rust;
pub mod spec;
pub mod spec_compare;
pub mod spec_markers;
pub mod srpm;
