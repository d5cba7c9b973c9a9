//! The real podman, with containers in a folder of its own, and the image that `scripts/make-test-image` made.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::program::{PROGRAM, Ran, Sandbox, run_in};
use super::root;

/// The image, as `podman import` named it.
const IMAGE: &str = "localhost/releng-test";

/// A podman whose containers are its own. Nothing of the machine's containers and images is read or changed.
pub struct Podman {
    folder: TempDir,
    /// The image with rpmbuild and a compiler, as the configuration names it: with its digest.
    pub image: String,
}

impl Podman {
    /// A podman without containers.
    pub fn new() -> Podman {
        let made = root().join("target/test-image");
        let hint =
            "run `scripts/install-test-tools`, as root or as a user who may run podman without it (`/etc/subuid`)";
        assert!(made.join("made-by").exists(), "there is no image in `{}`: {hint}", made.display());
        let has_podman = duct::cmd!("podman", "--version").stdout_null().run().is_ok();
        assert!(has_podman, "there is no podman: {hint}");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        // `[engine]` is the last table of this file. podman ignores a `static_dir` in it when a container ends.
        let engine = std::fs::read_to_string(made.join("containers.conf")).unwrap();
        let engine = format!("{engine}tmp_dir = \"{}\"\nvolume_path = \"{}\"\n", path("tmp"), path("volumes"));
        std::fs::write(path("containers.conf"), engine).unwrap();
        // The mount that podman else makes over its own store would outlive the folder.
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n[storage.options]\n\
             additionalimagestores = [\"{}\"]\n[storage.options.overlay]\nskip_mount_home = \"true\"\n",
            path("store"),
            path("run"),
            made.join("store").display()
        );
        std::fs::write(path("storage.conf"), storage).unwrap();
        let mut podman = Podman { folder, image: String::new() };
        podman.image = podman.pinned(IMAGE);
        podman
    }

    /// An image with its digest, by the command that the program's help names.
    #[track_caller]
    pub fn pinned(&self, image: &str) -> String {
        let digest = self.run(&["image", "inspect", "--format", "{{.Digest}}", image]).exits(0).stdout;
        format!("{image}@{}", digest.trim_end())
    }

    /// Runs podman itself.
    pub fn run(&self, args: &[&str]) -> Ran {
        let variables = self.variables();
        run_in(Path::new("/"), "podman", args, &variables.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    /// The names of all containers, those that have ended, too.
    #[track_caller]
    pub fn containers(&self) -> Vec<String> {
        let listed = self.run(&["ps", "--all", "--format", "{{.Names}}"]).exits(0).stdout;
        listed.lines().map(str::to_owned).collect()
    }

    /// Runs the program in a project, with this podman.
    pub fn releng(&self, project: &Sandbox, args: &[&str]) -> Ran {
        let variables = self.variables();
        run_in(project.path(), PROGRAM, args, &variables.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    /// The folder for the builds.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// The variables that select this podman, and the folder for builds.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        let path = |name: &str| self.folder.path().join(name);
        std::fs::create_dir_all(self.scratch()).unwrap();
        [
            ("CONTAINERS_CONF", path("containers.conf")),
            ("CONTAINERS_STORAGE_CONF", path("storage.conf")),
            ("TMPDIR", self.scratch()),
        ]
        .map(|(name, path)| (name, path.display().to_string()))
    }
}
