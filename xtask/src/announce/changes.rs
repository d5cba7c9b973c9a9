//! The changes that an announcement lists: those "since the previous tag that you kept aside", in the words of the release procedure.
//!
//! | the release | the list begins after |
//! |---|---|
//! | follows another one of its series | the milestone of that one: `1.0` for 1.0.3 after 1.0.2, and for 1.1.0 after 1.0.2 |
//! | begins a series, and a lower series has releases | the `.0` of that series: `1.0` for 2.0.0 after 1.4.2 |
//! | is the first of the repository | the last milestone before its commit; for X.0.0, the last `.0` before it |
//!
//! Where the changelog does not have that milestone, because the history begins after it, all changes are listed. So nothing is left out
//! that no announcement had, and within a milestone each announcement repeats the changes since the milestone.

use crate::history::{Changelog, Milestone, Version};

/// The releases of the repository before this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierReleases {
    /// The one before it in its series.
    pub in_series: Option<Version>,
    /// The highest one of the next lower series that has releases.
    pub in_lower_series: Option<Version>,
}

/// The entries for the announcement of `version`; `None` if the changelog has no entry of it.
pub fn changes_of(version: &Version, earlier: &EarlierReleases, changelog: Changelog) -> Option<Changelog> {
    let changelog = changelog.up_to(version);
    if changelog.entries.is_empty() {
        return None;
    }
    let begin = previous_milestone(version, earlier, &changelog);
    match begin.map(Version::from).filter(|begin| changelog.has(begin)) {
        Some(begin) => changelog.since(&begin).ok(),
        None => Some(changelog),
    }
}

fn previous_milestone(version: &Version, earlier: &EarlierReleases, changelog: &Changelog) -> Option<Milestone> {
    if let Some(before) = &earlier.in_series {
        return milestone(before.major(), before.minor());
    }
    if let Some(before) = &earlier.in_lower_series {
        return milestone(before.major(), 0);
    }
    let begins_series = version.minor() == 0 && version.patch() == 0;
    let older = changelog.entries.iter().map(|entry| &entry.version).filter(|older| *older != version);
    let mut milestones = older.filter(|older| older.patch() == 0 && (older.minor() == 0 || !begins_series));
    milestones.next().and_then(|older| milestone(older.major(), older.minor()))
}

/// `None` for numbers that no milestone has.
fn milestone(major: u64, minor: u64) -> Option<Milestone> {
    Some(Milestone { major: major.try_into().ok()?, minor: minor.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A changelog with entries of these versions, newest first.
    fn changelog(versions: &str) -> Changelog {
        let entry = |version: &str| format!("* Thu Mar 19 2020 Ada <a@b> - {version}-1\n- 0123abcd: {version}\n");
        Changelog::parse(&versions.split(' ').map(entry).collect::<String>()).unwrap()
    }

    #[track_caller]
    fn lists(version: &str, in_series: &str, in_lower_series: &str, all: &str, expected: &str) {
        let earlier =
            EarlierReleases { in_series: in_series.parse().ok(), in_lower_series: in_lower_series.parse().ok() };
        let found = changes_of(&version.parse().unwrap(), &earlier, changelog(all));
        let found = found.map(|found| found.entries.iter().map(|it| it.version.to_string()).collect::<Vec<_>>());
        assert_eq!(found.unwrap_or_default().join(" "), expected, "{version}");
    }

    const ALL: &str = "2.0.1 2.0.0 1.1.2 1.1.1 1.1.0 1.0.2 1.0.1 1.0.0 0.2.0 0.1.1 0.1.0 0.0.1";

    #[test]
    fn a_patch_has_the_changes_since_its_milestone() {
        lists("1.0.2", "1.0.1", "", ALL, "1.0.2 1.0.1");
        lists("1.1.2", "1.1.0", "0.2.0", ALL, "1.1.2 1.1.1");
    }

    #[test]
    fn a_milestone_has_the_changes_since_that_of_the_release_before() {
        lists("1.1.0", "1.0.2", "", ALL, "1.1.0 1.0.2 1.0.1");
        // 1.1.0 itself was not released: its changes would be in no announcement.
        lists("1.1.2", "1.0.1", "", ALL, "1.1.2 1.1.1 1.1.0 1.0.2 1.0.1");
    }

    #[test]
    fn a_major_version_has_the_changes_since_the_previous_zero() {
        lists("2.0.0", "", "1.1.2", ALL, "2.0.0 1.1.2 1.1.1 1.1.0 1.0.2 1.0.1");
        lists("2.0.1", "", "1.1.2", ALL, "2.0.1 2.0.0 1.1.2 1.1.1 1.1.0 1.0.2 1.0.1");
        // There was no `0.0`: all of it.
        lists("1.0.0", "", "0.2.0", ALL, "1.0.0 0.2.0 0.1.1 0.1.0 0.0.1");
    }

    #[test]
    fn the_first_release_of_a_repository_goes_by_the_changelog() {
        lists("1.0.2", "", "", ALL, "1.0.2 1.0.1");
        lists("1.1.0", "", "", ALL, "1.1.0 1.0.2 1.0.1");
        lists("2.0.0", "", "", ALL, "2.0.0 1.1.2 1.1.1 1.1.0 1.0.2 1.0.1");
        lists("0.1.2", "", "", "0.1.2 0.1.1", "0.1.2 0.1.1");
    }

    #[test]
    fn a_version_without_an_entry_has_no_changes() {
        lists("1.0.9", "1.0.1", "", ALL, "");
    }
}
