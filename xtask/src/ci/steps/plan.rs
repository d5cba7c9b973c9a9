//! Decides which steps of a stage are run.
//!
//! The patterns of `only` are those of `.gitignore`: one without a `/` matches a file or folder of that name anywhere, one with a `/`
//! begins at the top folder, a folder stands for everything in it, and of several patterns the last one that matches decides, so that
//! `["**", "!docs/"]` is everything but `docs`.

use std::fmt;

use strsim::levenshtein;

use crate::base::error::{Exit, Failure};
use crate::base::text::shell_word;
use crate::ci::stage::CiStage;
use crate::git::wildmatch::{self, Scope};
use crate::project::config::{CiStep, LINT_STEP};

/// The steps of a stage, each to be run or to be left out.
#[derive(Clone, Debug, PartialEq)]
pub struct StagePlan {
    pub stage: CiStage,
    /// In the order of the configuration.
    pub steps: Vec<PlannedStep>,
}

/// A step, to be run or to be left out.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// A built-in step has no program in `run`.
    pub step: CiStep,
    /// Why it is left out; `None` if it is run.
    pub left_out: Option<String>,
}

impl fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CiStep { name, run, timeout, needs, .. } = &self.step;
        if let Some(why) = &self.left_out {
            return write!(f, "leave out {name}: {why}");
        }
        if run.is_empty() {
            return write!(f, "run {name}: built in");
        }
        let words: Vec<String> = run.iter().map(|word| shell_word(word)).collect();
        write!(f, "run {name}: `{}`, at most {}", words.join(" "), String::from(*timeout))?;
        if needs.is_empty() { Ok(()) } else { write!(f, ", after {}", needs.join(", ")) }
    }
}

/// The step with which `check-patch` begins.
pub fn lint_step() -> CiStep {
    CiStep { name: LINT_STEP.to_owned(), ..CiStep::default() }
}

/// The plan for `steps`, of which only those in `only` are run, if it names some; else those whose patterns match one of the
/// `changed` paths.
///
/// Errors (exit 2): `only` names a step that is not there.
pub fn decide(stage: CiStage, steps: &[CiStep], changed: &[Vec<u8>], only: &[String]) -> Result<StagePlan, Failure> {
    if let Some(unknown) = only.iter().find(|name| !steps.iter().any(|step| step.name == **name)) {
        return Err(unknown_step(stage, steps, unknown));
    }
    let plan = |step: &CiStep| PlannedStep { step: step.clone(), left_out: reason_to_leave_out(step, changed, only) };
    Ok(StagePlan { stage, steps: steps.iter().map(plan).collect() })
}

/// Why a step is left out. What `--only` names is run whatever was changed.
fn reason_to_leave_out(step: &CiStep, changed: &[Vec<u8>], only: &[String]) -> Option<String> {
    if !only.is_empty() {
        return (!only.contains(&step.name)).then(|| "not named by `--only`".to_owned());
    }
    if step.only.is_empty() || changed.iter().any(|path| is_selected(&step.only, path)) {
        return None;
    }
    Some(format!("no file that matches `{}` was changed", step.only.join("`, `")))
}

/// Whether the last of the patterns that match the path selects it.
fn is_selected(patterns: &[String], path: &[u8]) -> bool {
    let mut is_selected = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches_path(excluded.as_bytes(), path) => is_selected = false,
            None if matches_path(pattern.as_bytes(), path) => is_selected = true,
            _ => {}
        }
    }
    is_selected
}

/// Whether a pattern matches a path or one of the folders above it.
fn matches_path(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, wants_folder) = match pattern.strip_suffix(b"/") {
        Some(folder) => (folder, true),
        None => (pattern, false),
    };
    let begins_at_top = pattern.contains(&b'/');
    let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    let whole = (!wants_folder).then_some(path.len());
    slashes.chain(whole).any(|end| {
        let part = &path[..end];
        if begins_at_top {
            return wildmatch::matches(pattern, part, Scope::Path);
        }
        let name = part.rsplit(|byte| *byte == b'/').next().unwrap_or(part);
        wildmatch::matches(pattern, name, Scope::Name)
    })
}

fn unknown_step(stage: CiStage, steps: &[CiStep], unknown: &str) -> Failure {
    let message = format!("`{stage}` has no step `{}`", unknown.escape_debug());
    let nearest = steps.iter().map(|step| (levenshtein(&step.name, unknown), &step.name)).min();
    let help = match nearest {
        Some((distance, name)) if distance <= 1 + name.len() / 3 => format!("did you mean `{name}`?"),
        _ => {
            let names: Vec<String> = steps.iter().map(|step| format!("`{}`", step.name)).collect();
            format!("the steps are {}", names.join(", "))
        }
    };
    Failure::new(Exit::Usage, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_gitignore() {
        for (patterns, path, expected) in [
            (&["src/**"][..], "src/a/b.rs", true),
            (&["src/**"], "lib/src/a.rs", false),
            (&["src"], "src/a.rs", true),
            (&["src"], "lib/src/a.rs", true),
            (&["src/"], "src", false),
            (&["/src"], "lib/src/a.rs", false),
            (&["/src/"], "src/a.rs", true),
            (&["*.rs"], "a/b/c.rs", true),
            (&["*.rs"], "c.rs.orig", false),
            (&["a/*.rs"], "a/b/c.rs", false),
            (&["a/**/c.rs"], "a/c.rs", true),
            (&["**", "!docs/"], "docs/a.md", false),
            (&["**", "!docs/"], "a.md", true),
            (&["**", "!docs/", "docs/conf.py"], "docs/conf.py", true),
            (&["!docs/"], "a.md", false),
            (&["README*"], "README.md", true),
        ] {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            assert_eq!(is_selected(&patterns, path.as_bytes()), expected, "{patterns:?} {path}");
        }
        assert!(is_selected(&["*.txt".to_owned()], b"caf\xe9.txt"));
    }

    fn step(name: &str, only: &[&str]) -> CiStep {
        let only = only.iter().map(|pattern| (*pattern).to_owned()).collect();
        CiStep { name: name.to_owned(), run: vec!["make".into(), "a b".into()], only, ..CiStep::default() }
    }

    fn shown(changed: &[&str], only: &[&str]) -> Vec<String> {
        let steps = [lint_step(), step("unit", &["src/**", "*.toml"]), step("docs", &[])];
        let changed: Vec<Vec<u8>> = changed.iter().map(|path| path.as_bytes().to_vec()).collect();
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        match decide(CiStage::CheckPatch, &steps, &changed, &only) {
            Ok(plan) => plan.steps.iter().map(ToString::to_string).collect(),
            Err(failure) => vec![failure.message, failure.help.unwrap_or_default()],
        }
    }

    #[test]
    fn a_step_is_run_or_left_out_with_the_reason() {
        let (lint, docs) = ("run lint: built in", "run docs: `make 'a b'`, at most 10m");
        let unit = "run unit: `make 'a b'`, at most 10m";
        let unchanged = "leave out unit: no file that matches `src/**`, `*.toml` was changed";
        assert_eq!(shown(&["src/a"], &[]), [lint, unit, docs]);
        assert_eq!(shown(&["a"], &[]), [lint, unchanged, docs]);
        let not_named = |name: &str| format!("leave out {name}: not named by `--only`");
        assert_eq!(shown(&[], &["unit"]), [not_named("lint"), unit.to_owned(), not_named("docs")]);
        assert_eq!(shown(&[], &["unti"]), ["`check-patch` has no step `unti`", "did you mean `unit`?"]);
        assert_eq!(shown(&[], &["other"])[1], "the steps are `lint`, `unit`, `docs`");
    }
}
