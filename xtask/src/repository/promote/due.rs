//! The cases in which a promotion is due, and the rules for them.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::history::Version;
use crate::project::config::DueCase;
use crate::repository::commits::Changes;

/// A reason to promote a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// `None` for a new series: only a person may start one.
    pub case: Option<DueCase>,
    /// The reason in words.
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

/// The version of a series, and when it was promoted.
#[derive(Clone, Copy, Debug)]
pub struct StableVersion<'a> {
    pub version: &'a Version,
    pub promoted: Timestamp,
}

/// The facts that the cases depend on.
pub struct DueFacts<'a> {
    /// The version of the staged snapshot.
    pub staged: &'a Version,
    /// The last promotion in the series; `None` for a new series.
    pub stable: Option<StableVersion<'a>>,
    /// The changes between the two versions; `None` if there is no git repository.
    pub changes: Option<&'a Changes>,
    /// The configuration key `promotion.interval-days`.
    pub interval_days: u32,
    pub now: Timestamp,
}

/// The cases that apply; none if the series already has the staged version or a higher one.
pub fn find_due(facts: &DueFacts<'_>) -> Vec<Due> {
    let DueFacts { staged, stable, changes, interval_days, now } = *facts;
    let Some(StableVersion { version: stable, promoted }) = stable else {
        return vec![Due { case: None, why: "it begins a new series".to_owned() }];
    };
    if staged <= stable {
        return Vec::new();
    }
    let mut due = Vec::new();
    let mut add = |case, why| due.push(Due { case: Some(case), why });
    if (stable.major(), stable.minor()) != (staged.major(), staged.minor()) {
        add(DueCase::Minor, format!("{stable} is stable"));
    }
    let last_bump = changes.and_then(|changes| changes.last_bump);
    let (since, what) = match last_bump {
        Some(bump) if bump > promoted => (bump, "bump"),
        _ => (promoted, "promotion"),
    };
    let days = now.duration_since(since).as_secs().max(0) / SignedDuration::from_hours(24).as_secs();
    if days >= i64::from(interval_days) {
        add(DueCase::Interval, format!("{days} days since the last {what}"));
    }
    let Some(changes) = changes else { return due };
    if !changes.fixes.is_empty() {
        add(DueCase::Fixes, list(&changes.fixes, ", "));
    }
    if !changes.features.is_empty() {
        add(DueCase::Features, list(&changes.features, "; "));
    }
    due
}

/// The first few of the texts, each once, and the number of the others.
fn list(texts: &[String], separator: &str) -> String {
    const SHOWN: usize = 5;
    let mut different: Vec<&str> = Vec::new();
    for text in texts {
        if !different.contains(&text.as_str()) {
            different.push(text);
        }
    }
    let (shown, more) = different.split_at(different.len().min(SHOWN));
    let end = if more.is_empty() { String::new() } else { format!("{separator}and {} more", more.len()) };
    format!("{}{end}", shown.join(separator))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(staged: &str, stable: Option<&str>, days: i64, changes: &Changes) -> String {
        let promoted = Timestamp::from_second(1_700_000_000).unwrap();
        let (staged, stable): (Version, Option<Version>) =
            (staged.parse().unwrap(), stable.map(|stable| stable.parse().unwrap()));
        let now = promoted + SignedDuration::from_hours(24 * days);
        let stable = stable.as_ref().map(|version| StableVersion { version, promoted });
        let due = find_due(&DueFacts { staged: &staged, stable, changes: Some(changes), interval_days: 30, now });
        due.iter().map(Due::to_string).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn each_case_applies_to_its_changes() {
        let none = Changes::default();
        assert_eq!(cases("2.0.0", None, 0, &none), "major: it begins a new series");
        assert_eq!(cases("1.2.0", Some("1.1.9"), 1, &none), "minor: 1.1.9 is stable");
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
    fn each_fix_is_named_once_and_only_a_few_are() {
        let fixes = |numbers: &[u32]| numbers.iter().map(|number| format!("BZ#{number}")).collect::<Vec<_>>();
        assert_eq!(list(&fixes(&[1, 2, 1]), ", "), "BZ#1, BZ#2");
        assert_eq!(list(&fixes(&[1, 2, 3, 4, 5, 6, 7, 7]), ", "), "BZ#1, BZ#2, BZ#3, BZ#4, BZ#5, and 2 more");
    }

    #[test]
    fn a_bump_after_the_promotion_restarts_the_interval() {
        let bump = Timestamp::from_second(1_700_000_000 + 20 * 86_400).unwrap();
        let changes = Changes { last_bump: Some(bump), ..Changes::default() };
        assert_eq!(cases("1.1.2", Some("1.1.1"), 49, &changes), "");
        assert_eq!(cases("1.1.2", Some("1.1.1"), 51, &changes), "interval: 31 days since the last bump");
    }
}
