//! A double of a build farm, at work; and the real clients, told to talk to it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use duct::{Handle, cmd};
use tempfile::TempDir;

use super::program::{PROGRAM, Ran, Sandbox, run_in};
use super::root;

/// A running double; it ends with the value.
pub struct Farm {
    folder: TempDir,
    running: Handle,
    /// Where it listens, such as `http://127.0.0.1:41235`.
    pub url: String,
}

impl Farm {
    /// A Copr that behaves as `scenario` says (JSON, see `doubles/farm.py`), and `copr-cli`.
    pub fn copr(scenario: &str) -> Farm {
        let farm = Farm::start("copr.py", scenario);
        farm.log_in_to_copr("releng");
        farm.wrap("copr-cli", "");
        farm
    }

    /// A Koji that behaves as `scenario` says, and `koji`.
    pub fn koji(scenario: &str) -> Farm {
        let farm = Farm::start("koji.py", scenario);
        let Farm { url, .. } = &farm;
        let text = format!(
            "[koji]\nserver = {url}/kojihub\nweburl = {url}/koji\ntopurl = {url}/kojifiles\nauthtype = password\n\
             max_retries = 1\nretry_interval = 1\ntimeout = 20\n"
        );
        std::fs::write(farm.config(), text).unwrap();
        farm.log_in_to_koji("releng");
        farm
    }

    /// Who the client of Copr says it is: `releng`, or `guest`, who may not build.
    pub fn log_in_to_copr(&self, user: &str) {
        let url = &self.url;
        let text = format!(
            "[copr-cli]\nlogin = {user}\nusername = releng\ntoken = secret\ncopr_url = {url}\nencrypted = false\n"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    /// Who the client of Koji says it is; it takes a password from its command line alone.
    pub fn log_in_to_koji(&self, user: &str) {
        self.wrap("koji", &format!("--user {user} --password secret "));
    }

    fn start(double: &str, scenario: &str) -> Farm {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("bin")).unwrap();
        std::fs::write(path("scenario"), scenario).unwrap();
        let script = root().join("tests/it/doubles").join(double);
        let run = cmd!("/usr/bin/python3", script, "--state", path("state"), "--scenario", path("scenario"));
        // A group of its own: it runs rpmbuild.
        let run = run.stdout_path(path("address")).stderr_path(path("errors")).before_spawn(|command| {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
            Ok(())
        });
        let running = run.unchecked().start().unwrap();
        let start = Instant::now();
        let url = loop {
            let said = std::fs::read_to_string(path("address")).unwrap_or_default();
            if let Some(url) = said.strip_prefix("listening on ").and_then(|rest| rest.strip_suffix('\n')) {
                break url.to_owned();
            }
            let errors = std::fs::read_to_string(path("errors")).unwrap_or_default();
            assert!(start.elapsed() < Duration::from_secs(20), "the double does not start: {errors}");
            std::thread::sleep(Duration::from_millis(20));
        };
        Farm { folder, running, url }
    }

    /// Puts the real client on PATH, with arguments of its own.
    fn wrap(&self, client: &str, arguments: &str) {
        use std::os::unix::fs::PermissionsExt;
        let real = root().join("target/test-tools/bin").join(client);
        assert!(real.exists(), "there is no `{}`: run `scripts/install-test-tools`", real.display());
        let path = self.folder.path().join("bin").join(client);
        std::fs::write(&path, format!("#!/bin/sh\nexec {} {arguments}\"$@\"\n", real.display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The client's configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("client.conf")
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, scenario: &str) {
        std::fs::write(self.folder.path().join("scenario"), scenario).unwrap();
    }

    /// How many requests there were whose line in the log has `part`.
    pub fn count(&self, part: &str) -> usize {
        self.log().lines().filter(|line| line.contains(part)).count()
    }

    /// A line for each request.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("state/requests.log")).unwrap_or_default()
    }

    /// Waits until the log has `part`.
    #[track_caller]
    pub fn wait_for(&self, part: &str) {
        let start = Instant::now();
        while self.count(part) == 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "no `{part}` in:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A PATH with the client first.
    pub fn path(&self) -> String {
        format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap())
    }

    /// Runs the program in a project, with the client on PATH.
    #[track_caller]
    pub fn releng(&self, project: &Sandbox, args: &[&str]) -> Ran {
        run_in(project.path(), PROGRAM, args, &[("PATH", &self.path())])
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        for pid in self.running.pids() {
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            // It may have ended by itself, which is as good.
            let _ = pid.map(|pid| rustix::process::kill_process_group(pid, rustix::process::Signal::KILL));
        }
        let _ = self.running.wait();
    }
}
