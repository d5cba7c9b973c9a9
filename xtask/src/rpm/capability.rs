//! A capability: what a package provides, requires or obsoletes. Two of them are compared as rpm compares them.

use std::cmp::Ordering;
use std::fmt;

use crate::rpm::nevra::compare_evr;

/// A name, such as that of a package, a library or a file, with the versions that are meant; all versions if there is no range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    pub name: String,
    pub range: Option<VersionRange>,
}

/// The versions on one side of a version, or that version alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange {
    pub sense: VersionSense,
    /// Empty for epoch 0.
    pub epoch: String,
    pub version: String,
    /// Empty for all releases of the version.
    pub release: String,
}

/// The operator between a name and a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionSense {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl VersionSense {
    /// Parses an operator in any spelling that rpm accepts.
    pub fn parse(operator: &str) -> Option<VersionSense> {
        match operator {
            "<" => Some(VersionSense::Less),
            "<=" | "=<" => Some(VersionSense::LessOrEqual),
            "=" | "==" => Some(VersionSense::Equal),
            ">=" | "=>" => Some(VersionSense::GreaterOrEqual),
            ">" => Some(VersionSense::Greater),
            _ => None,
        }
    }

    /// The operator as rpm prints it.
    pub fn operator(self) -> &'static str {
        match self {
            VersionSense::Less => "<",
            VersionSense::LessOrEqual => "<=",
            VersionSense::Equal => "=",
            VersionSense::GreaterOrEqual => ">=",
            VersionSense::Greater => ">",
        }
    }

    /// Whether versions with this order to the stated version are meant.
    pub fn allows(self, order: Ordering) -> bool {
        match order {
            Ordering::Less => matches!(self, VersionSense::Less | VersionSense::LessOrEqual),
            Ordering::Equal => !matches!(self, VersionSense::Less | VersionSense::Greater),
            Ordering::Greater => matches!(self, VersionSense::Greater | VersionSense::GreaterOrEqual),
        }
    }
}

impl VersionRange {
    /// A range by its operator and `[epoch:]version[-release]`.
    pub fn parse(sense: VersionSense, evr: &str) -> VersionRange {
        let (epoch, rest) = evr.split_once(':').unwrap_or(("", evr));
        let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
        VersionRange::new(sense, [epoch, version, release])
    }

    /// A range by its operator and epoch, version and release.
    pub fn new(sense: VersionSense, [epoch, version, release]: [&str; 3]) -> VersionRange {
        let epoch = if epoch == "0" { "" } else { epoch };
        VersionRange { sense, epoch: epoch.to_owned(), version: version.to_owned(), release: release.to_owned() }
    }

    /// Whether some version is in both ranges. A release counts only if both ranges state one.
    fn overlaps(&self, other: &VersionRange) -> bool {
        let have_releases = !self.release.is_empty() && !other.release.is_empty();
        let [own_release, others_release] = if have_releases { [&*self.release, &*other.release] } else { [""; 2] };
        let order =
            compare_evr([&self.epoch, &self.version, own_release], [&other.epoch, &other.version, others_release]);
        let both_allow = |order: Ordering| self.sense.allows(order) && other.sense.allows(order);
        match order {
            Ordering::Less => self.sense.allows(Ordering::Greater) || other.sense.allows(Ordering::Less),
            Ordering::Greater => self.sense.allows(Ordering::Less) || other.sense.allows(Ordering::Greater),
            Ordering::Equal => [Ordering::Less, Ordering::Equal, Ordering::Greater].into_iter().any(both_allow),
        }
    }
}

impl Capability {
    /// Whether a package that provides one of the two meets a requirement of the other. Without a range, all versions are meant,
    /// on either side.
    pub fn overlaps(&self, other: &Capability) -> bool {
        let overlap = match (&self.range, &other.range) {
            (Some(own), Some(others)) => own.overlaps(others),
            _ => true,
        };
        self.name == other.name && overlap
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(VersionRange { sense, epoch, version, release }) = &self.range else { return f.write_str(&self.name) };
        let epoch = if epoch.is_empty() { String::new() } else { format!("{epoch}:") };
        let release = if release.is_empty() { String::new() } else { format!("-{release}") };
        write!(f, "{} {} {epoch}{version}{release}", self.name, sense.operator())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(text: &str) -> Capability {
        let mut words = text.split(' ');
        let name = words.next().unwrap().to_owned();
        let range = words
            .next()
            .map(|operator| VersionRange::parse(VersionSense::parse(operator).unwrap(), words.next().unwrap()));
        Capability { name, range }
    }

    #[test]
    fn versions_overlap_as_rpm_has_it() {
        for (provided, required, expected) in [
            ("a = 1.0-1", "a", true),
            ("a", "a >= 2", true),
            ("a = 1.0-1", "b", false),
            ("a = 1.0-1", "a = 1.0", true),
            ("a = 1.0-1", "a = 1.0-2", false),
            ("a = 1.0-1", "a > 1.0", false),
            ("a = 1.0-1", "a >= 1.0", true),
            ("a = 1:1.0-1", "a >= 2.0", true),
            ("a = 1.0-1", "a < 1:0.1", true),
            ("a = 1.0~rc1-1", "a >= 1.0", false),
            ("a >= 3", "a < 2", false),
            ("a >= 3", "a > 2", true),
            ("a < 3", "a < 2", true),
            ("a < 3", "a = 3", false),
            ("a = 1.0.10-1", "a > 1.0.9", true),
        ] {
            assert_eq!(capability(required).overlaps(&capability(provided)), expected, "{provided}; {required}");
            assert_eq!(capability(provided).overlaps(&capability(required)), expected, "{required}; {provided}");
        }
    }

    #[test]
    fn a_capability_is_shown_as_a_spec_has_it() {
        for text in ["a", "a >= 1", "pkgconfig(a) = 1:2~rc-3"] {
            assert_eq!(capability(text).to_string(), text);
        }
        assert_eq!(capability("a => 0:1-2").to_string(), "a >= 1-2");
    }
}
