//! The results as a page in Markdown, which GitHub shows with a run.

use std::fmt::Write as _;

use crate::base::text::{one_line, shorten};
use crate::ci::stage::CiStage;
use crate::ci::steps::report::reported::ReportedStep;

/// GitHub shows nothing of a page that has more bytes.
pub const LARGEST_SUMMARY: usize = 1 << 20;

/// How many lines of output the page has for a step that has failed.
const LINES: usize = 40;

/// A table of the steps, and the end of the output of those that have failed. At most `room` bytes: outputs that do not fit are left
/// out. Empty if even the table does not fit.
pub fn render_summary(stage: CiStage, steps: &[ReportedStep], room: usize) -> String {
    let failed: Vec<&ReportedStep> = steps.iter().filter(|step| step.result.verdict.has_failed()).collect();
    let verdict = match failed.len() {
        0 => "passed".to_owned(),
        count => format!("{count} of {} steps failed", steps.len()),
    };
    let mut page = format!("### {stage}: {verdict}\n\n| step | state | time |\n|---|---|---|\n");
    for step in steps {
        // Writing to a string cannot fail.
        _ = writeln!(page, "| {} | {} | {} |", step.result.name, cell(&step.result.verdict.to_string()), step.time());
    }
    // Each output that is left out is named, so there is room for these lines.
    let mut open: usize = failed.iter().map(|step| left_out(step).len()).sum();
    if page.len() + open > room {
        return String::new();
    }
    for step in failed {
        open -= left_out(step).len();
        let output = output(step);
        page += &if page.len() + open + output.len() <= room { output } else { left_out(step) };
    }
    page
}

fn output(step: &ReportedStep) -> String {
    let text = step.last_lines(LINES);
    if text.is_empty() {
        return String::new();
    }
    let fence = fence(&text);
    format!("\nThe end of the output of `{}`:\n\n{fence}text\n{text}{fence}\n", step.result.name)
}

fn left_out(step: &ReportedStep) -> String {
    format!("\nThe output of `{}` is left out: the page would be too long.\n", step.result.name)
}

/// A fence that no line of the text is.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// The text as a cell of a table.
fn cell(text: &str) -> String {
    shorten(&one_line(text), 500).replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ci::steps::result::{StepResult, StepVerdict};

    fn step(name: &str, verdict: StepVerdict, output: &str) -> ReportedStep {
        let duration = if verdict == StepVerdict::Passed { Duration::from_millis(1260) } else { Duration::ZERO };
        let result = StepResult { name: name.to_owned(), verdict, duration, log: None };
        ReportedStep { result, output: output.to_owned() }
    }

    #[test]
    fn a_page_has_a_table_and_the_ends_of_outputs() {
        let left_out = StepVerdict::LeftOut("no file that matches `a|b` was changed\n".to_owned());
        let failed = StepVerdict::Failed { exit: 3 };
        let steps = [
            step("a", StepVerdict::Passed, ""),
            step("b", left_out, ""),
            step("c", failed, "x\n````\n</details>\x1b\n"),
        ];
        let page = render_summary(CiStage::CheckPatch, &steps, LARGEST_SUMMARY);
        let expected = "### check-patch: 1 of 3 steps failed\n\n| step | state | time |\n|---|---|---|\n\
            | a | passed | 1.3 s |\n| b | left out: no file that matches `a\\|b` was changed |  |\n\
            | c | FAILED: exit 3 |  |\n\nThe end of the output of `c`:\n\n\
            `````text\nx\n````\n</details>\\u001b\n`````\n";
        assert_eq!(page, expected);
        assert_eq!(render_summary(CiStage::CheckPatch, &steps, 100), "");
    }

    #[test]
    fn a_page_is_not_larger_than_its_room() {
        let output = format!("{}\n", "x".repeat(900)).repeat(50);
        let failed = || StepVerdict::Failed { exit: 1 };
        let steps: Vec<ReportedStep> = (0..50).map(|number| step(&format!("s{number}"), failed(), &output)).collect();
        let page = render_summary(CiStage::CheckPatch, &steps, LARGEST_SUMMARY);
        assert!(page.len() <= LARGEST_SUMMARY && page.len() > LARGEST_SUMMARY - 50_000, "{}", page.len());
        assert!(page.contains("The end of the output of `s0`"));
        assert!(page.ends_with("The output of `s49` is left out: the page would be too long.\n"));
    }
}
