//! What a macro is defined as, and what a text expands to.

use crate::rpm::srpm::error::{Beyond, Varies};

/// The definition of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// A text that is expanded again at each use, and the first part of it that could not be evaluated when it was defined.
    Body(String, Option<Beyond>),
    /// A macro with arguments.
    Parametric {
        /// The letters of its options, as `getopt` takes them.
        options: String,
        body: String,
        /// The first part of the body that could not be evaluated when it was defined.
        beyond: Option<Beyond>,
    },
    /// An argument of the macro whose body is being expanded; it is not expanded again.
    Argument(Expansion),
    /// A macro whose value depends on the machine.
    Foreign,
    /// A macro whose definition is in a branch that may not be taken.
    Doubtful(Beyond),
}

/// The result of an expansion.
///
/// Everything that could not be evaluated leaves a percent sign in the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The expanded text. Macros that could not be evaluated are unchanged.
    pub text: String,
    /// The first construct that could not be evaluated.
    pub beyond: Option<Beyond>,
    /// Why the text is another one on another distribution or architecture.
    pub varies: Option<Varies>,
}

impl Expansion {
    /// An expansion that has a value, the same one everywhere.
    pub fn of(text: impl Into<String>) -> Expansion {
        Expansion { text: text.into(), beyond: None, varies: None }
    }

    /// Adds a construct that could not be evaluated. The first one is kept, but `Foreign` replaces `Undefined`: an
    /// undefined macro may be defined before the text is expanded again.
    pub fn note(&mut self, beyond: Option<Beyond>) {
        self.beyond = match (self.beyond.take(), beyond) {
            (Some(Beyond::Undefined(_)) | None, Some(beyond @ Beyond::Foreign(_))) => Some(beyond),
            (first, second) => first.or(second),
        };
    }

    /// Adds a reason why the text varies. The first one is kept.
    pub fn vary(&mut self, varies: Option<Varies>) {
        self.varies = self.varies.take().or(varies);
    }

    /// Appends another expansion.
    pub fn append(&mut self, other: Expansion) {
        self.text.push_str(&other.text);
        self.note(other.beyond);
        self.vary(other.varies);
    }
}
