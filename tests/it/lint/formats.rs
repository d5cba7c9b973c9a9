//! The formats of `lint`, also for commits that want to harm the reader.

use serde_json::Value;

use super::branched;
use crate::support::history::History;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// A branch with an error and a warning.
fn with_findings() -> Sandbox {
    let project = branched();
    project.commit("Add a disk.\n\nSemVer: feature, 50 %", &[("a", "1")]);
    project.commit("Add a disk\n\nSemVer: feature", &[("b", "2")]);
    project
}

#[track_caller]
fn lint(project: &Sandbox, format: &str) -> String {
    project.releng(&["lint", "--format", format]).stdout
}

#[test]
fn annotations_of_github() {
    let project = with_findings();
    let head = project.git(&["rev-parse", "--short=8", "HEAD"]);
    let first = project.git(&["rev-parse", "--short=8", "HEAD~1"]);
    assert_eq!(
        lint(&project, "github"),
        format!(
            "::error title=pseudo-header-misread::{head} \"Add a disk\" line 3: `SemVer: feature`: the name is not spelled so that \
         the line counts%0Ahelp: write `Sem-Ver: feature`\n\
         ::warning title=subject-dot::{first} \"Add a disk.\" line 1: the subject ends with a full stop%0Ahelp: remove the full stop\n"
        )
    );
    for number in 0..12 {
        project.commit(&format!("Step {number}\n\n> Sem-Ver: feature"), &[(&number.to_string(), "1")]);
    }
    let many = lint(&project, "github");
    let errors: Vec<&str> = many.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(errors.len(), 10);
    assert_eq!(errors[9], "::error title=lint::4 more; GitHub does not show them all");
}

/// The parts of the schema of SARIF 2.1.0 that the report uses: what is required, and what values may be.
fn check_sarif(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        (keys(&log), &log["version"]),
        (vec!["$schema".to_owned(), "runs".into(), "version".into()], &"2.1.0".into())
    );
    let run = &log["runs"][0];
    assert_eq!(keys(run), ["columnKind", "results", "tool"]);
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert_eq!(keys(rule), ["defaultConfiguration", "id", "shortDescription"]);
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
        assert!(
            ["none", "note", "warning", "error"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap())
        );
    }
    for result in run["results"].as_array().unwrap() {
        assert!(result["message"]["text"].is_string());
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert_eq!(rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], result["ruleId"]);
        for location in result["locations"].as_array().into_iter().flatten() {
            let place = &location["logicalLocations"][0];
            assert!(place["fullyQualifiedName"].is_string() && place["kind"].is_string());
        }
    }
    log
}

#[test]
fn sarif_has_the_rules_and_the_results() {
    let project = with_findings();
    let log = check_sarif(&lint(&project, "sarif"));
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[1]["ruleId"], "pseudo-header-misread");
    assert_eq!(results[1]["properties"]["line"], 3);
    let head = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], Value::from(head));
}

/// Reads a JUnit report by the XML parser of Python, and checks what the schema of Jenkins' plugin `xunit` (junit-10.xsd) says of
/// it: each case with the names of its elements.
#[track_caller]
fn read_junit(project: &Sandbox, text: &str) -> Ran {
    project.write("report.xml", text);
    let script = "import xml.etree.ElementTree as tree\n\
        root = tree.parse('report.xml').getroot()\n\
        assert root.tag == 'testsuites' and not set(root.keys()) - {'name', 'time', 'tests', 'failures', 'errors'} and [suite.tag for suite in root] == ['testsuite']\n\
        cases = root[0].findall('testcase')\n\
        assert len(cases) == len(root[0]) == int(root[0].get('tests'))\n\
        assert len(root.findall('.//failure')) == int(root[0].get('failures'))\n\
        for case in cases: print(case.get('classname'), case.get('name'), *[child.tag for child in case])\n";
    run_in(project.path(), "python3", &["-c", script], &[]).exits(0)
}

#[test]
fn junit_has_a_case_for_each_rule() {
    let project = with_findings();
    let text = lint(&project, "junit");
    let ran = read_junit(&project, &text).prints_part("lint pseudo-header-misread failure\n");
    ran.prints_part("lint subject-dot system-out\n").prints_part("lint fixup-left\n");
    assert_eq!(lint(&project, "junit"), text, "the date is that of the commit");
}

#[test]
fn hostile_text_steers_no_reader() {
    let mut history = History::default();
    let base = history.commit("Begin\n");
    for message in [
        &b"::error title=x::owned."[..],
        b"::set-output name=x::y\n::add-mask::z",
        b"Red \x1b[31m\x1b]0;title\x07 text",
        "Turn \u{202e}exe.txt.".as_bytes(),
        b"--exec=reboot.",
        b"$(reboot) `reboot` ; reboot.",
        b"Not UTF-8: \xff\xfe \xc3(",
        b"Add <b>&amp; ]]> \"quotes\" 100%0A::error::x.",
        b"Fix\n\n<<<<<<< ::error::x\nSemVer: feature\x1b[2J",
        b"a\0b.",
    ] {
        history.commit(message);
    }
    let written = history.write();
    let base = written.id(base).to_string();
    let project = branched();
    for format in ["human", "json", "github", "junit", "sarif"] {
        let ran = run_in(&written.path, PROGRAM, &["lint", "--base", &base, "--format", format], &[]).exits(1);
        let steers =
            |letter: char| (letter.is_control() && letter != '\n') || ('\u{202a}'..='\u{202e}').contains(&letter);
        assert!(!ran.stdout.contains(steers) && !ran.stderr.contains(steers), "{format}: {}", ran.stdout);
        for line in ran.stdout.lines().chain(ran.stderr.lines()).filter(|line| line.trim().starts_with("::")) {
            let (command, data) = line[2..].split_once("::").unwrap();
            assert!(
                format == "github" && (command.starts_with("error title=") || command.starts_with("warning title=")),
                "{line}"
            );
            assert!(!data.contains("%0A:") && !command.contains("owned"), "{line}");
        }
        match format {
            "json" => _ = serde_json::from_str::<Value>(&ran.stdout).unwrap(),
            "sarif" => _ = check_sarif(&ran.stdout),
            "junit" => _ = read_junit(&project, &ran.stdout),
            _ => {}
        }
    }
}
