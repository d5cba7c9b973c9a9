//! The names of branches, as they come from a command line or a forge.

use std::fmt;
use std::str::FromStr;

use crate::base::as_text::serde_as_text;
use crate::base::text::printable;

/// The name of a branch without `refs/heads/`: one that git allows, in UTF-8, and none that a program could take for an option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BranchName(String);

impl BranchName {
    /// `refs/heads/NAME`.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BranchName {
    type Err = NotABranchName;

    fn from_str(text: &str) -> Result<BranchName, NotABranchName> {
        let is_allowed = git2::Branch::name_is_valid(text).unwrap_or(false)
            && git2::Reference::is_valid_name(&format!("refs/heads/{text}"));
        // A name that a terminal or a log shows as another one.
        let is_plain = printable(text) == text && !text.contains(['\n', '\t']);
        if is_allowed && is_plain && !text.starts_with('-') && !["HEAD", "@"].contains(&text) {
            Ok(BranchName(text.to_owned()))
        } else {
            Err(NotABranchName(text.to_owned()))
        }
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(BranchName);

/// Error: a text that is no [`BranchName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotABranchName(String);

impl fmt::Display for NotABranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot name a branch: see `git help check-ref-format`", self.0.escape_debug())
    }
}

impl std::error::Error for NotABranchName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_git_allows_and_nobody_misreads() {
        for name in ["master", "my_fancy_feature", "v1", "fix/one-2", "caf\u{e9}", "$(id)", "a;b", "'x'", "a\"b"] {
            assert_eq!(name.parse::<BranchName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a@{1}",
            "@",
            "HEAD",
            "a\u{1b}[2J",
            "a\n",
            "a\u{202e}b",
            "a.",
        ] {
            assert!(name.parse::<BranchName>().is_err(), "{name:?}");
        }
    }
}
