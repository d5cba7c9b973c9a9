//! A project with releases, packages of several dists, and the repository they are staged in.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use releng::base::checksum::{digest_of_file, render_sums};

use super::program::{PROGRAM, Ran, Sandbox, run_in};
use super::rpms::{Rpm, build_all};

/// When everything happens that no test gives another time.
pub const NOW: &str = "2026-01-02T03:04:05Z";

/// Asks for no acceptance test.
pub const UNTESTED: &[&str] = &["--untested", "a test of the tool"];

const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\n\
    License: MIT\nBuildArch: noarch\nSource0: %{name}-%{version}.tar.gz\n\n%description\nText.\n\n%prep\n%autosetup\n\n\
    %build\n\n%install\ninstall -D -m 0644 a %{buildroot}/usr/share/demo/a\n\n%files\n/usr/share/demo/a\n\n%changelog\n";

/// Built packages by their descriptions: the same one gives the same bytes, so that one build is enough.
static BUILT: LazyLock<Mutex<HashMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);

/// The project `demo` with its repository in `target/repository/`. Its first commit is tagged `1.0`.
pub struct Site {
    /// The project's folder.
    pub project: Sandbox,
}

impl Site {
    /// Without an acceptance test.
    pub fn new() -> Site {
        Site::with("")
    }

    /// With `config` in `packaging/release.toml`.
    pub fn with(config: &str) -> Site {
        let template = ("packaging/demo.spec.in", TEMPLATE);
        let files = [template, ("packaging/release.toml", config), ("a", "1\n"), (".gitignore", "/target\n")];
        Site { project: Sandbox::released(&files) }
    }

    /// Commits without a change of files; each raises the version.
    #[track_caller]
    pub fn commit(&self, message: &str) -> &Site {
        self.project.commit(message, &[]);
        self
    }

    /// Runs the program at [`NOW`].
    pub fn releng(&self, args: &[&str]) -> Ran {
        self.releng_at(NOW, args)
    }

    /// Runs the program at another time.
    pub fn releng_at(&self, now: &str, args: &[&str]) -> Ran {
        self.releng_with(&[("RELENG_NOW", now)], args)
    }

    /// Runs the program with variables; the time is [`NOW`] where they say no other.
    pub fn releng_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ran {
        run_in(self.project.path(), PROGRAM, args, &[variables, &[("RELENG_NOW", NOW)]].concat())
    }

    /// Makes the release of `HEAD` in `target/dist`, without packages; its version.
    #[track_caller]
    pub fn dist(&self) -> String {
        self.releng(&["dist", "--no-stage"]).exits(0);
        self.releng(&["version"]).exits(0).stdout.trim_end().to_owned()
    }

    /// Makes the release of `HEAD` with a package for each of `dists`; its version.
    #[track_caller]
    pub fn build(&self, dists: &[&str]) -> String {
        let version = self.dist();
        for dist in dists {
            self.add(&Rpm::new("demo", &version).dist(dist), dist);
        }
        self.list_builds(|dist| dist.to_owned());
        version
    }

    /// Adds a package to `target/dist/rpm/<dist>/noarch/` and lists it.
    #[track_caller]
    pub fn add(&self, rpm: &Rpm, dist: &str) -> PathBuf {
        let path = format!("target/dist/rpm/{dist}/noarch/{}", rpm.file_name());
        self.project.write(&path, built(rpm));
        self.list();
        self.project.join(&path)
    }

    /// Adds packages that one spec builds: all but the first are its sub-packages.
    #[track_caller]
    pub fn add_together(&self, rpms: &[Rpm], dist: &str) {
        build_all(rpms, &self.project.join(&format!("target/dist/rpm/{dist}/noarch")));
        self.list();
    }

    /// Writes `target/dist/SHA256SUMS` of what is there.
    #[track_caller]
    pub fn list(&self) {
        list_folder(&self.project.join("target/dist"));
    }

    /// Writes `target/dist/builds.json`, where `host` says on which dist the packages of a dist were built, and lists it.
    #[track_caller]
    pub fn list_builds(&self, host: impl Fn(&str) -> String) {
        let folder = self.project.join("target/dist");
        let packages = self.project.files("target/dist/rpm");
        let builds: Vec<serde_json::Value> = packages
            .iter()
            .map(|path| {
                let (file, dist) = (format!("rpm/{path}"), path.split('/').next().unwrap());
                let sha256 = digest_of_file(&folder.join(&file)).unwrap().to_string();
                serde_json::json!({ "file": file, "sha256": sha256, "dist": dist, "host": host(dist) })
            })
            .collect();
        let builds = serde_json::json!({ "schema": "releng.builds/1", "builds": builds });
        self.project.write("target/dist/builds.json", builds.to_string());
        self.list();
    }

    /// Commits, makes the release with packages for `dists` and stages it; its version.
    #[track_caller]
    pub fn release(&self, message: &str, dists: &[&str]) -> String {
        self.commit(message);
        let version = self.build(dists);
        self.releng(&["stage"]).exits(0);
        version
    }

    /// Releases and promotes; the version.
    #[track_caller]
    pub fn promoted(&self, message: &str, dists: &[&str]) -> String {
        let version = self.release(message, dists);
        self.promote(&[]).exits(0);
        version
    }

    /// Promotes without asking for a test; a new series may begin.
    pub fn promote(&self, args: &[&str]) -> Ran {
        self.releng(&[&["promote", "--major"], UNTESTED, args].concat())
    }

    /// Three promoted releases: 1.0.1, 1.0.2, 1.0.3 for el9.
    #[track_caller]
    pub fn of_three() -> Site {
        let site = Site::new();
        for message in ["One", "Two", "Three"] {
            site.promoted(message, &["el9"]);
        }
        site
    }

    /// The target of a served link.
    #[track_caller]
    pub fn link(&self, path: &str) -> PathBuf {
        std::fs::read_link(self.served(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A path in the served tree of the project.
    pub fn served(&self, path: &str) -> PathBuf {
        self.project.join("target/repository/demo").join(path)
    }

    /// A path in the state beside it.
    pub fn state(&self, path: &str) -> PathBuf {
        self.project.join("target/repository-state/demo").join(path)
    }

    /// The text of a served file.
    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        text(&self.served(path))
    }

    /// What is served and what is kept beside it.
    pub fn trees(&self) -> [BTreeMap<String, String>; 2] {
        [tree(&self.served("")), tree(&self.state(""))]
    }

    /// Overwrites a published file, which nobody may, with `change` of its content.
    #[track_caller]
    pub fn tamper(&self, path: &str, change: impl Fn(&mut Vec<u8>)) {
        let path = self.served(path);
        let mut content = std::fs::read(&path).unwrap();
        change(&mut content);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        std::fs::write(&path, content).unwrap();
    }
}

/// The text of a file.
#[track_caller]
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The bytes of a package.
#[track_caller]
pub fn built(rpm: &Rpm) -> Vec<u8> {
    let description = format!("{rpm:?}");
    let known = BUILT.lock().unwrap().get(&description).cloned();
    known.unwrap_or_else(|| {
        let folder = tempfile::tempdir().unwrap();
        let content = std::fs::read(rpm.build_into(folder.path())).unwrap();
        BUILT.lock().unwrap().insert(description, content.clone());
        content
    })
}

/// Writes the `SHA256SUMS` of all files below a folder.
#[track_caller]
pub fn list_folder(folder: &Path) {
    let sums = folder.join("SHA256SUMS");
    drop(std::fs::remove_file(&sums));
    let files: Vec<String> =
        tree(folder).into_iter().filter(|(_, what)| what.starts_with("file")).map(|it| it.0).collect();
    let digests = files.iter().map(|file| (file.as_str(), digest_of_file(&folder.join(file)).unwrap()));
    std::fs::write(sums, render_sums(digests)).unwrap();
}

/// All that is below a folder: paths with kind, mode, date and digest, or where a link leads.
pub fn tree(top: &Path) -> BTreeMap<String, String> {
    fn collect(top: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let about = path.symlink_metadata().unwrap();
            let mode = about.permissions().mode() & 0o7777;
            let what = if about.is_symlink() {
                format!("link to {}", std::fs::read_link(&path).unwrap().display())
            } else if about.is_dir() {
                collect(top, &path, found);
                format!("folder {mode:o}")
            } else {
                let date = about.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
                format!("file {mode:o} {date} {}", digest_of_file(&path).unwrap())
            };
            found.insert(path.strip_prefix(top).unwrap().to_string_lossy().into_owned(), what);
        }
    }
    let mut found = BTreeMap::new();
    collect(top, top, &mut found);
    found
}

/// Fails the test at the first path where two trees differ.
#[track_caller]
pub fn require_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    for path in one.keys().chain(other.keys()) {
        assert_eq!(one.get(path), other.get(path), "{path}");
    }
}
