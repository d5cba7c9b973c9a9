//! Accepting a snapshot: its own tests are run against it, and their results are recorded.
//!
//! A test runs in the unpacked sources of the snapshot, with nothing of the caller's environment but PATH; [`variables`] lists
//! the variables that it finds. The repository is read-only for it, if the system allows such mounts. Everywhere, the digests
//! of the snapshot are compared after each test: a test that changed the snapshot has failed.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::{self, Scratch, TreePath};
use crate::base::plan::Plan;
use crate::base::process::{Enclosure, Ending, Isolation, Job, JobOutcome, LogFile};
use crate::base::progress::Progress;
use crate::base::text::{last_line, one_line, shorten};
use crate::project::config::AcceptanceTest;
use crate::repository::clients::address::file_address;
use crate::repository::clients::repo_file::RepoSection;
use crate::repository::model::layout::{Layout, dist_folder};
use crate::repository::model::lost_state::help_to_recover;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::model::test_result::{TestFacts, TestFault, TestResult, TestVerdict, next_number, place_of};
use crate::repository::pages::root_pages;
use crate::repository::repodata;
use crate::repository::sign::SIGNATURE;
use crate::repository::verify::snapshot::check_whole;
use crate::repository::write::writer::refresh_pages;
use crate::source::unpack;

/// The variable with the repositories from which an acceptance test takes what the packages require: folders and addresses,
/// separated by spaces.
pub const EXTRA_REPOS: &str = "RELENG_EXTRA_REPOS";

/// The length of the last line of the output in a result, in characters.
const LINE: usize = 200;

/// The run of one test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestRun {
    pub test: AcceptanceTest,
    /// The path of the result and of the log, without their endings.
    pub place: TreePath,
    /// The same path, below the state: `results/snapshot-…/0003-install`.
    pub shown: String,
}

impl fmt::Display for TestRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TestRun { test, shown, .. } = self;
        write!(f, "run {}: {}; write {shown}.json and {shown}.log", test.name, test.run.join(" "))
    }
}

/// The tests of a snapshot, in the order in which they are run.
///
/// Errors: the snapshot is damaged.
pub fn decide(store: &Store, snapshot: &Snapshot, tests: Vec<AcceptanceTest>) -> Result<Plan<TestRun>> {
    if store.log.staging_of(&snapshot.name).is_none() {
        let message = format!("refusing to test `{}`: the log has no event that staged it", snapshot.name);
        return Err(Failure::new(Exit::Failed, message).help(help_to_recover(&store.layout.log())).into());
    }
    if let Some(why) = check_whole(store, snapshot)? {
        return Err(damaged(snapshot, &why).into());
    }
    let results = store.layout.results(&snapshot.name);
    let first = next_number(&results)?;
    let mut steps = Vec::new();
    for (number, test) in (first..).zip(tests) {
        let place = place_of(&results, number, &test.name);
        let shown = store.layout.shown_in_state(&place);
        steps.push(TestRun { test, place, shown });
    }
    Ok(Plan { title: format!("accept {}", snapshot.name), steps })
}

/// The steps that show the results on the pages of the repository, as lines of the plan. What the pages will have depends on the results.
pub fn describe_pages(store: &Store) -> String {
    let names = root_pages::names_after_test(store);
    names.into_iter().map(|name| format!("  write {name}\n")).collect()
}

/// Shows the results on the pages. A result counts without them, so that a failure is a warning.
pub fn show_results(store: &Store, progress: &dyn Progress) {
    if let Err(error) = refresh_pages(store.layout.clone(), "accept") {
        progress.warn(&format!(
            "the pages do not show the results: {error:#}; the next command that changes the repository writes them"
        ));
    }
}

/// The warning that a snapshot has no tests. That is no error: a job that accepts and promotes runs in projects without tests, too, and the
/// gate `tested` of the promotion decides whether a release needs them.
pub fn warning_of_no_test(snapshot: &Snapshot) -> String {
    let has_packages = !snapshot.manifest.dists().is_empty();
    format!(
        "no acceptance test is configured: `{}` was not tested; to have it tested, {}, and make the release again: `{} dist{}`",
        snapshot.name,
        committed("add a test to `packaging/release.toml`, `[[acceptance]]` with `name` and `run`"),
        program(),
        if has_packages { " --rpm" } else { "" }
    )
}

/// The refusal to test a damaged snapshot.
fn damaged(snapshot: &Snapshot, why: &str) -> Failure {
    let message = format!("refusing to test `{}`: {why}", snapshot.name);
    let help = format!("see what else is wrong: `{} verify`; then stage the release again", program());
    Failure::new(Exit::Failed, message).help(help)
}

/// The surroundings in which the tests of a snapshot are run.
pub struct Surroundings {
    scratch: Scratch,
    sources: PathBuf,
    environment: Vec<(String, String)>,
    /// The folders that a test must not change.
    read_only: Vec<PathBuf>,
}

impl Surroundings {
    /// Unpacks the sources of a snapshot, and writes the `.repo` file that its tests find. `inherited` are the variables of the caller
    /// that a test gets.
    pub fn new(layout: &Layout, snapshot: &Snapshot, inherited: Vec<(String, String)>) -> Result<Surroundings> {
        let scratch = files::remote_scratch()?;
        let manifest = &snapshot.manifest;
        let top = crate::source::archive_name(&manifest.project, &manifest.release.version);
        let [home, tmp, sources] = ["home", "tmp", "sources"].map(|name| scratch.path().join(name));
        for folder in [&home, &tmp, &sources] {
            files::make_folders(&TreePath::top(folder))?;
        }
        let sources = unpack::unpack(&snapshot.path.join(format!("sources/{top}.tar.gz")), &sources)?;
        let repo_file = scratch.write("snapshot.repo", render_repo_file(layout, snapshot).as_bytes())?;
        let mut environment = variables(snapshot, &repo_file, &home, &tmp);
        environment.extend(inherited);
        let read_only =
            [&layout.root, &layout.state].map(|folder| protected(folder.for_programs(), scratch.path())).to_vec();
        Ok(Surroundings { scratch, sources, environment, read_only })
    }

    /// Runs a test and records its result. A test that cannot be started or that changed the snapshot has failed.
    pub fn run(&self, run: &TestRun, tested: &Tested<'_>, progress: &dyn Progress) -> Result<TestResult> {
        let test = &run.test;
        progress.begin(&format!("running the acceptance test {}", test.name), None);
        // The test may put a link in the place of its log.
        let log = TreePath::top(self.scratch.path()).join(format!("{}.log", test.name));
        let (program, args) = test.run.split_first().context("an acceptance test has no program")?;
        let job = Job {
            program: program.as_ref(),
            args: args.iter().map(Into::into).collect(),
            folder: &self.sources,
            environment: self.environment.clone(),
            time_limit: test.timeout.0,
            log: LogFile::whole(log.for_programs()),
            isolation: Isolation::Namespaces,
            read_only: &self.read_only,
            boundary: None,
        };
        let ended = job.run();
        progress.end();
        let ended = match ended {
            Ok(outcome) => TestEnd::of(&outcome, tested.find_damage()?),
            Err(error) => TestEnd::not_started(error, &log)?,
        };
        tested.record(run, &log, ended)
    }
}

/// The folder of a project and what is beside it; the folder alone, if the test writes to a folder beside it.
fn protected(folder: &Path, scratch: &Path) -> PathBuf {
    folder.parent().filter(|parent| !scratch.starts_with(parent)).unwrap_or(folder).to_owned()
}

/// The end of a test.
struct TestEnd {
    verdict: TestVerdict,
    exit_code: Option<i32>,
    fault: Option<TestFault>,
    milliseconds: u64,
    isolation: String,
}

impl TestEnd {
    /// The end of a test that was run; `damage` is what is wrong with the snapshot afterwards.
    fn of(outcome: &JobOutcome, damage: Option<String>) -> TestEnd {
        let (verdict, exit_code) = match outcome.ending {
            Ending::Exited(0) if damage.is_some() => (TestVerdict::Failed, Some(0)),
            Ending::Exited(0) => (TestVerdict::Passed, Some(0)),
            Ending::Exited(code) => (TestVerdict::Failed, Some(code)),
            Ending::Signalled(_) => (TestVerdict::Failed, None),
            Ending::TimedOut => (TestVerdict::TimedOut, None),
        };
        let enclosure = match outcome.enclosure {
            Enclosure::None => "none: namespaces are not available here",
            Enclosure::Mounts => "mounts of its own",
            Enclosure::MountsAndProcesses => "mounts and processes of its own",
        };
        let read_only = if outcome.is_read_only { ", the repository read-only" } else { "" };
        TestEnd {
            verdict,
            exit_code,
            fault: damage.map(TestFault::ChangedSnapshot),
            milliseconds: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
            isolation: format!("{enclosure}{read_only}"),
        }
    }

    /// The end of a test whose program is missing or cannot be run; the reason becomes its log. Any other error is given back.
    fn not_started(error: anyhow::Error, log: &TreePath) -> Result<TestEnd> {
        let failure = error.downcast::<Failure>()?;
        if failure.exit != Exit::Failed {
            return Err(failure.into());
        }
        let help = failure.help.as_ref().map_or(String::new(), |help| format!("{help}\n"));
        files::publish(log, format!("{}\n{help}", failure.message).as_bytes())?;
        let (verdict, isolation) = (TestVerdict::Failed, "none: it was not started".to_owned());
        let fault = Some(TestFault::NotStarted(failure.message));
        Ok(TestEnd { verdict, exit_code: None, fault, milliseconds: 0, isolation })
    }
}

/// The snapshot that is tested, and the time of the run.
pub struct Tested<'a> {
    pub store: &'a Store,
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
}

impl Tested<'_> {
    /// What is wrong with the snapshot on disk now.
    fn find_damage(&self) -> Result<Option<String>> {
        match self.store.snapshot(self.snapshot.manifest.series, &self.snapshot.name) {
            Ok(snapshot) => check_whole(self.store, &snapshot),
            Err(error) => Ok(Some(format!("{error:#}"))),
        }
    }

    fn record(&self, run: &TestRun, log: &TreePath, ended: TestEnd) -> Result<TestResult> {
        let TestRun { test, place, .. } = run;
        let said = log.read()?;
        let log_place = place.with_extension("log");
        files::publish(&log_place, &said)?;
        let TestEnd { verdict, exit_code, fault, milliseconds, isolation } = ended;
        let result = TestResult::new(TestFacts {
            test: test.name.clone(),
            run: test.run.clone(),
            snapshot: self.snapshot.name.clone(),
            manifest: self.snapshot.digest,
            verdict,
            exit_code,
            fault,
            milliseconds,
            isolation,
            log: log_place.file_name().unwrap_or_default().to_owned(),
            last_line: last_line(&String::from_utf8_lossy(&said)).map(|line| shorten(&one_line(line), LINE)),
            log_sha256: digest_of(&said),
            at: self.now,
        });
        if let Err(error) = files::publish(&place.with_extension("json"), &result.render()?) {
            // The output of a test without its result would keep the number for ever.
            drop(files::remove_if_there(&log_place));
            return Err(error);
        }
        Ok(result)
    }
}

/// The environment of a test.
fn variables(snapshot: &Snapshot, repo_file: &Path, home: &Path, tmp: &Path) -> Vec<(String, String)> {
    let Manifest { project, release, series, .. } = &snapshot.manifest;
    let dists = snapshot.manifest.dists().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let shown = |path: &Path| path.display().to_string();
    let variables = [
        ("RELENG_SNAPSHOT", snapshot.path.to_string()),
        ("RELENG_NAME", project.to_string()),
        ("RELENG_VERSION", release.version.to_string()),
        ("RELENG_SERIES", series.to_string()),
        ("RELENG_DISTS", dists),
        ("RELENG_REPO_FILE", shown(repo_file)),
        ("HOME", shown(home)),
        ("TMPDIR", shown(tmp)),
        ("LANG", "C.UTF-8".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// A `.repo` file with a section for each dist. It leads to the snapshot itself, whatever `latest` is.
fn render_repo_file(layout: &Layout, snapshot: &Snapshot) -> String {
    let mut sections = Vec::new();
    for dist in snapshot.manifest.dists() {
        let folder = snapshot.path.join(dist_folder(&dist));
        let index = folder.join(repodata::FOLDER).join(format!("{}{SIGNATURE}", repodata::INDEX));
        let section = RepoSection {
            id: format!("{}-snapshot-{dist}", layout.name),
            name: format!("{} for {dist}", snapshot.name),
            source: format!("baseurl={}/", file_address(folder.for_programs())),
            gpgkey: index.is_there().then(|| file_address(layout.keys().for_programs())),
            rest: "",
        };
        sections.push(section.render());
    }
    sections.join("\n")
}
