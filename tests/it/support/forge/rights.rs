//! The rights of the tokens that a CI system gives to its jobs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::wire::{Asked, Reply};

/// A token of one job.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// The account that acts with it.
    pub account: u64,
    /// What it may write, by the words of GitHub: `contents`, `pull-requests`, `statuses`. What is public can be read with any.
    pub writes: BTreeSet<String>,
    /// Whether it sees what other accounts may do: on Forgejo, that of an administrator alone.
    pub sees_rights: bool,
    /// The rights that were used.
    pub used: BTreeSet<String>,
}

/// The tokens of jobs. The one of [`super::TOKEN`] may do everything.
pub type Grants = BTreeMap<String, Grant>;

/// The right that a request needs; `None` if everybody may do it.
fn needed(asked: &Asked) -> Option<&'static str> {
    let parts = asked.parts();
    let is_about = |word: &str| parts.iter().any(|part| part == word);
    if is_about("collaborators") {
        return Some("see-rights");
    }
    match asked.method.as_str() {
        "GET" => None,
        _ if is_about("graphql") => None,
        _ if is_about("statuses") => Some("statuses"),
        _ if is_about("releases") => Some("contents"),
        _ => Some("pull-requests"),
    }
}

impl Grant {
    /// A refusal, unless the token may do what is asked. Every use of a right is noted.
    pub fn refuse(&mut self, asked: &Asked) -> Option<Reply> {
        let right = needed(asked)?;
        if self.may(right) { None } else { Some(refusal()) }
    }

    /// Whether the token has a right, which is used now.
    pub fn may(&mut self, right: &str) -> bool {
        if right == "see-rights" {
            return self.sees_rights;
        }
        self.used.insert(right.to_owned());
        self.writes.contains(right)
    }
}

fn refusal() -> Reply {
    Reply::json(403, &json!({"message": "Resource not accessible by integration"}))
}
