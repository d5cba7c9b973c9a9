//! The key `ci.admins`: who of those that may administrate a project may start a merge.

use serde::{Deserialize, Serialize};

/// An account on a forge, by its number or by its name. A number cannot get another owner, a name can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "RawAdmin")]
pub enum CiAdmin {
    Id(u64),
    Login(String),
}

/// A [`CiAdmin`] before it is checked.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawAdmin {
    Id(u64),
    Login(String),
}

impl TryFrom<RawAdmin> for CiAdmin {
    type Error = String;

    fn try_from(stated: RawAdmin) -> Result<CiAdmin, String> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        match stated {
            RawAdmin::Id(id) => Ok(CiAdmin::Id(id)),
            RawAdmin::Login(login) if !login.is_empty() && login.chars().all(is_letter) => Ok(CiAdmin::Login(login)),
            RawAdmin::Login(login) => {
                Err(format!("`{}` is not the name of an account: write it without `@`", login.escape_debug()))
            }
        }
    }
}

impl CiAdmin {
    /// Whether this is the account with the number `id` and the name `login`. Forges do not tell the case of a name.
    pub fn is(&self, id: u64, login: &str) -> bool {
        match self {
            CiAdmin::Id(own) => *own == id,
            CiAdmin::Login(own) => own.eq_ignore_ascii_case(login),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_is_a_number_or_a_name() {
        let read = |text: &str| serde_json::from_str::<CiAdmin>(text);
        assert_eq!(read("7").unwrap(), CiAdmin::Id(7));
        assert_eq!(read("\"7\"").unwrap(), CiAdmin::Login("7".to_owned()));
        assert!(read("\"@ada\"").is_err() && read("\"\"").is_err() && read("-1").is_err());
        assert!(read("\"Ada\"").unwrap().is(1, "ada") && !read("\"ada\"").unwrap().is(1, "adas"));
        assert!(read("7").unwrap().is(7, "x") && !read("\"7\"").unwrap().is(7, "x"));
    }
}
