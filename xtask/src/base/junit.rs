//! Results of tests as JUnit XML, which every CI system shows.
//!
//! There is no standard. This is the form on which Ant's schema, Jenkins, GitLab and GitHub's actions agree: suites, their
//! cases with times in seconds, and for a case that did not pass one element with a message and the log.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

/// Cases that were run together.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// The thing under test.
    pub name: String,
    /// The time at which the first test began.
    pub timestamp: Timestamp,
    /// In the order in which they are shown.
    pub cases: Vec<Case>,
}

/// One test.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Unique in its suite.
    pub name: String,
    pub duration: Duration,
    pub result: CaseResult,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseResult {
    Passed,
    PassedWith {
        /// What is shown with the case.
        log: String,
    },
    Failed {
        /// One line.
        message: String,
        /// The whole output.
        log: String,
    },
    /// It was not run.
    Skipped {
        /// One line: why.
        message: String,
    },
}

/// The XML of `suites`, in UTF-8, with a line break at its end. Times are UTC, without a zone: so does the schema of Ant.
pub fn render_junit(suites: &[Suite]) -> String {
    let all: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    // The schema of Jenkins has `skipped` for a suite only.
    let total = counts(&all, "");
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {total}>\n");
    for suite in suites {
        let (name, cases) = (escape(&suite.name), suite.cases.iter().collect::<Vec<_>>());
        let time = suite.timestamp.strftime("%Y-%m-%dT%H:%M:%S");
        _ = writeln!(xml, "  <testsuite name=\"{name}\" {} timestamp=\"{time}\">", counts(&cases, &skipped(&cases)));
        for case in &cases {
            xml += &render_case(&name, case);
        }
        xml += "  </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

/// The attribute with the number of skipped cases.
fn skipped(cases: &[&Case]) -> String {
    let skipped = cases.iter().filter(|case| matches!(case.result, CaseResult::Skipped { .. })).count();
    format!(" skipped=\"{skipped}\"")
}

fn counts(cases: &[&Case], skipped: &str) -> String {
    let failures = cases.iter().filter(|case| matches!(case.result, CaseResult::Failed { .. })).count();
    let time = seconds(cases.iter().map(|case| case.duration).sum());
    let tests = cases.len();
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\"{skipped} time=\"{time}\"")
}

fn render_case(suite: &str, case: &Case) -> String {
    let (name, time) = (escape(&case.name), seconds(case.duration));
    let start = format!("    <testcase classname=\"{suite}\" name=\"{name}\" time=\"{time}\"");
    match &case.result {
        CaseResult::Passed => format!("{start}/>\n"),
        CaseResult::PassedWith { log } => {
            format!("{start}>\n      <system-out>{}</system-out>\n    </testcase>\n", escape_text(log))
        }
        CaseResult::Failed { message, log } => {
            let (message, log) = (escape(message), escape_text(log));
            format!("{start}>\n      <failure message=\"{message}\">{log}</failure>\n    </testcase>\n")
        }
        CaseResult::Skipped { message } => {
            format!("{start}>\n      <skipped message=\"{}\"/>\n    </testcase>\n", escape(message))
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// For the value of an attribute, where a parser takes line breaks and tabs for spaces.
fn escape(text: &str) -> String {
    escape_text(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// For what stands between tags. XML 1.0 has no way to write most control characters: they become U+FFFD.
fn escape_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\r' => escaped += "&#13;",
            '\n' | '\t' => escaped.push(letter),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, milliseconds: u64, result: CaseResult) -> Case {
        Case { name: name.to_owned(), duration: Duration::from_millis(milliseconds), result }
    }

    #[test]
    fn suites_are_counted_and_cases_say_why() {
        let no = |message: &str, log: &str| CaseResult::Failed { message: message.into(), log: log.into() };
        let skipped = CaseResult::Skipped { message: "not <now>".into() };
        let cases = vec![
            case("install", 1500, CaseResult::Passed),
            case("upgrade", 20, no("exit 3", "no <such>\n")),
            case("remove", 0, skipped),
        ];
        let timestamp = "2020-03-19T08:24:41+03:00".parse().unwrap();
        let suite = Suite { name: "snapshot-lago_1.0_pipeline_2".to_owned(), timestamp, cases };
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" time="1.520">
  <testsuite name="S" tests="3" failures="1" errors="0" skipped="1" time="1.520" timestamp="2020-03-19T05:24:41">
    <testcase classname="S" name="install" time="1.500"/>
    <testcase classname="S" name="upgrade" time="0.020">
      <failure message="exit 3">no &lt;such&gt;
</failure>
    </testcase>
    <testcase classname="S" name="remove" time="0.000">
      <skipped message="not &lt;now&gt;"/>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(render_junit(&[suite]).replace("snapshot-lago_1.0_pipeline_2", "S"), expected);
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("a\nb\tc\"<&>\r"), "a&#10;b&#9;c&quot;&lt;&amp;&gt;&#13;");
        assert_eq!(
            escape_text("\0\x1b[1m\x7f\u{85}]]>\u{ffff}\u{1f600}\n"),
            "\u{fffd}\u{fffd}[1m\x7f\u{85}]]&gt;\u{fffd}\u{1f600}\n"
        );
    }
}
