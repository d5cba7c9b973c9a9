//! The newest entries of a changelog. A changelog of many years is read only as far as it is shown.

use crate::history::changelog::ChangelogEntry;
use crate::history::{Changelog, Version};

/// The entries that a page shows.
#[derive(Clone, Debug, Default)]
pub struct NewestChanges {
    /// The newest first.
    pub entries: Vec<ChangelogEntry>,
    /// Whether entries after the release before are left out.
    pub shortened: bool,
}

/// The entries after those of the version `since`, and at most `most`. Without such a version, all entries are meant.
pub fn newest_changes(text: &str, since: Option<&Version>, most: usize) -> NewestChanges {
    let mut changes = NewestChanges::default();
    for block in blocks(text) {
        let Ok(Changelog { entries }) = Changelog::parse(block) else { break };
        for entry in entries {
            if since.is_some_and(|since| entry.version <= *since) {
                return changes;
            }
            if changes.entries.len() == most {
                changes.shortened = true;
                return changes;
            }
            changes.entries.push(entry);
        }
    }
    changes
}

/// The parts of a changelog, one for each entry.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    const BEGIN: &str = "\n* ";
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.filter(|text| !text.is_empty())?;
        let end = text.find(BEGIN).map(|at| at + 1);
        rest = end.map(|end| &text[end..]);
        Some(end.map_or(text, |end| &text[..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(versions: &[&str]) -> String {
        let entry =
            |version: &&str| format!("* Thu Mar 19 2020 Ada <a@b> - {version}-1\n- 0123abcd: change\n  of {version}\n");
        versions.iter().map(entry).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_entries_after_a_version_are_read() {
        let text = text(&["1.1.1", "1.1.0", "1.0.2", "1.0.1"]);
        let shown = |since: Option<&str>, most| {
            let since = since.map(|since| since.parse().unwrap());
            let changes = newest_changes(&text, since.as_ref(), most);
            let versions: Vec<String> = changes.entries.iter().map(|entry| entry.version.to_string()).collect();
            (versions.join(" "), changes.shortened)
        };
        assert_eq!(shown(Some("1.0.2"), 10), ("1.1.1 1.1.0".to_owned(), false));
        assert_eq!(shown(Some("1.0.2"), 1), ("1.1.1".to_owned(), true));
        assert_eq!(shown(None, 9).0, "1.1.1 1.1.0 1.0.2 1.0.1");
        assert_eq!(shown(Some("9.0.0"), 9), (String::new(), false));
        assert_eq!(newest_changes("nonsense\n", None, 3).entries, []);
        assert_eq!(newest_changes("", None, 3).entries, []);
    }
}
