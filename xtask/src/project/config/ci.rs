//! The keys of the CI process: its steps and their environment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::project::config::ci_admin::CiAdmin;
use crate::project::config::ci_forge::{ForgeKind, ForgeProject, TokenFile};
use crate::project::config::ci_isolation::CiIsolation;
use crate::project::config::repository::{Address, FolderPath, TimeLimit, step_name};

/// `[ci]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct CiKeys {
    /// The boundary around the code that `ci merge` tests. No default: it refuses without.
    pub isolation: Option<CiIsolation>,
    /// Whether tests behind the boundary have the network.
    pub network: bool,
    /// The program that the forge runs. Default: by the host of the remote's address.
    pub forge: Option<ForgeKind>,
    /// The address of the forge's API. Default: that of the remote's host.
    pub forge_url: Option<Address>,
    /// The repository on the forge. Default: by the remote's address.
    pub forge_project: Option<ForgeProject>,
    /// A file with the token for the forge, which only its owner may read. Default: the token is in the environment.
    pub token_file: Option<TokenFile>,
    /// The folder of the release that the steps of `build-artifacts` leave, relative to the project.
    pub artifacts: FolderPath,
    /// Environment variables that steps get beside the usual ones; `*` matches.
    pub environment: Vec<String>,
    /// Who may start a merge by a comment, of those whom the forge lets administrate the project. Default: all of them.
    pub admins: Option<Vec<CiAdmin>>,
    /// Whether the work of people without the right to push is tested before a member asks for it.
    pub untrusted: bool,
    /// The steps for a branch that is proposed.
    pub check_patch: Vec<CiStep>,
    /// The steps for a merge commit.
    pub check_merged: Vec<CiStep>,
    /// The steps that make the release of a merge commit.
    pub build_artifacts: Vec<CiStep>,
}

impl Default for CiKeys {
    fn default() -> CiKeys {
        CiKeys {
            isolation: None,
            network: false,
            forge: None,
            forge_url: None,
            forge_project: None,
            token_file: None,
            artifacts: FolderPath::new("target/dist"),
            environment: Vec::new(),
            admins: None,
            untrusted: false,
            check_patch: Vec::new(),
            check_merged: Vec::new(),
            build_artifacts: Vec::new(),
        }
    }
}

impl CiKeys {
    /// The lists of steps with the names of their keys.
    pub fn stages(&self) -> [(&'static str, &[CiStep]); 3] {
        [
            ("check-patch", &self.check_patch),
            ("check-merged", &self.check_merged),
            ("build-artifacts", &self.build_artifacts),
        ]
    }
}

/// One step of a stage: a program that is run, and must exit with 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "RawCiStep")]
pub struct CiStep {
    /// Letters, digits, `-` and `_`; unique in its stage.
    pub name: String,
    /// The program and its arguments, run in the top folder of the project. Never empty.
    pub run: Vec<String>,
    /// The step runs if a file that matches one of these was changed; always, if there are none.
    pub only: Vec<String>,
    /// A longer run has failed.
    pub timeout: TimeLimit,
    /// The steps that must have passed before this one starts.
    pub needs: Vec<String>,
}

/// A [`CiStep`] before it is checked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawCiStep {
    name: String,
    #[serde(default)]
    run: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default = "default_limit")]
    timeout: TimeLimit,
    #[serde(default)]
    needs: Vec<String>,
}

/// The limit of a step, which may be a whole suite of tests: one hour.
pub fn default_limit() -> TimeLimit {
    TimeLimit(Duration::from_secs(3600))
}

impl TryFrom<RawCiStep> for CiStep {
    type Error = String;

    fn try_from(stated: RawCiStep) -> Result<CiStep, String> {
        let RawCiStep { name, run, only, timeout, needs } = stated;
        let name = step_name(name, "step")?;
        if run.first().is_none_or(String::is_empty) {
            return Err(format!("`run` is empty for the step `{name}`: it is the program and its arguments"));
        }
        Ok(CiStep { name, run, only, timeout, needs })
    }
}

/// The name of the step with which `check-patch` begins: the lint of the branch.
pub const LINT_STEP: &str = "lint";

/// `Err` where two steps of a stage have one name, a step needs one that is not there, or steps need each other in a circle.
pub fn check_steps(stage: &str, steps: &[CiStep]) -> Result<(), String> {
    let built_in = (stage == "check-patch").then_some(LINT_STEP);
    for (index, step) in steps.iter().enumerate() {
        let name = &step.name;
        if built_in == Some(name) {
            return Err(format!("`{name}` in `[[ci.{stage}]]` is the name of the built-in step: choose another one"));
        }
        if steps[..index].iter().any(|other| other.name == *name) {
            return Err(format!("two steps in `[[ci.{stage}]]` are called `{name}`"));
        }
        let is_there = |need: &str| built_in == Some(need) || steps.iter().any(|other| other.name == need);
        if let Some(missing) = step.needs.iter().find(|need| !is_there(need)) {
            let missing = missing.escape_debug();
            return Err(format!("the step `{name}` in `[[ci.{stage}]]` needs `{missing}`, and there is no such step"));
        }
    }
    // What can be started round by round; the rest waits for itself.
    let mut open: Vec<&CiStep> = steps.iter().collect();
    loop {
        let before = open.len();
        let waiting: Vec<&str> = open.iter().map(|step| step.name.as_str()).collect();
        open.retain(|step| step.needs.iter().any(|need| waiting.contains(&need.as_str())));
        if open.len() == before {
            break;
        }
    }
    match open.first() {
        Some(step) => Err(format!("the step `{}` in `[[ci.{stage}]]` needs itself, by way of `needs`", step.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, needs: &[&str]) -> CiStep {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        CiStep { name: name.to_owned(), needs, ..CiStep::default() }
    }

    #[test]
    fn steps_need_others_and_not_themselves() {
        let fits = |steps: &[CiStep]| check_steps("check-patch", steps).err().unwrap_or_default();
        assert_eq!(fits(&[step("b", &["a"]), step("a", &[]), step("c", &["a", "b"])]), "");
        assert!(fits(&[step("a", &[]), step("a", &[])]).contains("two steps"));
        assert!(fits(&[step("a", &["z"])]).contains("needs `z`"));
        assert_eq!(fits(&[step("a", &["lint"])]), "");
        assert!(fits(&[step("lint", &[])]).contains("built-in"));
        assert!(check_steps("check-merged", &[step("lint", &[])]).is_ok());
        assert!(fits(&[step("a", &["a"])]).contains("`a` in `[[ci.check-patch]]` needs itself"));
        assert!(
            fits(&[step("x", &[]), step("a", &["b"]), step("b", &["c"]), step("c", &["a"])]).contains("needs itself")
        );
    }
}
