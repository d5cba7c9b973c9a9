//! A line of a spec as the reader gets it: expanded, and with what is not certain about it.

use crate::rpm::srpm::error::{Beyond, Varies};
use crate::rpm::srpm::value::Expansion;

/// A line of a spec, with its macros expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecLine {
    /// The number of its first line in the spec, counted from 1.
    pub number: usize,
    /// Without the line end.
    pub text: String,
    /// Why the text is not known.
    pub beyond: Option<Beyond>,
    /// Why it is not known whether the branch of the line is taken.
    pub doubtful: Option<Beyond>,
    /// Why the text is another one on another distribution or architecture.
    pub varies: Option<Varies>,
    /// Whether a line end follows. Directives, skipped lines and definitions have none, which matters in a changelog.
    pub has_end: bool,
    /// For a line that counts on other distributions or architectures only.
    pub elsewhere: Option<Elsewhere>,
}

/// The place of a line among those that count elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// The first line of a branch, which begins in the section of the line before.
    First,
    Later,
}

/// The lines of a text that counts elsewhere.
pub fn elsewhere_lines(number: usize, expansion: Expansion) -> Vec<SpecLine> {
    let Expansion { text, beyond, varies } = expansion;
    let line = |text: &str| SpecLine {
        number,
        text: text.to_owned(),
        beyond: beyond.clone(),
        doubtful: None,
        varies: varies.clone(),
        has_end: true,
        elsewhere: Some(Elsewhere::Later),
    };
    text.lines().map(line).collect()
}
