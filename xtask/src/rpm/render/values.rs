//! What goes into a spec, and what comes out.

use crate::project::config::MarkerValue;

/// The values of a release that go into its spec.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The name of the project.
    pub name: &'a str,
    /// `X.Y.Z`.
    pub version: &'a str,
    /// The number before `%{?dist}`.
    pub release: u32,
    /// The file name of the source archive.
    pub source0: &'a str,
    /// The file name of the vendor archive; `None` if the project has none.
    pub vendor: Option<&'a str>,
    /// The configured values of the markers of a build system.
    pub markers: &'a [MarkerValue],
    /// The changelog's entries in RPM form, with `%` doubled and a final newline.
    pub changelog: &'a str,
}

/// A rendered spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderedSpec {
    pub text: String,
    /// What a person should know about it, one sentence each.
    pub notes: Vec<String>,
}
