//! Accepting a snapshot: its own tests are run against it, and what came of it is recorded.
//!
//! A test runs in the unpacked sources of the snapshot, with nothing of the caller's environment but PATH. What it is told
//! are the variables of [`variables`].

pub mod result;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::checksum::digest_of_file;
use crate::base::files::{self, Scratch};
use crate::base::process::{Ending, Isolation, Job, Outcome, Walls};
use crate::base::progress::Progress;
use crate::project::config::AcceptanceTest;
use crate::repository::clients::pages::file_address;
use crate::repository::model::layout::{Layout, dist_folder};
use crate::repository::model::manifest::Manifest;
use crate::repository::model::store::Snapshot;
use crate::repository::repodata;
use crate::repository::sign::SIGNATURE;
use crate::source::unpack;
use result::{TestResult, Verdict, next_place};

/// A place where the tests of a snapshot are run.
pub struct Bench {
    scratch: Scratch,
    sources: PathBuf,
    environment: Vec<(String, String)>,
}

impl Bench {
    /// Unpacks the sources of a snapshot and writes what the tests are told.
    pub fn new(layout: &Layout, snapshot: &Snapshot, path: String) -> Result<Bench> {
        let scratch = files::remote_scratch()?;
        let manifest = &snapshot.manifest;
        let top = crate::source::archive_name(&manifest.project, &manifest.release.version);
        let folders = ["home", "tmp", "sources"].map(|name| scratch.path().join(name));
        for folder in &folders {
            fs::create_dir(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        let [home, tmp, sources] = folders;
        unpack::unpack(&snapshot.path.join(format!("sources/{top}.tar.gz")), &sources)?;
        let repo_file = scratch.write("snapshot.repo", render_repo_file(layout, snapshot).as_bytes())?;
        let environment = variables(snapshot, &repo_file, &home, &tmp, path);
        Ok(Bench { scratch, sources: sources.join(top), environment })
    }

    /// Runs one test and records its result in the folder `results`.
    pub fn run(
        &self,
        test: &AcceptanceTest,
        snapshot: &Snapshot,
        results: &Path,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<TestResult> {
        progress.begin(&format!("running the acceptance test {}", test.name), None);
        let log = self.scratch.path().join(format!("{}.log", test.name));
        let (program, args) = test.run.split_first().context("an acceptance test has no program")?;
        let job = Job {
            program: program.as_ref(),
            args: args.iter().map(Into::into).collect(),
            folder: &self.sources,
            environment: self.environment.clone(),
            time_limit: test.timeout.0,
            log: &log,
            isolation: Isolation::Namespaces,
        };
        let outcome = job.run()?;
        progress.end();
        record(test, snapshot, results, &log, &outcome, now)
    }
}

fn record(
    test: &AcceptanceTest,
    snapshot: &Snapshot,
    results: &Path,
    log: &Path,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<TestResult> {
    let place = next_place(results, &test.name)?;
    let said = fs::read(log).with_context(|| format!("cannot read `{}`", log.display()))?;
    files::publish(&place.with_extension("log"), &said)?;
    let (verdict, exit_code) = match outcome.ending {
        Ending::Exited(0) => (Verdict::Passed, Some(0)),
        Ending::Exited(code) => (Verdict::Failed, Some(code)),
        Ending::Signalled(_) => (Verdict::Failed, None),
        Ending::TimedOut => (Verdict::TimedOut, None),
    };
    let isolation = match outcome.walls {
        Walls::None => "none: this system has no namespaces for us",
        Walls::Mounts => "mounts of its own",
        Walls::MountsAndProcesses => "mounts and processes of its own",
    };
    let log_name = place.with_extension("log").file_name().unwrap_or_default().to_string_lossy().into_owned();
    let result = TestResult::new(result::Facts {
        test: test.name.clone(),
        run: test.run.clone(),
        snapshot: snapshot.name.clone(),
        manifest: snapshot.digest,
        verdict,
        exit_code,
        milliseconds: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
        isolation: isolation.to_owned(),
        log: log_name,
        log_sha256: digest_of_file(log)?,
        at: now,
    });
    files::publish(&place.with_extension("json"), &result.render()?)?;
    Ok(result)
}

/// All that a test finds in its environment.
fn variables(snapshot: &Snapshot, repo_file: &Path, home: &Path, tmp: &Path, path: String) -> Vec<(String, String)> {
    let Manifest { project, release, series, .. } = &snapshot.manifest;
    let dists = snapshot.manifest.dists().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let shown = |path: &Path| path.display().to_string();
    let variables = [
        ("RELENG_SNAPSHOT", shown(&snapshot.path)),
        ("RELENG_NAME", project.to_string()),
        ("RELENG_VERSION", release.version.to_string()),
        ("RELENG_SERIES", series.to_string()),
        ("RELENG_DISTS", dists),
        ("RELENG_REPO_FILE", shown(repo_file)),
        ("HOME", shown(home)),
        ("TMPDIR", shown(tmp)),
        ("PATH", path),
        ("LANG", "C.UTF-8".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// A `.repo` file with a section for each dist of the snapshot itself, wherever `latest` leads.
fn render_repo_file(layout: &Layout, snapshot: &Snapshot) -> String {
    let section = |dist: &crate::repository::model::name::Dist| {
        let folder = snapshot.path.join(dist_folder(dist));
        let index = folder.join(repodata::FOLDER).join(format!("{}{SIGNATURE}", repodata::INDEX));
        let signed = index.exists();
        let check = u8::from(signed);
        let key = if signed { format!("gpgkey={}\n", file_address(&layout.keys())) } else { String::new() };
        format!(
            "[{}-snapshot-{dist}]\nname={} for {dist}\nbaseurl={}/\nenabled=1\ngpgcheck={check}\n\
             repo_gpgcheck={check}\n{key}",
            layout.name,
            snapshot.name,
            file_address(&folder)
        )
    };
    snapshot.manifest.dists().iter().map(section).collect::<Vec<_>>().join("\n")
}
