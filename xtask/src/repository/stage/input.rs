//! The release to be staged: a folder that `dist` or another job made. Every file is checked before it is used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::base::checksum::{CHECKSUMS_FILE, digest_in_tree, parse_sums};
use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::TreePath;
use crate::base::progress::Progress;
use crate::base::text::shell_word;
use crate::project::config::Name;
use crate::project::release_info::ReleaseInfo;
use crate::repository::model::ledger::PackageIdentity;
use crate::repository::model::manifest::is_archive;
use crate::repository::model::name::{Dist, FilePath};
use crate::rpm::builds::{self, BuildListing};
use crate::rpm::header::tag::HeaderTag;
use crate::rpm::nevra::strip_source_suffix;
use crate::rpm::package::{self, PackageFile};
use crate::source::unpack::{self, ArchiveFacts};

/// The name of the file that lists who built which package.
const BUILDS: &str = builds::FILE_NAME;

/// A checked release.
pub struct StageInput {
    pub folder: TreePath,
    /// From the source archive.
    pub info: ReleaseInfo,
    /// From the source archive.
    pub changelog: Vec<u8>,
    /// The files for `sources/`, by name.
    pub sources: BTreeMap<String, Source>,
    /// The packages for `rpm/<dist>/`.
    pub packages: Vec<DistPackage>,
    /// Who built which package; `None` without packages.
    pub listing: Option<BuildListing>,
}

/// A file of `sources/`.
pub struct Source {
    pub digest: Digest,
    /// `None` if the file is not a source package.
    pub package: Option<Arc<PackageFile>>,
}

/// A package for a dist.
pub struct DistPackage {
    /// Relative to the folder, and to the snapshot.
    pub path: FilePath,
    pub dist: Dist,
    pub file: Arc<PackageFile>,
}

impl StageInput {
    /// The packages, with the source package.
    pub fn identities(&self) -> impl Iterator<Item = PackageIdentity<'_>> {
        let sources = self.sources.values().filter_map(|source| Some((None, source.package.as_ref()?)));
        let packages = self.packages.iter().map(|package| (Some(&package.dist), &package.file));
        sources.chain(packages).map(|(dist, file)| PackageIdentity { dist, nevra: &file.nevra, content: file.content })
    }

    /// The source archives as a snapshot has them, with their digests.
    pub fn archives(&self) -> Result<Vec<(FilePath, Digest)>> {
        let archives = self.sources.iter().filter(|(_, source)| source.package.is_none());
        let entry = |(name, source): (&String, &Source)| Ok((format!("sources/{name}").parse()?, source.digest));
        let all = archives.map(entry).collect::<Result<Vec<_>, Failure>>()?;
        Ok(all.into_iter().filter(|(path, _)| is_archive(path)).collect())
    }

    /// Reads and checks the folder of a release.
    ///
    /// Errors: there is no such folder; the checksums do not list a file, or list another digest; a package has another version,
    /// is in the wrong folder, or was built on another dist; `dist` did not make the source archive.
    pub fn load(folder: &Path, portable_noarch: bool, progress: &dyn Progress) -> Result<StageInput> {
        let folder = &TreePath::top(folder);
        let sums = load_sums(folder)?;
        require_listed(folder, &sums)?;
        let packages = read_packages(folder, &sums)?;
        warn_of_modules(&packages, progress);
        let (sources, facts) = read_sources(folder, &sums, progress)?;
        let ArchiveFacts { info, changelog } = facts;
        let copied = sources.get(crate::project::release_info::CHANGELOG_FILE);
        if copied.is_some_and(|copied| copied.digest != digest_of(&changelog)) {
            return Err(refuse(folder, "`sources/ChangeLog` differs from the changelog in the source archive").into());
        }
        let mut input = StageInput { folder: folder.clone(), info, changelog, sources, packages, listing: None };
        input.require_version()?;
        input.listing = input.require_builders(&sums, portable_noarch)?;
        Ok(input)
    }

    /// Errors: the release belongs to another project than `name`.
    pub fn require_name(&self, name: &Name) -> Result<(), Failure> {
        if self.info.name == *name {
            return Ok(());
        }
        let message = format!("`{}` is a release of {}, but the project is {name}", self.folder, self.info.name);
        Err(Failure::new(Exit::Usage, message).help("name another folder with `--from DIR`"))
    }

    /// Reads a file of `sources/`. Errors: it was changed since it was checked.
    pub fn read(&self, name: &str, source: &Source) -> Result<Vec<u8>> {
        let path = self.folder.join("sources").join(name);
        let content = path.read()?;
        if digest_of(&content) != source.digest {
            return Err(refuse(&self.folder, &format!("`sources/{name}` was changed during this run"))
                .help("copy the whole folder again")
                .into());
        }
        Ok(content)
    }

    /// The dists that have packages, sorted.
    pub fn dists(&self) -> Vec<Dist> {
        let mut dists: Vec<Dist> = self.packages.iter().map(|package| package.dist.clone()).collect();
        dists.sort();
        dists.dedup();
        dists
    }

    fn require_version(&self) -> Result<(), Failure> {
        let version = self.info.version.to_string();
        let in_sources = self.sources.values().filter_map(|source| source.package.as_ref());
        for file in self.packages.iter().map(|package| &package.file).chain(in_sources) {
            if file.source_version != version {
                let why =
                    format!("`{}` is of version {}, but the release is {version}", file.nevra, file.source_version);
                return Err(
                    refuse(&self.folder, &why).help("build the packages of this release, or remove the old ones")
                );
            }
        }
        Ok(())
    }

    /// Returns the listing of the builders.
    fn require_builders(&self, sums: &Sums, portable_noarch: bool) -> Result<Option<BuildListing>> {
        if !sums.contains_key(BUILDS) {
            return match self.packages.iter().find(|package| !package.file.is_source()) {
                None => Ok(None),
                Some(DistPackage { path, .. }) => Err(no_builds(&self.folder, path).into()),
            };
        }
        let path = self.folder.join(BUILDS);
        let text = path.read()?;
        require_digest(&self.folder, BUILDS, digest_of(&text), sums)?;
        let listing = BuildListing::parse(&text).map_err(|why| refuse(&self.folder, &format!("`{BUILDS}`: {why}")))?;
        if let Some(missing) = listing.missing().first() {
            let message = format!("it has no packages for {missing}, which `rpm.dists` requires");
            let help = format!(
                "build the rest: `{} rpm{}`; or remove `rpm/` and `{BUILDS}`, and their lines in `{CHECKSUMS_FILE}`, to stage only the sources",
                program(),
                out_flag(&self.folder)
            );
            return Err(refuse(&self.folder, &message).help(help).into());
        }
        for DistPackage { path, dist, file } in &self.packages {
            let mut builds = listing.builds.iter();
            let found = builds.find(|build| build.file == path.as_str() && build.sha256 == file.digest);
            let Some(build) = found else {
                return Err(refuse(&self.folder, &format!("`{BUILDS}` does not list `{path}`")).into());
            };
            let is_portable = portable_noarch && file.nevra.arch() == "noarch";
            if build.dist != *dist || (build.host != dist.as_str() && !is_portable && !file.is_source()) {
                let why = format!("`{path}` was built for {} on {}", build.dist, build.host.escape_debug());
                let help = format!(
                    "its dependencies depend on the host: build it on its own dist; if noarch packages fit every dist, {}",
                    committed("set `rpm.portable-noarch`")
                );
                return Err(refuse(&self.folder, &why).help(help).into());
            }
        }
        Ok(Some(listing))
    }
}

/// The digests from the checksums, by path.
type Sums = BTreeMap<String, Digest>;

fn refuse(folder: &TreePath, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("refusing to stage `{folder}`: {why}"))
}

/// The flag by which `dist` and `rpm` write into a folder that is not the default.
fn out_flag(folder: &TreePath) -> String {
    let folder = folder.to_string();
    if Path::new(&folder).ends_with("target/dist") {
        return String::new();
    }
    format!(" --out {}", shell_word(&folder))
}

/// The error for a folder with packages and without `builds.json`.
fn no_builds(folder: &TreePath, package: &FilePath) -> Failure {
    let why = format!("there is no `{BUILDS}` to say on which dist `{package}` was built");
    let help = format!(
        "`{} rpm{}` writes it; for packages of another builder write it, {{\"schema\":\"{}\",\"builds\":\
         [{{\"file\":\"rpm/…\",\"sha256\":\"…\",\"dist\":\"el9\",\"host\":\"el9\"}}, …]}}, and add it to `{CHECKSUMS_FILE}`",
        program(),
        out_flag(folder),
        builds::SCHEMA
    );
    refuse(folder, &why).help(help)
}

fn load_sums(folder: &TreePath) -> Result<Sums> {
    let path = folder.join(CHECKSUMS_FILE);
    let Some(text) = path.read_if_there()? else {
        let help = format!(
            "make a release first: `{} dist --no-stage{}`; or name its folder: `--from DIR`",
            program(),
            out_flag(folder)
        );
        return Err(Failure::new(Exit::Failed, format!("there is no `{path}`")).help(help).into());
    };
    let sums = parse_sums(&String::from_utf8_lossy(&text)).map_err(|line| {
        let help = format!(
            "write it again: `cd {} && find . -type f ! -name {CHECKSUMS_FILE} -exec sha256sum {{}} + > {CHECKSUMS_FILE}`",
            shell_word(&folder.to_string())
        );
        refuse(folder, &format!("`{CHECKSUMS_FILE}` has the invalid line `{}`", line.escape_debug())).help(help)
    })?;
    for (name, _) in &sums {
        if let Err(error) = name.parse::<FilePath>() {
            return Err(refuse(folder, &format!("`{CHECKSUMS_FILE}`: {error}")).into());
        }
    }
    Ok(sums.into_iter().collect())
}

/// Errors: the checksums do not list a file; the folder has something else than files and folders.
fn require_listed(folder: &TreePath, sums: &Sums) -> Result<()> {
    const SHOWN: usize = 10;
    let mut unlisted = Vec::new();
    find_unlisted(folder, "", sums, &mut unlisted)?;
    if unlisted.is_empty() {
        return Ok(());
    }
    unlisted.sort();
    let files: String = unlisted.iter().map(|path| format!(" {}", shell_word(path))).collect();
    let help = format!("add to it: `cd {} && sha256sum{files} >> {CHECKSUMS_FILE}`", shell_word(&folder.to_string()));
    let shown: Vec<String> = unlisted.iter().take(SHOWN).map(|path| format!("`{}`", path.escape_debug())).collect();
    let more = match unlisted.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let is_not = if unlisted.len() == 1 { "is not" } else { "are not" };
    Err(refuse(folder, &format!("{}{more} {is_not} in `{CHECKSUMS_FILE}`", shown.join(", "))).help(help).into())
}

/// Collects the files below a folder that the checksums do not list.
fn find_unlisted(top: &TreePath, below: &str, sums: &Sums, unlisted: &mut Vec<String>) -> Result<()> {
    let folder = top.join(below);
    if let Some(name) = folder.names_in_other_encodings()?.first() {
        return Err(refuse(top, &format!("the name of `{below}{name}` is not UTF-8")).help("remove it").into());
    }
    for name in folder.names()? {
        let path = format!("{below}{name}");
        let found = folder.join(&name).look().with_context(|| format!("cannot look at `{path}`"))?;
        if found.is_dir() {
            find_unlisted(top, &format!("{path}/"), sums, unlisted)?;
        } else if !found.is_file() {
            return Err(refuse(top, &format!("`{path}` is neither a file nor a folder")).into());
        } else if !sums.contains_key(&path) && path != CHECKSUMS_FILE {
            unlisted.push(path);
        }
    }
    Ok(())
}

fn require_digest(folder: &TreePath, path: &str, found: Digest, sums: &Sums) -> Result<(), Failure> {
    if sums.get(path) == Some(&found) {
        return Ok(());
    }
    Err(refuse(folder, &format!("`{path}` has another digest than in `{CHECKSUMS_FILE}`"))
        .help("copy the whole folder again"))
}

fn read_packages(folder: &TreePath, sums: &Sums) -> Result<Vec<DistPackage>> {
    let mut places = Vec::new();
    for path in sums.keys().filter(|path| path.starts_with("rpm/")) {
        let path: FilePath = path.parse().map_err(Failure::from)?;
        let [_, dist, place, _] = path.parts()[..] else {
            return Err(refuse(folder, &format!("`{path}` is not `rpm/DIST/ARCH/FILE`")).into());
        };
        let (dist, place) = (dist.parse::<Dist>()?, place.to_owned());
        places.push((path, dist, place));
    }
    let paths: Vec<PathBuf> = places.iter().map(|(path, ..)| folder.for_programs().join(path)).collect();
    let read = package::map_all(&paths, |path| {
        let below = path.strip_prefix(folder.for_programs()).ok().and_then(|below| sums.get(below.to_str()?));
        PackageFile::read_listed(path, *below.with_context(|| format!("`{}` is not listed", path.display()))?)
    })?;
    let mut packages = Vec::new();
    for (file, (path, dist, place)) in read.into_iter().zip(places) {
        let own_place = file.place();
        if place != own_place {
            return Err(refuse(folder, &format!("`{path}` belongs in `rpm/{dist}/{own_place}/`")).into());
        }
        // The release `1.el9` has the dist at its end, and `1.el9.beta2` before; a release without a dist is not checked.
        let parts: Vec<&str> = file.nevra.release().split('.').collect();
        let tag = parts.last().and_then(|tag| tag.parse::<Dist>().ok());
        if let Some(tag) = tag.filter(|_| !parts.contains(&dist.as_str())) {
            return Err(refuse(folder, &format!("`{path}` has a release for {tag}")).into());
        }
        packages.push(DistPackage { path, dist, file: Arc::new(file) });
    }
    Ok(packages)
}

/// A package of a module is installed only with modular metadata, which the repodata here does not have.
fn warn_of_modules(packages: &[DistPackage], progress: &dyn Progress) {
    for DistPackage { path, file, .. } in packages {
        if let Some(module) = file.text(HeaderTag::MODULARITYLABEL) {
            progress.warn(&format!(
                "`{path}` is of the module `{}`: dnf does not install it from a repository without modular metadata; build it outside of \
                 a module",
                module.escape_debug()
            ));
        }
    }
}

fn read_sources(
    folder: &TreePath,
    sums: &Sums,
    progress: &dyn Progress,
) -> Result<(BTreeMap<String, Source>, ArchiveFacts)> {
    progress.begin("reading the sources", None);
    let mut sources = BTreeMap::new();
    for path in sums.keys().filter(|path| !path.starts_with("rpm/") && *path != BUILDS) {
        let Some(name) = path.strip_prefix("sources/").filter(|name| !name.contains('/')) else {
            return Err(refuse(folder, &format!("`{path}` is neither in `sources/` nor in `rpm/DIST/`")).into());
        };
        if name.starts_with(CHECKSUMS_FILE) {
            return Err(refuse(folder, &format!("`{path}` has the name of a file that staging makes")).into());
        }
        let file = folder.join(path);
        let is_package = strip_source_suffix(name).is_some();
        let package = is_package.then(|| PackageFile::read_in_tree(&file).map(Arc::new)).transpose()?;
        let digest = match &package {
            Some(package) => package.digest,
            None => digest_in_tree(&file)?,
        };
        require_digest(folder, path, digest, sums)?;
        sources.insert(name.to_owned(), Source { digest, package });
    }
    let mut archives =
        sources.keys().filter_map(|name| name.strip_suffix(".tar.gz")).filter(|top| !top.ends_with("-vendor"));
    let (Some(top), None) = (archives.next(), archives.next()) else {
        return Err(refuse(folder, "it must have exactly one source archive `sources/NAME-X.Y.Z.tar.gz`").into());
    };
    let facts = unpack::read_facts(&folder.join(format!("sources/{top}.tar.gz")))?;
    let wanted = crate::source::archive_name(&facts.info.name, &facts.info.version);
    progress.end();
    if top != wanted {
        return Err(refuse(folder, &format!("`sources/{top}.tar.gz` contains {wanted}")).into());
    }
    Ok((sources, facts))
}
