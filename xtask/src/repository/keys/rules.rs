//! The rules of a change of keys, which are pure: who may sign, and until when.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::base::error::{Exit, Failure, committed, program};
use crate::project::config::AcceptanceTest;
use crate::repository::keys::client_keys::SeriesClients;
use crate::repository::keys::key_set::KeySet;
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::sign::{FUTURE, PublicKey};

/// How long before the end of a key the warnings begin: a change takes two promotions, and time for clients between them.
const WARNING_DAYS: i64 = 60;

/// The chapter with the steps.
pub const STEPS: &str = "\"Changing the key\" in docs/maintainer.md has the steps";

/// The facts that decide whether something may be signed for the clients of a series.
pub struct KeyFacts<'a> {
    pub keys: &'a KeySet,
    /// `None` if the series has no revision that is signed.
    pub clients: Option<&'a SeriesClients>,
    /// The keys that have signed the packages.
    pub signers: &'a [PublicKey],
    /// The dists whose clients get the packages.
    pub dists: &'a [Dist],
    /// The reason to sign with a key that clients do not have.
    pub force: Option<&'a Reason>,
    /// The commands that a reason needs.
    pub way: ForcedWay<'a>,
}

/// The step of a release that is refused.
#[derive(Clone, Copy)]
pub enum RefusedStep<'a> {
    /// Its build, with these arguments.
    Build(&'a str),
    /// A rollback or a yank, which takes no reason.
    Undo,
    /// Its staging by this command.
    Stage(&'a str),
    /// The promotion of this snapshot.
    Promote(&'a SnapshotName),
}

/// How a release is published by force: the commands from the step on that is refused.
#[derive(Clone, Copy)]
pub struct ForcedWay<'a> {
    pub step: RefusedStep<'a>,
    /// The acceptance tests in the configuration.
    pub tests: &'a [AcceptanceTest],
}

impl ForcedWay<'_> {
    /// The commands for a help, in the order in which they are run.
    pub fn help(&self) -> String {
        let program = program();
        let mut commands = Vec::new();
        let build = match self.step {
            RefusedStep::Build(args) => Some(args),
            RefusedStep::Undo => Some(""),
            RefusedStep::Stage(_) | RefusedStep::Promote(_) => None,
        };
        if let Some(args) = build {
            commands.push(format!("`{program} dist --rpm{args} --no-stage`"));
        }
        let stage = match self.step {
            RefusedStep::Build(_) | RefusedStep::Undo => Some(format!("{program} stage")),
            RefusedStep::Stage(command) => Some(command.to_owned()),
            RefusedStep::Promote(_) => None,
        };
        if let Some(stage) = stage {
            commands.push(format!("`{stage} --force REASON`"));
            commands.extend((!self.tests.is_empty()).then(|| format!("`{program} accept`")));
        }
        let snapshot = match self.step {
            RefusedStep::Promote(name) => format!(" {name}"),
            _ => String::new(),
        };
        let untested = if self.tests.is_empty() { " --untested REASON" } else { "" };
        commands.push(format!("`{program} promote{snapshot}{untested} --force REASON`"));
        commands.join("; ")
    }
}

/// Whether something may be signed.
#[derive(Clone, Debug)]
pub struct KeyJudgement {
    /// The reason why; or why not, with the next step.
    pub answer: Result<String, Failure>,
    /// The reason that a person gave, if the answer follows from it.
    pub forced: Option<ForcedKey>,
}

/// A reason to publish what clients refuse.
#[derive(Clone, Debug)]
pub struct ForcedKey {
    pub reason: Reason,
    /// What clients see then.
    pub effects: Vec<String>,
}

impl KeyJudgement {
    /// That nothing is signed.
    pub fn unsigned() -> KeyJudgement {
        KeyJudgement { answer: Ok("packages are not signed".to_owned()), forced: None }
    }

    /// That a reason is the only one, and what clients see then.
    pub fn forced(reason: &Reason, effects: Vec<String>) -> KeyJudgement {
        KeyJudgement {
            answer: Ok(format!("forced: {reason}")),
            forced: Some(ForcedKey { reason: reason.clone(), effects }),
        }
    }

    /// That something may not be signed, or not be published.
    pub fn refused(failure: Failure) -> KeyJudgement {
        KeyJudgement { answer: Err(failure), forced: None }
    }
}

/// Judges whether the key of `repository.sign` may sign now.
pub fn judge(facts: &KeyFacts<'_>) -> KeyJudgement {
    let sign = match require_usable(facts) {
        Ok(sign) => sign,
        Err(failure) => return KeyJudgement::refused(failure),
    };
    let yes = |why: String| KeyJudgement { answer: Ok(why), forced: None };
    let Some(clients) = facts.clients else {
        return yes(format!("{} signs, and the series has no clients yet", sign.name()));
    };
    for key in std::iter::once(sign).chain(facts.signers) {
        let lacking = clients.lacking(&key.fingerprint);
        if lacking.is_empty() {
            continue;
        }
        if let Some(reason) = facts.force {
            return KeyJudgement::forced(reason, vec![effect_of_force(key, clients.series, &lacking)]);
        }
        return KeyJudgement::refused(not_shipped(facts, key, clients, &lacking));
    }
    yes(format!("{} signs, and clients have it", sign.name()))
}

/// The key that signs. Errors: there is none that can sign, or rpm of a dist cannot read it.
fn require_usable<'a>(facts: &KeyFacts<'a>) -> Result<&'a PublicKey, Failure> {
    let sign = require_configured(facts.keys)?;
    sign.require_valid()?;
    require_readable(facts)?;
    Ok(sign)
}

fn absent(name: &str, setting: &str) -> Failure {
    let change = committed(&format!("change `{setting}`"));
    let help = format!("import it with `gpg --import`, or {change}; `gpg --list-keys` lists the keys");
    Failure::new(Exit::Failed, format!("GnuPG has no key `{name}`, which `{setting}` names")).help(help)
}

/// The key that signs. Errors: GnuPG does not have it or the next key, or the next key cannot sign any more.
pub fn require_configured(keys: &KeySet) -> Result<&PublicKey, Failure> {
    let Some(sign) = &keys.sign else { return Err(absent(&keys.stated, "repository.sign")) };
    match (&keys.stated_next, &keys.next) {
        (Some(name), None) => Err(absent(name, "repository.next-key")),
        (Some(_), Some(next)) if next.ended == Some(FUTURE) => next.require_valid().map(|()| sign),
        (Some(name), Some(PublicKey { ended: Some(word), .. })) => {
            Err(Failure::new(Exit::Failed, format!("the next key `{name}` is {word}"))
                .help(format!("make another key, {}", committed("set `repository.next-key` to it"))))
        }
        _ => Ok(sign),
    }
}

/// Errors: rpm of a dist cannot read a key.
fn require_readable(facts: &KeyFacts<'_>) -> Result<(), Failure> {
    let Some(dist) = facts.dists.iter().find(|dist| needs_rsa(dist)) else { return Ok(()) };
    match facts.keys.sign.iter().chain(&facts.keys.next).find(|key| !key.rsa) {
        None => Ok(()),
        Some(key) => {
            let message = format!("rpm of {dist} cannot read the key {}: it is not an RSA key", key.name());
            Err(Failure::new(Exit::Failed, message)
                .help(format!("make an RSA key: `gpg --quick-gen-key NAME rsa4096 sign,cert 5y`; {STEPS}")))
        }
    }
}

/// Whether rpm of a dist reads RSA keys only: rpm reads Ed25519 keys since 4.16, of 2020 (rpm pull request 1202). For each family, the last release
/// whose rpm is older.
fn needs_rsa(dist: &Dist) -> bool {
    let name = dist.as_str();
    let family = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let last = match family {
        "el" | "ol" | "rhel" | "centos" => 8,
        "amzn" => 2,
        "fc" => 32,
        "mga" => 7,
        // The rpm of SUSE 15 is older, too, but may have it from SUSE.
        "suse" | "sles" | "sle" | "opensuse" => 12,
        _ => return false,
    };
    name[family.len()..].parse::<u32>().is_ok_and(|number| number <= last)
}

fn not_shipped(facts: &KeyFacts<'_>, key: &PublicKey, clients: &SeriesClients, lacking: &[&Dist]) -> Failure {
    let way = &facts.way;
    let dists = lacking.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let series = clients.series;
    let at_once = match way.step {
        RefusedStep::Undo => help_to_undo_now(),
        _ => String::new(),
    };
    // Only a key that clients have and that has not ended can announce another one.
    let announces = |known: &PublicKey| {
        known.fingerprint != key.fingerprint && known.ended.is_none() && clients.lacking(&known.fingerprint).is_empty()
    };
    let announce = if facts.keys.served.iter().any(announces) {
        format!(
            "{at_once}announce it: {}; then promote a release; {STEPS}\nif the key before is lost or",
            help_to_announce()
        )
    } else {
        "the key before".to_owned()
    };
    let key = key.name();
    let message = format!("clients of stable/{series} for {dists} do not have the key {key} yet");
    Failure::new(Exit::Failed, message).help(format!(
        "{announce} has expired: {}; clients with the `-repo` package then need a person; {STEPS}",
        way.help()
    ))
}

fn help_to_undo_now() -> String {
    let change = committed("set `repository.sign` to the key before, which clients have");
    format!(
        "to do it now: {change}; then run the command again; a rollback copies the signatures of that key and needs no new one\n"
    )
}

fn help_to_announce() -> String {
    committed("set `repository.next-key` to it, and `repository.sign` to the key before")
}

fn effect_of_force(key: &PublicKey, series: Series, lacking: &[&Dist]) -> String {
    let dists = lacking.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "clients of stable/{series} for {dists} that have the package `-repo` do not have the key {}: they report \"Bad GPG \
         signature\" until a person gives them the keys; {STEPS}",
        key.name()
    )
}

/// The warning about a rollback to revision `to`, which does not have a key.
pub fn warn_of_loss(key: &PublicKey, to: u32) -> String {
    let key = key.name();
    format!(
        "revision {to} was made before the key {key} was announced: clients that go back with it lose the key; announce it \
         again: {}; then promote a release; {STEPS}",
        help_to_announce()
    )
}

/// A warning about the end of a key, if it is near or has passed, or if the `served` copy of the key ends earlier.
pub fn warn_of_end(key: &PublicKey, served: &[PublicKey], now: Timestamp) -> Option<String> {
    let copy = served.iter().find(|copy| copy.fingerprint == key.fingerprint);
    if let Some(copied) = copy.and_then(|copy| copy.expires)
        && key.expires.is_none_or(|end| end > copied)
    {
        return Some(format!(
            "the key {} has a new expiry, but clients have a copy that ends on {}, and those of dnf 4 keep it: announce a \
             new key before that day; {STEPS}",
            key.name(),
            copied.strftime("%Y-%m-%d")
        ));
    }
    let end = key.expires?;
    let (name, date) = (key.name(), end.strftime("%Y-%m-%d"));
    let days = end.duration_since(now).as_secs().div_euclid(24 * 60 * 60);
    if days >= WARNING_DAYS {
        return None;
    }
    let mut text = match days {
        ..0 => format!("the key {name} has expired on {date}"),
        0 => format!("the key {name} expires on {date}, in less than a day"),
        1 => format!("the key {name} expires on {date}, in 1 day"),
        _ => format!("the key {name} expires on {date}, in {days} days"),
    };
    let advice = match days {
        ..0 => {
            "sign with another key: with the next one if it is announced, or else with a new one by `--force REASON`"
        }
        _ => "announce a new key in time",
    };
    let _ = write!(
        text,
        ": {advice}, and do not give this one a new expiry, which clients of dnf 4 never learn of; {STEPS}"
    );
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_dists_need_rsa() {
        let old = ["el6", "el7", "el8", "rhel7", "ol7", "ol8", "amzn2", "fc22", "fc32", "mga7", "suse12", "sles12"];
        let new = ["el9", "el10", "amzn2023", "fc33", "fc42", "mga9", "suse15", "local"];
        let found = |dists: &[&'static str]| -> Vec<&str> {
            dists.iter().copied().filter(|dist| needs_rsa(&dist.parse().unwrap())).collect()
        };
        assert_eq!((found(&old), found(&new)), (old.to_vec(), Vec::new()));
    }
}
