//! `accept`: runs the acceptance tests of a snapshot and records the results.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::interrupt;
use crate::base::junit::{Case, CaseResult, Suite, render_junit};
use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::accept::{self, Surroundings};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Snapshot;
use crate::repository::model::test_result::{TestFacts, TestResult, TestVerdict};

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
    let (series, name) = match &args.snapshot {
        Some(name) => (store.find_series(name)?, name.clone()),
        None => site.latest(context, &store, args.series)?,
    };
    let snapshot = store.snapshot(series, &name)?;
    let shown = format!("{name} ({})", snapshot.manifest.release.version);
    let tests = site.git().config_of(snapshot.manifest.release.commit)?.acceptance;
    let plan = accept::decide(&store, &snapshot, tests)?;
    let junit_path = args.junit.as_ref().map(std::path::absolute).transpose()?;
    if args.dry_run {
        let junit_step = junit_path.map_or(String::new(), |path| format!("  write {}\n", path.display()));
        return context.ui.print(&format!("{plan}{junit_step}"));
    }
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
    let surroundings = Surroundings::new(&site.layout, &snapshot, path)?;
    let mut results = Vec::new();
    for run in &plan.steps {
        let result = surroundings.run(run, &snapshot, site.now, &context.ui);
        let result =
            result.map_err(|error| interrupt::with_state(error, || "the results so far are kept".to_owned()))?;
        context.ui.print(&format!("{shown}: {}\n", describe(&result.facts)))?;
        results.push(result);
    }
    let folder = site.layout.results(&snapshot.name);
    if let Some(path) = &junit_path {
        files::make_folders(path.parent().unwrap_or(path))?;
        files::write(path, junit(&snapshot, &results, &folder)?.as_bytes())?;
    }
    match results.iter().find(|result| result.facts.verdict != TestVerdict::Passed) {
        None => Ok(()),
        Some(TestResult { facts, .. }) => {
            let message = format!("`{}` did not pass the acceptance test `{}`", snapshot.name, facts.test);
            let help = format!("its output is in `{}`", folder.join(&facts.log).display());
            Err(Failure::new(Exit::Failed, message).help(help).into())
        }
    }
}

fn describe(facts: &TestFacts) -> String {
    let seconds = Duration::from_millis(facts.milliseconds).as_secs_f64();
    let how = match (facts.verdict, facts.exit_code) {
        (TestVerdict::Passed, _) => "passed".to_owned(),
        (TestVerdict::Failed, Some(code)) => format!("FAILED, exit {code}"),
        (TestVerdict::Failed, None) => "FAILED, ended by a signal".to_owned(),
        (TestVerdict::TimedOut, _) => "FAILED, out of time".to_owned(),
    };
    format!("{} {how} ({seconds:.1} s)", facts.test)
}

fn junit(snapshot: &Snapshot, results: &[TestResult], folder: &std::path::Path) -> Result<String> {
    let mut cases = Vec::new();
    for TestResult { facts, .. } in results {
        let log = || String::from_utf8_lossy(&std::fs::read(folder.join(&facts.log)).unwrap_or_default()).into_owned();
        let result = match facts.verdict {
            TestVerdict::Passed => CaseResult::Passed,
            _ => CaseResult::Failed { message: describe(facts), log: log() },
        };
        cases.push(Case { name: facts.test.clone(), duration: Duration::from_millis(facts.milliseconds), result });
    }
    let at = results.first().map_or(snapshot.manifest.event.at, |result| result.facts.at);
    Ok(render_junit(&[Suite { name: snapshot.name.to_string(), timestamp: at, cases }]))
}
