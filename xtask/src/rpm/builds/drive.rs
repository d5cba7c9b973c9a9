//! Drives builds to their end, several at a time, in one thread: begin what may begin, ask how far each is, fetch what is
//! built, check it, keep it. Every step is on disk before the next one, so that a run that is killed loses nothing that a
//! farm has.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::interrupt;
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::project::config::Dist;
use crate::rpm::backend::{Backend, Srpm, State, Target, Ticket, Workplace};
use crate::rpm::builds::check::{self, Expected, Refused};
use crate::rpm::builds::record::{Kept, Phase};
use crate::rpm::builds::work::{Part, PartState, Stage, Work};
use crate::rpm::builds::{Known, Step};
use crate::rpm::package::PackageFile;

/// How long we rest where builds run here.
const REST: Duration = Duration::from_millis(15);
/// How many faults in a row a farm may have before it is left alone.
const MOST_FAULTS: u32 = 5;
/// The longest pause after a fault.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// What a run needs beside its plan.
pub struct Run<'a> {
    /// The source RPM.
    pub srpm: &'a Srpm,
    /// What the spec makes for each dist, where that is known.
    pub expected: &'a [(Dist, Result<Expected, String>)],
    /// How many builds run here at a time.
    pub jobs: usize,
    /// How often a farm is asked.
    pub poll: Duration,
    /// After how long a farm is no longer waited for.
    pub patience: Duration,
    /// The listener.
    pub progress: &'a dyn Progress,
}

/// What a run has come to.
pub struct Outcome {
    /// What is built, in the order of the plan.
    pub built: Vec<Known>,
    /// What is not.
    pub failed: Vec<Failed>,
}

/// A build that did not succeed.
pub struct Failed {
    /// What was to be built.
    pub target: Target,
    /// Why not.
    pub why: String,
    /// What it said; there may be no such file.
    pub log: PathBuf,
    /// Whether the next run may go on with it.
    pub may_go_on: bool,
}

impl Run<'_> {
    /// Carries out a plan. A build that fails does not end the others.
    ///
    /// Errors: an interrupt; a folder that cannot be written.
    pub fn apply(&self, backend: &mut dyn Backend, plan: &Plan<Step>) -> Result<Outcome> {
        let mut works: Vec<Work> = plan.steps.iter().map(Work::new).collect();
        let driven = self.drive(backend, &mut works);
        self.progress.end_board();
        driven?;
        let (mut built, mut failed) = (Vec::new(), Vec::new());
        for Part { known, state, .. } in works.into_iter().flat_map(|work| work.parts) {
            match state {
                PartState::Failed { why, may_go_on } => {
                    let (target, log) = (known.record.target, known.folder.log());
                    failed.push(Failed { target, why, log, may_go_on });
                }
                _ => built.push(known),
            }
        }
        Ok(Outcome { built, failed })
    }

    fn drive(&self, backend: &mut dyn Backend, works: &mut [Work]) -> Result<()> {
        loop {
            if let Err(failure) = interrupt::check() {
                let state = if backend.is_here() { "finished builds are kept" } else { "builds continue on the farm" };
                let failure = Failure::new(failure.exit, format!("{failure}; {state}"));
                return Err(failure.help("run this again to continue").into());
            }
            let mut active = works.iter().filter(|work| work.is_active()).count();
            for work in works.iter_mut() {
                let may_begin = !matches!(work.stage, Stage::Queued) || !backend.is_here() || active < self.jobs;
                if matches!(work.stage, Stage::Over) || !may_begin || Instant::now() < work.due {
                    continue;
                }
                active += usize::from(matches!(work.stage, Stage::Queued));
                if let Err(error) = self.advance(backend, work) {
                    self.take_fault(backend, work, error)?;
                }
            }
            self.progress.board(&works.iter().flat_map(Work::rows).collect::<Vec<_>>());
            if works.iter().all(|work| matches!(work.stage, Stage::Over)) {
                return Ok(());
            }
            let next = works.iter().filter(|work| !matches!(work.stage, Stage::Over)).map(|work| work.due).min();
            let pause = next.map_or(REST, |due| due.saturating_duration_since(Instant::now()));
            std::thread::sleep(pause.clamp(REST, Duration::from_millis(200)));
        }
    }

    /// Takes a submission one step further.
    fn advance(&self, backend: &mut dyn Backend, work: &mut Work) -> Result<()> {
        match &work.stage {
            Stage::Queued => {
                work.began = Instant::now();
                let ticket = self.submit(backend, work)?;
                work.hold(ticket)?;
            }
            Stage::Sought => match backend.find(self.srpm, &work.submission, work.since())? {
                Some(ticket) => work.hold(ticket)?,
                None => work.stage = Stage::Queued,
            },
            Stage::Under(ticket) => {
                let ticket = ticket.clone();
                let states = backend.poll(&ticket, &work.submission)?;
                // What cannot be fetched yet keeps nothing else waiting.
                let taken = states.into_iter().enumerate();
                let taken = taken.map(|(index, state)| self.take_state(backend, work, index, state, &ticket));
                taken.collect::<Vec<_>>().into_iter().collect::<Result<()>>()?;
                work.faults = 0;
                if work.parts.iter().all(|part| !matches!(part.state, PartState::Open(_))) {
                    work.stage = Stage::Over;
                    work.scratch.clear();
                } else if !backend.is_here() && work.began.elapsed() > self.patience {
                    let why = format!("not done in {} s (`rpm.timeout`); it goes on there", self.patience.as_secs());
                    work.fail_open(&why, true);
                } else if !backend.is_here() {
                    work.due = Instant::now() + self.poll;
                }
            }
            Stage::Over => {}
        }
        Ok(())
    }

    fn submit(&self, backend: &mut dyn Backend, work: &mut Work) -> Result<Ticket> {
        let mut places = Vec::new();
        for part in &mut work.parts {
            let Known { record, folder } = &mut part.known;
            let scratch = backend.is_here().then(files::large_scratch).transpose()?;
            record.scratch = scratch.as_ref().map(|scratch| scratch.path().to_owned());
            record.phase = Phase::Submitting { since: crate::base::clock::now()?.as_second() };
            folder.save(record)?;
            places.push(Workplace { log: folder.log(), scratch: record.scratch.clone() });
            work.scratch.extend(scratch);
        }
        backend.submit(self.srpm, &work.submission, &places)
    }

    fn take_state(
        &self,
        backend: &mut dyn Backend,
        work: &mut Work,
        index: usize,
        state: State,
        ticket: &Ticket,
    ) -> Result<()> {
        let began = work.began;
        let part = &mut work.parts[index];
        if !matches!(part.state, PartState::Open(_)) {
            return Ok(());
        }
        part.elapsed = began.elapsed();
        match state {
            State::Waiting | State::Running => part.state = PartState::Open(state),
            State::Failed(why) => part.fail(&why)?,
            State::Built => {
                part.state = PartState::Open(State::Built);
                let named = &work.submission.parts[index];
                match self.collect(backend, ticket, named, part)? {
                    Ok(files) => {
                        part.known.record.phase = Phase::Built { files };
                        part.known.record.scratch = None;
                        part.known.folder.save(&part.known.record)?;
                        part.state = PartState::Kept;
                    }
                    Err(why) => part.fail(&why)?,
                }
            }
        }
        Ok(())
    }

    /// Fetches the packages of a target and checks them; what they are, or why they are not the ones that were to be built.
    fn collect(
        &self,
        backend: &mut dyn Backend,
        ticket: &Ticket,
        named: &(Target, String),
        part: &Part,
    ) -> Result<Result<Vec<Kept>, String>> {
        let Known { record, folder } = &part.known;
        let incoming = folder.incoming()?;
        let place = Workplace { log: folder.log(), scratch: record.scratch.clone() };
        backend.collect(ticket, named, &place, &incoming)?;
        let names = files::names_in(&incoming)?;
        // One that is cut off has not come whole: it is fetched again.
        let again = |why: String| Failure::new(Exit::TryAgain, why).help("run this again");
        let read = names.iter().map(|name| PackageFile::read(&incoming.join(name)));
        let packages = read.collect::<Result<Vec<_>>>().map_err(|error| again(format!("{error:#}")))?;
        let expected = self.expected.iter().find(|(dist, _)| *dist == named.0.dist);
        let expected = expected.and_then(|(_, expected)| expected.as_ref().ok());
        let is_foreign = record.host != named.0.dist;
        let checked = check::verify(self.srpm, &named.0, expected, &packages)
            .and_then(|()| if is_foreign { check::verify_portable(&packages) } else { Ok(()) });
        match checked {
            Ok(()) => {}
            // A farm may say that a build is done before its files are where they are fetched from.
            Err(Refused::Missing(why)) if !backend.is_here() => return Err(again(why).into()),
            Err(Refused::Missing(why) | Refused::Wrong(why)) => return Ok(Err(why)),
        }
        folder.accept(&incoming)?;
        let kept = packages.iter().map(|package| Kept {
            place: package.place().to_owned(),
            name: package.nevra.file_name(),
            sha256: package.digest,
        });
        Ok(Ok(kept.collect()))
    }

    /// A fault outside is borne for a while; any other error ends the run, or fails the builds that it is about.
    fn take_fault(&self, backend: &dyn Backend, work: &mut Work, error: anyhow::Error) -> Result<()> {
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        let (exit, why) = (failure.map(|failure| failure.exit), format!("{error:#}"));
        match exit {
            Some(Exit::TryAgain) => {
                work.faults += 1;
                if backend.is_here() || work.faults > MOST_FAULTS {
                    work.give_up(&why);
                    return Ok(());
                }
                self.progress.warn(&format!("{}: {why}; trying again", work.names()));
                let pause = self.poll.saturating_mul(1 << (work.faults - 1).min(3)).min(LONGEST_PAUSE);
                work.due = Instant::now() + pause;
                // It may have been submitted for all that.
                if matches!(work.stage, Stage::Queued) {
                    work.stage = Stage::Sought;
                }
                Ok(())
            }
            // The program said no: the others may still be built.
            Some(Exit::Failed | Exit::Usage) => {
                let help = failure.and_then(|failure| failure.help.clone());
                work.fail_open(&[Some(why), help].into_iter().flatten().collect::<Vec<_>>().join("; "), false);
                work.parts.iter_mut().try_for_each(Part::record_failure)
            }
            _ => Err(error),
        }
    }
}
