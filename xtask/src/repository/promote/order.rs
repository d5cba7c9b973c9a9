//! The arguments of `promote`, and the command that goes on where a promotion is refused.

use crate::base::error::program;
use crate::base::text::shell_word;
use crate::repository::keys::key_set::KeySet;
use crate::repository::model::name::{Dist, SnapshotName};
use crate::repository::model::reason::Reason;

/// The arguments of `promote`.
#[derive(Clone, Debug, Default)]
pub struct PromoteOrder {
    /// `None` for the newest snapshot of a series whose gates are open.
    pub snapshot: Option<SnapshotName>,
    /// Whether a new series may be started.
    pub major: bool,
    /// The reason to promote without an acceptance test.
    pub untested: Option<Reason>,
    /// The dists that end: their clients keep the packages that they have.
    pub end_dists: Vec<Dist>,
    /// The keys by the configuration; `None` if nothing is signed.
    pub keys: Option<KeySet>,
    /// Whether packages come back that were yanked.
    pub with_yanked: bool,
    /// The reason to sign with a key that clients do not have, or to publish what is not signed.
    pub force: Option<Reason>,
}

impl PromoteOrder {
    /// The command that promotes a snapshot as the first one of its series, with the flags of this order.
    pub fn command_to_begin(&self, snapshot: &SnapshotName) -> String {
        let more = (!self.major).then(|| MAJOR.to_owned());
        self.command(snapshot, more.as_slice())
    }

    /// The command that promotes a snapshot with the flags of this order, and with more flags.
    pub fn command(&self, snapshot: &SnapshotName, more: &[String]) -> String {
        let PromoteOrder { snapshot: _, major, untested, end_dists, keys: _, with_yanked, force } = self;
        let mut flags: Vec<String> = Vec::new();
        flags.extend(major.then(|| MAJOR.to_owned()));
        flags.extend(untested.as_ref().map(|reason| format!("--untested {}", shell_word(&reason.to_string()))));
        flags.extend(end_dists.iter().map(end_dist));
        flags.extend(with_yanked.then(|| WITH_YANKED.to_owned()));
        flags.extend(force.as_ref().map(|reason| format!("--force {}", shell_word(&reason.to_string()))));
        flags.extend_from_slice(more);
        let flags: String = flags.iter().map(|flag| format!(" {flag}")).collect();
        format!("`{} promote {snapshot}{flags}`", program())
    }
}

/// The flag that begins a series.
pub const MAJOR: &str = "--major";

/// The flag that brings back what was yanked.
pub const WITH_YANKED: &str = "--with-yanked";

/// The flag that ends a dist.
pub fn end_dist(dist: &Dist) -> String {
    format!("--end-dist {dist}")
}
