//! Replaces the markers of a template of autoconf or meson, such as `@VERSION@`, where their meaning is certain.
//!
//! In the preamble, any other marker is an error: its value may decide what the package is. In a body it is text, such as the
//! expression of a `sed` command.

use crate::project::markers::split_at_foreign_marker;
use crate::project::spec_text::{begins_changelog, begins_section};
use crate::rpm::render::error::RenderError;
use crate::rpm::render::values::Values;

/// Renders the markers of a template. Entries of the changelog with a marker in their first line are left out: the build system
/// would make them anew each time.
pub fn render(template: &str, values: &Values<'_>) -> Result<String, RenderError> {
    let mut spec = String::with_capacity(template.len());
    let (mut in_preamble, mut in_changelog, mut is_made) = (true, false, false);
    let mut unknown = Unknown::default();
    for (index, line) in template.split_inclusive('\n').enumerate() {
        let number = index + 1;
        if begins_section(line) {
            (in_preamble, in_changelog, is_made) = (false, begins_changelog(line), false);
        }
        if in_changelog && line.starts_with('*') {
            is_made = split_at_foreign_marker(line).is_some();
        }
        if is_made {
            continue;
        }
        let is_comment = line.trim_start().starts_with('#');
        let is_statement = line.starts_with("{%");
        if is_statement || (in_preamble && !is_comment && line.contains("{{") && line.contains("}}")) {
            return Err(RenderError::TemplateLanguage { line: number });
        }
        let kept = render_line(line, values, &mut spec);
        if in_preamble && !is_comment {
            unknown.add(number, kept);
        }
    }
    unknown.refused()?;
    Ok(spec)
}

/// The markers of the preamble without a value.
#[derive(Default)]
struct Unknown {
    /// The line of the first one, counted from 1.
    line: usize,
    names: Vec<String>,
}

impl Unknown {
    fn add(&mut self, line: usize, names: Vec<String>) {
        if self.names.is_empty() {
            self.line = line;
        }
        for name in names {
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
    }

    /// An error that names all of them, so that they can be stated at once.
    fn refused(self) -> Result<(), RenderError> {
        let Unknown { line, names } = self;
        if names.is_empty() { Ok(()) } else { Err(RenderError::ForeignMarkers { line, names }) }
    }
}

/// Appends a line; returns the markers that have no value here and stay in it.
fn render_line(line: &str, values: &Values<'_>, spec: &mut String) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut rest = line;
    while let Some((before, name, after)) = split_at_foreign_marker(rest) {
        spec.push_str(before);
        match value_of(name, values) {
            Some(value) => spec.push_str(&value),
            None => {
                spec.extend(["@", name, "@"]);
                unknown.push(name.to_owned());
            }
        }
        rest = after;
    }
    spec.push_str(rest);
    unknown
}

/// The value of a marker that is configured, or whose meaning is certain.
fn value_of(name: &str, values: &Values<'_>) -> Option<String> {
    if let Some(stated) = values.markers.iter().find(|marker| marker.name == name) {
        return Some(stated.value.clone());
    }
    let part = |index: usize| values.version.split('.').nth(index).map(str::to_owned);
    match name.to_ascii_uppercase().as_str() {
        "VERSION" | "PACKAGE_VERSION" | "PROJECT_VERSION" | "RPM_VERSION" => Some(values.version.to_owned()),
        "PACKAGE" | "PACKAGE_NAME" | "PACKAGE_TARNAME" | "PROJECT_NAME" | "DIST_NAME" => Some(values.name.to_owned()),
        "RELEASE" | "PACKAGE_RELEASE" | "RPM_RELEASE" => Some(values.release.to_string()),
        "PACKAGE_STRING" => Some(format!("{} {}", values.name, values.version)),
        "VERSION_MAJOR" | "MAJOR_VERSION" | "PROJECT_VERSION_MAJOR" => part(0),
        "VERSION_MINOR" | "MINOR_VERSION" | "PROJECT_VERSION_MINOR" => part(1),
        "VERSION_PATCH" | "PATCH_VERSION" | "VERSION_MICRO" | "MICRO_VERSION" | "PROJECT_VERSION_PATCH" => part(2),
        // What a tree between two releases has: the commit, the number of commits, changed files.
        "ALPHATAG" | "NUMCOMM" | "DIRTY" | "PRERELEASE" | "PRERELEASE_VERSION" => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> =
        Values { name: "lago", version: "1.0.4", release: 2, source0: "x", vendor: None, markers: &[], changelog: "" };

    #[test]
    fn markers_with_a_certain_meaning_are_replaced() {
        let template = "# made of @FILE@\nName: @PACKAGE@\nVersion: @version@\nRelease: @RELEASE@%{?dist}\nSource: @PACKAGE_TARNAME@-@PACKAGE_VERSION@.tar.gz\n\
                        %global major @VERSION_MAJOR@\n%build\n./configure --with-x=@X@ # @VERSION@\n";
        let spec = "# made of @FILE@\nName: lago\nVersion: 1.0.4\nRelease: 2%{?dist}\nSource: lago-1.0.4.tar.gz\n\
                    %global major 1\n%build\n./configure --with-x=@X@ # 1.0.4\n";
        assert_eq!(render(template, &VALUES).unwrap(), spec);
    }

    #[test]
    fn other_markers_in_the_preamble_are_refused_by_their_line() {
        let refused = |text: &str| render(text, &VALUES).unwrap_err();
        let markers = |line, names: &[&str]| RenderError::ForeignMarkers {
            line,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let conditions =
            "Name: x\n@SNMP_TRUE@BuildRequires: y\n@SNMP_TRUE@@DBUS_TRUE@Requires: z\n# @X@\n%build\n@Y@\n";
        assert_eq!(refused(conditions), markers(2, &["SNMP_TRUE", "DBUS_TRUE"]));
        assert_eq!(refused("Name: x\n%global d @DATE@\n"), markers(2, &["DATE"]));
        assert_eq!(refused("Name: x\nVersion: {{ version }}\n"), RenderError::TemplateLanguage { line: 2 });
        assert_eq!(refused("Name: x\n%build\n{% if x %}\n"), RenderError::TemplateLanguage { line: 3 });
    }

    #[test]
    fn a_release_has_nothing_of_a_tree_between_releases() {
        let template = "@ALPHATAG@\n@NUMCOMM@\nName: x\nRelease: 0@PRERELEASE_VERSION@%{?dist}\n";
        assert_eq!(render(template, &VALUES).unwrap(), "\n\nName: x\nRelease: 0%{?dist}\n");
    }

    #[test]
    fn configured_values_are_used() {
        let marker = |text: &str| crate::project::config::MarkerValue::try_from(text.to_owned()).unwrap();
        let markers = [marker("X_TRUE="), marker("X_FALSE=#"), marker("PACKAGE=other")];
        let template = "Name: @PACKAGE@\n@X_TRUE@Requires: x\n@X_FALSE@Requires: y\n";
        let spec = render(template, &Values { markers: &markers, ..VALUES }).unwrap();
        assert_eq!(spec, "Name: other\nRequires: x\n#Requires: y\n");
    }

    #[test]
    fn made_entries_of_the_changelog_are_left_out() {
        let template =
            "Name: x\n%changelog\n* @date@ A <a@b> - @version@-1\n- made\n\n* Thu Mar 19 2020 A <a@b> - 1.0-1\n- own\n";
        let spec = "Name: x\n%changelog\n* Thu Mar 19 2020 A <a@b> - 1.0-1\n- own\n";
        assert_eq!(render(template, &VALUES).unwrap(), spec);
    }
}
