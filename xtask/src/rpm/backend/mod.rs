//! Who turns a source RPM into binary RPMs: one file for each backend, all of them behind the verbs of [`Backend`].
//!
//! ```text
//! targets ── plan ──> submissions ── submit ──> ticket ── poll ──> state of each target ── collect ──> files
//! ```
//!
//! `local`, `mock` and `container` run a program here (`here`): what they have begun ends with us. `copr` and `koji` are
//! farms, driven by their own clients (`farm`): a ticket outlives us, and the next run goes on with it.

mod container;
mod copr;
mod farm;
mod here;
mod koji;
mod local;
mod mock;
mod model;

use std::collections::BTreeSet;

use anyhow::Result;

use crate::project::config::{BackendKind, RpmKeys};
pub use local::{Host, interpreter_in};
pub use model::{Backend, Srpm, State, Submission, Target, Ticket, Workplace};

/// The backend of a configuration.
///
/// Errors: a program that it needs is not there, a key that it needs is not set.
pub fn open(kind: BackendKind, keys: &RpmKeys) -> Result<Box<dyn Backend>> {
    Ok(match kind {
        BackendKind::Local => Box::new(here::Here::new(local::Local::new(keys)?, keys)),
        BackendKind::Mock => Box::new(here::Here::new(mock::Mock::new(keys), keys)),
        BackendKind::Container => Box::new(here::Here::new(container::Container::new(keys), keys)),
        BackendKind::Copr => Box::new(copr::Copr::new(keys)?),
        BackendKind::Koji => Box::new(koji::Koji::new(keys)),
    })
}

/// What is to be built, in the order of the configuration; the machine's own dist where no dist is configured.
pub fn targets(keys: &RpmKeys, is_noarch: bool, host: &Host) -> Vec<Target> {
    let dists = if keys.dists.is_empty() { std::slice::from_ref(&host.dist) } else { &keys.dists };
    let mut targets = Vec::new();
    let mut seen = BTreeSet::new();
    for dist in dists.iter().filter(|dist| seen.insert(*dist)) {
        let stated = keys.dist.get(dist).map_or(&[][..], |of| &of.arches);
        let arches = if stated.is_empty() { std::slice::from_ref(&host.arch) } else { stated };
        let count = if is_noarch { 1 } else { arches.len() };
        targets.extend(arches.iter().take(count).map(|arch| Target { dist: dist.clone(), arch: arch.clone() }));
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(dist: &str, arch: &str) -> Target {
        Target { dist: dist.parse().unwrap(), arch: arch.parse().unwrap() }
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
