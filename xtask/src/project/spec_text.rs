//! Reads sections and tags of a spec or a spec template, without evaluating conditions.

/// The names of all sections, as `build/parseSpec.c` of rpm lists them.
const SECTIONS: &str = "package prep generate_buildrequires conf build install check clean preun postun pretrans \
    posttrans preuntrans postuntrans pre post files changelog description triggerpostun triggerprein triggerun triggerin \
    trigger verifyscript sepolicy filetriggerin filetrigger filetriggerun filetriggerpostun transfiletriggerin \
    transfiletrigger transfiletriggerun transfiletriggerpostun end patchlist sourcelist";

/// The names of all sections, in lower case and without the `%`.
pub fn section_names() -> impl Iterator<Item = &'static str> {
    SECTIONS.split_whitespace()
}

/// The name of the section that begins with this line, in lower case; `None` if none begins. As in rpm, the `%` is in
/// the first column, and letter case does not matter.
pub fn section_name(line: &str) -> Option<String> {
    let rest = line.strip_prefix('%')?;
    let word = rest.split(char::is_whitespace).next()?.to_ascii_lowercase();
    section_names().any(|name| name == word).then_some(word)
}

/// Whether a section begins with this line.
pub fn begins_section(line: &str) -> bool {
    section_name(line).is_some()
}

/// Whether `%changelog` begins with this line.
pub fn begins_changelog(line: &str) -> bool {
    section_name(line).as_deref() == Some("changelog")
}

/// The value of `tag` (in any letter case) in the main preamble of a spec or template; `None` if there is no such tag,
/// or its value has a macro or marker.
pub fn plain_tag<'a>(spec: &'a str, tag: &str) -> Option<&'a str> {
    let value = stated_tag(spec, tag)?;
    (!value.contains(['%', '@'])).then_some(value)
}

/// The value of `tag` (in any letter case) in the main preamble, with macros and markers unexpanded.
pub fn stated_tag<'a>(spec: &'a str, tag: &str) -> Option<&'a str> {
    let preamble = spec.lines().take_while(|line| !begins_section(line));
    preamble.filter_map(|line| tag_value(line, tag)).next().map(str::trim_end)
}

/// The text after `<tag>:` (in any letter case) on a line of a preamble, without the blanks in front of it.
pub fn tag_value<'a>(line: &'a str, tag: &str) -> Option<&'a str> {
    let (name, value) = line.split_once(':')?;
    name.trim().eq_ignore_ascii_case(tag).then(|| value.trim_start_matches([' ', '\t']))
}

/// Replaces the first text `old` behind the colon of a tag.
pub fn replace_value(line: &mut String, old: &str, new: &str) {
    let colon = line.find(':').map_or(0, |at| at + 1);
    if let Some(at) = line[colon..].find(old) {
        line.replace_range(colon + at..colon + at + old.len(), new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_begin_in_the_first_column_in_any_letter_case() {
        for (line, expected) in [
            ("%changelog", Some("changelog")),
            ("%Post -p /sbin/ldconfig", Some("post")),
            ("%transfiletriggerin -- /usr/lib", Some("transfiletriggerin")),
            (" %changelog", None),
            ("% changelog", None),
            ("%changelogs", None),
            ("%", None),
            ("changelog", None),
        ] {
            assert_eq!(section_name(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn sections_begin_with_their_word() {
        for line in ["%prep", "%Files libs", "%post -p /sbin/ldconfig", "%end"] {
            assert!(begins_section(line), "{line}");
        }
        for line in ["% prep", " %prep", "%prepare", "%{prep}", "%preparation x", "prep", "%"] {
            assert!(!begins_section(line), "{line}");
        }
    }
}
