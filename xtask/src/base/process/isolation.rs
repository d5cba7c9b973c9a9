//! The namespaces that a job runs in: those of Linux, by `unshare`, where the system allows them to a plain user.
//!
//! A process group is not enough to end everything that a job has started: a daemon leaves the group by `setsid`. No process
//! leaves a process namespace, and all of them end with its first process. The mounts of a job end with its mount namespace.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use duct::cmd;

/// The isolation that a job requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Nothing but its own process group.
    None,
    /// Namespaces, as far as the system allows them; [`Enclosure`] says which the job got.
    Namespaces,
    /// Where [`can_enclose_builds`]: all namespaces, no network but a loopback of its own, and its folder at [`BUILD_PLACE`].
    /// Else nothing but its own process group.
    Build,
}

/// The namespaces that a job got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enclosure {
    /// None, only its own process group: a process that calls `setsid` can outlive the job.
    None,
    /// A user namespace where it is root, and a mount namespace: a process that calls `setsid` can outlive the job.
    Mounts,
    /// A process namespace, too: nothing that the job started can outlive it.
    MountsAndProcesses,
}

impl Enclosure {
    /// The arguments of `unshare`.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Enclosure::None => &[],
            Enclosure::Mounts => &["-r", "-m"],
            Enclosure::MountsAndProcesses => &["-r", "-m", "-p", "-f", "--kill-child"],
        }
    }
}

/// Process 1 of a namespace ignores the signals that it has no handler for, and is the parent of orphans. So a shell is process 1,
/// and the job is an ordinary process. The shell unsets the variables that it adds to the environment.
const FIRST_PROCESS: &str = "unset PWD OLDPWD SHLVL; \"$@\"; exit $?";

/// The beginning of a process that mounts folders read-only for the job. Its arguments are `unshare`, `mount`, the folders, `--` and
/// the job. The job runs in one more user namespace: there, the mounts are locked, and even its root cannot make them writable.
/// The kernel requires the options that a mount already has, so the strictest ones are tried, too.
const READ_ONLY: &str = "unshare=$1; mount=$2; shift 2; while [ \"$1\" != -- ]; do \"$mount\" --rbind \"$1\" \"$1\" && { \
    \"$mount\" -o remount,bind,ro \"$1\" 2>/dev/null || \"$mount\" -o remount,bind,ro,nosuid,nodev \"$1\" 2>/dev/null || \
    \"$mount\" -o remount,bind,ro,nosuid,nodev,noexec \"$1\" 2>/dev/null; } || exit 126; shift; done; shift; \
    unset PWD OLDPWD SHLVL; ";

/// The folder of a build inside its mount namespace, so that paths in the packages are always the same. The file system hierarchy
/// standard requires this folder, and no program needs its content.
pub const BUILD_PLACE: &str = "/srv";

/// Process 1 of a build; its first argument is the folder. A new loopback interface is down, and tests in a build may need it.
const FIRST_PROCESS_OF_BUILD: &str = "mount --rbind \"$1\" /srv && cd /srv || exit 126; shift; \
    ip link set lo up 2>/dev/null; unset PWD OLDPWD SHLVL; \"$@\"; exit $?";

/// Whether the system gives a plain user the namespaces that [`Isolation::Build`] needs.
pub fn can_enclose_builds() -> bool {
    static IS_ALLOWED: OnceLock<bool> = OnceLock::new();
    *IS_ALLOWED.get_or_init(|| {
        let (enclosure, unshare) = strongest();
        let flags = enclosure.flags().iter();
        let args = flags.chain(&["-n", "--", "/bin/sh", "-c", FIRST_PROCESS_OF_BUILD, "sh", "/", "true"]);
        *enclosure == Enclosure::MountsAndProcesses && runs(unshare, args)
    })
}

/// Whether a program runs and exits with 0.
fn runs<'a>(program: &Path, args: impl Iterator<Item = &'a &'a str>) -> bool {
    let tried = cmd(program, args).stdin_null().stdout_null().stderr_null().unchecked().run();
    tried.is_ok_and(|output| output.status.success())
}

/// The strongest enclosure that this system allows, tried once; and the path of `unshare`.
fn strongest() -> &'static (Enclosure, PathBuf) {
    static STRONGEST: OnceLock<(Enclosure, PathBuf)> = OnceLock::new();
    STRONGEST.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let unshare = find_in_path(OsStr::new("unshare"), &path).unwrap_or_default();
        let is_allowed = |enclosure: &Enclosure| runs(&unshare, enclosure.flags().iter().chain(&["true"]));
        let tried = [Enclosure::MountsAndProcesses, Enclosure::Mounts];
        let found = tried.into_iter().find(is_allowed).unwrap_or(Enclosure::None);
        (found, unshare)
    })
}

/// A command inside its namespaces.
pub struct EnclosedCommand {
    pub enclosure: Enclosure,
    /// Whether the folders are read-only.
    pub is_read_only: bool,
    pub program: PathBuf,
    pub args: Vec<OsString>,
}

/// The words of `unshare` before the job that make `folders` read-only for it.
fn read_only_words(enclosure: Enclosure, unshare: &Path, mount: &Path, folders: &[PathBuf]) -> Vec<OsString> {
    let last = match enclosure {
        Enclosure::MountsAndProcesses => "\"$unshare\" -r -m -- \"$@\"; exit $?",
        _ => "exec \"$unshare\" -r -m -- \"$@\"",
    };
    let script = format!("{READ_ONLY}{last}");
    let mut words: Vec<OsString> = ["--", "/bin/sh", "-c", &script, "sh"].map(OsString::from).to_vec();
    words.extend([unshare.into(), mount.into()]);
    words.extend(folders.iter().map(OsString::from));
    words.push("--".into());
    words
}

/// The words of `unshare` that make `folders` read-only, after a try with them; `None` if the system does not allow it.
fn try_read_only(enclosure: Enclosure, unshare: &Path, folders: &[PathBuf]) -> Option<Vec<OsString>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mount = find_in_path(OsStr::new("mount"), &path)?;
    let words = read_only_words(enclosure, unshare, &mount, folders);
    let args = enclosure.flags().iter().map(OsString::from).chain(words.iter().cloned()).chain(["true".into()]);
    let tried = cmd(unshare, args).stdin_null().stdout_null().stderr_null().unchecked().run();
    tried.is_ok_and(|output| output.status.success()).then_some(words)
}

/// The command that runs `program` with `args` in the namespaces that `wanted` gives on this system. There, the folders
/// `read_only` cannot be changed, if the system allows such mounts.
pub fn enclose(
    wanted: Isolation,
    folder: &Path,
    read_only: &[PathBuf],
    program: PathBuf,
    args: &[OsString],
) -> EnclosedCommand {
    let (enclosure, unshare) = match wanted {
        Isolation::Build if can_enclose_builds() => strongest(),
        Isolation::Namespaces => strongest(),
        Isolation::None | Isolation::Build => &(Enclosure::None, PathBuf::new()),
    };
    let folder = folder.to_string_lossy();
    let first: &[&str] = match (enclosure, wanted) {
        (Enclosure::None, _) => {
            let (enclosure, args) = (Enclosure::None, args.to_vec());
            return EnclosedCommand { enclosure, is_read_only: false, program, args };
        }
        (Enclosure::Mounts, _) => &["--"],
        (Enclosure::MountsAndProcesses, Isolation::Build) => {
            &["-n", "--", "/bin/sh", "-c", FIRST_PROCESS_OF_BUILD, "sh", &folder]
        }
        (Enclosure::MountsAndProcesses, _) => &["--", "/bin/sh", "-c", FIRST_PROCESS, "sh"],
    };
    let wants_read_only = wanted == Isolation::Namespaces && !read_only.is_empty();
    let protected = if wants_read_only { try_read_only(*enclosure, unshare, read_only) } else { None };
    let is_read_only = protected.is_some();
    let first = protected.unwrap_or_else(|| first.iter().map(OsString::from).collect());
    let program = match program.strip_prefix(&*folder) {
        // A program of the folder is called by its path in the namespace, which is the same in each build.
        Ok(inside) if wanted == Isolation::Build => Path::new(BUILD_PLACE).join(inside),
        _ => program,
    };
    let words = enclosure.flags().iter().map(OsString::from).chain(first);
    let args = words.chain([program.into_os_string()]).chain(args.iter().cloned());
    // `setpriv` ends the job when this process is killed by a signal that it cannot handle.
    let path = std::env::var_os("PATH").unwrap_or_default();
    match find_in_path(OsStr::new("setpriv"), &path) {
        Some(setpriv) => {
            let first = ["--pdeathsig", "KILL", "--"].map(OsString::from);
            let args = first.into_iter().chain([unshare.clone().into_os_string()]).chain(args).collect();
            EnclosedCommand { enclosure: *enclosure, is_read_only, program: setpriv, args }
        }
        None => EnclosedCommand { enclosure: *enclosure, is_read_only, program: unshare.clone(), args: args.collect() },
    }
}

/// The search path in an environment without PATH, as in the C library.
pub const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The first file called `name` that may be executed in the folders of `path`, which is in the form of PATH.
pub fn find_in_path(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

/// Whether there is a regular file that somebody may execute.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
