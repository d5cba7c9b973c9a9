//! Checks what the project says: the configuration, the spec, the history, the tags.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::progress::Progress;
use crate::doctor::check::{Check, CheckMark};
use crate::doctor::need::RELEASING;
use crate::git::Repository;
use crate::history::release_tags::FormOrigin;
use crate::history::{Base, CountedVersion, HELP_FOR_SHALLOW, Version};
use crate::project::config::{Config, PATH};
use crate::project::definition::Project;
use crate::project::release::count_head;
use crate::project::workspace::{Origin, Workspace};

/// The commands that need the version of `HEAD`.
const COUNTING: [&str; 8] = ["version", "changelog", "spec", "dist", "srpm", "rpm", "tag", "ci"];

/// The commands that read the history back to its first commit.
const READING_ALL: [&str; 6] = ["changelog", "spec", "dist", "srpm", "rpm", "lint"];

/// The difference between two clocks that is nobody's concern, in seconds.
const CLOCK_SLACK: i64 = 600;

/// Keeps the warnings of a reader.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Progress for Warnings {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _count: u64) {}
    fn end(&self) {}
    fn warn(&self, message: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
    }
}

/// The configuration that a person edits, and the checks of it. Where it cannot be read, the others go by the defaults.
pub fn check_configuration(workspace: &Workspace) -> (Result<Config>, Check) {
    let config = workspace.local_config();
    let check = match &config {
        Ok(config) if *config == Config::default() => {
            Check::ok("configuration", format!("no keys in `{PATH}`: the defaults"))
        }
        Ok(_) => Check::ok("configuration", format!("`{PATH}` is valid")),
        Err(error) => Check::of_error("configuration", error),
    };
    (config, check)
}

/// The project by `config`, and the checks of its name and spec.
pub fn check_project(workspace: &Workspace, config: &Config) -> (Option<Project>, Vec<Check>) {
    let loaded = workspace.local_tree().and_then(|tree| Project::load(tree, config.clone(), &workspace.out_of_tree()));
    let project = match loaded {
        Ok(project) => project,
        Err(error) => return (None, vec![Check::of_error("name", &error)]),
    };
    let name = Check::ok("name", format!("`{}`, by {}", project.name, project.name_source));
    let spec = match &project.spec {
        Ok(Some(spec)) => Check::ok("spec", format!("`{}`", spec.path)),
        Ok(None) => Check::note("spec", "the project has none: there are source archives, and no packages"),
        Err(failure) => Check::of_error("spec", &failure.clone().into()).asked(project.asks_for_srpm()),
    };
    let spec = spec.of_commands(&["spec", "dist", "srpm", "rpm"]);
    (Some(project), vec![name, spec])
}

/// The checks of history, version and tags, and of the clock beside the newest commit.
pub fn check_history(workspace: &Workspace, assumed: Option<&Version>, now: Timestamp) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Origin::Git(repository) = &workspace.origin {
        checks.push(check_depth(repository));
        checks.extend(check_clock(repository, now));
    }
    if let Some(version) = assumed {
        checks.push(Check::ok("version", format!("{version}, as it was stated")).of_commands(&COUNTING));
        return checks;
    }
    if let Origin::Unpacked(info) = &workspace.origin {
        checks.push(Check::ok("version", format!("{}, of the unpacked archive", info.version)).of_commands(&COUNTING));
        return checks;
    }
    let warnings = Warnings::default();
    match count_head(workspace, &warnings) {
        Ok(counted) => {
            checks.push(check_version(&counted).of_commands(&COUNTING));
            checks.extend(check_release(&counted).map(|check| check.of_commands(&RELEASING)));
            checks.push(check_tags(&counted).of_commands(&COUNTING));
        }
        Err(error) => checks.push(Check::of_error("version", &error).of_commands(&COUNTING)),
    }
    let warnings = warnings.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    checks.extend(warnings.into_iter().map(|warning| Check::note("configuration", warning).of_commands(&RELEASING)));
    checks
}

fn check_depth(repository: &Repository) -> Check {
    let check = match repository.shallow_boundary() {
        Ok(boundary) => match boundary.iter().min() {
            None => Check::ok("history", "complete"),
            Some(cut) => {
                let found =
                    format!("shallow clone, cut off at `{}`: the changelog goes back to the first commit", cut.short());
                Check::fault("history", found).then(HELP_FOR_SHALLOW)
            }
        },
        Err(error) => Check::of_error("history", &error),
    };
    check.of_commands(&READING_ALL)
}

/// A clock that is behind the newest commit is wrong, or the date of the commit is; `None` if there is no commit.
fn check_clock(repository: &Repository, now: Timestamp) -> Option<Check> {
    let head = repository.commit(repository.head().ok()?).ok()?;
    let ahead = head.committer().seconds().saturating_sub(now.as_second());
    let time = now.strftime("%Y-%m-%d %H:%M");
    Some(if ahead > CLOCK_SLACK {
        Check::note("clock", format!("{time} UTC, which is before the date of the commit `{}`", head.id.short()))
            .then("set the clock of this machine (`timedatectl` shows it), unless the date of the commit is wrong")
    } else {
        Check::ok("clock", format!("{time} UTC"))
    })
}

fn check_version(counted: &CountedVersion) -> Check {
    let count = counted.steps.len();
    let commits = if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
    let version = &counted.version;
    let found = match &counted.base {
        Some(Base::Tag(tag, _)) if count == 0 => format!("{version}, by the tag `{}`", tag.name),
        Some(Base::Tag(tag, _)) => format!("{version}, {commits} after the tag `{}`", tag.name),
        Some(Base::Initial(initial)) => format!("{version}, {commits} after `version.initial = \"{initial}\"`"),
        None => format!("{version}, {commits}"),
    };
    match counted.warnings.first() {
        // The check of the release says it.
        Some(_) if counted.require_releasable().is_err() => Check::ok("version", found),
        Some(warning) => Check::note("version", format!("{found}; {warning}"))
            .then("docs/contributor.md says what the warning means and how to end it"),
        None => Check::ok("version", found),
    }
}

/// The check whether the version may be released; `None` if it may.
fn check_release(counted: &CountedVersion) -> Option<Check> {
    let failure = counted.require_releasable().err()?;
    Some(Check::of_error("release", &failure.into()))
}

fn check_tags(counted: &CountedVersion) -> Check {
    let form = &counted.form;
    let (mark, found) = match form.origin {
        FormOrigin::Configured => (CheckMark::Ok, format!("of the form {form}, by `version.tags`")),
        FormOrigin::Recognised => (CheckMark::Ok, format!("of the form {form}")),
        FormOrigin::Default => (CheckMark::Ok, format!("no release tag yet; the form is {form}")),
        FormOrigin::Undecided(_) => (CheckMark::Note, format!("their forms contradict each other: {form}")),
    };
    Check { mark, ..Check::ok("tags", found) }
}
