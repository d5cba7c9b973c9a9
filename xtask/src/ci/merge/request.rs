//! What a merge is about, and the message of its merge commit.

use std::fmt;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::number::parse_stated;
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

/// The references at which forges keep the work of a pull request.
pub fn references_of(number: u32) -> [String; 2] {
    [format!("refs/pull/{number}/head"), format!("refs/merge-requests/{number}/head")]
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
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_pipeline")]
    pub pipeline: Option<u32>,
    /// How often the tests may run: once more after each commit that somebody else pushed in between. 0: they run in another job, and never here.
    pub tries: u32,
}

/// Reads the number for the snapshot, by the rules of the flag `--pipeline`.
fn read_pipeline<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let number = Option::<u32>::deserialize(from)?;
    number.map(|number| parse_stated(&number.to_string()).map_err(D::Error::custom)).transpose()
}

impl MergeRequest {
    /// Whether the work is at a reference that a forge keeps for the pull request with its number, or is a branch.
    pub fn has_plain_reference(&self) -> bool {
        match &self.work {
            ProposedWork::Branch(_) => true,
            ProposedWork::Pull { number, reference } => references_of(*number).contains(reference),
        }
    }

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
    fn a_number_of_a_pipeline_is_one_that_a_person_could_state() {
        let work = ProposedWork::Pull { number: 7, reference: "refs/pull/7/head".to_owned() };
        let text = serde_json::to_string(&MergeRequest { pipeline: Some(12), ..request("v1", work) }).unwrap();
        assert_eq!(serde_json::from_str::<MergeRequest>(&text).unwrap().pipeline, Some(12));
        for number in ["0", "4294967295", "1000000000", "-1"] {
            let forged = text.replace("\"pipeline\":12", &format!("\"pipeline\":{number}"));
            assert!(forged != text && serde_json::from_str::<MergeRequest>(&forged).is_err(), "{number}");
        }
    }

    #[test]
    fn the_reference_of_a_pull_request_has_its_number() {
        for (reference, is_plain) in [
            ("refs/pull/7/head", true),
            ("refs/merge-requests/7/head", true),
            ("refs/pull/8/head", false),
            ("refs/heads/x", false),
        ] {
            let work = ProposedWork::Pull { number: 7, reference: reference.to_owned() };
            assert_eq!(request("v1", work).has_plain_reference(), is_plain, "{reference}");
        }
    }

    #[test]
    fn a_request_is_read_back() {
        let request = request("v1", ProposedWork::Pull { number: 7, reference: "refs/pull/7/head".to_owned() });
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<MergeRequest>(&text).unwrap(), request);
    }
}
