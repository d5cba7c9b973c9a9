//! The context that every command gets: the global flags, the terminal, the project.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::text::shell_word;
use crate::cli::ui::{Color, Talk, Ui};
use crate::history::Version;
use crate::project::workspace::Workspace;

/// The flags that every command has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Folder of the project; a folder below the project works, too [default: the current folder]
    #[arg(long, global = true, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub project: PathBuf,
    /// Use this version instead of counting it from the git history [env: RELENG_VERSION]
    #[arg(long, global = true, value_name = "X.Y.Z")]
    pub assume_version: Option<Version>,
    /// Folder of the RPM repository, instead of `repository.root`; the state is in DIR-state [env: RELENG_REPOSITORY]
    #[arg(long, global = true, value_name = "DIR")]
    pub repository: Option<PathBuf>,
    /// Folder with `release.toml`, spec, patches and sources for a project that has none of its own, or others
    #[arg(long, global = true, value_name = "DIR")]
    pub packaging: Option<PathBuf>,
    /// Spec of the project, or its template, instead of `rpm.spec`
    #[arg(long, global = true, value_name = "PATH")]
    pub spec: Option<String>,
    /// Print only results, warnings and errors: no progress, notes or summaries
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Use colour: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub color: Color,
}

impl Global {
    /// How much is printed.
    pub fn talk(&self) -> Talk {
        if self.quiet { Talk::Quiet } else { Talk::Normal }
    }

    /// The given flags without which another command would be about something else, each with a blank before it.
    pub fn repeated(&self) -> String {
        let Global { project, assume_version, repository, packaging, spec, quiet: _, color: _ } = self;
        let folder = |flag: &str, folder: &Path| format!(" {flag} {}", shell_word(&folder.to_string_lossy()));
        let mut flags = String::new();
        if project != Path::new(".") {
            flags.push_str(&folder("--project", project));
        }
        if let Some(version) = assume_version {
            flags.push_str(&format!(" --assume-version {version}"));
        }
        if let Some(repository) = repository {
            flags.push_str(&folder("--repository", repository));
        }
        if let Some(packaging) = packaging {
            flags.push_str(&folder("--packaging", packaging));
        }
        if let Some(spec) = spec {
            flags.push_str(&format!(" --spec {}", shell_word(spec)));
        }
        flags
    }
}

/// The terminal, the project and the global flags.
pub struct Context {
    pub ui: Ui,
    start: PathBuf,
    assumed_version: Option<Version>,
    repository: Option<PathBuf>,
    packaging: Option<PathBuf>,
    spec: Option<String>,
    workspace: OnceCell<Workspace>,
}

impl Context {
    /// Keeps the global flags; the project is searched when a command needs it.
    pub fn new(ui: Ui, global: Global) -> Context {
        let Global { project, assume_version, repository, packaging, spec, .. } = global;
        let (start, assumed_version, workspace) = (project, assume_version, OnceCell::new());
        Context { ui, start, assumed_version, repository, packaging, spec, workspace }
    }

    /// The project; the first call searches it.
    pub fn workspace(&self) -> Result<&Workspace> {
        if let Some(workspace) = self.workspace.get() {
            return Ok(workspace);
        }
        if let Some(folder) = self.packaging.as_ref().filter(|folder| !folder.is_dir()) {
            let message = format!("`--packaging`: there is no folder `{}`", folder.display());
            return Err(Failure::new(Exit::Usage, message)
                .help("name a folder with a spec or a `release.toml`")
                .into());
        }
        let workspace = self.workspace_to_adopt()?;
        Ok(self.workspace.get_or_init(|| workspace))
    }

    /// The project, for `init`: the folder of `--packaging` may be missing.
    pub fn workspace_to_adopt(&self) -> Result<Workspace> {
        let mut workspace = Workspace::discover(&self.start)?;
        workspace.stated_spec.clone_from(&self.spec);
        workspace.packaging = self.packaging.as_ref().map(std::path::absolute).transpose()?;
        Ok(workspace)
    }

    /// The version of `--assume-version`, else of the variable `RELENG_VERSION`; `None` where both are missing or empty.
    pub fn assumed_version(&self) -> Result<Option<Version>, Failure> {
        if self.assumed_version.is_some() {
            return Ok(self.assumed_version.clone());
        }
        let stated = std::env::var_os("RELENG_VERSION").unwrap_or_default().to_string_lossy().into_owned();
        let parsed = (!stated.is_empty()).then(|| stated.parse()).transpose();
        parsed.map_err(|why| Failure::new(Exit::Usage, format!("`RELENG_VERSION` is `{stated}`: {why}")))
    }

    /// The folder of `--repository`, else of the variable `RELENG_REPOSITORY`; `None` where both are missing or empty.
    pub fn stated_repository(&self) -> Option<PathBuf> {
        let stated = std::env::var_os("RELENG_REPOSITORY").filter(|stated| !stated.is_empty());
        self.repository.clone().or(stated.map(PathBuf::from))
    }
}

/// The environment of this program, as far as it is text.
pub fn own_environment() -> BTreeMap<String, String> {
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}
