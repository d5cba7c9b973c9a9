//! The keys that say which forge the project is on, and where the token for it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The program that a forge runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForgeKind {
    /// github.com or GitHub Enterprise.
    Github,
    Gitlab,
    /// Forgejo or Gitea.
    Forgejo,
}

impl ForgeKind {
    /// All of them.
    pub const ALL: [ForgeKind; 3] = [ForgeKind::Github, ForgeKind::Gitlab, ForgeKind::Forgejo];

    /// The value in the configuration.
    pub fn as_key(self) -> &'static str {
        match self {
            ForgeKind::Github => "github",
            ForgeKind::Gitlab => "gitlab",
            ForgeKind::Forgejo => "forgejo",
        }
    }
}

impl fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ForgeKind::Github => "GitHub",
            ForgeKind::Gitlab => "GitLab",
            ForgeKind::Forgejo => "Forgejo",
        })
    }
}

/// A repository on a forge, as `owner/name`; on GitLab there can be more parts. Each part has letters, digits and `._-`, and is not `.`
/// or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ForgeProject(String);

impl ForgeProject {
    /// The path, such as `lago-project/lago`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ForgeProject {
    type Error = String;

    fn try_from(text: String) -> Result<ForgeProject, String> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_letter) && !matches!(part, "." | "..");
        if text.contains('/') && text.split('/').all(is_part) {
            Ok(ForgeProject(text))
        } else {
            Err(format!("`{}` is not a repository on a forge: write `owner/name`", text.escape_debug()))
        }
    }
}

impl From<ForgeProject> for String {
    fn from(project: ForgeProject) -> String {
        project.0
    }
}

/// The path of a file with a token: a whole path, or one that begins with `~/`. A path in the project is refused, because the file would
/// be committed one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenFile(String);

impl TokenFile {
    /// The path, with `~/` at its beginning if it was written so.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TokenFile {
    type Error = String;

    fn try_from(text: String) -> Result<TokenFile, String> {
        if text.starts_with("~/") || text.starts_with('/') {
            Ok(TokenFile(text))
        } else {
            let shown = text.escape_debug();
            Err(format!("`{shown}` is not a whole path: write `/…` or `~/…`, a file outside of the project"))
        }
    }
}

impl From<TokenFile> for String {
    fn from(file: TokenFile) -> String {
        file.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_outside_of_the_project() {
        for text in ["/etc/token", "~/token"] {
            assert_eq!(TokenFile::try_from(text.to_owned()).unwrap().as_str(), text);
        }
        for text in ["", "token", "./token", "~ada/token"] {
            assert!(TokenFile::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_repository_has_an_owner_and_a_name() {
        for text in ["lago-project/lago", "group/sub.group/a_b"] {
            assert_eq!(ForgeProject::try_from(text.to_owned()).unwrap().as_str(), text);
        }
        for text in ["", "lago", "/lago", "a//b", "a/..", "./b", "a/b?x", "a/b c", "a/%2e", "a/b/"] {
            assert!(ForgeProject::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
