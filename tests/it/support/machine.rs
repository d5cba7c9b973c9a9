//! A computer whose dnf finds its own `/etc`: `.repo` files and keys that packages install are those that dnf reads.
//!
//! `dnf --installroot` reads `file:///etc/pki/…` from the machine that runs it. So each dnf runs in a mount namespace of its own,
//! in which `/etc/pki` is that of the root.

use std::path::Path;

use tempfile::TempDir;

use super::program::{Ran, run_in};

const MOUNTED: &str = "mount --bind \"$0\" /etc && exec \"$@\"";

/// A machine of el9 that nobody works on: after the first installation, only `dnf -y upgrade` runs on it.
pub struct Machine {
    folder: TempDir,
}

impl Machine {
    /// With an empty root.
    pub fn new() -> Machine {
        let machine = Machine { folder: tempfile::tempdir().unwrap() };
        for name in ["root/etc/yum.repos.d", "root/etc/pki", "cache", "persist", "log"] {
            std::fs::create_dir_all(machine.folder.path().join(name)).unwrap();
        }
        // Some files of /etc may not be readable; dnf does not need them.
        run_in(machine.folder.path(), "cp", &["-a", "/etc", "."], &[]);
        run_in(machine.folder.path(), "rm", &["-rf", "etc/pki"], &[]).exits(0);
        std::os::unix::fs::symlink(machine.folder.path().join("root/etc/pki"), machine.folder.path().join("etc/pki"))
            .unwrap();
        machine
    }

    /// Writes a file, as a person with `curl` does.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(format!("root{path}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The text of a file; empty if there is none.
    pub fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("root{path}"))).unwrap_or_default()
    }

    /// The names of the files in `/etc/yum.repos.d`, sorted.
    pub fn repo_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("root/etc/yum.repos.d")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// Runs dnf, which asks the repository anew each time.
    pub fn dnf(&self, arguments: &[&str]) -> Ran {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let folders =
            [("reposdir", "root/etc/yum.repos.d"), ("cachedir", "cache"), ("persistdir", "persist"), ("logdir", "log")];
        let folders = folders.map(|(option, name)| format!("--setopt={option}={}", path(name)));
        let (etc, root) = (path("etc"), format!("--installroot={}", path("root")));
        let mut all = vec!["--user", "--map-root-user", "--mount", "sh", "-c", MOUNTED, &etc];
        all.extend(["dnf", "-y", "--refresh", &root, "--releasever=9", "--forcearch=x86_64", "--setopt=plugins=0"]);
        all.extend(folders.iter().map(String::as_str));
        all.extend(arguments);
        run_in(self.folder.path(), "unshare", &all, &[("LC_ALL", "C.UTF-8")])
    }

    /// Runs dnf, which must succeed and leave these packages, without release; sorted.
    #[track_caller]
    pub fn does(&self, arguments: &[&str], installed: &[&str]) -> Ran {
        let ran = self.dnf(arguments).exits(0);
        assert_eq!(self.installed(), installed, "{}{}", ran.stdout, ran.stderr);
        ran
    }

    /// The installed packages as `NAME-VERSION`, sorted; keys are no packages here.
    pub fn installed(&self) -> Vec<String> {
        let root = self.folder.path().join("root").display().to_string();
        let arguments = ["--root", &root, "-qa", "--queryformat", "%{NAME}-%{VERSION}\\n"];
        let stdout = run_in(Path::new("/"), "rpm", &arguments, &[]).exits(0).stdout;
        let mut names: Vec<String> =
            stdout.lines().filter(|name| !name.starts_with("gpg-pubkey-")).map(str::to_owned).collect();
        names.sort();
        names
    }
}
