//! When a promotion is due: the cases of the release procedure, applied to what is staged and what is stable.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::history::Version;
use crate::project::config::DueCase;
use crate::repository::commits::Changes;

/// A reason to promote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The case; `None` for a new series, which nothing but a person may begin.
    pub case: Option<DueCase>,
    /// In words.
    pub why: String,
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.case {
            Some(case) => write!(f, "{case}: {}", self.why),
            None => write!(f, "major: {}", self.why),
        }
    }
}

/// What the cases look at.
pub struct Facts<'a> {
    /// The version that is staged.
    pub staged: &'a Version,
    /// The version that its series has, and when it was promoted; `None` for a new series.
    pub stable: Option<(&'a Version, Timestamp)>,
    /// What changed between them; `None` where git is not at hand.
    pub changes: Option<&'a Changes>,
    /// `promotion.interval-days`.
    pub interval_days: u32,
    /// The time.
    pub now: Timestamp,
}

/// The cases that hold; none where the series has the staged version already.
pub fn find_due(facts: &Facts<'_>) -> Vec<Due> {
    let Facts { staged, stable, changes, interval_days, now } = *facts;
    let Some((stable, promoted)) = stable else {
        return vec![Due { case: None, why: format!("{staged} begins a new series") }];
    };
    if staged <= stable {
        return Vec::new();
    }
    let mut due = Vec::new();
    let mut add = |case, why| due.push(Due { case: Some(case), why });
    if (stable.major(), stable.minor()) != (staged.major(), staged.minor()) {
        add(DueCase::Minor, format!("{stable} -> {staged}"));
    }
    let last_bump = changes.and_then(|changes| changes.last_bump);
    let (since, what) = match last_bump.filter(|bump| *bump > promoted) {
        Some(bump) => (bump, "bump"),
        None => (promoted, "promotion"),
    };
    let days = now.duration_since(since).as_secs().max(0) / SignedDuration::from_hours(24).as_secs();
    if days >= i64::from(interval_days) {
        add(DueCase::Interval, format!("{days} days since the last {what}"));
    }
    let Some(changes) = changes else { return due };
    if !changes.fixes.is_empty() {
        add(DueCase::Fixes, changes.fixes.join(", "));
    }
    if !changes.features.is_empty() {
        add(DueCase::Features, changes.features.join("; "));
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(staged: &str, stable: Option<&str>, days: i64, changes: &Changes) -> String {
        let promoted = Timestamp::from_second(1_700_000_000).unwrap();
        let (staged, stable): (Version, Option<Version>) =
            (staged.parse().unwrap(), stable.map(|stable| stable.parse().unwrap()));
        let now = promoted + SignedDuration::from_hours(24 * days);
        let stable = stable.as_ref().map(|stable| (stable, promoted));
        let due = find_due(&Facts { staged: &staged, stable, changes: Some(changes), interval_days: 30, now });
        due.iter().map(Due::to_string).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn the_cases_of_the_procedure() {
        let none = Changes::default();
        assert_eq!(cases("2.0.0", None, 0, &none), "major: 2.0.0 begins a new series");
        assert_eq!(cases("1.2.0", Some("1.1.9"), 1, &none), "minor: 1.1.9 -> 1.2.0");
        assert_eq!(cases("1.1.2", Some("1.1.1"), 29, &none), "");
        assert_eq!(cases("1.1.2", Some("1.1.1"), 30, &none), "interval: 30 days since the last promotion");
        assert_eq!(cases("1.1.1", Some("1.1.1"), 300, &none), "", "nothing new");
        let changes = Changes {
            fixes: vec!["BZ#1".to_owned(), "BZ#2".to_owned()],
            features: vec!["Fly".to_owned()],
            last_bump: None,
        };
        assert_eq!(cases("1.1.3", Some("1.1.1"), 2, &changes), "fixes: BZ#1, BZ#2 | features: Fly");
    }

    #[test]
    fn a_bump_after_the_promotion_starts_the_interval_again() {
        let bump = Timestamp::from_second(1_700_000_000 + 20 * 86_400).unwrap();
        let changes = Changes { last_bump: Some(bump), ..Changes::default() };
        assert_eq!(cases("1.1.2", Some("1.1.1"), 49, &changes), "");
        assert_eq!(cases("1.1.2", Some("1.1.1"), 51, &changes), "interval: 31 days since the last bump");
    }
}
