//! Whether a dist's Rust compiler is new enough for a project, asked before anything is submitted: an hour on a farm is a
//! slow way to learn it.

use crate::base::error::{Exit, Failure};
use crate::project::config::{Dist, RpmKeys, RustVersion};
use crate::rpm::backend::Target;

/// What a dist with updates has at least, to our knowledge; `minimum-rust` overrules it. Fedora takes each new compiler into
/// all its releases weeks after it comes out, and so needs no entry; of any other dist nothing is known, and nothing refused.
const KNOWN: [(&str, &str); 2] = [("el9", "1.88"), ("el10", "1.88")];

/// `Err` where a dist of `targets` has a compiler older than `least`, which the project asks for.
pub fn verify_compilers(keys: &RpmKeys, targets: &[Target], least: &RustVersion) -> Result<(), Failure> {
    for Target { dist, .. } in targets {
        let stated = keys.dist.get(dist).and_then(|of| of.minimum_rust.clone());
        let Some(has) = stated.or_else(|| known(dist)) else { continue };
        if has < *least {
            let message = format!("refusing to build for {dist}: it has Rust {has}, and Cargo.toml asks for {least}");
            let help = format!(
                "where {dist} has a newer one by now, say so: `[rpm.dist.{dist}]` and `minimum-rust = \"{least}\"`; or lower \
                 `rust-version`"
            );
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
            let target = Target { dist: dist.parse().unwrap(), arch: "x86_64".parse().unwrap() };
            verify_compilers(&keys, &[target], &least.parse().unwrap()).err().map(|failure| failure.message)
        };
        let message = "refusing to build for fc42: it has Rust 1.86, and Cargo.toml asks for 1.88";
        assert_eq!(refused("fc42", "1.88").as_deref(), Some(message));
        assert_eq!(refused("fc42", "1.86"), None);
        assert_eq!(refused("el9", "1.89"), None, "the configuration knows better");
        assert!(refused("el10", "1.89").is_some(), "a default");
        assert_eq!(refused("fc99", "9.99"), None, "Fedora has the newest");
    }
}
