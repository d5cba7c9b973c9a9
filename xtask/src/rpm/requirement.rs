//! A requirement of a package: a capability, or a boolean dependency such as `(a if b)`. It is evaluated as rpm does, for two sets of
//! packages at once: those before and those after a change.

use std::collections::BTreeSet;
use std::fmt;

use crate::rpm::boolean::{BooleanTerm, NamedTerm, Operator};
use crate::rpm::capability::{Capability, VersionRange};

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

/// The packages, by number, that provide a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    pub before: BTreeSet<usize>,
    pub after: BTreeSet<usize>,
}

impl Requirement {
    /// A requirement of one capability.
    pub fn one(capability: Capability) -> Requirement {
        Requirement { text: capability.to_string(), term: Term::One(capability) }
    }

    /// Parses a boolean dependency; `None` if it is not one that rpm accepts.
    pub fn parse_boolean(text: &str) -> Option<Requirement> {
        let (term, rest) = BooleanTerm::parse(text).ok()?;
        rest.trim().is_empty().then(|| Requirement { text: text.to_owned(), term: Term::of(&term) })
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
    fn of(term: &BooleanTerm<'_>) -> Term {
        match term {
            BooleanTerm::One(NamedTerm { name, version }) => {
                let range = version.map(|(sense, evr)| VersionRange::parse(sense, evr));
                Term::One(Capability { name: (*name).to_owned(), range })
            }
            BooleanTerm::Group(operator, terms) => {
                Term::Group(operator.unwrap_or(Operator::And), terms.iter().map(Term::of).collect())
            }
        }
    }

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
