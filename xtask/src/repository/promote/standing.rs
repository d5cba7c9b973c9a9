//! How a snapshot stands to the series that it would be promoted to. The rules are pure.

use crate::base::error::{Exit, Failure, program};
use crate::history::Version;
use crate::repository::model::manifest::{Manifest, PackageEntry};
use crate::repository::model::yanks::{YankedPackage, list};
use crate::repository::promote::known_packages::KnownPackages;
use crate::rpm::nevra::{Nevra, compare_evr};

/// How a snapshot stands to its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has something that the series does not have.
    Ahead,
    /// The series has what it would add, or a newer version.
    InSeries,
    /// The series has the release of its commit, and packages of the same names from another build: nothing of it can be added.
    BuiltAgain,
    /// It is of work that never was merged.
    Unmerged,
}

/// The place of a snapshot of merged work; `known` is what the series has.
pub fn place_of(manifest: &Manifest, known: Option<&KnownPackages<'_>>) -> Place {
    let Some(known) = known else { return Place::Ahead };
    let version = &manifest.release.version;
    if known.newest_version() > Some(version) {
        return Place::InSeries;
    }
    // A higher release of the version was promoted: what is left of this one would never be installed.
    let is_past = |package: &PackageEntry| known.has(package) || known.has_newer(package);
    if known.versions.contains(version)
        && known.has_commit(manifest.release.commit)
        && manifest.packages().any(|(_, package)| known.has_newer(package))
        && manifest.packages().all(|(_, package)| is_past(package))
    {
        return Place::InSeries;
    }
    if !known.versions.contains(version)
        || !known.has_commit(manifest.release.commit)
        || !manifest.packages().all(|(_, package)| known.has_name(package))
    {
        return Place::Ahead;
    }
    let is_same = manifest.packages().all(|(_, package)| known.has(package));
    if is_same && known.find_other_archive(manifest).is_none() { Place::InSeries } else { Place::BuiltAgain }
}

/// Whether a snapshot is above what the series has, and why. `current` is the manifest of the current revision.
///
/// Errors: the series has the version or a newer one, or one of the packages or a newer one.
pub fn judge_above(
    manifest: &Manifest,
    current: Option<&Manifest>,
    known: Option<&KnownPackages<'_>>,
) -> Result<String, Failure> {
    let version = &manifest.release.version;
    let (Some(current), Some(known)) = (current, known) else {
        return Ok("the series has no version yet".to_owned());
    };
    let stable = format!("stable/{}", manifest.series);
    // A version can be promoted again with a higher release, for repackaging, or after a yank: then it has packages that the
    // series does not have.
    let packages = manifest.packages().map(|(_, package)| package);
    let new: Vec<&PackageEntry> = packages.filter(|package| !known.has(package)).collect();
    if place_of(manifest, Some(known)) == Place::BuiltAgain {
        return Err(built_again(manifest, current, known, &new));
    }
    let is_taken = |released: &&Version| *released > version || (*released == version && new.is_empty());
    if let Some(released) = known.newest_version().filter(is_taken) {
        let help = format!("promote a newer snapshot; see what there is: `{} status`", program());
        return Err(refusal(format!("{stable} already has {released}"), help));
    }
    if let Some(archive) = known.find_other_archive(manifest) {
        return Err(refusal(format!("`{archive}` is in {stable} with another content"), help_for_archive(manifest)));
    }
    let Some((package, other)) = new.iter().find_map(|package| Some((package, known.not_older(package)?))) else {
        return Ok(format!("{version} follows {}", current.release.version));
    };
    let why = format!("{stable} already has `{other}`, which is not older than `{}`", package.nevra);
    Err(refusal(why, help_for_package(&package.nevra, version)))
}

/// Whether what comes back with a snapshot may do so, and why: `yanked` are the packages of it that were yanked and that the series does not
/// have. `command` promotes the snapshot with them.
///
/// Errors: there are such packages, and nobody has asked for them.
pub fn judge_yanked(yanked: &[YankedPackage], with_yanked: bool, command: &str) -> Result<String, Failure> {
    match yanked {
        [] => Ok("none of its packages was yanked".to_owned()),
        _ if with_yanked => Ok(format!("brought back, as asked: {}", list(yanked))),
        _ => {
            let help = format!("promote a newer release without it; or bring it back: {command}");
            Err(refusal(format!("it has what was yanked: {}", list(yanked)), help))
        }
    }
}

/// Why a version that the series has from another build is not promoted again.
fn built_again(manifest: &Manifest, current: &Manifest, known: &KnownPackages<'_>, new: &[&PackageEntry]) -> Failure {
    let (series, version) = (manifest.series, &manifest.release.version);
    let origin = current.releases().find(|release| release.version == *version);
    let from = origin.map_or(String::new(), |release| format!(", from `{}`", release.snapshot));
    let other_archive = known.find_other_archive(manifest);
    // A package that a person installs says more than a source package.
    let package = new.iter().find(|package| !package.nevra.is_source()).or(new.first());
    let what = match (package, other_archive) {
        (Some(package), _) => format!("`{}`", package.nevra),
        (None, Some(archive)) => format!("`{archive}`"),
        (None, None) => "it".to_owned(),
    };
    let why = format!("stable/{series} already has {version}{from}; {what} was built again, with another content");
    let help = match other_archive {
        Some(_) => help_for_archive(manifest),
        None => {
            let releases = new.iter().filter_map(|package| package.nevra.release_number());
            let next = releases.max().map_or("N".to_owned(), |number| (number + 1).to_string());
            format!(
                "nothing is to be done; to publish other packages of this version, build it with a higher release and stage \
                 it: `{} dist --rpm --release {next}`",
                program()
            )
        }
    };
    refusal(why, help)
}

fn help_for_archive(manifest: &Manifest) -> String {
    let flag = if manifest.dists().is_empty() { "" } else { " --rpm" };
    format!(
        "a version has one archive, and clients may have it: release a later commit, which has a higher version: `{} dist{flag}`",
        program()
    )
}

fn help_for_package(nevra: &Nevra, version: &Version) -> String {
    let (own, project) = (nevra.version(), version.to_string());
    if own == project {
        return "promote a newer snapshot, or repackage it with a higher release: `--release N`".to_owned();
    }
    let is_above = compare_evr(["", own, ""], ["", &project, ""]).is_gt();
    let epoch = if is_above { format!(", and add a higher `Epoch:`: {own} is above {project}") } else { String::new() };
    format!(
        "its version is its own: raise its `Release:` in the spec for each release, and build and stage again; or give \
         it the version of the project: remove its `Version:` from the spec{epoch}"
    )
}

fn refusal(why: String, help: String) -> Failure {
    Failure::new(Exit::Failed, why).help(help)
}
