//! An [`Answer`] for people and for machines.

use std::fmt::Write;

use serde::Serialize;

use crate::base::text::{shorten, wrap};
use crate::git::CommitId;
use crate::history::answer::{Answer, Base};
use crate::history::header::Level;
use crate::history::milestone::Milestone;
use crate::history::version::{Step, Version};
use crate::history::warning::Warning;

/// How wide the text may be.
const COLUMNS: usize = 80;
/// Runs of plain patches longer than this fold into one line.
const RUN: usize = 4;

/// Whether tracked files of the work tree differ from the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkTree {
    /// They do not, or there is no work tree.
    Clean,
    /// They do; the version is that of the commit all the same.
    Dirty,
}

/// `--explain`: the base, each step with what it says and the version after it, the warnings.
pub fn render_text(answer: &Answer) -> String {
    let mut lines =
        vec![format!("{} is the version of commit {}", answer.version, answer.commit.short()), String::new()];
    let width = answer.steps.iter().map(|step| step.version.to_string().len()).max().unwrap_or(0).max(5);
    lines.push(base_line(answer, width));
    let mut steps = answer.steps.as_slice();
    while let Some(step) = steps.first() {
        let run = steps.iter().take_while(|step| is_plain(step)).count();
        // The first and the last of a run stay in sight.
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
    if !answer.warnings.is_empty() {
        lines.push(String::new());
    }
    for warning in &answer.warnings {
        lines.extend(wrap("warning:".to_owned(), warning.to_string().split(' '), COLUMNS, "  "));
    }
    lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn is_plain(step: &Step) -> bool {
    step.level == Level::Patch && step.header.is_none()
}

fn base_line(answer: &Answer, width: usize) -> String {
    let (version, commit, what) = match answer.base {
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

fn step_line(step: &Step, width: usize) -> String {
    let head = format!("{:width$}  {}  {:5}  ", step.version.to_string(), step.commit.id.short(), step.level.name());
    let left = COLUMNS.saturating_sub(head.chars().count());
    head + &shorten(&step.subject(), left)
}

/// The line under a step that tells where its level comes from.
fn header_line(step: &Step, width: usize) -> Option<String> {
    let header = step.header.as_ref()?;
    let place = match header.from == step.commit.id {
        true => String::new(),
        false => format!(" in commit {}", header.from.short()),
    };
    let head = format!("{:width$}  {:8}         ", "", "");
    let left = COLUMNS.saturating_sub(head.chars().count() + place.chars().count() + 2);
    Some(format!("{head}`{}`{place}", shorten(&header.line, left)))
}

/// `--json`: the same facts in the schema `releng.version/1`, as one line.
pub fn render_json(answer: &Answer, work_tree: WorkTree) -> String {
    let base_commit = answer.base.and_then(|base| base.commit);
    let document = Document {
        schema: SCHEMA,
        version: &answer.version,
        commit: Some(answer.commit.to_string()),
        base: answer.base.map(|base| base.milestone),
        base_commit: base_commit.map(|commit| commit.to_string()),
        dirty: work_tree == WorkTree::Dirty,
        steps: answer.steps.iter().map(DocumentStep::of).collect(),
        warnings: &answer.warnings,
    };
    // Strings and numbers only: there is nothing that could fail to become JSON.
    serde_json::to_string(&document).unwrap_or_default() + "\n"
}

/// `--json` of a version that was stated and not counted: what is not known is `null`.
pub fn render_stated_json(version: &Version, commit: Option<CommitId>, base: Option<Milestone>) -> String {
    let document = Document {
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
struct Document<'a> {
    schema: &'static str,
    version: &'a Version,
    commit: Option<String>,
    base: Option<Milestone>,
    base_commit: Option<String>,
    dirty: bool,
    steps: Vec<DocumentStep<'a>>,
    warnings: &'a [Warning],
}

#[derive(Serialize)]
struct DocumentStep<'a> {
    commit: String,
    level: Level,
    header: Option<&'a str>,
    from: Option<String>,
    subject: String,
    version: &'a Version,
}

impl DocumentStep<'_> {
    fn of(step: &Step) -> DocumentStep<'_> {
        DocumentStep {
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
pub fn render_places(steps: &[&Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        let _ = writeln!(text, "{}  {}", step.commit.id, shorten(&step.subject(), COLUMNS - 42));
        text
    })
}
