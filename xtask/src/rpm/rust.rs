//! Checks that the Rust compiler of a dist is new enough for a project, before a build that would fail after an hour on a
//! farm.

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{Dist, RpmKeys, RustVersion};
use crate::rpm::backend::BuildTarget;

/// The compilers that dists have at least. `minimum-rust` in the configuration takes precedence. Fedora updates the
/// compiler in all its releases within weeks, and needs no entry. Builds for a dist without an entry are not refused.
const KNOWN: [(&str, &str); 2] = [("el9", "1.88"), ("el10", "1.88")];

/// `Err` if a dist of `targets` has a compiler older than `least`, the `rust-version` of the project.
pub fn verify_compilers(keys: &RpmKeys, targets: &[BuildTarget], least: &RustVersion) -> Result<(), Failure> {
    for BuildTarget { dist, .. } in targets {
        let stated = keys.dist.get(dist).and_then(|of| of.minimum_rust.clone());
        let Some(has) = stated.or_else(|| known(dist)) else { continue };
        if has < *least {
            let message = format!("refusing to build for {dist}: it has Rust {has}, and Cargo.toml requires {least}");
            let help = committed(&format!(
                "if {dist} has a newer one by now, set `minimum-rust = \"{least}\"` in `[rpm.dist.{dist}]`; or lower \
                 `rust-version`"
            ));
            return Err(Failure::new(Exit::Usage, message).help(help));
        }
    }
    Ok(())
}

fn known(dist: &Dist) -> Option<RustVersion> {
    KNOWN.iter().find(|(name, _)| *name == dist.as_str()).and_then(|(_, version)| version.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_compiler_is_refused_by_name() {
        let text = "[rpm.dist.fc42]\nminimum-rust = \"1.86\"\n[rpm.dist.el9]\nminimum-rust = \"1.90\"\n";
        let keys = crate::project::config::Config::parse(text.as_bytes()).unwrap().rpm;
        let refused = |dist: &str, least: &str| {
            let target = BuildTarget { dist: dist.parse().unwrap(), arch: "x86_64".parse().unwrap() };
            verify_compilers(&keys, &[target], &least.parse().unwrap()).err().map(|failure| failure.message)
        };
        let message = "refusing to build for fc42: it has Rust 1.86, and Cargo.toml requires 1.88";
        assert_eq!(refused("fc42", "1.88").as_deref(), Some(message));
        assert_eq!(refused("fc42", "1.86"), None);
        assert_eq!(refused("el9", "1.89"), None, "the configuration takes precedence");
        assert!(refused("el10", "1.89").is_some(), "a default");
        assert_eq!(refused("fc99", "9.99"), None, "Fedora has the newest");
    }
}
