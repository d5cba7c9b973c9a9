//! Why a spec cannot be rendered.

use std::fmt;

use crate::base::error::committed;
use crate::project::config::PATH;
use crate::project::markers::MARKERS;

/// Why a spec cannot be rendered. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    /// A text in the form of a marker of this program, with an unknown name.
    UnknownMarker { line: usize, marker: String },
    /// `@@VENDOR@@` in a project without a vendor archive.
    NoVendor { line: usize },
    /// The release is not 1, and the spec has neither the marker nor a `Release:` that begins with a number.
    NoRelease,
    /// There is no `Version:`.
    NoVersion,
    /// Markers of autoconf or meson in the preamble whose values only the build system knows: their names, and the line of the first.
    ForeignMarkers { line: usize, names: Vec<String> },
    /// An expression of a template language such as Jinja.
    TemplateLanguage { line: usize },
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenderError::UnknownMarker { line, marker } => write!(f, "line {line}: unknown marker `{marker}`"),
            RenderError::NoVendor { line } => write!(f, "line {line}: `@@VENDOR@@`, and there is no vendor archive"),
            RenderError::NoRelease => f.write_str("there is no `Release:` whose number could be raised"),
            RenderError::NoVersion => f.write_str("there is no `Version:` before the first section"),
            RenderError::ForeignMarkers { line, names } => match names.as_slice() {
                [name] => write!(f, "line {line}: only the build system knows the value of `@{name}@`"),
                names => {
                    let shown: Vec<String> = names.iter().map(|name| format!("`@{name}@`")).collect();
                    write!(f, "line {line}: only the build system knows the values of {}", shown.join(", "))
                }
            },
            RenderError::TemplateLanguage { line } => write!(f, "line {line}: an expression of a template language"),
        }
    }
}

impl std::error::Error for RenderError {}

impl RenderError {
    /// The next step for the author of the spec.
    pub fn help(&self) -> String {
        match self {
            RenderError::UnknownMarker { .. } => {
                format!("the markers are {}", MARKERS.map(|m| format!("`{m}`")).join(", "))
            }
            RenderError::NoVendor { .. } => format!(
                "commit a `Cargo.lock`, or {}",
                committed(&format!("set `[source]` and `vendor = \"cargo\"` in `{PATH}`"))
            ),
            RenderError::NoRelease => "write `Release: @@RELEASE@@%{?dist}` in the template".to_owned(),
            RenderError::NoVersion => "write `Version: @@VERSION@@` before the first section".to_owned(),
            RenderError::ForeignMarkers { names, .. } => {
                let values: Vec<String> = names.iter().map(|name| format!("\"{name}=…\"")).collect();
                format!(
                    "{}; if no source RPM is wanted, {}",
                    committed(&format!(
                        "state the value of each in `{PATH}`, which may be empty: `[rpm]` and `markers = [{}]`",
                        values.join(", ")
                    )),
                    committed("set `rpm.srpm = \"none\"`")
                )
            }
            RenderError::TemplateLanguage { .. } => format!(
                "write a template of its own, `packaging/<name>.spec.in` with `Version: @@VERSION@@`, and commit it; or put a spec \
                 into a folder of yours: `--packaging DIR`; if no source RPM is wanted, {}",
                committed(&format!("set `rpm.srpm = \"none\"` in `{PATH}`"))
            ),
        }
    }
}
