//! Where merges happen, for the commands about them: the folder of the merges, the remote, and how a merge is carried on and reported.

use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::ci::merge::home::{MergeHome, StoredMerge};
use crate::ci::merge::machine::{Merge, MergeEvent, MergePhase, PreparedMerge, StopReason};
use crate::ci::merge::pipeline::Pipeline;
use crate::ci::merge::request::MergeRequest;
use crate::ci::merge::testing::MergeTests;
use crate::ci::stage::CiStage;
use crate::ci::steps::report::render_stage_junit;
use crate::ci::steps::result::StepResult;
use crate::cli::commands::ci::on_forge;
use crate::cli::commands::ci::output::{OutputLog, last_output, reported};
use crate::cli::commands::stage;
use crate::cli::context::{Context, own_environment};
use crate::cli::site::Site;
use crate::history::lint::LintFinding;
use crate::project::config::CiIsolation;
use crate::repository::model::layout::Layout;

/// The folder of the merges of the project.
pub fn home(context: &Context) -> Result<MergeHome> {
    Ok(MergeHome::new(&Site::load_or_new(context)?.layout.state, context.workspace()?.repository()?))
}

/// The merge of a request that was interrupted, if there is one; a note says that it goes on.
pub fn find_interrupted(context: &Context, home: &MergeHome, request: &MergeRequest) -> Result<Option<StoredMerge>> {
    let interrupted = home.find_interrupted(request)?;
    if let Some(StoredMerge { number, .. }) = &interrupted {
        context.ui.note(&format!("merge {number} of this commit was interrupted: it goes on"));
    }
    Ok(interrupted)
}

/// Hears of the tests: prints the output of each step, and writes JUnit files.
struct TestsHeard<'a> {
    context: &'a Context,
    output: OutputLog<'a>,
    began: Timestamp,
    /// The folder of the JUnit files.
    folder: TreePath,
    failed: Vec<StepResult>,
}

impl<'a> TestsHeard<'a> {
    fn new(context: &'a Context, folder: TreePath) -> Result<TestsHeard<'a>> {
        let output = OutputLog::new(&context.ui)?;
        Ok(TestsHeard { context, output, began: clock::now()?, folder, failed: Vec::new() })
    }

    fn hear(&mut self, stage: CiStage, results: &[StepResult]) -> Result<()> {
        let mut steps = Vec::new();
        for result in results {
            self.output.print(result)?;
            self.context.ui.note(&format!("{stage}: {}: {}", result.name, result.verdict));
            steps.push(reported(result.clone()));
            if result.verdict.has_failed() {
                self.failed.push(result.clone());
            }
        }
        let xml = render_stage_junit(stage, self.began, &steps);
        files::publish(&self.folder.join(format!("junit-{stage}.xml")), xml.as_bytes())
    }
}

/// The folders that a test must not read: those of the person, of the project and of its repository.
fn private_folders(context: &Context, home: &MergeHome) -> Result<Vec<PathBuf>> {
    let Layout { root, state, .. } = Site::load_or_new(context)?.layout;
    let mut private = vec![context.workspace()?.root.clone(), home.git().for_programs().to_owned()];
    private.extend([root, state].iter().filter_map(|folder| folder.for_programs().parent()).map(Path::to_owned));
    private.extend(["HOME", "CARGO_HOME"].iter().filter_map(std::env::var_os).map(PathBuf::from));
    Ok(private)
}

/// Carries a merge on to its end, and reports it. The result is printed: the id of the merge commit, once it is in the base.
///
/// Errors: the merge was stopped; a step failed for a reason outside of the merge, which then waits for `ci recover`.
pub fn go_on(context: &Context, home: &MergeHome, mut stored: StoredMerge) -> Result<()> {
    let folder = home.merge(stored.number);
    let mut heard = TestsHeard::new(context, folder.clone())?;
    let mut tested = |stage: CiStage, results: &[StepResult]| heard.hear(stage, results);
    let mut pipeline = Pipeline {
        home,
        environment: own_environment(),
        private: private_folders(context, home)?,
        progress: &context.ui,
        stage: &|release| stage::run_after_merge(context, release),
        withdrawn: &on_forge::withdrawn,
        report: &|number, merge| on_forge::report(context, home, number, merge),
        tested: &mut tested,
    };
    let findings = pipeline.go_on(&mut stored).map_err(|error| with_way_on(error, stored.number))?;
    let (number, logs) = (Some(stored.number), folder.to_string());
    let facts = EndFacts { number, findings: &findings, failed: &heard.failed, logs: &logs };
    report_end(context, &stored.merge, &facts)
}

/// Tests the merge commit of merge `number` in the folder `out`; the event that follows, and the steps that failed.
pub fn test_in(
    context: &Context,
    home: &MergeHome,
    number: u32,
    merge: &Merge,
    prepared: &PreparedMerge,
    isolation: Option<&CiIsolation>,
    out: &TreePath,
) -> Result<(MergeEvent, Vec<StepResult>)> {
    let mut heard = TestsHeard::new(context, out.clone())?;
    let trusted = home.trusted(number, &merge.request)?;
    let (git, environment, private) = (home.git(), own_environment(), private_folders(context, home)?);
    let tests = MergeTests {
        git: git.for_programs(),
        prepared,
        trusted: &trusted,
        base: &merge.request.base,
        isolation,
        folder: out,
        environment: &environment,
        private: &private,
        progress: &context.ui,
    };
    let event = tests.run(&mut |stage, results| heard.hear(stage, results))?;
    Ok((event, heard.failed))
}

/// What a report needs to know beside the state of a merge.
#[derive(Default)]
pub struct EndFacts<'a> {
    /// The number of the merge, if it has a journal.
    pub number: Option<u32>,
    /// What `lint` found.
    pub findings: &'a [LintFinding],
    /// The steps that failed.
    pub failed: &'a [StepResult],
    /// The folder of the logs.
    pub logs: &'a str,
}

/// Adds to an error of a step how the merge goes on.
fn with_way_on(error: anyhow::Error, number: u32) -> anyhow::Error {
    let way = format!(
        "merge {number} goes on where it stopped: `{0} ci recover`; or end it: `{0} ci recover --give-up {number} --why TEXT`",
        program()
    );
    match error.downcast::<Failure>() {
        Ok(failure) => {
            let help = failure.help.clone().map_or_else(|| way.clone(), |help| format!("{help}\n{way}"));
            failure.help(help).into()
        }
        Err(error) => Failure::new(Exit::Failed, format!("{error:#}")).help(way).into(),
    }
}

/// Reports the end of a merge. Errors: it was stopped.
pub fn report_end(context: &Context, merge: &Merge, facts: &EndFacts<'_>) -> Result<()> {
    let Merge { request, phase, .. } = merge;
    let (work, base) = (&request.work, &request.base);
    let name = match facts.number {
        Some(number) => format!("merge {number}: {work} into `{base}`"),
        None => format!("the merge of {work} into `{base}`"),
    };
    match phase {
        MergePhase::Done { merge, snapshot } => {
            let staged = match snapshot {
                Some(snapshot) => format!("its release is {snapshot}"),
                None => "no step makes a release".to_owned(),
            };
            context.ui.note(&format!("{name} is done: `{base}` is {merge}; {staged}"));
            context.ui.print(&format!("{merge}\n"))
        }
        MergePhase::Stopped(StopReason::AlreadyMerged) => {
            context.ui.note(&format!("{work} is in `{base}` already: {}", request.head));
            Ok(())
        }
        MergePhase::Stopped(reason) => Err(stopped(&name, request, reason, facts).into()),
        MergePhase::GivenUp { why } => {
            context.ui.note(&format!("{name} was given up: {why}"));
            Ok(())
        }
        _ => anyhow::bail!("{name} has not ended"),
    }
}

/// The failure for a merge that was stopped.
fn stopped(name: &str, request: &MergeRequest, reason: &StopReason, facts: &EndFacts<'_>) -> Failure {
    let EndFacts { findings, failed, logs, .. } = *facts;
    let (base, program) = (&request.base, program());
    let failure = |exit| Failure::new(exit, format!("{name} was stopped: {reason}"));
    let again = format!("merge it again: `{program} ci merge {}`", request.flags());
    match reason {
        StopReason::AlreadyMerged => failure(Exit::Failed),
        StopReason::Unrelated | StopReason::Conflicts { .. } => failure(Exit::Failed)
            .help(format!("rebase the work: `git fetch && git rebase origin/{base}`, push it, and {again}")),
        StopReason::Lint { .. } => {
            let lines = findings.iter().map(|finding| {
                let commit = finding.commit.map_or(String::new(), |commit| format!("{} ", commit.short()));
                format!("{commit}{}: {}", finding.rule, finding.message)
            });
            failure(Exit::Failed)
                .details(lines.collect::<Vec<_>>().join("\n"))
                .help(format!("on the branch, `{program} lint --base origin/{base} --fix-plan` prints a rebase that corrects most; then {again}"))
        }
        StopReason::NoVersion { .. } => failure(Exit::NotEnoughHistory)
            .help(format!("`{program} version --rev origin/{base}` says more; then {again}")),
        StopReason::TestsFailed { .. } => {
            let (mut details, mut help) = (Vec::new(), Vec::new());
            for result in failed {
                match last_output(result) {
                    Some(mut end) => {
                        details.append(&mut end.details);
                        help.push(end.help);
                    }
                    None => details.push(format!("`{}`: {}", result.name, result.verdict)),
                }
            }
            help.push(format!("correct the work, push it, and {again}"));
            failure(Exit::Failed).details(details.join("\n")).help(help.join("\n"))
        }
        StopReason::ChangedFiles { .. } => failure(Exit::Failed).help(format!(
            "a step must not write to tracked files: what it tested would not be what lands; then {again}"
        )),
        StopReason::BadRelease { .. } => failure(Exit::Failed)
            .help(format!("correct the step of `build-artifacts`; its output is in `{logs}`; then {again}")),
        StopReason::HeadMoved { now: Some(_) } => {
            failure(Exit::TryAgain).help(format!("look at the new commit, and {again}"))
        }
        StopReason::Withdrawn { .. } => {
            failure(Exit::Failed).help(format!("if it is to be merged all the same, ask for it again, or {again}"))
        }
        StopReason::HeadMoved { now: None } | StopReason::NoBase => {
            failure(Exit::Failed).help("`git ls-remote` lists what the remote has".to_owned())
        }
        StopReason::Refused { why } => {
            failure(Exit::NotAllowed).details(why.split_once('\n').map_or("", |(_, words)| words)).help(format!(
                "the remote says why; for the right to push to `{base}`, ask the people who run it; then {again}"
            ))
        }
        StopReason::LostRaces { .. } => failure(Exit::TryAgain).help(again),
    }
}
