//! The XML elements of one package: made from its headers, or cut out of repodata that `releng` wrote.

use std::ops::{Deref, Range};
use std::sync::Arc;

use anyhow::Result;
use memchr::memmem;

use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::repository::repodata::elements::PackageElements;
use crate::repository::repodata::read;
use crate::repository::repodata::{FOLDER, INDEX, MetadataKind};
use crate::rpm::package::PackageFile;

/// The elements of a package, as bytes of XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragments {
    /// The path of the package, relative to the folder of the dist.
    pub href: String,
    pub(super) primary: Element,
    pub(super) filelists: Element,
    pub(super) other: Element,
}

/// The bytes of an element, or its range in the file that was read. Each new revision takes over thousands of elements; copying
/// them took 10 % of the time.
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
    /// Describes a package that will be at `href`, with the file date `timestamp` (seconds since 1970).
    pub fn of(package: &PackageFile, href: &str, timestamp: i64) -> Fragments {
        let PackageElements { primary, filelists, other } = PackageElements::of(package, href, timestamp);
        Fragments { href: href.to_owned(), primary: primary.into(), filelists: filelists.into(), other: other.into() }
    }
}

/// Reads the packages of repodata that `releng` wrote, in the folder of a dist, and checks the digest of every file.
pub fn load(dist_folder: &TreePath) -> Result<Vec<Fragments>> {
    let index = dist_folder.join(FOLDER).join(INDEX);
    let unusable = |why: &str| Failure::new(Exit::Failed, format!("`{index}` cannot be reused: {why}"));
    let mut texts = read::open_texts(dist_folder, split)?;
    let mut elements = |kind: MetadataKind| match texts.iter_mut().find(|text| text.kind == kind.name()) {
        Some(text) => Ok(std::mem::take(&mut text.content)),
        None => Err(unusable(&format!("it does not list a file `{}`", kind.name()))),
    };
    let primary = elements(MetadataKind::Primary)?;
    let (filelists, other) = (elements(MetadataKind::Filelists)?, elements(MetadataKind::Other)?);
    if filelists.len() != primary.len() || other.len() != primary.len() {
        return Err(unusable("its files have different numbers of packages").into());
    }
    let marks = ["pkgid=\"", "pkgid=\"YES\">", "<location href=\""].map(memmem::Finder::new);
    let [id_in_others, id_in_primary, href_in_primary] = &marks;
    let mut packages = Vec::with_capacity(primary.len());
    for ((primary, filelists), other) in primary.into_iter().zip(filelists).zip(other) {
        let id = value(&filelists, id_in_others).ok_or_else(|| unusable("a package has no id"))?;
        let is_same = value(&other, id_in_others) == Some(id) && value(&primary, id_in_primary) == Some(id);
        match value(&primary, href_in_primary).map(|href| String::from_utf8(href.to_vec())) {
            Some(Ok(href)) if is_same && !href.contains('&') => {
                packages.push(Fragments { href, primary, filelists, other });
            }
            _ => return Err(unusable("its files do not list the packages in the same order").into()),
        }
    }
    Ok(packages)
}

/// The `<package>` elements of a file. XML escapes every other `<`, so that the end tags are found by a search.
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

/// The text after a mark, up to the end of the attribute or the next element.
fn value<'a>(element: &'a [u8], mark: &memmem::Finder<'_>) -> Option<&'a [u8]> {
    let rest = &element[mark.find(element)? + mark.needle().len()..];
    rest.split(|&byte| byte == b'"' || byte == b'<').next()
}
