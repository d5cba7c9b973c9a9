//! A computer that installs from a repository: the real dnf, with root, cache and configuration in a folder of its own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::program::{Ran, run_in};

/// A client that knows one `.repo` file. Nothing on the machine outside its folder is read or changed.
pub struct Client {
    folder: TempDir,
}

impl Client {
    /// A client with nothing installed and nothing cached. `repo` is the text of its `.repo` file.
    pub fn new(repo: &str) -> Client {
        let folder = tempfile::tempdir().unwrap();
        for name in ["root", "repos", "cache", "persist", "log"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("repos/client.repo"), repo).unwrap();
        Client { folder }
    }

    /// A client with the `.repo` file at `path`.
    pub fn with_repo_file(path: &Path) -> Client {
        Client::new(&std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// Makes the client trust the key in a file, as a person does before the first installation.
    #[track_caller]
    pub fn import_key(&self, key: &Path) {
        run_in(Path::new("/"), "rpm", &["--root", &self.path("root"), "--import", &key.display().to_string()], &[])
            .exits(0);
    }

    /// The folder that packages are installed into.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// What is on offer, a NEVRA a line.
    pub fn list(&self) -> Ran {
        self.dnf(&["repoquery", "--available", "--queryformat", "%{name}-%{epoch}:%{version}-%{release}.%{arch}"])
    }

    pub fn install(&self, names: &[&str]) -> Ran {
        self.dnf(&[&["install"], names].concat())
    }

    /// Installs what the client has read of before, without looking what is on offer now.
    pub fn install_as_listed(&self, names: &[&str]) -> Ran {
        self.run(&[&["install"], names].concat())
    }

    pub fn upgrade(&self) -> Ran {
        self.dnf(&["upgrade"])
    }

    pub fn distro_sync(&self) -> Ran {
        self.dnf(&["distro-sync"])
    }

    /// What is installed: NEVRA without epochs, sorted; keys are no packages here.
    pub fn installed(&self) -> Vec<String> {
        let arguments = ["--root", &self.path("root"), "-qa", "--queryformat", "%{NVRA}\\n"];
        let stdout = run_in(Path::new("/"), "rpm", &arguments, &[]).exits(0).stdout;
        let mut names: Vec<String> =
            stdout.lines().filter(|name| !name.starts_with("gpg-pubkey-")).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Runs dnf, which asks the repository anew each time.
    pub fn dnf(&self, arguments: &[&str]) -> Ran {
        // Not metadata_expire=0: dnf 4.14 keeps what it has with that.
        self.run(&[&["--refresh"], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let folders = [("reposdir", "repos"), ("cachedir", "cache"), ("persistdir", "persist"), ("logdir", "log")];
        let folders = folders.map(|(option, name)| format!("--setopt={option}={}", self.path(name)));
        let root = format!("--installroot={}", self.path("root"));
        let mut all = vec!["-q", "-y", &root, "--releasever=40", "--forcearch=x86_64", "--setopt=plugins=0"];
        all.extend(["--setopt=skip_if_unavailable=0", "--setopt=retries=1"]);
        all.extend(folders.iter().map(String::as_str));
        all.extend(arguments);
        run_in(self.folder.path(), "dnf", &all, &[("LC_ALL", "C.UTF-8")])
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
