//! Sets version, release and source in the preamble of a spec. Everything else stays as it is.

use std::collections::BTreeSet;

use crate::project::spec_macros::{definition, single_macro};
use crate::project::spec_text::{begins_section, replace_value, tag_value};
use crate::rpm::render::error::RenderError;
use crate::rpm::render::source_line;
use crate::rpm::render::values::{RenderedSpec, Values};

/// Renders a spec without markers, or whose markers are replaced.
pub fn render(spec: &str, values: &Values<'_>) -> Result<RenderedSpec, RenderError> {
    let mut lines: Vec<String> = spec.split_inclusive('\n').map(str::to_owned).collect();
    let end = lines.iter().position(|line| begins_section(line)).unwrap_or(lines.len());
    let (preamble, body) = lines.split_at_mut(end);
    set_version(preamble, values.version)?;
    set_release(preamble, values.release)?;
    let notes = source_line::set(preamble, body, values);
    Ok(RenderedSpec { text: lines.concat(), notes })
}

/// Sets the value of `Version:`. Where the value is a macro of the spec, its definition gets the version, because other lines may use it
/// too; where it is made of a macro for each number, each of them.
fn set_version(preamble: &mut [String], version: &str) -> Result<(), RenderError> {
    let mut has_version = false;
    for index in 0..preamble.len() {
        let Some(value) = value_of(&preamble[index], "Version") else { continue };
        has_version = true;
        let numbers = macros_of_numbers(&value).filter(|names| {
            names.len() == version.split('.').count() && names.iter().all(|name| is_defined(preamble, name))
        });
        if single_macro(&value).is_some_and(|name| set_macro(preamble, name, version, &mut BTreeSet::new())) {
            continue;
        }
        match numbers {
            Some(names) => {
                for (name, number) in names.iter().zip(version.split('.')) {
                    set_macro(preamble, name, number, &mut BTreeSet::new());
                }
            }
            None => replace_value(&mut preamble[index], &value, version),
        }
    }
    if has_version { Ok(()) } else { Err(RenderError::NoVersion) }
}

/// The names of the macros in a value such as `%{major}.%{minor}.%{patch}`; `None` if it has anything else.
fn macros_of_numbers(value: &str) -> Option<Vec<String>> {
    value.split('.').map(|part| single_macro(part).map(str::to_owned)).collect()
}

fn is_defined(preamble: &[String], name: &str) -> bool {
    preamble.iter().any(|line| definition(line).is_some_and(|found| found.name == name))
}

/// Sets the value of a macro in all its definitions; where that is another macro of the spec, the value of that one. Returns whether
/// the spec defines it.
fn set_macro(preamble: &mut [String], name: &str, value: &str, seen: &mut BTreeSet<String>) -> bool {
    if !seen.insert(name.to_owned()) {
        return false;
    }
    let mut is_set = false;
    for index in 0..preamble.len() {
        let Some(found) = definition(&preamble[index]).filter(|found| found.name == name) else { continue };
        let (start, old) = (found.start, found.value.to_owned());
        if old.ends_with('\\') {
            continue; // the value goes on in the next line
        }
        is_set = true;
        if !single_macro(&old).is_some_and(|inner| set_macro(preamble, inner, value, seen)) {
            preamble[index].replace_range(start..start + old.len(), value);
        }
    }
    is_set
}

/// Sets the number of `Release:`; everything behind it stays. `%autorelease` becomes the number.
fn set_release(preamble: &mut [String], release: u32) -> Result<(), RenderError> {
    let mut is_set = release == 1;
    for index in 0..preamble.len() {
        let Some(value) = value_of(&preamble[index], "Release") else { continue };
        let number = release.to_string();
        if let Some(rest) = behind_autorelease(&value) {
            replace_value(&mut preamble[index], &value, &format!("{number}%{{?dist}}{rest}"));
            is_set = true;
        } else if !number_of(&value).is_empty() {
            replace_value(&mut preamble[index], number_of(&value), &number);
            is_set = true;
        } else {
            is_set |= set_release_macro(preamble, &value, &number);
        }
    }
    if is_set { Ok(()) } else { Err(RenderError::NoRelease) }
}

/// Sets the number in the definition of the macro at the start of a release, such as `%{baserelease}%{?dist}`.
fn set_release_macro(preamble: &mut [String], value: &str, number: &str) -> bool {
    let end = value.find('}').map_or(value.len(), |end| end + 1);
    let Some(name) = single_macro(&value[..end]) else { return false };
    let mut is_set = false;
    for line in preamble.iter_mut() {
        let Some(found) = definition(line).filter(|found| found.name == name) else { continue };
        let (start, length) = (found.start, number_of(found.value).len());
        if length > 0 {
            line.replace_range(start..start + length, number);
            is_set = true;
        }
    }
    is_set
}

/// The text behind `%autorelease` with its options.
fn behind_autorelease(value: &str) -> Option<&str> {
    if let Some(rest) = value.strip_prefix("%autorelease") {
        // The options go to the end of the line.
        return (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some("");
    }
    let rest = value.strip_prefix("%{autorelease").or_else(|| value.strip_prefix("%{?autorelease"))?;
    rest.split_once('}').map(|(_, behind)| behind)
}

/// The number at the start of a release: `1` of `1%{?dist}`, `0.1` of `0.1.rc1`.
fn number_of(release: &str) -> &str {
    let end = release.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(release.len());
    let number = release[..end].trim_end_matches('.');
    if number.starts_with('.') { "" } else { number }
}

/// The value of a tag on a line of the preamble.
fn value_of(line: &str, tag: &str) -> Option<String> {
    tag_value(line, tag).map(|value| value.trim_end().to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(release: u32) -> Values<'static> {
        Values {
            name: "lago",
            version: "1.0.4",
            release,
            source0: "lago-1.0.4.tar.gz",
            vendor: None,
            markers: &[],
            changelog: "",
        }
    }

    /// Renders the lines of a preamble; the source is one that stays.
    #[track_caller]
    fn check(release: u32, spec: &str, rendered: &str) {
        let source = "Source0: lago-1.0.4.tar.gz\n%prep\n";
        let found = render(&format!("{spec}{source}"), &values(release)).unwrap();
        assert_eq!(found, RenderedSpec { text: format!("{rendered}{source}"), notes: Vec::new() });
    }

    #[test]
    fn the_version_is_set_where_it_is_stated() {
        for (spec, rendered) in [
            ("Version:\t0.9 \n", "Version:\t1.0.4 \n"),
            ("version : 0\n", "version : 1.0.4\n"),
            ("%global ver 0.9\nVersion: %{ver}\n", "%global ver 1.0.4\nVersion: %{ver}\n"),
            ("%define a 0.9\n%global b %{a}\nVersion: %b\n", "%define a 1.0.4\n%global b %{a}\nVersion: %b\n"),
            ("%{!?ver:%global ver 0.9}\nVersion: %{?ver}\n", "%{!?ver:%global ver 1.0.4}\nVersion: %{?ver}\n"),
            (
                "%if %{defined git}\n%define v %{?git}\n%else\n%define v 2\n%endif\nVersion: %{v}\n",
                "%if %{defined git}\n%define v 1.0.4\n%else\n%define v 1.0.4\n%endif\nVersion: %{v}\n",
            ),
            (
                "%global x 5\n%global y 4\n%global z 3\nVersion: %{x}.%{y}.%{z}\n",
                "%global x 1\n%global y 0\n%global z 4\nVersion: %{x}.%{y}.%{z}\n",
            ),
            ("%global x 5\n%global y 4\nVersion: %{x}.%{y}\n", "%global x 5\n%global y 4\nVersion: 1.0.4\n"),
            ("Version: %{_version}\n", "Version: 1.0.4\n"),
            ("Version: 1%{?git:.%{git}}\n", "Version: 1.0.4\n"),
            ("%global v %{v}\nVersion: %{v}\n", "%global v 1.0.4\nVersion: %{v}\n"),
        ] {
            check(1, spec, rendered);
        }
        assert_eq!(render("Name: x\n%description\nVersion: 1\n", &values(1)), Err(RenderError::NoVersion));
    }

    #[test]
    fn the_number_of_the_release_is_set_and_the_rest_stays() {
        for (release, spec, rendered) in [
            (1, "4%{?dist}", "1%{?dist}"),
            (3, "1%{?dist}.beta2", "3%{?dist}.beta2"),
            (1, "0", "1"),
            (2, "0.1.rc1%{?dist}", "2.rc1%{?dist}"),
            (2, "%autorelease", "2%{?dist}"),
            (1, "%autorelease -b 4", "1%{?dist}"),
            (1, "%{autorelease -n}.x", "1%{?dist}.x"),
            (1, "%{?rel}%{!?rel:1}", "%{?rel}%{!?rel:1}"),
        ] {
            check(
                release,
                &format!("Version: 1\nRelease: {spec}\n"),
                &format!("Version: 1.0.4\nRelease: {rendered}\n"),
            );
        }
        let by_macro = "%global base 7.1\nVersion: 1\nRelease: %{base}%{?dist}\n";
        check(2, by_macro, "%global base 2\nVersion: 1.0.4\nRelease: %{base}%{?dist}\n");
        assert_eq!(render("Version: 1\nRelease: %{x}\n", &values(2)), Err(RenderError::NoRelease));
    }
}
