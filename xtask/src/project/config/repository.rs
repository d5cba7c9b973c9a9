//! The keys of the repository, the acceptance tests and the promotions.

use std::fmt;
use std::num::NonZero;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[repository]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RepositoryKeys {
    /// The folder that the web server serves, relative to the project. The tree of the project is `<root>/<name>`.
    pub root: FolderPath,
    /// The folder that is never served: results, log, ledger, lock. Default: the name of the root with `-state`.
    pub state: Option<FolderPath>,
    /// The public address of the root, for `.repo` files and mirrorlists.
    pub url: Option<Address>,
    /// How many of the newest snapshots of a series `prune` keeps.
    pub keep_snapshots: u32,
    /// For how many days `prune` keeps a snapshot.
    pub keep_days: u32,
    /// The GnuPG key that signs packages and repodata. Default: they are not signed.
    pub sign: Option<String>,
    /// The GnuPG key that will sign later: clients get it now. Default: none.
    pub next_key: Option<String>,
}

impl Default for RepositoryKeys {
    fn default() -> RepositoryKeys {
        RepositoryKeys {
            root: FolderPath("target/repository".to_owned()),
            state: None,
            url: None,
            keep_snapshots: 10,
            keep_days: 14,
            sign: None,
            next_key: None,
        }
    }
}

/// The path of a folder, relative to the project. A path that begins with `~/` is in the home folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FolderPath(String);

impl TryFrom<String> for FolderPath {
    type Error = String;

    fn try_from(text: String) -> Result<FolderPath, String> {
        if text.is_empty() {
            return Err("a folder has a name; `.` is the project's own".to_owned());
        }
        if text.starts_with('~') && !text.starts_with("~/") {
            let shown = text.escape_debug();
            return Err(format!("`{shown}` names a user: write the whole path, or `~/…` for your home folder"));
        }
        Ok(FolderPath(text))
    }
}

impl FolderPath {
    /// A path of this program's own, for a default.
    pub(super) fn new(path: &str) -> FolderPath {
        FolderPath(path.to_owned())
    }

    /// The text, with `~/` at its beginning if it was written so.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An `http://` or `https://` address of a folder without a slash at its end, in printable ASCII without white space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Address, String> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match rest {
            // Paths are added at its end.
            Some(rest)
                if !rest.is_empty()
                    && !rest.starts_with(['/', '?', '#', ':', '@'])
                    && !rest.contains(['?', '#'])
                    && text.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Address(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(format!(
                "`{}` is not an address: write `https://` or `http://`, a name and a path, without white space, `?` and `#`",
                text.escape_debug()
            )),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One `[[acceptance]]`: a test that a snapshot must pass before it is promoted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "RawAcceptanceTest")]
pub struct AcceptanceTest {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// The program and its arguments, run in the unpacked sources of the snapshot. Never empty.
    pub run: Vec<String>,
    /// A longer run has failed.
    pub timeout: TimeLimit,
    /// The promotions that need this test.
    pub on: Vec<PromotionKind>,
}

/// An [`AcceptanceTest`] before it is checked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawAcceptanceTest {
    name: String,
    #[serde(default)]
    run: Vec<String>,
    #[serde(default)]
    timeout: TimeLimit,
    on: Option<Vec<PromotionKind>>,
}

impl TryFrom<RawAcceptanceTest> for AcceptanceTest {
    type Error = String;

    fn try_from(stated: RawAcceptanceTest) -> Result<AcceptanceTest, String> {
        let RawAcceptanceTest { name, run, timeout, on } = stated;
        let name = step_name(name, "test")?;
        if run.is_empty() {
            return Err(format!("`run` is empty for the test `{name}`: it is the program and its arguments"));
        }
        Ok(AcceptanceTest { name, run, timeout, on: on.unwrap_or_else(|| PromotionKind::ALL.to_vec()) })
    }
}

/// The name of a test or step, which becomes the name of a file: letters, digits, `-` and `_`, a letter or digit first, at most 100.
pub(super) fn step_name(name: String, what: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) || !name.chars().all(fits) || name.len() > 100 {
        return Err(format!("`{}` cannot name a {what}: letters, digits and `-_`", name.escape_debug()));
    }
    Ok(name)
}

/// The longest time that something may take, such as `90s`, `10m` or `2h`. Default: ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeLimit(pub Duration);

impl Default for TimeLimit {
    fn default() -> TimeLimit {
        TimeLimit(Duration::from_secs(600))
    }
}

impl TryFrom<String> for TimeLimit {
    type Error = String;

    fn try_from(text: String) -> Result<TimeLimit, String> {
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => 0,
        };
        let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<NonZero<u32>>().ok());
        match number {
            Some(number) if unit > 0 => Ok(TimeLimit(Duration::from_secs(u64::from(number.get()) * unit))),
            _ => Err(format!(
                "`{}` is not a time: write a number and a unit, such as `90s`, `10m` or `2h`",
                text.escape_debug()
            )),
        }
    }
}

impl From<TimeLimit> for String {
    fn from(limit: TimeLimit) -> String {
        let seconds = limit.0.as_secs();
        match seconds {
            _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
            _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
            _ => format!("{seconds}s"),
        }
    }
}

/// The part of the version that a promotion raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromotionKind {
    /// `X.Y.Z+n`.
    Patch,
    /// `X.Y+1`.
    Minor,
    /// `X+1.0`: a new series.
    Major,
}

impl PromotionKind {
    /// From the lowest to the highest.
    pub const ALL: [PromotionKind; 3] = [PromotionKind::Patch, PromotionKind::Minor, PromotionKind::Major];
}

impl fmt::Display for PromotionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PromotionKind::Patch => "patch",
            PromotionKind::Minor => "minor",
            PromotionKind::Major => "major",
        })
    }
}

/// `[promotion]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct PromotionKeys {
    /// The next promotion is due so many days after the last bump or promotion.
    pub interval_days: u32,
    /// The cases in which `promote --due` promotes.
    pub due: Vec<DueCase>,
}

impl Default for PromotionKeys {
    fn default() -> PromotionKeys {
        PromotionKeys { interval_days: 30, due: vec![DueCase::Minor, DueCase::Interval] }
    }
}

/// A reason to promote without a person. A new series always needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DueCase {
    /// `X.Y+1`.
    Minor,
    /// Enough time since the last bump or promotion.
    Interval,
    /// Commits with a `Bug-Url:` since the last promotion.
    Fixes,
    /// Commits with `Sem-Ver: feature` since the last promotion.
    Features,
}

impl fmt::Display for DueCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DueCase::Minor => "minor",
            DueCase::Interval => "interval",
            DueCase::Fixes => "fixes",
            DueCase::Features => "features",
        })
    }
}
