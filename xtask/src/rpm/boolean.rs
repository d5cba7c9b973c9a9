//! The grammar of boolean dependencies, such as `(a if b)`.

use std::fmt;

use crate::rpm::capability::VersionSense;

/// A dependency on a name, or terms in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BooleanTerm<'t> {
    One(NamedTerm<'t>),
    /// A group in parentheses; one with a single term has no operator.
    Group(Option<Operator>, Vec<BooleanTerm<'t>>),
}

/// A name with the versions that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTerm<'t> {
    pub name: &'t str,
    /// The operator and `[epoch:]version[-release]`; `None` for all versions.
    pub version: Option<(VersionSense, &'t str)>,
}

/// The operator of a group. `if` and `unless` have a third term where there is an `else`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    And,
    Or,
    If,
    Unless,
    With,
    Without,
}

/// Why a text is no boolean dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BooleanFault {
    TooDeep,
    NoEnd,
    /// A word that is no operator, or an operator that cannot stand there.
    Operator(String),
    NoVersion(String),
}

impl fmt::Display for BooleanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BooleanFault::TooDeep => f.write_str("a boolean dependency with too many parentheses"),
            BooleanFault::NoEnd => f.write_str("a boolean dependency without an end"),
            BooleanFault::Operator(word) => write!(f, "`{word}` cannot join two dependencies there"),
            BooleanFault::NoVersion(name) => write!(f, "`{name}` has an operator, and no version"),
        }
    }
}

/// The limit of nested parentheses, so that no text can overflow the stack.
const DEEPEST: usize = 100;

impl Operator {
    /// The operator of a group with these words between its terms.
    fn of(words: &[&str]) -> Result<Option<Operator>, BooleanFault> {
        let Some(first) = words.first() else { return Ok(None) };
        let operator = match *first {
            "and" => Operator::And,
            "or" => Operator::Or,
            "if" => Operator::If,
            "unless" => Operator::Unless,
            "with" => Operator::With,
            "without" => Operator::Without,
            other => return Err(BooleanFault::Operator(other.to_owned())),
        };
        let mut others = words.iter().enumerate().skip(1);
        let wrong = match operator {
            Operator::If | Operator::Unless => others.find(|(index, word)| *index > 1 || **word != "else"),
            Operator::Without => others.next(),
            _ => others.find(|(_, word)| *word != first),
        };
        wrong.map_or(Ok(Some(operator)), |(_, word)| Err(BooleanFault::Operator((*word).to_owned())))
    }

    /// The word before the term with this index, from 1.
    fn word(self, index: usize) -> &'static str {
        match self {
            Operator::If | Operator::Unless if index > 1 => "else",
            Operator::And => "and",
            Operator::Or => "or",
            Operator::If => "if",
            Operator::Unless => "unless",
            Operator::With => "with",
            Operator::Without => "without",
        }
    }
}

impl<'t> BooleanTerm<'t> {
    /// Parses the boolean dependency that a text begins with, and returns it with the rest of the text.
    pub fn parse(text: &'t str) -> Result<(BooleanTerm<'t>, &'t str), BooleanFault> {
        let mut parser = BooleanParser { rest: text, depth: 0 };
        let term = parser.group()?;
        Ok((term, parser.rest))
    }

    /// All names in it.
    pub fn names(&self) -> Vec<&NamedTerm<'t>> {
        let (mut found, mut open) = (Vec::new(), vec![self]);
        while let Some(term) = open.pop() {
            match term {
                BooleanTerm::One(named) => found.push(named),
                BooleanTerm::Group(_, terms) => open.extend(terms),
            }
        }
        found
    }
}

/// As rpm writes it into a header: one blank between words, none beside parentheses.
impl fmt::Display for BooleanTerm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BooleanTerm::One(NamedTerm { name, version: None }) => f.write_str(name),
            BooleanTerm::One(NamedTerm { name, version: Some((sense, version)) }) => {
                write!(f, "{name} {} {version}", sense.operator())
            }
            BooleanTerm::Group(operator, terms) => {
                f.write_str("(")?;
                for (index, term) in terms.iter().enumerate() {
                    if let Some(operator) = operator.filter(|_| index > 0) {
                        write!(f, " {} ", operator.word(index))?;
                    }
                    term.fmt(f)?;
                }
                f.write_str(")")
            }
        }
    }
}

struct BooleanParser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> BooleanParser<'t> {
    fn group(&mut self) -> Result<BooleanTerm<'t>, BooleanFault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(BooleanFault::TooDeep);
        }
        self.rest = self.rest.trim_start().strip_prefix('(').ok_or(BooleanFault::NoEnd)?;
        let mut terms = vec![self.term()?];
        let mut words = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(behind) = self.rest.strip_prefix(')') {
                self.rest = behind;
                self.depth -= 1;
                return Ok(BooleanTerm::Group(Operator::of(&words)?, terms));
            }
            words.push(Some(self.word()).filter(|word| !word.is_empty()).ok_or(BooleanFault::NoEnd)?);
            terms.push(self.term()?);
        }
    }

    fn term(&mut self) -> Result<BooleanTerm<'t>, BooleanFault> {
        if self.rest.trim_start().starts_with('(') {
            return self.group();
        }
        let name = Some(self.word()).filter(|name| !name.is_empty()).ok_or(BooleanFault::NoEnd)?;
        let before = self.rest;
        let Some(sense) = VersionSense::parse(self.word()) else {
            self.rest = before;
            return Ok(BooleanTerm::One(NamedTerm { name, version: None }));
        };
        match self.word() {
            "" => Err(BooleanFault::NoVersion(name.to_owned())),
            version => Ok(BooleanTerm::One(NamedTerm { name, version: Some((sense, version)) })),
        }
    }

    /// The next word. It ends at a blank or comma, or at a closing parenthesis that it did not open.
    fn word(&mut self) -> &'t str {
        let text = self.rest.trim_start();
        let mut depth = 0;
        let end = text.find(|letter: char| {
            match letter {
                '(' => depth += 1,
                ')' if depth == 0 => return true,
                ')' => depth -= 1,
                _ => {}
            }
            matches!(letter, ' ' | '\t' | '\n' | ',')
        });
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boolean_dependency_is_shown_as_rpm_writes_it() {
        for (text, expected) in [
            ("( a  if b(c) )d", "(a if b(c))"),
            ("((a with a => 0:2~rc) or (b and c))", "((a with a >= 0:2~rc) or (b and c))"),
            ("(a if b else c)", "(a if b else c)"),
            ("(a or b\tor  c)", "(a or b or c)"),
            ("(a)", "(a)"),
        ] {
            assert_eq!(BooleanTerm::parse(text).unwrap().0.to_string(), expected);
        }
        assert_eq!(BooleanTerm::parse("(a) b").unwrap().1, " b");
    }

    #[test]
    fn what_rpm_refuses_has_a_reason() {
        let fault = |text: &str| BooleanTerm::parse(text).unwrap_err();
        let operator = |word: &str| BooleanFault::Operator(word.to_owned());
        for text in ["(", "()", "(a", "(a or)", "(a or", "a"] {
            assert_eq!(fault(text), BooleanFault::NoEnd, "{text}");
        }
        assert_eq!(fault("(a and b or c)"), operator("or"));
        assert_eq!(fault("(a if b if c)"), operator("if"));
        assert_eq!(fault("(a if b else c else d)"), operator("else"));
        assert_eq!(fault("(a xor b)"), operator("xor"));
        assert_eq!(fault("(a without b without c)"), operator("without"));
        assert_eq!(fault("(a >= )"), BooleanFault::NoVersion("a".to_owned()));
        assert_eq!(fault(&"(".repeat(999)), BooleanFault::TooDeep);
    }
}
