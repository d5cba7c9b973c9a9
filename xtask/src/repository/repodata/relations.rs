//! Reads from the elements of packages what they provide, require, obsolete and contain.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use memchr::memmem;
use rpmrepo_metadata::visitor::{self, RequirementData};
use rpmrepo_metadata::{FileType, FilelistsVisitor, PrimaryVisitor, utils};

use crate::repository::repodata::{Fragments, MetadataKind};
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
    let mut reader = RelationsReader::default();
    parse(MetadataKind::Primary, packages, |text| {
        visitor::parse_primary(&mut utils::create_xml_reader(text), &mut reader).map(drop)
    })?;
    let mut all = reader.packages;
    let required = all.iter().flat_map(|package| &package.requires).flat_map(Requirement::capabilities);
    let wanted: BTreeSet<String> =
        required.map(|capability| &capability.name).filter(|name| name.starts_with('/')).cloned().collect();
    anyhow::ensure!(all.len() == packages.len(), "the repodata has {} packages, not {}", all.len(), packages.len());
    for (package, fragments) in all.iter_mut().zip(packages) {
        package.files = files_of(fragments, &wanted)?;
    }
    Ok(all)
}

/// The wanted paths that a package contains. Few packages have any, so that their text is searched before it is parsed.
fn files_of(package: &Fragments, wanted: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let is_escaped = |path: &str| path.contains(['&', '<', '>', '"', '\'']);
    let may_have =
        |path: &String| is_escaped(path) || memmem::find(&package.filelists, format!(">{path}<").as_bytes()).is_some();
    let mut reader = FilesReader { wanted, found: BTreeSet::new() };
    if wanted.iter().any(may_have) {
        parse(MetadataKind::Filelists, &[package], |text| {
            visitor::parse_filelists(&mut utils::create_xml_reader(text), &mut reader).map(drop)
        })?;
    }
    Ok(reader.found)
}

/// Writes a file of repodata with these packages, and passes it to a parser of whole files.
fn parse<E>(kind: MetadataKind, packages: &[&Fragments], read: impl FnOnce(&[u8]) -> Result<(), E>) -> Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut text = Vec::with_capacity(kind.size(packages));
    kind.write(packages, &mut text)?;
    read(&text).with_context(|| format!("cannot read the `{}` of the repodata", kind.name()))
}

/// Collects the packages of the file `primary`.
#[derive(Default)]
struct RelationsReader {
    packages: Vec<PackageRelations>,
}

impl RelationsReader {
    fn last(&mut self, add: impl FnOnce(&mut PackageRelations)) {
        if let Some(package) = self.packages.last_mut() {
            add(package);
        }
    }
}

impl PrimaryVisitor for RelationsReader {
    fn begin_package(&mut self, name: &str, arch: &str, _: &str, _: &str) {
        let own = Capability { name: name.to_owned(), range: None };
        let (provides, requires, obsoletes, files) = Default::default();
        self.packages.push(PackageRelations { arch: arch.to_owned(), own, provides, requires, obsoletes, files });
    }

    fn set_evr(&mut self, epoch: &str, version: &str, release: &str) {
        let range = VersionRange::new(VersionSense::Equal, [epoch, version, release]);
        self.last(|package| package.own.range = Some(range));
    }

    fn add_provide(&mut self, provided: RequirementData<'_>) {
        self.last(|package| package.provides.push(capability(&provided)));
    }

    fn add_require(&mut self, required: RequirementData<'_>) {
        // rpm refuses to install a package with a boolean dependency that it cannot parse.
        let requirement = if required.name.starts_with('(') {
            Requirement::parse_boolean(required.name)
        } else {
            Some(Requirement::one(capability(&required)))
        };
        self.last(|package| package.requires.extend(requirement));
    }

    fn add_obsolete(&mut self, obsoleted: RequirementData<'_>) {
        self.last(|package| package.obsoletes.push(capability(&obsoleted)));
    }
}

fn capability(data: &RequirementData<'_>) -> Capability {
    let sense = data.flags.and_then(|flags| VersionSense::parse(flags.as_operator()));
    let evr = [data.epoch, data.version, data.release].map(Option::unwrap_or_default);
    Capability { name: data.name.to_owned(), range: sense.map(|sense| VersionRange::new(sense, evr)) }
}

/// Collects the wanted paths of one package.
struct FilesReader<'w> {
    wanted: &'w BTreeSet<String>,
    found: BTreeSet<String>,
}

impl FilelistsVisitor for FilesReader<'_> {
    fn add_file(&mut self, _: FileType, path: &str) {
        if self.wanted.contains(path) {
            self.found.insert(path.to_owned());
        }
    }
}
