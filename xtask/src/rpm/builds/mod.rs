//! Builds the binary RPMs of a source RPM for its targets.
//!
//! ```text
//! source RPM, targets ── decide ──> Plan: keep, go on, begin ── drive ──> BuildOutcome: built, failed
//! ```
//!
//! A build is kept under the digest of everything that its result depends on ([`record`]). A second run reuses it, and the
//! run after an interrupted one goes on with the builds of a farm.

mod check;
mod drive;
mod listing;
mod record;
mod same;
mod submission;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::base::error::Failure;
use crate::base::plan::Plan;
use crate::project::config::{BackendKind, Dist, MacroName};
use crate::rpm::backend::{Backend, BuildPart, BuildTarget, Host, SourceRpm, Submission, Ticket};

pub use check::{DistPackages, Expected};
pub use drive::{BuildOutcome, BuildRun, FailedBuild};
pub use listing::{BuildListing, FILE_NAME, SCHEMA};
pub use record::{BuildFolder, BuildPhase, BuildRecord, KeptPackage, clear_old, lock, place};
pub use same::find_difference;

/// Everything that [`decide`] needs to know beside the targets.
pub struct BuildContext<'a> {
    pub srpm: &'a SourceRpm,
    pub kind: BackendKind,
    pub backend: &'a dyn Backend,
    pub host: &'a Host,
    /// The macros of the configuration.
    pub define: &'a BTreeMap<MacroName, String>,
    /// The folder of all builds.
    pub place: &'a Path,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// The record of a build, and the folder with its files.
#[derive(Clone, Debug)]
pub struct RecordedBuild {
    pub record: BuildRecord,
    pub folder: BuildFolder,
}

/// A step of the plan of a run.
#[derive(Clone, Debug)]
pub enum BuildStep {
    /// Defines a macro for all builds that begin.
    Define { name: MacroName, value: String },
    /// Reuses a build.
    Keep(RecordedBuild),
    /// Goes on with a submission to a farm.
    GoOn {
        submission: Submission,
        /// `None` where the farm may have accepted the submission, but no ticket was received.
        ticket: Option<Ticket>,
        /// In the order of the parts of the submission.
        builds: Vec<RecordedBuild>,
    },
    /// Submits builds.
    Begin {
        submission: Submission,
        /// In the order of the parts of the submission.
        builds: Vec<RecordedBuild>,
    },
}

impl fmt::Display for BuildStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |submission: &Submission| {
            let names = submission.parts.iter().map(|part| format!("{} ({})", part.target, part.build_env));
            names.collect::<Vec<_>>().join(", ")
        };
        match self {
            BuildStep::Define { name, value } => write!(f, "define %{name} as `{value}`"),
            BuildStep::Keep(build) => write!(f, "keep {}, which is built", build.record.target),
            BuildStep::GoOn { submission, ticket: Some(Ticket(id)), .. } => {
                write!(f, "go on with build {id}: {}", named(submission))
            }
            BuildStep::GoOn { submission, ticket: None, .. } => {
                write!(f, "look for the build of {}", named(submission))
            }
            BuildStep::Begin { submission, .. } => write!(f, "build {}", named(submission)),
        }
    }
}

/// Whether to build a target again that is already built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    No,
    Yes,
}

/// Decides for each target whether to reuse a build, to go on with one, or to begin one.
///
/// Errors: a target that the backend cannot build.
pub fn decide(context: &BuildContext<'_>, targets: &[BuildTarget], again: Again) -> Result<Plan<BuildStep>, Failure> {
    let BuildContext { srpm, kind, backend, .. } = *context;
    let mut steps = Vec::new();
    for submission in backend.plan(srpm, targets)? {
        // The parts of a submission that are in the same state stay together.
        let mut groups: Vec<Group> = Vec::new();
        for part in submission.parts {
            let FoundBuild { standing, build } = context.look_up(&part, again);
            let index = groups.iter().position(|group| group.standing == standing).unwrap_or_else(|| {
                groups.push(Group { standing, parts: Vec::new(), builds: Vec::new() });
                groups.len() - 1
            });
            groups[index].parts.push(part);
            groups[index].builds.push(build);
        }
        for Group { standing, parts, builds } in groups {
            let submission = Submission { parts };
            match standing {
                Standing::Built => steps.extend(builds.into_iter().map(BuildStep::Keep)),
                Standing::Submitted(ticket) => steps.push(BuildStep::GoOn { submission, ticket: Some(ticket), builds }),
                Standing::Unconfirmed => steps.push(BuildStep::GoOn { submission, ticket: None, builds }),
                Standing::New => steps.push(BuildStep::Begin { submission, builds }),
            }
        }
    }
    if steps.iter().any(|step| matches!(step, BuildStep::Begin { .. })) {
        let define =
            |(name, value): (&MacroName, &String)| BuildStep::Define { name: name.clone(), value: value.clone() };
        steps.splice(0..0, context.define.iter().map(define));
    }
    let title = format!("build {}-{}-{} with {kind}", srpm.name, srpm.version, srpm.release);
    Ok(Plan { title, steps })
}

/// The state of a build on disk.
#[derive(PartialEq, Eq)]
enum Standing {
    Built,
    /// A farm has accepted the build.
    Submitted(Ticket),
    /// A farm may have accepted the build, but no ticket was received.
    Unconfirmed,
    /// Nothing that can be used.
    New,
}

/// A build, with its state on disk.
struct FoundBuild {
    standing: Standing,
    build: RecordedBuild,
}

/// The parts of a submission that are in the same state on disk.
struct Group {
    standing: Standing,
    parts: Vec<BuildPart>,
    builds: Vec<RecordedBuild>,
}

impl BuildContext<'_> {
    fn look_up(&self, part: &BuildPart, again: Again) -> FoundBuild {
        // All other backends build in a chroot or container of the dist itself.
        let host = if self.kind == BackendKind::Local { &self.host.dist } else { &part.target.dist };
        let fresh = BuildRecord::new(self.srpm, self.kind, part, &self.backend.settings(part), host, self.now);
        let folder = BuildFolder::of(self.place, &fresh);
        let is_on_farm = !self.backend.is_on_this_machine();
        let Some(record) = folder.load(fresh.key) else {
            return FoundBuild { standing: Standing::New, build: RecordedBuild { record: fresh, folder } };
        };
        let standing = match &record.phase {
            _ if again == Again::Yes => Standing::New,
            BuildPhase::Built { files } if folder.holds(files) => Standing::Built,
            BuildPhase::Submitted { ticket } if is_on_farm => Standing::Submitted(ticket.clone()),
            BuildPhase::Submitting { .. } if is_on_farm => Standing::Unconfirmed,
            _ => Standing::New,
        };
        let record = if standing == Standing::New { fresh } else { record };
        FoundBuild { standing, build: RecordedBuild { record, folder } }
    }
}

/// The packages that the spec makes for each dist of `targets`.
pub fn expected(spec: &str, targets: &[BuildTarget]) -> Vec<DistPackages> {
    let mut dists: Vec<&Dist> = targets.iter().map(|target| &target.dist).collect();
    dists.dedup();
    dists.into_iter().map(|dist| DistPackages { dist: dist.clone(), expected: Expected::of(spec, dist) }).collect()
}
