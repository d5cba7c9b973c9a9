//! The RPM side of a release: the spec, the source RPM, and the binary RPMs that are built from it.
//!
//! * [`spec`] renders the spec of a release from its template. [`spec_markers`] replaces the markers of a template, and
//!   [`spec_compare`] compares a spec with the one that its template gives. [`spec_files`] reads what a spec expects of the archive.
//! * [`srpm`] writes the source RPM without `rpmbuild`; [`rpmbuild`] writes it with the `rpmbuild` of the machine.
//! * [`package`] reads RPM files, whose headers [`header`] reads and checks. [`nevra`] is the name of a
//!   package, [`capability`] and [`requirement`] are what it provides and requires.
//! * [`builds`] plans, drives and stores the builds of binary RPMs, and a [`backend`] runs them. [`rust`] checks the compiler of
//!   a dist before a build.
//! * [`release`] is the main job: it plans the files of a release and writes them.

pub mod backend;
mod boolean;
pub mod builds;
pub mod capability;
pub mod header;
pub mod nevra;
pub mod package;
pub mod release;
pub mod requirement;
pub mod rpmbuild;
pub mod rust;
pub mod spec;
pub mod spec_compare;
pub mod spec_files;
pub mod spec_markers;
pub mod srpm;
mod version_order;
