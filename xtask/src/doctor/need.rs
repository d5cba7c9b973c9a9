//! The programs that the configuration needs, and which command needs each for what.

use std::collections::BTreeMap;

use crate::project::config::{BackendKind, CiIsolation, Config, Generate, SrpmWriter, Vendor};

/// The commands that make the archives and the source RPM of a release.
pub const RELEASING: [&str; 3] = ["dist", "srpm", "rpm"];
/// The commands that build binary RPMs.
const BUILDING: [&str; 2] = ["rpm", "dist"];
/// The commands that sign.
pub const SIGNING: [&str; 6] = ["dist", "stage", "promote", "rollback", "yank", "announce"];

/// A program that some command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededProgram {
    /// A name in PATH, or a whole path.
    pub name: String,
    /// The keys of the configuration that ask for it, or what else it is for; each once.
    pub reasons: Vec<String>,
    /// Whether the configuration asks for it, by its default or by a key that is set.
    pub is_asked: bool,
    /// The commands that run it.
    pub commands: Vec<&'static str>,
}

/// Collects the programs by name: one may be needed for several things.
#[derive(Default)]
struct ProgramNeeds(BTreeMap<String, NeededProgram>);

impl ProgramNeeds {
    fn add(&mut self, name: &str, reason: &str, is_asked: bool, commands: &[&'static str]) {
        let need = self.0.entry(name.to_owned()).or_insert_with(|| NeededProgram {
            name: name.to_owned(),
            reasons: Vec::new(),
            is_asked: false,
            commands: Vec::new(),
        });
        need.is_asked |= is_asked;
        if !need.reasons.iter().any(|known| known == reason) {
            need.reasons.push(reason.to_owned());
        }
        for command in commands {
            if !need.commands.contains(command) {
                need.commands.push(command);
            }
        }
    }
}

/// The programs of a configuration, in the order of their names; `vendor` is the effective value of `source.vendor`.
pub fn needed_programs(config: &Config, vendor: Vendor) -> Vec<NeededProgram> {
    let mut needs = ProgramNeeds::default();
    let Config { source, rpm, repository, acceptance, announce, ci, .. } = config;
    let steps: Vec<_> =
        ci.stages().into_iter().flat_map(|(stage, steps)| steps.iter().map(move |step| (stage, step))).collect();
    needs.add("git", "fetching and pushing", !steps.is_empty() || ci.isolation.is_some(), &["ci", "announce"]);
    if vendor == Vendor::Cargo {
        needs.add("cargo", "`source.vendor`", true, &RELEASING);
    }
    for file in &source.generate {
        if let Generate::Run([program, ..]) = file.way() {
            needs.add(program, "`source.generate`", true, &RELEASING);
        }
    }
    if rpm.srpm == SrpmWriter::Rpmbuild {
        for program in ["rpmbuild", "rpmspec"] {
            needs.add(program, "`rpm.srpm`", true, &RELEASING);
        }
    }
    let is_asked = !rpm.dists.is_empty() || rpm.backend != BackendKind::Local;
    let programs: &[&str] = match rpm.backend {
        BackendKind::Local => &["rpm", "rpmbuild"],
        BackendKind::Mock => &["mock"],
        BackendKind::Container => &["podman"],
        BackendKind::Copr => &["copr-cli"],
        BackendKind::Koji => &["koji"],
    };
    for program in programs {
        needs.add(program, "`rpm.backend`", is_asked, &BUILDING);
    }
    let is_signed = repository.sign.is_some();
    needs.add("gpg", signing_reason(is_signed), is_signed, &SIGNING);
    for program in ["rpmkeys", "rpmsign"] {
        needs.add(program, signing_reason(is_signed), is_signed, &SIGNING);
    }
    for test in &acceptance[..] {
        if let Some(program) = test.run.first() {
            needs.add(program, "`acceptance`", true, &["accept"]);
        }
    }
    // A container has its own programs.
    if !matches!(ci.isolation, Some(CiIsolation::Container(_))) {
        for (stage, step) in &steps {
            if let Some(program) = step.run.first() {
                needs.add(program, &format!("`ci.{stage}`"), true, &["ci"]);
            }
        }
    } else {
        needs.add("podman", "`ci.isolation`", true, &["ci"]);
    }
    let forge = ci.forge.is_some() || ci.forge_project.is_some() || ci.token_file.is_some();
    let reason = if forge { "`ci.forge`" } else { "addresses and forges" };
    needs.add("curl", reason, forge, &["ci", "announce", "verify"]);
    if announce.smtp.is_some() {
        needs.add("curl", "`announce.smtp`", true, &["announce"]);
    }
    if let Some(sendmail) = &announce.sendmail {
        needs.add(&sendmail.to_string(), "`announce.sendmail`", true, &["announce"]);
    }
    // A path in the project, such as `./make-manual`, is that of the commit, not of this machine.
    needs.0.into_values().filter(|need| need.name.starts_with('/') || !need.name.contains('/')).collect()
}

fn signing_reason(is_signed: bool) -> &'static str {
    if is_signed { "`repository.sign`" } else { "signatures" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(text: &str, vendor: Vendor) -> Vec<(String, bool)> {
        let config = Config::parse(text.as_bytes()).unwrap();
        needed_programs(&config, vendor).into_iter().map(|need| (need.name, need.is_asked)).collect()
    }

    fn asked(text: &str, vendor: Vendor) -> Vec<String> {
        needed(text, vendor).into_iter().filter(|(_, is_asked)| *is_asked).map(|(name, _)| name).collect()
    }

    #[test]
    fn a_key_asks_for_its_programs() {
        for (text, vendor, programs) in [
            ("", Vendor::None, &[][..]),
            ("", Vendor::Cargo, &["cargo"]),
            ("[rpm]\ndists = [\"el9\"]\n", Vendor::None, &["rpm", "rpmbuild"]),
            ("[rpm]\nbackend = \"koji\"\n", Vendor::None, &["koji"]),
            ("[rpm]\nsrpm = \"rpmbuild\"\n", Vendor::None, &["rpmbuild", "rpmspec"]),
            ("[repository]\nsign = \"x\"\n", Vendor::None, &["gpg", "rpmkeys", "rpmsign"]),
            ("[[acceptance]]\nname = \"a\"\nrun = [\"sh\", \"x\"]\n", Vendor::None, &["sh"]),
            ("[[source.generate]]\npath = \"a\"\nrun = [\"./make\"]\n", Vendor::None, &[]),
            (
                "[announce]\nto = \"a@b.c\"\nfrom = \"a@b.c\"\nsendmail = \"/x/sendmail\"\n",
                Vendor::None,
                &["/x/sendmail"],
            ),
            ("[[ci.check-patch]]\nname = \"a\"\nrun = [\"make\"]\n", Vendor::None, &["git", "make"]),
            (
                "[ci]\nisolation = \"container:x\"\n[[ci.check-patch]]\nname = \"a\"\nrun = [\"make\"]\n",
                Vendor::None,
                &["git", "podman"],
            ),
        ] {
            assert_eq!(asked(text, vendor), programs, "{text}");
        }
    }

    #[test]
    fn what_nothing_asks_for_is_known_too() {
        let names: Vec<String> = needed("", Vendor::None).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["curl", "git", "gpg", "rpm", "rpmbuild", "rpmkeys", "rpmsign"]);
    }
}
