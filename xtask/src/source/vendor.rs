//! The vendor archive: the crates of a project, for builds without a network.
//!
//! `cargo vendor --locked` runs in an export of the commit, never in the work tree. The archive has one folder,
//! `vendor/`, with the crates and `vendor/config.toml`. It is unpacked into the folder of the unpacked tarball:
//!
//! ```text
//! cargo --config vendor/config.toml build --offline --frozen
//! ```
//!
//! With a `.cargo/config.toml` the option would not be needed, but this file would overwrite the project's own. The same
//! commit and the same cargo give the same bytes: members are sorted, and have the commit's date and plain modes.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::base::checksum::digest_of;
use crate::base::error::{Exit, Failure, committed};
use crate::base::interrupt;
use crate::base::process::{Program, with_help};
use crate::base::progress::Progress;
use crate::git::{CommitId, ObjectId};
use crate::project::config::{CrateFacts, PATH, SourceKeys, read_crate, read_lock, with_vendor_directory};
use crate::source::export::Export;
use crate::source::folder::write_tree;
use crate::source::members::{Member, Shape};
use crate::source::sbom::BomCrate;
use crate::source::sbom::licence::Licence;
use crate::source::tarball::Tarball;

/// The only folder in the archive.
const FOLDER: &str = "vendor";

/// A folder with the crates of a commit.
pub struct Vendored {
    /// The folder above `vendor/`.
    root: PathBuf,
    /// Every file and link below `vendor/`, relative to `root`, sorted by the bytes of the path.
    paths: Vec<PathBuf>,
    /// The date of all members, in seconds since 1970.
    seconds: u64,
    /// The crates, sorted by name and version.
    crates: Vec<BomCrate>,
}

impl Vendored {
    /// Writes the commit's tree into the empty folder `scratch`, and runs `cargo vendor` there. The folder must be
    /// outside of the project: cargo reads workspaces and configuration from every folder above.
    ///
    /// Errors: no `Cargo.lock` in the commit; cargo is not installed, is offline, or finds the lock file out of date.
    pub fn load(
        export: &Export,
        keys: &SourceKeys,
        scratch: &Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Vendored> {
        let root = scratch.join("tree");
        write_tree(export, &root, threads, progress)?;
        let lock = keys.lock_path();
        if !root.join(&lock).is_file() {
            return Err(no_lock(export, &lock).into());
        }
        progress.begin("vendoring the crates", None);
        // Not in the tree: the archive would have the files of the project's own `vendor/`.
        let crates = scratch.join("crates");
        fs::create_dir_all(&crates).with_context(|| format!("cannot create `{}`", crates.display()))?;
        let config = run_cargo_vendor(&root, keys.manifest_path(), &crates.join(FOLDER));
        progress.end();
        let config = with_vendor_directory(&config?, FOLDER)?;
        let path = crates.join(FOLDER).join("config.toml");
        fs::create_dir_all(crates.join(FOLDER))
            .and_then(|()| fs::write(&path, config))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        let described = describe_crates(&crates.join(FOLDER), &root.join(&lock))?;
        Ok(Vendored { crates: described, ..Vendored::in_folder(crates, export.seconds())? })
    }

    /// The crates in `root/vendor`, with the date `seconds` since 1970.
    pub fn in_folder(root: PathBuf, seconds: u64) -> Result<Vendored> {
        let mut paths = Vec::new();
        collect(&root, Path::new(FOLDER), &mut paths)?;
        paths.sort_by(|one, other| one.as_os_str().as_bytes().cmp(other.as_os_str().as_bytes()));
        Ok(Vendored { root, paths, seconds, crates: Vec::new() })
    }

    /// The crates, sorted by name and version.
    pub fn into_crates(self) -> Vec<BomCrate> {
        self.crates
    }

    /// The number of members.
    pub fn member_count(&self) -> u64 {
        self.paths.len() as u64
    }

    /// Writes the archive, uncompressed.
    pub fn write(&self, out: &mut impl std::io::Write, progress: &dyn Progress) -> Result<()> {
        let mut tarball = Tarball::begin(out, None, self.seconds)?;
        for path in &self.paths {
            interrupt::check()?;
            let read = self.read(path).with_context(|| format!("cannot read `{}`", self.root.join(path).display()));
            let (shape, content) = read?;
            let path = path.as_os_str().as_bytes();
            tarball.add(&Member { path, id: digest_of_path(path), shape, content: content.into() })?;
            progress.advance(1);
        }
        tarball.finish()
    }

    fn read(&self, path: &Path) -> std::io::Result<(Shape, Vec<u8>)> {
        let from = self.root.join(path);
        let metadata = from.symlink_metadata()?;
        if metadata.is_symlink() {
            return Ok((Shape::Link, fs::read_link(&from)?.as_os_str().as_bytes().to_vec()));
        }
        let is_executable = metadata.permissions().mode() & 0o100 != 0;
        Ok((if is_executable { Shape::Executable } else { Shape::File }, fs::read(&from)?))
    }
}

/// The crates in `folder`, by their own manifests and by the lock file `lock`. cargo has written both just now.
fn describe_crates(folder: &Path, lock: &Path) -> Result<Vec<BomCrate>> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()));
    let locked = read_lock(&read(lock)?).map_err(|why| anyhow!("cannot read `{}`: {why}", lock.display()))?;
    let failed = || format!("cannot list `{}`", folder.display());
    let mut crates = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let manifest = entry.with_context(failed)?.path().join("Cargo.toml");
        if !manifest.is_file() {
            continue; // `config.toml`
        }
        let facts =
            read_crate(&read(&manifest)?).map_err(|why| anyhow!("cannot read `{}`: {why}", manifest.display()))?;
        let CrateFacts { name, version, licence } = facts;
        let found = locked.iter().find(|locked| locked.name == name && locked.version == version);
        let (source, sha256) = found.map_or((None, None), |found| (found.source.clone(), found.sha256));
        crates.push(BomCrate { name, version, licence: licence.as_deref().map(Licence::parse), source, sha256 });
    }
    crates.sort();
    Ok(crates)
}

/// The limit of `cargo vendor`, which may have to download hundreds of crates.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Writes the crates of the workspace of `manifest` into `folder`, and returns the configuration that cargo prints.
fn run_cargo_vendor(root: &Path, manifest: &str, folder: &Path) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args =
        ["vendor", "--locked", "--versioned-dirs", "--color=never", "--manifest-path", manifest].map(OsString::from);
    let args = args.into_iter().chain([folder.as_os_str().to_owned()]).collect();
    // The settings of the build that runs this program do not apply to the project.
    let variables = vec![("CARGO_TARGET_DIR", None), ("RUSTFLAGS", None), ("CARGO_MANIFEST_DIR", None)];
    let vendored = Program { program: &cargo, args, folder: root, variables, input: Vec::new() }.read_within(LIMIT);
    vendored.map_err(|error| with_help(error, |message| help_for(message, root)))
}

/// The words of cargo's errors that come from a lack of network.
const OF_THE_NETWORK: [&str; 9] = [
    "offline",
    "failed to download",
    "failed to fetch",
    "network",
    "HTTP",
    "resolve host",
    "connect to",
    "timed out",
    "SSL",
];

/// The help for an error message of cargo, which ran in the folder `root`.
fn help_for(message: &str, root: &Path) -> String {
    if message.contains("--locked was passed") {
        return "bring the lock file up to date with `cargo update --workspace`, and commit it".to_owned();
    }
    let unread = message.split_once("failed to read `").and_then(|(_, rest)| rest.split_once('`'));
    if let Some((path, _)) = unread.filter(|_| message.contains("No such file")) {
        return help_for_missing(Path::new(path), root);
    }
    if let Some((_, rest)) = message.split_once("found duplicate version of package `") {
        let package = rest.split('`').next().unwrap_or_default();
        return format!("take `{package}` from one source only: `cargo tree --invert` shows who depends on it");
    }
    if message.contains("rustup") {
        return "install the Rust toolchain that `rust-toolchain.toml` names: `rustup toolchain install`".to_owned();
    }
    if OF_THE_NETWORK.iter().any(|word| message.contains(word)) {
        return "cargo fetches the crates from the network; without one, leave the vendor archive out: `--no-vendor`"
            .to_owned();
    }
    "correct it in the commit; `cargo vendor --locked` in a new clone repeats it. \
     To leave the vendor archive out: `--no-vendor`"
        .to_owned()
}

/// The help for a file that cargo needs and the export of the commit does not have.
fn help_for_missing(path: &Path, root: &Path) -> String {
    let Ok(missing) = path.strip_prefix(root) else {
        return "a dependency has a `path` that leads out of the commit, and the archives have only the commit: \
                move the crate into this repository, or depend on a published version or a git address"
            .to_owned();
    };
    let shown = missing.display();
    let folder = missing.parent().filter(|folder| !folder.as_os_str().is_empty());
    let is_empty = |folder: &&Path| root.join(folder).read_dir().is_ok_and(|mut entries| entries.next().is_none());
    match folder.filter(is_empty) {
        Some(folder) => format!(
            "`{}` is a submodule, whose files no source archive has: move the crate into this repository, or depend on its \
             git address",
            folder.display()
        ),
        None => {
            format!("commit `{shown}`; if it is committed, `.gitattributes` has `export-ignore` for it: remove that")
        }
    }
}

/// The id for the tar header of a member whose path is too long. Members from outside git have no object id.
fn digest_of_path(path: &[u8]) -> ObjectId {
    let mut id = [0; 20];
    id.copy_from_slice(&digest_of(path).0[..20]);
    CommitId(id)
}

fn collect(root: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let failed = || format!("cannot list `{}`", root.join(folder).display());
    for entry in fs::read_dir(root.join(folder)).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let path = folder.join(entry.file_name());
        if entry.file_type().with_context(failed)?.is_dir() {
            collect(root, &path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// The failure for a commit without the lock file `lock`; the help names one elsewhere, if there is only one.
fn no_lock(export: &Export, lock: &str) -> Failure {
    let others = export.paths().filter_map(|path| std::str::from_utf8(path).ok()?.strip_suffix("/Cargo.lock"));
    let mut others = others.map(|folder| format!("{folder}/Cargo.toml"));
    let help = match (others.next(), others.next()) {
        (Some(manifest), None) => committed(&format!("set `[source]` and `manifest = \"{manifest}\"` in `{PATH}`")),
        _ => format!(
            "commit the lock file, or {}",
            committed(&format!("set `[source]` and `vendor = \"none\"` in `{PATH}`"))
        ),
    };
    Failure::new(Exit::Usage, format!("`source.vendor` is `cargo`, and the commit has no `{lock}`")).help(help)
}
