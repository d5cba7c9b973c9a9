//! Lets the `Source` of a spec that is the archive of the project name the archive of the release.
//!
//! Specs name the archive that their project used to publish: under an address of a forge, as `v1.0.tar.gz`, packed with xz, by a macro
//! of a registry. The source RPM has the archive that this program made, so the line becomes its file name. A line that already
//! ends in this name stays.

use crate::project::spec_macros::SpecMacros;
use crate::project::spec_text::replace_value;
use crate::rpm::render::values::Values;
use crate::rpm::srpm::base_name;

/// The ends of the names of archives.
const ENDINGS: [&str; 11] =
    [".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".tar.lz", ".tar.Z", ".tar", ".zip"];

/// Macros of distributions that stand for the archive of the project.
const MACROS: [&str; 6] = ["pypi_source", "crates_source", "forgesource", "gosource", "rubygems_source", "cran_source"];

/// Words in the names of archives beside that of the project.
const FURTHER: [&str; 5] = ["vendor", "node", "test", "doc", "data"];

/// A `Source` of a preamble.
struct SourceLine {
    /// The index of its line.
    index: usize,
    /// `source` with its number, in lower case; without a number `source0`.
    tag: String,
    value: String,
    /// The file name with macros expanded; `None` if it is not known.
    file: Option<String>,
}

/// Rewrites the line in `preamble`; `body` is the rest of the spec. Returns what a person should know.
pub fn set(preamble: &mut [String], body: &[String], values: &Values<'_>) -> Vec<String> {
    let sources = read(preamble);
    if sources.iter().any(|source| source.file.as_deref() == Some(values.source0)) {
        return Vec::new();
    }
    let Some(own) = sources.iter().find(|source| is_own(source, values)) else {
        return vec![format!("no `Source` is the archive of the project: write `Source0: {}`", values.source0)];
    };
    // The branches of an `%if` may each have a line for it.
    let own: Vec<&SourceLine> = sources.iter().filter(|other| other.tag == own.tag && is_own(other, values)).collect();
    let note = own.iter().find_map(|source| note_of_unpacking(source, preamble.len(), body, values));
    for source in own {
        replace_value(&mut preamble[source.index], &source.value, values.source0);
    }
    note.into_iter().collect()
}

fn read(preamble: &[String]) -> Vec<SourceLine> {
    let macros = SpecMacros::of(&preamble.concat());
    let source = |(index, line): (usize, &String)| {
        let (tag, value) = line.split_once(':')?;
        let tag = tag.trim().to_ascii_lowercase();
        let number = tag.strip_prefix("source")?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let tag = if number.is_empty() { "source0".to_owned() } else { tag };
        let value = value.trim().to_owned();
        let file = macros.expand(&value).map(|address| base_name(&address).to_owned());
        Some(SourceLine { index, tag, value, file })
    };
    preamble.iter().enumerate().filter_map(source).collect()
}

/// Whether a source is the archive of the project: it is an archive, and its name has a version or is the name of the project.
fn is_own(source: &SourceLine, values: &Values<'_>) -> bool {
    let macro_name = source.value.trim_start_matches(['%', '{', '?']);
    if MACROS.iter().any(|name| macro_name.starts_with(name)) {
        return true;
    }
    let written = base_name(&source.value);
    let shown = source.file.as_deref().unwrap_or(written);
    let Some(stem) = ENDINGS.iter().find_map(|ending| shown.strip_suffix(ending)) else { return false };
    let stem = stem.to_ascii_lowercase();
    let is_further = source.tag != "source0" && FURTHER.iter().any(|word| stem.contains(word));
    let last = stem.rsplit('-').next().unwrap_or_default().trim_start_matches('v');
    let names_version = written.contains("version") || last.starts_with(|first: char| first.is_ascii_digit());
    !is_further && (names_version || stem == values.name.to_ascii_lowercase())
}

/// A note where a command in the body is about another compression than that of the release.
fn note_of_unpacking(source: &SourceLine, before: usize, body: &[String], values: &Values<'_>) -> Option<String> {
    let shown = source.file.as_deref().unwrap_or(&source.value);
    let ending = ENDINGS.iter().find(|ending| shown.ends_with(**ending) && **ending != ".tar.gz")?;
    let index = body.iter().position(|line| !line.trim_start().starts_with('#') && line.contains(ending))?;
    Some(format!(
        "line {} unpacks `{ending}`, and the source is `{}`: `%setup` and `%autosetup` unpack both",
        before + index + 1,
        values.source0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> = Values {
        name: "lago",
        version: "1.0.4",
        release: 1,
        source0: "lago-1.0.4.tar.gz",
        vendor: None,
        markers: &[],
        changelog: "",
    };

    fn rendered(sources: &str, body: &str) -> (String, Vec<String>) {
        let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
        let mut preamble = lines(&format!("Name: lago\nVersion: 1.0.4\n{sources}"));
        let notes = set(&mut preamble, &lines(body), &VALUES);
        (preamble[2..].concat(), notes)
    }

    #[test]
    fn a_source_with_the_name_of_the_archive_stays() {
        for source in [
            "Source0: %{name}-%{version}.tar.gz\n",
            "Source: https://x/%{version}/lago-%{version}.tar.gz\n",
            "Source0: https://x/v%{version}.tar.gz#/%{name}-%{version}.tar.gz\n",
            "Source0: lago.service\nSource1: %{name}-%{version}.tar.gz\n",
        ] {
            assert_eq!(rendered(source, ""), (source.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn the_archive_of_the_project_under_another_name_is_replaced() {
        for source in [
            "https://x/archive/v%{version}.tar.gz",
            "https://x/archive/v%{version}/python-%{name}-%{version}.tar.xz",
            "%{pypi_source lagos}",
            "%{forgesource}",
            "lago-0.9.tar.bz2",
            "%{name}.tar.xz",
            "https://x/%{commit}/%{name}-%{version}-%{unknown}.tar.gz",
        ] {
            let whole = |value: &str| format!("Source0:  {value}\nSource1: lago.service\nPatch0: a.patch\n");
            assert_eq!(rendered(&whole(source), ""), (whole("lago-1.0.4.tar.gz"), Vec::new()), "{source}");
        }
        let branches = "%if x\nSource0: a-%{version}.zip\n%else\nSource0: b-%{version}.tar.gz\n%endif\n";
        let expected = "%if x\nSource0: lago-1.0.4.tar.gz\n%else\nSource0: lago-1.0.4.tar.gz\n%endif\n";
        assert_eq!(rendered(branches, "").0, expected);
    }

    #[test]
    fn other_sources_stay() {
        let service = "Source0: lago.service\nSource1: lago-vendor-%{version}.tar.xz\n";
        let (text, notes) = rendered(service, "");
        assert_eq!((text.as_str(), notes.len()), (service, 1), "{notes:?}");
        assert!(notes[0].contains("write `Source0: lago-1.0.4.tar.gz`"), "{notes:?}");
    }

    #[test]
    fn a_command_for_another_compression_is_named() {
        let (_, notes) = rendered("Source0: lago-%{version}.tar.xz\n", "%prep\n%setup -q\ntar xJf lago.tar.xz\n");
        assert_eq!(
            notes,
            ["line 6 unpacks `.tar.xz`, and the source is `lago-1.0.4.tar.gz`: `%setup` and `%autosetup` unpack both"]
        );
        assert!(rendered("Source0: lago-%{version}.tar.xz\n", "%prep\n%setup -q\n").1.is_empty());
    }
}
