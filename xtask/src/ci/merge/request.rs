//! What a merge is about, and the message of its merge commit.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::text::shell_word;
use crate::forge::model::Account;
use crate::git::merge::Committer;
use crate::git::{BranchName, CommitId};

/// The work that is merged, as the remote has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposedWork {
    /// A branch of the remote.
    Branch(BranchName),
    /// A pull or merge request with this number, at this reference.
    Pull { number: u32, reference: String },
}

impl ProposedWork {
    /// The reference on the remote: `refs/heads/…`, `refs/pull/…` or `refs/merge-requests/…`.
    pub fn reference(&self) -> String {
        match self {
            ProposedWork::Branch(name) => name.full(),
            ProposedWork::Pull { reference, .. } => reference.clone(),
        }
    }
}

impl fmt::Display for ProposedWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProposedWork::Branch(name) => write!(f, "branch `{name}`"),
            ProposedWork::Pull { number, .. } => write!(f, "pull request {number}"),
        }
    }
}

/// The comment on a forge by which somebody asked for a merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MergeComment {
    pub id: u64,
    pub by: Account,
    /// Whether it names the commit.
    pub names_commit: bool,
}

/// A request to merge: everything that the merge commit is made of, beside the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MergeRequest {
    /// The address of the remote.
    pub remote: String,
    /// The branch that the work is merged into.
    pub base: BranchName,
    pub work: ProposedWork,
    /// The commit of the work that was asked for: no other one is merged.
    pub head: CommitId,
    /// Who asked for the merge.
    pub by: Committer,
    /// When.
    pub at: Timestamp,
    /// The comment that asked for it, if it was one: the forge is asked again before the push, and hears of the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<MergeComment>,
    /// The number for the snapshot; the next free one, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<u32>,
    /// How often the tests may run: once more after each commit that somebody else pushed in between.
    pub tries: u32,
}

impl MergeRequest {
    /// The flags of the command that asks for the same merge, of the newest commit then.
    pub fn flags(&self) -> String {
        let work = match &self.work {
            ProposedWork::Branch(name) => format!("--branch {}", shell_word(name.as_str())),
            ProposedWork::Pull { number, .. } => format!("--pull {number}"),
        };
        format!("{work} --base {}", shell_word(self.base.as_str()))
    }

    /// The message of the merge commit; `lifted` are the pseudo-headers of the branch.
    pub fn message(&self, lifted: &[String]) -> String {
        let what = match &self.work {
            ProposedWork::Branch(name) => format!("Merge branch '{name}'"),
            ProposedWork::Pull { number, .. } => format!("Merge pull request #{number}"),
        };
        let into = match self.base.as_str() {
            "master" | "main" => String::new(),
            base => format!(" into {base}"),
        };
        let Committer { name, email } = &self.by;
        let mut lines = lifted.to_vec();
        lines.push(format!("Tested-head: {}", self.head));
        lines.push(format!("Approved-by: {name} <{email}>"));
        format!("{what}{into}\n\n{}\n", lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(base: &str, work: ProposedWork) -> MergeRequest {
        MergeRequest {
            remote: "origin".to_owned(),
            base: base.parse().unwrap(),
            work,
            head: CommitId([0xab; 20]),
            by: Committer { name: "Ada".to_owned(), email: "ada@example.org".to_owned() },
            at: Timestamp::UNIX_EPOCH,
            comment: None,
            pipeline: None,
            tries: 3,
        }
    }

    #[test]
    fn a_message_has_the_lifted_headers_and_ends_in_a_newline() {
        let branch = ProposedWork::Branch("my_fancy_feature".parse().unwrap());
        let message = request("master", branch).message(&["Sem-Ver: api-breaking".to_owned()]);
        let head = "ab".repeat(20);
        assert_eq!(
            message,
            format!(
                "Merge branch 'my_fancy_feature'\n\nSem-Ver: api-breaking\nTested-head: {head}\n\
                 Approved-by: Ada <ada@example.org>\n"
            )
        );
        let pull = ProposedWork::Pull { number: 7, reference: "refs/pull/7/head".to_owned() };
        assert!(request("v1", pull).message(&[]).starts_with("Merge pull request #7 into v1\n\nTested-head: "));
    }

    #[test]
    fn a_request_is_read_back() {
        let request = request("v1", ProposedWork::Pull { number: 7, reference: "refs/pull/7/head".to_owned() });
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<MergeRequest>(&text).unwrap(), request);
    }
}
