//! `AUTHORS`: the people who wrote the commits of a history.

use std::collections::BTreeSet;

use crate::git::Commit;
use crate::history::mailmap::{Mailmap, Person};

/// The lines `Name <address>` of all authors of `commits` under `mailmap`, each once, sorted by their bytes: what
/// `git log --format='%aN <%aE>'` prints, sorted.
pub fn render_authors<'a>(commits: impl Iterator<Item = &'a Commit>, mailmap: &Mailmap) -> String {
    let mut lines = BTreeSet::new();
    for commit in commits {
        let author = commit.author();
        let email = author.email.split(|&byte| byte == b'>').next().unwrap_or_default();
        let person = Person { name: commit.to_utf8(author.name.trim_ascii()), email: commit.to_utf8(email) };
        let Person { name, email } = mailmap.resolve(person);
        lines.insert([&name[..], b" <", &email, b">\n"].concat());
    }
    String::from_utf8_lossy(&lines.into_iter().collect::<Vec<_>>().concat()).into_owned()
}
