//! The machine of a job: a folder, an environment that is stated in full, and processes, users and `/etc` of its own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::program::{PROGRAM, Ran, run_in};

/// `cargo xtask` is the program that these tests test, and installing it has been done.
const CARGO: &str =
    "#!/bin/sh\ncase $1 in\n    xtask) shift; exec releng \"$@\" ;;\n    install) exit 0 ;;\nesac\nexit 9\n";

/// The programs that every system with a shell has.
const BASE: [&str; 38] = [
    "awk", "basename", "bash", "cat", "chmod", "chown", "cp", "cut", "date", "dirname", "env", "expr", "false", "find",
    "grep", "head", "id", "kill", "ln", "ls", "mkdir", "mktemp", "mv", "rm", "rmdir", "sed", "sh", "sleep", "sort",
    "stat", "tail", "tee", "test", "touch", "tr", "true", "wc", "xargs",
];

/// Where the programs of this system are.
const SYSTEM: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What is installed on a machine.
pub enum Installed {
    /// All that this system has, as on the machines of a forge.
    Everything,
    /// What every system has, and these programs. Those that this system does not have are left out.
    Only(Vec<String>),
}

/// What a job leaves on its machine is gone with it, unless the machine is kept.
pub struct Machine {
    folder: PathBuf,
    /// Where the steps begin.
    pub work: PathBuf,
    /// Where the programs are.
    path: String,
}

impl Machine {
    /// A machine in a new folder.
    pub fn new(folder: &Path, installed: &Installed) -> Machine {
        let own = folder.join("bin").display().to_string();
        let path = match installed {
            Installed::Everything => format!("{own}:{}", SYSTEM.join(":")),
            Installed::Only(_) => own,
        };
        let machine = Machine { folder: folder.to_owned(), work: folder.join("work"), path };
        for name in ["bin", "work", "etc", "home", "root"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let mode = |path: &Path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        mode(folder);
        match installed {
            Installed::Everything => {
                std::fs::copy(PROGRAM, folder.join("bin/releng")).unwrap();
                std::fs::write(folder.join("bin/cargo"), CARGO).unwrap();
                mode(&folder.join("bin/cargo"));
            }
            Installed::Only(programs) => {
                for name in BASE.iter().copied().chain(programs.iter().map(String::as_str)) {
                    machine.install(name);
                }
            }
        }
        machine
    }

    /// Installs a program: `releng`, or one that this system has.
    fn install(&self, name: &str) {
        let there = self.folder.join("bin").join(name);
        if name == "releng" {
            std::fs::copy(PROGRAM, there).unwrap();
        } else if let Some(found) = SYSTEM.iter().map(|folder| Path::new(folder).join(name)).find(|file| file.exists())
        {
            std::os::unix::fs::symlink(found, there).unwrap();
        }
    }

    /// A path on the machine.
    pub fn join(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Runs a script as root with these variables and no others. Its processes see and end no others, and the users that it makes are gone
    /// with the machine.
    pub fn run(&self, script: &str, at: &Path, variables: &BTreeMap<String, String>) -> Ran {
        const BEGIN: &str = "set -e\nt=$1\nshift\n[ -e \"$t/etc/passwd\" ] || cp -a /etc/. \"$t/etc\"\n\
            mount --bind \"$t/etc\" /etc\nmount --bind \"$t/home\" /home\nexec env -i \"$@\"\n";
        let file = self.join("script.sh");
        std::fs::write(&file, script).unwrap();
        let mut args = vec!["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", BEGIN, "sh"];
        let folder = self.folder.display().to_string();
        args.push(&folder);
        let mut all = variables.clone();
        all.insert("PATH".to_owned(), self.path.clone());
        all.entry("HOME".to_owned()).or_insert(format!("{folder}/root"));
        let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        args.extend(all.iter().map(String::as_str));
        let file = file.display().to_string();
        args.extend(["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", &file]);
        run_in(at, "unshare", &args, &[])
    }
}
