//! Expands the placeholders of author and committer, such as `%an` and `%cI`.
//!
//! [`Signature`] reads as much of a damaged line as it can. Git does not: the placeholders of a damaged line are
//! removed, or left unchanged.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::git::Signature;

/// The parts of an `author` or `committer` line.
struct Identity<'a> {
    name: &'a [u8],
    email: &'a [u8],
    date: Option<SignatureDate<'a>>,
}

struct SignatureDate<'a> {
    /// The digits, unparsed.
    seconds: &'a [u8],
    /// `+0530` as the number 530.
    zone: i64,
}

/// The expansion of a placeholder of two letters.
#[derive(Debug, PartialEq, Eq)]
pub enum PlaceholderValue {
    Text(Vec<u8>),
    /// Git has no such placeholder, or no value for it: the placeholder is left unchanged.
    Unknown,
    /// The value depends on the clone, the clock or the settings of the user.
    Refused,
}

/// Expands `%a<part>` for the `author` line `line`, or `%c<part>` for the `committer` line.
pub fn expand(part: u8, line: &[u8]) -> PlaceholderValue {
    if matches!(part, b'N' | b'E' | b'L' | b'r' | b'h') {
        return PlaceholderValue::Refused; // the mailmap of the work tree; the time of day
    }
    let Some(identity) = parse(line) else { return for_damaged_line(part) };
    match part {
        b'n' => return PlaceholderValue::Text(identity.name.to_vec()),
        b'e' => return PlaceholderValue::Text(identity.email.to_vec()),
        b'l' => {
            let local = identity.email.split(|&byte| byte == b'@').next();
            return PlaceholderValue::Text(local.unwrap_or_default().to_vec());
        }
        _ => {}
    }
    match identity.date {
        Some(date) => expand_date(part, &date),
        None => for_damaged_line(part),
    }
}

/// The expansion for a damaged line: git removes its oldest placeholders, and leaves the others unchanged.
fn for_damaged_line(part: u8) -> PlaceholderValue {
    match part {
        b'n' | b'e' | b't' | b'd' | b'D' | b'i' => PlaceholderValue::Text(Vec::new()),
        _ => PlaceholderValue::Unknown,
    }
}

fn expand_date(part: u8, date: &SignatureDate<'_>) -> PlaceholderValue {
    let format = match part {
        b't' => return PlaceholderValue::Text(date.seconds.to_vec()),
        b'd' => "%a %b %-d %H:%M:%S %Y",
        b'D' => "%a, %-d %b %Y %H:%M:%S",
        b'i' => "%Y-%m-%d %H:%M:%S",
        b'I' => "%Y-%m-%dT%H:%M:%S",
        b's' => "%Y-%m-%d",
        _ => return PlaceholderValue::Unknown,
    };
    let zone = date.zone;
    let (sign, hours, minutes) = (if zone < 0 { '-' } else { '+' }, zone.abs() / 100, zone.abs() % 100);
    let suffix = match part {
        b's' => String::new(),
        b'I' if zone == 0 => "Z".to_owned(),
        b'I' => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!(" {sign}{hours:02}{minutes:02}"),
    };
    // Calendars differ about dates outside of the years 1 to 9999.
    match local_time(date).map(|time| time.strftime(format).to_string() + &suffix) {
        Some(text) => PlaceholderValue::Text(text.into_bytes()),
        None => PlaceholderValue::Refused,
    }
}

fn local_time(date: &SignatureDate<'_>) -> Option<jiff::civil::DateTime> {
    let seconds: i64 = std::str::from_utf8(date.seconds).ok()?.parse().ok()?;
    let minutes = date.zone.abs() / 100 * 60 + date.zone.abs() % 100;
    let shifted = seconds.checked_add(date.zone.signum() * minutes * 60)?;
    Some(Timestamp::from_second(shifted).ok()?.to_zoned(TimeZone::fixed(Offset::UTC)).datetime())
}

/// `None` for a line without an e-mail address; the address ends at the first `>`.
fn parse(line: &[u8]) -> Option<Identity<'_>> {
    let signature = Signature::parse(line);
    if !signature.is_complete {
        return None;
    }
    Some(Identity {
        name: signature.name.trim_ascii_end(),
        email: signature.email.split(|&byte| byte == b'>').next().unwrap_or_default(),
        date: parse_date(signature.date.trim_ascii_start()),
    })
}

fn parse_date(text: &[u8]) -> Option<SignatureDate<'_>> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (seconds, rest) = text.split_at(digits(text));
    let rest = rest.trim_ascii_start();
    let (&sign, zone) = rest.split_first()?;
    let zone = &zone[..digits(zone)];
    if seconds.is_empty() || zone.is_empty() || !matches!(sign, b'+' | b'-') {
        return None;
    }
    // A zone with too many digits for a number counts as UTC.
    let zone = std::str::from_utf8(zone).ok()?.parse::<i32>().map_or(0, i64::from);
    Some(SignatureDate { seconds, zone: if sign == b'-' { -zone } else { zone } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, cases: &[(u8, &str)]) {
        for &(part, expected) in cases {
            let expected = match expected {
                "unknown" => PlaceholderValue::Unknown,
                "refused" => PlaceholderValue::Refused,
                text => PlaceholderValue::Text(text.into()),
            };
            assert_eq!(expand(part, line.as_bytes()), expected, "%a{} of `{line}`", part as char);
        }
    }

    #[test]
    fn a_complete_line() {
        check(
            "Ada Example <ada@example.org> 1112911993 -0730",
            &[
                (b'n', "Ada Example"),
                (b'e', "ada@example.org"),
                (b'l', "ada"),
                (b't', "1112911993"),
                (b'd', "Thu Apr 7 14:43:13 2005 -0730"),
                (b'D', "Thu, 7 Apr 2005 14:43:13 -0730"),
                (b'i', "2005-04-07 14:43:13 -0730"),
                (b'I', "2005-04-07T14:43:13-07:30"),
                (b's', "2005-04-07"),
                (b'N', "refused"),
                (b'r', "refused"),
                (b'h', "refused"),
                (b'q', "unknown"),
            ],
        );
        check("A <> 0 +0000", &[(b'I', "1970-01-01T00:00:00Z"), (b'd', "Thu Jan 1 00:00:00 1970 +0000")]);
    }

    #[test]
    fn damaged_lines() {
        check("A <b> c> 12 +0100", &[(b'e', "b"), (b't', "12")]);
        check("A <b>", &[(b'n', "A"), (b't', ""), (b'd', ""), (b'I', "unknown"), (b's', "unknown")]);
        check("A", &[(b'n', ""), (b'e', ""), (b'l', "unknown")]);
        check("A <b> 99999999999999 +0000", &[(b't', "99999999999999"), (b'd', "refused")]);
    }
}
