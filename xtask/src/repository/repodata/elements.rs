//! Writes the three XML elements of a package, in the form of createrepo_c 0.17.
//!
//! They differ from createrepo_c's in four ways, on purpose:
//!
//! * A control character, which XML does not allow, is replaced. createrepo_c leaves out the whole package.
//! * The requirements of transaction scriptlets are marked `pre`, as in later versions of createrepo_c.
//! * Files are listed also if the header has no digests of files.
//! * The size of the payload of a package of format 6 is read from its header. createrepo_c with rpm before 6 writes 0.

use crate::repository::repodata::describe::{
    DescribedDependencies, DescribedDependency, describe_dependencies, is_primary,
};
use crate::repository::repodata::xml::{
    push_attribute, push_element, push_end, push_indent, push_long_text, push_text,
};
use crate::rpm::header::blob::PackageHeader;
use crate::rpm::header::contents::ListedPath;
use crate::rpm::header::tag::{HeaderTag, signature};
use crate::rpm::package::PackageFile;

/// The limit of createrepo_c for the entries of a changelog.
const MOST_CHANGES: usize = 10;

/// The elements of a package for the three files.
pub struct PackageElements {
    pub primary: Vec<u8>,
    pub filelists: Vec<u8>,
    pub other: Vec<u8>,
}

impl PackageElements {
    /// Describes a package that will be at `href`, with the file date `timestamp` (seconds since 1970).
    pub fn of(package: &PackageFile, href: &str, timestamp: i64) -> PackageElements {
        let paths = package.head.header.paths();
        PackageElements {
            primary: primary(package, &paths, href, timestamp),
            filelists: filelists(package, &paths),
            other: other(package),
        }
    }
}

fn primary(package: &PackageFile, paths: &[ListedPath<'_>], href: &str, timestamp: i64) -> Vec<u8> {
    let (header, mut out) = (&package.head.header, Vec::with_capacity(4096));
    let text = |tag| header.text(tag).unwrap_or_default();
    out.extend_from_slice(b"<package type=\"rpm\">");
    push_element(&mut out, 1, "name", text(HeaderTag::NAME));
    push_element(&mut out, 1, "arch", arch(package).as_bytes());
    push_version(&mut out, package);
    push_indent(&mut out, 1);
    out.extend_from_slice(b"<checksum type=\"sha256\" pkgid=\"YES\">");
    push_text(&mut out, package.digest.to_string().as_bytes());
    push_end(&mut out, "checksum");
    push_element(&mut out, 1, "summary", text(HeaderTag::SUMMARY));
    push_element(&mut out, 1, "description", text(HeaderTag::DESCRIPTION));
    push_element(&mut out, 1, "packager", text(HeaderTag::PACKAGER));
    push_element(&mut out, 1, "url", text(HeaderTag::URL));
    push_numbers(&mut out, 1, "time", [("file", timestamp.max(0).cast_unsigned()), ("build", package.build_time())]);
    let sizes = [("package", package.size), ("installed", installed_size(header)), ("archive", archive_size(package))];
    push_numbers(&mut out, 1, "size", sizes);
    push_indent(&mut out, 1);
    out.extend_from_slice(b"<location");
    push_attribute(&mut out, "href", href.as_bytes());
    out.extend_from_slice(b"/>");
    push_indent(&mut out, 1);
    out.extend_from_slice(b"<format>");
    for (name, tag) in [
        ("rpm:license", HeaderTag::LICENSE),
        ("rpm:vendor", HeaderTag::VENDOR),
        ("rpm:group", HeaderTag::GROUP),
        ("rpm:buildhost", HeaderTag::BUILDHOST),
        ("rpm:sourcerpm", HeaderTag::SOURCERPM),
    ] {
        push_element(&mut out, 2, name, text(tag));
    }
    let start = package.head.before_header.len() as u64;
    let range = [("start", start), ("end", start + header.bytes().len() as u64)];
    push_numbers(&mut out, 2, "rpm:header-range", range);
    push_dependencies(&mut out, &describe_dependencies(header, paths));
    for path in paths {
        push_path(&mut out, 2, path, is_primary);
    }
    push_indent(&mut out, 1);
    push_end(&mut out, "format");
    push_package_end(&mut out);
    out
}

fn filelists(package: &PackageFile, paths: &[ListedPath<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + 64 * paths.len());
    push_package_start(&mut out, package);
    for path in paths {
        push_path(&mut out, 1, path, |_| true);
    }
    push_package_end(&mut out);
    out
}

fn other(package: &PackageFile) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    push_package_start(&mut out, package);
    let changes: Vec<_> = package.head.header.changelog().take(MOST_CHANGES).collect();
    let mut times: Vec<u64> = changes.iter().map(|change| change.time).collect();
    part_times(&mut times);
    for (change, time) in changes.iter().zip(times).rev() {
        push_indent(&mut out, 1);
        out.extend_from_slice(b"<changelog");
        push_attribute(&mut out, "author", without_blanks(change.author));
        push_attribute(&mut out, "date", time.to_string().as_bytes());
        out.push(b'>');
        push_long_text(&mut out, change.text);
        push_end(&mut out, "changelog");
    }
    push_package_end(&mut out);
    out
}

/// Gives entries of one time different ones, as createrepo_c does: readers sort by it. Each older entry of the same time moves
/// the newer ones on by a second.
fn part_times(times: &mut [u64]) {
    let mut last = 0;
    for index in 0..times.len() {
        let time = times[index];
        if time != last {
            last = time;
            continue;
        }
        for (newer, taken) in times[..index].iter_mut().rev().zip(time..) {
            if *newer != taken {
                break;
            }
            *newer += 1;
        }
    }
}

/// An author without blanks at the end; of blanks alone, one is left.
fn without_blanks(author: &[u8]) -> &[u8] {
    let end = author.iter().rposition(|byte| *byte != b' ').unwrap_or(0);
    author.get(..=end).unwrap_or_default()
}

/// createrepo_c does not tell source packages without all sources from others.
fn arch(package: &PackageFile) -> &str {
    if package.is_source() { "src" } else { package.nevra.arch() }
}

fn installed_size(header: &PackageHeader) -> u64 {
    header.number(HeaderTag::LONGSIZE).or_else(|| header.number(HeaderTag::SIZE)).unwrap_or(0)
}

/// The size of the payload before compression, which each age of rpm keeps in another tag.
fn archive_size(package: &PackageFile) -> u64 {
    let (signatures, header) = (&package.head.signature, &package.head.header);
    let mut stated = [
        (signatures, HeaderTag::LONGARCHIVESIZE),
        (signatures, signature::PAYLOADSIZE),
        (header, HeaderTag::ARCHIVESIZE),
        (header, HeaderTag::PAYLOADSIZEALT),
    ]
    .into_iter();
    stated.find_map(|(header, tag)| header.number(tag)).unwrap_or(0)
}

fn push_package_start(out: &mut Vec<u8>, package: &PackageFile) {
    out.extend_from_slice(b"<package");
    push_attribute(out, "pkgid", package.digest.to_string().as_bytes());
    push_attribute(out, "name", package.nevra.name().as_bytes());
    push_attribute(out, "arch", arch(package).as_bytes());
    out.push(b'>');
    push_version(out, package);
}

fn push_package_end(out: &mut Vec<u8>) {
    push_indent(out, 0);
    push_end(out, "package");
}

fn push_version(out: &mut Vec<u8>, package: &PackageFile) {
    push_indent(out, 1);
    out.extend_from_slice(b"<version");
    push_attribute(out, "epoch", package.nevra.epoch().to_string().as_bytes());
    push_attribute(out, "ver", package.nevra.version().as_bytes());
    push_attribute(out, "rel", package.nevra.release().as_bytes());
    out.extend_from_slice(b"/>");
}

/// Appends an element that has numbers as attributes only.
fn push_numbers<const N: usize>(out: &mut Vec<u8>, depth: usize, name: &str, numbers: [(&str, u64); N]) {
    push_indent(out, depth);
    out.push(b'<');
    out.extend_from_slice(name.as_bytes());
    for (name, number) in numbers {
        push_attribute(out, name, number.to_string().as_bytes());
    }
    out.extend_from_slice(b"/>");
}

fn push_dependencies(out: &mut Vec<u8>, described: &DescribedDependencies<'_>) {
    for (name, dependencies) in [
        ("rpm:provides", &described.provides),
        ("rpm:requires", &described.requires),
        ("rpm:conflicts", &described.conflicts),
        ("rpm:obsoletes", &described.obsoletes),
        ("rpm:suggests", &described.suggests),
        ("rpm:enhances", &described.enhances),
        ("rpm:recommends", &described.recommends),
        ("rpm:supplements", &described.supplements),
    ] {
        if dependencies.is_empty() {
            continue;
        }
        push_indent(out, 2);
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        out.push(b'>');
        for dependency in dependencies.iter().filter(|dependency| !dependency.name.is_empty()) {
            push_dependency(out, dependency);
        }
        push_indent(out, 2);
        push_end(out, name);
    }
}

fn push_dependency(out: &mut Vec<u8>, dependency: &DescribedDependency<'_>) {
    push_indent(out, 3);
    out.extend_from_slice(b"<rpm:entry");
    push_attribute(out, "name", dependency.name);
    // A version without an operator says nothing.
    if !dependency.operator.is_empty() {
        push_attribute(out, "flags", dependency.operator.as_bytes());
        let parts = [("epoch", dependency.epoch), ("ver", dependency.version), ("rel", dependency.release)];
        for (name, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            push_attribute(out, name, part);
        }
    }
    if dependency.is_pre {
        push_attribute(out, "pre", b"1");
    }
    out.extend_from_slice(b"/>");
}

/// Appends a file, folder or link if its path `is_listed`.
fn push_path(out: &mut Vec<u8>, depth: usize, listed: &ListedPath<'_>, is_listed: impl Fn(&[u8]) -> bool) {
    let path = listed.path();
    if !is_listed(&path) {
        return;
    }
    push_indent(out, depth);
    out.extend_from_slice(b"<file");
    if listed.is_folder() {
        push_attribute(out, "type", b"dir");
    } else if listed.is_ghost() {
        push_attribute(out, "type", b"ghost");
    }
    out.push(b'>');
    push_text(out, &path);
    push_end(out, "file");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_time_get_different_ones() {
        for (mut times, expected) in [
            (vec![30, 20, 10], vec![30, 20, 10]),
            (vec![20, 20, 20, 10], vec![22, 21, 20, 10]),
            (vec![21, 20, 20], vec![22, 21, 20]),
            (vec![], vec![]),
        ] {
            part_times(&mut times);
            assert_eq!(times, expected);
        }
    }

    #[test]
    fn authors_end_without_blanks() {
        for (author, expected) in [("Ada  ", "Ada"), (" Ada", " Ada"), ("  ", " "), ("", "")] {
            assert_eq!(without_blanks(author.as_bytes()), expected.as_bytes());
        }
    }
}
