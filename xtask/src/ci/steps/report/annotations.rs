//! The results as annotations of GitHub Actions.

use crate::base::github::{Annotation, AnnotationLevel};
use crate::ci::steps::report::reported::ReportedStep;

/// How many lines of output an annotation has.
const LINES: usize = 10;

/// An error for each step that has failed, with the end of its output.
pub fn step_annotations(steps: &[ReportedStep]) -> Vec<Annotation> {
    let failed = steps.iter().filter(|step| step.result.verdict.has_failed());
    let annotation = |step: &ReportedStep| Annotation {
        level: AnnotationLevel::Error,
        title: step.result.name.clone(),
        text: format!("{}\n{}", step.result.verdict, step.last_lines(LINES)).trim_end().to_owned(),
    };
    failed.map(annotation).collect()
}
