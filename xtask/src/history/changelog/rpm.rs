//! The form that RPM reads: the text file of the archives and the `%changelog` of the spec.
//!
//! A line that continues a subject is indented by two, one that continues a list of bugs by four, so that the text can
//! be read back ([`crate::history::changelog::parse`]) exactly as it was written.

use std::fmt::Write;

use crate::base::text::wrap;
use crate::history::changelog::{Author, Change, Changelog, Entry};

const COLUMNS: usize = 79;
pub(super) const BUGS: &str = "  FIXED BUGS: ";
pub(super) const BUGS_CONTINUED: &str = "    ";
pub(super) const SUBJECT_CONTINUED: &str = "  ";

/// A release above `-1`: the same commit packaged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repackaging {
    /// The release, 2 or more.
    pub release: u32,
}

impl Repackaging {
    /// `None` for release 1, which is no repackaging.
    pub fn of(release: u32) -> Option<Repackaging> {
        (release > 1).then_some(Repackaging { release })
    }
}

impl Changelog {
    /// The text file: every entry, as it is.
    pub fn render_rpm(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            if !text.is_empty() {
                text.push('\n');
            }
            write_head(&mut text, entry, 1);
            entry.changes.iter().for_each(|change| write_change(&mut text, change));
        }
        text
    }

    /// The spec's copy: `%` doubled, and an entry of its own, with the newest one's date and author, for a repackaging.
    pub fn render_spec(&self, repackaging: Option<Repackaging>) -> String {
        let mut text = String::new();
        if let (Some(Repackaging { release }), Some(newest)) = (repackaging, self.entries.first()) {
            write_head(&mut text, newest, release);
            text.push_str("- Packaged again, without a change of the sources\n\n");
        }
        text.push_str(&self.render_rpm());
        text.replace('%', "%%")
    }
}

fn write_head(text: &mut String, entry: &Entry, release: u32) {
    let Entry { version, date, author, .. } = entry;
    // Writing to a String cannot fail.
    let _ = writeln!(text, "* {} {author} - {version}-{release}", date.strftime("%a %b %d %Y"));
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if !self.email.is_empty() {
            write!(f, " <{}>", self.email)?;
        }
        Ok(())
    }
}

fn write_change(text: &mut String, change: &Change) {
    let mut write = |head: &str, words: Vec<String>, indent: &str| {
        let mut words = words.iter().map(String::as_str);
        // The first word stays with what it stands under.
        let head = words.next().map_or_else(|| head.trim_end().to_owned(), |first| format!("{head}{first}"));
        for line in wrap(head, words, COLUMNS, indent) {
            text.push_str(&line);
            text.push('\n');
        }
    };
    write(&format!("- {}: ", change.id), units(change.subject.split(' ')), SUBJECT_CONTINUED);
    if !change.bugs.is_empty() {
        write(BUGS, units(change.bugs.join(", ").split(' ')), BUGS_CONTINUED);
    }
}

/// Words in units between which a line may end: a line that begins with `#` is a comment to rpmbuild, which drops it,
/// and one that begins with `FIXED BUGS:` would be read back as a list of bugs.
fn units<'w>(words: impl Iterator<Item = &'w str>) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        match units.last_mut().filter(|_| word.starts_with('#') || word == "FIXED") {
            Some(unit) => *unit = format!("{unit} {word}"),
            None => units.push(word.to_owned()),
        }
    }
    units
}
