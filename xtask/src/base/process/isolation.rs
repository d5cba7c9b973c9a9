//! What a job can be shut into: namespaces of Linux, by `unshare`, where the system allows them to a plain user.
//!
//! A group of processes is not enough to end all that a job has started: a daemon leaves it by `setsid`. In a process
//! namespace nothing leaves, and all of it ends with its first process. In a mount namespace what a job mounts goes too.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use duct::cmd;

/// What a job is to be shut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Nothing but its own process group.
    None,
    /// Namespaces, as far as the system allows them; [`Walls`] says how far that was.
    Namespaces,
    /// What [`can_enclose_builds`] says, and then always the same: no network but a loopback of its own, and its folder at
    /// [`BUILD_PLACE`]. Else nothing but its own process group.
    Build,
}

/// What a job was shut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    /// Its own process group only: what calls `setsid` can outlive it.
    None,
    /// It was root of its own user and mount namespace; what calls `setsid` can outlive it.
    Mounts,
    /// The same, and nothing it started can outlive it.
    MountsAndProcesses,
}

impl Walls {
    /// The arguments of `unshare`.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Walls::None => &[],
            Walls::Mounts => &["-r", "-m"],
            Walls::MountsAndProcesses => &["-r", "-m", "-p", "-f", "--kill-child"],
        }
    }
}

/// The first process of a namespace is spared the signals that it does not handle, and inherits orphans; a shell in its
/// place leaves the job a process like any other. It takes back what it adds to the environment.
const FIRST_PROCESS: &str = "unset PWD OLDPWD SHLVL; \"$@\"; exit $?";

/// Where the folder of a build is inside its walls, so that paths in what it makes are the same wherever it really is. By the
/// standard of file systems there is such a folder, and no program needs what is in it.
pub const BUILD_PLACE: &str = "/srv";

/// The first process of a build; its first argument is the folder. A new loopback is down, and tests of a build may well
/// talk to themselves.
const FIRST_PROCESS_OF_BUILD: &str = "mount --rbind \"$1\" /srv && cd /srv || exit 126; shift; \
    ip link set lo up 2>/dev/null; unset PWD OLDPWD SHLVL; \"$@\"; exit $?";

/// Whether the system gives a plain user the namespaces that [`Isolation::Build`] needs.
pub fn can_enclose_builds() -> bool {
    static STANDS: OnceLock<bool> = OnceLock::new();
    *STANDS.get_or_init(|| {
        let (walls, unshare) = possible();
        let flags = walls.flags().iter();
        let args = flags.chain(&["-n", "--", "/bin/sh", "-c", FIRST_PROCESS_OF_BUILD, "sh", "/", "true"]);
        *walls == Walls::MountsAndProcesses && runs(unshare, args)
    })
}

/// Whether a program runs at all.
fn runs<'a>(program: &Path, args: impl Iterator<Item = &'a &'a str>) -> bool {
    let tried = cmd(program, args).stdin_null().stdout_null().stderr_null().unchecked().run();
    tried.is_ok_and(|output| output.status.success())
}

/// The walls that this system has, tried once, from the highest; and where `unshare` is.
fn possible() -> &'static (Walls, PathBuf) {
    static POSSIBLE: OnceLock<(Walls, PathBuf)> = OnceLock::new();
    POSSIBLE.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let unshare = find_in_path(OsStr::new("unshare"), &path).unwrap_or_default();
        let stands = |walls: &Walls| runs(&unshare, walls.flags().iter().chain(&["true"]));
        let walls = [Walls::MountsAndProcesses, Walls::Mounts].into_iter().find(stands).unwrap_or(Walls::None);
        (walls, unshare)
    })
}

/// The program and arguments that run `program` with `args` inside the walls that `wanted` gives here.
pub fn enclose(
    wanted: Isolation,
    folder: &Path,
    program: PathBuf,
    args: &[OsString],
) -> (Walls, PathBuf, Vec<OsString>) {
    let (walls, unshare) = match wanted {
        Isolation::Build if can_enclose_builds() => possible(),
        Isolation::None | Isolation::Build => return (Walls::None, program, args.to_vec()),
        Isolation::Namespaces => possible(),
    };
    let folder = folder.to_string_lossy();
    let first: &[&str] = match (walls, wanted) {
        (Walls::None, _) => return (Walls::None, program, args.to_vec()),
        (Walls::Mounts, _) => &["--"],
        (Walls::MountsAndProcesses, Isolation::Build) => {
            &["-n", "--", "/bin/sh", "-c", FIRST_PROCESS_OF_BUILD, "sh", &folder]
        }
        (Walls::MountsAndProcesses, _) => &["--", "/bin/sh", "-c", FIRST_PROCESS, "sh"],
    };
    let words = walls.flags().iter().chain(first).map(OsString::from);
    let args = words.chain([program.into_os_string()]).chain(args.iter().cloned());
    // Killed by a signal that we cannot handle, we take it with us.
    let path = std::env::var_os("PATH").unwrap_or_default();
    match find_in_path(OsStr::new("setpriv"), &path) {
        Some(setpriv) => {
            let first = ["--pdeathsig", "KILL", "--"].map(OsString::from);
            (*walls, setpriv, first.into_iter().chain([unshare.clone().into_os_string()]).chain(args).collect())
        }
        None => (*walls, unshare.clone(), args.collect()),
    }
}

/// The first file called `name` that may be executed in the folders of `path`, which is in the form of PATH.
pub fn find_in_path(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

/// Whether there is a regular file that somebody may execute.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
