//! What git removes from a message that was written in an editor: comments, the text below a scissors line, blanks at the ends of lines,
//! and all but one of several blank lines.

/// The rest of a comment line below which git ignores everything.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";
/// The characters among which git chooses if `core.commentChar` is `auto`.
const CHOICE: &[u8] = b"#;@!$%^&|:";

/// The message as git will store it. `comment` is the value of `core.commentChar` or `core.commentString`.
pub fn strip(message: &[u8], comment: Option<&str>) -> Vec<u8> {
    let comment = match comment {
        None | Some("") => b"#".to_vec(),
        Some("auto") => chosen(message),
        Some(text) => text.as_bytes().to_vec(),
    };
    let mut stripped: Vec<u8> = Vec::new();
    let mut is_blank_due = false;
    for line in message.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        if let Some(rest) = line.strip_prefix(&*comment) {
            if rest == SCISSORS {
                break;
            }
            continue;
        }
        if line.is_empty() {
            is_blank_due = !stripped.is_empty();
            continue;
        }
        if std::mem::take(&mut is_blank_due) {
            stripped.push(b'\n');
        }
        stripped.extend_from_slice(line);
        stripped.push(b'\n');
    }
    stripped
}

/// The character that git has chosen: the one with which its comments begin at the end of the file.
fn chosen(message: &[u8]) -> Vec<u8> {
    let last = message.split(|byte| *byte == b'\n').rfind(|line| !line.trim_ascii().is_empty());
    let first = last.and_then(|line| line.first()).filter(|byte| CHOICE.contains(byte));
    vec![*first.unwrap_or(&b'#')]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_stripped_as_git_does_it() {
        let cut = "# ------------------------ >8 ------------------------\n# Do not\ndiff --git a b\n";
        for (message, comment, expected) in [
            ("\n\nSubject  \n\n\n\nBody\n\n# On branch main\n", None, "Subject\n\nBody\n"),
            (&format!("Subject\n{cut}"), None, "Subject\n"),
            ("# one\nSubject\n  # two\n", None, "Subject\n  # two\n"),
            ("Subject\n# kept\n; comment\n", Some(";"), "Subject\n# kept\n"),
            ("Subject\n# kept\n\n; On branch main\n", Some("auto"), "Subject\n# kept\n"),
            ("Subject\n// x\n", Some("//"), "Subject\n"),
            ("Subject", None, "Subject\n"),
            ("\n# x\n", None, ""),
        ] {
            assert_eq!(String::from_utf8(strip(message.as_bytes(), comment)).unwrap(), expected, "{message}");
        }
    }
}
