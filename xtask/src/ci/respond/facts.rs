//! What an event does not say, and what it could claim wrongly: the forge and the remote are asked for it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::forge::model::{Account, Permission, PullRecord, PullRequest, Review};
use crate::git::{BranchName, CommitId};
use crate::project::config::Config;

/// What is known so far. `None`: it was not asked yet.
#[derive(Clone, Debug, Default)]
pub struct KnownFacts {
    pub own: Option<OwnSide>,
    /// The pull request; the inner `None`: there is none with this number.
    pub pull: Option<Option<PullRequest>>,
    /// The configuration that counts for the base, with the keys of trust of the default branch; the inner `None`: the remote has no such branch.
    pub base: Option<Option<Config>>,
    /// By the number of the account.
    pub permissions: BTreeMap<u64, Permission>,
    /// What happened to the pull request since the comment was written; the inner `None`: the forge does not say it.
    pub record: Option<Option<PullRecord>>,
    pub reviews: Option<Vec<Review>>,
    pub forecast: Option<MergeForecast>,
}

/// The account of this program on the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSide {
    pub account: Account,
    /// The texts of its comments on the pull request.
    pub comments: Vec<String>,
}

/// What a merge of the head into the base would be now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeForecast {
    /// It would have this version.
    Version(String),
    /// It can be made. No release is made of it, and it has no version.
    Unversioned,
    /// It would stop, for this reason, which is in words of this program.
    Stops(&'static str),
}

/// A question whose answer is a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Own,
    Pull,
    Base(BranchName),
    Permission(Account),
    /// What happened to the pull request at this time or later.
    Record(Timestamp),
    Reviews,
    Forecast {
        base: BranchName,
        head: CommitId,
    },
}
