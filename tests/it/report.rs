//! Reports, as the programs read them for which they are made.

use std::time::Duration;

use jiff::Timestamp;
use releng::base::junit::{Case, CaseResult, Suite, render_junit};

use crate::support::program::{Sandbox, run_in};

/// Prints a case, and whether its message and its log are the text of a file.
const READER: &str = "import xml.etree.ElementTree as tree
text = open('expected', newline='', encoding='utf-8').read()
for case in tree.parse('report.xml').iter('testcase'):
    failure = case.find('failure')
    print(case.get('name'), case.get('time'), failure.get('message') == text, failure.text == text, sep='\\n')
";

/// Every character from the first to beyond the last that XML 1.0 treats by a rule of its own.
#[test]
fn an_xml_parser_reads_any_text_back() {
    let all: String = ('\0'..='\u{3ff}').chain('\u{fff0}'..='\u{1000f}').collect();
    let result = CaseResult::Failed { message: all.clone(), log: all.clone() };
    let case = Case { name: "a <b> & 'c' \"d\"".to_owned(), duration: Duration::from_millis(61_234), result };
    let suite = Suite { name: "any".to_owned(), timestamp: Timestamp::UNIX_EPOCH, cases: vec![case] };
    let lost = |letter: &char| match letter {
        '\t' | '\n' | '\r' => false,
        _ => *letter < ' ' || ('\u{fffe}'..='\u{ffff}').contains(letter),
    };
    let expected = |letter: char| if lost(&letter) { '\u{fffd}' } else { letter };
    let folder = Sandbox::bare();
    folder.write("report.xml", render_junit(&[suite]));
    folder.write("expected", all.chars().map(expected).collect::<String>());
    let read = run_in(folder.path(), "python3", &["-c", READER], &[]).exits(0);
    read.prints("a <b> & 'c' \"d\"\n61.234\nTrue\nTrue\n");
}
