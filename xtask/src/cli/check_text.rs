//! The text of `doctor`: a line for each check, with its mark, wrapped to the width of the terminal.

use crate::base::text::{printable, words, wrap};
use crate::cli::overview_text::TextStyle;
use crate::doctor::check::{Check, CheckMark};

/// The width of the column of marks.
const MARKS: usize = 6;

/// The lines of all checks, faults included, in their order.
pub fn render_checks(checks: &[Check], style: TextStyle) -> String {
    // The column of topics is as wide as the longest, but for whole paths.
    let widths = checks.iter().map(|check| check.topic.chars().count()).filter(|width| *width <= 14);
    let indent = MARKS + widths.max().unwrap_or(0) + 2;
    checks.iter().map(|check| render_check(check, indent, style)).collect()
}

fn render_check(check: &Check, indent: usize, style: TextStyle) -> String {
    let (mark, color) = match check.mark {
        CheckMark::Ok => ("ok", "32"),
        CheckMark::Note => ("note", "1;33"),
        CheckMark::Fault => ("FAULT", "1;31"),
    };
    let head = format!("{mark:<MARKS$}{:<width$}", printable(&check.topic), width = indent - MARKS - 1);
    let mut text = lines(head, &check.found, indent, style);
    for step in check.next.iter().flat_map(|next| next.lines()) {
        text += &lines(" ".repeat(indent - 1), &format!("next: {step}"), indent + 6, style);
    }
    match text.strip_prefix(mark) {
        Some(rest) if style.colored => format!("\x1b[{color}m{mark}\x1b[0m{rest}"),
        _ => text,
    }
}

/// A text after its head, in lines as wide as the terminal.
fn lines(head: String, text: &str, indent: usize, style: TextStyle) -> String {
    let text = printable(text).replace('\n', "; ").replace('\t', " ");
    let lines = wrap(head, words(&text).into_iter(), style.columns.unwrap_or(usize::MAX), &" ".repeat(indent));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_with_its_next_steps_below() {
        let checks = [
            Check::ok("git", "2.39.5, for fetching"),
            Check::fault("namespaces", "not\x1b[1m here\nat all").then("do `one thing`\nor the other, which is long"),
        ];
        let plain = TextStyle { columns: Some(44), colored: false };
        let expected = "ok    git         2.39.5, for fetching\n\
                        FAULT namespaces  not\\u001b[1m here; at all\n                  next: do `one thing`\n                  \
                        next: or the other, which\n                        is long\n";
        assert_eq!(render_checks(&checks, plain), expected);
        let colored = render_checks(&checks, TextStyle { columns: None, colored: true });
        assert!(colored.starts_with("\x1b[32mok\x1b[0m    git") && colored.contains("\x1b[1;31mFAULT\x1b[0m name"));
    }
}
