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
//! Markers in the inserted text are not replaced. Another text of this form is an error in the preamble, and elsewhere if it is
//! nearly a marker; otherwise it is text, such as a placeholder that the project itself replaces.

use strsim::levenshtein;

use crate::project::markers::{MARKERS, split_at_marker};
use crate::project::spec_text::{begins_section, tag_value};
use crate::rpm::render::compare::leading_digits;
use crate::rpm::render::error::RenderError;
use crate::rpm::render::values::Values;

/// How many letters of a marker may be wrong so that it is taken for a known one.
const NEAR: usize = 2;

/// Renders `template`.
///
/// `Release:` gets `values.release` even if the template has no marker for it but a number, as in `1%{?dist}`.
pub fn render(template: &str, values: &Values<'_>) -> Result<String, RenderError> {
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
            _ => render_line(&TemplateLine { text: line, number: index + 1, in_preamble }, values, &mut spec)?,
        }
    }
    if !release_is_set {
        return Err(RenderError::NoRelease);
    }
    Ok(spec)
}

struct TemplateLine<'t> {
    text: &'t str,
    /// Counted from 1.
    number: usize,
    in_preamble: bool,
}

fn render_line(line: &TemplateLine<'_>, values: &Values<'_>, spec: &mut String) -> Result<(), RenderError> {
    let mut rest = line.text;
    while let Some((before, marker, after)) = split_at_marker(rest) {
        spec.push_str(before);
        match marker {
            "@@VERSION@@" => spec.push_str(values.version),
            "@@RELEASE@@" => spec.extend([values.release.to_string()]),
            "@@SOURCE0@@" => spec.push_str(values.source0),
            "@@VENDOR@@" => spec.push_str(values.vendor.ok_or(RenderError::NoVendor { line: line.number })?),
            "@@CHANGELOG@@" => spec.push_str(values.changelog.trim_end_matches('\n')),
            unknown if line.in_preamble || MARKERS.iter().any(|known| levenshtein(known, unknown) <= NEAR) => {
                return Err(RenderError::UnknownMarker { line: line.number, marker: unknown.to_owned() });
            }
            text => spec.push_str(text),
        }
        rest = after;
    }
    spec.push_str(rest);
    Ok(())
}

/// A `Release:` line that begins with a number, split around the number.
fn fixed_release(line: &str) -> Option<(&str, &str)> {
    let value = tag_value(line, "Release")?;
    let digits = leading_digits(value).len();
    let start = line.len() - value.len();
    (digits > 0).then(|| (&line[..start], &line[start + digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> = Values {
        name: "lago",
        version: "1.0.4",
        release: 1,
        source0: "lago-1.0.4.tar.gz",
        vendor: Some("lago-1.0.4-vendor.tar.gz"),
        markers: &[],
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
    fn an_unknown_marker_is_an_error_with_its_line() {
        let error = render("Name: x\nVersion: @@VERSOIN@@\n", &VALUES).unwrap_err();
        assert_eq!(error, RenderError::UnknownMarker { line: 2, marker: "@@VERSOIN@@".into() });
        let sed = "Version: @@VERSION@@\n%prep\nsed 's;@@PODMAN@@;x;'\n";
        assert_eq!(render(sed, &VALUES).unwrap(), sed.replace("@@VERSION@@", "1.0.4"));
        let near = render("Name: x\n%prep\necho @@RELESE@@\n", &VALUES).unwrap_err();
        assert_eq!(near, RenderError::UnknownMarker { line: 3, marker: "@@RELESE@@".into() });
        assert!(render("URL: @@PODMAN@@\n", &VALUES).is_err());
    }

    #[test]
    fn the_marker_of_a_missing_vendor_archive_is_an_error() {
        let values = Values { vendor: None, ..VALUES };
        assert_eq!(render("\nSource1: @@VENDOR@@\n", &values), Err(RenderError::NoVendor { line: 2 }));
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
        assert_eq!(render("Release: %{rel}\n", &values), Err(RenderError::NoRelease));
        let elsewhere = "Release: 0.@@RELEASE@@\n%description\nRelease: 1 of something\n%changelog\nx\n";
        let expected = "Release: 0.3\n%description\nRelease: 1 of something\n%changelog\nx\n";
        assert_eq!(render(elsewhere, &values).unwrap(), expected);
    }
}
