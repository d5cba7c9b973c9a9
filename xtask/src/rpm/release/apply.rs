//! Writes the files of a plan into a new folder, and puts it in place with one rename.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::base::checksum::{self, Digest, HashingWriter};
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, Draft};
use crate::base::gzip;
use crate::base::interrupt;
use crate::base::parallel;
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::git::Repository;
use crate::project::config::{ArchiveFormat, SrpmWriter};
use crate::rpm::backend::configured_args;
use crate::rpm::package::PackageFile;
use crate::rpm::release::contents::load_export;
use crate::rpm::release::input::ReleaseInput;
use crate::rpm::release::made::{Made, Written};
use crate::rpm::release::materials::Materials;
use crate::rpm::release::packages::ReleasePackages;
use crate::rpm::release::plan::{ReleaseStep, packaging_of, warn_of_unnamed_archives};
use crate::rpm::release::replace;
use crate::rpm::release::reuse::target_of;
use crate::rpm::release::source_files::{self, FoundSource};
use crate::rpm::rpmbuild;
use crate::rpm::srpm::{self, BuildFacts, Content, SourceFile, WITHOUT_SOURCES};
use crate::source::digests::MemberDigest;
use crate::source::sbom::BomCrate;
use crate::source::tarball;
use crate::source::vendor::Vendored;
use crate::source::{self, Export};

/// Applies a plan. Where a step fails, the old folder of the results is unchanged.
pub fn apply(
    repository: &Repository,
    input: &ReleaseInput,
    plan: &Plan<ReleaseStep>,
    progress: &dyn Progress,
) -> Result<Made> {
    let target = target_of(plan).context("the plan has no folder for its results")?;
    apply_in(target, repository, input, plan, progress)
}

/// Applies a plan in the folder `place`, and leaves that of the plan unchanged: its packages are not built yet.
pub fn apply_in(
    place: &Path,
    repository: &Repository,
    input: &ReleaseInput,
    plan: &Plan<ReleaseStep>,
    progress: &dyn Progress,
) -> Result<Made> {
    let target = target_of(plan).context("the plan has no folder for its results")?;
    let made = write_into(place, repository, input, plan, progress);
    made.map_err(|error| interrupt::with_state(error, || format!("`{}` was not changed", target.display())))
}

fn write_into(
    place: &Path,
    repository: &Repository,
    input: &ReleaseInput,
    plan: &Plan<ReleaseStep>,
    progress: &dyn Progress,
) -> Result<Made> {
    let mut draft = Draft::replacing(place)?;
    let threads = parallel::threads()?;
    let export = load_export(repository, input, &plan.steps, threads, progress)?;
    let target = draft.place().for_programs().to_owned();
    let packaging = packaging_of(&plan.steps);
    let mut writer =
        ReleaseWriter { repository, input, draft: &mut draft, export: &export, packaging, threads, progress };
    let mut materials = Materials::default();
    let mut made = Made { target, sources: Vec::new(), srpm: None, packages: Vec::new(), checksums: None };
    for step in &plan.steps {
        match step {
            ReleaseStep::Archive { file, format, .. } => {
                made.sources.push(writer.archive(file, *format, &mut materials.files)?);
            }
            ReleaseStep::Vendor { file } => made.sources.push(writer.vendor(file, &mut materials.crates)?),
            ReleaseStep::Text { file, content } | ReleaseStep::Spec { file, content, .. } => {
                made.sources.push(writer.text(file, content)?)
            }
            ReleaseStep::Srpm { file, writer: SrpmWriter::Rpmbuild, spec_name, .. } => {
                let archives = plan.steps.iter().filter_map(ReleaseStep::source_archive);
                made.srpm = Some(writer.rpmbuild_srpm(file, spec_name, archives)?);
            }
            ReleaseStep::Srpm { file, spec_name, spec, .. } => {
                made.srpm = Some(writer.native_srpm(file, spec_name, spec)?);
            }
            ReleaseStep::Sbom { file, form } => {
                let sbom = materials.describe(input, &export, &plan.steps, &made)?;
                made.sources.push(writer.bytes(file, &form.render(&sbom)?)?);
            }
            ReleaseStep::Statement { file, materials } => {
                let statement = materials.state(input, &made).render()?;
                made.sources.push(writer.bytes(file, &statement)?);
            }
            ReleaseStep::Keep => made.packages = writer.keep_packages(made.srpm.as_ref())?,
            ReleaseStep::Checksums { file } => {
                let sums = made.files().map(|written| (written.file.as_str(), written.digest));
                made.checksums = Some(writer.text(file, &checksum::render_sums(sums))?);
            }
            ReleaseStep::Add(_) => {} // they are in the export
            ReleaseStep::Folder { .. } | ReleaseStep::Place { .. } => {} // by the draft
            ReleaseStep::Packaging { .. } => {} // by the step that needs each file
        }
    }
    replace::require_replaceable(&made.target)?; // again: the folder may have changed since the plan was made
    draft.commit()?;
    Ok(made)
}

/// Writes the files of the steps.
struct ReleaseWriter<'a> {
    repository: &'a Repository,
    input: &'a ReleaseInput,
    draft: &'a mut Draft,
    export: &'a Export,
    /// The planned files of the folder of `--packaging`.
    packaging: BTreeMap<String, Digest>,
    threads: usize,
    progress: &'a dyn Progress,
}

impl ReleaseWriter<'_> {
    /// Writes an archive. `digests` gets those of its files from the tar archive.
    fn archive(&self, file: &str, format: ArchiveFormat, digests: &mut Vec<MemberDigest>) -> Result<Written> {
        let ReleaseWriter { export, threads, progress, .. } = *self;
        self.write(file, Some(export.member_count()), |out| match format {
            ArchiveFormat::TarGz => {
                *digests = gzip::compress(out, threads, |tar| tarball::write(export, tar, threads, progress))?;
                Ok(())
            }
            ArchiveFormat::Zip => source::zip::write(export, out, threads, progress),
        })
    }

    /// Writes the vendor archive. `crates` gets what is in it.
    fn vendor(&self, file: &str, crates: &mut Vec<BomCrate>) -> Result<Written> {
        let ReleaseWriter { export, threads, progress, .. } = *self;
        let scratch = files::remote_scratch()?;
        let vendored = Vendored::load(export, &self.input.config().source, scratch.path(), threads, progress)?;
        let written = self.write(file, Some(vendored.member_count()), |out| {
            gzip::compress(out, threads, |tar| vendored.write(tar, progress))
        })?;
        *crates = vendored.into_crates();
        Ok(written)
    }

    /// Links the packages of the old release, if they were built from the new source RPM `srpm`.
    fn keep_packages(&mut self, srpm: Option<&Written>) -> Result<Vec<Written>> {
        let Some(srpm) = srpm else { return Ok(Vec::new()) };
        let packages = ReleasePackages::load(self.draft.place().for_programs(), srpm.digest);
        if packages.is_empty() { Ok(Vec::new()) } else { packages.write(self.draft) }
    }

    fn text(&mut self, file: &str, text: &str) -> Result<Written> {
        self.bytes(file, text.as_bytes())
    }

    fn bytes(&mut self, file: &str, content: &[u8]) -> Result<Written> {
        self.draft.write(file, content)?;
        Ok(Written { file: file.to_owned(), size: content.len() as u64, digest: checksum::digest_of(content) })
    }

    fn native_srpm(&self, file: &str, spec_name: &str, spec: &str) -> Result<Written> {
        let parsed = self.input.parse_spec(spec).map_err(Failure::from)?;
        let files = parsed.needed_files().into_iter().map(|name| self.source_file(name));
        let files = files.collect::<Result<Vec<_>>>()?;
        let facts = BuildFacts { spec_name, source_date: self.source_date(), threads: self.threads };
        self.write(file, None, |out| srpm::write(&parsed, &files, &facts, out))
    }

    /// `archives` are the names of those that were made for the spec.
    fn rpmbuild_srpm<'n>(
        &self,
        file: &str,
        spec_name: &str,
        archives: impl Iterator<Item = &'n str>,
    ) -> Result<Written> {
        self.progress.begin("writing the source RPM with rpmbuild", None);
        let scratch = self.draft.scratch()?;
        for entry in
            fs::read_dir(self.draft.folder().for_programs().join("sources")).context("cannot list the sources")?
        {
            let entry = entry.context("cannot list the sources")?;
            let (from, to) = (entry.path(), scratch.path().join(entry.file_name()));
            fs::copy(&from, &to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
        }
        let defined = configured_args(&self.input.config().rpm);
        let needed = rpmbuild::source_names(scratch.path(), spec_name, &defined)?;
        warn_of_unnamed_archives(archives, &needed, self.progress);
        for source in needed {
            if !scratch.path().join(&source).exists() {
                let SourceFile { content: Content::Bytes(content), mode, .. } = self.source_file(&source)? else {
                    continue;
                };
                let path = scratch.path().join(&source);
                let written = fs::write(&path, content)
                    .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode.into())));
                written.with_context(|| format!("cannot write `{}`", path.display()))?;
            }
        }
        let made = rpmbuild::write_srpm(scratch.path(), spec_name, self.source_date(), &defined, self.progress)?;
        let wanted = file.rsplit('/').next().unwrap_or(file);
        if made.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(b".nosrc.rpm")) {
            let message = "the spec has `NoSource` or `NoPatch`, which makes a source RPM that lacks a source";
            return Err(Failure::new(Exit::Failed, message).help(WITHOUT_SOURCES).into());
        }
        if made.file_name().is_none_or(|name| name != wanted) {
            let message = format!("rpmbuild wrote `{}`, and `{wanted}` was expected", made.display());
            return Err(Failure::new(Exit::Failed, message)
                .help("let the template say `Version: @@VERSION@@` and `Release: @@RELEASE@@%{?dist}`")
                .into());
        }
        rpmbuild::require_expanded(&PackageFile::read(&made)?)?;
        let mut content = fs::File::open(&made).with_context(|| format!("cannot read `{}`", made.display()))?;
        let written = self.write(file, None, |out| Ok(std::io::copy(&mut content, out).map(drop)?));
        self.progress.end();
        written
    }

    /// A file that the spec names: a file of an earlier step, or else one that somebody has written.
    fn source_file(&self, name: &str) -> Result<SourceFile> {
        let made = self.draft.folder().for_programs().join("sources").join(name);
        if made.is_file() {
            return Ok(SourceFile { name: name.to_owned(), mode: 0o644, content: Content::File(made) });
        }
        let FoundSource { content, mode, outside } = source_files::find(self.repository, self.input, name)?;
        if let Some(path) = outside
            .filter(|path| self.packaging.get(path).is_some_and(|planned| *planned != checksum::digest_of(&content)))
        {
            let message = format!("`{path}` in the folder of `--packaging` was changed during this run");
            return Err(Failure::new(Exit::TryAgain, message).help("run it again").into());
        }
        Ok(SourceFile { name: name.to_owned(), mode, content: Content::Bytes(content) })
    }

    fn source_date(&self) -> u32 {
        u32::try_from(self.export.seconds()).unwrap_or(u32::MAX)
    }

    /// Creates a file, lets `fill` write it, and syncs it, as a phase of the progress with `total` units.
    fn write(
        &self,
        file: &str,
        total: Option<u64>,
        fill: impl FnOnce(&mut HashingWriter<fs::File>) -> Result<()>,
    ) -> Result<Written> {
        let mut out = HashingWriter::new(self.draft.create(file)?);
        self.progress.begin(&format!("writing {file}"), total);
        let done = fill(&mut out);
        self.progress.end();
        let size = out.written();
        let (out, digest) = done.map(|()| out.finish()).map_err(|error| self.in_file(error, file))?;
        out.sync_all().map_err(|error| self.in_file(error.into(), file))?;
        Ok(Written { file: file.to_owned(), size, digest })
    }

    /// Adds the name of the file to an error, unless the error is a [`Failure`], which has its own message.
    fn in_file(&self, error: anyhow::Error, file: &str) -> anyhow::Error {
        if error.chain().any(|cause| cause.is::<Failure>()) {
            return error;
        }
        error.context(format!("cannot write `{}`", self.draft.place().join(file)))
    }
}
