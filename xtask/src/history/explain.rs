//! A [`CountedVersion`] as text and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::base::text::{shorten, wrap};
use crate::git::CommitId;
use crate::history::counted_version::{Base, CountedVersion};
use crate::history::level::Level;
use crate::history::milestone::Milestone;
use crate::history::release_tags::{FormOrigin, ProjectForm};
use crate::history::step::VersionStep;
use crate::history::version::Version;
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
    let first = format!("{} is the version of commit {}", counted.version, counted.commit.short());
    let mut lines = vec![first, form_line(&counted.form), String::new()];
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
            lines.extend(merged_line(step, width));
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
    step.level == Level::Patch && step.header.is_none() && step.merged.is_none()
}

fn form_line(form: &ProjectForm) -> String {
    match form.origin {
        FormOrigin::Configured => format!("release tags: {form}, as `version.tags` says"),
        FormOrigin::Recognised => format!("release tags: {form}, recognised from the tags"),
        FormOrigin::Default => format!("release tags: {form}; there are none yet"),
        FormOrigin::Undecided(_) => format!("release tags: {form}, which is not certain"),
    }
}

fn base_line(counted: &CountedVersion, width: usize) -> String {
    let commit = counted.base.as_ref().and_then(Base::commit).map(|commit| commit.short()).unwrap_or_default();
    let what = match &counted.base {
        Some(Base::Tag(tag, _)) => format!("base   tag {}", tag.name),
        Some(Base::Initial(_)) => "base   version.initial, just before the first commit".to_owned(),
        None => "base   no release tag on the mainline, counted from the first commit".to_owned(),
    };
    let version = counted.base.as_ref().map_or(Version::new(0, 0, 0), Base::version).to_string();
    format!("{version:width$}  {commit:8}  {what}")
}

fn step_line(step: &VersionStep, width: usize) -> String {
    let head = format!("{:width$}  {}  {:5}  ", step.version.to_string(), step.commit.id.short(), step.level.name());
    let left = COLUMNS.saturating_sub(head.chars().count());
    head + &shorten(&step.subject(), left)
}

/// The line below a step with the merged tag that it is raised from.
fn merged_line(step: &VersionStep, width: usize) -> Option<String> {
    let tag = step.merged.as_ref()?;
    Some(format!("{:width$}  {:8}         merges the tag {}", "", "", tag.name))
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
    let base_commit = counted.base.as_ref().and_then(Base::commit);
    let document = VersionDocument {
        schema: SCHEMA,
        version: &counted.version,
        commit: Some(counted.commit.to_string()),
        base: counted.base.as_ref().map(Base::to_string),
        base_commit: base_commit.map(|commit| commit.to_string()),
        dirty: work_tree == WorkTree::Dirty,
        steps: counted.steps.iter().map(VersionDocumentStep::of).collect(),
        tags: Some(FormDocument::of(&counted.form)),
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
        base: base.map(|base| base.to_string()),
        base_commit: None,
        dirty: false,
        steps: Vec::new(),
        tags: None,
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
    /// The name of the tag, or the value of `version.initial`.
    base: Option<String>,
    base_commit: Option<String>,
    dirty: bool,
    steps: Vec<VersionDocumentStep<'a>>,
    tags: Option<FormDocument>,
    warnings: &'a [Warning],
}

/// The form of the release tags, and where it comes from.
#[derive(Serialize)]
struct FormDocument {
    forms: Vec<String>,
    /// `configured`, `recognised`, `default` or `undecided`.
    origin: &'static str,
}

impl FormDocument {
    fn of(form: &ProjectForm) -> FormDocument {
        let origin = match form.origin {
            FormOrigin::Configured => "configured",
            FormOrigin::Recognised => "recognised",
            FormOrigin::Default => "default",
            FormOrigin::Undecided(_) => "undecided",
        };
        FormDocument { forms: form.forms.iter().map(ToString::to_string).collect(), origin }
    }
}

#[derive(Serialize)]
struct VersionDocumentStep<'a> {
    commit: String,
    level: Level,
    header: Option<&'a str>,
    from: Option<String>,
    /// The merged tag that the version is raised from.
    merged: Option<&'a str>,
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
            merged: step.merged.as_ref().map(|tag| tag.name.as_str()),
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
