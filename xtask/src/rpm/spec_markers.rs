//! Replaces the markers of a spec template (`<name>.spec.in`).
//!
//! A template is a spec with markers. It has no conditionals other than those of RPM.
//!
//! | marker | becomes |
//! |---|---|
//! | `@@VERSION@@` | `1.0.4` |
//! | `@@RELEASE@@` | `1`, or the number given with `--release` |
//! | `@@SOURCE0@@` | `lago-1.0.4.tar.gz` |
//! | `@@VENDOR@@` | `lago-1.0.4-vendor.tar.gz`, if the project has a vendor archive |
//! | `@@CHANGELOG@@` | the entries of the changelog, `%` doubled |
//!
//! If a template without `@@CHANGELOG@@` ends in `%changelog`, or has no such section, the entries are appended. Markers in
//! the inserted text are not replaced.

use std::fmt;

use crate::base::error::committed;
use crate::project::spec_text::{begins_changelog, begins_section, tag_value};
use crate::rpm::spec_compare::leading_digits;

/// The values of the markers.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// `X.Y.Z`.
    pub version: &'a str,
    /// The number before `%{?dist}`.
    pub release: u32,
    /// The file name of the source archive.
    pub source0: &'a str,
    /// The file name of the vendor archive; `None` if the project has none.
    pub vendor: Option<&'a str>,
    /// The changelog's entries in RPM form, with `%` doubled and a final newline.
    pub changelog: &'a str,
}

/// Why a template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// A text in the form of a marker with an unknown name.
    UnknownMarker {
        /// Counted from 1.
        line: usize,
        /// With the `@@`.
        marker: String,
    },
    /// `@@VENDOR@@` in a project without a vendor archive.
    NoVendor {
        /// Counted from 1.
        line: usize,
    },
    /// The release is not 1, and the template has neither the marker nor a `Release:` that begins with a number.
    NoRelease,
}

const MARKERS: [&str; 5] = ["@@VERSION@@", "@@RELEASE@@", "@@SOURCE0@@", "@@VENDOR@@", "@@CHANGELOG@@"];

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::UnknownMarker { line, marker } => write!(f, "line {line}: unknown marker `{marker}`"),
            TemplateError::NoVendor { line } => write!(f, "line {line}: `@@VENDOR@@`, and there is no vendor archive"),
            TemplateError::NoRelease => f.write_str("there is no `Release:` whose number could be raised"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl TemplateError {
    /// The next step for the author of the template.
    pub fn help(&self) -> String {
        match self {
            TemplateError::UnknownMarker { .. } => {
                format!("the markers are {}", MARKERS.map(|m| format!("`{m}`")).join(", "))
            }
            TemplateError::NoVendor { .. } => format!(
                "commit a `Cargo.lock`, or {}",
                committed("set `[source]` and `vendor = \"cargo\"` in `packaging/release.toml`")
            ),
            TemplateError::NoRelease => "write `Release: @@RELEASE@@%{?dist}` in the template".to_owned(),
        }
    }
}

/// Renders `template`.
///
/// `Release:` gets `values.release` even if the template has no marker for it but a number, as in `1%{?dist}`.
pub fn render(template: &str, values: &Values<'_>) -> Result<String, TemplateError> {
    let mut spec = String::with_capacity(template.len() + values.changelog.len());
    let mut release_is_set = values.release == 1;
    let mut in_preamble = true;
    for (index, line) in template.split_inclusive('\n').enumerate() {
        in_preamble &= !begins_section(line);
        release_is_set |= line.contains("@@RELEASE@@");
        match fixed_release(line) {
            Some((before, after)) if values.release != 1 && in_preamble && !line.contains("@@RELEASE@@") => {
                release_is_set = true;
                spec.extend([before, &values.release.to_string(), after]);
            }
            _ => render_line(line, index + 1, values, &mut spec)?,
        }
    }
    if !release_is_set {
        return Err(TemplateError::NoRelease);
    }
    if !template.contains("@@CHANGELOG@@") && !keeps_own_changelog(template) {
        append_changelog(&mut spec, values.changelog);
    }
    Ok(spec)
}

fn render_line(line: &str, number: usize, values: &Values<'_>, spec: &mut String) -> Result<(), TemplateError> {
    let mut rest = line;
    while let Some((before, marker, after)) = split_at_marker(rest) {
        spec.push_str(before);
        match marker {
            "@@VERSION@@" => spec.push_str(values.version),
            "@@RELEASE@@" => spec.extend([values.release.to_string()]),
            "@@SOURCE0@@" => spec.push_str(values.source0),
            "@@VENDOR@@" => spec.push_str(values.vendor.ok_or(TemplateError::NoVendor { line: number })?),
            "@@CHANGELOG@@" => spec.push_str(values.changelog.trim_end_matches('\n')),
            unknown => return Err(TemplateError::UnknownMarker { line: number, marker: unknown.to_owned() }),
        }
        rest = after;
    }
    spec.push_str(rest);
    Ok(())
}

/// Splits at the first `@@NAME@@`: the text before it, the marker, the text after it. Other uses of `@@`, such as in the hunks of a
/// patch, are text.
pub fn split_at_marker(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("@@")?;
        let name = &text[start + 2..];
        let length = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(name.len());
        if length > 0 && name[length..].starts_with("@@") {
            let end = start + 2 + length + 2;
            return Some((&text[..start], &text[start..end], &text[end..]));
        }
        from = start + 2;
    }
}

/// A `Release:` line that begins with a number, split around the number.
fn fixed_release(line: &str) -> Option<(&str, &str)> {
    let value = tag_value(line, "Release")?;
    let digits = leading_digits(value).len();
    let start = line.len() - value.len();
    (digits > 0).then(|| (&line[..start], &line[start + digits..]))
}

fn append_changelog(spec: &mut String, changelog: &str) {
    let has_section = spec.lines().any(begins_changelog);
    let kept = spec.trim_end().len();
    spec.truncate(kept);
    if !has_section {
        spec.push_str("\n\n%changelog");
    }
    spec.push('\n');
    spec.push_str(changelog);
}

/// Whether a template has a changelog of its own, which is not changed: it has the section and no marker, and the
/// section is not the empty end of the file.
pub fn keeps_own_changelog(template: &str) -> bool {
    let ends_in_it = template.lines().rev().find(|line| !line.trim().is_empty()).is_some_and(begins_changelog);
    !template.contains("@@CHANGELOG@@") && template.lines().any(begins_changelog) && !ends_in_it
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> = Values {
        version: "1.0.4",
        release: 1,
        source0: "lago-1.0.4.tar.gz",
        vendor: Some("lago-1.0.4-vendor.tar.gz"),
        changelog: "* Thu Mar 19 2020 A <a@b> - 1.0.4-1\n- @@VERSION@@ is 100%% text\n",
    };

    #[test]
    fn markers_are_replaced_and_markers_in_values_are_not() {
        let template = "Version: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSource0: @@SOURCE0@@\nSource1: @@VENDOR@@\n%changelog\n@@CHANGELOG@@\n";
        let spec = render(template, &VALUES).unwrap();
        assert_eq!(
            spec,
            "Version: 1.0.4\nRelease: 1%{?dist}\nSource0: lago-1.0.4.tar.gz\n\
             Source1: lago-1.0.4-vendor.tar.gz\n%changelog\n\
             * Thu Mar 19 2020 A <a@b> - 1.0.4-1\n- @@VERSION@@ is 100%% text\n"
        );
    }

    #[test]
    fn the_changelog_is_appended_where_no_marker_stands() {
        let wanted = format!("Version: 1.0.4\n\n%changelog\n{}", VALUES.changelog);
        for template in ["Version: @@VERSION@@\n\n%changelog\n", "Version: @@VERSION@@\n\n%changelog", "Version: 1.0.4"]
        {
            assert_eq!(render(template, &VALUES).unwrap(), wanted, "{template:?}");
        }
        let own = "Version: 1.0.4\n%changelog\n* my own\n";
        assert_eq!(render(own, &VALUES).unwrap(), own);
        assert!(
            keeps_own_changelog(own) && !keeps_own_changelog("%changelog\n\n") && !keeps_own_changelog("Name: x\n")
        );
    }

    #[test]
    fn an_unknown_marker_is_an_error_with_its_line() {
        let error = render("Name: x\nVersion: @@VERSOIN@@\n", &VALUES).unwrap_err();
        assert_eq!(error, TemplateError::UnknownMarker { line: 2, marker: "@@VERSOIN@@".into() });
    }

    #[test]
    fn the_marker_of_a_missing_vendor_archive_is_an_error() {
        let values = Values { vendor: None, ..VALUES };
        assert_eq!(render("\nSource1: @@VENDOR@@\n", &values), Err(TemplateError::NoVendor { line: 2 }));
        assert!(render("Source0: @@SOURCE0@@\n", &values).is_ok());
    }

    #[test]
    fn other_uses_of_at_signs_are_text() {
        for text in ["@@ -1,2 +1 @@\n%changelog\nx\n", "a@@@@b\n%changelog\nx", "@@A b@@\n%changelog\nx"] {
            assert_eq!(render(text, &VALUES).unwrap(), text);
        }
    }

    #[test]
    fn the_release_is_raised_with_or_without_a_marker() {
        let values = Values { release: 3, ..VALUES };
        for line in ["Release: @@RELEASE@@%{?dist}", "release:\t1%{?dist}", "Release: 1"] {
            let spec = render(&format!("{line}\n"), &values).unwrap();
            assert_eq!(spec.lines().next(), Some(line.replace("@@RELEASE@@", "3").replace('1', "3").as_str()));
        }
        assert_eq!(render("Release: %{rel}\n", &values), Err(TemplateError::NoRelease));
        let elsewhere = "Release: 0.@@RELEASE@@\n%description\nRelease: 1 of something\n%changelog\nx\n";
        let expected = "Release: 0.3\n%description\nRelease: 1 of something\n%changelog\nx\n";
        assert_eq!(render(elsewhere, &values).unwrap(), expected);
    }
}
