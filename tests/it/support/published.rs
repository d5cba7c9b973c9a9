//! A project with a repository below its own folder: releases made, staged and promoted by the program itself.
//!
//! Nothing in it names the folder: root and state are relative, and the address is stated. So it can be copied anywhere.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

use super::keys::Keys;
use super::program::{PROGRAM, Ran, Sandbox, run_in};
use super::rpms::Rpm;

const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: A demonstration\nLicense: MIT\n\
                        BuildArch: noarch\nSource0: %{name}-%{version}.tar.gz\n\n\
                        %description\nText.\n\n%files\n\n%changelog\n";

/// Where the packages of every release are for.
pub const DIST: &str = "el9";

/// The project `demo`, with its repository in `repo/` and the state in `state/`.
pub struct Published {
    /// The folder of the project.
    pub project: Sandbox,
    /// Whom signing asks.
    keys: Option<Keys>,
    /// The days that have passed: each change gets a day of its own.
    day: AtomicU32,
}

impl Published {
    /// With milestone 1.0, and nothing staged. `url` is the public address.
    pub fn new(url: &str) -> Published {
        Published::with(url, None)
    }

    /// Of which packages and repodata are signed.
    pub fn signed(url: &str) -> Published {
        Published::with(url, Some(Keys::of(&[("demo@example.org", "ed25519")])))
    }

    fn with(url: &str, keys: Option<Keys>) -> Published {
        let sign = if keys.is_some() { "sign = \"demo@example.org\"\n" } else { "" };
        let config = format!(
            "[repository]\nroot = \"repo\"\nstate = \"state\"\nurl = \"{url}\"\nkeep-snapshots = 0\nkeep-days = 0\n{sign}"
        );
        let ignored = "/dist/\n/repo/\n/state/\n";
        let files = [("demo.spec.in", TEMPLATE), (".gitignore", ignored), ("packaging/release.toml", &config)];
        let project = Sandbox::released(&files);
        std::fs::remove_dir_all(project.join(".git/hooks")).unwrap();
        Published { project, keys, day: AtomicU32::new(0) }
    }

    /// The variables of a run of the program, a day after the one before.
    pub fn variables(&self) -> Vec<(String, String)> {
        let day = 1 + self.day.fetch_add(1, Ordering::SeqCst);
        let mut variables = vec![(
            "RELENG_NOW".to_owned(),
            format!("{}-{:02}-{:02}T12:00:00Z", 2021 + day / 336, 1 + day / 28 % 12, 1 + day % 28),
        )];
        variables.extend(self.keys.iter().map(|keys| ("GNUPGHOME".to_owned(), keys.home().display().to_string())));
        variables
    }

    /// Runs the program in the project, a day after the last run.
    pub fn releng(&self, arguments: &[&str]) -> Ran {
        self.releng_with(arguments, &self.variables())
    }

    /// Runs the program in the project with variables that were asked for before.
    pub fn releng_with(&self, arguments: &[&str], variables: &[(String, String)]) -> Ran {
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run_in(self.project.path(), PROGRAM, arguments, &variables)
    }

    /// Commits, and leaves the release with its package in `dist/`, ready to be staged; its version.
    #[track_caller]
    pub fn release(&self, message: &str) -> String {
        self.project.commit(message, &[("change", message)]);
        self.releng(&["dist", "--no-stage", "--out", "dist", "--quiet"]).exits(0);
        let version = self.releng(&["version"]).exits(0).stdout.trim_end().to_owned();
        self.add_package(&version);
        version
    }

    /// A release, staged.
    #[track_caller]
    pub fn stage(&self, message: &str) {
        self.release(message);
        self.releng(&STAGE).exits(0);
    }

    /// Builds the package of a version into `dist/`, as a job of another machine would.
    fn add_package(&self, version: &str) {
        let folder = format!("rpm/{DIST}/noarch");
        let rpm = Rpm::new("demo", version).dist(DIST).build_into(&self.project.join("dist").join(&folder));
        let (file, digest) = (format!("{folder}/{}", rpm.file_name().unwrap().display()), digest_of(&rpm));
        let builds = format!(
            "{{\"schema\":\"releng.builds/1\",\"builds\":[{{\"file\":\"{file}\",\"sha256\":\"{digest}\",\
             \"dist\":\"{DIST}\",\"host\":\"{DIST}\"}}]}}\n"
        );
        self.project.write("dist/builds.json", builds);
        let listed = self.project.files("dist").into_iter().filter(|file| file != "SHA256SUMS");
        let line = |file: String| format!("{}  {file}\n", digest_of(&self.project.join("dist").join(&file)));
        self.project.write("dist/SHA256SUMS", listed.map(line).collect::<String>());
    }
}

/// Stages what is in `dist/`.
pub const STAGE: [&str; 4] = ["stage", "--from", "dist", "--quiet"];

/// The name of a snapshot of series 1.0 or another.
pub fn snapshot(series: &str, pipeline: u32) -> String {
    format!("snapshot-demo_{series}_pipeline_{pipeline}")
}

/// Promotes a snapshot, asking for no test.
pub fn promotion(snapshot: &str) -> Vec<&str> {
    vec!["promote", snapshot, "--untested", "a test", "--quiet"]
}

fn digest_of(path: &Path) -> String {
    let content = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
