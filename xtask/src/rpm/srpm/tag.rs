//! Parses the lines of a preamble: the tag of a line, and its use in a source package.

/// The use of a tag in a source package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A string of the main package, with this number in the header.
    Text(u32),
    /// A text in several languages, with this number in the header.
    Translated(u32),
    Epoch,
    /// The licence of the source package only.
    SourceLicense,
    /// `Source` or `Patch`.
    File(FileKind),
    /// `BuildRequires` of any package.
    BuildRequires,
    /// `BuildConflicts` of any package.
    BuildConflicts,
    /// A list of architectures or systems, with this number in the header.
    Restriction(u32),
    BuildArch,
    /// `NoSource` or `NoPatch`, with its name: the source package has no content of these files.
    WithoutSources(&'static str),
    /// `Icon`, which needs another layout of the package; not implemented.
    Icon,
    /// A tag of binary packages only.
    Binary,
}

/// The two kinds of files that a spec names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `Source` or `%sourcelist`.
    Source,
    /// `Patch` or `%patchlist`.
    Patch,
}

/// A line with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecTag<'t> {
    /// The name in lower case, without a number. The tag defines a macro with this name.
    pub name: &'static str,
    pub role: Role,
    /// The language in `Summary(de)`.
    pub language: Option<&'t str>,
    /// The digits in `Source1`.
    pub number: &'t str,
    /// The text after the colon.
    pub field: &'t str,
}

/// The number of `Name` in a header.
pub const NAME: u32 = 1000;
/// `Version`.
pub const VERSION: u32 = 1001;
/// `Release`.
pub const RELEASE: u32 = 1002;
/// `Summary`.
pub const SUMMARY: u32 = 1004;
/// The section `%description`.
pub const DESCRIPTION: u32 = 1005;
/// The size of all files.
pub const SIZE: u32 = 1009;
/// `License`.
pub const LICENSE: u32 = 1014;
/// `Group`.
pub const GROUP: u32 = 1016;

/// All tags of a preamble. A tag comes before any tag that is a prefix of it.
const TAGS: [(&str, Role); 51] = [
    ("name", Role::Text(NAME)),
    ("version", Role::Text(VERSION)),
    ("release", Role::Text(RELEASE)),
    ("epoch", Role::Epoch),
    ("summary", Role::Translated(SUMMARY)),
    ("license", Role::Text(LICENSE)),
    ("sourcelicense", Role::SourceLicense),
    ("distribution", Role::Text(1010)),
    ("disturl", Role::Text(1123)),
    ("disttag", Role::Text(1155)),
    ("vendor", Role::Text(1011)),
    ("group", Role::Translated(GROUP)),
    ("packager", Role::Text(1015)),
    ("url", Role::Text(1020)),
    ("vcs", Role::Text(5034)),
    ("bugurl", Role::Text(5012)),
    ("translationurl", Role::Text(5100)),
    ("upstreamreleases", Role::Text(5101)),
    ("modularitylabel", Role::Text(5096)),
    ("source", Role::File(FileKind::Source)),
    ("patch", Role::File(FileKind::Patch)),
    ("nosource", Role::WithoutSources("NoSource")),
    ("nopatch", Role::WithoutSources("NoPatch")),
    ("icon", Role::Icon),
    ("excludearch", Role::Restriction(1059)),
    ("exclusivearch", Role::Restriction(1061)),
    ("excludeos", Role::Restriction(1060)),
    ("exclusiveos", Role::Restriction(1062)),
    ("buildarchitectures", Role::BuildArch),
    ("buildarch", Role::BuildArch),
    ("buildrequires", Role::BuildRequires),
    ("buildprereq", Role::BuildRequires),
    ("buildconflicts", Role::BuildConflicts),
    ("buildroot", Role::Binary),
    ("provides", Role::Binary),
    ("requires", Role::Binary),
    ("recommends", Role::Binary),
    ("suggests", Role::Binary),
    ("supplements", Role::Binary),
    ("enhances", Role::Binary),
    ("prereq", Role::Binary),
    ("conflicts", Role::Binary),
    ("obsoletes", Role::Binary),
    ("prefixes", Role::Binary),
    ("prefix", Role::Binary),
    ("autoreqprov", Role::Binary),
    ("autoreq", Role::Binary),
    ("autoprov", Role::Binary),
    ("docdir", Role::Binary),
    ("orderwithrequires", Role::Binary),
    ("removepathpostfixes", Role::Binary),
];

/// Tags that get the value of the macro of the same name if the spec has no such line.
pub const DEFAULTS: [&str; 9] = [
    "vendor",
    "packager",
    "distribution",
    "disturl",
    "disttag",
    "bugurl",
    "translationurl",
    "upstreamreleases",
    "modularitylabel",
];

/// Whether a tag has one word only: `Name`, `URL` and others, by their number in the header.
pub fn is_one_word(number: u32) -> bool {
    [NAME, VERSION, RELEASE, 1020, 5034, 5012, 1155, 5096].contains(&number)
}

/// The number in the header of one of [`DEFAULTS`].
pub fn number_of(name: &str) -> Option<u32> {
    TAGS.iter().find(|(tag, _)| *tag == name).and_then(|(_, role)| match role {
        Role::Text(number) => Some(*number),
        _ => None,
    })
}

/// Parses `Tag: field`, `Source1: field` or `Summary(de): field`. The tag is at the very beginning of the line.
pub fn parse(line: &str) -> Option<SpecTag<'_>> {
    let (head, field) = line.split_once(':')?;
    let lower = head.to_ascii_lowercase();
    let &(name, role) = TAGS.iter().find(|(name, _)| lower.starts_with(name))?;
    let rest = head[name.len()..].trim();
    let mut tag = SpecTag { name, role, language: None, number: "", field: field.trim() };
    match role {
        Role::File(_) => tag.number = rest,
        _ if rest.is_empty() => {}
        // The word in parentheses is a language, or the time when a requirement is needed, as in `Requires(post)`.
        Role::Translated(_) | Role::Binary => {
            tag.language = Some(rest.strip_prefix('(')?.strip_suffix(')')?.trim());
        }
        _ => return None,
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_recognised_as_rpm_does() {
        let read = |line| parse(line).map(|tag| (tag.name, tag.language, tag.number, tag.field));
        assert_eq!(read("Name: x "), Some(("name", None, "", "x")));
        assert_eq!(read("URL:http://x:1/"), Some(("url", None, "", "http://x:1/")));
        assert_eq!(read("SOURCE12 : x"), Some(("source", None, "12", "x")));
        assert_eq!(read("Summary( de ): x"), Some(("summary", Some("de"), "", "x")));
        assert_eq!(read("Requires(post): x"), Some(("requires", Some("post"), "", "x")));
        assert_eq!(read("BuildArchitectures: noarch").map(|tag| tag.0), Some("buildarchitectures"));
        assert_eq!(read(" Name: x"), None);
        assert_eq!(read("Names: x"), None);
        assert_eq!(read("BuildRequires(pre): x"), None);
        assert_eq!(read("Nonsense: x"), None);
    }
}
