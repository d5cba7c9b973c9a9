//! Finds markers in templates: those of this program (`@@VERSION@@`) and those of autoconf and meson (`@VERSION@`).

/// The markers of this program.
pub const MARKERS: [&str; 5] = ["@@VERSION@@", "@@RELEASE@@", "@@SOURCE0@@", "@@VENDOR@@", "@@CHANGELOG@@"];

/// Whether a text has a marker of this program.
pub fn has_own_marker(text: &str) -> bool {
    MARKERS.iter().any(|marker| text.contains(marker))
}

/// Splits at the first `@@NAME@@`: the text before it, the marker, the text after it. Other uses of `@@`, such as in the hunks of a
/// patch, are text.
pub fn split_at_marker(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("@@")?;
        let length = word_length(&text[start + 2..]);
        if length > 0 && text[start + 2 + length..].starts_with("@@") {
            let end = start + 2 + length + 2;
            return Some((&text[..start], &text[start..end], &text[end..]));
        }
        from = start + 2;
    }
}

/// Splits at the first `@NAME@` with a single `@` on both sides: the text before it, the name, the text after it.
pub fn split_at_foreign_marker(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find('@')?;
        let run = text[start..].bytes().take_while(|byte| *byte == b'@').count();
        let name = &text[start + run..];
        let length = word_length(name);
        let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if run == 1 && is_word && name[length..].starts_with('@') && !name[length..].starts_with("@@") {
            return Some((&text[..start], &name[..length], &name[length + 1..]));
        }
        // Two markers of autoconf may be adjacent: `@A_TRUE@@B_FALSE@`.
        if run == 1 && is_word && name[length..].starts_with("@@") {
            let second = &name[length + 2..];
            if second[word_length(second)..].starts_with('@') {
                return Some((&text[..start], &name[..length], &name[length + 1..]));
            }
        }
        from = start + run;
    }
}

/// The number of letters, digits and `_` at the start of a text.
fn word_length(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_of_other_programs_have_one_at_sign() {
        for (text, found) in [
            ("Version: @VERSION@-x", Some(("Version: ", "VERSION", "-x"))),
            ("@A_TRUE@@B_FALSE@x", Some(("", "A_TRUE", "@B_FALSE@x"))),
            ("@@VERSION@@", None),
            ("ada@example.org, carl@example.org", None),
            ("* Thu Jan 01 2026 A <a@b@c> x", Some(("* Thu Jan 01 2026 A <a", "b", "c> x"))),
            ("@ VERSION@ @1@", None),
            ("", None),
        ] {
            assert_eq!(split_at_foreign_marker(text), found, "{text}");
        }
    }

    #[test]
    fn own_markers_have_two_at_signs() {
        assert_eq!(split_at_marker("a @@X_1@@ b"), Some(("a ", "@@X_1@@", " b")));
        assert_eq!(split_at_marker("@@ -1,2 +1 @@"), None);
        assert!(has_own_marker("Version: @@VERSION@@") && !has_own_marker("@@PODMAN@@ @VERSION@"));
    }
}
