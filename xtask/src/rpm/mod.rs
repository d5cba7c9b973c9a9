//! The RPM side of a release: the spec, the source RPM, and the binary RPMs that are built from it.
//!
//! * [`render`] makes the spec of a release from the spec or the template of the project, and compares specs.
//!   [`spec_files`] reads what a spec expects of the archive.
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
pub mod render;
pub mod requirement;
pub mod rpmbuild;
pub mod rust;
pub mod spec_files;
pub mod srpm;
mod version_order;
