//! Adds lines to files of cargo. A text is changed only if it then says exactly what it said before, and what was added.

use std::ops::Range;

use toml::{Table, Value};

/// The manifest of a workspace with one more member, which is none of the default members. The same text if it is a member already; `None`
/// if it cannot be added safely.
pub fn with_member(manifest: &str, member: &str) -> Option<String> {
    let before: Table = manifest.parse().ok()?;
    let workspace = before.get("workspace")?.as_table()?;
    let members = workspace.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    if members.iter().any(|known| known.as_str() == Some(member)) {
        return Some(manifest.to_owned());
    }
    // A pattern for all folders makes it a default member, too.
    let is_pattern = |known: &Value| known.as_str().is_none_or(|known| known.trim_start_matches("./") == "*");
    if members.is_empty() || members.iter().any(is_pattern) {
        return None;
    }
    let list = find_list(manifest, "[workspace]", "members")?;
    let old = &manifest[list.clone()];
    let mut new = old.to_owned();
    new.insert_str(place_of_item(old)?, &item(old, member));
    let mut after = before.clone();
    let changed = after.get_mut("workspace")?.as_table_mut()?;
    // Without a package in the root, all members are default members.
    if !before.contains_key("package") && !workspace.contains_key("default-members") {
        new.push_str(&format!("\ndefault-members = {old}"));
        changed.insert("default-members".to_owned(), Value::Array(members.clone()));
    }
    let all = members.into_iter().chain([Value::from(member)]).collect();
    changed.insert("members".to_owned(), Value::Array(all));
    let text = format!("{}{new}{}", &manifest[..list.start], &manifest[list.end..]);
    (text.parse::<Table>().ok()? == after).then_some(text)
}

/// The configuration of cargo with an alias, and a profile of the same name with these lines. The same text if it has both; `None` if it has another alias
/// of this name, or if they cannot be added safely.
pub fn with_alias(config: &str, name: &str, command: &str, profile: &str) -> Option<String> {
    let before: Table = config.parse().ok()?;
    let mut after = before.clone();
    let mut text = config.to_owned();
    let end = |text: &str| {
        if text.is_empty() {
            ""
        } else if text.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        }
    };
    match before.get("alias").map(|aliases| aliases.get(name)) {
        Some(Some(known)) if known.as_str() == Some(command) => {}
        Some(Some(_)) => return None,
        Some(None) => {
            let header = text.lines().find(|line| line.trim_end() == "[alias]")?;
            let at = header.as_ptr() as usize - text.as_ptr() as usize + header.len();
            text.insert_str(at, &format!("\n{name} = {}", Value::from(command)));
        }
        None => text.push_str(&format!("{}[alias]\n{name} = {}\n", end(&text), Value::from(command))),
    }
    let table_in = |table: &mut Table, key: &str| -> Option<Table> {
        table.entry(key).or_insert_with(|| Value::Table(Table::new())).as_table().cloned()
    };
    let mut aliases = table_in(&mut after, "alias")?;
    aliases.insert(name.to_owned(), command.into());
    after.insert("alias".to_owned(), Value::Table(aliases));
    let mut profiles = table_in(&mut after, "profile")?;
    if !profiles.contains_key(name) {
        text.push_str(&format!("{}[profile.{name}]\n{profile}", end(&text)));
        profiles.insert(name.to_owned(), Value::Table(profile.parse().ok()?));
    }
    after.insert("profile".to_owned(), Value::Table(profiles));
    (text.parse::<Table>().ok()? == after).then_some(text)
}

/// Where the list of a key of a table stands in a text, brackets included.
fn find_list(text: &str, header: &str, key: &str) -> Option<Range<usize>> {
    let table = text.match_indices(header).map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with('\n'))?;
    let mut at = table + header.len();
    for line in text[at..].split_inclusive('\n') {
        if line.starts_with('[') {
            return None;
        }
        let value = line.trim_start().strip_prefix(key).and_then(|rest| rest.trim_start().strip_prefix('='));
        if let Some(value) = value {
            let start = at + (line.len() - value.len()) + value.find('[')?;
            return Some(start..start + length_of_list(&text[start..])?);
        }
        at += line.len();
    }
    None
}

/// The length of the list that begins a text. Brackets in texts and comments do not count.
fn length_of_list(text: &str) -> Option<usize> {
    let (mut quote, mut is_comment) = (None, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\n' => is_comment = false,
            _ if is_comment => {}
            '"' | '\'' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            _ if quote.is_some() => {}
            '#' => is_comment = true,
            ']' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Where an item is put: behind the last one. `None` if a comment follows it.
fn place_of_item(list: &str) -> Option<usize> {
    let content = list.strip_suffix(']')?.trim_end();
    let last = content.lines().last()?;
    (!last.contains('#')).then_some(content.len())
}

/// An item with its comma, in the form of the list: one item on a line, or all on one.
fn item(list: &str, member: &str) -> String {
    let content = list.trim_end_matches(']').trim_end();
    let comma = if content.ends_with(',') { "" } else { "," };
    match list.lines().rev().nth(1).filter(|_| list.contains('\n')) {
        Some(line) => {
            let indent = &line[..line.len() - line.trim_start().len()];
            format!("{comma}\n{indent}{},", Value::from(member))
        }
        None => format!("{comma} {}", Value::from(member)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_added_to_the_text() {
        for (manifest, expected) in [
            (
                "[package]\nname = \"a\"\n[workspace]\nmembers = [\"b\"] # all\n",
                Some("[package]\nname = \"a\"\n[workspace]\nmembers = [\"b\", \"xtask\"] # all\n"),
            ),
            (
                "[workspace]\nmembers = [\n  \"crates/*\", # ]\n  \"b\"\n]\nexclude = []\n",
                Some(
                    "[workspace]\nmembers = [\n  \"crates/*\", # ]\n  \"b\",\n  \"xtask\",\n]\ndefault-members = [\n  \"crates/*\", # ]\n  \"b\"\n]\nexclude = []\n",
                ),
            ),
            (
                "[workspace]\nmembers = [\"a\"]\ndefault-members = [\"a\"]\n",
                Some("[workspace]\nmembers = [\"a\", \"xtask\"]\ndefault-members = [\"a\"]\n"),
            ),
            ("[workspace]\nmembers = [\"a\", \"xtask\"]\n", Some("[workspace]\nmembers = [\"a\", \"xtask\"]\n")),
            ("[workspace]\nmembers = [\"*\"]\n", None),
            ("[workspace]\n", None),
            ("[package]\nname = \"a\"\n", None),
            ("workspace = { members = [\"a\"] }\n", None),
            ("[workspace]\nmembers = [\n  \"a\" # the last\n]\n", None),
            ("[workspace\n", None),
        ] {
            assert_eq!(with_member(manifest, "xtask").as_deref(), expected, "{manifest}");
        }
    }

    #[test]
    fn an_alias_is_added_to_the_text() {
        let added = |config: &str| with_alias(config, "xtask", "run", "inherits = \"dev\"\ndebug = 0\n");
        let both = "[alias]\nxtask = \"run\"\n\n[profile.xtask]\ninherits = \"dev\"\ndebug = 0\n";
        for (config, expected) in [
            ("", Some(both.to_owned())),
            (both, Some(both.to_owned())),
            ("[build]\njobs = 1", Some(format!("[build]\njobs = 1\n\n{both}"))),
            (
                "[alias]\nb = \"build\"\n",
                Some(
                    "[alias]\nxtask = \"run\"\nb = \"build\"\n\n[profile.xtask]\ninherits = \"dev\"\ndebug = 0\n"
                        .to_owned(),
                ),
            ),
            ("[alias]\nxtask = \"other\"\n", None),
            ("alias = { b = \"build\" }\n", None),
            ("[alias", None),
        ] {
            assert_eq!(added(config), expected, "{config}");
        }
    }
}
