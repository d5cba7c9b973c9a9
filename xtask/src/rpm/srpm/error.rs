//! The error for a spec that this writer cannot turn into a source package: a line and a reason.

use std::fmt;

use crate::base::error::{Exit, Failure, committed};

/// An error in a spec, or a construct that this writer cannot evaluate, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Counted from 1; the last line where the spec lacks a tag or section.
    pub line: usize,
    pub problem: Problem,
}

/// The help for a source RPM that lacks sources.
pub const WITHOUT_SOURCES: &str =
    "remove the tag: the source RPM of a release has all its sources, so that it can be built anywhere";

/// The kinds of errors in a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The value depends on the machine, a program or the macros of a distribution. Only `rpmbuild` can evaluate it.
    Beyond(Beyond),
    /// A tag such as `NoSource`, which makes a source RPM without all its sources.
    WithoutSources(&'static str),
    /// The name of a source is another one on another distribution or architecture.
    Varies(Varies),
    /// The spec is wrong; `rpmbuild` also reports an error.
    Broken(String),
}

/// A construct that this writer cannot evaluate, as written in the spec.
///
/// It is an error only if the header depends on it. Most specs have such macros in `%build`, which a source package
/// does not depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// A macro that the spec does not define before its use.
    Undefined(String),
    /// A construct whose value depends on the machine, such as `%(date)`.
    Foreign(String),
}

/// Why a value is not the same on every distribution and architecture: the macro that decides on it, as written in the
/// spec, or `the architecture`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varies(pub String);

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
            Problem::WithoutSources(tag) => {
                write!(f, "line {} of the spec: `{tag}` makes a source RPM that lacks a source", self.line)
            }
            Problem::Varies(Varies(what)) => {
                write!(f, "line {} of the spec: the name of the file depends on {what}", self.line)
            }
            Problem::Broken(message) => write!(f, "line {} of the spec: {message}", self.line),
        }
    }
}

impl std::error::Error for SpecError {}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Failure {
        let failure = Failure::new(Exit::Failed, error.to_string());
        match error.problem {
            Problem::Beyond(Beyond::Undefined(_)) => failure.help(format!(
                "define it in the spec, write `%%` for a literal `%`, or {}: only `rpmbuild` has the macros of this machine",
                committed("set `rpm.srpm = \"rpmbuild\"`")
            )),
            Problem::Beyond(Beyond::Foreign(_)) => {
                let change = committed("set `rpm.srpm = \"rpmbuild\"`");
                failure.help(format!("{change}: only `rpmbuild` can evaluate what depends on the machine"))
            }
            Problem::WithoutSources(_) => failure.help(WITHOUT_SOURCES),
            Problem::Varies(_) => failure.help(format!(
                "give each file a name of its own, in a `Source` or `Patch` inside `%if` if need be: one source RPM serves \
                 all distributions; or, for those of this machine's, {}",
                committed("set `rpm.srpm = \"rpmbuild\"`")
            )),
            Problem::Broken(_) => failure,
        }
    }
}
