//! A requirement of a package: a capability, or a boolean dependency such as `(a if b)`. It is evaluated as rpm does, for two sets of
//! packages at once: those before and those after a change.

use std::collections::BTreeSet;
use std::fmt;

use crate::rpm::capability::{Capability, VersionRange, VersionSense};

/// What a package requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    text: String,
    term: Term,
}

/// A capability, or terms in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    One(Capability),
    Group(Operator, Vec<Term>),
}

/// The operator of a group. `if` and `unless` have a third term where there is an `else`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    And,
    Or,
    If,
    Unless,
    With,
    Without,
}

/// The packages, by number, that provide a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    pub before: BTreeSet<usize>,
    pub after: BTreeSet<usize>,
}

/// The limit of nested parentheses, so that a package cannot overflow the stack.
const DEEPEST: usize = 100;

impl Requirement {
    /// A requirement of one capability.
    pub fn one(capability: Capability) -> Requirement {
        Requirement { text: capability.to_string(), term: Term::One(capability) }
    }

    /// Parses a boolean dependency; `None` if it is not one that rpm accepts.
    pub fn parse_boolean(text: &str) -> Option<Requirement> {
        let mut parser = BooleanParser { rest: text, depth: 0 };
        let term = parser.group()?;
        parser.rest.trim().is_empty().then(|| Requirement { text: text.to_owned(), term })
    }

    /// All capabilities in it.
    pub fn capabilities(&self) -> Vec<&Capability> {
        let (mut found, mut open) = (Vec::new(), vec![&self.term]);
        while let Some(term) = open.pop() {
            match term {
                Term::One(capability) => found.push(capability),
                Term::Group(_, terms) => open.extend(terms),
            }
        }
        found
    }

    /// Whether the packages before the change met it, and those after it do not. A capability that none of the packages provided
    /// before may be there from elsewhere or not, and is the same afterwards.
    pub fn is_lost(&self, find: &dyn Fn(&Capability) -> Providers) -> bool {
        self.term.outcomes(find).includes_lost()
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a term can be before and after a change: a set of pairs of truth values. A pair is a number of two bits, the first for before, the
/// second for after; the set is a number with one bit for each pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcomes(u8);

/// True before and false after.
const LOST: u8 = 0b10;

impl Outcomes {
    fn of(providers: &Providers) -> Outcomes {
        if providers.before.is_empty() {
            return Outcomes(1 << 0b00 | 1 << 0b11);
        }
        Outcomes(if providers.after.is_empty() { 1 << LOST } else { 1 << 0b11 })
    }

    fn pairs(self) -> impl Iterator<Item = u8> {
        (0..4).filter(move |pair| self.0 & 1 << pair != 0)
    }

    fn includes_lost(self) -> bool {
        self.0 & 1 << LOST != 0
    }

    fn join(self, other: Outcomes, operator: fn(u8, u8) -> u8) -> Outcomes {
        let mut joined = 0;
        for one in self.pairs() {
            for other in other.pairs() {
                joined |= 1 << operator(one, other);
            }
        }
        Outcomes(joined)
    }

    fn and(self, other: Outcomes) -> Outcomes {
        self.join(other, |one, other| one & other)
    }

    fn or(self, other: Outcomes) -> Outcomes {
        self.join(other, |one, other| one | other)
    }

    fn not(self) -> Outcomes {
        Outcomes(self.pairs().fold(0, |inverted, pair| inverted | 1 << (0b11 ^ pair)))
    }
}

impl Term {
    fn outcomes(&self, find: &dyn Fn(&Capability) -> Providers) -> Outcomes {
        let (operator, terms) = match self {
            Term::One(_) | Term::Group(Operator::With | Operator::Without, _) => {
                return Outcomes::of(&self.providers(find));
            }
            Term::Group(operator, terms) => (operator, terms),
        };
        let all: Vec<Outcomes> = terms.iter().map(|term| term.outcomes(find)).collect();
        match (operator, all.as_slice()) {
            (Operator::If, [then, condition]) => then.or(condition.not()),
            (Operator::If, [then, condition, otherwise, ..]) => then.or(condition.not()).and(otherwise.or(*condition)),
            (Operator::Unless, [then, condition]) => then.and(condition.not()),
            (Operator::Unless, [then, condition, otherwise, ..]) => {
                then.and(condition.not()).or(otherwise.and(*condition))
            }
            (Operator::Or, [first, others @ ..]) => others.iter().fold(*first, |joined, next| joined.or(*next)),
            (_, [first, others @ ..]) => others.iter().fold(*first, |joined, next| joined.and(*next)),
            (_, []) => Outcomes(1 << 0b11),
        }
    }

    /// The packages that meet the term by themselves: for `with` those that meet all of its terms, for `without` those that meet only the
    /// first, else those that meet any.
    fn providers(&self, find: &dyn Fn(&Capability) -> Providers) -> Providers {
        let (operator, terms) = match self {
            Term::One(capability) => return find(capability),
            Term::Group(operator, terms) => (operator, terms),
        };
        let combine = |one: &BTreeSet<usize>, other: &BTreeSet<usize>| match operator {
            Operator::With => one & other,
            Operator::Without => one - other,
            _ => one | other,
        };
        let mut all = terms.iter().map(|term| term.providers(find));
        let first = all.next().unwrap_or_default();
        all.fold(first, |found, next| Providers {
            before: combine(&found.before, &next.before),
            after: combine(&found.after, &next.after),
        })
    }
}

/// The first word of a part of a dependency, and the rest. A word ends at a blank or comma, or at a closing parenthesis that it did not
/// open.
pub fn split_dependency_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
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
    text.split_at(end.unwrap_or(text.len()))
}

struct BooleanParser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> BooleanParser<'t> {
    fn group(&mut self) -> Option<Term> {
        self.depth += 1;
        self.rest = self.rest.trim_start().strip_prefix('(').filter(|_| self.depth <= DEEPEST)?;
        let mut terms = vec![self.term()?];
        let mut operators = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(behind) = self.rest.strip_prefix(')') {
                self.rest = behind;
                self.depth -= 1;
                break;
            }
            operators.push(self.word());
            terms.push(self.term()?);
        }
        let operator = match operators.as_slice() {
            [] => return terms.pop(),
            ["if"] | ["if", "else"] => Operator::If,
            ["unless"] | ["unless", "else"] => Operator::Unless,
            all if all.iter().all(|word| *word == "and") => Operator::And,
            all if all.iter().all(|word| *word == "or") => Operator::Or,
            all if all.iter().all(|word| *word == "with") => Operator::With,
            all if all.iter().all(|word| *word == "without") => Operator::Without,
            _ => return None,
        };
        Some(Term::Group(operator, terms))
    }

    fn term(&mut self) -> Option<Term> {
        if self.rest.trim_start().starts_with('(') {
            return self.group();
        }
        let name = Some(self.word()).filter(|name| !name.is_empty())?.to_owned();
        let before = self.rest;
        let Some(sense) = VersionSense::parse(self.word()) else {
            self.rest = before;
            return Some(Term::One(Capability { name, range: None }));
        };
        let range = Some(VersionRange::parse(sense, self.word()));
        Some(Term::One(Capability { name, range }))
    }

    fn word(&mut self) -> &'t str {
        let (word, rest) = split_dependency_word(self.rest);
        self.rest = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a boolean dependency is lost. Package 1 provides `kept` and `both`; package 2, which is removed, `gone` and `both`;
    /// package 3, which is added, `new`. Nothing provides `other`.
    fn is_lost(text: &str) -> bool {
        let find = |capability: &Capability| {
            let (before, after): (&[usize], &[usize]) = match capability.name.as_str() {
                "kept" => (&[1], &[1]),
                "both" => (&[1, 2], &[1]),
                "gone" => (&[2], &[]),
                "new" => (&[], &[3]),
                _ => (&[], &[]),
            };
            Providers { before: before.iter().copied().collect(), after: after.iter().copied().collect() }
        };
        Requirement::parse_boolean(text).unwrap_or_else(|| panic!("{text}")).is_lost(&find)
    }

    #[test]
    fn a_boolean_dependency_is_lost_where_rpm_no_longer_finds_it_met() {
        for (text, expected) in [
            ("(gone)", true),
            ("(kept)", false),
            ("(other)", false),
            ("(gone and kept)", true),
            ("(other and gone)", true),
            ("(gone or kept)", false),
            ("(gone or other)", true),
            ("(kept or other or gone)", false),
            ("(gone if kept)", true),
            ("(gone if other)", true),
            ("(kept if gone)", false),
            ("(other if new)", false),
            ("(gone if kept else other)", true),
            ("(kept if gone else other)", true),
            ("(kept if gone else kept)", false),
            ("(gone unless other)", true),
            ("(kept unless gone)", false),
            ("(other unless kept else gone)", true),
            ("(both with gone)", true),
            ("(both with kept)", false),
            ("(both without kept)", true),
            ("(both without gone)", false),
            ("((gone with other) or kept)", false),
            ("((gone and kept) or (gone and other))", true),
        ] {
            assert_eq!(is_lost(text), expected, "{text}");
        }
    }

    #[test]
    fn boolean_dependencies_are_parsed_with_their_versions() {
        let parsed = Requirement::parse_boolean("(pkgconfig(a) >= 1:2-3 if (b or c<2) else /usr/bin/d)").unwrap();
        let mut names: Vec<String> = parsed.capabilities().into_iter().map(ToString::to_string).collect();
        names.sort();
        assert_eq!(names, ["/usr/bin/d", "b", "c<2", "pkgconfig(a) >= 1:2-3"]);
        for text in
            ["(", "()", "(a", "(a or)", "(a and b or c)", "(a if b if c)", "(a xor b)", "(a) b", &"(".repeat(999)]
        {
            assert_eq!(Requirement::parse_boolean(text), None, "{text}");
        }
    }
}
