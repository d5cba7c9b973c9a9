//! `accept`: runs the acceptance tests of a snapshot and records the results.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::base::interrupt;
use crate::base::junit::{Case, CaseResult, Suite, render_junit};
use crate::base::progress::Progress as _;
use crate::cli::context::Context;
use crate::cli::log_end::LogEnd;
use crate::cli::site::Site;
use crate::repository::accept::{self, EXTRA_REPOS, Surroundings, Tested};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Snapshot;
use crate::repository::model::test_result::{TestFacts, TestFault, TestResult, TestVerdict};

/// Arguments of `accept`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshot to test [default: `latest` of the series]
    #[arg(value_name = "SNAPSHOT")]
    snapshot: Option<SnapshotName>,
    /// Series whose `latest` is tested [default: the series of the version of HEAD]
    #[arg(long, value_name = "X.0", conflicts_with = "snapshot")]
    series: Option<Series>,
    /// Also write the results to FILE as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print the tests without running them
    #[arg(long)]
    dry_run: bool,
}

/// Runs the tests and prints a line for each; fails where one has failed.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let store = site.store()?;
    site.warn_of_none();
    store.require_root()?;
    let (series, name) = site.find_snapshot(context, &store, args.snapshot.as_ref(), args.series)?;
    let snapshot = store.snapshot(series, &name)?;
    let tests = site.git().config_of(snapshot.manifest.release.commit)?.acceptance;
    let plan = accept::decide(&store, &snapshot, tests)?;
    if plan.steps.is_empty() {
        context.ui.warn(&accept::warning_of_no_test(&snapshot));
    }
    let junit_path = args.junit.as_ref().map(std::path::absolute).transpose()?;
    if args.dry_run {
        let junit_step = junit_path.map_or(String::new(), |path| format!("  write {}\n", path.display()));
        let pages = if plan.steps.is_empty() { String::new() } else { accept::describe_pages(&store) };
        return context.ui.print(&format!("{plan}{pages}{junit_step}"));
    }
    let surroundings = Surroundings::new(&site.layout, &snapshot, inherited_variables())?;
    let tested = Tested { store: &store, snapshot: &snapshot, now: site.now };
    let folder = site.layout.results(&snapshot.name);
    let mut results = Vec::new();
    for run in &plan.steps {
        let result = surroundings.run(run, &tested, &context.ui);
        let result = result.map_err(|error| interrupt::with_state(error, || kept(&results, &folder)))?;
        context.ui.print(&format!("{snapshot}: {}\n", describe(&result.facts)))?;
        let is_damaged = matches!(result.facts.fault, Some(TestFault::ChangedSnapshot(_)));
        results.push(result);
        if is_damaged {
            break; // the results of further tests would be about other bytes
        }
    }
    if !results.is_empty() {
        accept::show_results(&store, &context.ui);
    }
    if let Some(path) = &junit_path {
        files::make_folders(&TreePath::top(path.parent().unwrap_or(path)))?;
        files::write(path, junit(&snapshot, &results, &folder)?.as_bytes())?;
    }
    require_passed(&snapshot, &results, &folder)
}

/// The variables of the caller that a test gets.
fn inherited_variables() -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
    let repositories = std::env::var(EXTRA_REPOS).ok().filter(|repositories| !repositories.trim().is_empty());
    let repositories = repositories.map(|repositories| (EXTRA_REPOS.to_owned(), repositories));
    std::iter::once(("PATH".to_owned(), path)).chain(repositories).collect()
}

/// What is left of an interrupted run.
fn kept(results: &[TestResult], folder: &TreePath) -> String {
    match results.len() {
        0 => "no test was finished, and nothing was recorded".to_owned(),
        1 => format!("the result of the first test is kept in `{folder}`"),
        count => format!("the results of the first {count} tests are kept in `{folder}`"),
    }
}

/// The number of last lines of a failed test's output in the message.
const LAST_LINES: usize = 10;

/// `Err` if a test has failed; it has the last lines of the output of each failed test.
fn require_passed(snapshot: &Snapshot, results: &[TestResult], folder: &TreePath) -> Result<()> {
    let failed: Vec<&TestFacts> =
        results.iter().map(|result| &result.facts).filter(|facts| facts.verdict != TestVerdict::Passed).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names = failed.iter().map(|facts| format!("`{}`", facts.test)).collect::<Vec<_>>().join(", ");
    let plural = if failed.len() == 1 { "" } else { "s" };
    let message = format!("`{}` did not pass the acceptance test{plural} {names}", snapshot.name);
    let (mut details, mut help) = (Vec::new(), Vec::new());
    for facts in failed {
        match LogEnd::load(&format!("output of `{}`", facts.test), folder.join(&facts.log).for_programs(), LAST_LINES) {
            Some(mut end) => {
                details.append(&mut end.details);
                help.push(end.help);
            }
            None => help.push(format!("`{}` printed nothing", facts.test)),
        }
        if let Some(TestFault::ChangedSnapshot(_)) = facts.fault {
            let verify = format!("`{} verify` lists what is wrong", program());
            help.push(format!("the snapshot is damaged: {verify}; correct the test, and stage the release again"));
        }
    }
    Err(Failure::new(Exit::Failed, message).details(details.join("\n")).help(help.join("\n")).into())
}

fn describe(facts: &TestFacts) -> String {
    let seconds = Duration::from_millis(facts.milliseconds).as_secs_f64();
    let how = match (facts.verdict, facts.exit_code) {
        (TestVerdict::Passed, _) => "passed".to_owned(),
        (TestVerdict::Failed, Some(code)) => format!("FAILED, exit {code}"),
        (TestVerdict::Failed, None) => "FAILED, ended by a signal".to_owned(),
        (TestVerdict::TimedOut, _) => "FAILED, out of time".to_owned(),
    };
    let how = facts.fault.as_ref().map_or(how, |fault| format!("FAILED, {fault}"));
    format!("{} {how} ({seconds:.1} s)", facts.test)
}

fn junit(snapshot: &Snapshot, results: &[TestResult], folder: &TreePath) -> Result<String> {
    let mut cases = Vec::new();
    for TestResult { facts, .. } in results {
        let log = || String::from_utf8_lossy(&folder.join(&facts.log).read().unwrap_or_default()).into_owned();
        let result = match facts.verdict {
            TestVerdict::Passed => CaseResult::Passed,
            _ => CaseResult::Failed { message: describe(facts), log: log() },
        };
        cases.push(Case { name: facts.test.clone(), duration: Duration::from_millis(facts.milliseconds), result });
    }
    let at = results.first().map_or(snapshot.manifest.event.at, |result| result.facts.at);
    Ok(render_junit(&[Suite { name: snapshot.name.to_string(), timestamp: at, cases }]))
}
