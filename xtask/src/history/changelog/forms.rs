//! The changelog as Markdown and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::history::changelog::{Changelog, ChangelogEntry, ChangelogItem};
use crate::history::version::Version;

impl Changelog {
    /// Markdown, with a heading for each version.
    pub fn render_markdown(&self) -> String {
        let mut text = String::new();
        for (place, ChangelogEntry { version, date, changes, .. }) in self.entries.iter().enumerate() {
            let gap = if place == 0 { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{gap}## {version} ({date})\n");
            for ChangelogItem { id, subject, bugs, .. } in changes {
                let _ = write!(text, "- `{id}` {}", escape(subject));
                if !bugs.is_empty() {
                    let links: Vec<String> = bugs.iter().map(|bug| link(bug)).collect();
                    let _ = write!(text, " (fixes {})", links.join(", "));
                }
                text.push('\n');
            }
        }
        text
    }

    /// JSON in the schema `releng.changelog/1`, as one line.
    pub fn render_json(&self) -> String {
        let entries = self.entries.iter().map(DocumentEntry::of).collect();
        // Strings and numbers always have a JSON form.
        serde_json::to_string(&ChangelogDocument { schema: "releng.changelog/1", entries }).unwrap_or_default() + "\n"
    }
}

#[derive(Serialize)]
struct ChangelogDocument<'a> {
    schema: &'static str,
    entries: Vec<DocumentEntry<'a>>,
}

#[derive(Serialize)]
struct DocumentEntry<'a> {
    version: &'a Version,
    release: u32,
    date: String,
    author: DocumentAuthor<'a>,
    changes: Vec<DocumentChange<'a>>,
}

#[derive(Serialize)]
struct DocumentAuthor<'a> {
    name: &'a str,
    email: &'a str,
}

#[derive(Serialize)]
struct DocumentChange<'a> {
    id: &'a str,
    commit: Option<String>,
    subject: &'a str,
    bugs: &'a [String],
}

impl DocumentEntry<'_> {
    fn of(entry: &ChangelogEntry) -> DocumentEntry<'_> {
        DocumentEntry {
            version: &entry.version,
            release: 1,
            date: entry.date.to_string(),
            author: DocumentAuthor { name: &entry.author.name, email: &entry.author.email },
            changes: entry.changes.iter().map(DocumentChange::of).collect(),
        }
    }
}

impl DocumentChange<'_> {
    fn of(ChangelogItem { id, commit, subject, bugs }: &ChangelogItem) -> DocumentChange<'_> {
        DocumentChange { id, commit: commit.map(|commit| commit.to_string()), subject, bugs }
    }
}

/// Text with escapes in front of the characters that mean something in Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '&') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn link(bug: &str) -> String {
    if bug.contains("://") && !bug.contains(['<', '>']) { format!("<{bug}>") } else { escape(bug) }
}
