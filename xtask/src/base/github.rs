//! Lines that GitHub Actions reads as commands, in the form of its
//! [workflow commands](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).

use std::fmt;
use std::fmt::Write as _;

use crate::base::text::printable;

/// GitHub shows ten annotations of each kind for a step, and leaves out the others without a word.
const SHOWN: usize = 10;

/// A message that GitHub shows with the results of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub level: AnnotationLevel,
    /// A rule or a step.
    pub title: String,
    /// Lines of text from anywhere.
    pub text: String,
}

/// The kind of an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationLevel {
    Error,
    Warning,
}

impl fmt::Display for AnnotationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AnnotationLevel::Error => "error",
            AnnotationLevel::Warning => "warning",
        })
    }
}

/// One line for each annotation, errors first. Where there are more than GitHub shows, the last one, with the title `rest`, says how
/// many.
pub fn render_annotations(annotations: &[Annotation], rest: &str) -> String {
    let mut text = String::new();
    for level in [AnnotationLevel::Error, AnnotationLevel::Warning] {
        let of_level: Vec<&Annotation> = annotations.iter().filter(|annotation| annotation.level == level).collect();
        let shown = if of_level.len() > SHOWN { SHOWN - 1 } else { of_level.len() };
        for Annotation { title, text: said, .. } in &of_level[..shown] {
            // Writing to a string cannot fail.
            _ = writeln!(text, "::{level} title={}::{}", escape_property(title), escape(said));
        }
        if shown < of_level.len() {
            _ = writeln!(
                text,
                "::{level} title={rest}::{} more; GitHub does not show them all",
                of_level.len() - shown
            );
        }
    }
    text
}

/// The text as the data of a command.
fn escape(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text for people in which no line is a command: what comes from outside, such as the name of a file in an error, can have line ends.
pub fn without_command_lines(text: &str) -> String {
    let plain = |line: &str| {
        let bar = if line.trim_start().starts_with("::") { "| " } else { "" };
        format!("{bar}{}", line.replace("##[", "## ["))
    };
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// The text between lines that stop the reading of commands and begin it again. GitHub finds a command in any part of a line, so
/// there is no way to write the text itself so that it is none. The text must not be able to contain `token`.
pub fn without_commands(text: &str, token: &str) -> String {
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("::stop-commands::{token}\n{text}{newline}::{token}::\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_text_for_people_is_a_command() {
        let text = "error: invalid path 'x\n::set-output name=a::b\n  ::error::c\ny ##[error]d'\nhelp: a::b";
        let plain = "error: invalid path 'x\n| ::set-output name=a::b\n|   ::error::c\ny ## [error]d'\nhelp: a::b";
        assert_eq!(without_command_lines(text), plain);
    }

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let annotation =
            Annotation { level: AnnotationLevel::Error, title: "a:b,c".into(), text: "50 %\n::error::x\x1b".into() };
        assert_eq!(render_annotations(&[annotation], "lint"), "::error title=a%3Ab%2Cc::50 %25%0A::error::x\\u001b\n");
        assert_eq!(without_commands("::error::x", "T"), "::stop-commands::T\n::error::x\n::T::\n");
        assert_eq!(without_commands("", "T"), "::stop-commands::T\n::T::\n");
    }
}
