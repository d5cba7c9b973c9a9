//! The built-in step of `check-patch`: the lint of the branch.

use std::time::Instant;

use anyhow::Result;

use crate::base::files;
use crate::base::github::Annotation;
use crate::ci::steps::result::{StepResult, StepVerdict};
use crate::ci::steps::run::StageRun;
use crate::cli::commands::ci::subject::StageSubject;
use crate::cli::context::Context;
use crate::cli::linted_branch;
use crate::history::lint::render::{LintReport, lint_annotations, render_human};
use crate::history::lint::{LintedBranch, RuleId, Severity, lint_branch};
use crate::project::config::LINT_STEP;

/// The result of the lint.
pub struct LintedStep {
    pub result: StepResult,
    pub annotations: Vec<Annotation>,
}

/// Lints the branch by the rules of the configuration that has the steps. `fixup!` commits are no error: the review goes on, and they are
/// squashed before the merge.
pub fn lint(context: &Context, subject: &StageSubject<'_>, run: &StageRun<'_>) -> Result<Option<LintedStep>> {
    let Some((base, history)) = &subject.branch else { return Ok(None) };
    let start = Instant::now();
    let head = subject.commits.head;
    let severities = subject.config.lint.clone().without_error(RuleId::FixupLeft);
    let is_off = severities.of(RuleId::RewritesOwnBranch) == Severity::Off;
    let rewrites =
        if is_off { Vec::new() } else { linted_branch::load_rewrites(context, subject.repository, head, history)? };
    let branch = LintedBranch { head, base_name: &base.name, base: base.tip, history, rewrites: &rewrites };
    let findings = lint_branch(&branch, &severities);
    let subjects = linted_branch::subjects(history);
    let report = LintReport { base: subject.commits.base, head: Some(head), findings: &findings, subjects };
    let log = run.log_of(LINT_STEP);
    files::write(&log, render_human(&report).as_bytes())?;
    let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    let verdict = if has_error { StepVerdict::Failed { exit: 1 } } else { StepVerdict::Passed };
    let (name, duration) = (LINT_STEP.to_owned(), start.elapsed());
    let result = StepResult { name, verdict, duration, log: Some(log) };
    Ok(Some(LintedStep { result, annotations: lint_annotations(&report) }))
}
