//! What each command needs on this machine and for this configuration, all at once.
//!
//! [`check`] has the type of a line, [`need`] the programs that a configuration asks for; both are pure. The other files look: [`programs`]
//! for the programs, [`project`] at the configuration and the history, [`machine`] at namespaces and disks, [`repository`] at folders,
//! key and address, [`services`] at the mail and the forge. The messages and next steps are those of the commands, whose functions they call.
//!
//! Nothing is changed, and the network is used only if `repository.url` is set.

pub mod check;
mod machine;
mod need;
mod programs;
mod project;
mod repository;
mod services;

use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;

use crate::doctor::check::{Check, narrow};
use crate::history::Version;
use crate::project::config::{BackendKind, Config, Vendor};
use crate::project::workspace::Workspace;
use crate::repository::model::layout::Layout;

/// What the checks are about.
pub struct ExaminedProject<'a> {
    pub workspace: &'a Workspace,
    /// The repository by the configuration and the flags, or why there can be none.
    pub layout: Result<&'a Layout, &'a anyhow::Error>,
    /// The version of `--assume-version`.
    pub assumed: Option<&'a Version>,
    pub now: Timestamp,
    /// The command that the person asks about.
    pub command: Option<&'a str>,
}

/// All checks, or those of one command: the project first, then the programs, the machine, the repository, other services.
///
/// Errors: the system refuses a thread.
pub fn examine(examined: &ExaminedProject<'_>) -> Result<Vec<Check>> {
    let ExaminedProject { workspace, layout, assumed, now, command } = *examined;
    let (config, check) = project::check_configuration(workspace);
    let mut checks = vec![check];
    let is_valid = config.is_ok();
    let config = config.unwrap_or_default();
    let mut vendor = Vendor::None;
    if is_valid {
        let (project, found) = project::check_project(workspace, &config);
        checks.extend(found);
        vendor = project.map_or(Vendor::None, |project| project.vendor);
        checks.extend(project::check_history(workspace, assumed, now));
    }
    let mut needed = need::needed_programs(&config, vendor);
    needed.retain(|need| command.is_none_or(|command| need.commands.contains(&command)));
    checks.extend(programs::check_programs(&needed, command)?);
    checks.push(machine::check_namespaces());
    if is_valid {
        checks.extend(machine::check_backend(&config, is_building_asked(&config, command)));
        checks.extend(machine::check_isolation(config.ci.isolation.as_ref()));
    }
    let mut places = vec![("the release", workspace.work_tree().unwrap_or(&workspace.root).to_owned())];
    places.push(("temporary files", std::env::temp_dir()));
    places.extend(layout.ok().map(|layout| ("the repository", PathBuf::from(layout.root.for_programs()))));
    checks.extend(machine::check_disks(&places));
    if is_valid {
        match layout {
            Ok(layout) => {
                checks.push(repository::check_folders(layout));
                checks.extend(repository::check_keys(&config, layout, now));
                checks.extend(repository::check_address(layout));
            }
            Err(error) => checks.push(Check::of_error("repository", error).of_commands(&repository::CHANGING)),
        }
        checks.extend(services::check_mail(&config.announce, workspace));
        checks.extend(services::check_forge(&config.ci, workspace));
        checks.extend(services::check_default_branch(&config.ci, workspace));
    }
    Ok(match command {
        Some(command) => narrow(checks, command),
        None => checks,
    })
}

fn is_building_asked(config: &Config, command: Option<&str>) -> bool {
    !config.rpm.dists.is_empty() || config.rpm.backend != BackendKind::Local || command == Some("rpm")
}
