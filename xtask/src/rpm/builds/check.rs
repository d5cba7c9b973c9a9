//! What came back from a build is believed only after this: the packages are those that the spec makes, of this version
//! and release, for this dist and architecture.

use std::collections::BTreeSet;

use crate::project::config::Dist;
use crate::rpm::backend::{Srpm, Target, interpreter_in};
use crate::rpm::nevra::is_debug_name;
use crate::rpm::package::PackageFile;
use crate::rpm::srpm::Parsed;

/// Why the packages of a build are not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Some have not come, as far as is known: they may yet.
    Missing(String),
    /// Some are not what was to be built.
    Wrong(String),
}

/// The packages that a build is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// `name [epoch:]version-release` of each.
    names: BTreeSet<(String, String)>,
}

impl Expected {
    /// What a spec says for a dist. Errors: why it cannot be told without the machine that builds.
    pub fn of(spec: &str, dist: &Dist) -> Result<Expected, String> {
        let parsed = Parsed::parse_with(spec, &dist.macros()).map_err(|error| error.to_string())?;
        Ok(Expected { names: parsed.provides.into_iter().collect() })
    }
}

/// `Err` unless `packages` are what building `srpm` for `target` makes.
pub fn verify(
    srpm: &Srpm,
    target: &Target,
    expected: Option<&Expected>,
    packages: &[PackageFile],
) -> Result<(), Refused> {
    let wrong =
        |package: &PackageFile, why: String| Err(Refused::Wrong(format!("`{}` came back: {why}", package.nevra)));
    let release = srpm.release_for(&target.dist);
    let source = format!("{}-{}-{release}.src.rpm", srpm.name, srpm.version);
    for package in packages {
        let arch = package.nevra.arch();
        if package.is_source() {
            if package.nevra.file_name() != source && package.nevra.file_name() != srpm_name(srpm) {
                return wrong(package, format!("the source RPM is `{source}`"));
            }
            continue;
        }
        let built_from = package.metadata.get_source_rpm().unwrap_or_default();
        if built_from == srpm_name(srpm) && built_from != source {
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
        return Err(Refused::Missing("no package came back".to_owned()));
    }
    let Some(Expected { names }) = expected else { return Ok(()) };
    let found: BTreeSet<(String, String)> = built.iter().map(|package| name_and_evr(package)).collect();
    if let Some((name, evr)) = names.difference(&found).next() {
        // One of another version in its place will not turn into it.
        return match found.iter().find(|(other, _)| other == name) {
            Some((_, other)) => {
                Err(Refused::Wrong(format!("`{name}` came back as {other}, and {evr} was to be built")))
            }
            None => Err(Refused::Missing(format!("`{name}-{evr}` did not come back"))),
        };
    }
    match found.difference(names).find(|(name, _)| !is_debug_name(name)) {
        Some((name, evr)) => Err(Refused::Wrong(format!("`{name}-{evr}` came back, which the spec does not make"))),
        None => Ok(()),
    }
}

fn srpm_name(srpm: &Srpm) -> String {
    format!("{}-{}-{}.src.rpm", srpm.name, srpm.version, srpm.release)
}

fn name_and_evr(package: &PackageFile) -> (String, String) {
    let nevra = &package.nevra;
    let epoch = package.metadata.get_epoch().ok().filter(|epoch| *epoch > 0).map(|epoch| format!("{epoch}:"));
    (nevra.name().to_owned(), format!("{}{}-{}", epoch.unwrap_or_default(), nevra.version(), nevra.release()))
}

/// `Err` where a noarch package that was built elsewhere is bound to the machine that built it, by a path or a dependency
/// that names the version of an interpreter.
pub fn verify_portable(packages: &[PackageFile]) -> Result<(), Refused> {
    for package in packages.iter().filter(|package| !package.is_source()) {
        let paths = package.metadata.get_file_paths().unwrap_or_default();
        let paths = paths.iter().map(|path| path.display().to_string());
        let requires = package.metadata.get_requires().unwrap_or_default();
        let mut texts = paths.chain(requires.into_iter().map(|dependency| dependency.name.clone()));
        let bound = texts.find_map(|text| interpreter_in(&text).map(|name| (text, name)));
        if let Some((text, name)) = bound {
            let why = format!("`{}` is not portable: `{text}` names the version of {name}", package.nevra);
            return Err(Refused::Wrong(why));
        }
    }
    Ok(())
}
