//! `.mailmap`: the proper names and addresses of people, as in gitmailmap(5).

use std::collections::HashMap;

/// The replacements of a `.mailmap`. Names and addresses are compared without regard to the case of ASCII letters, as in git.
#[derive(Clone, Debug, Default)]
pub struct Mailmap {
    by_email: HashMap<Vec<u8>, EmailEntry>,
}

/// The replacements for one address.
#[derive(Clone, Debug, Default)]
struct EmailEntry {
    /// For every name.
    any: ProperPerson,
    /// For the names that have a line of their own, in lower case.
    by_name: HashMap<Vec<u8>, ProperPerson>,
}

/// A replacement; `None` keeps what the commit has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ProperPerson {
    name: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
}

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    pub name: Vec<u8>,
    pub email: Vec<u8>,
}

impl Mailmap {
    /// Reads the content of a `.mailmap`; lines that are not in its form are ignored.
    pub fn parse(text: &[u8]) -> Mailmap {
        let mut mailmap = Mailmap::default();
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#")) {
            mailmap.add_line(line);
        }
        mailmap
    }

    fn add_line(&mut self, line: &[u8]) {
        let Some(first) = NamedEmail::parse(line, false) else { return };
        let second = NamedEmail::parse(first.rest, true);
        let (old_name, old_email) = second.as_ref().map_or((None, first.email), |old| (old.name, old.email));
        let new_email = second.is_some().then(|| first.email.to_vec());
        let new_name = first.name.map(<[u8]>::to_vec);
        let entry = self.by_email.entry(old_email.to_ascii_lowercase()).or_default();
        match old_name {
            Some(old_name) => {
                let proper = ProperPerson { name: new_name, email: new_email };
                entry.by_name.insert(old_name.to_ascii_lowercase(), proper);
            }
            None => {
                entry.any.name = new_name.or_else(|| entry.any.name.take());
                entry.any.email = new_email.or_else(|| entry.any.email.take());
            }
        }
    }

    /// The proper name and address of a person.
    pub fn resolve(&self, person: Person) -> Person {
        let Some(entry) = self.by_email.get(&person.email.to_ascii_lowercase()) else { return person };
        let proper = entry.by_name.get(&person.name.to_ascii_lowercase()).unwrap_or(&entry.any);
        Person { name: proper.name.clone().unwrap_or(person.name), email: proper.email.clone().unwrap_or(person.email) }
    }
}

/// `Name <address>` at the start of a line.
struct NamedEmail<'a> {
    /// `None` if there is only an address.
    name: Option<&'a [u8]>,
    email: &'a [u8],
    rest: &'a [u8],
}

impl NamedEmail<'_> {
    fn parse(text: &[u8], may_be_empty: bool) -> Option<NamedEmail<'_>> {
        let open = text.iter().position(|&byte| byte == b'<')?;
        let length = text[open + 1..].iter().position(|&byte| byte == b'>')?;
        let name = text[..open].trim_ascii();
        let email = &text[open + 1..open + 1 + length];
        let is_allowed = may_be_empty || !email.is_empty();
        let rest = &text[open + length + 2..];
        is_allowed.then_some(NamedEmail { name: (!name.is_empty()).then_some(name), email, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_lines() {
        let text = "# a comment <x@y>\nJane Doe <jane@old>\n<joe@new> <Joe@Old>\nA B <a@new> <a@old>\n\
                    Proper <p@new> Nick <shared@old>\nOther <shared@old>\nnonsense\n<>\n";
        let mailmap = Mailmap::parse(text.as_bytes());
        for (name, email, proper_name, proper_email) in [
            ("jd", "JANE@old", "Jane Doe", "JANE@old"),
            ("joe", "joe@old", "joe", "joe@new"),
            ("x", "a@old", "A B", "a@new"),
            ("nick", "shared@old", "Proper", "p@new"),
            ("z", "shared@old", "Other", "shared@old"),
            ("x", "x@y", "x", "x@y"),
        ] {
            let person = |name: &str, email: &str| Person { name: name.into(), email: email.into() };
            assert_eq!(mailmap.resolve(person(name, email)), person(proper_name, proper_email), "{name} <{email}>");
        }
    }
}
