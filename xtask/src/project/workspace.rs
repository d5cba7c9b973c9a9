//! Finds the root of the project, and the source of its history: git, or the files of an unpacked source archive.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::git::Repository;
use crate::project::config::{self, Config};
use crate::project::definition::{OutOfTree, load_config};
use crate::project::manifests::name_in_address;
use crate::project::name::NameSource;
use crate::project::release_info::{self, ReleaseInfo};
use crate::project::tree::Tree;

/// The name of the configuration in the folder of `--packaging`.
pub const PACKAGING_CONFIG: &str = "release.toml";

/// A project on disk.
pub struct Workspace {
    /// The absolute path of its top folder; for a bare repository, of the repository.
    pub root: PathBuf,
    pub origin: Origin,
    /// The folder of `--packaging`: its `release.toml` and its spec go before those of the project.
    pub packaging: Option<PathBuf>,
    /// The spec of `--spec`, relative to the root.
    pub stated_spec: Option<String>,
}

/// The source of a project's version and changelog.
pub enum Origin {
    /// Its own git repository.
    Git(Repository),
    /// The files in its unpacked source archive.
    Unpacked(ReleaseInfo),
    /// Neither. The failure is reported when version or changelog are needed.
    Nothing(Failure),
}

impl Workspace {
    /// Finds the project at `start` or in the nearest folder above it that has a `packaging/release.toml`, a
    /// `.release.json` or a `.git`, or is a bare repository. The working directory does not change.
    pub fn discover(start: &Path) -> Result<Workspace> {
        let start = start.canonicalize().map_err(|error| {
            let shown = start.display();
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => format!("there is no folder `{shown}`"),
                _ => format!("cannot use the folder `{shown}`: {error}"),
            };
            Failure::new(Exit::Usage, message).help("give `--project` the folder of a project, or run this inside one")
        })?;
        let root = start.ancestors().find(|folder| is_root(folder)).ok_or_else(|| no_project(&start))?.to_owned();
        let origin = find_origin(&root)?;
        if let Origin::Git(repository) = &origin
            && let Some((inner, Untracked { verb })) = find_untracked_project(repository, &root, &start)?
        {
            let why = format!("it lies in the repository of `{}`, which {verb} it", root.display());
            return Ok(Workspace::new(inner.clone(), Origin::Nothing(no_history(&inner, &why))));
        }
        Ok(Workspace::new(root, origin))
    }

    fn new(root: PathBuf, origin: Origin) -> Workspace {
        Workspace { root, origin, packaging: None, stated_spec: None }
    }

    /// What belongs to the project and is not in its tree.
    pub fn out_of_tree(&self) -> OutOfTree {
        let fallback_name = match &self.origin {
            Origin::Git(repository) => {
                let name = repository.remote_address("origin").and_then(|address| name_in_address(&address));
                name.and_then(|name| Some((name.try_into().ok()?, NameSource::Remote)))
            }
            Origin::Unpacked(info) => Some((info.name.clone(), NameSource::Archive)),
            Origin::Nothing(_) => None,
        };
        OutOfTree { packaging: self.packaging.clone(), fallback_name }
    }

    /// The configuration in the folder of `--packaging`, if there is one.
    pub fn packaging_config(&self) -> Result<Option<Config>> {
        let Some(path) = self.packaging.as_ref().map(|folder| folder.join(PACKAGING_CONFIG)) else { return Ok(None) };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        let config = Config::parse(&text).map_err(|failure| Failure {
            message: failure.message.replace(config::PATH, &path.display().to_string()),
            ..failure
        })?;
        Ok(Some(config))
    }

    /// The configuration that a person edits: that of `--packaging`, else that of the work tree or the unpacked archive.
    pub fn local_config(&self) -> Result<Config> {
        let config = match self.packaging_config()? {
            Some(config) => config,
            None => load_config(self.local_tree()?)?.unwrap_or_default(),
        };
        Ok(self.with_stated_spec(config))
    }

    /// A configuration with the spec of `--spec`.
    #[must_use]
    pub fn with_stated_spec(&self, mut config: Config) -> Config {
        if let Some(spec) = &self.stated_spec {
            config.rpm.spec = Some(spec.clone());
        }
        config
    }

    /// The git repository. Errors: there is none; the message gives the reason.
    pub fn repository(&self) -> Result<&Repository> {
        match &self.origin {
            Origin::Git(repository) => Ok(repository),
            Origin::Nothing(failure) => Err(failure.clone().into()),
            Origin::Unpacked(info) => {
                let shown = self.root.display();
                let message = format!(
                    "`{shown}` is the unpacked source of version {}: its `.release.json` says so",
                    info.version
                );
                Err(Failure::new(Exit::NotEnoughHistory, message)
                    .help("run this in a clone of the project; in one, remove the `.release.json`")
                    .into())
            }
        }
    }

    /// The files of the work tree or the unpacked archive; in a bare repository, those of `HEAD`.
    pub fn local_tree(&self) -> Result<Tree<'_>> {
        match self.work_tree() {
            Some(root) => Ok(Tree::Folder(root)),
            None => self.repository().and_then(|repository| Ok(Tree::Commit(repository, repository.head()?))),
        }
    }

    /// The folder for the state of this program: `target/releng`; in a bare repository, a hidden folder beside
    /// `results`.
    pub fn state_folder(&self, results: &Path) -> PathBuf {
        match self.work_tree() {
            Some(root) => root.join("target/releng"),
            None => {
                let name = results.file_name().unwrap_or_default().to_string_lossy();
                results.with_file_name(format!(".{name}.releng-state"))
            }
        }
    }

    /// The root of the work tree or of the unpacked archive; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Git(repository) => repository.work_tree(),
            _ => Some(&self.root),
        }
    }
}

fn find_origin(root: &Path) -> Result<Origin> {
    let has_git = root.join(".git").exists() || is_bare(root);
    let repository = if has_git { Some(Repository::open(root)?) } else { None };
    // A clone may have a `.release.json`, tracked or unpacked over it. The file counts only if git does not have its
    // commit, as in a repository that was made from an unpacked archive.
    match (ReleaseInfo::load(root), repository) {
        (Ok(Some(info)), Some(repository)) if repository.commit(info.commit).is_err() => {
            return Ok(Origin::Unpacked(info));
        }
        (_, Some(repository)) => return Ok(Origin::Git(repository)),
        (info, None) => {
            if let Some(info) = info? {
                return Ok(Origin::Unpacked(info));
            }
        }
    }
    let outer = root.ancestors().skip(1).find(|folder| folder.join(".git").exists());
    let why = match outer {
        Some(outer) => format!("it lies in the repository of `{}`", outer.display()),
        None => "it is not a git repository, so there is no history to count".to_owned(),
    };
    Ok(Origin::Nothing(no_history(root, &why)))
}

fn no_history(root: &Path, why: &str) -> Failure {
    let message = format!("`{}` has no git history of its own: {why}", root.display());
    Failure::new(Exit::NotEnoughHistory, message)
        .help("run this in a clone of the project; for the version alone, state it: `--assume-version X.Y.Z`")
}

/// The files that only the top folder of a project, or of a part of one, has.
const PROJECT_FILES: [&str; 10] = [
    "Cargo.toml",
    "pyproject.toml",
    "setup.py",
    "package.json",
    "go.mod",
    "meson.build",
    "CMakeLists.txt",
    "configure.ac",
    "Makefile.PL",
    "Gemfile",
];
/// The beginnings and ends of the names of such files.
const PROJECT_NAMES: [(&str, &str); 4] = [("", ".spec.in"), ("README", ""), ("COPYING", ""), ("LICENSE", "")];

/// A folder of which the repository tracks no file.
struct Untracked {
    /// What the repository does, for messages.
    verb: &'static str,
}

/// The folder of another project on the way from `root` down to `start`, such as an unpacked dependency: it has the files of a
/// project, and the repository ignores it or does not track it.
fn find_untracked_project(repository: &Repository, root: &Path, start: &Path) -> Result<Option<(PathBuf, Untracked)>> {
    for folder in start.ancestors().take_while(|folder| *folder != root) {
        let below = folder.strip_prefix(root)?;
        if repository.work_tree().is_none() || !is_project(folder) || repository.tracks_any(below)? {
            continue;
        }
        let verb = if repository.ignores(below)? { "ignores" } else { "does not track" };
        return Ok(Some((folder.to_owned(), Untracked { verb })));
    }
    Ok(None)
}

fn is_project(folder: &Path) -> bool {
    let mut entries = folder.read_dir().into_iter().flatten().flatten();
    entries.any(|entry| {
        let name = entry.file_name();
        let has = |(begin, end): &(&str, &str)| {
            let bytes = name.as_encoded_bytes();
            bytes.starts_with(begin.as_bytes()) && bytes.ends_with(end.as_bytes())
        };
        PROJECT_FILES.iter().any(|known| name == *known) || PROJECT_NAMES.iter().any(has)
    })
}

fn is_root(folder: &Path) -> bool {
    [config::PATH, release_info::FILE_NAME, ".git"].iter().any(|mark| folder.join(mark).exists()) || is_bare(folder)
}

fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

fn no_project(start: &Path) -> Failure {
    let message = format!(
        "no project here: no `{}`, `{}` or `.git` in `{}` or above it",
        config::PATH,
        release_info::FILE_NAME,
        start.display()
    );
    Failure::new(Exit::Usage, message).help("run this inside a git repository, or name one with `--project DIR`")
}
