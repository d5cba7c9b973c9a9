//! The branches of `%if`: which of them is taken, and whether another one is taken on another distribution.

use crate::rpm::srpm::directive::Directive;
use crate::rpm::srpm::error::{Beyond, Varies};
use crate::rpm::srpm::macros::Macros;

/// Whether a branch is taken, or a condition is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tristate {
    Yes,
    No,
    Unknown(Beyond),
}

/// A directive that begins or ends a branch, such as `%if` or `%endif`.
pub struct BranchDirective<'l> {
    pub directive: Directive,
    pub argument: &'l str,
    pub number: usize,
    /// Why the argument cannot be evaluated.
    pub beyond: Option<&'l Beyond>,
    /// Why the argument has another value on another distribution or architecture.
    pub varies: Option<&'l Varies>,
}

/// An open `%if`.
pub struct Branch {
    pub taken: Tristate,
    /// Whether an `%else` is taken.
    pub otherwise: Tristate,
    /// The macros before the first branch of this `%if` whose condition is unknown.
    pub before: Option<Macros>,
    /// Why another branch is taken on another distribution or architecture.
    pub varies: Option<Varies>,
    pub line: usize,
}

impl Branch {
    /// An `%if` inside of a branch that is taken as `outer` says.
    pub fn new(outer: Tristate, line: usize) -> Branch {
        Branch { taken: Tristate::No, otherwise: outer, before: None, varies: None, line }
    }

    /// Notes why the condition of a directive has another value elsewhere.
    pub fn vary(&mut self, step: &BranchDirective<'_>) {
        if matches!(self.otherwise, Tristate::No) {
            return;
        }
        let is_of_architecture = matches!(step.directive, Directive::Ifarch | Directive::Ifnarch | Directive::Elifarch);
        let architecture = || is_of_architecture.then(|| Varies("the architecture".to_owned()));
        self.varies = self.varies.take().or_else(|| step.varies.cloned()).or_else(architecture);
    }

    /// Begins the next branch of this `%if`, with its condition.
    pub fn enter(&mut self, condition: Tristate, macros: &Macros) {
        (self.taken, self.otherwise) = match (condition, self.otherwise.clone()) {
            (_, Tristate::No) => (Tristate::No, Tristate::No),
            (Tristate::No, otherwise) => (Tristate::No, otherwise),
            (Tristate::Yes, otherwise) => (otherwise, Tristate::No),
            (Tristate::Unknown(reason), _) => (Tristate::Unknown(reason.clone()), Tristate::Unknown(reason)),
        };
        if matches!(self.taken, Tristate::Unknown(_)) && self.before.is_none() {
            self.before = Some(macros.clone());
        }
    }
}
