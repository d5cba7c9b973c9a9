//! When a request to a forge is sent again, and how long to wait before.

use std::time::Duration;

use jiff::Timestamp;
use serde::de::IgnoredAny;

use crate::base::http::{HttpAnswer, HttpFault};

/// How often and how fast a request is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often a request is sent at most.
    pub tries: u32,
    /// How long a second of waiting is; tests have shorter ones.
    pub second: Duration,
    /// The longest single wait in seconds. A forge that asks for more is not waited for.
    pub longest: u64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { tries: 5, second: Duration::from_secs(1), longest: 300 }
    }
}

impl Pace {
    /// The seconds to wait after the try with this number, from 0 on, where the forge does not say how long: 1, 2, 4, 8 and so on.
    pub fn back_off(self, number: u32) -> u64 {
        2_u64.saturating_pow(number).min(self.longest)
    }
}

/// What an outcome of one try means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryVerdict {
    /// There is nothing to repeat: an answer, good or bad.
    Final,
    /// Another try may succeed.
    Again(AgainReason),
}

/// Why another try may succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgainReason {
    /// The forge may have acted on the request.
    pub may_have_happened: bool,
    /// The seconds that the forge asks to wait, if it says so.
    pub wait: Option<u64>,
    /// For a person.
    pub why: String,
}

/// Judges the outcome of one try. `wants_json`: an answer of success without whole JSON was cut off.
pub fn judge(outcome: &Result<HttpAnswer, HttpFault>, wants_json: bool) -> TryVerdict {
    let again = |may_have_happened: bool, wait: Option<u64>, why: String| {
        TryVerdict::Again(AgainReason { may_have_happened, wait, why })
    };
    let answer = match outcome {
        Ok(answer) => answer,
        Err(HttpFault::NotSent(why)) => return again(false, None, why.clone()),
        Err(HttpFault::Unanswered(why)) => return again(true, None, why.clone()),
        Err(HttpFault::TooLong | HttpFault::Refused(_)) => return TryVerdict::Final,
    };
    match answer.status {
        200..=299 if wants_json && is_cut_off(&answer.body) => again(true, None, "the answer was cut off".to_owned()),
        // Too early, or the forge did not wait for the whole request.
        408 | 425 => again(false, stated_wait(answer), format!("it answered {}", answer.status)),
        429 => again(false, stated_wait(answer).or(Some(LIMIT_WAIT)), "it answered 429: too many requests".to_owned()),
        403 if is_limit(answer) => {
            again(false, stated_wait(answer).or(Some(LIMIT_WAIT)), "it answered 403: too many requests".to_owned())
        }
        500 | 502..=504 | 520..=524 => again(true, stated_wait(answer), format!("it answered {}", answer.status)),
        _ => TryVerdict::Final,
    }
}

/// The seconds to wait at a limit that does not say how long. GitHub asks for a minute at least.
const LIMIT_WAIT: u64 = 60;

/// Whether a 403 is one of GitHub's limits and not a missing right: the requests of the hour are used up, or there were too many at once.
fn is_limit(answer: &HttpAnswer) -> bool {
    let text = answer.body.to_ascii_lowercase();
    answer.header("x-ratelimit-remaining") == Some("0")
        || answer.header("retry-after").is_some()
        || text.contains("secondary rate limit")
        || text.contains("api rate limit exceeded")
}

/// The seconds that an answer asks to wait: `Retry-After`, else the time at which the limit ends.
fn stated_wait(answer: &HttpAnswer) -> Option<u64> {
    // The clock of the forge, so that the own one does not count.
    let now = || Timestamp::from_second(parse_date(answer.header("date")?)?).ok();
    let until = |second: i64| Some(u64::try_from(second.saturating_sub(now()?.as_second())).unwrap_or(0));
    if let Some(value) = answer.header("retry-after") {
        return value.parse().ok().or_else(|| until(parse_date(value)?));
    }
    if answer.header("x-ratelimit-remaining").or(answer.header("ratelimit-remaining")) != Some("0") {
        return None;
    }
    let end = answer.header("x-ratelimit-reset").or(answer.header("ratelimit-reset"))?;
    // A second more: the limit ends within the last one.
    until(end.parse().ok()?).map(|wait| wait + 1)
}

/// The second of a date in a header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parse_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(Timestamp::as_second)
}

/// Whether a text is the beginning of JSON, and not the whole.
fn is_cut_off(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<HttpAnswer, HttpFault> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(HttpAnswer { status, headers, body: body.to_owned() })
    }

    /// Whether it may have happened, and the stated wait; `None` where nothing is repeated.
    fn judged(outcome: &Result<HttpAnswer, HttpFault>) -> Option<(bool, Option<u64>)> {
        match judge(outcome, true) {
            TryVerdict::Final => None,
            TryVerdict::Again(again) => Some((again.may_have_happened, again.wait)),
        }
    }

    #[test]
    fn a_request_is_repeated_where_that_may_help() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let none: &[(&str, &str)] = &[];
        for (outcome, expected) in [
            (answer(200, none, "{}"), None),
            (answer(201, none, "{\"id\": 1"), Some((true, None))),
            (answer(200, none, ""), Some((true, None))),
            (answer(200, none, "<html>"), None),
            (answer(404, none, ""), None),
            (answer(403, none, "Resource not accessible by integration"), None),
            (answer(403, &[("x-ratelimit-remaining", "41")], ""), None),
            (answer(403, &[("retry-after", "7")], ""), Some((false, Some(7)))),
            (answer(403, none, "You have exceeded a secondary rate limit."), Some((false, Some(60)))),
            (
                answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111787"), date], ""),
                Some((false, Some(11))),
            ),
            (
                answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1"), date], ""),
                Some((false, Some(1))),
            ),
            (answer(429, none, ""), Some((false, Some(60)))),
            (answer(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), date], ""), Some((false, Some(10)))),
            (
                answer(429, &[("ratelimit-remaining", "0"), ("ratelimit-reset", "784111779"), date], ""),
                Some((false, Some(3))),
            ),
            (answer(500, none, ""), Some((true, None))),
            (answer(501, none, ""), None),
            (answer(503, &[("retry-after", "3")], ""), Some((true, Some(3)))),
            (answer(422, none, ""), None),
            (Err(HttpFault::NotSent("refused".to_owned())), Some((false, None))),
            (Err(HttpFault::Unanswered("reset".to_owned())), Some((true, None))),
            (Err(HttpFault::TooLong), None),
            (Err(HttpFault::Refused("certificate".to_owned())), None),
        ] {
            assert_eq!(judged(&outcome), expected, "{outcome:?}");
        }
        assert_eq!(judge(&answer(204, none, ""), false), TryVerdict::Final);
    }

    #[test]
    fn the_waits_become_longer_up_to_a_limit() {
        let pace = Pace { longest: 9, ..Pace::default() };
        assert_eq!([0, 1, 2, 3, 4, 99].map(|number| pace.back_off(number)), [1, 2, 4, 8, 9, 9]);
    }
}
