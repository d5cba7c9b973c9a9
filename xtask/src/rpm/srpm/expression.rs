//! Evaluates expressions of `%if`, `%elif` and `%[…]`.
//!
//! An expression has integers, quoted strings, versions (`v"1.2"`), parentheses and the operators
//! `! * / + - < <= == != >= > && || ?:`. As in rpm, `&&` and `||` have the same precedence, their value is one of their
//! operands, and operands of different types are an error, even in a part that does not count. `%if` gets its text with
//! all macros expanded; `%[…]` expands the macros of an operand only if the operand counts.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Peekable;

use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::token::{ExpressionError, OperandMacros, Token, tokenize};
use crate::rpm::version_order::compare_versions;

/// The value of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionValue {
    Integer(i64),
    Text(String),
    /// `[epoch:]version[-release]`.
    Version(String),
}

impl fmt::Display for ExpressionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpressionValue::Integer(number) => write!(f, "{number}"),
            ExpressionValue::Text(text) | ExpressionValue::Version(text) => f.write_str(text),
        }
    }
}

impl ExpressionValue {
    /// Whether it is a number other than 0, or a text that is not empty.
    pub fn is_true(&self) -> bool {
        match self {
            ExpressionValue::Integer(number) => *number != 0,
            ExpressionValue::Text(text) | ExpressionValue::Version(text) => !text.is_empty(),
        }
    }
}

/// Expands the macros of an operand.
pub type Expand<'e> = &'e mut dyn FnMut(&str) -> Result<String, Beyond>;

/// Evaluates `text`, whose macros are expanded already.
pub fn evaluate(text: &str) -> Result<ExpressionValue, ExpressionError> {
    finish(tokenize(text, OperandMacros::Expanded)?, None)
}

/// Evaluates `text`, and expands the macros of the operands that count.
pub fn evaluate_with(text: &str, expand: Expand<'_>) -> Result<ExpressionValue, ExpressionError> {
    finish(tokenize(text, OperandMacros::InOperands)?, Some(expand))
}

fn finish(tokens: Vec<Token>, expand: Option<Expand<'_>>) -> Result<ExpressionValue, ExpressionError> {
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), depth: 0, skipped: 0, expand };
    let value = parser.ternary()?;
    match parser.tokens.next() {
        None => Ok(value),
        Some(_) => Err(ExpressionError::Syntax),
    }
}

/// The limit of nested expressions, so that a spec cannot overflow the stack.
const DEEPEST: usize = 100;

struct Parser<'e> {
    tokens: Peekable<std::vec::IntoIter<Token>>,
    /// The number of open parentheses and `?:`.
    depth: usize,
    /// The number of open operands that do not count, such as the right one of `0 && x`.
    skipped: usize,
    expand: Option<Expand<'e>>,
}

impl Parser<'_> {
    /// Takes the next token where it is one of `operators`.
    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        match self.tokens.peek() {
            Some(Token::Operator(operator)) if operators.contains(operator) => {
                let operator = *operator;
                self.tokens.next();
                Some(operator)
            }
            _ => None,
        }
    }

    /// Parses a part with `parse`; it does not count unless `counts`.
    fn part(
        &mut self,
        counts: bool,
        parse: fn(&mut Self) -> Result<ExpressionValue, ExpressionError>,
    ) -> Result<ExpressionValue, ExpressionError> {
        self.skipped += usize::from(!counts);
        let value = parse(self);
        self.skipped -= usize::from(!counts);
        value
    }

    fn ternary(&mut self) -> Result<ExpressionValue, ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ExpressionError::Syntax);
        }
        let value = self.choice();
        self.depth -= 1;
        value
    }

    fn choice(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let holds = self.logical()?;
        if self.operator(&["?"]).is_none() {
            return Ok(holds);
        }
        let holds = holds.is_true();
        let yes = self.part(holds, Self::ternary)?;
        self.operator(&[":"]).ok_or(ExpressionError::Syntax)?;
        let no = self.part(!holds, Self::ternary)?;
        Ok(if holds { yes } else { no })
    }

    fn logical(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let mut left = self.relation()?;
        while let Some(operator) = self.operator(&["&&", "||"]) {
            let right_counts = left.is_true() == (operator == "&&");
            let right = self.part(right_counts, Self::relation)?;
            same_type(&left, &right)?;
            if right_counts {
                left = right;
            }
        }
        Ok(left)
    }

    fn relation(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let mut left = self.sum()?;
        while let Some(operator) = self.operator(&["==", "!=", "<=", ">=", "<", ">"]) {
            let right = self.sum()?;
            same_type(&left, &right)?;
            let order = match (&left, &right) {
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right)) => left.cmp(right),
                (ExpressionValue::Version(left), ExpressionValue::Version(right)) => compare_evr(left, right),
                (left, right) => left.to_string().cmp(&right.to_string()),
            };
            let holds = match operator {
                "==" => order.is_eq(),
                "!=" => order.is_ne(),
                "<=" => order.is_le(),
                ">=" => order.is_ge(),
                "<" => order.is_lt(),
                _ => order.is_gt(),
            };
            left = ExpressionValue::Integer(i64::from(holds));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&["+", "-"]) {
            left = match (left, self.product()?, operator) {
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right), "+") => {
                    self.in_range(left.checked_add(right))?
                }
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right), _) => {
                    self.in_range(left.checked_sub(right))?
                }
                (ExpressionValue::Text(left), ExpressionValue::Text(right), "+") => {
                    ExpressionValue::Text(left + &right)
                }
                _ => return Err(ExpressionError::Types),
            };
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let mut left = self.unary()?;
        while let Some(operator) = self.operator(&["*", "/"]) {
            left = match (left, self.unary()?, operator) {
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right), "*") => {
                    self.in_range(left.checked_mul(right))?
                }
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right), _) => {
                    self.in_range(left.checked_div(right))?
                }
                _ => return Err(ExpressionError::Types),
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let mut operators = Vec::new();
        while let Some(operator) = self.operator(&["!", "-"]) {
            operators.push(operator);
        }
        let mut value = self.primary()?;
        while let Some(operator) = operators.pop() {
            value = match (operator, value) {
                ("!", value) => ExpressionValue::Integer(i64::from(!value.is_true())),
                (_, ExpressionValue::Integer(number)) => self.in_range(number.checked_neg())?,
                _ => return Err(ExpressionError::Types),
            };
        }
        Ok(value)
    }

    fn primary(&mut self) -> Result<ExpressionValue, ExpressionError> {
        match self.tokens.next() {
            Some(Token::Number(text)) => {
                let digits = self.expanded(text)?;
                if digits.is_empty() {
                    return Ok(ExpressionValue::Integer(0)); // `%[%{?undefined} > 3]`
                }
                let is_number = digits.strip_prefix('-').unwrap_or(&digits).bytes().all(|byte| byte.is_ascii_digit());
                if !is_number {
                    return Err(ExpressionError::NotANumber);
                }
                digits.parse().map(ExpressionValue::Integer).map_err(|_| ExpressionError::Range)
            }
            Some(Token::Text(text)) => Ok(ExpressionValue::Text(self.expanded(text)?)),
            Some(Token::Version(text)) => {
                let version = self.expanded(text)?;
                let is_valid = self.skipped > 0 || evr_parts(&version).is_some();
                is_valid.then_some(ExpressionValue::Version(version)).ok_or(ExpressionError::Syntax)
            }
            Some(Token::Operator("(")) => {
                let value = self.ternary()?;
                self.operator(&[")"]).ok_or(ExpressionError::Syntax)?;
                Ok(value)
            }
            _ => Err(ExpressionError::Syntax),
        }
    }

    /// The text of an operand; a macro in an operand that does not count has an empty value.
    fn expanded(&mut self, text: String) -> Result<String, ExpressionError> {
        match &mut self.expand {
            Some(_) if self.skipped > 0 && text.contains('%') => Ok(String::new()),
            Some(expand) => expand(&text).map_err(ExpressionError::Unknown),
            None => Ok(text),
        }
    }

    fn in_range(&self, number: Option<i64>) -> Result<ExpressionValue, ExpressionError> {
        let number = number.or((self.skipped > 0).then_some(0));
        number.map(ExpressionValue::Integer).ok_or(ExpressionError::Range)
    }
}

fn same_type(left: &ExpressionValue, right: &ExpressionValue) -> Result<(), ExpressionError> {
    if std::mem::discriminant(left) != std::mem::discriminant(right) {
        return Err(ExpressionError::Types);
    }
    Ok(())
}

/// The epoch, the version and the release; `None` if the epoch is not a number or the version is empty.
fn evr_parts(text: &str) -> Option<(u64, &str, Option<&str>)> {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().ok()?, rest),
        None => (0, text),
    };
    let (version, release) = match rest.rsplit_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    (!version.is_empty()).then_some((epoch, version, release))
}

/// Compares `[epoch:]version[-release]`; the releases count only if both have one.
fn compare_evr(left: &str, right: &str) -> Ordering {
    let (Some(left), Some(right)) = (evr_parts(left), evr_parts(right)) else { return Ordering::Equal };
    let release = match (left.2, right.2) {
        (Some(left), Some(right)) => compare_versions(left, right),
        _ => Ordering::Equal,
    };
    left.0.cmp(&right.0).then(compare_versions(left.1, right.1)).then(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (text, expected) in [
            ("1", "1"),
            ("0 || 08", "8"),
            ("1 && 0 || 3", "3"),
            ("1 || 1 && 0", "0"), // one precedence, from the left
            ("!(2 > 1) + 5", "5"),
            ("-1 + 2 * 3 - 8 / 4", "3"),
            ("\"a\" == \"b\"", "0"),
            ("\"x86\" + \"_64\"", "x86_64"),
            ("09 < 10 ? \"yes\" : \"no\"", "yes"),
            ("0 && (1/0)", "0"),
            ("1 ? 2 : 1/0", "2"),
            ("v\"1.10\" > v\"1.9\"", "1"),
            ("v\"1.0~rc1\" < v\"1.0\" && v\"1:1\" > v\"2-3\"", "1"),
            ("v\"1-1\" == v\"1\"", "1"),
        ] {
            assert_eq!(evaluate(text).unwrap().to_string(), expected, "{text}");
        }
        assert!(!evaluate("\"\"").unwrap().is_true());
    }

    #[test]
    fn only_operands_that_count_are_expanded() {
        let mut asked = Vec::new();
        let mut expand = |text: &str| {
            asked.push(text.to_owned());
            Ok(text.replace("%x", "2").replace("%none", ""))
        };
        let value = evaluate_with("0 && %never || %x%x == 22 ? \"%x\" : %never + %never", &mut expand);
        assert_eq!(value, Ok(ExpressionValue::Text("2".to_owned())));
        assert_eq!(evaluate_with("%none > 3", &mut expand), Ok(ExpressionValue::Integer(0)));
        assert_eq!(evaluate_with("%a", &mut expand), Err(ExpressionError::NotANumber));
        assert!(!asked.iter().any(|operand| operand.contains("never")), "{asked:?}");
    }

    #[test]
    fn expressions_without_a_value() {
        for (text, expected) in [
            ("", ExpressionError::Syntax),
            ("1 +", ExpressionError::Syntax),
            ("(1", ExpressionError::Syntax),
            ("1 2", ExpressionError::Syntax),
            ("foo == 1", ExpressionError::BareWord),
            ("1.2 > 1", ExpressionError::Syntax),
            ("1 == \"1\"", ExpressionError::Types),
            ("1 || \"1\"", ExpressionError::Types),
            ("v\"1\" && 1", ExpressionError::Types),
            ("1 / 0", ExpressionError::Range),
            ("v\"\"", ExpressionError::Syntax),
        ] {
            assert_eq!(evaluate(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        for text in [format!("{}1", "(".repeat(60_000)), format!("{}1", "1 ? 1 : ".repeat(60_000)), "!".repeat(60_000)]
        {
            assert!(evaluate(&text).is_err());
        }
    }
}
