//! What a stage is run on: the commits, the changed files, and the configuration that has the steps.

use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::process::is_executable;
use crate::base::progress::Progress;
use crate::base::text::shell_word;
use crate::ci::stage::CiStage;
use crate::ci::steps::automation::AutomationScript;
use crate::ci::steps::environment::StageCommits;
use crate::ci::steps::plan;
use crate::cli::base_rev::resolve_base;
use crate::cli::commands::ci::arguments::StageArgs;
use crate::cli::context::Context;
use crate::cli::linted_branch;
use crate::git::changed_paths::Uncommitted;
use crate::git::reach::GitBranch;
use crate::git::{BranchHistory, CommitId, Repository};
use crate::project::config::{self, CiStep, Config, LINT_STEP};
use crate::project::definition::load_config;
use crate::project::release;
use crate::project::tree::Tree;

/// What a stage is run on.
pub struct StageSubject<'a> {
    pub repository: &'a Repository,
    /// The top folder of the work tree.
    pub folder: &'a Path,
    pub stage: CiStage,
    pub commits: StageCommits,
    /// The branch that is proposed, and its base; only for `check-patch`.
    pub branch: Option<(GitBranch, BranchHistory)>,
    pub uncommitted: Uncommitted,
    /// The commit with the configuration of the steps, as the person names it.
    pub steps_of: GitBranch,
    pub config: Config,
}

impl<'a> StageSubject<'a> {
    /// Finds out what the stage is run on. Notes and warnings say where this is not what a person may expect.
    pub fn load(context: &'a Context, stage: CiStage, args: &StageArgs) -> Result<StageSubject<'a>> {
        let workspace = context.workspace()?;
        let repository = workspace.repository()?;
        let folder = repository.work_tree().ok_or_else(|| no_work_tree(repository.opened_at()))?;
        let head = repository.head()?;
        let (base, branch) = if stage == CiStage::CheckPatch {
            let config = if args.base.is_none() { config_of_branches(repository, head)? } else { Config::default() };
            let command = format!("ci {stage}");
            let found = linted_branch::load(context, &command, args.base.as_deref(), repository, &config, head)?;
            (found.1.merge_bases.first().copied(), Some(found))
        } else {
            (find_base(context, repository, args.base.as_deref(), head)?, None)
        };
        let steps_of = match (&args.steps_of, &branch) {
            (Some(rev), _) => GitBranch { name: rev.clone(), tip: resolve_base(context, repository, rev)? },
            (None, Some((base, _))) => base.clone(),
            (None, None) => GitBranch { name: "HEAD".to_owned(), tip: head },
        };
        let config = if steps_of.tip == head {
            release::config_of(workspace, repository, head, &context.ui)?
        } else {
            load_config(Tree::Commit(repository, steps_of.tip))?.unwrap_or_default()
        };
        let uncommitted = repository.uncommitted_paths()?;
        let commits = StageCommits { base, head };
        Ok(StageSubject { repository, folder, stage, commits, branch, uncommitted, steps_of, config })
    }

    /// The paths that differ from the base: committed, and not committed.
    pub fn changed(&self) -> Result<Vec<Vec<u8>>> {
        let mut changed = self.repository.changed_paths(self.commits.base, self.commits.head)?;
        changed.extend(self.uncommitted.tracked.iter().chain(&self.uncommitted.untracked).cloned());
        Ok(changed)
    }

    /// The steps: the built-in one of `check-patch`, and those that are configured, else the script of the stage.
    ///
    /// Errors (exit 2): there is neither, and not only the built-in step is wanted.
    pub fn steps(&self, context: &Context, args: &StageArgs) -> Result<Vec<CiStep>> {
        let mut steps = Vec::new();
        if self.stage == CiStage::CheckPatch {
            steps.push(plan::lint_step());
        }
        let configured = self.stage.configured(&self.config.ci);
        let is_enough = !steps.is_empty() && args.only.iter().any(|name| name == LINT_STEP) && args.only.len() == 1;
        if configured.is_empty() && !is_enough {
            let script = AutomationScript::find(self.tree(), self.stage)?.ok_or_else(|| self.no_steps(args))?;
            script.expectations.iter().for_each(|expectation| context.ui.note(expectation));
            let file = self.folder.join(&script.path);
            steps.push(script.step(self.stage, is_executable(&file)));
        }
        steps.extend_from_slice(configured);
        Ok(steps)
    }

    /// The files that belong to the configuration: those of its commit, or, for the steps of `HEAD`, those of the work tree.
    fn tree(&self) -> Tree<'_> {
        if self.steps_of.tip == self.commits.head {
            return Tree::Folder(self.folder);
        }
        Tree::Commit(self.repository, self.steps_of.tip)
    }

    /// Prints a note where the work tree is not that of `HEAD`, and where the branch has other steps than those that are run.
    pub fn note_differences(&self, context: &Context, args: &StageArgs) {
        let count = self.uncommitted.tracked.len();
        if count > 0 {
            let files = if count == 1 { "1 file differs".to_owned() } else { format!("{count} files differ") };
            context.ui.note(&format!("{files} from `HEAD`: the steps run in the work tree as it is"));
        }
        if args.steps_of.is_some() || self.steps_of.tip == self.commits.head {
            return;
        }
        match load_config(Tree::Commit(self.repository, self.commits.head)).map(Option::unwrap_or_default) {
            Ok(own) if self.has_same_steps(&own) => {}
            Ok(_) => {
                let command = self.command(args, " --steps-of HEAD");
                context.ui.note(&format!(
                    "the steps are those of `{}`; `{}` of the branch has other ones, which `{command}` runs",
                    self.steps_of.name,
                    config::PATH
                ));
            }
            Err(error) => context.ui.warn(&format!("the configuration of the branch cannot be read: {error:#}")),
        }
    }

    fn has_same_steps(&self, own: &Config) -> bool {
        let ours = &self.config;
        self.stage.configured(&own.ci) == self.stage.configured(&ours.ci)
            && own.ci.environment == ours.ci.environment
            && (self.stage != CiStage::CheckPatch || own.lint == ours.lint)
    }

    /// The command of this stage with the flags that say what it is run on, and one more.
    pub fn command(&self, args: &StageArgs, more: &str) -> String {
        let flag = |flag: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!(" {flag} {}", shell_word(value)))
        };
        let steps_of = if more.contains("--steps-of") { String::new() } else { flag("--steps-of", &args.steps_of) };
        format!("{} ci {}{}{steps_of}{more}", program(), self.stage, flag("--base", &args.base))
    }

    fn no_steps(&self, args: &StageArgs) -> Failure {
        let stage = self.stage;
        let message = format!("`{stage}` has no step in `{}`", self.steps_of.name);
        let mut help = vec![format!(
            "add a step to `{}`: `[[ci.{stage}]]`, `name = \"unit\"`, `run = [\"make\", \"check\"]`, each on a line of its own; \
             or write a script `automation/{stage}.sh`; and commit it",
            config::PATH
        )];
        let own = load_config(Tree::Commit(self.repository, self.commits.head)).ok().flatten().unwrap_or_default();
        if self.steps_of.tip != self.commits.head && !stage.configured(&own.ci).is_empty() {
            let command = self.command(args, " --steps-of HEAD");
            help.push(format!("the branch itself has steps: `{command}`"));
        }
        Failure::new(Exit::Usage, message).help(help.join("\n"))
    }

    /// The title of the plan.
    pub fn title(&self) -> String {
        let since = self.commits.base.map_or(String::new(), |base| format!(" since {}", base.short()));
        let head = self.commits.head.short();
        format!("{} of {head}{since}, with the steps of `{}`", self.stage, self.steps_of.name)
    }
}

/// The commit with which a merge commit is compared: the stated one, or the first parent; `None` if there is none.
fn find_base(
    context: &Context,
    repository: &Repository,
    stated: Option<&str>,
    head: CommitId,
) -> Result<Option<CommitId>> {
    match stated {
        // What CI systems state for a branch that is new.
        Some(rev) if rev.len() == 40 && rev.bytes().all(|byte| byte == b'0') => Ok(None),
        Some(rev) => Ok(Some(resolve_base(context, repository, rev)?)),
        None if repository.shallow_boundary()?.contains(&head) => {
            let message = format!("shallow clone: it ends at `{}`, and does not have its first parent", head.short());
            Err(Failure::new(Exit::NotEnoughHistory, message).help("run `git fetch --unshallow`").into())
        }
        None => Ok(repository.commit(head)?.parents().next()),
    }
}

/// The configuration whose `project.branches` counts for work at `head`: that of the default branch of the remote, as it was fetched, so that the
/// work does not choose the branch whose steps are run on it. Without a remote, all branches are the person's own.
///
/// Errors (exit 2): the clone does not have the default branch.
fn config_of_branches(repository: &Repository, head: CommitId) -> Result<Config> {
    if repository.remote_address("origin").is_none() {
        return Ok(load_config(Tree::Commit(repository, head)).unwrap_or_default().unwrap_or_default());
    }
    let tip = repository.find_kept("refs/remotes/origin/HEAD").ok().flatten().ok_or_else(|| {
        let message =
            "the clone does not say which branch of `origin` is the default one, whose `project.branches` counts";
        let help = format!(
            "ask the remote: `git remote set-head origin --auto`; or name the base: `{} ci check-patch --base REV`",
            program()
        );
        Failure::new(Exit::Usage, message).help(help)
    })?;
    Ok(load_config(Tree::Commit(repository, tip))?.unwrap_or_default())
}

fn no_work_tree(path: &Path) -> Failure {
    let message = format!("`{}` is a bare repository: it has no files for the steps", path.display());
    Failure::new(Exit::Usage, message)
        .help(format!("make a clone with files: `git clone {} clone`", shell_word(&path.to_string_lossy())))
}
