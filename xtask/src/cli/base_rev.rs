//! The branch or commit that a person names as a base.

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress as _;
use crate::base::text::printable;
use crate::cli::context::Context;
use crate::git::{CommitId, Repository};

/// The commit that `rev` names. A branch goes before a tag of the same name, other than for git: a person with the right to push tags must not choose the base.
///
/// Errors (exit 2): it names no commit here, or a tag where a branch of a remote is meant.
pub fn resolve_base(context: &Context, repository: &Repository, rev: &str) -> Result<CommitId> {
    let end = rev.find(['~', '^', '@', ':']).unwrap_or(rev.len());
    let (name, rest) = rev.split_at(end);
    let has_tag = repository.has_tag(name);
    // The id of a commit is no name.
    let branch =
        if CommitId::parse_hex(name.as_bytes()).is_some() { None } else { repository.full_name_of_branch(name) };
    let shown = printable(name);
    match branch {
        Some(full) => {
            if has_tag {
                context.ui.warn(&format!("`{shown}` is a branch and a tag: the base is the branch"));
            }
            repository.resolve(&format!("{full}{rest}"))
        }
        None if has_tag && repository.is_of_remote(name) => {
            let message =
                format!("`{shown}` is a tag with the name of a branch of a remote, and there is no such branch here");
            Err(Failure::new(Exit::Usage, message)
                .help(format!("fetch the branch: `git fetch`; or, if the tag is meant, write `refs/tags/{shown}`"))
                .into())
        }
        None => repository.resolve(rev),
    }
}
