//! Continues the changelog of a spec: the entries of the release that are newer than the newest version of the spec's own entries are put
//! above them.

use std::cmp::Ordering;

use jiff::civil::Date;

use crate::history::changelog::ChangelogEntry;
use crate::history::{Changelog, Repackaging};
use crate::project::spec_text::{begins_changelog, begins_section};
use crate::rpm::render::values::Values;
use crate::rpm::version_order::compare_versions;

/// A spec with the entries of the release in its `%changelog`; a spec without this section gets one at its end. `changelog` has the
/// entries that a spec without entries gets.
pub fn continued(spec: &str, changelog: &Changelog, values: &Values<'_>) -> String {
    let lines: Vec<&str> = spec.split_inclusive('\n').collect();
    let Some(head) = lines.iter().position(|line| begins_changelog(line)) else {
        return format!("{}\n\n%changelog\n{}", spec.trim_end(), values.changelog);
    };
    let end = lines[head + 1..].iter().position(|line| begins_section(line)).map_or(lines.len(), |at| head + 1 + at);
    let (before, own, behind) = (&lines[..=head], &lines[head + 1..end], &lines[end..]);
    let mut text = before.concat().trim_end().to_owned() + "\n";
    text.push_str(&section(own, changelog, values));
    if !behind.is_empty() {
        text.push('\n');
        text.push_str(&behind.concat());
    }
    text
}

/// The lines of the section.
fn section(own: &[&str], changelog: &Changelog, values: &Values<'_>) -> String {
    if let Some(at) = own.iter().position(|line| is_autochangelog(line)) {
        return format!("{}{}{}", own[..at].concat(), values.changelog, own[at + 1..].concat());
    }
    let Some(first) = own.iter().position(|line| line.starts_with('*')) else {
        let rest = own.concat();
        let gap = if rest.trim().is_empty() { String::new() } else { format!("\n{}\n", rest.trim()) };
        return format!("{}{gap}", values.changelog);
    };
    let (above, entries) = own.split_at(first);
    let heads = || entries.iter().filter(|line| line.starts_with('*')).copied();
    let newest_date = heads().next().and_then(date_of);
    let mut newer = match heads().find_map(version_of) {
        Some(newest) => changelog.entries.iter().take_while(|entry| is_newer(entry, &newest)).cloned().collect(),
        None => {
            changelog.entries.iter().take_while(|entry| Some(entry.date) > newest_date).cloned().collect::<Vec<_>>()
        }
    };
    // rpm refuses an entry that is newer than the one above it.
    for entry in newer.iter_mut().filter(|entry| Some(entry.date) < newest_date) {
        entry.date = newest_date.unwrap_or(entry.date);
    }
    let repackaging = Repackaging::of(values.release);
    let mut text = above.concat();
    match (newer.first(), repackaging, changelog.entries.first()) {
        (None, Some(repackaging), Some(newest)) => {
            let date = newest_date.map_or(newest.date, |date| date.max(newest.date));
            text.push_str(&ChangelogEntry { date, ..newest.clone() }.render_repackaging(repackaging));
        }
        _ => text.push_str(&Changelog { entries: newer }.render_spec(repackaging)),
    }
    if text.len() > above.concat().len() {
        text.push('\n');
    }
    text.push_str(entries.concat().trim_end());
    text.push('\n');
    text
}

fn is_autochangelog(line: &str) -> bool {
    matches!(line.trim(), "%autochangelog" | "%{autochangelog}" | "%{?autochangelog}")
}

/// Whether an entry of the release is newer than a version of the spec, whose zeros at the end may be left out.
fn is_newer(entry: &ChangelogEntry, newest: &str) -> bool {
    let version = entry.version.to_string();
    let short = |version: &str| -> String {
        let mut short = version;
        while let Some(rest) = short.strip_suffix(".0") {
            short = rest;
        }
        short.to_owned()
    };
    compare_versions(&short(&version), &short(newest)) == Ordering::Greater
}

/// The version in the first line of an entry: `1.2` of `* Thu Mar 19 2020 Ada <a@b> - 1:1.2-3`.
fn version_of(head: &str) -> Option<String> {
    let head = head.trim_end();
    let word = match head.rsplit_once('>') {
        Some((_, behind)) => behind.trim_start_matches([' ', '\t', '-', ',']).split([' ', '\t']).next()?,
        None => head.split([' ', '\t']).next_back().filter(|word| word.contains(['.', '-']))?,
    };
    let word = word.trim_matches(['[', ']', '(', ')', 'v']);
    let word = word.split_once(':').map_or(word, |(_, behind)| behind);
    let version = word.rsplit_once('-').map_or(word, |(version, _)| version);
    version.starts_with(|first: char| first.is_ascii_digit()).then(|| version.to_owned())
}

/// The date in the first line of an entry, which may have a time and a zone.
fn date_of(head: &str) -> Option<Date> {
    let mut words = head.trim_start_matches('*').split_whitespace().skip(1);
    let (month, day) = (words.next()?, words.next()?);
    let year = words.find(|word| word.len() == 4 && word.parse::<i16>().is_ok())?;
    Date::strptime("%b %d %Y", format!("{month} {day} {year}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::changelog::{Author, ChangelogItem};

    /// The changelog of three versions in March 2020, one a day.
    fn changelog() -> Changelog {
        let entry = |patch: u64| {
            let date = jiff::civil::date(2020, 3, 10 + patch as i8);
            let author = Author { name: "Ada".to_owned(), email: "a@b".to_owned() };
            let change =
                ChangelogItem { id: format!("{patch:08}"), commit: None, subject: "x".to_owned(), bugs: Vec::new() };
            ChangelogEntry {
                version: crate::history::Version::new(1, 2, patch),
                date,
                committed: date,
                author,
                changes: vec![change],
            }
        };
        Changelog { entries: [2, 1, 0].map(entry).to_vec() }
    }

    const THIRD: &str = "* Thu Mar 12 2020 Ada <a@b> - 1.2.2-1\n- 00000002: x\n";
    const SECOND: &str = "* Wed Mar 11 2020 Ada <a@b> - 1.2.1-1\n- 00000001: x\n";

    fn rendered(spec: &str, release: u32) -> String {
        let changelog = changelog();
        let entries = changelog.render_spec(Repackaging::of(release));
        let values = Values {
            name: "x",
            version: "1.2.2",
            release,
            source0: "x",
            vendor: None,
            markers: &[],
            changelog: &entries,
        };
        continued(spec, &changelog, &values)
    }

    #[test]
    fn newer_entries_are_put_above_those_of_the_spec() {
        for (own, newer) in [
            ("* Tue Mar 10 2020 B <b@c> - 1.2-1\n- own\n", format!("{THIRD}\n{SECOND}\n")),
            ("* Tue Mar 10 2020 B <b@c> 0:1.2.1-4\n- own\n", format!("{THIRD}\n")),
            ("* Tue Mar 10 2020 B <b@c> - 1.2.2-1\n- own\n", String::new()),
            (
                "* Tue Mar 10 2020 B <b@c>\n- no version\n\n* Mon Mar 09 2020 B <b@c> - 1.2.1-1\n- own\n",
                format!("{THIRD}\n"),
            ),
            ("* Wed Mar 11 2020 B <b@c>\n- no version at all\n", format!("{THIRD}\n")),
            (
                "* Fri Mar 20 2020 B <b@c> - 1.2.1-1\n- later\n",
                format!("{}\n", THIRD.replace("Thu Mar 12", "Fri Mar 20")),
            ),
        ] {
            let spec = format!("Name: x\n\n%changelog\n{own}");
            assert_eq!(rendered(&spec, 1), format!("Name: x\n\n%changelog\n{newer}{own}"));
        }
    }

    #[test]
    fn a_section_behind_the_changelog_stays_behind_it() {
        let spec = "Name: x\n%changelog\n# ours\n* Tue Mar 10 2020 B <b@c> - 1.2.1-1\n- own\n\n%post\ntrue\n";
        let expected = format!(
            "Name: x\n%changelog\n# ours\n{THIRD}\n* Tue Mar 10 2020 B <b@c> - 1.2.1-1\n- own\n\n%post\ntrue\n"
        );
        assert_eq!(rendered(spec, 1), expected);
    }

    #[test]
    fn a_changelog_without_entries_gets_all() {
        let all = changelog().render_spec(None);
        for (spec, expected) in [
            ("Name: x\n\n%changelog\n", format!("Name: x\n\n%changelog\n{all}")),
            ("Name: x\n\n%changelog\n\n\n", format!("Name: x\n\n%changelog\n{all}")),
            ("Name: x\n\n%changelog", format!("Name: x\n\n%changelog\n{all}")),
            ("Name: x", format!("Name: x\n\n%changelog\n{all}")),
            ("Name: x\n%changelog\n%autochangelog\n", format!("Name: x\n%changelog\n{all}")),
            ("Name: x\n%changelog\n%{?autochangelog}\n%post\n", format!("Name: x\n%changelog\n{all}\n%post\n")),
            ("Name: x\n%changelog\n# none yet\n", format!("Name: x\n%changelog\n{all}\n# none yet\n")),
        ] {
            assert_eq!(rendered(spec, 1), expected, "{spec:?}");
        }
    }

    #[test]
    fn a_repackaging_has_an_entry_of_its_own() {
        let own = "* Fri Mar 20 2020 B <b@c> - 1.2.2-1\n- own\n";
        let again = "* Fri Mar 20 2020 Ada <a@b> - 1.2.2-2\n- Packaged again, without a change of the sources\n";
        assert_eq!(rendered(&format!("%changelog\n{own}"), 2), format!("%changelog\n{again}\n{own}"));
    }

    #[test]
    fn the_version_of_an_entry_is_read() {
        for (head, version) in [
            ("* Tue Jul 16 2024 J H <j@h> 1.32.1-1", Some("1.32.1")),
            ("* Tue Jul 16 2024 J H <j@h> - 1:1.32.1-1.fc40", Some("1.32.1")),
            ("* Tue Jul 16 2024 J H - 3.1", Some("3.1")),
            ("* Tue Jul 16 2024 J H <j@h> [2.0-1]", Some("2.0")),
            ("* Tue Jul 16 2024 J H <j@h>", None),
            ("* Tue Jul 16 2024 J H", None),
        ] {
            assert_eq!(version_of(head).as_deref(), version, "{head}");
        }
        assert_eq!(date_of("* Mon Jan 02 10:22:30 UTC 2023 A"), Some(jiff::civil::date(2023, 1, 2)));
    }
}
