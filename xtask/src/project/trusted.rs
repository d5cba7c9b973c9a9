//! The keys that say whom this program trusts: where it sends a token, who may start a merge, into which branches, what separates
//! foreign code from the rest of the machine, and in which repository and by which key the release of a merge is signed and published.

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::text::printable;
use crate::git::remote::Remote;
use crate::git::{CommitId, Repository};
use crate::project::config::{CiKeys, Config, Name, ProjectKeys, RepositoryKeys};
use crate::project::definition::{find_plain_name, load_config};
use crate::project::tree::Tree;

/// The reference of the remote that leads to its default branch.
const DEFAULT_BRANCH: &str = "HEAD";

/// The keys of trust, as the default branch of the remote has them. They are made of its newest commit and of no other one: the right to push
/// or to propose another branch is not the right to say where a token is sent.
#[derive(Clone, Debug)]
pub struct TrustedKeys {
    ci: CiKeys,
    branches: Vec<String>,
    /// What the project is called, if its files say it.
    name: Option<Name>,
    repository: RepositoryKeys,
}

impl TrustedKeys {
    /// The keys of the default branch now. Its commit is read from `clone`, if that has it.
    ///
    /// Errors: the remote cannot be reached, or has no default branch; the configuration there is wrong.
    pub fn ask(remote: &Remote, clone: &Repository) -> Result<TrustedKeys> {
        const KEPT: &str = "refs/releng/default";
        remote.make_local()?;
        let found = remote.list(&[DEFAULT_BRANCH])?.remove(DEFAULT_BRANCH);
        let tip = found.ok_or_else(|| no_default_branch(&remote.address))?;
        if clone.has_commit(tip) {
            return TrustedKeys::read(clone, tip);
        }
        remote.fetch(&[format!("+{DEFAULT_BRANCH}:{KEPT}")])?;
        let fetched = Repository::open(&remote.local)?;
        TrustedKeys::read(&fetched, fetched.resolve(KEPT)?)
    }

    /// What a merge fetches beside its commits: the default branch at that time, so that its own result does not count for it.
    pub fn refspec_of_merge(number: u32) -> (&'static str, String) {
        (DEFAULT_BRANCH, format!("+{DEFAULT_BRANCH}:{}", TrustedKeys::kept_for(number)))
    }

    /// Where the bare repository of the merges keeps the default branch for merge `number`.
    pub fn kept_for(number: u32) -> String {
        format!("refs/releng/merges/{number}/default")
    }

    /// The keys of the default branch when merge `number` was prepared in the bare repository `fetched` of `remote`.
    ///
    /// Errors: the remote had no default branch; the configuration there is wrong.
    pub fn of_merge(fetched: &Repository, number: u32, remote: &str) -> Result<TrustedKeys> {
        let kept = TrustedKeys::kept_for(number);
        match fetched.find_kept(&kept)? {
            Some(tip) => TrustedKeys::read(fetched, tip),
            None => Err(no_default_branch(remote).into()),
        }
    }

    fn read(repository: &Repository, tip: CommitId) -> Result<TrustedKeys> {
        let tree = Tree::Commit(repository, tip);
        let config = load_config(tree)?.unwrap_or_default();
        let name = find_plain_name(tree, &config)?.and_then(|name| Name::try_from(name).ok());
        let Config { ci, project, repository, .. } = config;
        Ok(TrustedKeys { ci, branches: project.branches, name, repository })
    }

    /// The keys of `[ci]`. Its steps are those of the default branch, too: for those of a base, see [`TrustedKeys::over`].
    pub fn ci(&self) -> &CiKeys {
        &self.ci
    }

    /// The patterns of the branches that work is merged into.
    pub fn branches(&self) -> &[String] {
        &self.branches
    }

    /// The configuration that counts for work on a base: its own, with these keys of trust. Of `[ci]`, the steps and their folder of results are
    /// those of the base.
    pub fn over(&self, base: Config) -> Config {
        let CiKeys { artifacts, check_patch, check_merged, build_artifacts, .. } = base.ci;
        let ci = CiKeys { artifacts, check_patch, check_merged, build_artifacts, ..self.ci.clone() };
        let project = ProjectKeys { name: self.name.clone(), branches: self.branches.clone() };
        Config { ci, project, repository: self.repository.clone(), ..base }
    }
}

fn no_default_branch(remote: &str) -> Failure {
    let message = format!(
        "`{}` has no default branch: its `HEAD` leads to no commit, and nothing else says which configuration to trust",
        printable(remote)
    );
    Failure::new(Exit::Usage, message)
        .help("choose the default branch on the server; in a bare repository: `git symbolic-ref HEAD refs/heads/main`")
}
