//! Evaluates expressions of `%if`, `%elif` and `%[…]`. Macros in the text are already expanded.
//!
//! An expression has integers, quoted strings, parentheses and the operators `! * / + - < <= == != >= > && || ?:`. As in
//! rpm, `&&` and `||` have the same precedence, their value is one of their operands, and operands of different types are
//! an error.

use std::fmt;
use std::iter::Peekable;

/// The value of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionValue {
    Integer(i64),
    Text(String),
}

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpressionError {
    /// A version such as `v"1.2"`; the order of versions is not implemented.
    Version,
    /// An operator, an operand or a parenthesis is missing, or there is one too many.
    Syntax,
    /// A word without quotes.
    BareWord,
    /// A number beside a string.
    Types,
    /// Division by zero, or a number too large.
    Range,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExpressionError::Version => "a comparison of versions",
            ExpressionError::Syntax => "the operators do not fit",
            ExpressionError::BareWord => "a word without quotes",
            ExpressionError::Types => "a number beside a string",
            ExpressionError::Range => "a number out of range",
        })
    }
}

impl fmt::Display for ExpressionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpressionValue::Integer(number) => write!(f, "{number}"),
            ExpressionValue::Text(text) => f.write_str(text),
        }
    }
}

impl ExpressionValue {
    /// Whether it is a number other than 0, or a text that is not empty.
    pub fn is_true(&self) -> bool {
        match self {
            ExpressionValue::Integer(number) => *number != 0,
            ExpressionValue::Text(text) => !text.is_empty(),
        }
    }
}

/// Evaluates `text`.
pub fn evaluate(text: &str) -> Result<ExpressionValue, ExpressionError> {
    let mut parser = Parser { tokens: tokenize(text)?.into_iter().peekable(), depth: 0 };
    let value = parser.ternary()?;
    match parser.tokens.next() {
        None => Ok(value),
        Some(_) => Err(ExpressionError::Syntax),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Operand(ExpressionValue),
    Operator(&'static str),
}

/// Longer operators first.
const OPERATORS: [&str; 17] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "(", ")", "?", ":"];

fn tokenize(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '"' {
            let end = rest[1..].find('"').ok_or(ExpressionError::Syntax)?;
            (Token::Operand(ExpressionValue::Text(rest[1..1 + end].to_owned())), end + 2)
        } else if first.is_ascii_digit() {
            let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
            if rest[end..].starts_with(|next: char| next.is_ascii_alphabetic()) {
                return Err(ExpressionError::BareWord);
            }
            let number = rest[..end].parse().map_err(|_| ExpressionError::Range)?;
            (Token::Operand(ExpressionValue::Integer(number)), end)
        } else if rest.starts_with("v\"") {
            return Err(ExpressionError::Version);
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

/// The limit of nested expressions, so that a spec cannot overflow the stack.
const DEEPEST: usize = 100;

struct Parser {
    tokens: Peekable<std::vec::IntoIter<Token>>,
    /// The number of open parentheses and `?:`.
    depth: usize,
}

impl Parser {
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
        let condition = self.logical()?;
        if self.operator(&["?"]).is_none() {
            return Ok(condition);
        }
        let yes = self.ternary()?;
        self.operator(&[":"]).ok_or(ExpressionError::Syntax)?;
        let no = self.ternary()?;
        Ok(if condition.is_true() { yes } else { no })
    }

    fn logical(&mut self) -> Result<ExpressionValue, ExpressionError> {
        let mut left = self.relation()?;
        while let Some(operator) = self.operator(&["&&", "||"]) {
            let right = self.relation()?;
            same_type(&left, &right)?;
            if left.is_true() == (operator == "&&") {
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
                    in_range(left.checked_add(right))?
                }
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right), _) => {
                    in_range(left.checked_sub(right))?
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
                    in_range(left.checked_mul(right))?
                }
                (ExpressionValue::Integer(left), ExpressionValue::Integer(right), _) => {
                    in_range(left.checked_div(right))?
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
                (_, ExpressionValue::Integer(number)) => in_range(number.checked_neg())?,
                (_, ExpressionValue::Text(_)) => return Err(ExpressionError::Types),
            };
        }
        Ok(value)
    }

    fn primary(&mut self) -> Result<ExpressionValue, ExpressionError> {
        match self.tokens.next() {
            Some(Token::Operand(value)) => Ok(value),
            Some(Token::Operator("(")) => {
                let value = self.ternary()?;
                self.operator(&[")"]).ok_or(ExpressionError::Syntax)?;
                Ok(value)
            }
            _ => Err(ExpressionError::Syntax),
        }
    }
}

fn same_type(left: &ExpressionValue, right: &ExpressionValue) -> Result<(), ExpressionError> {
    if std::mem::discriminant(left) != std::mem::discriminant(right) {
        return Err(ExpressionError::Types);
    }
    Ok(())
}

fn in_range(number: Option<i64>) -> Result<ExpressionValue, ExpressionError> {
    number.map(ExpressionValue::Integer).ok_or(ExpressionError::Range)
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
        ] {
            assert_eq!(evaluate(text).unwrap().to_string(), expected, "{text}");
        }
        assert!(!evaluate("\"\"").unwrap().is_true());
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
            ("1 / 0", ExpressionError::Range),
            ("v\"1.2\" > v\"1\"", ExpressionError::Version),
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
