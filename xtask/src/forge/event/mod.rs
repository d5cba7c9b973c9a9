//! The events of forges, as they arrive in a file: the payload of a webhook.
//!
//! The forms of GitHub, GitLab and Forgejo (and Gitea) become one [`ForgeEvent`]. Reading is lenient: real payloads lack fields that the
//! published schemas have, and have others. What is not there is `None`, and the rules decide strictly. Nothing in an event is believed
//! where the forge can be asked.

mod field;
mod forgejo;
mod github;
mod gitlab;
mod kinds;

use serde_json::Value;

use crate::base::error::{Exit, Failure, committed};
use crate::base::schema::describe_fault;
use crate::forge::place::ForgePlace;
use crate::project::config::ForgeKind;

use kinds::ReadEvent;
pub use kinds::{EventComment, EventKind, EventPull, ForgeEvent};

/// The largest event, in bytes. GitHub sends at most 25 MB.
pub const LARGEST_EVENT: u64 = 32 << 20;

/// Why a text is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAnEvent {
    /// The reason in words.
    Malformed(String),
    /// The text does not say what kind of event it is.
    Unnamed,
}

/// Reads the payload of an event. `name` is what the forge calls it: `issue_comment`, `Note Hook`. The payloads of GitLab have their name
/// inside.
pub fn read_event(payload: &[u8], name: Option<&str>) -> Result<ForgeEvent, NotAnEvent> {
    let event: Value =
        serde_json::from_slice(payload).map_err(|error| NotAnEvent::Malformed(describe_fault(&error)))?;
    if !event.is_object() {
        return Err(NotAnEvent::Malformed("it is no JSON object".to_owned()));
    }
    let (form, read) = match (field::text(&event, "object_kind"), name) {
        (Some(_), _) => (ForgeKind::Gitlab, gitlab::read(&event)),
        (None, None) => return Err(NotAnEvent::Unnamed),
        (None, Some(name)) if is_forgejo(&event) => (ForgeKind::Forgejo, forgejo::read(&event, name)),
        (None, Some(name)) => (ForgeKind::Github, github::read(&event, name)),
    };
    let name_of_project =
        if form == ForgeKind::Gitlab { "project/path_with_namespace" } else { "repository/full_name" };
    let project = field::text(&event, name_of_project).map(str::to_owned);
    let ReadEvent { kind, sender, pull } = read;
    Ok(ForgeEvent { form, kind, sender, pull, project })
}

impl ForgeEvent {
    /// Whether it is about the repository at `place`: the numbers of pull requests and comments are those of one repository.
    ///
    /// Errors (exit 2): it has the form of another forge; it does not say which repository it is about.
    pub fn is_about(&self, place: &ForgePlace) -> Result<bool, Failure> {
        if self.form != place.kind {
            let (form, own) = (self.form, place.kind);
            let message = format!("the event has the form of {form}, and the project is on {own}");
            let help = format!(
                "deliver the events of {own}; if the project is on {form}, write `forge = \"{}\"` into `[ci]`",
                form.as_key()
            );
            return Err(Failure::new(Exit::Usage, message).help(committed(&help)));
        }
        let Some(project) = &self.project else {
            let field =
                if self.form == ForgeKind::Gitlab { "project.path_with_namespace" } else { "repository.full_name" };
            let message = format!("the event does not say which repository it is about: it has no `{field}`");
            let help = format!("deliver the whole payload, as {} sends it", self.form);
            return Err(Failure::new(Exit::Usage, message).help(help));
        };
        Ok(project.eq_ignore_ascii_case(place.project.as_str()))
    }
}

/// Whether the payload has the form of Forgejo and Gitea, whose accounts have no `type`.
fn is_forgejo(event: &Value) -> bool {
    field::at(event, "sender/username").is_some() && field::at(event, "sender/type").is_none()
}

#[cfg(test)]
mod tests;
