//! The elements of one package in the three texts: made from its headers, or cut out of repodata of ours.

use std::path::Path;

use anyhow::{Context, Result};
use rpmrepo_metadata::{
    Checksum, FilelistsXml, MetadataError, OtherXml, Package, PackageOptions, PackageSource, PrimaryXml, utils,
};

use super::{FOLDER, INDEX, Part, read};
use crate::error::{Exit, Failure, program};
use crate::rpm::package::PackageFile;

/// The elements of a package, as bytes of XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragments {
    /// Where the package is, relative to the folder of the dist.
    pub href: String,
    pub(super) primary: Vec<u8>,
    pub(super) filelists: Vec<u8>,
    pub(super) other: Vec<u8>,
}

impl Fragments {
    /// Of a package that will be at `href`, with the file date `timestamp` (seconds since 1970).
    ///
    /// They say what createrepo_c's say, with two differences from its 0.17. What a scriptlet of the whole transaction
    /// requires is marked `pre` like that of any other, as later versions of it do. A control character, which no text of
    /// XML can hold, is replaced; createrepo_c leaves the package out, with a warning.
    ///
    /// Errors: headers that repodata cannot express, such as text that is no XML.
    pub fn of(package: &PackageFile, href: &str, timestamp: i64) -> Result<Fragments> {
        let made = || -> Result<Fragments, MetadataError> {
            let source = PackageSource {
                checksum: Some(Checksum::Sha256(package.digest.to_string())),
                size_package: Some(package.size),
                time_file: u64::try_from(timestamp).unwrap_or(0),
                location_href: href.to_owned(),
                location_base: None,
            };
            let described = Package::from_package_metadata(&package.metadata, source, PackageOptions::default())?;
            let mut primary = PrimaryXml::new_writer(utils::create_xml_writer(Vec::new()));
            primary.write_package(&described)?;
            let mut filelists = FilelistsXml::new_writer(utils::create_xml_writer(Vec::new()));
            filelists.write_package(&described)?;
            let mut other = OtherXml::new_writer(utils::create_xml_writer(Vec::new()));
            other.write_package(&described)?;
            Ok(Fragments {
                href: href.to_owned(),
                primary: primary.into_inner(),
                filelists: filelists.into_inner(),
                other: other.into_inner(),
            })
        };
        made().with_context(|| format!("cannot describe `{}` in repodata", package.path.display()))
    }
}

/// The packages of repodata that this program wrote, from the folder of a dist; every digest is checked.
pub fn load(dist_folder: &Path) -> Result<Vec<Fragments>> {
    let index = dist_folder.join(FOLDER).join(INDEX);
    let strange = |why: &str| {
        Failure::new(Exit::Failed, format!("`{}` cannot be taken over: {why}", index.display()))
            .help(format!("see what is wrong: `{} verify`", program()))
    };
    let texts = read::open_texts(dist_folder)?;
    let text = |part: Part| {
        let found = texts.iter().find(|(name, _)| name == part.name());
        found.map(|(_, text)| text.as_slice()).ok_or_else(|| strange(&format!("it names no {}", part.name())))
    };
    let primary = split(text(Part::Primary)?);
    let (filelists, other) = (split(text(Part::Filelists)?), split(text(Part::Other)?));
    if filelists.len() != primary.len() || other.len() != primary.len() {
        return Err(strange("its texts have different numbers of packages").into());
    }
    let mut packages = Vec::with_capacity(primary.len());
    for ((primary, filelists), other) in primary.into_iter().zip(filelists).zip(other) {
        let id = attribute(filelists, "pkgid=\"").ok_or_else(|| strange("a package has no id"))?;
        let same = attribute(other, "pkgid=\"") == Some(id) && contains(primary, id);
        let href = attribute(primary, "<location href=\"").filter(|href| same && !href.contains(&b'&'));
        let href = href.and_then(|href| String::from_utf8(href.to_vec()).ok());
        let href = href.ok_or_else(|| strange("its texts do not have the packages in one order"))?;
        let (primary, filelists, other) = (primary.to_vec(), filelists.to_vec(), other.to_vec());
        packages.push(Fragments { href, primary, filelists, other });
    }
    Ok(packages)
}

/// The `<package>` elements of a text. In a text of XML no `<` stands for itself, so that their ends are found.
fn split(text: &[u8]) -> Vec<&[u8]> {
    const START: &[u8] = b"<package ";
    const END: &[u8] = b"</package>";
    let mut elements = Vec::new();
    let mut rest = text;
    while let Some(start) = find(rest, START) {
        let Some(length) = find(&rest[start..], END) else { break };
        let end = start + length + END.len();
        elements.push(&rest[start..end]);
        rest = &rest[end..];
    }
    elements
}

fn attribute<'a>(element: &'a [u8], start: &str) -> Option<&'a [u8]> {
    let rest = &element[find(element, start.as_bytes())? + start.len()..];
    rest.split(|&byte| byte == b'"').next()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    find(text, part).is_some()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|&byte| byte == first) {
        if text[from + at..].starts_with(part) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
