//! Splits an expression of `%if`, `%elif` or `%[…]` into operands and operators.

use std::fmt;

use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::scan::{matching, name_length};

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionError {
    /// An operator, an operand or a parenthesis is missing, or there is one too many.
    Syntax,
    /// A word without quotes.
    BareWord,
    /// A number beside a string.
    Types,
    /// Division by zero, or a number too large.
    Range,
    /// A macro in it expands to a text that is not a number.
    NotANumber,
    /// A macro in it has no value here.
    Unknown(Beyond),
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExpressionError::Syntax => "the operators do not fit",
            ExpressionError::BareWord => "a word without quotes",
            ExpressionError::Types => "a number beside a string",
            ExpressionError::Range => "a number out of range",
            ExpressionError::NotANumber => "a macro that is not a number",
            ExpressionError::Unknown(beyond) => return beyond.fmt(f),
        })
    }
}

/// A part of an expression. Macros in operands are not expanded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Digits, and macros between them.
    Number(String),
    /// The text between two quotes.
    Text(String),
    /// The text between `v"` and `"`.
    Version(String),
    Operator(&'static str),
}

/// Longer operators first.
const OPERATORS: [&str; 17] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "(", ")", "?", ":"];

/// Whether an expression may have macros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandMacros {
    /// They were expanded before: a percent sign is an error.
    Expanded,
    /// An operand may have macros, which count only if the operand does.
    InOperands,
}

/// Splits `text`.
pub fn tokenize(text: &str, macros: OperandMacros) -> Result<Vec<Token>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '"' {
            let end = quoted_length(&rest[1..], macros)?;
            (Token::Text(rest[1..1 + end].to_owned()), end + 2)
        } else if let Some(quoted) = rest.strip_prefix("v\"") {
            let end = quoted_length(quoted, macros)?;
            (Token::Version(quoted[..end].to_owned()), end + 3)
        } else if first.is_ascii_digit() || (first == '%' && macros == OperandMacros::InOperands) {
            let end = number_length(rest, macros)?;
            if rest[end..].starts_with(|next: char| next.is_ascii_alphabetic()) {
                return Err(ExpressionError::BareWord);
            }
            (Token::Number(rest[..end].to_owned()), end)
        } else if let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
            (Token::Operator(operator), operator.len())
        } else if first.is_alphabetic() {
            return Err(ExpressionError::BareWord);
        } else {
            return Err(ExpressionError::Syntax);
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The number of bytes up to the closing quote.
fn quoted_length(text: &str, macros: OperandMacros) -> Result<usize, ExpressionError> {
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        match next {
            '"' => return Ok(at),
            '%' if macros == OperandMacros::InOperands => at += macro_length(&text[at..])?,
            _ => at += next.len_utf8(),
        }
    }
    Err(ExpressionError::Syntax)
}

fn number_length(text: &str, macros: OperandMacros) -> Result<usize, ExpressionError> {
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        match next {
            '%' if macros == OperandMacros::InOperands => at += macro_length(&text[at..])?,
            digit if digit.is_ascii_digit() => at += 1,
            _ => break,
        }
    }
    Ok(at)
}

/// The length of the macro call at the start of `text`, with its percent sign.
fn macro_length(text: &str) -> Result<usize, ExpressionError> {
    let after = &text[1..];
    let close = match after.chars().next() {
        Some('{') => '}',
        Some('(') => ')',
        Some('[') => ']',
        Some('%') => return Ok(2),
        _ => {
            let name = after.trim_start_matches(['!', '?']);
            return Ok(1 + after.len() - name.len() + name_length(name));
        }
    };
    let open = after.chars().next().unwrap_or_default();
    matching(after, open, close).map(|length| 1 + length).ok_or(ExpressionError::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_keep_their_macros() {
        let number = |text: &str| Token::Number(text.to_owned());
        let text = |text: &str| Token::Text(text.to_owned());
        assert_eq!(
            tokenize("0%{?x} >= 08&&%y ", OperandMacros::InOperands).unwrap(),
            [number("0%{?x}"), Token::Operator(">="), number("08"), Token::Operator("&&"), number("%y")]
        );
        assert_eq!(
            tokenize("\"%{?a:\"b\"}\" == v\"1.2~%%\"", OperandMacros::InOperands).unwrap(),
            [text("%{?a:\"b\"}"), Token::Operator("=="), Token::Version("1.2~%%".to_owned())]
        );
        assert_eq!(tokenize("\"%{\"", OperandMacros::Expanded).unwrap(), [text("%{")]);
        for (broken, error) in [
            ("%x", ExpressionError::Syntax),
            ("a == 1", ExpressionError::BareWord),
            ("1a", ExpressionError::BareWord),
            ("\"a", ExpressionError::Syntax),
            ("1 = 1", ExpressionError::Syntax),
        ] {
            assert_eq!(tokenize(broken, OperandMacros::Expanded), Err(error), "{broken}");
        }
    }
}
