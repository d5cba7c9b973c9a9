//! A [`CountedVersion`] as text and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::base::text::{shorten, wrap};
use crate::git::CommitId;
use crate::history::counted_version::{Base, CountedVersion};
use crate::history::level::Level;
use crate::history::milestone::Milestone;
use crate::history::version::{Version, VersionStep};
use crate::history::warning::Warning;

/// The width of the text.
const COLUMNS: usize = 80;
/// More plain patches than this in a row are shown as two of them and a count.
const RUN: usize = 4;

/// Whether tracked files of the work tree differ from the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkTree {
    /// They do not differ, or there is no work tree.
    Clean,
    /// They differ. The version is that of the commit.
    Dirty,
}

/// `--explain`: the base, each step with its header and version, and the warnings.
pub fn render_text(counted: &CountedVersion) -> String {
    let mut lines =
        vec![format!("{} is the version of commit {}", counted.version, counted.commit.short()), String::new()];
    let width = counted.steps.iter().map(|step| step.version.to_string().len()).max().unwrap_or(0).max(5);
    lines.push(base_line(counted, width));
    let mut steps = counted.steps.as_slice();
    while let Some(step) = steps.first() {
        let run = steps.iter().take_while(|step| is_plain(step)).count();
        // The first and the last one are shown.
        if run > RUN {
            lines.push(step_line(step, width));
            lines.push(format!("{:width$}  {:8}  patch  … {} more patches …", "", "", run - 2));
            lines.push(step_line(&steps[run - 1], width));
            steps = &steps[run..];
        } else {
            lines.push(step_line(step, width));
            lines.extend(header_line(step, width));
            steps = &steps[1..];
        }
    }
    if !counted.warnings.is_empty() {
        lines.push(String::new());
    }
    for warning in &counted.warnings {
        lines.extend(wrap("warning:".to_owned(), warning.to_string().split(' '), COLUMNS, "  "));
    }
    lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn is_plain(step: &VersionStep) -> bool {
    step.level == Level::Patch && step.header.is_none()
}

fn base_line(counted: &CountedVersion, width: usize) -> String {
    let (version, commit, what) = match counted.base {
        Some(Base { milestone, commit: Some(commit) }) => {
            (format!("{milestone}.0"), commit.short(), format!("base   tag {milestone}"))
        }
        Some(Base { milestone, commit: None }) => {
            (format!("{milestone}.0"), String::new(), "base   version.initial, just before the first commit".to_owned())
        }
        None => {
            ("0.0.0".to_owned(), String::new(), "base   no milestone tag, counted from the first commit".to_owned())
        }
    };
    format!("{version:width$}  {commit:8}  {what}")
}

fn step_line(step: &VersionStep, width: usize) -> String {
    let head = format!("{:width$}  {}  {:5}  ", step.version.to_string(), step.commit.id.short(), step.level.name());
    let left = COLUMNS.saturating_sub(head.chars().count());
    head + &shorten(&step.subject(), left)
}

/// The line below a step with the `Sem-Ver:` line that gave its level.
fn header_line(step: &VersionStep, width: usize) -> Option<String> {
    let header = step.header.as_ref()?;
    let is_own = header.from == step.commit.id;
    let place = if is_own { String::new() } else { format!(" in commit {}", header.from.short()) };
    let head = format!("{:width$}  {:8}         ", "", "");
    let left = COLUMNS.saturating_sub(head.chars().count() + place.chars().count() + 2);
    Some(format!("{head}`{}`{place}", shorten(&header.line, left)))
}

/// `--json`: the same facts in the schema `releng.version/1`, as one line.
pub fn render_json(counted: &CountedVersion, work_tree: WorkTree) -> String {
    let base_commit = counted.base.and_then(|base| base.commit);
    let document = VersionDocument {
        schema: SCHEMA,
        version: &counted.version,
        commit: Some(counted.commit.to_string()),
        base: counted.base.map(|base| base.milestone),
        base_commit: base_commit.map(|commit| commit.to_string()),
        dirty: work_tree == WorkTree::Dirty,
        steps: counted.steps.iter().map(VersionDocumentStep::of).collect(),
        warnings: &counted.warnings,
    };
    // Strings and numbers always have a JSON form.
    serde_json::to_string(&document).unwrap_or_default() + "\n"
}

/// `--json` of a version that was stated and not counted; unknown values are `null`.
pub fn render_stated_json(version: &Version, commit: Option<CommitId>, base: Option<Milestone>) -> String {
    let document = VersionDocument {
        schema: SCHEMA,
        version,
        commit: commit.map(|commit| commit.to_string()),
        base,
        base_commit: None,
        dirty: false,
        steps: Vec::new(),
        warnings: &[],
    };
    serde_json::to_string(&document).unwrap_or_default() + "\n"
}

const SCHEMA: &str = "releng.version/1";

#[derive(Serialize)]
struct VersionDocument<'a> {
    schema: &'static str,
    version: &'a Version,
    commit: Option<String>,
    base: Option<Milestone>,
    base_commit: Option<String>,
    dirty: bool,
    steps: Vec<VersionDocumentStep<'a>>,
    warnings: &'a [Warning],
}

#[derive(Serialize)]
struct VersionDocumentStep<'a> {
    commit: String,
    level: Level,
    header: Option<&'a str>,
    from: Option<String>,
    subject: String,
    version: &'a Version,
}

impl VersionDocumentStep<'_> {
    fn of(step: &VersionStep) -> VersionDocumentStep<'_> {
        VersionDocumentStep {
            commit: step.commit.id.to_string(),
            level: step.level,
            header: step.header.as_ref().map(|header| header.line.as_str()),
            from: step.header.as_ref().map(|header| header.from.to_string()),
            subject: step.subject(),
            version: &step.version,
        }
    }
}

/// `--at`: the steps that had the version, newest first.
pub fn render_places(steps: &[&VersionStep]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        let _ = writeln!(text, "{}  {}", step.commit.id, shorten(&step.subject(), COLUMNS - 42));
        text
    })
}
