//! The clients of GitHub, GitLab and Forgejo against a double (`support/forge/`), with faults.

mod configuration;
mod everywhere;
mod github;
mod gitlab;
mod recorded;
mod schemas;
mod transport;

use releng::base::error::Failure;
use releng::forge::model::{Account, WantedRelease};
use releng::git::CommitId;

/// The newest commit of the pull request.
const HEAD: CommitId = CommitId([0x11; 20]);

fn account(id: u64, login: &str) -> Account {
    Account { id, login: login.to_owned(), is_person: true }
}

/// A release of [`HEAD`].
fn wanted(tag: &str) -> WantedRelease {
    WantedRelease { tag: tag.to_owned(), commit: HEAD, name: format!("demo {tag}"), notes: "# Notes".to_owned() }
}

#[track_caller]
fn failure(error: anyhow::Error) -> Failure {
    error.downcast().unwrap_or_else(|error| panic!("no expected failure: {error:#}"))
}
