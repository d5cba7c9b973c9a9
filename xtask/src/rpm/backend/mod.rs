//! The backends, which build binary RPMs from a source RPM: one file for each, all with the trait [`Backend`].
//!
//! ```text
//! targets ── plan ──> submissions ── submit ──> ticket ── poll ──> state of each target ── collect ──> files
//! ```
//!
//! `local`, `mock` and `container` run a program on this machine (`program`), which ends when this program ends. `copr` and
//! `koji` are build farms, used through their own clients (`farm`). A build on a farm goes on when this program ends, and
//! the next run finds it by its ticket.

mod container;
mod copr;
mod farm;
mod koji;
mod local;
mod mock;
mod model;
mod program;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{BackendKind, RpmKeys};
pub use local::{Host, interpreter_in};
pub use model::{
    Backend, BuildPart, BuildState, BuildTarget, SourceRpm, Submission, Ticket, Workplace, configured_args, transient,
};

/// Opens a backend.
///
/// Errors: a program or a configuration key that the backend needs is missing, or a key has no effect on it.
pub fn open(kind: BackendKind, keys: &RpmKeys) -> Result<Box<dyn Backend>> {
    if let (BackendKind::Copr | BackendKind::Koji, Some(name)) = (kind, keys.define.keys().next()) {
        let message =
            format!("`rpm.define.{name}` cannot be passed to the backend {kind}, which has the macros of its chroots");
        let help = committed("write `%global` lines in the spec instead, or set another `rpm.backend`");
        return Err(Failure::new(Exit::Usage, message).help(help).into());
    }
    Ok(match kind {
        BackendKind::Local => Box::new(program::ProgramBackend::new(local::Local::new(keys)?, keys)),
        BackendKind::Mock => Box::new(program::ProgramBackend::new(mock::Mock::new(keys), keys)),
        BackendKind::Container => Box::new(program::ProgramBackend::new(container::Container::new(keys), keys)),
        BackendKind::Copr => Box::new(copr::Copr::new(keys)?),
        BackendKind::Koji => Box::new(koji::Koji::new(keys)),
    })
}

/// Ends what a run that was killed has left of a build in the folder `scratch`, before the folder is removed.
pub fn end_left(kind: BackendKind, scratch: &Path) {
    // mock and rpmbuild end with the run, or with their build.
    if kind == BackendKind::Container {
        container::end_container(scratch);
    }
}

/// The targets to build for, in the order of the configuration; the dist of this machine where none is configured.
pub fn targets(keys: &RpmKeys, is_noarch: bool, host: &Host) -> Vec<BuildTarget> {
    let dists = if keys.dists.is_empty() { std::slice::from_ref(&host.dist) } else { &keys.dists };
    let mut targets = Vec::new();
    let mut seen = BTreeSet::new();
    for dist in dists.iter().filter(|dist| seen.insert(*dist)) {
        let stated = keys.dist.get(dist).map_or(&[][..], |of| &of.arches);
        let arches = if stated.is_empty() { std::slice::from_ref(&host.arch) } else { stated };
        let count = if is_noarch { 1 } else { arches.len() };
        targets.extend(arches.iter().take(count).map(|arch| BuildTarget { dist: dist.clone(), arch: arch.clone() }));
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(dist: &str, arch: &str) -> BuildTarget {
        BuildTarget { dist: dist.parse().unwrap(), arch: arch.parse().unwrap() }
    }

    fn keys(text: &str) -> RpmKeys {
        crate::project::config::Config::parse(text.as_bytes()).unwrap().rpm
    }

    #[test]
    fn targets_are_dists_times_architectures_and_one_is_enough_for_noarch() {
        let host = Host { dist: "local".parse().unwrap(), arch: "x86_64".parse().unwrap() };
        let keys = keys("[rpm]\ndists = [\"el9\", \"fc42\"]\n[rpm.dist.el9]\narches = [\"aarch64\", \"s390x\"]\n");
        let both = [target("el9", "aarch64"), target("el9", "s390x"), target("fc42", "x86_64")];
        assert_eq!(targets(&keys, false, &host), both);
        assert_eq!(targets(&keys, true, &host), [both[0].clone(), both[2].clone()]);
        let twice = RpmKeys { dists: vec!["el9".parse().unwrap(); 2], ..RpmKeys::default() };
        assert_eq!(targets(&twice, false, &host), [target("el9", "x86_64")]);
        assert_eq!(targets(&RpmKeys::default(), false, &host), [target("local", "x86_64")]);
    }
}
