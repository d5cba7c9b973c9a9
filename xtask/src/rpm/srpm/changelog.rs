//! Parses the `%changelog` section: entries with a date, a name and a text.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::rpm::srpm::error::{Beyond, SpecError};

/// An entry of `%changelog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecChangelogEntry {
    /// The time in seconds since 1970; noon UTC where the entry has no time, so that most time zones show the same day.
    pub seconds: u32,
    /// The rest of the first line: a name, usually with an email address and a version.
    pub name: String,
    /// The other lines, trimmed.
    pub text: String,
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Parses the text of the section. `line_at` gives the line number in the spec for a byte of the text.
pub fn parse(text: &str, line_at: impl Fn(usize) -> usize) -> Result<Vec<SpecChangelogEntry>, SpecError> {
    let mut entries: Vec<SpecChangelogEntry> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let line = line_at(text.len() - rest.len());
        let broken = |what: &str| {
            SpecError::broken(line, format!("{what} in `%changelog`: `{}`", rest.lines().next().unwrap_or_default()))
        };
        let head = rest.strip_prefix('*').ok_or_else(|| broken("an entry that does not begin with `*`"))?;
        let (head, body) = head.split_once('\n').ok_or_else(|| broken("an entry without text"))?;
        let (seconds, name) = match parse_head(head) {
            Ok(read) => read,
            // rpm looks up other names in the time zone tables of the machine.
            Err(Unread::Zone) => {
                return Err(SpecError::beyond(line, Beyond::foreign(format!("the time zone in `*{head}`"))));
            }
            Err(Unread::Malformed) => return Err(broken("no date and name")),
        };
        let body = body.trim_start();
        // A line with `*` directly behind the head of an entry is the text of that entry, as in rpm.
        let behind_first = body.chars().next().map_or(0, char::len_utf8);
        let end = body[behind_first..].find("\n*").map_or(body.len(), |at| behind_first + at + 1);
        let text = body[..end].trim_end();
        if text.is_empty() {
            return Err(broken("an entry without text"));
        }
        if entries.last().is_some_and(|newer| newer.seconds < seconds) {
            return Err(broken("an entry that is newer than the one above it"));
        }
        entries.push(SpecChangelogEntry { seconds, name: name.to_owned(), text: text.to_owned() });
        rest = &body[end..];
    }
    Ok(entries)
}

enum Unread {
    Malformed,
    Zone,
}

/// Parses `Mon Jan 02 2023 Name`, or the same with a time and a time zone before the year.
fn parse_head(head: &str) -> Result<(u32, &str), Unread> {
    let mut rest = head;
    let mut word = || take_word(&mut rest).ok_or(Unread::Malformed);
    let (weekday, month, day, mut year) = (word()?, word()?, word()?, word()?);
    let mut seconds_of_day = 12 * 3600;
    if year.contains(':') {
        seconds_of_day = parse_time(year).ok_or(Unread::Malformed)?;
        seconds_of_day -= 3600 * hours_of_zone(word()?).ok_or(Unread::Zone)?;
        year = word()?;
    }
    let midnight = parse_day(weekday, month, day, year).ok_or(Unread::Malformed)?;
    let seconds = u32::try_from(midnight + seconds_of_day).map_err(|_| Unread::Malformed)?;
    match rest.trim() {
        "" => Err(Unread::Malformed),
        name => Ok((seconds, name)),
    }
}

/// The hours that a time zone is ahead of UTC. rpm gives the name to the C library, which has a file for few of the usual
/// abbreviations, and takes all others, such as `CEST` and `JST`, for UTC. Summer time does not count.
const ZONES: [(&str, i64); 15] = [
    ("CET", 1),
    ("MET", 1),
    ("EET", 2),
    ("WET", 0),
    ("EST", -5),
    ("MST", -7),
    ("HST", -10),
    ("EST5EDT", -5),
    ("CST6CDT", -6),
    ("MST7MDT", -7),
    ("PST8PDT", -8),
    ("PRC", 8),
    ("ROC", 8),
    ("ROK", 9),
    ("NZ", 12),
];

/// The hours that `zone` is ahead of UTC; `None` if it is not an abbreviation.
fn hours_of_zone(zone: &str) -> Option<i64> {
    let known = ZONES.iter().find(|(name, _)| *name == zone).map(|(_, hours)| *hours);
    let is_abbreviation = (3..=5).contains(&zone.len()) && zone.bytes().all(|byte| byte.is_ascii_uppercase());
    known.or(is_abbreviation.then_some(0))
}

/// Midnight of a day, in seconds since 1970. As in rpm, the weekday may be a wrong one, and February has 29 days in any
/// year.
fn parse_day(weekday: &str, month: &str, day: &str, year: &str) -> Option<i64> {
    if !DAYS.contains(&weekday) {
        return None;
    }
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    let year = year.parse().ok().filter(|year| (1990..3000).contains(year))?;
    let first = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
    let day = day.parse::<i64>().ok().filter(|day| (1..=i64::from(first.days_in_month()).max(29)).contains(day))?;
    Some(first.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second() + (day - 1) * 86_400)
}

fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (hours, minutes, seconds) = (number()?, number()?, number()?);
    let is_time = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..60).contains(&seconds);
    is_time.then_some(hours * 3600 + minutes * 60 + seconds)
}

fn take_word<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let text = rest.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    *rest = &text[end..];
    (end > 0).then_some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_where_the_next_begins() {
        let text = "\n* Mon Jan 02 2023 A B <a@b.c> - 1.2-1 \n- one\n  * two\n\n* Sun Jan  1 2023 A\n- zero\n";
        let entries = parse(text, |_| 1).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].seconds, 1_672_660_800);
        assert_eq!(entries[0].name, "A B <a@b.c> - 1.2-1");
        assert_eq!(entries[0].text, "- one\n  * two");
        assert_eq!((entries[1].seconds, entries[1].text.as_str()), (1_672_574_400, "- zero"));
        let timed = parse("* Mon Jan 02 10:22:30 UTC 2023 A\n- one\n", |_| 1).unwrap();
        assert_eq!(timed[0].seconds, 1_672_617_600 + 37_350);
        for (zone, hours) in [("CEST", 0), ("EST", -5), ("PST8PDT", -8), ("JST", 0), ("EET", 2)] {
            let timed = parse(&format!("* Mon Jan 02 10:22:30 {zone} 2023 A\n- one\n"), |_| 1).unwrap();
            assert_eq!(i64::from(timed[0].seconds), 1_672_617_600 + 37_350 - 3600 * hours, "{zone}");
        }
        assert_eq!(parse(" \n", |_| 1).unwrap(), []);
    }

    #[test]
    fn malformed_entries_are_errors() {
        for text in [
            "- one\n",
            "* Mon Jan 02 2023 A",
            "* Mon Jan 02 2023 A\n",
            "* Mon Jan 02 2023\n- one\n",
            "* Mon Jan 32 2023 A\n- one\n",
            "* Mon Foo 02 2023 A\n- one\n",
            "* Mon Jan 02 10:22:30 UTC+2 2023 A\n- one\n",
            "* Sun Jan 01 2023 A\n- one\n* Mon Jan 02 2023 A\n- two\n",
        ] {
            assert_eq!(parse(text, |_| 9).unwrap_err().line, 9, "{text}");
        }
    }
}
