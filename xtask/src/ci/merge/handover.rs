//! The files by which the parts of a merge reach each other, where each part is a job of its own: the first two jobs have no right
//! to push, and the last one runs no foreign code.
//!
//! The files come from other jobs, and are not believed. The merge commit is made again from its request, and must be the same; the
//! release is checked before it is staged. That the tests have passed is only known from the CI system, which runs the last
//! job after the others have succeeded.

use serde::{Deserialize, Serialize};

use crate::base::schema::parse_json;
use crate::ci::merge::machine::{PreparedMerge, TestedMerge};
use crate::ci::merge::request::MergeRequest;

/// The schema of [`PreparedFile`].
const PREPARED: &str = "releng.merge/1";

/// The schema of [`TestedFile`].
const TESTED: &str = "releng.merge-tested/1";

/// The name of the file with the result of the tests.
pub const TESTED_FILE: &str = "tested.json";

/// A merge commit, and the request that it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedFile {
    schema: String,
    pub request: MergeRequest,
    pub prepared: PreparedMerge,
}

impl PreparedFile {
    /// The file of a merge commit that was made.
    pub fn new(request: MergeRequest, prepared: PreparedMerge) -> PreparedFile {
        PreparedFile { schema: PREPARED.to_owned(), request, prepared }
    }

    /// Errors: the text is no such file; why.
    pub fn parse(text: &[u8]) -> Result<PreparedFile, String> {
        let file = parse_json(text, PREPARED, |file: &PreparedFile| &file.schema)?;
        if !file.request.has_plain_reference() {
            return Err("its work is not at the reference of its pull request".to_owned());
        }
        Ok(file)
    }

    /// The text of the file.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }
}

/// What the tests of a merge commit left. They have passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedFile {
    schema: String,
    pub prepared: PreparedMerge,
    pub tested: TestedMerge,
}

impl TestedFile {
    /// The file of a merge commit whose tests have passed.
    pub fn new(prepared: PreparedMerge, tested: TestedMerge) -> TestedFile {
        TestedFile { schema: TESTED.to_owned(), prepared, tested }
    }

    /// Errors: the text is no such file; why.
    pub fn parse(text: &[u8]) -> Result<TestedFile, String> {
        parse_json(text, TESTED, |file: &TestedFile| &file.schema)
    }

    /// The text of the file.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::CommitId;

    #[test]
    fn a_file_is_read_back_and_another_is_refused() {
        let prepared = PreparedMerge {
            base: CommitId([1; 20]),
            merge: CommitId([2; 20]),
            tree: CommitId([3; 20]),
            version: Some("1.0.1".parse().unwrap()),
        };
        let file = TestedFile::new(prepared, TestedMerge { tree: CommitId([3; 20]), release: None });
        let text = file.render().unwrap();
        assert_eq!(TestedFile::parse(text.as_bytes()), Ok(file));
        let other = text.replace("merge-tested/1", "merge-tested/2");
        assert!(TestedFile::parse(other.as_bytes()).unwrap_err().contains("its schema is"));
        assert!(PreparedFile::parse(text.as_bytes()).is_err());
    }
}
