//! Building: a source RPM becomes the binary RPMs of its targets, each of them once.
//!
//! ```text
//! source RPM, targets ── decide ──> Plan of steps: keep, go on, begin ── drive ──> Outcome: what is built, what is not
//! ```
//!
//! What is built is kept under the digest of all that shapes it ([`record`]), so that a second run takes what is there and
//! an interrupted one goes on with what a farm has.

mod check;
mod drive;
mod listing;
mod record;
mod same;
mod work;

use std::fmt;
use std::path::Path;

use crate::base::error::Failure;
use crate::base::plan::Plan;
use crate::project::config::{BackendKind, Dist};
use crate::rpm::backend::{Backend, Host, Srpm, Submission, Target, Ticket};

pub use check::Expected;
pub use drive::{Failed, Outcome, Run};
pub use listing::{FILE_NAME, Listing, SCHEMA};
pub use record::{Folder, Kept, Phase, Record, clear_old, lock, place};
pub use same::find_difference;

/// The builds of one source RPM with one backend.
pub struct Site<'a> {
    /// The source RPM.
    pub srpm: &'a Srpm,
    /// Who builds.
    pub kind: BackendKind,
    /// Who builds, at work.
    pub backend: &'a dyn Backend,
    /// This machine.
    pub host: &'a Host,
    /// The folder where results are kept.
    pub place: &'a Path,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// A build that is known by its record, and where that is.
#[derive(Clone, Debug)]
pub struct Known {
    /// The record.
    pub record: Record,
    /// Its folder.
    pub folder: Folder,
}

/// One thing that a run does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Takes what was built before.
    Keep(Known),
    /// Goes on with builds that a farm has.
    GoOn {
        /// The builds.
        submission: Submission,
        /// What the farm knows them by; `None` where it may have them without our knowing.
        ticket: Option<Ticket>,
        /// Of each part.
        known: Vec<Known>,
    },
    /// Begins builds.
    Begin {
        /// The builds.
        submission: Submission,
        /// Of each part.
        known: Vec<Known>,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |submission: &Submission| {
            let names = submission.parts.iter().map(|(target, word)| format!("{target} ({word})"));
            names.collect::<Vec<_>>().join(", ")
        };
        match self {
            Step::Keep(known) => write!(f, "keep {}, which is built", known.record.target),
            Step::GoOn { submission, ticket: Some(Ticket(id)), .. } => {
                write!(f, "go on with build {id}: {}", named(submission))
            }
            Step::GoOn { submission, ticket: None, .. } => write!(f, "look for the build of {}", named(submission)),
            Step::Begin { submission, .. } => write!(f, "build {}", named(submission)),
        }
    }
}

/// Whether what is built already is built once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is kept.
    No,
    /// It is.
    Yes,
}

/// Decides, for each target, whether it is built, is being built, or is to be built.
///
/// Errors: a target that the backend cannot build.
pub fn decide(site: &Site<'_>, targets: &[Target], again: Again) -> Result<Plan<Step>, Failure> {
    let Site { srpm, kind, backend, .. } = *site;
    let mut steps = Vec::new();
    for submission in backend.plan(srpm, targets)? {
        let parts: Vec<(Standing, Known)> = submission.parts.iter().map(|part| site.look_up(part, again)).collect();
        let mut standings: Vec<&Standing> = Vec::new();
        for (standing, _) in &parts {
            if !standings.contains(&standing) {
                standings.push(standing);
            }
        }
        for standing in standings {
            let of_it = submission.parts.iter().zip(&parts).filter(|(_, (other, _))| other == standing);
            let (parts, known): (Vec<_>, Vec<_>) =
                of_it.map(|(part, (_, known))| (part.clone(), known.clone())).unzip();
            let submission = Submission { parts };
            match standing {
                Standing::Built => steps.extend(known.into_iter().map(Step::Keep)),
                Standing::Under(ticket) => {
                    steps.push(Step::GoOn { submission, ticket: Some(ticket.clone()), known });
                }
                Standing::Lost => steps.push(Step::GoOn { submission, ticket: None, known }),
                Standing::New => steps.push(Step::Begin { submission, known }),
            }
        }
    }
    let title = format!("build {}-{}-{} with {kind}", srpm.name, srpm.version, srpm.release);
    Ok(Plan { title, steps })
}

/// What is on disk of a build.
#[derive(PartialEq, Eq)]
enum Standing {
    /// Its packages are here.
    Built,
    /// A farm has it.
    Under(Ticket),
    /// A farm may have it.
    Lost,
    /// Nothing that counts.
    New,
}

impl Site<'_> {
    fn look_up(&self, part: &(Target, String), again: Again) -> (Standing, Known) {
        // A farm builds in a chroot of the very dist.
        let host = if self.kind == BackendKind::Local { &self.host.dist } else { &part.0.dist };
        let fresh = Record::new(self.srpm, self.kind, part, &self.backend.settings(part), host, self.now);
        let folder = Folder::of(self.place, &fresh);
        let is_here = self.backend.is_here();
        let Some(record) = folder.load(fresh.key) else { return (Standing::New, Known { record: fresh, folder }) };
        let standing = match &record.phase {
            _ if again == Again::Yes => Standing::New,
            Phase::Built { files } if folder.holds(files) => Standing::Built,
            Phase::Submitted { ticket } if !is_here => Standing::Under(ticket.clone()),
            Phase::Submitting { .. } if !is_here => Standing::Lost,
            _ => Standing::New,
        };
        let record = if standing == Standing::New { fresh } else { record };
        (standing, Known { record, folder })
    }
}

/// What the spec makes for each dist of `targets`; why it cannot be told, for those where it cannot.
pub fn expected(spec: &str, targets: &[Target]) -> Vec<(Dist, Result<Expected, String>)> {
    let mut dists: Vec<&Dist> = targets.iter().map(|target| &target.dist).collect();
    dists.dedup();
    dists.into_iter().map(|dist| (dist.clone(), Expected::of(spec, dist))).collect()
}
