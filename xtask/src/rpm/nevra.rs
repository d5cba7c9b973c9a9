//! The full name of a package: name, epoch, version, release and architecture.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::base::as_text::serde_as_text;
use crate::rpm::version_order::compare_versions;

/// `name-[epoch:]version-release.arch`; an epoch of 0 is not shown.
///
/// The parts come from untrusted files and become parts of paths. They contain only ASCII letters, digits and `._+~^-`,
/// none is empty or begins with `.` or `-`, and version and release have no `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nevra {
    name: String,
    epoch: u32,
    version: String,
    release: String,
    arch: String,
}

/// The error for a text that is not the name of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotANevra(String);

impl fmt::Display for NotANevra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not the name of a package: `name-version-release.arch`", self.0.escape_debug())
    }
}

impl std::error::Error for NotANevra {}

impl Nevra {
    /// Errors: a part is empty or has a character that is not allowed.
    pub fn new(name: &str, epoch: u32, version: &str, release: &str, arch: &str) -> Result<Nevra, NotANevra> {
        let is_part = |text: &str, marks: &str| {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || marks.contains(letter);
            !text.is_empty() && text.len() <= 128 && !text.starts_with(['.', '-']) && text.chars().all(fits)
        };
        let fits =
            is_part(name, "._+-") && is_part(version, "._+~^") && is_part(release, "._+~^") && is_part(arch, "_");
        let nevra = Nevra {
            name: name.to_owned(),
            epoch,
            version: version.to_owned(),
            release: release.to_owned(),
            arch: arch.to_owned(),
        };
        if fits { Ok(nevra) } else { Err(NotANevra(nevra.to_string())) }
    }

    /// The name without version, release and architecture.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version without epoch and release.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The release, with the dist.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The number at the beginning of the release; `None` if it begins with something else.
    pub fn release_number(&self) -> Option<u64> {
        let end = self.release.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.release.len());
        self.release[..end].parse().ok()
    }

    /// The architecture; `src` for a source package, `nosrc` for one that lacks a source or patch.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// 0 if the package has none.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether it is a source package.
    pub fn is_source(&self) -> bool {
        matches!(self.arch.as_str(), "src" | "nosrc")
    }

    /// Whether the package has debugging information only. Such packages have a folder of their own.
    pub fn is_debug(&self) -> bool {
        is_debug_name(&self.name)
    }

    /// Whether the repodata of a dist lists the package: source packages and debugging information are not listed.
    pub fn is_described(&self) -> bool {
        !self.is_source() && !self.is_debug()
    }

    /// The file name: `name-version-release.arch.rpm`.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.{}.rpm", self.name, self.version, self.release, self.arch)
    }

    /// Compares epoch, version and release as rpm does.
    pub fn evr_cmp(&self, other: &Nevra) -> Ordering {
        let (own_epoch, others_epoch) = (self.epoch.to_string(), other.epoch.to_string());
        compare_evr([&own_epoch, &self.version, &self.release], [&others_epoch, &other.version, &other.release])
    }
}

/// Compares two triples of epoch, version and release as rpm does; an empty epoch is 0.
pub fn compare_evr(one: [&str; 3], other: [&str; 3]) -> Ordering {
    let [epoch, version, release] = one;
    let [other_epoch, other_version, other_release] = other;
    let without_default = |epoch: &str| if epoch.is_empty() { "0".to_owned() } else { epoch.to_owned() };
    compare_versions(&without_default(epoch), &without_default(other_epoch))
        .then_with(|| compare_versions(version, other_version))
        .then_with(|| compare_versions(release, other_release))
}

/// `name-version-release` from the file name of a source package; `None` for any other file.
pub fn strip_source_suffix(file: &str) -> Option<&str> {
    file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))
}

/// Whether a package of this name has debugging information only: `lago-debuginfo`, `kernel-debuginfo-common-x86_64`,
/// `lago-debuginfo-32bit`, `lago-debugsource`.
pub fn is_debug_name(name: &str) -> bool {
    let has = |part: &str| {
        name.match_indices(part).any(|(at, _)| matches!(name.as_bytes().get(at + part.len()), None | Some(b'-')))
    };
    has("-debuginfo") || has("-debugsource")
}

impl fmt::Display for Nevra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = if self.epoch == 0 { String::new() } else { format!("{}:", self.epoch) };
        write!(f, "{}-{epoch}{}-{}.{}", self.name, self.version, self.release, self.arch)
    }
}

impl FromStr for Nevra {
    type Err = NotANevra;

    fn from_str(text: &str) -> Result<Nevra, NotANevra> {
        let parse = || {
            let (rest, arch) = text.rsplit_once('.')?;
            let (rest, release) = rest.rsplit_once('-')?;
            let (name, version) = rest.rsplit_once('-')?;
            let (epoch, version) = match version.split_once(':') {
                Some((epoch, version)) => (epoch.parse().ok()?, version),
                None => (0, version),
            };
            let nevra = Nevra::new(name, epoch, version, release, arch).ok()?;
            (nevra.to_string() == text).then_some(nevra)
        };
        parse().ok_or_else(|| NotANevra(text.to_owned()))
    }
}

serde_as_text!(Nevra);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_formatted() {
        for text in ["lago-1.0.4-1.el9.noarch", "lib-x++_y-2:1.0~rc1^git-1.x86_64", "a-1-1.src"] {
            let nevra: Nevra = text.parse().unwrap();
            assert_eq!(nevra.to_string(), text);
        }
        let nevra: Nevra = "a-b-2:1.0-3.el9.noarch".parse().unwrap();
        let parts = (nevra.name(), nevra.epoch, nevra.version(), nevra.release(), nevra.arch());
        assert_eq!(parts, ("a-b", 2, "1.0", "3.el9", "noarch"));
        assert_eq!(nevra.file_name(), "a-b-1.0-3.el9.noarch.rpm");
    }

    #[test]
    fn debugging_information_is_known_by_all_forms_of_its_name() {
        for name in
            ["a-debuginfo", "kernel-debuginfo-common-x86_64", "a-debuginfo-32bit", "a-32bit-debuginfo", "a-debugsource"]
        {
            assert!(is_debug_name(name), "{name}");
        }
        for name in ["debuginfo-install", "elfutils-debuginfod", "a-debuginfo2", "a-debugsources", "a"] {
            assert!(!is_debug_name(name), "{name}");
        }
    }

    #[test]
    fn names_that_could_leave_the_tree_are_errors() {
        for text in [
            "",
            "lago",
            "lago-1.0",
            "lago-1.0-1",
            "../lago-1-1.noarch",
            "la/go-1-1.noarch",
            "lago-1/2-1.noarch",
            "lago-1-1.no/arch",
            "-lago-1-1.noarch",
            "lago-1-1.noarch\n",
            "lago-1-1.",
            "lago--1.noarch",
            "lago-..-1.noarch",
            "lago-0:1-1.noarch",
            "lago-x:1-1.noarch",
            "lago-1-1.no.arch/..",
            "caf\u{e9}-1-1.noarch",
            "a b-1-1.noarch",
        ] {
            assert!(text.parse::<Nevra>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn versions_compare_as_rpm_compares_them() {
        use Ordering::{Equal, Greater, Less};
        for (one, other, expected) in [
            ("1.0.2-1", "1.0.10-1", Less),
            ("1.0-1.el9", "1.0-1.el10", Less),
            ("1:0.1-1", "2.0-1", Greater),
            ("1.0~rc1-1", "1.0-1", Less),
            ("1.0^git1-1", "1.0-1", Greater),
            ("1.0-2", "1.0-10", Less),
            ("1.0a-1", "1.0-1", Greater),
            ("1.01-1", "1.1-1", Equal),
        ] {
            let nevra = |text: &str| format!("a-{text}.noarch").parse::<Nevra>().unwrap();
            assert_eq!(nevra(one).evr_cmp(&nevra(other)), expected, "{one} {other}");
        }
    }
}
