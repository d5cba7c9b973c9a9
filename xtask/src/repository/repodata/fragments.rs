//! The elements of one package in the three texts: made from its headers, or cut out of repodata of ours.

use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use memchr::memmem;
use rpmrepo_metadata::{
    Checksum, FilelistsXml, MetadataError, OtherXml, Package, PackageOptions, PackageSource, PrimaryXml, utils,
};

use crate::base::error::{Exit, Failure, program};
use crate::repository::repodata::read;
use crate::repository::repodata::{FOLDER, INDEX, Part};
use crate::rpm::package::PackageFile;

/// The elements of a package, as bytes of XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragments {
    /// Where the package is, relative to the folder of the dist.
    pub href: String,
    pub(super) primary: Element,
    pub(super) filelists: Element,
    pub(super) other: Element,
}

/// An element: the bytes of its own, or where it stands in the text that it was read in. Thousands are taken over for each
/// one that is new, and a copy of each was a tenth of the time.
#[derive(Clone, Debug)]
pub(super) struct Element {
    text: Arc<Vec<u8>>,
    at: Range<usize>,
}

impl From<Vec<u8>> for Element {
    fn from(text: Vec<u8>) -> Element {
        Element { at: 0..text.len(), text: Arc::new(text) }
    }
}

impl Deref for Element {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.text[self.at.clone()]
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Element) -> bool {
        **self == **other
    }
}

impl Eq for Element {}

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
                primary: primary.into_inner().into(),
                filelists: filelists.into_inner().into(),
                other: other.into_inner().into(),
            })
        };
        made().with_context(|| format!("cannot describe `{}` in repodata", package.path.display()))
    }
}

/// The packages of repodata that this program wrote, from the folder of a dist; the digest of every file is checked.
pub fn load(dist_folder: &Path) -> Result<Vec<Fragments>> {
    let index = dist_folder.join(FOLDER).join(INDEX);
    let strange = |why: &str| {
        Failure::new(Exit::Failed, format!("`{}` cannot be taken over: {why}", index.display()))
            .help(format!("see what is wrong: `{} verify`", program()))
    };
    let mut texts = read::open_texts(dist_folder, split)?;
    let mut elements = |part: Part| {
        let found = texts.iter_mut().find(|(name, _)| name == part.name());
        found
            .map(|(_, elements)| std::mem::take(elements))
            .ok_or_else(|| strange(&format!("it names no {}", part.name())))
    };
    let primary = elements(Part::Primary)?;
    let (filelists, other) = (elements(Part::Filelists)?, elements(Part::Other)?);
    if filelists.len() != primary.len() || other.len() != primary.len() {
        return Err(strange("its texts have different numbers of packages").into());
    }
    let marks = ["pkgid=\"", "pkgid=\"YES\">", "<location href=\""].map(memmem::Finder::new);
    let [id_in_others, id_in_primary, href_in_primary] = &marks;
    let mut packages = Vec::with_capacity(primary.len());
    for ((primary, filelists), other) in primary.into_iter().zip(filelists).zip(other) {
        let id = value(&filelists, id_in_others).ok_or_else(|| strange("a package has no id"))?;
        let same = value(&other, id_in_others) == Some(id) && value(&primary, id_in_primary) == Some(id);
        let href = value(&primary, href_in_primary).filter(|href| same && !href.contains(&b'&'));
        let href = href.and_then(|href| String::from_utf8(href.to_vec()).ok());
        let href = href.ok_or_else(|| strange("its texts do not have the packages in one order"))?;
        packages.push(Fragments { href, primary, filelists, other });
    }
    Ok(packages)
}

/// The `<package>` elements of a text. In a text of XML no `<` stands for itself, so that their ends are found.
fn split(text: Vec<u8>) -> Vec<Element> {
    const END: &[u8] = b"</package>";
    let text = Arc::new(text);
    let mut elements = Vec::new();
    let mut from = 0;
    let (start_of, end_of) = (memmem::Finder::new("<package "), memmem::Finder::new(END));
    while let Some(start) = start_of.find(&text[from..]) {
        let start = from + start;
        let Some(length) = end_of.find(&text[start..]) else { break };
        from = start + length + END.len();
        elements.push(Element { text: Arc::clone(&text), at: start..from });
    }
    elements
}

/// What follows a mark, as far as the end of an attribute or the next element.
fn value<'a>(element: &'a [u8], mark: &memmem::Finder<'_>) -> Option<&'a [u8]> {
    let rest = &element[mark.find(element)? + mark.needle().len()..];
    rest.split(|&byte| byte == b'"' || byte == b'<').next()
}
