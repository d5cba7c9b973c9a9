//! One spec, written here and by `rpmbuild`, and compared.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use releng::rpm::srpm::{self, BuildFacts, Content, Parsed, SourceFile};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// The time of everything that is built.
pub const SOURCE_DATE: u32 = 1_700_000_000;

/// What differs from machine to machine, or follows from what does.
const DIFFERENT: &str = "BUILDTIME BUILDHOST COOKIE SPEC ARCH RPMVERSION SHA1HEADER SHA256HEADER SIGMD5 PKGID HDRID \
    PAYLOADDIGEST NVRA NEVRA SIGSIZE LONGSIGSIZE HEADERIMMUTABLE HEADERSIGNATURES HEADERIMAGE";

/// Where the lead names the package.
const LEAD_NAME: std::ops::Range<usize> = 10..76;

/// Macros that the distributions have, and this machine's rpm has not.
const DISTRIBUTION_MACROS: &str = include_str!("distribution.macros");

/// A folder with a spec, its files with made-up content, and an `rpmbuild` tree of its own.
pub struct Bench {
    /// Where everything lies.
    pub folder: TempDir,
    spec_name: String,
    /// What was read from the spec.
    pub parsed: Parsed,
}

impl Bench {
    #[track_caller]
    pub fn new(name: &str, text: &str) -> Bench {
        Bench::with(name, text, Parsed::parse(text).unwrap())
    }

    /// A bench without the files that other distributions need, which `rpmbuild` leaves out.
    pub fn with(name: &str, text: &str, mut parsed: Parsed) -> Bench {
        parsed.sources.retain(|source| !source.is_elsewhere);
        let bench = Bench { folder: tempfile::tempdir().unwrap(), spec_name: format!("{name}.spec"), parsed };
        bench.put(&bench.spec_name, text.as_bytes());
        for file in bench.files() {
            let Content::Bytes(bytes) = &file.content else { unreachable!("made in memory") };
            bench.put(&file.name, bytes);
        }
        bench
    }

    /// The files that the spec names, with contents of several lengths.
    fn files(&self) -> Vec<SourceFile> {
        let file = |name: &str| {
            let content = Content::Bytes(name.repeat(name.len() * 100).into_bytes());
            SourceFile { name: name.to_owned(), mode: 0o644, content }
        };
        self.parsed.needed_files().into_iter().map(file).collect()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(SOURCE_DATE.into());
        File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }

    pub fn bytes(&self) -> Vec<u8> {
        let facts = BuildFacts { spec_name: &self.spec_name, source_date: SOURCE_DATE, threads: 2 };
        let mut bytes = Vec::new();
        srpm::write(&self.parsed, &self.files(), &facts, &mut bytes).unwrap();
        bytes
    }

    /// Our package, in a folder of its own under the name it should have.
    pub fn ours(&self) -> PathBuf {
        fs::create_dir_all(self.path("ours")).unwrap();
        let path = self.path("ours").join(self.parsed.file_name());
        fs::write(&path, self.bytes()).unwrap();
        path
    }

    /// Runs `rpmbuild` in the folder, as reproducibly as it can.
    pub fn rpmbuild(&self, arguments: &[&str]) -> xshell::Result<String> {
        let shell = shell();
        shell.change_dir(self.folder.path());
        shell.set_var("SOURCE_DATE_EPOCH", SOURCE_DATE.to_string());
        let top = self.folder.path();
        let mut macros = vec![format!("_topdir {}", top.display()), format!("_sourcedir {}", top.display())];
        macros.extend(["_srcdefattr (-,root,root)", "_source_payload w6.gzdio"].map(str::to_owned));
        let macros = macros.iter().flat_map(|one| ["--define", one]);
        // The macros of distributions, beside those of this machine's rpm.
        fs::write(top.join("distribution.macros"), DISTRIBUTION_MACROS).unwrap();
        let files = format!("--load={}", top.join("distribution.macros").display());
        cmd!(shell, "rpmbuild {files} {macros...} {arguments...}").quiet().ignore_stderr().read()
    }

    /// Whether rpm finds an error in a spec. With an error in its changelog it is read up to there, with exit code 0.
    pub fn rpm_refuses(text: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let (spec, macros) = (folder.path().join("a.spec"), folder.path().join("distribution.macros"));
        fs::write(&spec, text).unwrap();
        fs::write(&macros, DISTRIBUTION_MACROS).unwrap();
        let (shell, load) = (shell(), format!("--load={}", macros.display()));
        let said = cmd!(shell, "rpmspec {load} -P {spec}").quiet().ignore_status().output().unwrap().stderr;
        String::from_utf8_lossy(&said).contains("error:")
    }

    /// The package that `rpmbuild` makes; an error where it refuses the spec.
    pub fn theirs(&self) -> xshell::Result<PathBuf> {
        self.rpmbuild(&["-bs", &self.spec_name])?;
        Ok(self.path("SRPMS").join(self.parsed.file_name()))
    }

    /// The tags in which the two packages differ.
    pub fn differences(&self, theirs: &Path) -> Vec<String> {
        let lead = |package: &Path| String::from_utf8_lossy(&fs::read(package).unwrap()[LEAD_NAME]).into_owned();
        let all = |package: &Path| [query(package), vec![lead(package)]].concat();
        let (ours, theirs) = (all(&self.ours()), all(theirs));
        let pairs = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
        pairs.map(|(ours, theirs)| format!("ours   {ours}\ntheirs {theirs}")).collect()
    }
}

/// A shell in which rpm speaks one language and reads no person's configuration.
pub fn shell() -> Shell {
    let shell = Shell::new().unwrap();
    shell.set_var("LC_ALL", "C.UTF-8");
    shell.set_var("HOME", "/nonexistent");
    shell
}

/// Every tag that rpm knows, with its value in this package, but for those of [`DIFFERENT`].
fn query(package: &Path) -> Vec<String> {
    let shell = shell();
    let tags = cmd!(shell, "rpm --querytags").quiet().read().unwrap();
    let compared = tags.split_whitespace().filter(|tag| !DIFFERENT.split_whitespace().any(|other| other == *tag));
    let format: String = compared.map(|tag| format!("{tag}=[%{{{tag}}}|]\\f")).collect();
    let answer = cmd!(shell, "rpm -qp --nosignature --qf {format} {package}").quiet().read().unwrap();
    let mut values: Vec<String> = answer.split('\u{c}').map(str::to_owned).collect();
    // A query shows one language of a text; its form in XML shows all.
    values.extend(["SUMMARY", "DESCRIPTION", "GROUP", "HEADERI18NTABLE"].map(|tag| {
        let format = format!("{tag}=[%{{{tag}:xml}}]");
        cmd!(shell, "rpm -qp --nosignature --qf {format} {package}").quiet().read().unwrap()
    }));
    values
}
