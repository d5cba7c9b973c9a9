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

use crate::base::schema::describe_fault;

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
    let read = match (field::text(&event, "object_kind"), name) {
        (Some(_), _) => gitlab::read(&event),
        (None, None) => return Err(NotAnEvent::Unnamed),
        (None, Some(name)) if is_forgejo(&event) => forgejo::read(&event, name),
        (None, Some(name)) => github::read(&event, name),
    };
    let project =
        ["repository/full_name", "project/path_with_namespace"].iter().find_map(|path| field::text(&event, path));
    Ok(ForgeEvent { project: project.map(str::to_owned), ..read })
}

/// Whether the payload has the form of Forgejo and Gitea, whose accounts have no `type`.
fn is_forgejo(event: &Value) -> bool {
    field::at(event, "sender/username").is_some() && field::at(event, "sender/type").is_none()
}

#[cfg(test)]
mod tests;
