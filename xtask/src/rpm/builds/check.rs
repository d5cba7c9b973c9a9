//! Checks the packages of a build before they are accepted: they must be the packages that the spec makes, with its version
//! and release, for the dist and architecture of the target.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::project::config::Dist;
use crate::rpm::backend::{BuildTarget, SourceRpm, interpreter_in};
use crate::rpm::header::text::read_text;
use crate::rpm::nevra::is_debug_name;
use crate::rpm::package::PackageFile;
use crate::rpm::srpm::{BuiltPackage, Parsed, SpecSetting};

/// Why the packages of a build are rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageProblem {
    /// A package is missing; a farm may provide it later.
    Missing(String),
    /// A package is not one that the spec makes for the target.
    Wrong(String),
}

/// The packages that a spec makes for a dist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The release of the source package, as the dist evaluates it.
    release: String,
    packages: BTreeSet<BuiltPackage>,
}

/// A dist, and the packages that a spec makes for it.
pub struct DistPackages {
    pub dist: Dist,
    /// `Err` with the reason where only a machine with the macros of the dist can evaluate the spec.
    pub expected: Result<Expected, String>,
}

impl Expected {
    /// Reads the packages from a spec. Errors: why only a machine with the macros of the dist can evaluate it.
    pub fn of(spec: &str, dist: &Dist) -> Result<Expected, String> {
        // One list is for all architectures: what depends on the architecture has no value.
        let setting = SpecSetting { architecture: None, macros: &dist.macros() };
        let parsed = Parsed::parse_with(spec, &setting).map_err(|error| error.to_string())?;
        Ok(Expected { release: parsed.release().to_owned(), packages: parsed.provides.into_iter().collect() })
    }
}

/// `Err` unless `packages` are those of a build of `srpm` for `target`.
pub fn verify(
    srpm: &SourceRpm,
    target: &BuildTarget,
    expected: Option<&Expected>,
    packages: &[PackageFile],
) -> Result<(), PackageProblem> {
    let wrong = |package: &PackageFile, why: String| {
        Err(PackageProblem::Wrong(format!("the build returned `{}`: {why}", package.nevra)))
    };
    let release = expected.map_or_else(|| srpm.release_for(&target.dist), |expected| expected.release.clone());
    let source = format!("{}-{}-{release}.src.rpm", srpm.name, srpm.version);
    for package in packages {
        let arch = package.nevra.arch();
        if package.is_source() {
            if package.nevra.file_name() != source && package.nevra.file_name() != srpm_name(srpm) {
                return wrong(package, format!("the source RPM is `{source}`"));
            }
            continue;
        }
        let built_from = package.source_rpm().unwrap_or_default();
        if built_from == srpm_name(srpm) && target.dist.parts().is_some() {
            let why = "its release has no dist: write `Release: @@RELEASE@@%{?dist}` in the template";
            return wrong(package, why.to_owned());
        }
        if built_from != source {
            return wrong(package, format!("it was built from `{}`, not from `{source}`", built_from.escape_debug()));
        }
        if arch != "noarch" && arch != target.arch.as_str() {
            return wrong(package, format!("{arch} is not the architecture that it was built on, {}", target.arch));
        }
    }
    let built: Vec<&PackageFile> = packages.iter().filter(|package| !package.is_source()).collect();
    if built.is_empty() {
        return Err(PackageProblem::Missing("the build returned no package".to_owned()));
    }
    let Some(Expected { packages: expected, .. }) = expected else { return Ok(()) };
    let found: BTreeSet<BuiltPackage> = built.iter().map(|package| name_and_evr(package)).collect();
    if let Some(BuiltPackage { name, evr }) = expected.difference(&found).next() {
        // A package of another version is an error at once: the farm will not replace it.
        return match found.iter().find(|other| other.name == *name) {
            Some(BuiltPackage { evr: other, .. }) => {
                Err(PackageProblem::Wrong(format!("the build returned `{name}` {other}, and {evr} was expected")))
            }
            None => Err(PackageProblem::Missing(format!("the build did not return `{name}-{evr}`"))),
        };
    }
    match found.difference(expected).find(|package| !is_debug_name(&package.name)) {
        Some(BuiltPackage { name, evr }) => {
            Err(PackageProblem::Wrong(format!("the build returned `{name}-{evr}`, which the spec does not make")))
        }
        None => Ok(()),
    }
}

fn srpm_name(srpm: &SourceRpm) -> String {
    format!("{}-{}-{}.src.rpm", srpm.name, srpm.version, srpm.release)
}

fn name_and_evr(package: &PackageFile) -> BuiltPackage {
    let nevra = &package.nevra;
    let epoch = if nevra.epoch() == 0 { String::new() } else { format!("{}:", nevra.epoch()) };
    let evr = format!("{epoch}{}-{}", nevra.version(), nevra.release());
    BuiltPackage { name: nevra.name().to_owned(), evr }
}

/// `Err` where a path or a dependency of a noarch package names the version of an interpreter: such a package works only on
/// the dist that built it.
pub fn verify_portable(packages: &[PackageFile]) -> Result<(), PackageProblem> {
    for package in packages.iter().filter(|package| !package.is_source()) {
        let paths = package.head.header.paths();
        let paths = paths.iter().map(|listed| read_text(&listed.path()).into_owned());
        let mut texts = paths.chain(package.required_names().map(Cow::into_owned));
        let bound = texts.find_map(|text| interpreter_in(&text).map(|name| (text, name)));
        if let Some((text, name)) = bound {
            let why = format!("`{}` is not portable: `{text}` names the version of {name}", package.nevra);
            return Err(PackageProblem::Wrong(why));
        }
    }
    Ok(())
}
