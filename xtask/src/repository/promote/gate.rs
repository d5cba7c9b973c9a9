//! The gates of a promotion: pure questions to a snapshot, the series it goes to, and what git and the tests say.

use std::fmt;

use crate::project::config::{AcceptanceTest, PromotionKind};
use crate::repository::commits::Recount;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::{Manifest, PackageEntry};
use crate::repository::model::name::Series;
use crate::repository::model::store::{Revision, Snapshot};
use crate::repository::model::test_result::{TestResult, Verdict, find_newest};

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// In one word.
    pub name: &'static str,
    /// Yes or no, and why.
    pub answer: Answer,
}

/// The answer of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is open, for this reason.
    Yes(String),
    /// It is closed.
    No {
        /// Why.
        why: String,
        /// What to do.
        help: String,
    },
}

impl Gate {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Yes(_))
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Answer::Yes(why) => write!(f, "{:<10} yes: {why}", self.name),
            Answer::No { why, .. } => write!(f, "{:<10} NO: {why}", self.name),
        }
    }
}

fn yes(name: &'static str, why: impl Into<String>) -> Gate {
    Gate { name, answer: Answer::Yes(why.into()) }
}

fn no(name: &'static str, why: impl Into<String>, help: impl Into<String>) -> Gate {
    Gate { name, answer: Answer::No { why: why.into(), help: help.into() } }
}

/// All that the gates look at.
pub struct Facts<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// The series it would go to, as it is.
    pub current: Option<&'a Revision>,
    /// What was ever promoted.
    pub ledger: &'a Ledger,
    /// What git says.
    pub recount: Recount,
    /// The tests of the snapshot's commit.
    pub tests: &'a [AcceptanceTest],
    /// Their results.
    pub results: &'a [TestResult],
    /// Whether a new series may be begun.
    pub major: bool,
    /// Why no test is asked for.
    pub untested: Option<&'a str>,
    /// Whether packages for dists are configured.
    pub wants_packages: bool,
}

impl Facts<'_> {
    /// What the promotion raises.
    pub fn kind(&self) -> PromotionKind {
        let Some(current) = self.current else { return PromotionKind::Major };
        let (old, new) = (&current.manifest.release.version, &self.snapshot.manifest.release.version);
        match (old.major(), old.minor()) == (new.major(), new.minor()) {
            true => PromotionKind::Patch,
            false => PromotionKind::Minor,
        }
    }

    /// The gates that need no reading of files, in the order of the plan.
    pub fn gates(&self) -> Vec<Gate> {
        vec![
            self.merged(),
            self.version(),
            self.packages(),
            self.tested(),
            self.series(),
            self.above(),
            self.ledger(),
            self.milestone(),
        ]
    }

    fn manifest(&self) -> &Manifest {
        &self.snapshot.manifest
    }

    fn merged(&self) -> Gate {
        match self.manifest().merged {
            true => yes("merged", format!("commit {}", self.manifest().release.commit.short())),
            false => no("merged", "it was staged as unmerged work", "merge it, and stage it again"),
        }
    }

    fn version(&self) -> Gate {
        let staged = &self.manifest().release.version;
        match &self.recount {
            Recount::Counted(version, _) if version == staged => yes("version", format!("{staged}, counted again")),
            Recount::Counted(version, _) => no(
                "version",
                format!("git now counts {version}, and it was staged as {staged}"),
                "a tag came later: make the release again and stage it",
            ),
            Recount::Unknown(why) => yes("version", format!("{staged}, as staged; {why}")),
        }
    }

    /// A release without packages would close its version to the ones that come later.
    fn packages(&self) -> Gate {
        let dists = self.manifest().dists();
        let described = self.current.into_iter().any(|current| !current.manifest.dists().is_empty());
        if dists.is_empty() && (self.wants_packages || described) {
            let why = "it has the sources alone, and clients of the series install packages";
            let help = format!("build them and stage again: `{} dist --rpm`", crate::base::error::program());
            return no("packages", why, help);
        }
        match dists.is_empty() {
            true => yes("packages", "none, for no dist"),
            false => yes("packages", dists.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        }
    }

    /// Whether there is an acceptance test for this kind of promotion.
    pub fn asks_for_tests(&self) -> bool {
        let kind = self.kind();
        self.tests.iter().any(|test| test.on.contains(&kind))
    }

    fn tested(&self) -> Gate {
        let kind = self.kind();
        let required = self.tests.iter().filter(|test| test.on.contains(&kind));
        if !self.asks_for_tests() {
            return match self.untested {
                Some(reason) => yes("tested", format!("not asked for: {reason}")),
                None => no(
                    "tested",
                    format!("no acceptance test is configured for a {kind} promotion"),
                    "configure one in `[[acceptance]]`, or say why not: `--untested REASON`",
                ),
            };
        }
        let mut passed = Vec::new();
        for test in required {
            let name = &test.name;
            let verdict = find_newest(self.results, name, self.snapshot.digest).map(|result| result.facts.verdict);
            let why = match verdict {
                Some(Verdict::Passed) => {
                    passed.push(name.as_str());
                    continue;
                }
                Some(Verdict::Failed) => format!("the acceptance test `{name}` failed"),
                Some(Verdict::TimedOut) => format!("the acceptance test `{name}` ran out of time"),
                None => format!("the acceptance test `{name}` was not run on it"),
            };
            let help = format!("run it: `{} accept {}`", crate::base::error::program(), self.snapshot.name);
            return no("tested", why, help);
        }
        yes("tested", format!("passed {}", passed.join(", ")))
    }

    fn series(&self) -> Gate {
        let own = Series::of(&self.manifest().release.version);
        if own != self.manifest().series {
            let why = format!("it is in unstable/{}, and its version is of {own}", self.manifest().series);
            return no("series", why, "make the release again and stage it");
        }
        match (self.current, self.major) {
            (Some(current), _) => yes("series", format!("stable/{own}, now at revision {}", current.number)),
            (None, true) => yes("series", format!("stable/{own} begins")),
            (None, false) => no(
                "series",
                format!("stable/{own} would be a new series"),
                "clients do not follow into it by themselves; if it is to begin: `--major`",
            ),
        }
    }

    fn above(&self) -> Gate {
        let version = &self.manifest().release.version;
        let Some(current) = self.current else { return yes("above", "the series is empty") };
        let released = current.manifest.releases().map(|release| &release.version).max();
        let is_known = |package: &PackageEntry| {
            let mut known = current.manifest.packages();
            known.any(|(_, other)| (&other.nevra, &other.dist) == (&package.nevra, &package.dist))
        };
        // The same version may come again with a higher release, for repackaging: then its packages are others.
        let is_again = released == Some(version) && self.manifest().packages().all(|(_, package)| is_known(package));
        if let Some(released) = released.filter(|released| *released > version || is_again) {
            return no("above", format!("{released} is in stable already"), "promote a newer snapshot");
        }
        for (_, package) in self.manifest().packages() {
            let is_same = |other: &&PackageEntry| {
                (other.nevra.name(), &other.dist) == (package.nevra.name(), &package.dist)
                    && (other.nevra.arch() == "src") == (package.nevra.arch() == "src")
            };
            let others = current.manifest.packages().map(|(_, other)| other).filter(is_same);
            if let Some(other) = others.max_by(|one, two| one.nevra.evr_cmp(&two.nevra))
                && package.nevra.evr_cmp(&other.nevra).is_le()
            {
                let why = format!("`{}` is not above `{}` there, as rpm compares them", package.nevra, other.nevra);
                return no("above", why, "promote a newer snapshot");
            }
        }
        yes("above", format!("{version} follows {}", current.manifest.release.version))
    }

    fn ledger(&self) -> Gate {
        match self.ledger.conflict(self.manifest().series, self.manifest()) {
            None => yes("ledger", "none of its packages was ever there with other contents"),
            Some(nevra) => no(
                "ledger",
                format!("`{nevra}` was in stable before, with other contents"),
                "clients may have it: raise the version, or the release with `--release`",
            ),
        }
    }

    fn milestone(&self) -> Gate {
        let version = &self.manifest().release.version;
        if self.kind() == PromotionKind::Patch {
            return yes("milestone", "neither X nor Y changed");
        }
        let base = match &self.recount {
            Recount::Counted(_, base) => *base,
            Recount::Unknown(_) => self.manifest().release.base,
        };
        let Some(milestone) = version.milestone() else { return yes("milestone", "none can be named") };
        match base == Some(milestone) {
            true => yes("milestone", format!("{version} is counted from `{milestone}`")),
            false => no(
                "milestone",
                format!("the tag `{milestone}` is missing"),
                format!("tag it: `{} tag`, and push the tag", crate::base::error::program()),
            ),
        }
    }
}
