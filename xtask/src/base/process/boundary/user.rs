//! The boundary of another user of this system, in namespaces with a root folder made for the job.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::base::process::boundary::{
    Boundary, BoundaryGuard, BoundaryKind, GuardedCall, HOME_INSIDE, JobCall, find_tool,
};
use crate::base::process::isolation::{EnclosedCommand, Enclosure};
use crate::base::process::lookup::help_to_install;
use crate::base::process::read::Program;

/// The script of the first process.
const FIRST_PROCESS: &str = include_str!("user.bash");

/// The programs that the boundary is made of.
const TOOLS: [&str; 8] = ["bash", "setpriv", "unshare", "mount", "umount", "pivot_root", "readlink", "ip"];

/// Where the programs are: those of the system, which are there behind the boundary, too.
const TOOL_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The folders that are there behind the boundary, as the script has them, and that may have private ones below.
const SHOWN: [&str; 3] = ["/usr", "/etc", "/opt"];

/// The time for a look at the list of users.
const LIMIT: Duration = Duration::from_secs(60);

/// A user of this system that runs tests; never root.
#[derive(Clone, Debug)]
pub struct TestUser {
    name: String,
    user: u32,
    group: u32,
    setpriv: PathBuf,
    unshare: PathBuf,
    bash: PathBuf,
}

impl TestUser {
    /// The user with this name.
    ///
    /// Errors (exit 1): there is none; it is root; this process is not root; a program is missing.
    pub fn find(name: &str) -> Result<TestUser> {
        let shown = name.escape_debug();
        if !rustix::process::geteuid().is_root() {
            let message = format!("only root can run tests as the user `{shown}`");
            let help = format!(
                "run it as root; podman can do without root: {}",
                committed("set `ci.isolation = \"container:IMAGE\"`")
            );
            return Err(Failure::new(Exit::Failed, message).help(help).into());
        }
        let args = ["passwd", "--", name].map(OsString::from).to_vec();
        let program = Program {
            program: "getent".as_ref(),
            args,
            folder: Path::new("/"),
            variables: Vec::new(),
            input: Vec::new(),
        };
        let said = program.run_within(LIMIT)?;
        let line = String::from_utf8_lossy(&said.output).into_owned();
        let fields: Vec<&str> = line.trim_end().split(':').collect();
        let ids = (
            fields.first(),
            fields.get(2).and_then(|id| id.parse().ok()),
            fields.get(3).and_then(|id| id.parse().ok()),
        );
        // A number would be found, too.
        let (Some(found), Some(user), Some(group)) = ids else { return Err(no_user(name).into()) };
        if *found != name {
            return Err(no_user(name).into());
        }
        if user == 0 || group == 0 {
            let message = format!("the user `{shown}` has the rights of root");
            let help = "name another one, for tests only, in `ci.isolation`: `useradd --system releng-ci` makes one";
            return Err(Failure::new(Exit::Usage, message).help(help).into());
        }
        for tool in TOOLS {
            find_tool(tool, TOOL_PATH.as_ref()).map_err(|failure| {
                failure.help(format!("{}: the boundary of `{shown}` needs it", help_to_install(tool)))
            })?;
        }
        let tool = |name: &str| find_tool(name, TOOL_PATH.as_ref());
        let (setpriv, unshare, bash) = (tool("setpriv")?, tool("unshare")?, tool("bash")?);
        Ok(TestUser { name: name.to_owned(), user, group, setpriv, unshare, bash })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers of the user and of its first group.
    pub(super) fn ids(&self) -> (u32, u32) {
        (self.user, self.group)
    }

    pub(super) fn enclose(&self, boundary: &Boundary, call: &JobCall<'_>) -> GuardedCall {
        let mut args: Vec<OsString> = ["--pdeathsig", "KILL", "--"].map(OsString::from).to_vec();
        args.push(self.unshare.clone().into());
        args.extend(["--mount", "--pid", "--fork", "--ipc", "--kill-child"].map(OsString::from));
        if !boundary.has_network {
            args.push("--net".into());
        }
        args.push("--".into());
        args.push(self.bash.clone().into());
        args.extend(["-p", "-c", FIRST_PROCESS, "bash"].map(OsString::from));
        args.extend([&boundary.empty, &boundary.work, &boundary.objects].map(OsString::from));
        let network = if boundary.has_network { "yes" } else { "no" };
        args.extend([HOME_INSIDE, &self.user.to_string(), &self.group.to_string(), network].map(OsString::from));
        args.extend(hidden(&boundary.private).into_iter().map(OsString::from));
        args.extend(["--".into(), self.setpriv.clone().into_os_string()]);
        args.extend([format!("--reuid={}", self.user), format!("--regid={}", self.group)].map(OsString::from));
        let last =
            ["--init-groups", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"];
        args.extend(last.map(OsString::from));
        args.push(call.program.to_owned());
        args.extend(call.args.iter().cloned());
        let enclosure = Enclosure::MountsAndProcesses;
        let command = EnclosedCommand { enclosure, is_read_only: false, program: self.setpriv.clone(), args };
        let guard = BoundaryGuard { kind: BoundaryKind::User(self.clone()), container: None };
        GuardedCall { command, environment: call.environment.to_vec(), guard }
    }

    pub(super) fn failure(&self, line: &str) -> Failure {
        let message = format!("the boundary of the user `{}` cannot be set up: {line}", self.name);
        Failure::new(Exit::Failed, message).help(format!(
            "see whether root may use namespaces here: `unshare --mount --pid --fork --ipc --net mount -t tmpfs tmpfs /mnt`; \
             else run it on another machine, or {}",
            committed("set `ci.isolation = \"container:IMAGE\"`")
        ))
    }
}

/// The private folders that would be there behind the boundary. One that has a whole shown folder in it, such as `/`, cannot be hidden.
fn hidden(private: &[PathBuf]) -> Vec<PathBuf> {
    let real = private.iter().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone()));
    let is_below = |folder: &PathBuf| SHOWN.iter().any(|shown| folder.starts_with(shown) && folder != Path::new(shown));
    real.filter(is_below).collect()
}

fn no_user(name: &str) -> Failure {
    let shown = name.escape_debug();
    Failure::new(Exit::Failed, format!("this system has no user `{shown}`")).help(format!(
        "make one for tests only: `useradd --system --no-create-home {}`",
        crate::base::text::shell_word(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_folders_below_shown_ones_are_hidden() {
        let folders = ["/", "/usr", "/opt/none/cargo", "/none/home", "/etc/none", "/usrx"].map(PathBuf::from);
        assert_eq!(hidden(&folders), ["/opt/none/cargo", "/etc/none"].map(PathBuf::from));
    }
}
