//! The gates of a promotion: the conditions that a snapshot must meet. The rules are pure; [`GateFacts`] has all their input.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::base::error::{Failure, committed, program};
use crate::project::config::{AcceptanceTest, PromotionKind};
use crate::repository::commits::{Merged, Recount, VersionDoubt};
use crate::repository::model::ledger::{Ledger, PackageIdentity};
use crate::repository::model::lost_targets::UnsettledRevision;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::{Revision, Snapshot};
use crate::repository::model::test_result::{TestResult, TestVerdict, find_newest};
use crate::repository::model::yanks::YankedPackage;
use crate::repository::promote::known_packages::KnownPackages;
use crate::repository::promote::merged::MergedNow;
use crate::repository::promote::order::{MAJOR, PromoteOrder, WITH_YANKED, end_dist};
use crate::repository::promote::standing::{Place, judge_above, judge_yanked, place_of};

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

/// An open gate.
pub fn yes(name: &'static str, why: impl Into<String>) -> Gate {
    Gate { name, answer: GateAnswer::Yes(why.into()) }
}

/// A closed gate.
pub fn no(name: &'static str, why: impl Into<String>, help: impl Into<String>) -> Gate {
    Gate { name, answer: GateAnswer::No { why: why.into(), help: help.into() } }
}

/// A gate that a rule has answered.
fn answered(name: &'static str, answer: &Result<String, Failure>) -> Gate {
    match answer {
        Ok(why) => yes(name, why),
        Err(failure) => no(name, &failure.message, failure.help.clone().unwrap_or_default()),
    }
}

/// The facts that the gates depend on.
pub struct GateFacts<'a> {
    pub snapshot: &'a Snapshot,
    /// The current revision of the series; `None` for a new series.
    pub current: Option<&'a Revision>,
    /// Why the current revision cannot be used: the gates that depend on it are not judged.
    pub unusable: Option<&'a Failure>,
    /// A newer revision of the series that was lost.
    pub unsettled: Option<&'a UnsettledRevision>,
    /// What the current revision has.
    pub known: Option<&'a KnownPackages<'a>>,
    pub ledger: &'a Ledger,
    pub merged: MergedNow,
    /// The version of the commit, counted again.
    pub recount: Recount,
    /// Why the commit of the snapshot seems to be of another project than the series.
    pub foreign: Option<&'a Failure>,
    /// The acceptance tests in the configuration of the commit.
    pub tests: &'a [AcceptanceTest],
    /// The packages of the snapshot that were yanked and that the series does not have.
    pub yanked: &'a [YankedPackage],
    /// The test results of the snapshot.
    pub results: &'a [TestResult],
    /// The folder with the test results and the output of the tests.
    pub results_folder: &'a Path,
    /// What the person asked for.
    pub order: &'a PromoteOrder,
    /// The dists in the configuration of the commit.
    pub configured_dists: &'a [Dist],
    /// The dists that have ended: they need no packages any more.
    pub ended_dists: &'a BTreeSet<Dist>,
    /// Whether the key of the configuration may sign for the clients of the series.
    pub key: &'a Result<String, Failure>,
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

    /// All gates that can be judged except `whole` and `requires`, which read files of the repository, in the order in which they are printed. What
    /// no build and no test can open is before `packages` and `tested`.
    pub fn gates(&self) -> Vec<Gate> {
        if self.unusable.is_some() {
            return vec![self.merged(), self.version(), self.series(), self.packages(), self.ledger()];
        }
        vec![
            self.merged(),
            self.version(),
            self.series(),
            self.above(),
            self.yanked(),
            self.packages(),
            self.tested(),
            self.ledger(),
            self.milestone(),
            self.key(),
        ]
    }

    /// The command that promotes the snapshot with the flags that were given, with those that other gates need, and with `more`.
    pub fn command(&self, mut more: Vec<String>) -> String {
        if self.current.is_none() && self.unusable.is_none() && !self.order.major {
            more.push(MAJOR.to_owned());
        }
        if !self.requires_tests() && self.order.untested.is_none() {
            more.push("--untested REASON".to_owned());
        }
        if !self.yanked.is_empty() && !self.order.with_yanked {
            more.push(WITH_YANKED.to_owned());
        }
        self.order.command(&self.snapshot.name, &more)
    }

    fn manifest(&self) -> &Manifest {
        &self.snapshot.manifest
    }

    fn merged(&self) -> Gate {
        let commit = self.manifest().release.commit.short();
        match &self.merged {
            MergedNow::Git(Merged::Into(branch)) => {
                yes("merged", format!("commit {commit} is on the mainline of {branch}"))
            }
            MergedNow::Git(merged @ Merged::BroughtInto(branch)) => {
                let why = merged.why_not(self.manifest().release.commit).unwrap_or_default();
                let help = format!("release the merge: check out {branch}, then `{} dist --rpm`", program());
                no("merged", why, help)
            }
            MergedNow::Git(Merged::Not(why)) => no("merged", why, "merge it and fetch the branch, then promote again"),
            MergedNow::Recorded(true) => yes("merged", format!("commit {commit} was merged when it was staged")),
            MergedNow::Recorded(false) => no(
                "merged",
                format!("it was staged as unmerged work, and commit {commit} is in no git repository here"),
                "promote it from a clone of the project that has the commit",
            ),
            MergedNow::Stated => {
                let help = format!("to stage it without this flag: `{} stage`", program());
                no("merged", "it was staged with `--unmerged`", help)
            }
        }
    }

    fn version(&self) -> Gate {
        let staged = &self.manifest().release.version;
        match &self.recount {
            Recount::Counted { version, doubt: None, .. } if version == staged => {
                yes("version", format!("{staged}, confirmed by git"))
            }
            Recount::Counted { version, doubt: Some(VersionDoubt::UnmergedTags(warning)), .. } if version == staged => {
                no(
                    "version",
                    warning,
                    "merge the commit of that tag, or tag a later commit here above it; then build the release again and stage it",
                )
            }
            Recount::Counted { version, doubt: Some(VersionDoubt::UncountedBreak(warning)), .. }
                if version == staged =>
            {
                no(
                    "version",
                    warning,
                    "if it breaks compatibility, write `headers = [\"sem-ver\", \"conventional\"]` below `[version]` in the \
                 configuration, or tag that commit as the milestone `X.0` of a new series; if not, tag a later commit \
                 as the next milestone `X.Y`; then build the release again and stage it",
                )
            }
            Recount::Counted { version, base, .. } => {
                let why = format!("git now counts {version}, and it was staged as {staged}");
                match self.manifest().release.base {
                    Some(lost) if *base < Some(lost) => {
                        let why = format!("{why}, from the tag `{lost}`, which the commit does not have now");
                        no("version", why, "put the tag back; or build the release again and stage it")
                    }
                    _ => {
                        no("version", why, "a tag was added after it was staged: build the release again and stage it")
                    }
                }
            }
            Recount::Unknown(why) => yes("version", format!("{staged}, as staged; {why}")),
        }
    }

    /// A version that was promoted without packages cannot be promoted again with packages. So each dist is needed that the series
    /// has or the configuration lists, unless it has ended.
    fn packages(&self) -> Gate {
        let dists = self.manifest().dists();
        let of_series = self.current.map_or(Vec::new(), |current| current.manifest.dists());
        let needed: BTreeSet<&Dist> = of_series.iter().chain(self.configured_dists).collect();
        let is_lacking = |dist: &&Dist| !dists.contains(dist) && !self.ended_dists.contains(*dist);
        let lacking: Vec<&Dist> = needed.into_iter().filter(is_lacking).collect();
        if !lacking.is_empty() {
            let flags = lacking.iter().map(|dist| end_dist(dist)).collect();
            let unset: Vec<&Dist> =
                lacking.iter().copied().filter(|dist| !self.configured_dists.contains(dist)).collect();
            let is_left_out = !unset.is_empty() && !self.configured_dists.is_empty();
            let back = format!("add {} to `rpm.dists`, which does not name it", join(unset));
            let first = if is_left_out { format!("{}; then ", committed(&back)) } else { String::new() };
            let help = format!(
                "{first}build them and stage again: `{} dist --rpm`; where nobody builds for it any more: {}",
                program(),
                self.command(flags)
            );
            return no("packages", format!("it has no packages for {}", join(lacking)), help);
        }
        match join(&dists) {
            none if none.is_empty() => yes("packages", "none, and none are configured"),
            dists => yes("packages", dists),
        }
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
            return match &self.order.untested {
                Some(reason) => yes("tested", format!("without a test: {reason}")),
                None => no(
                    "tested",
                    format!("no acceptance test is configured for a {kind} promotion"),
                    format!(
                        "{}; then make the release again; or give the reason to promote without one: {}",
                        committed("configure one in `[[acceptance]]`"),
                        self.command(Vec::new())
                    ),
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
            let end =
                result.facts.last_line.as_ref().map_or(String::new(), |line| format!("its output ends: {line}\n"));
            let help = format!("{end}read its output in `{}`; to run the tests again: {accept}", log.display());
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
        if let Some(unusable) = self.unusable {
            return no("series", &unusable.message, unusable.help.clone().unwrap_or_default());
        }
        if let Some(lost) = self.unsettled {
            return no("series", lost.describe(), lost.help());
        }
        if let Some(foreign) = self.foreign {
            return no("series", &foreign.message, foreign.help.clone().unwrap_or_default());
        }
        match (self.current, self.order.major) {
            (Some(current), _) => yes("series", format!("stable/{own}, now at revision {}", current.number)),
            (None, true) => yes("series", format!("stable/{own}, a new series")),
            (None, false) => no(
                "series",
                format!("stable/{own} would be a new series"),
                format!(
                    "to begin it: {}; clients of an earlier series stay there until they install the `.repo` file of this one",
                    self.command(Vec::new())
                ),
            ),
        }
    }

    /// How the snapshot stands to the series. `was_merged` is whether it was ever recorded as merged work.
    pub fn place(&self, was_merged: bool) -> Place {
        match place_of(self.manifest(), self.known) {
            Place::Ahead if !was_merged && !self.merged.is_merged() => Place::Unmerged,
            place => place,
        }
    }

    fn above(&self) -> Gate {
        answered("above", &judge_above(self.manifest(), self.current.map(|current| &current.manifest), self.known))
    }

    fn yanked(&self) -> Gate {
        answered("yanked", &judge_yanked(self.yanked, self.order.with_yanked, &self.command(Vec::new())))
    }

    fn ledger(&self) -> Gate {
        match self.ledger.conflict(self.manifest().series, PackageIdentity::all_of(self.manifest())) {
            None => yes("ledger", "no package was in stable with another content"),
            Some(nevra) => no(
                "ledger",
                format!("`{nevra}` was in stable before, with another content"),
                "clients may have installed it: raise the version, or the release with `--release`",
            ),
        }
    }

    fn key(&self) -> Gate {
        answered("key", self.key)
    }

    fn milestone(&self) -> Gate {
        let version = &self.manifest().release.version;
        if self.kind() == PromotionKind::Patch {
            return yes("milestone", "not needed: X and Y are unchanged");
        }
        let Some(milestone) = version.milestone() else { return yes("milestone", "the version has no milestone") };
        let (base, tag) = match &self.recount {
            Recount::Counted { base, milestone_tag, .. } => (*base, milestone_tag.clone()),
            Recount::Unknown(_) => (self.manifest().release.base, Some(milestone.to_string())),
        };
        if base == Some(milestone) {
            return yes("milestone", format!("{version} is counted from `{milestone}`"));
        }
        let Some(tag) = tag else {
            return yes("milestone", format!("the form of the release tags has none for {milestone}"));
        };
        no(
            "milestone",
            format!("the tag `{tag}` is missing"),
            format!("create it: `{} tag`, and push the tag", program()),
        )
    }
}

fn join<'d>(dists: impl IntoIterator<Item = &'d Dist>) -> String {
    dists.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
