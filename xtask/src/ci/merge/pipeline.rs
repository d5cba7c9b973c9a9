//! Carries a merge on from step to step. Each event is in the journal before the next step begins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::clock;
use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, program};
use crate::base::files;
use crate::base::progress::Progress;
use crate::ci::merge::home::{MergeHome, StoredMerge};
use crate::ci::merge::land;
use crate::ci::merge::machine::{Merge, MergeEvent, MergePhase, MergeStep, PreparedMerge, StopReason, TestedMerge};
use crate::ci::merge::prepare;
use crate::ci::merge::request::MergeRequest;
use crate::ci::merge::stages::{MergeStages, base_config};
use crate::ci::merge::testing::{self, MergeTests};
use crate::ci::stage::CiStage;
use crate::ci::steps::result::StepResult;
use crate::git::remote::Remote;
use crate::git::{CommitId, Repository};
use crate::history::lint::LintFinding;
use crate::project::config::Config;
use crate::project::tree::Tree;
use crate::project::trusted::TrustedKeys;

/// Asks whether a merge is still wanted, by the keys of trust and the configuration that counts; else why not.
type AskWithdrawn<'a> = &'a dyn Fn(&MergeRequest, &TrustedKeys, &Config) -> Result<Option<String>>;

/// A release that is to be staged.
pub struct MergedRelease<'a> {
    /// The bare repository, whose branch has the merge commit.
    pub git: &'a Repository,
    /// The configuration of the base before the merge, with the keys of trust of the default branch.
    pub config: &'a Config,
    /// The folder of the release, which is that of the merge commit.
    pub folder: &'a Path,
    /// The number for the snapshot.
    pub pipeline: Option<u32>,
}

/// Where a merge happens, and what it needs from outside.
pub struct Pipeline<'a> {
    pub home: &'a MergeHome,
    /// The environment of this program.
    pub environment: BTreeMap<String, String>,
    /// Folders that no test may read.
    pub private: Vec<PathBuf>,
    pub progress: &'a dyn Progress,
    /// Stages a release, or finds that it is staged already; the name of the snapshot.
    pub stage: &'a dyn Fn(&MergedRelease<'_>) -> Result<String>,
    /// Asks the forge about a merge that a comment asked for.
    pub withdrawn: AskWithdrawn<'a>,
    /// Shows on the forge how such a merge has ended. It may show it already.
    pub report: &'a dyn Fn(u32, &Merge) -> Result<()>,
    /// Hears of each stage of the tests that has ended.
    pub tested: &'a mut dyn FnMut(CiStage, &[StepResult]) -> Result<()>,
}

impl Pipeline<'_> {
    /// Carries out the steps that are left; the merge has ended then. Returns what `lint` found in this run.
    ///
    /// Errors: a step failed for a reason outside of the merge, such as a remote that cannot be reached (exit 5), or an interrupt. The
    /// journal has all that happened, and a later call goes on.
    pub fn go_on(&mut self, stored: &mut StoredMerge) -> Result<Vec<LintFinding>> {
        stored.merge = stored.merge.clone().resumed();
        let mut findings = Vec::new();
        while let Some(step) = stored.merge.next() {
            record(stored, MergeEvent::Began { step })?;
            let event = match step {
                MergeStep::Prepare => {
                    let preparation = self.prepare(stored)?;
                    findings = preparation.findings;
                    preparation.event
                }
                MergeStep::Test => self.test(stored)?,
                MergeStep::Confirm => self.confirm(stored)?,
                MergeStep::Push => {
                    let (prepared, tested) = tested_of(stored)?;
                    land::push(&self.remote(stored), &stored.merge.request, prepared, tested)?
                }
                MergeStep::Stage => self.stage(stored)?,
                MergeStep::Report => {
                    (self.report)(stored.number, &stored.merge)?;
                    MergeEvent::Reported
                }
            };
            record(stored, event)?;
        }
        tidy(self.home, stored)?;
        Ok(findings)
    }

    fn remote(&self, stored: &StoredMerge) -> Remote {
        self.home.remote(&stored.merge.request.remote)
    }

    fn prepare(&self, stored: &StoredMerge) -> Result<prepare::Preparation> {
        self.progress
            .begin(&format!("merging {} into `{}`", stored.merge.request.work, stored.merge.request.base), None);
        let prepared = prepare::prepare(&self.remote(stored), &stored.merge.request, stored.number, self.progress);
        self.progress.end();
        let prepared = prepared?;
        // Before the tests: they can take hours, and the pull request can be closed already.
        if let MergeEvent::Prepared(made) = &prepared.event
            && let Some(event) = self.ask_forge(stored, made.base)?
        {
            return Ok(prepare::Preparation { event, findings: prepared.findings });
        }
        Ok(prepared)
    }

    fn test(&mut self, stored: &StoredMerge) -> Result<MergeEvent> {
        let MergePhase::Prepared(prepared) = &stored.merge.phase else { anyhow::bail!("there is nothing to test") };
        if stored.merge.request.tries == 0 {
            let message = "the tests of this merge run in another job, and what they left is not here";
            let help = format!("run that job again, and then this one: `{} ci merge finish`", program());
            return Err(Failure::new(Exit::Failed, message).help(help).into());
        }
        let attempt = self.home.attempt(stored.number, stored.merge.attempt);
        let git = self.home.git();
        let trusted = self.home.trusted(stored.number, &stored.merge.request)?;
        let tests = MergeTests {
            git: git.for_programs(),
            prepared,
            trusted: &trusted,
            base: &stored.merge.request.base,
            isolation: None,
            folder: &attempt,
            environment: &self.environment,
            private: &self.private,
            progress: self.progress,
        };
        tests.run(&mut *self.tested)
    }

    /// The remote is asked last: it can change while the forge answers.
    fn confirm(&self, stored: &StoredMerge) -> Result<MergeEvent> {
        let (request, (prepared, _)) = (&stored.merge.request, tested_of(stored)?);
        let withdrawn = self.ask_forge(stored, prepared.base)?;
        match (land::confirm(&self.remote(stored), request, prepared)?, withdrawn) {
            (MergeEvent::Confirmed, Some(stop)) => Ok(stop),
            (MergeEvent::Confirmed, None) => self.confirm_release(stored),
            (answer, _) => Ok(answer),
        }
    }

    /// Checks the release before the push: it may have come from another job, and what has landed stays.
    fn confirm_release(&self, stored: &StoredMerge) -> Result<MergeEvent> {
        let (prepared, tested) = tested_of(stored)?;
        let repository = Repository::open(self.home.git().for_programs())?;
        let trusted = self.home.trusted(stored.number, &stored.merge.request)?;
        let config = trusted.over(base_config(&repository, prepared.base)?);
        let makes_release = MergeStages::load(&config, Tree::Commit(&repository, prepared.base))?.make_release();
        let stop = |why: String| Ok(MergeEvent::Stopped(StopReason::BadRelease { why }));
        let Some(digest) = tested.release else {
            return if makes_release {
                stop("the result of the tests has none".to_owned())
            } else {
                Ok(MergeEvent::Confirmed)
            };
        };
        let folder = testing::release_folder(&self.home.attempt(stored.number, stored.merge.attempt));
        match testing::check_release(&folder, &repository, prepared, &config, self.progress)? {
            Ok(found) if found == digest => Ok(MergeEvent::Confirmed),
            Ok(_) => stop("it is not the one that was tested".to_owned()),
            Err(why) => stop(why),
        }
    }

    /// Stops a merge that a comment asked for, and that is not wanted any more.
    fn ask_forge(&self, stored: &StoredMerge, base: CommitId) -> Result<Option<MergeEvent>> {
        let request = &stored.merge.request;
        if request.comment.is_none() {
            return Ok(None);
        }
        let repository = Repository::open(self.home.git().for_programs())?;
        let trusted = self.home.trusted(stored.number, request)?;
        let mut why = (self.withdrawn)(request, &trusted, &trusted.over(base_config(&repository, base)?))?;
        if why.is_none() {
            let used = self.home.find_used(stored)?;
            why = used.map(|number| format!("merge {number}, which the same comment asked for, has ended already"));
        }
        Ok(why.map(|why| MergeEvent::Stopped(StopReason::Withdrawn { why })))
    }

    fn stage(&self, stored: &StoredMerge) -> Result<MergeEvent> {
        let MergePhase::Landed(prepared, tested) = &stored.merge.phase else { anyhow::bail!("nothing has landed") };
        let Some(digest) = tested.release else { return Ok(MergeEvent::Staged { snapshot: None }) };
        let folder = testing::release_folder(&self.home.attempt(stored.number, stored.merge.attempt));
        let sums = folder.join(CHECKSUMS_FILE).read_if_there()?;
        if sums.is_none_or(|sums| digest_of(&sums) != digest) {
            let message = format!("the release that was tested is not in `{folder}` any more");
            return Err(Failure::new(Exit::Failed, message).help(help_to_stage_by_hand(prepared.merge)).into());
        }
        let repository = Repository::open(self.home.git().for_programs())?;
        let trusted = self.home.trusted(stored.number, &stored.merge.request)?;
        let release = MergedRelease {
            git: &repository,
            config: &trusted.over(base_config(&repository, prepared.base)?),
            folder: folder.for_programs(),
            pipeline: stored.merge.request.pipeline,
        };
        Ok(MergeEvent::Staged { snapshot: Some((self.stage)(&release)?) })
    }
}

/// Removes what is of no use after the end of a merge; the journal and the logs stay.
fn tidy(home: &MergeHome, stored: &StoredMerge) -> Result<()> {
    for attempt in 1..=stored.merge.attempt {
        files::remove_if_there(&testing::release_folder(&home.attempt(stored.number, attempt)))?;
    }
    remove_checkouts(home, stored);
    let git = home.git();
    if git.is_folder() {
        prepare::forget(&Repository::open(git.for_programs())?, stored.number)?;
    }
    Ok(())
}

/// Removes what killed runs left of merges that have ended. The caller has the lock.
pub fn sweep(home: &MergeHome) -> Result<()> {
    for stored in home.all()?.iter().filter(|stored| stored.merge.next().is_none()) {
        let mut left = Vec::new();
        for attempt in 1..=stored.merge.attempt {
            left.extend(home.attempt(stored.number, attempt).names()?);
        }
        if left.iter().any(|name| name == "release" || name.starts_with("work")) {
            tidy(home, stored)?;
        }
    }
    Ok(())
}

/// What a person can do where the merged release was lost.
fn help_to_stage_by_hand(merge: CommitId) -> String {
    format!(
        "the merge has landed: make its release again, and stage it: `git fetch --tags && {0} dist --no-stage --rev {merge} && {0} \
         stage`; then give the merge up",
        program()
    )
}

fn tested_of(stored: &StoredMerge) -> Result<(&PreparedMerge, &TestedMerge)> {
    match &stored.merge.phase {
        MergePhase::Tested(prepared, tested) | MergePhase::Confirmed(prepared, tested) => Ok((prepared, tested)),
        _ => anyhow::bail!("nothing was tested"),
    }
}

/// Adds an event to the journal, and then to the state.
pub fn record(stored: &mut StoredMerge, event: MergeEvent) -> Result<()> {
    let mut next = stored.merge.clone();
    next.take(&event)?;
    stored.journal.append(clock::now()?, event)?;
    stored.merge = next;
    Ok(())
}

/// Removes the checkouts of a merge. One that a step left running still writes to may stay: it disturbs nothing.
pub fn remove_checkouts(home: &MergeHome, stored: &StoredMerge) {
    for attempt in 1..=stored.merge.attempt {
        let folder = home.attempt(stored.number, attempt);
        for name in folder.names().unwrap_or_default().iter().filter(|name| name.starts_with("work")) {
            drop(files::remove(&folder.join(name)));
        }
    }
}

/// Begins the journal of a new merge.
pub fn begin(home: &MergeHome, number: u32, request: MergeRequest) -> Result<StoredMerge> {
    let mut journal = home.journal(number)?;
    journal.append(clock::now()?, MergeEvent::Requested(Box::new(request.clone())))?;
    Ok(StoredMerge { number, journal, merge: Merge::new(request) })
}
