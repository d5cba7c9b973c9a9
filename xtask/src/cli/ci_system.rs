//! The CI system that reads the output of this run.

use crate::base::error::Failure;
use crate::base::github::without_commands;
use crate::base::token::secret_token;

/// The longest address that forges take for the log of a status, in bytes.
const LONGEST_ADDRESS: usize = 255;

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

/// The address of the log of this run, by the variables of the CI system.
pub fn log_address() -> Option<String> {
    let stated = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let github = || {
        let [server, repository, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(stated);
        Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
    };
    let address = github().or_else(|| stated("CI_JOB_URL")).or_else(|| stated("BUILD_URL"))?;
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    (is_web && address.len() <= LONGEST_ADDRESS && address.bytes().all(|byte| byte.is_ascii_graphic()))
        .then_some(address)
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
