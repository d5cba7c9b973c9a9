//! In-toto statements: who made which files from what.
//!
//! A statement has subjects (files with their digests) and a predicate, whose type says what is stated about them. [`Provenance`] is the
//! predicate of SLSA for files that were built. The form is that of <https://in-toto.io/Statement/v1>.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::digest::Digest;
use crate::base::schema::parse_json;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate [`Provenance`].
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// The suffix of a file with a statement.
pub const STATEMENT_SUFFIX: &str = ".provenance.json";
/// The program as a builder. Who ran it is said by the signature.
const BUILDER: &str = "urn:releng:builder";
const SHA256: &str = "sha256";
const COMMIT: &str = "gitCommit";

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    kind: String,
    pub subject: Vec<Descriptor>,
    pub predicate_type: String,
    pub predicate: P,
}

/// A file, a commit or a program, with its digests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Value>,
}

impl Descriptor {
    /// A file.
    pub fn file(name: impl Into<String>, sha256: Digest) -> Descriptor {
        let digest = BTreeMap::from([(SHA256.to_owned(), sha256.to_string())]);
        Descriptor { name: name.into(), digest, ..Descriptor::default() }
    }

    /// A commit, by its 40 hexadecimal digits.
    pub fn commit(commit: impl ToString) -> Descriptor {
        let digest = BTreeMap::from([(COMMIT.to_owned(), commit.to_string())]);
        Descriptor { name: "commit".to_owned(), digest, ..Descriptor::default() }
    }

    /// The same with an annotation.
    #[must_use]
    pub fn annotated(mut self, key: &str, value: impl Into<Value>) -> Descriptor {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// The SHA-256 digest; `None` if there is none in the right form.
    pub fn sha256(&self) -> Option<Digest> {
        self.digest.get(SHA256)?.parse().ok()
    }

    /// The id of the commit.
    pub fn commit_id(&self) -> Option<&str> {
        self.digest.get(COMMIT).map(String::as_str)
    }
}

/// How files were built, as SLSA states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    pub build_definition: BuildDefinition,
    pub run_details: RunDetails,
}

/// What was asked for, and from what it was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    pub build_type: String,
    pub external_parameters: BTreeMap<String, Value>,
    #[serde(default)]
    pub resolved_dependencies: Vec<Descriptor>,
}

/// Who built it, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    pub builder: StatedBuilder,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<RunMetadata>,
}

/// The program that built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatedBuilder {
    pub id: String,
    #[serde(default)]
    pub version: BTreeMap<String, String>,
}

/// The run of the program. A statement that must have the same bytes each time has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunMetadata {
    pub invocation_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<String>,
}

impl RunDetails {
    /// A run of this program in the version `version`.
    pub fn of_releng(version: &str, metadata: Option<RunMetadata>) -> RunDetails {
        let version = BTreeMap::from([("releng".to_owned(), version.to_owned())]);
        RunDetails { builder: StatedBuilder { id: BUILDER.to_owned(), version }, metadata }
    }
}

impl<P: Serialize> Statement<P> {
    /// A statement with a predicate of the type `predicate_type`.
    pub fn new(subject: Vec<Descriptor>, predicate_type: &str, predicate: P) -> Statement<P> {
        Statement { kind: STATEMENT.to_owned(), subject, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// The file's content.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl Statement<Value> {
    /// Parses a statement with any predicate. Errors: why it is none.
    pub fn parse(text: &[u8]) -> Result<Statement<Value>, String> {
        parse_json(text, STATEMENT, |statement: &KindOfStatement| &statement.kind)?;
        parse_json(text, STATEMENT, |statement: &Statement<Value>| &statement.kind)
    }

    /// The predicate; `None` unless it is the provenance of something that was built.
    pub fn provenance(&self) -> Option<Provenance> {
        (self.predicate_type == PROVENANCE).then(|| serde_json::from_value(self.predicate.clone()).ok()).flatten()
    }
}

/// The field that says what a file is.
#[derive(Deserialize)]
struct KindOfStatement {
    #[serde(rename = "_type")]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::digest_of;

    #[test]
    fn a_statement_is_read_back() {
        let predicate = Provenance {
            build_definition: BuildDefinition {
                build_type: "urn:x".to_owned(),
                external_parameters: BTreeMap::from([("name".to_owned(), "lago".into())]),
                resolved_dependencies: vec![Descriptor::commit("01").annotated("a", 1)],
            },
            run_details: RunDetails::of_releng("1.0.0", None),
        };
        let subject = vec![Descriptor::file("lago.zip", digest_of(b""))];
        let text = Statement::new(subject, PROVENANCE, predicate.clone()).render().unwrap();
        let read = Statement::parse(&text).unwrap();
        assert_eq!(read.subject[0].sha256(), Some(digest_of(b"")));
        assert_eq!(read.provenance(), Some(predicate));
        assert!(Statement::parse(b"{\"_type\": \"other\"}").is_err_and(|why| why.contains("`other`")));
        assert!(Statement::parse(b"").is_err());
    }
}
