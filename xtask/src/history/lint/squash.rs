//! The message that a squash merge makes of a branch.

use crate::git::{BranchHistory, Merges};

/// The message as GitHub and GitLab propose it: that of the only commit, or else the first subject and then each message as a
/// point of a list, the oldest first. The text is UTF-8 as far as the commits are. Empty without commits.
pub fn squash_message(history: &BranchHistory) -> Vec<u8> {
    let commits = history.commits.iter().rev().filter(|commit| commit.merges != Merges::Base);
    let messages: Vec<Vec<u8>> =
        commits.map(|entry| entry.commit.to_utf8(entry.commit.message()).trim_ascii().to_vec()).collect();
    match &messages[..] {
        [] => Vec::new(),
        [only] => only.clone(),
        [first, ..] => {
            let mut text = first.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
            for message in &messages {
                text.extend_from_slice(b"\n\n* ");
                text.extend_from_slice(message);
            }
            text
        }
    }
}
