//! The pseudo-headers that a merge commit repeats from the branch that it merges, so that the version and the bugs can be read
//! from the mainline alone.

use crate::base::text::one_line;
use crate::git::Commit;
use crate::history::header::{self, HeaderForms};
use crate::history::level::Level;

/// The lines for the message of a merge commit: at most one `Sem-Ver:`, then each `Bug-Url:` once, in the order of `commits`.
/// Only what raises `X` or `Y` is repeated: everything else counts as a patch anyway.
pub fn lift_headers<'c>(commits: impl IntoIterator<Item = &'c Commit>, forms: HeaderForms) -> Vec<String> {
    let (mut level, mut bugs) = (Level::Patch, Vec::new());
    for commit in commits {
        let headers = header::read(commit.message());
        for sem_ver in &headers.sem_ver {
            level = level.max(sem_ver.level);
        }
        if forms == HeaderForms::SemVerAndConventional {
            for header in &headers.conventional {
                level = level.max(header.level);
            }
        }
        for value in &headers.bug_urls {
            let line = format!("Bug-Url: {}", one_line(&commit.decode(value)));
            if !value.is_empty() && !bugs.contains(&line) {
                bugs.push(line);
            }
        }
    }
    let sem_ver = match level {
        Level::Major => Some("Sem-Ver: api-breaking".to_owned()),
        Level::Minor => Some("Sem-Ver: feature".to_owned()),
        Level::Patch => None,
    };
    sem_ver.into_iter().chain(bugs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::CommitId;

    fn lifted(messages: &[&str], forms: HeaderForms) -> Vec<String> {
        let commit = |message: &&str| Commit::new(CommitId([0; 20]), format!("tree x\n\n{message}").into_bytes());
        lift_headers(&messages.iter().map(commit).collect::<Vec<_>>(), forms)
    }

    #[test]
    fn the_highest_level_and_each_bug_once() {
        let messages = [
            "One\n\nSem-Ver: feature\nBug-Url: https://example.org/1\n",
            "Two\n\nSem-ver: py2-breaking\nbug-url:  https://example.org/2\r\n",
            "Three\n\nBug-Url: https://example.org/1\nBug-Url:\n",
        ];
        let expected = ["Sem-Ver: api-breaking", "Bug-Url: https://example.org/1", "Bug-Url: https://example.org/2"];
        assert_eq!(lifted(&messages, HeaderForms::SemVer), expected);
        assert_eq!(lifted(&["One\n\nSem-Ver: bugfix\n", "Sem-Ver: feature"], HeaderForms::SemVer), [""; 0]);
    }

    #[test]
    fn conventional_commits_are_lifted_where_they_count() {
        let messages = ["feat: one", "fix!: two"];
        assert_eq!(lifted(&messages, HeaderForms::SemVer), [""; 0]);
        assert_eq!(lifted(&messages, HeaderForms::SemVerAndConventional), ["Sem-Ver: api-breaking"]);
    }
}
