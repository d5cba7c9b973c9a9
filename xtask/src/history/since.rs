//! Where a part of the changelog begins: `--since`.

use std::fmt;
use std::str::FromStr;

use crate::base::error::{Exit, Failure};
use crate::history::milestone::Milestone;
use crate::history::release_tags::ProjectForm;
use crate::history::release_tags::candidate;
use crate::history::version::Version;

/// A milestone `X.Y`, a version `X.Y.Z` or the name of a release tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since(String);

impl Since {
    /// The version. A name is read in the form of the project's tags; without one, in any form.
    ///
    /// Errors (exit 2): it is none of the three.
    pub fn version(&self, form: Option<&ProjectForm>) -> Result<Version, Failure> {
        let of_tag = match form {
            Some(form) => form.read(&self.0).ok(),
            None => candidate::read(&self.0, None).map(|found| found.version),
        };
        let milestone = || self.0.parse::<Milestone>().ok().map(Version::from);
        let version = || self.0.parse().ok();
        of_tag.or_else(milestone).or_else(version).ok_or_else(|| {
            let form = form.map(|form| format!(", or a tag {form}")).unwrap_or_default();
            Failure::new(Exit::Usage, format!("`{}` is not a release of this project", self.0))
                .help(format!("write a milestone `X.Y`, a version `X.Y.Z`{form}"))
        })
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Since, &'static str> {
        let has_number = text.contains(|letter: char| letter.is_ascii_digit());
        let why = "a release is a milestone `X.Y`, a version `X.Y.Z` or a release tag";
        if has_number { Ok(Since(text.to_owned())) } else { Err(why) }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
