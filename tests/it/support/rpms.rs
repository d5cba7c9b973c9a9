//! Small noarch RPMs, made by the real rpmbuild: the same description gives the same bytes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::program::run_in;

/// When everything was built, in seconds since 1970: 2020-03-19T08:24:41Z.
pub const DATE: &str = "1584606281";

/// A package to be built: `Rpm::new("lago", "1.0.1").dist("el9").build_into(folder)`.
#[derive(Clone, Debug)]
pub struct Rpm {
    name: String,
    version: String,
    release: String,
    epoch: Option<u32>,
    lines: Vec<String>,
    sections: Vec<String>,
    entries: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
    changelog: String,
}

impl Rpm {
    /// Release 1, with one small file below `/usr/share`.
    pub fn new(name: &str, version: &str) -> Rpm {
        let rpm = Rpm {
            name: name.to_owned(),
            version: version.to_owned(),
            release: "1".to_owned(),
            epoch: None,
            lines: Vec::new(),
            sections: Vec::new(),
            entries: Vec::new(),
            files: Vec::new(),
            changelog: String::new(),
        };
        rpm.file(&format!("/usr/share/{name}/version"), format!("{version}\n"))
    }

    /// Replaces release 1; without the dist.
    pub fn release(mut self, release: &str) -> Rpm {
        self.release = release.to_owned();
        self
    }

    /// Appends `.DIST` to the release.
    pub fn dist(mut self, dist: &str) -> Rpm {
        self.release = format!("{}.{dist}", self.release);
        self
    }

    /// Gives it an epoch.
    pub fn epoch(mut self, epoch: u32) -> Rpm {
        self.epoch = Some(epoch);
        self
    }

    /// Adds a line to the head of the spec, such as `Requires: (a if b)`.
    pub fn line(mut self, line: &str) -> Rpm {
        self.lines.push(line.to_owned());
        self
    }

    /// Adds a section, such as `%post\necho`. Not for packages that are built together.
    pub fn section(mut self, section: &str) -> Rpm {
        self.sections.push(section.to_owned());
        self
    }

    /// Adds a line to `%files` for which nothing is written, such as `%ghost /var/log/lago.log`.
    pub fn entry(mut self, line: &str) -> Rpm {
        self.entries.push(line.to_owned());
        self
    }

    /// Adds a file. Below a `bin` it can be run; below `/etc` it is a configuration file.
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Rpm {
        let attributes = if path.starts_with("/etc/") { "%config(noreplace) " } else { "" };
        let mode = if path.contains("bin/") { "0755" } else { "0644" };
        self.entries.push(format!("{attributes}%attr({mode}, root, root) \"{path}\""));
        self.files.push((path.to_owned(), content.as_ref().to_vec()));
        self
    }

    /// Adds a file of so many bytes that no compressor makes smaller.
    pub fn payload(self, bytes: usize) -> Rpm {
        let seed = self
            .name
            .bytes()
            .chain(self.version.bytes())
            .fold(1u64, |seed, byte| seed.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(byte) | 1));
        let mut state = seed;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        let content: Vec<u8> = noise.flatten().take(bytes).collect();
        let path = format!("/usr/share/{}/payload", self.name);
        self.file(&path, content)
    }

    /// The text of `%changelog`.
    pub fn changelog(mut self, text: &str) -> Rpm {
        self.changelog = text.to_owned();
        self
    }

    /// What its file is called.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.noarch.rpm", self.name, self.version, self.release)
    }

    /// Builds it; its path in `folder`, which is made where it is not there.
    #[track_caller]
    pub fn build_into(&self, folder: &Path) -> PathBuf {
        build_all(std::slice::from_ref(self), folder).remove(0)
    }

    /// Builds the source package; its path in `folder`.
    #[track_caller]
    pub fn build_source_into(&self, folder: &Path) -> PathBuf {
        let built = rpmbuild("-bs", std::slice::from_ref(self));
        let suffix = if self.lines.iter().any(|line| line.contains("NoSource")) { "nosrc" } else { "src" };
        let name = format!("{}-{}-{}.{suffix}.rpm", self.name, self.version, self.release);
        take(&built.path().join("SRPMS").join(name), folder)
    }
}

/// Builds packages of different names with one call of rpmbuild: hundreds take a moment. All but the first are
/// subpackages of the first, and have its changelog; a path that two of them have has one content. Their paths, in order.
#[track_caller]
pub fn build_all(rpms: &[Rpm], folder: &Path) -> Vec<PathBuf> {
    let built = rpmbuild("-bb", rpms);
    rpms.iter().map(|rpm| take(&built.path().join("RPMS/noarch").join(rpm.file_name()), folder)).collect()
}

/// Moves what was built into `folder`, which may be on another file system.
#[track_caller]
fn take(built: &Path, folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(built.file_name().unwrap());
    std::fs::copy(built, &path).unwrap_or_else(|error| panic!("{}: {error}", built.display()));
    path
}

/// Runs rpmbuild in a folder of its own, where what it builds is.
#[track_caller]
fn rpmbuild(what: &str, rpms: &[Rpm]) -> TempDir {
    let top = tempfile::tempdir().unwrap();
    for (path, content) in rpms.iter().flat_map(|rpm| &rpm.files) {
        let path = top.path().join(format!("tree{path}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::write(top.path().join("all.spec"), spec(rpms)).unwrap();
    for source in rpms.iter().flat_map(|rpm| &rpm.lines).filter_map(|line| line.strip_prefix("Source0: ")) {
        let folder = top.path().join("SOURCES");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(source), "data").unwrap();
    }
    let home = top.path().to_str().unwrap();
    let mut args = vec![what.to_owned(), "--quiet".to_owned(), "--nodeps".to_owned()];
    for define in [
        &format!("_topdir {home}"),
        &format!("_tmppath {home}"),
        "_buildhost reproducible",
        "use_source_date_epoch_as_buildtime 1",
        "clamp_mtime_to_source_date_epoch 1",
        "_binary_payload w1.gzdio",
        "__os_install_post %{nil}",
        "dist %{nil}",
    ] {
        args.extend(["--define".to_owned(), define.to_owned()]);
    }
    args.push("all.spec".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // Names of files that are not of ASCII are accepted in a UTF-8 locale only.
    let variables = [("SOURCE_DATE_EPOCH", DATE), ("HOME", home), ("LC_ALL", "C.UTF-8")];
    run_in(top.path(), "rpmbuild", &args, &variables).exits(0);
    top
}

fn spec(rpms: &[Rpm]) -> String {
    let mut text = String::new();
    let main = &rpms[0];
    for (index, rpm) in rpms.iter().enumerate() {
        let Rpm { name, version, release, lines, .. } = rpm;
        let head = if index == 0 { format!("Name: {name}") } else { format!("%package -n {name}") };
        writeln!(text, "{head}\nVersion: {version}\nRelease: {release}\nSummary: Tests of {name}").unwrap();
        if index == 0 {
            writeln!(text, "License: MIT\nBuildArch: noarch").unwrap();
        }
        // A subpackage would take over the epoch of the first.
        if let Some(epoch) = rpm.epoch.or(main.epoch.map(|_| 0)) {
            writeln!(text, "Epoch: {epoch}").unwrap();
        }
        writeln!(text, "{}\n", lines.join("\n")).unwrap();
        let of = if index == 0 { String::new() } else { format!(" -n {name}") };
        writeln!(text, "%description{of}\nText of {name}.\n").unwrap();
    }
    text.push_str("%install\nmkdir -p %{buildroot}\ncp -a %{_topdir}/tree/. %{buildroot}/\n\n");
    for (index, rpm) in rpms.iter().enumerate() {
        let of = if index == 0 { String::new() } else { format!(" -n {}", rpm.name) };
        writeln!(text, "{}\n\n%files{of}\n{}\n", rpm.sections.join("\n\n"), rpm.entries.join("\n")).unwrap();
    }
    writeln!(text, "%changelog\n{}", main.changelog).unwrap();
    text
}
