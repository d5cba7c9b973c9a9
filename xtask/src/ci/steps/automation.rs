//! The convention of Lago and oVirt: where no step is configured for a stage, `automation/<stage>.sh` is its only step.
//!
//! Files beside the script say what it expects: `<stage>.packages`, `.repos`, `.mounts` and `.environment.yaml`, each also with
//! the ending `.<distro>` or `.<distro>.<arch>`. They are for a service that makes the machine on which the script runs. Here the script
//! runs on this machine, so they are shown to the person.

use anyhow::Result;

use crate::base::text::{one_line, shorten};
use crate::ci::stage::CiStage;
use crate::project::config::{CiStep, default_limit};
use crate::project::tree::Tree;

/// The folder of the scripts.
pub const FOLDER: &str = "automation";

/// The endings of the files beside a script, and what they state.
const EXPECTATIONS: [(&str, &str); 4] = [
    ("packages", "packages that the step expects"),
    ("repos", "repositories that the step expects"),
    ("mounts", "folders that the step expects to be mounted"),
    ("environment.yaml", "variables that the step expects"),
];

/// How much of a file is shown, in characters.
const SHOWN: usize = 200;

/// The script of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct AutomationScript {
    /// The path in the project.
    pub path: String,
    /// What the files beside it state, one line for each.
    pub expectations: Vec<String>,
}

impl AutomationScript {
    /// Finds the script of a stage in a tree.
    pub fn find(tree: Tree<'_>, stage: CiStage) -> Result<Option<AutomationScript>> {
        let names = tree.files_in(FOLDER)?;
        let script = format!("{stage}.sh");
        if !names.contains(&script) {
            return Ok(None);
        }
        let mut expectations = Vec::new();
        for name in names {
            let Some(stated) = what_is_stated(stage, &name) else { continue };
            let path = format!("{FOLDER}/{name}");
            let content = tree.read(&path)?.unwrap_or_default();
            let content = String::from_utf8_lossy(&content).into_owned();
            let lines = content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            let lines = lines.collect::<Vec<_>>().join(", ");
            expectations.push(format!("`{path}` names {stated}: {}", shorten(&one_line(&lines), SHOWN)));
        }
        Ok(Some(AutomationScript { path: format!("{FOLDER}/{script}"), expectations }))
    }

    /// The script as a step. Without the permission to be executed, it is run by bash.
    pub fn step(&self, stage: CiStage, is_executable: bool) -> CiStep {
        let mut run = vec![self.path.clone()];
        if !is_executable {
            run.insert(0, "bash".to_owned());
        }
        CiStep { name: stage.to_string(), run, timeout: default_limit(), ..CiStep::default() }
    }
}

/// What the file with this name states for the stage.
fn what_is_stated(stage: CiStage, name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix(&stage.to_string())?.strip_prefix('.')?;
    let of_kind =
        |kind: &str| rest.strip_prefix(kind).is_some_and(|system| system.is_empty() || system.starts_with('.'));
    EXPECTATIONS.iter().find(|(kind, _)| of_kind(kind)).map(|(_, stated)| *stated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_the_script_are_recognised() {
        for (name, is_one) in [
            ("check-patch.packages", true),
            ("check-patch.packages.el8", true),
            ("check-patch.repos.fc42.x86_64", true),
            ("check-patch.environment.yaml", true),
            ("check-patch.mounts", true),
            ("check-patch.sh", false),
            ("check-patch.packages-old", false),
            ("check-merged.packages", false),
        ] {
            assert_eq!(what_is_stated(CiStage::CheckPatch, name).is_some(), is_one, "{name}");
        }
    }
}
