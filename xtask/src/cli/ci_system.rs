//! The CI system that reads the output of this run.

use crate::base::error::Failure;
use crate::base::github::without_commands;
use crate::base::token::secret_token;

/// A CI system that takes lines of the output for commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiSystem {
    Github,
    Gitlab,
}

/// The CI system, by the variables that it sets; `None` for another one, and for a person.
pub fn detect() -> Option<CiSystem> {
    let is_true = |name: &str| std::env::var_os(name).is_some_and(|value| value == "true");
    if is_true("GITHUB_ACTIONS") { Some(CiSystem::Github) } else { is_true("GITLAB_CI").then_some(CiSystem::Gitlab) }
}

/// The details of a failure, which may be the output of any program. On GitHub, its commands are not read.
pub fn details_of(failure: &Failure) -> Vec<String> {
    let details = failure.details.as_deref().unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    if details.is_empty() || detect() != Some(CiSystem::Github) {
        return lines(details);
    }
    match secret_token() {
        Ok(token) => lines(&without_commands(details, &token)),
        Err(_) => vec!["the details are left out: GitHub might read commands in them".to_owned()],
    }
}
