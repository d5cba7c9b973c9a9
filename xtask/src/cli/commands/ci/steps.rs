//! `ci check-patch`, `ci check-merged` and `ci build-artifacts`: run the steps of a stage.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure, this_call};
use crate::base::files::{self, LockFile, TreePath};
use crate::base::github::{Annotation, render_annotations};
use crate::base::interrupt;
use crate::base::parallel;
use crate::base::plan::Plan;
use crate::ci::stage::CiStage;
use crate::ci::steps::environment::step_environment;
use crate::ci::steps::plan::{self, StagePlan};
use crate::ci::steps::report::{LARGEST_SUMMARY, ReportedStep, render_stage_junit, render_summary, step_annotations};
use crate::ci::steps::result::StepResult;
use crate::ci::steps::run::{StageRun, run_steps};
use crate::cli::ci_system::{self, CiSystem};
use crate::cli::commands::ci::arguments::StageArgs;
use crate::cli::commands::ci::lint_step;
use crate::cli::commands::ci::output::{OutputLog, last_output, reported};
use crate::cli::commands::ci::subject::StageSubject;
use crate::cli::context::{Context, own_environment};
use crate::project::config::LINT_STEP;

/// The variable with the file whose content GitHub shows with a run.
const SUMMARY_VARIABLE: &str = "GITHUB_STEP_SUMMARY";

/// Runs the steps; fails where one of them has failed.
pub fn run(context: &Context, stage: CiStage, args: &StageArgs) -> Result<()> {
    let subject = StageSubject::load(context, stage, args)?;
    let steps = subject.steps(context, args)?;
    let plan = plan::decide(stage, &steps, &subject.changed()?, &args.only)?;
    subject.note_differences(context, args);
    let files = ReportFiles::new(&subject, args)?;
    if args.dry_run {
        let steps = plan.steps.iter().map(ToString::to_string).chain(files.steps()).collect();
        return context.ui.print(&Plan { title: subject.title(), steps }.to_string());
    }
    let _lock = files.lock(stage)?;
    let began = clock::now()?;
    let caller = own_environment().into_iter();
    let run = StageRun {
        folder: subject.folder,
        logs: &files.folder,
        environment: step_environment(caller, &subject.config.ci.environment, stage, subject.commits),
        jobs: parallel::threads()?,
        boundary: None,
    };
    run.prepare()?;
    let (results, annotations) = run_all(context, &subject, &plan, &run)
        .map_err(|error| interrupt::with_state(error, || format!("the logs are in `{}`", files.folder.display())))?;
    let reported: Vec<ReportedStep> = results.into_iter().map(reported).collect();
    files.write(stage, began, &reported)?;
    print_results(context, &reported, annotations)?;
    Ok(require_passed(&subject, args, &reported)?)
}

/// Runs the built-in step and then the others.
fn run_all(
    context: &Context,
    subject: &StageSubject<'_>,
    plan: &StagePlan,
    run: &StageRun<'_>,
) -> Result<(Vec<StepResult>, Vec<Annotation>)> {
    let output = OutputLog::new(&context.ui)?;
    let wants_lint = plan.steps.iter().any(|planned| planned.step.name == LINT_STEP && planned.left_out.is_none());
    let linted = if wants_lint { lint_step::lint(context, subject, run)? } else { None };
    let (finished, annotations) = match linted {
        Some(linted) => {
            output.print(&linted.result)?;
            (vec![linted.result], linted.annotations)
        }
        None => (Vec::new(), Vec::new()),
    };
    let results = run_steps(plan, run, &finished, &context.ui, &mut |result| output.print(result))?;
    Ok((results, annotations))
}

/// The files with the results.
struct ReportFiles {
    /// `target/releng/ci/<stage>`.
    folder: PathBuf,
    /// The files with JUnit XML.
    junit: Vec<PathBuf>,
    /// The page of GitHub, to which the summary is appended.
    page: Option<PathBuf>,
}

impl ReportFiles {
    fn new(subject: &StageSubject<'_>, args: &StageArgs) -> Result<ReportFiles> {
        let folder = subject.folder.join("target/releng/ci").join(subject.stage.to_string());
        let mut junit = vec![folder.join("junit.xml")];
        junit.extend(args.junit.as_ref().map(std::path::absolute).transpose()?);
        let page = std::env::var_os(SUMMARY_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        Ok(ReportFiles { folder, junit, page })
    }

    /// Keeps other runs of the stage away from this folder and from the work tree, as long as the lock is held.
    fn lock(&self, stage: CiStage) -> Result<LockFile> {
        let folder = self.folder.parent().unwrap_or(&self.folder);
        files::make_state_folder(folder.parent().unwrap_or(folder))?;
        let path = TreePath::top(folder).join(format!("{stage}.lock"));
        LockFile::take(&path, this_call(), &format!("running the steps of `{stage}` here"))
    }

    fn summary(&self) -> PathBuf {
        self.folder.join("summary.md")
    }

    /// The steps of the plan that write the files.
    fn steps(&self) -> Vec<String> {
        let mut steps = vec![format!("write the logs of the steps to {}", self.folder.display())];
        let files = self.junit.iter().cloned().chain([self.summary()]);
        steps.extend(files.map(|file| format!("write {}", file.display())));
        steps.extend(self.page.as_ref().map(|page| format!("append the summary to {}", page.display())));
        steps
    }

    fn write(&self, stage: CiStage, began: Timestamp, steps: &[ReportedStep]) -> Result<()> {
        let xml = render_stage_junit(stage, began, steps);
        for path in &self.junit {
            files::make_folders(&TreePath::top(path.parent().unwrap_or(path)))?;
            files::write(path, xml.as_bytes())?;
        }
        files::write(&self.summary(), render_summary(stage, steps, LARGEST_SUMMARY).as_bytes())?;
        let Some(page) = &self.page else { return Ok(()) };
        append_summary(page, stage, steps)
            .with_context(|| format!("cannot write `{}` ({SUMMARY_VARIABLE})", page.display()))
    }
}

/// Appends the summary to a page, which may have content of others.
fn append_summary(page: &Path, stage: CiStage, steps: &[ReportedStep]) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(page)?;
    let used = usize::try_from(file.metadata()?.len())?;
    let summary = render_summary(stage, steps, LARGEST_SUMMARY.saturating_sub(used));
    Ok(file.write_all(summary.as_bytes())?)
}

/// Prints a line for each step where the board is not the result already; on GitHub also the annotations.
fn print_results(context: &Context, steps: &[ReportedStep], of_lint: Vec<Annotation>) -> Result<()> {
    if ci_system::detect() == Some(CiSystem::Github) {
        let annotations: Vec<Annotation> = step_annotations(steps).into_iter().chain(of_lint).collect();
        context.ui.print_exactly(&render_annotations(&annotations, "ci"))?;
    }
    if context.ui.stdout_is_terminal() && context.ui.draws_boards() {
        return Ok(());
    }
    let line = |step: &ReportedStep| format!("{}: {}\n", step.result.name, step.result.verdict);
    context.ui.print(&steps.iter().map(line).collect::<String>())
}

/// `Err` if a step has failed; it has the last lines of the output of each failed step, and the command that runs it again.
fn require_passed(subject: &StageSubject<'_>, args: &StageArgs, steps: &[ReportedStep]) -> Result<(), Failure> {
    let failed: Vec<&StepResult> =
        steps.iter().map(|step| &step.result).filter(|result| result.verdict.has_failed()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = failed.iter().map(|result| format!("`{}`", result.name)).collect();
    let message = format!("{} of {} steps failed: {}", failed.len(), steps.len(), names.join(", "));
    let (mut details, mut help) = (Vec::new(), Vec::new());
    for result in failed {
        match last_output(result) {
            Some(mut end) => {
                details.append(&mut end.details);
                help.push(end.help);
            }
            None => details.push(format!("`{}`: {}", result.name, result.verdict.reason())),
        }
        let command = subject.command(args, &format!(" --only {}", result.name));
        help.push(format!("reproduce: `{command}`"));
    }
    Err(Failure::new(Exit::Failed, message).details(details.join("\n")).help(help.join("\n")))
}
