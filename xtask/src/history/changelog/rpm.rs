//! The changelog in the form of RPM: the text file of the archives, and the `%changelog` of the spec.
//!
//! The continued line of a subject is indented by two, that of a list of bugs by four: so
//! [`crate::history::changelog::parse`] can read the text back without loss.

use std::fmt::Write;

use crate::base::text::wrap;
use crate::history::changelog::{Author, Changelog, ChangelogEntry, ChangelogItem};

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
    /// `None` for release 1, which is the first packaging.
    pub fn of(release: u32) -> Option<Repackaging> {
        (release > 1).then_some(Repackaging { release })
    }
}

impl Changelog {
    /// The text file, with every entry.
    pub fn render_rpm(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            if !text.is_empty() {
                text.push('\n');
            }
            write_head(&mut text, entry, 1);
            for change in &entry.changes {
                write_change(&mut text, change);
            }
        }
        text
    }

    /// The changelog for the spec, with `%` doubled. A repackaging has an entry of its own, with the date and author of
    /// the newest one.
    pub fn render_spec(&self, repackaging: Option<Repackaging>) -> String {
        let mut text = String::new();
        if let (Some(repackaging), Some(newest)) = (repackaging, self.entries.first()) {
            text.push_str(&newest.render_repackaging(repackaging));
            text.push('\n');
        }
        text.push_str(&self.render_rpm());
        text.replace('%', "%%")
    }
}

impl ChangelogEntry {
    /// The entry for packaging the version of this entry again, with its date and author.
    pub fn render_repackaging(&self, Repackaging { release }: Repackaging) -> String {
        let mut text = String::new();
        write_head(&mut text, self, release);
        text + "- Packaged again, without a change of the sources\n"
    }
}

fn write_head(text: &mut String, entry: &ChangelogEntry, release: u32) {
    let ChangelogEntry { version, date, author, .. } = entry;
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

fn write_change(text: &mut String, change: &ChangelogItem) {
    let mut write = |head: &str, words: Vec<String>, indent: &str| {
        let mut words = words.iter().map(String::as_str);
        // The first word stays on the line of the head.
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

/// Joins words between which no line may end. rpmbuild drops a line that begins with `#` as a comment, and a line that
/// begins with `FIXED BUGS:` would be read back as a list of bugs.
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
