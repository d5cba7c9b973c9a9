//! What separates a job from this user and this machine: another user in namespaces, or a container.
//!
//! Behind a boundary, a job has a work folder, which it may change, and a folder with the objects of git, which it may read. They are at
//! the same paths everywhere. Its environment is stated; home folders, sockets and other processes are not there. All that it
//! starts ends with it.

mod container;
mod user;

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::process::isolation::{EnclosedCommand, find_in_path};

pub use container::TestImage;
pub use user::TestUser;

/// The path of the work behind a boundary.
pub const WORK_INSIDE: &str = "/srv/work";

/// The path of the objects of git behind a boundary.
pub const OBJECTS_INSIDE: &str = "/srv/objects";

/// The home folder behind a boundary. It is empty at first, and ends with the job.
const HOME_INSIDE: &str = "/srv/home";

/// The exit code of a command that says that the boundary could not be set up, as podman has it.
const NOT_SET_UP: i32 = 125;

/// The kind of a boundary.
#[derive(Clone, Debug)]
pub enum BoundaryKind {
    User(TestUser),
    Container(TestImage),
}

/// A boundary, and the folders that a job has behind it.
#[derive(Clone, Debug)]
pub struct Boundary {
    pub kind: BoundaryKind,
    /// The work, here.
    pub work: PathBuf,
    /// The objects of git, here.
    pub objects: PathBuf,
    /// An empty folder.
    pub empty: PathBuf,
    /// Folders that no job may read, wherever they are.
    pub private: Vec<PathBuf>,
    /// A path that marks the containers of the caller: the next run removes those of a killed run by it.
    pub mark: PathBuf,
    /// Whether the job has the network of this machine.
    pub has_network: bool,
}

/// A job, as it is behind the boundary.
pub struct JobCall<'a> {
    pub program: &'a OsStr,
    pub args: &'a [OsString],
    pub environment: &'a [(String, String)],
    pub time_limit: Duration,
}

/// The command that runs a job behind a boundary.
pub struct GuardedCall {
    pub command: EnclosedCommand,
    /// The environment of that command.
    pub environment: Vec<(String, String)>,
    pub guard: BoundaryGuard,
}

/// Ends what a job has started where that is not enough to kill its first process.
pub struct BoundaryGuard {
    kind: BoundaryKind,
    /// The name of the container.
    container: Option<String>,
}

impl BoundaryKind {
    /// The environment that a job has at least.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables = vec![("HOME", HOME_INSIDE), ("TMPDIR", "/tmp"), ("LANG", "C.UTF-8")];
        match self {
            BoundaryKind::User(user) => {
                let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
                variables.extend([("USER", user.name()), ("LOGNAME", user.name()), ("PATH", path)]);
            }
            // PATH is that of the image.
            BoundaryKind::Container(_) => variables.extend([("USER", "root"), ("LOGNAME", "root")]),
        }
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The user and the group that the work belongs to behind the boundary, by their numbers here.
    fn owner(&self) -> Option<(u32, u32)> {
        match self {
            BoundaryKind::User(user) => Some(user.ids()),
            BoundaryKind::Container(image) => image.owner(),
        }
    }
}

impl Boundary {
    /// Ends what a killed run with the same mark left.
    pub fn end_leftovers(&self) -> Result<()> {
        match &self.kind {
            // The processes of a user end with the run that is killed.
            BoundaryKind::User(_) => Ok(()),
            BoundaryKind::Container(image) => image.end_leftovers(&self.mark),
        }
    }

    /// Gives the work to the user behind the boundary, and lets that user read the objects.
    pub fn prepare(&self) -> Result<()> {
        give(&self.work, self.kind.owner()).with_context(|| format!("cannot give `{}` away", self.work.display()))?;
        make_readable(&self.objects).with_context(|| format!("cannot make `{}` readable", self.objects.display()))
    }

    /// Runs a program that does nothing behind the boundary.
    ///
    /// Errors: this machine cannot set the boundary up.
    pub fn try_out(&self) -> Result<()> {
        self.prepare()?;
        let environment = self.kind.environment();
        let call = JobCall {
            program: "true".as_ref(),
            args: &[],
            environment: &environment,
            time_limit: Duration::from_secs(600),
        };
        let GuardedCall { command, environment, guard } = self.enclose(&call);
        let run = duct::cmd(&command.program, &command.args).dir("/").full_env(environment);
        let ended = run.stdin_null().stderr_to_stdout().stdout_capture().unchecked().run();
        let ended = ended.with_context(|| format!("cannot run `{}`", command.program.display()))?;
        guard.end();
        let said = String::from_utf8_lossy(&ended.stdout);
        let line = crate::base::text::last_line(&said).map(str::to_owned);
        match ended.status.code() {
            Some(0) => Ok(()),
            _ => Err(guard.failure(line).into()),
        }
    }

    /// The command that runs a job behind this boundary.
    pub fn enclose(&self, call: &JobCall<'_>) -> GuardedCall {
        match &self.kind {
            BoundaryKind::User(user) => user.enclose(self, call),
            BoundaryKind::Container(image) => image.enclose(self, call),
        }
    }

    /// Whether the programs of this machine are there behind the boundary.
    pub fn shows_programs_of_this_machine(&self) -> bool {
        matches!(self.kind, BoundaryKind::User(_))
    }
}

impl BoundaryGuard {
    /// Ends all processes of the job.
    pub fn end(&self) {
        if let (BoundaryKind::Container(image), Some(name)) = (&self.kind, &self.container) {
            image.end(name);
        }
    }

    /// Errors: the exit code says that the boundary could not be set up; `line` is the last one of the output.
    pub fn check_exit(&self, code: i32, line: Option<String>) -> Result<(), Failure> {
        if code == NOT_SET_UP { Err(self.failure(line)) } else { Ok(()) }
    }

    fn failure(&self, line: Option<String>) -> Failure {
        let line = line.unwrap_or_else(|| "it printed nothing".to_owned());
        match &self.kind {
            BoundaryKind::User(user) => user.failure(&line),
            BoundaryKind::Container(image) => image.failure(&line),
        }
    }
}

impl Drop for BoundaryGuard {
    fn drop(&mut self) {
        self.end();
    }
}

/// Gives a folder and all that is in it to another user. No link is followed, and nobody else can change the folder yet.
fn give(folder: &Path, owner: Option<(u32, u32)>) -> std::io::Result<()> {
    let Some((user, group)) = owner else { return Ok(()) };
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        lchown(&folder, Some(user), Some(group))?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                lchown(entry.path(), Some(user), Some(group))?;
            }
        }
    }
    Ok(())
}

/// Lets every user read what is in a folder; the folders above it say who reaches it.
fn make_readable(folder: &Path) -> std::io::Result<()> {
    let add = |path: &Path, bits: u32| -> std::io::Result<()> {
        let found = path.symlink_metadata()?;
        if found.is_symlink() || found.mode() & bits == bits {
            return Ok(());
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(found.mode() & 0o7777 | bits))
    };
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        add(&folder, 0o555)?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                add(&entry.path(), 0o444)?;
            }
        }
    }
    Ok(())
}

/// A program that a boundary needs; `path` is in the form of PATH.
fn find_tool(name: &str, path: &OsStr) -> Result<PathBuf, Failure> {
    let found = find_in_path(name.as_ref(), path);
    found.ok_or_else(|| Failure::new(Exit::Failed, format!("there is no program `{name}`")))
}
