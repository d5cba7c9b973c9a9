//! The boundary of a container of podman, whose image is read-only.
//!
//! A container outlives the `podman run` that started it, where that is killed. So each has a name, by which it is ended, and a label, by
//! which a later run finds it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::base::process::boundary::{
    Boundary, BoundaryGuard, BoundaryKind, GuardedCall, HOME_INSIDE, JobCall, OBJECTS_INSIDE, WORK_INSIDE, find_tool,
};
use crate::base::process::isolation::{EnclosedCommand, Enclosure};
use crate::base::process::lookup::help_to_install;
use crate::base::process::podman::{PODMAN_VARIABLES, TIMEOUT_SLACK};
use crate::base::process::read::Program;
use crate::base::text::shell_word;

/// The label of the containers; its value is the mark of the caller.
const LABEL: &str = "releng-ci";

/// Where podman is run by root: the first of the 65,536 users of this machine that are the users of the container. It is above those
/// that `/etc/subuid` and systemd give away.
const FIRST_USER: u32 = 1_900_000_000;

/// The first process in the container. A file has at most 16 GiB. The pipes of podman belong to another user, and a script that opens
/// `/dev/stderr` again could not; so the output goes through a pipe that is made here. What the job has started is ended before
/// the pipe is read to its end.
const FIRST_PROCESS: &str = "ulimit -f 33554432; ulimit -c 0; mkfifo -m 600 /run/output; cat </run/output & reader=$!; \
    \"$@\" >/run/output 2>&1; code=$?; \
    for round in 1 2 3; do for process in /proc/[0-9]*; do process=${process#/proc/}; \
    case $process in 1 | \"$reader\") ;; *) kill -KILL \"$process\" 2>/dev/null ;; esac; done; done; \
    wait \"$reader\"; [ \"$code\" != 125 ] || code=1; exit \"$code\"";

/// The time for a question to podman.
const LIMIT: Duration = Duration::from_secs(300);

/// An image that podman has.
#[derive(Clone, Debug)]
pub struct TestImage {
    image: String,
    podman: PathBuf,
    is_root: bool,
}

impl TestImage {
    /// The image with this name.
    ///
    /// Errors (exit 1): there is no podman, or it does not have the image.
    pub fn find(image: &str) -> Result<TestImage> {
        let podman = find_tool("podman", &std::env::var_os("PATH").unwrap_or_default()).map_err(|failure| {
            failure.help(format!(
                "{}; or {}",
                help_to_install("podman"),
                committed("set `ci.isolation = \"user:NAME\"`, which runs tests as another user")
            ))
        })?;
        let found = TestImage { image: image.to_owned(), podman, is_root: rustix::process::geteuid().is_root() };
        let said = found.program(&["image", "exists", image]).run_within(LIMIT)?;
        match said.status.code() {
            Some(0) => Ok(found),
            Some(1) => {
                let word = shell_word(image);
                let message = format!("podman has no image `{}`", image.escape_debug());
                let help = format!("fetch it: `podman pull {word}`; `podman images` lists those that are there");
                Err(Failure::new(Exit::Failed, message).help(help).into())
            }
            _ => {
                let errors = String::from_utf8_lossy(&said.errors).into_owned();
                Err(found.failure(crate::base::text::last_line(&errors).unwrap_or("it printed nothing")).into())
            }
        }
    }

    /// The numbers of root in the container, by their numbers here, where they differ from those of this process.
    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        self.is_root.then_some((FIRST_USER, FIRST_USER))
    }

    pub(super) fn enclose(&self, boundary: &Boundary, call: &JobCall<'_>) -> GuardedCall {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("releng-ci-{}-{number}", std::process::id());
        let fixed = [
            "run",
            "--rm",
            "--pull=never",
            "--http-proxy=false",
            "--hostname=localhost",
            "--log-driver=none",
            "--user=0",
            "--read-only",
            "--read-only-tmpfs=false",
            "--tmpfs=/run:rw,size=64m,mode=755",
            "--shm-size=64m",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            "--pids-limit=2048",
            "--stop-timeout=0",
            "--entrypoint=/bin/sh",
        ];
        let mut args: Vec<OsString> = fixed.map(OsString::from).to_vec();
        let mut add = |word: String| args.push(word.into());
        add(format!("--name={name}"));
        add(format!("--label={LABEL}={}", boundary.mark.display()));
        add(format!("--timeout={}", call.time_limit.as_secs() + TIMEOUT_SLACK));
        for (folder, mode) in [("/tmp", 1777), ("/var/tmp", 1777), (HOME_INSIDE, 700)] {
            add(format!("--tmpfs={folder}:rw,exec,size=1g,mode={mode}"));
        }
        if !boundary.has_network {
            add("--network=none".to_owned());
        }
        if self.is_root {
            add(format!("--uidmap=0:{FIRST_USER}:65536"));
            add(format!("--gidmap=0:{FIRST_USER}:65536"));
        }
        add(format!("--volume={}:{WORK_INSIDE}:rw,Z", boundary.work.display()));
        add(format!("--volume={}:{OBJECTS_INSIDE}:ro,z", boundary.objects.display()));
        add(format!("--workdir={WORK_INSIDE}"));
        for (name, value) in call.environment {
            add(format!("--env={name}={value}"));
        }
        for word in [self.image.as_str(), "-c", FIRST_PROCESS, "sh"] {
            add(word.to_owned());
        }
        args.push(call.program.to_owned());
        args.extend(call.args.iter().cloned());
        let enclosure = Enclosure::MountsAndProcesses;
        // podman itself ends when this process is killed; the container is ended by the next run.
        let command = EnclosedCommand { enclosure, is_read_only: false, program: self.podman.clone(), args };
        let guard = BoundaryGuard { kind: BoundaryKind::Container(self.clone()), container: Some(name) };
        let environment = ["PATH"]
            .iter()
            .chain(&PODMAN_VARIABLES)
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        GuardedCall { command, environment: environment.collect(), guard }
    }

    /// Ends a container with all its processes. It is no error if it has ended.
    pub(super) fn end(&self, name: &str) {
        // An interrupt must not leave the container: so this is no `Program`.
        let args = ["rm", "--force", "--time=0", "--ignore", name];
        drop(duct::cmd(&self.podman, args).dir("/").stdin_null().stdout_null().stderr_null().unchecked().run());
    }

    /// Ends the containers with this mark, which a killed run left.
    pub(super) fn end_leftovers(&self, mark: &Path) -> Result<()> {
        let filter = format!("label={LABEL}={}", mark.display());
        let listed = self.program(&["ps", "--all", "--quiet", "--filter", &filter]).read_within(LIMIT)?;
        let left: Vec<&str> = listed.lines().map(str::trim).filter(|id| !id.is_empty()).collect();
        if !left.is_empty() {
            self.program(&[&["rm", "--force", "--time=0", "--ignore"], left.as_slice()].concat()).read_within(LIMIT)?;
        }
        Ok(())
    }

    pub(super) fn failure(&self, line: &str) -> Failure {
        let message = format!("podman could not run a container: {}", line.strip_prefix("Error: ").unwrap_or(line));
        let call = format!("podman run --rm --network=none --entrypoint=/bin/sh {} -c true", shell_word(&self.image));
        Failure::new(Exit::Failed, message).help(format!("correct it until `{call}` works"))
    }

    fn program(&self, args: &[&str]) -> Program<'_> {
        Program {
            program: self.podman.as_os_str(),
            args: args.iter().map(OsString::from).collect(),
            folder: Path::new("/"),
            variables: Vec::new(),
            input: Vec::new(),
        }
    }
}
