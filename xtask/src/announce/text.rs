//! Subject and body of an announcement, from a template.
//!
//! | marker | becomes |
//! |---|---|
//! | `@@NAME@@` | the name of the project |
//! | `@@VERSION@@` | `1.0.4` |
//! | `@@DATE@@` | the day of the promotion in UTC, such as `19-03-2020` |
//! | `@@CHANGELOG@@` | the changes; each line gets the white space that is before the marker |
//! | `@@URL@@` | the address of the series |
//!
//! The subject is the first line, `Subject: …`; without that line, it is that of the built-in template. Markers in the inserted text are
//! not replaced.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use strsim::levenshtein;

use crate::base::error::committed;
use crate::base::text::is_steering;
use crate::history::Version;
use crate::project::config::Name;
use crate::project::markers::split_at_marker;

/// The template of a project that has none of its own: the text of the release procedure.
pub const BUILT_IN: &str = include_str!("announce.txt");

const MARKERS: [&str; 5] = ["@@NAME@@", "@@VERSION@@", "@@DATE@@", "@@CHANGELOG@@", "@@URL@@"];

/// Where a text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    Mail,
    /// As the notes of a release on a forge. The changes are code there: what people wrote into commits makes no links, mentions or images.
    Markdown,
}

/// The values of the markers.
#[derive(Clone, Copy, Debug)]
pub struct AnnouncedValues<'a> {
    pub form: TextForm,
    pub name: &'a Name,
    pub version: &'a Version,
    /// The time of the promotion.
    pub promoted: Timestamp,
    /// The lines of the changes.
    pub changes: &'a str,
    /// The address of the series; `None` if the repository has no address.
    pub url: Option<&'a str>,
}

/// The text of an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedText {
    /// One line.
    pub subject: String,
    /// Lines that end with a newline.
    pub body: String,
}

/// Why a template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongTemplate {
    /// From 1.
    pub line: usize,
    pub why: String,
    pub help: String,
}

/// Renders a template, which has the line ends of Unix.
///
/// Errors: an unknown marker, an empty subject, a control character, the changes in the subject, an address that there is none of.
pub fn render_text(template: &str, values: &AnnouncedValues<'_>) -> Result<AnnouncedText, WrongTemplate> {
    for (index, line) in template.lines().enumerate() {
        if line.contains(|letter| is_steering(letter) && letter != '\t') {
            let why = "it has a control character".to_owned();
            let help = "remove it: it is not visible to readers".to_owned();
            return Err(WrongTemplate { line: index + 1, why, help });
        }
    }
    let (subject, body, first) = split_subject(template);
    let subject = subject.unwrap_or_else(|| split_subject(BUILT_IN).0.unwrap_or_default());
    if subject.contains("@@CHANGELOG@@") {
        let why = "the subject has `@@CHANGELOG@@`, which has many lines".to_owned();
        let help = "write that marker into the body".to_owned();
        return Err(WrongTemplate { line: 1, why, help });
    }
    let mut rendered = String::new();
    render_line(subject, 1, values, &mut rendered)?;
    let subject = rendered.trim().to_owned();
    if subject.is_empty() {
        let help = "write `Subject: …`, or remove the line for the subject of the built-in template".to_owned();
        return Err(WrongTemplate { line: 1, why: "the subject is empty".to_owned(), help });
    }
    let mut text = String::new();
    for (index, line) in body.lines().enumerate() {
        render_line(line, first + index, values, &mut text)?;
        text.push('\n');
    }
    Ok(AnnouncedText { subject, body: text })
}

/// The subject, the body, and the number of the first line of the body.
fn split_subject(template: &str) -> (Option<&str>, &str, usize) {
    const HEAD: &str = "subject:";
    let (first, rest) = template.split_once('\n').unwrap_or((template, ""));
    match first.split_at_checked(HEAD.len()) {
        Some((head, subject)) if head.eq_ignore_ascii_case(HEAD) => match rest.strip_prefix('\n') {
            Some(body) => (Some(subject), body, 3),
            None => (Some(subject), rest, 2),
        },
        _ => (None, template, 1),
    }
}

fn render_line(
    line: &str,
    number: usize,
    values: &AnnouncedValues<'_>,
    text: &mut String,
) -> Result<(), WrongTemplate> {
    let mut rest = line;
    while let Some((before, marker, after)) = split_at_marker(rest) {
        text.push_str(before);
        match marker {
            "@@NAME@@" => text.push_str(&values.name.to_string()),
            "@@VERSION@@" => text.push_str(&values.version.to_string()),
            "@@DATE@@" => {
                text.push_str(&values.promoted.to_zoned(TimeZone::UTC).strftime("%d-%m-%Y").to_string());
            }
            "@@CHANGELOG@@" => {
                let changes = values.changes.trim_end();
                match values.form {
                    TextForm::Mail => {
                        let indent = if line.trim_start().starts_with(marker) { before } else { "" };
                        push_indented(changes, indent, text);
                    }
                    TextForm::Markdown => push_code(changes, text),
                }
            }
            "@@URL@@" => text.push_str(values.url.ok_or_else(|| no_address(number))?),
            unknown => return Err(unknown_marker(number, unknown)),
        }
        rest = after;
    }
    text.push_str(rest);
    Ok(())
}

/// Appends lines without a newline at their end. The first one is indented already; an empty line is not indented.
fn push_indented(lines: &str, indent: &str, text: &mut String) {
    for (index, line) in lines.lines().enumerate() {
        if index > 0 {
            text.push('\n');
            text.push_str(if line.is_empty() { "" } else { indent });
        }
        text.push_str(line);
    }
}

/// Appends lines as a block of code that they cannot end. What is before the marker stays before the block.
fn push_code(lines: &str, text: &mut String) {
    text.truncate(text.trim_end_matches([' ', '\t']).len());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let longest = lines.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    text.push_str(&format!("{fence}\n{lines}\n{fence}\n"));
}

fn no_address(line: usize) -> WrongTemplate {
    let why = "`@@URL@@`, and the repository has no address".to_owned();
    let help = format!("remove the marker, or {}", committed("set `repository.url`"));
    WrongTemplate { line, why, help }
}

fn unknown_marker(line: usize, marker: &str) -> WrongTemplate {
    let nearest = MARKERS.into_iter().min_by_key(|known| levenshtein(known, &marker.to_ascii_uppercase()));
    let nearest = nearest.unwrap_or_default();
    let all = MARKERS.map(|known| format!("`{known}`")).join(", ");
    let help = format!("did you mean `{nearest}`? the markers are {all}");
    WrongTemplate { line, why: format!("unknown marker `{marker}`"), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: &str = "* Thu Mar 19 2020 Ada <a@b> - 1.0.2-1\n- 0123abcd: @@NAME@@\n\n* Wed Mar 18 2020\n";

    fn render(template: &str) -> Result<AnnouncedText, WrongTemplate> {
        let name = Name::try_from("lago".to_owned()).unwrap();
        let version = "1.0.2".parse().unwrap();
        let promoted = "2026-03-01T23:59:59Z".parse().unwrap();
        render_text(
            template,
            &AnnouncedValues {
                form: TextForm::Mail,
                name: &name,
                version: &version,
                promoted,
                changes: CHANGES,
                url: None,
            },
        )
    }

    #[test]
    fn the_built_in_template_gives_the_text_of_the_release_procedure() {
        let text = render(BUILT_IN).unwrap();
        assert_eq!(text.subject, "[01-03-2026] New lago release - 1.0.2");
        let body = "Hi everyone! There's a new lago release with version 1.0.2 ready for you to\nupgrade!\n\n\
            Here are the changes:\n    * Thu Mar 19 2020 Ada <a@b> - 1.0.2-1\n    - 0123abcd: @@NAME@@\n\n    * Wed Mar 18 2020\n\n\
            Enjoy!\n";
        assert_eq!(text.body, body);
    }

    #[test]
    fn the_changes_are_code_in_markdown() {
        let name = Name::try_from("lago".to_owned()).unwrap();
        let version = "1.0.2".parse().unwrap();
        let promoted = "2026-03-01T23:59:59Z".parse().unwrap();
        let changes = "- 0123abcd: ````@ada ![x](https://x.example.org)\n```\n# Buy\n";
        let values =
            AnnouncedValues { form: TextForm::Markdown, name: &name, version: &version, promoted, changes, url: None };
        for (template, expected) in [
            ("a:\n    @@CHANGELOG@@\n\nEnd\n", format!("a:\n`````\n{changes}`````\n\n\nEnd\n")),
            ("changes: @@CHANGELOG@@ end\n", format!("changes:\n`````\n{changes}`````\n end\n")),
            ("@@CHANGELOG@@", format!("`````\n{changes}`````\n\n")),
        ] {
            assert_eq!(render_text(template, &values).unwrap().body, expected);
        }
    }

    #[test]
    fn a_template_without_a_subject_gets_the_built_in_one() {
        let text = render("@@NAME@@ a@@b @@ @@CHANGELOG@@").unwrap();
        assert_eq!(text.subject, "[01-03-2026] New lago release - 1.0.2");
        assert!(text.body.starts_with("lago a@@b @@ * Thu Mar 19 2020"), "{}", text.body);
        assert!(text.body.contains("\n- 0123abcd"), "no indent without white space before the marker");
        assert_eq!(render("subject:  x \nbody").unwrap(), AnnouncedText { subject: "x".into(), body: "body\n".into() });
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (template, line, why, help) in [
            ("Subject: x\n\na\n@@VERSOIN@@\n", 4, "unknown marker `@@VERSOIN@@`", "did you mean `@@VERSION@@`?"),
            ("@@name@@", 1, "unknown marker `@@name@@`", "did you mean `@@NAME@@`?"),
            ("a\nb @@URL@@", 2, "`@@URL@@`, and", "set `repository.url`"),
            ("Subject: @@CHANGELOG@@\n", 1, "many lines", "into the body"),
            ("Subject: \n\nx\n", 1, "the subject is empty", "write `Subject: "),
            ("a\nb\u{1b}[2J\n", 2, "a control character", "remove it"),
            ("a\rb\n", 1, "a control character", "remove it"),
        ] {
            let wrong = render(template).unwrap_err();
            assert_eq!(wrong.line, line, "{template}");
            assert!(wrong.why.contains(why) && wrong.help.contains(help), "{wrong:?}");
        }
    }
}
