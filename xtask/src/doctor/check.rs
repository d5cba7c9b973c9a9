//! What a check has found: the mark, one line, the next step, and the commands that it is about.

use serde::Serialize;

use crate::base::error::Failure;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckMark {
    /// What was checked is in order.
    Ok,
    /// Something that a person may want to know; what the configuration asks for can run.
    Note,
    /// Something that the configuration asks for cannot run.
    Fault,
}

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// One word, such as `history`, or the name of a program.
    pub topic: String,
    pub mark: CheckMark,
    /// What was found.
    pub found: String,
    /// What to do, if there is something to do.
    pub next: Option<String>,
    /// The commands that need it; all commands where it is empty.
    pub commands: Vec<&'static str>,
}

impl Check {
    /// A check that passed.
    pub fn ok(topic: &str, found: impl Into<String>) -> Check {
        Check { topic: topic.to_owned(), mark: CheckMark::Ok, found: found.into(), next: None, commands: Vec::new() }
    }

    /// A note.
    pub fn note(topic: &str, found: impl Into<String>) -> Check {
        Check { mark: CheckMark::Note, ..Check::ok(topic, found) }
    }

    /// A fault.
    pub fn fault(topic: &str, found: impl Into<String>) -> Check {
        Check { mark: CheckMark::Fault, ..Check::ok(topic, found) }
    }

    /// The fault that a command would report as this error.
    pub fn of_error(topic: &str, error: &anyhow::Error) -> Check {
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        let next = failure.and_then(|failure| failure.help.clone());
        Check { next, ..Check::fault(topic, format!("{error:#}")) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn then(self, next: impl Into<String>) -> Check {
        Check { next: Some(next.into()), ..self }
    }

    /// States the commands that need it.
    #[must_use]
    pub fn of_commands(self, commands: &[&'static str]) -> Check {
        Check { commands: commands.to_vec(), ..self }
    }

    /// A fault becomes a note where the configuration does not ask for what cannot run.
    #[must_use]
    pub fn asked(self, is_asked: bool) -> Check {
        let mark = if is_asked || self.mark == CheckMark::Ok { self.mark } else { CheckMark::Note };
        Check { mark, ..self }
    }

    /// Whether `command` needs it.
    pub fn concerns(&self, command: &str) -> bool {
        self.commands.is_empty() || self.commands.contains(&command)
    }
}

/// Leaves the checks of one command. What that command needs and the machine does not have is a fault then, also where the configuration
/// does not ask for it.
pub fn narrow(checks: Vec<Check>, command: &str) -> Vec<Check> {
    checks.into_iter().filter(|check| check.concerns(command)).collect()
}

/// The topics of the faults.
pub fn faults(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| check.mark == CheckMark::Fault).map(|check| check.topic.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Exit;

    #[test]
    fn a_fault_is_a_note_where_nothing_asks_for_it() {
        let failure = Failure::new(Exit::Failed, "no").help("do it");
        let fault = Check::of_error("gpg", &anyhow::Error::from(failure).context("above"));
        assert_eq!((fault.found.as_str(), fault.next.as_deref()), ("above: no", Some("do it")));
        let marks = [true, false].map(|is_asked| fault.clone().asked(is_asked).mark);
        assert_eq!(marks, [CheckMark::Fault, CheckMark::Note]);
        assert_eq!(Check::ok("gpg", "1").asked(false).mark, CheckMark::Ok);
    }

    #[test]
    fn a_command_has_its_own_checks_and_those_of_all() {
        let checks = vec![Check::ok("config", ""), Check::fault("gpg", "").of_commands(&["stage", "promote"])];
        let topics = |command: &str| narrow(checks.clone(), command).len();
        assert_eq!((topics("stage"), topics("version")), (2, 1));
        assert_eq!((faults(&checks), faults(&narrow(checks.clone(), "version"))), (vec!["gpg"], vec![]));
    }
}
