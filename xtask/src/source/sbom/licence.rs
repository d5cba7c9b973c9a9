//! Licences as crates state them, as expressions of SPDX.

use std::collections::HashSet;
use std::sync::OnceLock;

/// The identifiers of licences that SPDX knows, and that readers of both forms accept.
const LICENCES: &str = include_str!("licence_ids.txt");
/// The identifiers of exceptions, which follow `WITH`.
const EXCEPTIONS: &str = include_str!("exception_ids.txt");

/// The licence of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Licence {
    /// A valid expression of SPDX, such as `MIT OR Apache-2.0`.
    Expression(String),
    /// Any other text.
    Text(String),
}

impl Licence {
    /// Reads what a crate states. Old crates separate licences by a slash, which means `OR`.
    pub fn parse(stated: &str) -> Licence {
        let words = words_of(stated);
        let mut rest = words.as_slice();
        if is_expression(&mut rest) && rest.is_empty() {
            let text = words.join(" ").replace("( ", "(").replace(" )", ")");
            return Licence::Expression(text);
        }
        Licence::Text(stated.trim().to_owned())
    }
}

/// The words of an expression; a parenthesis is a word.
fn words_of(stated: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in stated.split_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')', '/']) {
            words.extend(Some(&rest[..at]).filter(|before| !before.is_empty()));
            words.push(if rest[at..].starts_with('/') { "OR" } else { &rest[at..=at] });
            rest = &rest[at + 1..];
        }
        words.extend(Some(rest).filter(|rest| !rest.is_empty()));
    }
    words
}

/// Takes an expression from the beginning of `words`: licences in parentheses or with an exception, joined by `AND` and `OR`.
fn is_expression(words: &mut &[&str]) -> bool {
    loop {
        if !is_term(words) {
            return false;
        }
        match words {
            ["AND" | "OR", rest @ ..] => *words = rest,
            _ => return true,
        }
    }
}

fn is_term(words: &mut &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            if !is_expression(words) {
                return false;
            }
            match *words {
                [")", rest @ ..] => {
                    *words = rest;
                    true
                }
                _ => false,
            }
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            is_licence(licence) && known(&EXCEPTION_SET, EXCEPTIONS).contains(exception)
        }
        [licence, rest @ ..] => {
            *words = rest;
            is_licence(licence)
        }
        [] => false,
    }
}

fn is_licence(word: &str) -> bool {
    known(&LICENCE_SET, LICENCES).contains(word)
}

static LICENCE_SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
static EXCEPTION_SET: OnceLock<HashSet<&'static str>> = OnceLock::new();

fn known(set: &'static OnceLock<HashSet<&'static str>>, list: &'static str) -> &'static HashSet<&'static str> {
    set.get_or_init(|| list.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_read_as_crates_state_them() {
        for (stated, expected) in [
            ("MIT", Some("MIT")),
            ("MIT OR Apache-2.0", Some("MIT OR Apache-2.0")),
            ("MIT/Apache-2.0", Some("MIT OR Apache-2.0")),
            ("Unlicense / MIT", Some("Unlicense OR MIT")),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some("(MIT OR Apache-2.0) AND Unicode-3.0")),
            ("Apache-2.0 WITH LLVM-exception OR MIT", Some("Apache-2.0 WITH LLVM-exception OR MIT")),
            ("Apache-2.0 WITH MIT", None),
            ("MIT or later", None),
            ("(MIT", None),
            ("MIT)", None),
            ("MIT OR", None),
            ("", None),
            ("Proprietary", None),
        ] {
            let expected =
                expected.map_or(Licence::Text(stated.to_owned()), |text| Licence::Expression(text.to_owned()));
            assert_eq!(Licence::parse(stated), expected, "{stated}");
        }
    }
}
