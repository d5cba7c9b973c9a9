//! Lines that are nearly a command. They are never guessed: their author gets a hint.

/// Words after these many are not looked at, and neither are longer words.
const WORDS: usize = 12;
const LONGEST_WORD: usize = 40;

/// The command, as the documents have it, that a line nearly is; the line is none.
///
/// Prose that begins with `CI` is no near miss. Such a line has the word of a command, and then either nothing, or a word for `please`.
pub fn find_near_miss(line: &str) -> Option<&'static str> {
    let line = line.to_lowercase();
    let words: Vec<&str> = line.split_whitespace().take(WORDS).map(trimmed).collect();
    let [first, rest @ ..] = words.as_slice() else { return None };
    if *first != "ci" || rest.is_empty() {
        return None;
    }
    let polite = rest.iter().position(|word| is_please(word));
    let verb = match (rest, polite) {
        // `ci please merge`
        ([_, verb, ..], Some(0)) => verb,
        ([sign, ..], _) if is_sign(sign) => sign,
        ([verb], None) => verb,
        ([verb, ..], Some(_)) => verb,
        _ => return None,
    };
    command_like(verb)
}

/// A word without the punctuation at its end; colons belong to the names of signs.
fn trimmed(word: &str) -> &str {
    let word = word.trim_end_matches(|letter: char| letter.is_ascii_punctuation() && !":+".contains(letter));
    if word.starts_with(':') { word } else { word.trim_end_matches(':') }
}

fn is_sign(word: &str) -> bool {
    [":+1:", ":thumbsup:", ":shipit:"].contains(&word) || word.starts_with('\u{1f44d}')
}

fn is_please(word: &str) -> bool {
    word.starts_with("pleas") || ["pls", "plz", "plea"].contains(&word) || is_near(word, "please", 1)
}

fn command_like(word: &str) -> Option<&'static str> {
    match word {
        ":shipit:" => Some("ci :shipit:"),
        _ if is_sign(word) => Some("ci :+1:"),
        _ if is_near(word, "test", 1) || word == "tests" || word == "retest" => Some("ci test please"),
        _ if is_near(word, "merge", 2) => Some("ci merge please"),
        _ if is_near(word, "review", 2) => Some("ci review please"),
        _ => None,
    }
}

fn is_near(word: &str, wanted: &str, distance: usize) -> bool {
    word.len() <= LONGEST_WORD && strsim::osa_distance(word, wanted) <= distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_told_from_prose() {
        for (line, meant) in [
            ("ci merge pleased", Some("ci merge please")),
            ("ci marge please", Some("ci merge please")),
            ("ci merge please, but NOT before friday", Some("ci merge please")),
            ("ci merge please abc123", Some("ci merge please")),
            ("CI merge", Some("ci merge please")),
            ("ci: merge please", Some("ci merge please")),
            ("ci please merge", Some("ci merge please")),
            ("ci merge please?", Some("ci merge please")),
            ("ci merge ple\u{200b}ase", Some("ci merge please")),
            ("ci test this please", Some("ci test please")),
            ("ci tets please", Some("ci test please")),
            ("ci reviw please", Some("ci review please")),
            ("ci :shipit: it", Some("ci :shipit:")),
            ("ci :+1: abc", Some("ci :+1:")),
            ("ci \u{1f44d}\u{1f44d}", Some("ci :+1:")),
            ("CI test fails on my machine", None),
            ("CI is broken again", None),
            ("CI merge queues are slow", None),
            ("ci", None),
            ("", None),
            ("please merge", None),
            ("circular merge please", None),
        ] {
            assert_eq!(find_near_miss(line), meant, "{line}");
        }
    }
}
