//! `X.Y.Z`: the version of a commit, of a release tag, of a package.

use std::fmt;

use crate::base::as_text::serde_as_text;
use crate::history::level::Level;
use crate::history::milestone::Milestone;
use crate::history::pre_release::is_pre_release;

/// `X.Y.Z`, without pre-release and build parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// `X.Y.Z` from its numbers.
    pub fn new(major: u64, minor: u64, patch: u64) -> Version {
        Version(semver::Version::new(major, minor, patch))
    }

    /// `X`, which names the series.
    pub fn major(&self) -> u64 {
        self.0.major
    }

    /// `Y`.
    pub fn minor(&self) -> u64 {
        self.0.minor
    }

    /// `Z`.
    pub fn patch(&self) -> u64 {
        self.0.patch
    }

    /// `X.Y`; `None` if a number is too long for a milestone.
    pub fn milestone(&self) -> Option<Milestone> {
        format!("{}.{}", self.major(), self.minor()).parse().ok()
    }

    /// The next version after a step of this level.
    #[must_use]
    pub fn after(&self, level: Level) -> Version {
        match level {
            Level::Major => Version::new(self.major() + 1, 0, 0),
            Level::Minor => Version::new(self.major(), self.minor() + 1, 0),
            Level::Patch => Version::new(self.major(), self.minor(), self.patch() + 1),
        }
    }
}

impl From<Milestone> for Version {
    fn from(milestone: Milestone) -> Version {
        Version::new(milestone.major.into(), milestone.minor.into(), 0)
    }
}

/// Error: not a valid version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAVersion {
    /// A version such as `1.1.0-rc1` or `1.1.0~rc1`.
    PreRelease,
    /// Any other text.
    Other,
}

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotAVersion::PreRelease => "there are no pre-releases yet: a version is `X.Y.Z`",
            NotAVersion::Other => "a version is `X.Y.Z`: three numbers without leading zeros",
        })
    }
}

impl std::error::Error for NotAVersion {}

impl std::str::FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Version, NotAVersion> {
        if is_pre_release(text) {
            return Err(NotAVersion::PreRelease);
        }
        let parsed = semver::Version::parse(text).map_err(|_| NotAVersion::Other)?;
        // Larger numbers come from typing errors, and some tools that read versions cannot hold them.
        let is_plain = parsed.pre.is_empty() && parsed.build.is_empty();
        let fits = [parsed.major, parsed.minor, parsed.patch].iter().all(|&number| number < u64::from(u32::MAX));
        if is_plain && fits { Ok(Version(parsed)) } else { Err(NotAVersion::Other) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

serde_as_text!(Version as "version");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_plain_numbers() {
        for text in ["1.2", "1.2.3+4", "01.2.3", "1.2.4294967295", "v1.2.3", "1.2.3-4", ""] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion::Other), "{text}");
        }
        for text in ["1.2.3-rc1", "1.2.3~rc1", "1.2.3-alpha.2"] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion::PreRelease), "{text}");
        }
        assert_eq!("1.20.3".parse::<Version>().unwrap().to_string(), "1.20.3");
        assert!("1.10.0".parse::<Version>().unwrap() > "1.9.9".parse().unwrap());
    }
}
