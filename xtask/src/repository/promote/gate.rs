//! The gates of a promotion: the conditions that a snapshot must meet. The rules are pure; [`GateFacts`] has all their input.

use std::fmt;
use std::path::Path;

use crate::base::error::program;
use crate::project::config::{AcceptanceTest, PromotionKind};
use crate::repository::commits::Recount;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::{Manifest, PackageEntry};
use crate::repository::model::name::Series;
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Snapshot};
use crate::repository::model::test_result::{TestResult, TestVerdict, find_newest};

/// A condition for a promotion, and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    pub name: &'static str,
    pub answer: GateAnswer,
}

/// The answer of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateAnswer {
    /// The gate is open, for this reason.
    Yes(String),
    /// The gate is closed. `help` says what to do.
    No { why: String, help: String },
}

impl Gate {
    /// Whether the condition is met.
    pub fn is_open(&self) -> bool {
        matches!(self.answer, GateAnswer::Yes(_))
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            GateAnswer::Yes(why) => write!(f, "{:<10} yes: {why}", self.name),
            GateAnswer::No { why, .. } => write!(f, "{:<10} NO: {why}", self.name),
        }
    }
}

fn yes(name: &'static str, why: impl Into<String>) -> Gate {
    Gate { name, answer: GateAnswer::Yes(why.into()) }
}

fn no(name: &'static str, why: impl Into<String>, help: impl Into<String>) -> Gate {
    Gate { name, answer: GateAnswer::No { why: why.into(), help: help.into() } }
}

/// The facts that the gates depend on.
pub struct GateFacts<'a> {
    pub snapshot: &'a Snapshot,
    /// The current revision of the series; `None` for a new series.
    pub current: Option<&'a Revision>,
    pub ledger: &'a Ledger,
    /// The version of the commit, counted again.
    pub recount: Recount,
    /// The acceptance tests in the configuration of the commit.
    pub tests: &'a [AcceptanceTest],
    /// The test results of the snapshot.
    pub results: &'a [TestResult],
    /// The folder with the test results and the output of the tests.
    pub results_folder: &'a Path,
    /// Whether a new series may be started.
    pub major: bool,
    /// The reason to promote without an acceptance test.
    pub untested: Option<&'a Reason>,
    /// Whether packages for dists are configured.
    pub wants_packages: bool,
}

impl GateFacts<'_> {
    /// The kind of the promotion: the part of the version that it raises.
    pub fn kind(&self) -> PromotionKind {
        let Some(current) = self.current else { return PromotionKind::Major };
        let (old, new) = (&current.manifest.release.version, &self.snapshot.manifest.release.version);
        if (old.major(), old.minor()) == (new.major(), new.minor()) {
            PromotionKind::Patch
        } else {
            PromotionKind::Minor
        }
    }

    /// All gates except `whole`, which reads the files of the snapshot, in the order in which they are printed.
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
        if self.manifest().merged {
            yes("merged", format!("commit {}", self.manifest().release.commit.short()))
        } else {
            no("merged", "it was staged as unmerged work", "merge it, and stage it again")
        }
    }

    fn version(&self) -> Gate {
        let staged = &self.manifest().release.version;
        match &self.recount {
            Recount::Counted(version, _) if version == staged => yes("version", format!("{staged}, confirmed by git")),
            Recount::Counted(version, _) => no(
                "version",
                format!("git now counts {version}, and it was staged as {staged}"),
                "a tag was added after it was staged: build the release again and stage it",
            ),
            Recount::Unknown(why) => yes("version", format!("{staged}, as staged; {why}")),
        }
    }

    /// A version that was promoted without packages cannot be promoted again with packages.
    fn packages(&self) -> Gate {
        let dists = self.manifest().dists();
        let described = self.current.into_iter().any(|current| !current.manifest.dists().is_empty());
        if dists.is_empty() && (self.wants_packages || described) {
            let why = "it has only sources, but clients of the series install packages";
            let help = format!("build the packages and stage again: `{} dist --rpm`", program());
            return no("packages", why, help);
        }
        if dists.is_empty() {
            return yes("packages", "none, and none are configured");
        }
        yes("packages", dists.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    }

    /// Whether an acceptance test is configured for this kind of promotion.
    pub fn requires_tests(&self) -> bool {
        let kind = self.kind();
        self.tests.iter().any(|test| test.on.contains(&kind))
    }

    fn tested(&self) -> Gate {
        let kind = self.kind();
        let required = self.tests.iter().filter(|test| test.on.contains(&kind));
        if !self.requires_tests() {
            return match self.untested {
                Some(reason) => yes("tested", format!("not required: {reason}")),
                None => no(
                    "tested",
                    format!("no acceptance test is configured for a {kind} promotion"),
                    "configure one in `[[acceptance]]`, or give the reason to promote without one: `--untested REASON`",
                ),
            };
        }
        let mut passed = Vec::new();
        for test in required {
            let name = &test.name;
            let accept = format!("`{} accept {}`", program(), self.snapshot.name);
            let Some(result) = find_newest(self.results, name, self.snapshot.digest) else {
                let why = format!("the acceptance test `{name}` was not run on this snapshot");
                return no("tested", why, format!("run the acceptance tests: {accept}"));
            };
            let fault = match result.facts.verdict {
                TestVerdict::Passed => {
                    passed.push(name.as_str());
                    continue;
                }
                TestVerdict::Failed => "failed",
                TestVerdict::TimedOut => "exceeded its time limit",
            };
            let log = self.results_folder.join(&result.facts.log);
            let help = format!("read its output in `{}`; to run the tests again: {accept}", log.display());
            return no("tested", format!("the acceptance test `{name}` {fault}"), help);
        }
        yes("tested", format!("passed {}", passed.join(", ")))
    }

    fn series(&self) -> Gate {
        let own = Series::of(&self.manifest().release.version);
        if own != self.manifest().series {
            let why = format!("it is in unstable/{}, but its version belongs to {own}", self.manifest().series);
            return no("series", why, "build the release again and stage it");
        }
        match (self.current, self.major) {
            (Some(current), _) => yes("series", format!("stable/{own}, now at revision {}", current.number)),
            (None, true) => yes("series", format!("stable/{own}, a new series")),
            (None, false) => no(
                "series",
                format!("stable/{own} would be a new series"),
                "clients must subscribe to a new series themselves; to start it: `--major`",
            ),
        }
    }

    fn above(&self) -> Gate {
        let version = &self.manifest().release.version;
        let Some(current) = self.current else { return yes("above", "the series has no version yet") };
        let released = current.manifest.releases().map(|release| &release.version).max();
        let is_known = |package: &PackageEntry| {
            let mut known = current.manifest.packages();
            known.any(|(_, other)| (&other.nevra, &other.dist) == (&package.nevra, &package.dist))
        };
        // A version can be promoted again with a higher release, for repackaging: then the packages are different ones.
        let is_repeated = released == Some(version) && self.manifest().packages().all(|(_, package)| is_known(package));
        if let Some(released) = released.filter(|released| *released > version || is_repeated) {
            return no(
                "above",
                format!("stable/{} already has {released}", self.manifest().series),
                "promote a newer snapshot",
            );
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
                let why = format!(
                    "stable/{} already has `{}`, which is not older than `{}`",
                    self.manifest().series,
                    other.nevra,
                    package.nevra
                );
                return no("above", why, "promote a newer snapshot");
            }
        }
        yes("above", format!("{version} follows {}", current.manifest.release.version))
    }

    fn ledger(&self) -> Gate {
        match self.ledger.conflict(self.manifest().series, self.manifest()) {
            None => yes("ledger", "no package was in stable with another content"),
            Some(nevra) => no(
                "ledger",
                format!("`{nevra}` was in stable before, with another content"),
                "clients may have installed it: raise the version, or the release with `--release`",
            ),
        }
    }

    fn milestone(&self) -> Gate {
        let version = &self.manifest().release.version;
        if self.kind() == PromotionKind::Patch {
            return yes("milestone", "not needed: X and Y are unchanged");
        }
        let base = match &self.recount {
            Recount::Counted(_, base) => *base,
            Recount::Unknown(_) => self.manifest().release.base,
        };
        let Some(milestone) = version.milestone() else { return yes("milestone", "the version has no milestone") };
        if base == Some(milestone) {
            return yes("milestone", format!("{version} is counted from `{milestone}`"));
        }
        no(
            "milestone",
            format!("the tag `{milestone}` is missing"),
            format!("create it: `{} tag`, and push the tag", program()),
        )
    }
}
