//! Recognises a licence by its text.

/// A licence by phrases of its text, all of which it has. More special ones come first.
const LICENCES: [(&str, bool, &[&str]); 14] = [
    ("AGPL-3.0", true, &["gnu affero general public license", "version 3"]),
    ("LGPL-3.0", true, &["gnu lesser general public license", "version 3, 29 june 2007"]),
    ("LGPL-2.1", true, &["gnu lesser general public license", "version 2.1"]),
    ("LGPL-2.0", true, &["gnu library general public license", "version 2"]),
    ("GPL-3.0", true, &["gnu general public license", "version 3, 29 june 2007"]),
    ("GPL-2.0", true, &["gnu general public license", "version 2, june 1991"]),
    ("Apache-2.0", false, &["apache license", "version 2.0"]),
    ("MPL-2.0", false, &["mozilla public license", "version 2.0"]),
    ("BSD-3-Clause", false, &["redistribution and use in source and binary forms", "neither the name"]),
    ("BSD-2-Clause", false, &["redistribution and use in source and binary forms"]),
    ("ISC", false, &["permission to use, copy, modify, and/or distribute this software"]),
    ("MIT", false, &["permission is hereby granted, free of charge", "the above copyright notice"]),
    ("CC0-1.0", false, &["cc0 1.0 universal"]),
    ("Unlicense", false, &["this is free and unencumbered software released into the public domain"]),
];

/// The SPDX identifier of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceText {
    pub expression: String,
    /// Whether the text does not say if later versions are allowed, as those of GNU.
    pub is_open: bool,
}

/// Recognises the text of one licence. The texts of GNU do not say whether later versions are allowed: `-only` claims the least.
pub fn recognise_licence(text: &str) -> Option<LicenceText> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    // The texts of GNU name each other further down.
    let head: String = words.chars().take(2_000).collect();
    let has = |phrase: &&str| {
        if phrase.contains("gnu") || phrase.contains("version") {
            head.contains(*phrase)
        } else {
            words.contains(*phrase)
        }
    };
    let (id, is_open, _) = LICENCES.iter().find(|(_, _, phrases)| phrases.iter().all(&has))?;
    let expression = if *is_open { format!("{id}-only") } else { (*id).to_owned() };
    Some(LicenceText { expression, is_open: *is_open })
}

/// An expression of cargo or Python as SPDX writes it: `MIT/Apache-2.0` is `MIT OR Apache-2.0`. `None` for a text in words.
pub fn spdx_expression(stated: &str) -> Option<String> {
    let expression = stated.trim().replace('/', " OR ");
    let is_word = |word: &str| {
        let word = word.trim_matches(['(', ')']);
        !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-+".contains(letter))
    };
    let words: Vec<&str> = expression.split_whitespace().collect();
    let is_operator = |word: &&str| matches!(*word, "OR" | "AND" | "WITH");
    let (operators, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| is_operator(word));
    // Between two names there is an operator.
    let fits = !words.is_empty() && words.iter().all(|word| is_word(word)) && names.len() == operators.len() + 1;
    fits.then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_recognised() {
        for (text, expression) in [
            (
                "GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007\n... GNU Affero General Public License ...",
                Some("GPL-3.0-only"),
            ),
            ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999", Some("LGPL-2.1-only")),
            ("Permission is hereby granted, free\nof charge, to any ... The above copyright notice and", Some("MIT")),
            ("Apache License\n Version 2.0, January 2004", Some("Apache-2.0")),
            ("Redistribution and use in source and binary forms, ... Neither the name of", Some("BSD-3-Clause")),
            ("All rights reserved.", None),
        ] {
            let text = if text.contains("Affero") { text.replace("...", &"x ".repeat(1_100)) } else { text.to_owned() };
            assert_eq!(recognise_licence(&text).map(|found| found.expression).as_deref(), expression, "{text}");
        }
    }

    #[test]
    fn expressions_are_those_of_spdx() {
        for (stated, expression) in [
            ("MIT", Some("MIT")),
            ("MIT/Apache-2.0", Some("MIT OR Apache-2.0")),
            ("(MIT OR Apache-2.0) AND BSD-3-Clause", Some("(MIT OR Apache-2.0) AND BSD-3-Clause")),
            ("GPL-2.0-only WITH GCC-exception-2.0", Some("GPL-2.0-only WITH GCC-exception-2.0")),
            ("Apache License 2.0", None),
            ("file: LICENSE", None),
            ("", None),
        ] {
            assert_eq!(spdx_expression(stated).as_deref(), expression, "{stated}");
        }
    }
}
