//! Why a spec cannot be turned into a source package here: always a line, always a reason.

use std::fmt;

use crate::base::error::{Exit, Failure};

/// A spec that this writer does not take, and the line where it noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Counted from 1; where a whole spec lacks something, its last line.
    pub line: usize,
    /// What stands there.
    pub problem: Problem,
}

/// The two kinds of no: ask another program, or correct the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The value depends on a machine, a program or a distribution's macros: `rpmbuild` can know it, this writer cannot.
    Beyond(Beyond),
    /// The spec is wrong, and `rpmbuild` would say so too.
    Broken(String),
}

/// Something without a value here, as it stands in the spec.
///
/// It is an error only where it reaches the header or decides what does: most specs are full of macros in `%build` that
/// a source package never sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// A macro that nothing in the spec defines, up to here.
    Undefined(String),
    /// Whatever has a value on some machine, such as `%(date)`.
    Foreign(String),
}

impl Beyond {
    pub(super) fn foreign(what: impl Into<String>) -> Beyond {
        Beyond::Foreign(what.into())
    }
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Beyond::Undefined(what) => write!(f, "`{what}` is not defined in it"),
            Beyond::Foreign(what) => write!(f, "{what} is not resolved here"),
        }
    }
}

impl SpecError {
    pub(super) fn beyond(line: usize, beyond: Beyond) -> SpecError {
        SpecError { line, problem: Problem::Beyond(beyond) }
    }

    pub(super) fn broken(line: usize, message: impl Into<String>) -> SpecError {
        SpecError { line, problem: Problem::Broken(message.into()) }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Beyond(beyond) => write!(f, "line {} of the spec: {beyond}", self.line),
            Problem::Broken(message) => write!(f, "line {} of the spec: {message}", self.line),
        }
    }
}

impl std::error::Error for SpecError {}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Failure {
        let failure = Failure::new(Exit::Failed, error.to_string());
        match error.problem {
            Problem::Beyond(Beyond::Undefined(_)) => failure.help(
                "define it in the spec, write `%%` where a `%` is meant, or set `rpm.srpm = \"rpmbuild\"`: a macro of this \
                 machine's is known to `rpmbuild` alone",
            ),
            Problem::Beyond(Beyond::Foreign(_)) => {
                failure.help("set `rpm.srpm = \"rpmbuild\"`: what depends on the machine is known to `rpmbuild` alone")
            }
            Problem::Broken(_) => failure,
        }
    }
}
