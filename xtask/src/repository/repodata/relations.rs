//! Reads from the elements of packages what they provide, require, obsolete and contain.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use memchr::memmem;

use crate::repository::repodata::Fragments;
use crate::repository::repodata::xml_reader::{StartTag, XmlFault, XmlPart, XmlReader};
use crate::rpm::capability::{Capability, VersionRange, VersionSense};
use crate::rpm::requirement::Requirement;

/// What dnf knows about a package when it resolves dependencies. Conflicts and weak dependencies are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRelations {
    pub arch: String,
    /// The name, with the own version as an exact range.
    pub own: Capability,
    pub provides: Vec<Capability>,
    pub requires: Vec<Requirement>,
    pub obsoletes: Vec<Capability>,
    /// The paths that a package in question requires, of those that the package contains.
    pub files: BTreeSet<String>,
}

impl PackageRelations {
    /// The full name, such as `lago-1.0.4-1.el9.noarch`.
    pub fn nevra(&self) -> String {
        let Capability { name, range } = &self.own;
        let evr = range.as_ref().map_or(String::new(), |VersionRange { epoch, version, release, .. }| {
            let epoch = if epoch.is_empty() { String::new() } else { format!("{epoch}:") };
            format!("-{epoch}{version}-{release}")
        });
        format!("{name}{evr}.{}", self.arch)
    }
}

/// The relations of packages, in their order.
pub fn relations(packages: &[&Fragments]) -> Result<Vec<PackageRelations>> {
    let in_package = |package: &Fragments| format!("cannot read what the repodata says about `{}`", package.href);
    let mut all = Vec::with_capacity(packages.len());
    for package in packages {
        all.push(read_package(&package.primary).with_context(|| in_package(package))?);
    }
    let required = all.iter().flat_map(|package| &package.requires).flat_map(Requirement::capabilities);
    let wanted: BTreeSet<String> =
        required.map(|capability| &capability.name).filter(|name| name.starts_with('/')).cloned().collect();
    for (relations, package) in all.iter_mut().zip(packages) {
        relations.files = files_of(package, &wanted).with_context(|| in_package(package))?;
    }
    Ok(all)
}

/// The wanted paths that a package contains. Few packages have any, so that their text is searched before it is parsed.
fn files_of(package: &Fragments, wanted: &BTreeSet<String>) -> Result<BTreeSet<String>, XmlFault> {
    let is_escaped = |path: &str| path.contains(['&', '<', '>', '"', '\'']);
    let may_have =
        |path: &String| is_escaped(path) || memmem::find(&package.filelists, format!(">{path}<").as_bytes()).is_some();
    let mut found = BTreeSet::new();
    if !wanted.iter().any(may_have) {
        return Ok(found);
    }
    let mut reader = XmlReader::new(&package.filelists)?;
    while let Some(part) = reader.next_part()? {
        if matches!(&part, XmlPart::Start(tag) if tag.name == "file") {
            let path = reader.text_of_element()?;
            if wanted.contains(&path) {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

/// Reads the element of a package in the file `primary`.
fn read_package(element: &[u8]) -> Result<PackageRelations, XmlFault> {
    let mut reader = XmlReader::new(element)?;
    let own = Capability { name: String::new(), range: None };
    let (arch, provides, requires, obsoletes, files) = Default::default();
    let mut package = PackageRelations { arch, own, provides, requires, obsoletes, files };
    while let Some(part) = reader.next_part()? {
        let XmlPart::Start(tag) = part else { continue };
        match (reader.open(), tag.name) {
            (["package", "name"], _) => package.own.name = reader.text_of_element()?,
            (["package", "arch"], _) => package.arch = reader.text_of_element()?,
            (["package", "version"], _) => package.own.range = Some(range(VersionSense::Equal, &tag)),
            (["package", "format", "rpm:provides", _], "rpm:entry") => package.provides.push(capability(&tag)),
            (["package", "format", "rpm:requires", _], "rpm:entry") => package.requires.extend(requirement(&tag)),
            (["package", "format", "rpm:obsoletes", _], "rpm:entry") => package.obsoletes.push(capability(&tag)),
            _ => {}
        }
    }
    Ok(package)
}

/// rpm refuses to install a package with a boolean dependency that it cannot parse, so that `None` is no loss.
fn requirement(entry: &StartTag<'_>) -> Option<Requirement> {
    let required = capability(entry);
    if required.name.starts_with('(') {
        Requirement::parse_boolean(&required.name)
    } else {
        Some(Requirement::one(required))
    }
}

fn capability(entry: &StartTag<'_>) -> Capability {
    let sense = match entry.attribute("flags").as_deref() {
        Some("LT") => Some(VersionSense::Less),
        Some("LE") => Some(VersionSense::LessOrEqual),
        Some("EQ") => Some(VersionSense::Equal),
        Some("GE") => Some(VersionSense::GreaterOrEqual),
        Some("GT") => Some(VersionSense::Greater),
        _ => None,
    };
    let name = entry.attribute("name").unwrap_or_default().into_owned();
    Capability { name, range: sense.map(|sense| range(sense, entry)) }
}

fn range(sense: VersionSense, tag: &StartTag<'_>) -> VersionRange {
    let [epoch, version, release] = ["epoch", "ver", "rel"].map(|name| tag.attribute(name).unwrap_or_default());
    VersionRange::new(sense, [&epoch, &version, &release])
}
