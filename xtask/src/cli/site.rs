//! The repository that a command is about: its place, its configuration, its key, and the time.

use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::{self, TreePath};
use crate::base::progress::Silent;
use crate::cli::context::Context;
use crate::cli::preview;
use crate::cli::ui::Ui;
use crate::git;
use crate::history::Version;
use crate::project::config::{Config, FolderPath, Name};
use crate::project::definition::Project;
use crate::project::release;
use crate::project::workspace::{Origin, Workspace};
use crate::repository::clients::keys::find_key_faults;
use crate::repository::commits::Git;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::signing::Signing;
use crate::repository::model::blocked::{blocked_folder, help_for_blocked};
use crate::repository::model::layout::Layout;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::promote::schedule::Schedule;
use crate::repository::sign::Key;
use crate::repository::write::apply::{ChangeContext, apply};
use crate::repository::write::plan::{ChangePlan, ChangeStep};
use crate::repository::write::recovery;
use crate::repository::write::revision::AlreadyDone;
use crate::repository::write::writer::{Writer, note_of_made_keys, warn_of_lost_keys};
use crate::rpm::release::ReleaseInput;

/// Whether a command shows what it would do, or does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    Preview,
    Change,
}

impl RunMode {
    /// By the flag `--dry-run`.
    pub fn of(dry_run: bool) -> RunMode {
        if dry_run { RunMode::Preview } else { RunMode::Change }
    }
}

/// A repository, read for a preview or locked for a change.
pub enum Access {
    Preview(Store),
    Change(Writer),
}

impl Access {
    /// The repository as it is now.
    pub fn store(&self) -> &Store {
        match self {
            Access::Preview(store) => store,
            Access::Change(writer) => &writer.store,
        }
    }
}

/// The repository that a command is about.
pub struct Site<'a> {
    pub layout: Layout,
    /// The configuration in the work tree; for a release, that of its commit.
    pub config: Config,
    /// The time of events.
    pub now: Timestamp,
    repository: Option<&'a git::Repository>,
    /// Whether the configuration is that of `--packaging`, for every commit.
    has_packaging_config: bool,
    ui: &'a Ui,
}

impl<'a> Site<'a> {
    /// The repository by the configuration in the work tree and the global flags.
    ///
    /// Errors (exit 2): the folder that `--repository` or `RELENG_REPOSITORY` names has no repository of the project.
    pub fn load(context: &'a Context) -> Result<Site<'a>> {
        let site = Site::load_or_new(context)?;
        if let Some(stated) = context.stated_repository().filter(|_| !site.exists()) {
            let (stated, name) = (stated.display(), &site.layout.name);
            let message = format!("there is no repository of `{name}` in `{stated}`: it has no folder `{name}`");
            let help = format!(
                "correct the path, or stage a release there: `{} dist`; if there should be a repository, {}",
                program(),
                site.help_to_mount()
            );
            return Err(Failure::new(Exit::Usage, message).help(help).into());
        }
        Ok(site)
    }

    /// As [`Site::load`], for a command that begins a repository where there is none.
    pub fn load_or_new(context: &'a Context) -> Result<Site<'a>> {
        let workspace = context.workspace()?;
        let config = workspace.local_config()?;
        let name = Project::load(workspace.local_tree()?, config.clone(), &workspace.out_of_tree())?.name;
        Site::configured(context, config, name)
    }

    /// The repository in which a release is staged, by the configuration of its commit and the global flags.
    pub fn of_release(context: &'a Context, input: &ReleaseInput) -> Result<Site<'a>> {
        Site::configured(context, input.config().clone(), input.name().clone())
    }

    /// The repository in which the release of a merge commit is staged, by the configuration of the base. `git` has the commit in the
    /// branch.
    pub fn of_merge(context: &'a Context, config: &Config, name: &Name, git: &'a git::Repository) -> Result<Site<'a>> {
        let site = Site::configured(context, config.clone(), name.clone())?;
        Ok(Site { repository: Some(git), ..site })
    }

    fn configured(context: &'a Context, config: Config, name: Name) -> Result<Site<'a>> {
        let workspace = context.workspace()?;
        let keys = &config.repository;
        let place = |folder: &FolderPath| files::without_dots(&workspace.root.join(files::from_home(folder.as_str())));
        let (root, state) = match context.stated_repository() {
            Some(root) => (files::without_dots(&std::path::absolute(&root)?), None),
            None => (place(&keys.root), keys.state.as_ref().map(place)),
        };
        if root.metadata().is_ok_and(|found| !found.is_dir()) {
            return Err(Failure::new(Exit::Usage, format!("`{}` is not a folder", root.display()))
                .help("the repository is a folder: see `--repository` and `repository.root`")
                .into());
        }
        let state = state.unwrap_or_else(|| beside(&root));
        if resolved(&state).starts_with(resolved(&root)) {
            let message =
                format!("the state `{}` is in the root `{}`, which is served", state.display(), root.display());
            let change = committed("set `repository.state` to a folder beside the root");
            let help = format!("{change}: it has what nobody else may read or change");
            return Err(Failure::new(Exit::Usage, message).help(help).into());
        }
        let repository = match &workspace.origin {
            Origin::Git(repository) => Some(repository),
            _ => None,
        };
        let mut layout = Layout::new(name, &root, &state, keys.url.as_ref());
        layout.own_keys = keys.sign.iter().chain(&keys.next_key).cloned().collect();
        if layout.root.look().is_ok_and(|found| !found.is_dir()) {
            let message = blocked_folder(&layout.root.to_string());
            return Err(Failure::new(Exit::Usage, message).help(help_for_blocked()).into());
        }
        let has_packaging_config = workspace.packaging_config()?.is_some();
        Ok(Site { layout, config, now: clock::now()?, repository, has_packaging_config, ui: &context.ui })
    }

    /// The rules and facts that decide what is due.
    pub fn schedule<'s>(&'s self, git: &'s Git<'s>) -> Schedule<'s> {
        Schedule { settings: &self.config.promotion, git, now: self.now, progress: self.ui }
    }

    /// The repository for reading.
    pub fn store(&self) -> Result<Store> {
        Store::open(self.layout.clone())
    }

    /// The series that a command without the name of a snapshot is about: the stated one, else that of the version of `HEAD`, else
    /// the only one there is. No command acts on a series that the person does not work on.
    ///
    /// Errors: the repository does not have the series; there are several, and `HEAD` has no version.
    pub fn series(&self, context: &Context, store: &Store, stated: Option<Series>) -> Result<Series> {
        let all = store.series()?;
        let choices = || {
            let flags: Vec<String> = all.iter().map(|series| format!("`--series {series}`")).collect();
            format!("choose one: {}", flags.join(", "))
        };
        let (wanted, origin) = match stated {
            Some(series) => (series, format!("series {series}")),
            None => match (find_head_version(context)?, all.as_slice()) {
                (Ok(version), _) => (
                    Series::of(&version),
                    format!("series {} of {version}, the version of `HEAD`", Series::of(&version)),
                ),
                (Err(_), [only]) => (*only, String::new()),
                (Err(_), []) => return Err(self.nothing_staged().into()),
                (Err(why), _) => {
                    let message = format!("there are several series, and `HEAD` has no version: {why:#}");
                    let cause = why.downcast_ref::<Failure>();
                    let exit = cause.map_or(Exit::Usage, |cause| cause.exit);
                    let help = cause.and_then(|cause| cause.help.clone());
                    let help = help.map_or_else(choices, |help| format!("{help}\nor {}", choices()));
                    return Err(Failure::new(exit, message).help(help).into());
                }
            },
        };
        match all.as_slice() {
            [] => Err(self.nothing_staged().into()),
            all if all.contains(&wanted) => Ok(wanted),
            _ => {
                let message = format!("the repository has nothing of {origin}");
                let help = format!("stage a release of it: `{} dist`; or {}", program(), choices());
                Err(Failure::new(Exit::Failed, message).help(help).into())
            }
        }
    }

    /// The named snapshot, or else `latest` of the series of [`Site::series`]; with its series.
    ///
    /// Errors: there is no such snapshot; the series has no `latest`.
    pub fn find_snapshot(
        &self,
        context: &Context,
        store: &Store,
        named: Option<&SnapshotName>,
        stated: Option<Series>,
    ) -> Result<(Series, SnapshotName)> {
        if let Some(name) = named {
            return Ok((store.find_series(name)?, name.clone()));
        }
        let series = self.series(context, store, stated)?;
        match store.latest(series)? {
            Some(name) => Ok((series, name)),
            None => {
                let message = format!("unstable/{series} has no `latest`: nothing of merged work is staged in it");
                let help = format!("stage the release of a merged commit: `{} dist`; or name a snapshot", program());
                Err(Failure::new(Exit::Failed, message).help(help).into())
            }
        }
    }

    /// Says why nothing is done, and prints the path of the revision.
    pub fn report_already(&self, done: &AlreadyDone) -> Result<()> {
        self.ui.note(&done.why);
        self.ui.print(&format!("{}\n", self.layout.revision(done.series, done.revision)))
    }

    /// Whether something was ever staged.
    pub fn exists(&self) -> bool {
        self.layout.root.is_folder() || self.layout.log().is_there()
    }

    /// The repository as a command needs it; another run that must wait is told the name of the `command`.
    ///
    /// Errors: another run holds the lock (exit 75). A preview takes no lock, and nor does a command that finds no repository:
    /// there is nothing to change, and the lock would be the first file of a new one.
    pub fn access(&self, command: &str, mode: RunMode) -> Result<Access> {
        self.warn_of_none();
        match mode {
            RunMode::Change if self.exists() => self.access_new(command),
            _ => self.preview(command).map(Access::Preview),
        }
    }

    /// The repository as `command` will find it.
    pub fn preview(&self, command: &str) -> Result<Store> {
        let mut store = self.store()?;
        let recovery = recovery::decide(&mut store)?;
        preview::say(&store, &recovery, command, self.ui)?;
        if let Some(lost) = find_key_faults(&store).lost {
            warn_of_lost_keys(&self.layout, &lost, self.ui);
        }
        Ok(store)
    }

    /// The repository for a change that may begin it.
    pub fn access_new(&self, command: &str) -> Result<Access> {
        Ok(Access::Change(Writer::open(self.layout.clone(), command, self.ui)?))
    }

    /// Prints the plan of a preview; carries out that of a change. The folder that was made.
    pub fn carry_out(
        &self,
        access: &mut Access,
        plan: &ChangePlan,
        signing: Option<&Signing>,
    ) -> Result<Option<TreePath>> {
        use crate::base::progress::Progress as _;
        for warning in plan.steps.iter().filter_map(ChangeStep::warning) {
            self.ui.warn(&warning);
        }
        if let Some(note) = note_of_made_keys(access.store(), plan) {
            self.ui.note(&note);
        }
        match access {
            Access::Preview(_) => {
                self.ui.print(&plan.to_string())?;
                Ok(None)
            }
            Access::Change(writer) => {
                let key = signing.map(|signing| &signing.key);
                let context = ChangeContext { key, now: self.now, progress: self.ui };
                apply(writer, plan, &context)
            }
        }
    }

    /// The git repository of the project, for questions about commits.
    pub fn git(&self) -> Git<'_> {
        Git { repository: self.repository, config: &self.config, is_config_of_all: self.has_packaging_config }
    }

    /// The key that signs, where one is configured. Errors: it cannot sign now.
    pub fn key(&self) -> Result<Option<Key>> {
        let key = self.config.repository.sign.as_deref().map(Key::load).transpose()?;
        if let Some(key) = &key {
            key.require_valid(self.now)?;
        }
        Ok(key)
    }

    /// The key that signs with the keys that clients get. Warns of a key that expires soon. A command that writes needs the lock
    /// first: another run may change the served keys.
    pub fn signing(&self, key: Option<&Key>) -> Result<Option<Signing>> {
        use crate::base::progress::Progress as _;
        let (Some(key), Some(keys)) = (key, self.keys()?) else { return Ok(None) };
        let signing = Signing::new(key.clone(), keys);
        for warning in signing.warnings(self.now) {
            self.ui.warn(&warning);
        }
        Ok(Some(signing))
    }

    /// The keys by the configuration and the served file; `None` if nothing is signed.
    pub fn keys(&self) -> Result<Option<KeySet>> {
        KeySet::load(&self.config.repository, &self.layout)
    }

    /// Warns that staging begins a new repository: the disk of an old one may not be mounted, or people may delete the folder of the
    /// new one. Says nothing of a repository that is there.
    pub fn warn_of_new(&self) {
        use crate::base::progress::Progress as _;
        if self.exists() {
            return;
        }
        let Layout { root, state, .. } = &self.layout;
        let is_in_target = root.for_programs().components().any(|part| part.as_os_str() == "target");
        let hint = if is_in_target {
            let change = committed("set `repository.root` to another folder");
            format!("it is below a `target/` folder, which `cargo clean` and people delete; to keep it, {change}")
        } else {
            "if there is one already, its disk is not mounted: mount it, and stage again".to_owned()
        };
        self.ui.warn(&format!("a new repository begins in `{root}`, with its state in `{state}`; {hint}"));
    }

    /// Warns of a command that finds no repository.
    pub fn warn_of_none(&self) {
        use crate::base::progress::Progress as _;
        if !self.exists() {
            self.ui.warn(&format!("there is no repository yet; if there should be one, {}", self.help_to_mount()));
        }
    }

    /// What to do where a repository should be there and is not.
    pub fn help_to_mount(&self) -> String {
        format!("mount the disk that `{}` is on", self.layout.root)
    }

    fn nothing_staged(&self) -> Failure {
        let message = format!("nothing is staged in `{}`", self.layout.root);
        Failure::new(Exit::Failed, message).help(format!("stage a release: `{} dist`", program()))
    }
}

/// The version of `HEAD` or of the unpacked archive, or why there is none.
fn find_head_version(context: &Context) -> Result<Result<Version>> {
    if let Some(version) = context.assumed_version()? {
        return Ok(Ok(version));
    }
    let workspace = context.workspace()?;
    Ok(match &workspace.origin {
        Origin::Unpacked(info) => Ok(info.version.clone()),
        Origin::Nothing(failure) => Err(failure.clone().into()),
        Origin::Git(_) => count_releasable(workspace),
    })
}

fn count_releasable(workspace: &Workspace) -> Result<Version> {
    let counted = release::count_head(workspace, &Silent)?;
    counted.require_releasable()?;
    Ok(counted.version)
}

/// The path with its links followed, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    match there {
        Some((folder, found)) => path.strip_prefix(folder).map_or_else(|_| path.to_owned(), |rest| found.join(rest)),
        None => path.to_owned(),
    }
}

/// The default place of the state: beside the root, with `-state` after its name.
pub(super) fn beside(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_owned();
    name.push("-state");
    root.with_file_name(name)
}
