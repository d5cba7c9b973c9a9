//! The contents of the archives: the tree of the commit and the files that are made for it.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::files;
use crate::base::progress::Progress;
use crate::git::wildmatch::{self, Scope};
use crate::git::{Mode, Repository};
use crate::project::release_info::{self, CHANGELOG_FILE, ReleaseInfo};
use crate::rpm::release::added::{AddedContent, AddedFile, ReleaseWords};
use crate::rpm::release::input::ReleaseInput;
use crate::rpm::release::plan::{ReleaseStep, packaging_of};
use crate::rpm::spec_files::{Unpacking, document_paths, may_be_made, unpacking};
use crate::source::generate::{GenerateOrder, Runs, generate};
use crate::source::{Export, ExportRequest, GeneratedFile, archive_name};

/// Loads the contents by the steps of a plan. The spec in them always has release 1. Warns about documents that the spec names
/// and the archives lack.
pub fn load_export(
    repository: &Repository,
    input: &ReleaseInput,
    steps: &[ReleaseStep],
    threads: usize,
    progress: &dyn Progress,
) -> Result<Export> {
    let ReleaseInput { commit, project, release, base, tag, .. } = input;
    let seconds = repository.commit(*commit)?.committer().seconds();
    let date = Timestamp::from_second(seconds).with_context(|| format!("commit `{commit}` has no possible date"))?;
    let info = ReleaseInfo::new(project.name.clone(), release.version.clone(), *base, *commit, date)
        .with_packaging(packaging_of(steps));
    let file = |path: &str, text: String| GeneratedFile {
        path: path.to_owned(),
        content: text.into_bytes(),
        ..GeneratedFile::default()
    };
    let mut generated =
        vec![file(CHANGELOG_FILE, release.changelog.render_rpm()), file(release_info::FILE_NAME, info.render()?)];
    // Where the plan has no spec, it has warned.
    let archived = steps.iter().find_map(|step| match step {
        ReleaseStep::Spec { archived, .. } => Some(archived),
        _ => None,
    });
    let spec = project.known_spec().zip(archived);
    if let Some((found, text)) = spec {
        let is_rendering = found.path == found.spec_name();
        generated.push(GeneratedFile { is_planned: is_rendering, ..file(found.spec_name(), text.clone()) });
    }
    let prefix = project.config.source.folder.render(&project.name, &release.version);
    let request = ExportRequest { commit: *commit, prefix: &prefix, tag, generated };
    let mut export = Export::load(repository, request, progress)?;
    for step in steps {
        if let ReleaseStep::Add(added) = step {
            let file = make(repository, input, &export, added, threads, progress)?;
            export.add(file);
        }
    }
    if let Some((found, text)) = spec {
        let source0 = archive_name(&project.name, &release.version) + ".tar.gz";
        if unpacking(text, &source0, &prefix) == Unpacking::Known {
            warn_of_missing_documents(&export, found.spec_name(), text, progress);
        }
    }
    Ok(export)
}

/// Makes a file that the archives get.
fn make(
    repository: &Repository,
    input: &ReleaseInput,
    export: &Export,
    added: &AddedFile,
    threads: usize,
    progress: &dyn Progress,
) -> Result<GeneratedFile> {
    let AddedFile { path, content, replaced } = added;
    match content {
        AddedContent::Text(text) => Ok(GeneratedFile {
            path: path.clone(),
            content: text.clone().into_bytes(),
            is_executable: *replaced == Some(Mode::Executable),
            is_planned: true,
        }),
        AddedContent::Run { run, memo } => {
            let variables = ReleaseWords::load(repository, input)?.variables();
            let order = GenerateOrder { path, run, variables: &variables };
            let runs = if memo.exists() { Runs::Once } else { Runs::Twice };
            let made = generate(export, &order, runs, threads, progress)?;
            if runs == Runs::Twice {
                files::make_state_folder(memo.parent().unwrap_or(Path::new("/")))?;
                files::write(memo, b"")?;
            }
            Ok(made)
        }
    }
}

/// Warns about the files of `%doc` and `%license` that the archives lack, unless the build may make them.
fn warn_of_missing_documents(export: &Export, name: &str, spec: &str, progress: &dyn Progress) {
    for document in document_paths(spec).iter().filter(|document| !document.is_conditional) {
        let wanted = document.path.as_bytes();
        let is_it = |path: &[u8]| wildmatch::matches(wanted, path.strip_suffix(b"/").unwrap_or(path), Scope::Path);
        if !export.paths().any(is_it) && !may_be_made(spec, &document.path) {
            progress.warn(&format!(
                "`{name}` line {} names `{}`, which the archives do not have: commit it, make it with \
                 `[[source.generate]]`, or correct the line",
                document.line, document.path
            ));
        }
    }
}
