//! Decides on the spec of a release and on its source RPM. Where a spec cannot be used and nobody asked for it, the archives are made all
//! the same, and a warning says what would make a source RPM.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure, committed};
use crate::git::Repository;
use crate::project::config::{PATH, SrpmWriter};
use crate::project::spec_file::{SpecFile, SpecKind};
use crate::project::workspace::PACKAGING_CONFIG;
use crate::rpm::release::input::{ReleaseInput, ReleaseOrder, SrpmWish, Vendoring};
use crate::rpm::release::source_files;
use crate::rpm::render::{RenderedSpec, render_spec};
use crate::source::vendor_archive_name;

/// The spec of a release and its source RPM.
#[derive(Debug, Default)]
pub struct SpecPlan {
    pub spec: Option<PlannedSpec>,
    /// The file name of the source RPM; `None` if there is none.
    pub srpm: Option<String>,
    /// The names of the files of the source RPM; `None` where only rpmbuild can tell.
    pub needed: Option<Vec<String>>,
    /// Whole sentences.
    pub warnings: Vec<String>,
    /// The files from the folder of `--packaging` that have part in the release, by their paths in it.
    pub packaging: BTreeMap<String, Digest>,
}

/// A rendered spec.
#[derive(Debug)]
pub struct PlannedSpec {
    /// The file name.
    pub name: String,
    pub text: String,
    /// The same spec with release 1, for the archives.
    pub archived: String,
}

impl SpecPlan {
    /// Renders the spec and decides on the source RPM. `made` has the names of the other files of the release.
    ///
    /// Errors: the spec cannot be used, and somebody asked for a source RPM.
    pub fn decide(
        repository: &Repository,
        input: &ReleaseInput,
        order: &ReleaseOrder,
        made: &BTreeSet<String>,
    ) -> Result<SpecPlan> {
        let writer = input.project.config.rpm.srpm;
        let is_asked = order.srpm == SrpmWish::Required || input.project.asks_for_srpm();
        let mut plan = SpecPlan::default();
        plan.add_packaging(input)?;
        match plan.fill(repository, input, order, made) {
            Err(error) if is_asked && writer != SrpmWriter::None => return Err(error),
            Err(error) => {
                let failure = error.downcast::<Failure>()?;
                if writer != SrpmWriter::None {
                    let next_step = failure.help.map_or_else(String::new, |help| format!("; {help}"));
                    plan.warnings.push(format!("no source RPM: {}{next_step}", failure.message));
                }
            }
            Ok(()) => {}
        }
        Ok(plan)
    }

    fn fill(
        &mut self,
        repository: &Repository,
        input: &ReleaseInput,
        order: &ReleaseOrder,
        made: &BTreeSet<String>,
    ) -> Result<()> {
        let ReleaseInput { project, release, .. } = input;
        let Some(spec) = project.spec.as_ref().map_err(Clone::clone)? else { return Ok(()) };
        let render = |number| render_spec(project, spec, &release.version, number, &release.changelog);
        let RenderedSpec { text, notes } = render(order.release)?;
        self.warnings.extend(notes);
        let archived = if order.release == 1 { text.clone() } else { render(1)?.text };
        let name = spec.spec_name().to_owned();
        let planned = self.spec.insert(PlannedSpec { name, text, archived });
        if project.config.rpm.srpm == SrpmWriter::None {
            return Ok(());
        }
        match decide_srpm(input, spec, &planned.text, order)? {
            SrpmDecision::Make { file, needed } => {
                self.add_sources(repository, input, needed.iter().flatten(), made)?;
                (self.srpm, self.needed) = (Some(file), needed);
            }
            SrpmDecision::LeaveOut(file) => {
                self.warnings.push(format!("no source RPM: it needs `{file}`, which is left out"));
            }
        }
        Ok(())
    }

    /// Adds the configuration and the spec in the folder of `--packaging`.
    fn add_packaging(&mut self, input: &ReleaseInput) -> Result<()> {
        let Some(folder) = &input.packaging else { return Ok(()) };
        let config = folder.join(PACKAGING_CONFIG);
        if config.exists() {
            let text = std::fs::read(&config).with_context(|| format!("cannot read `{}`", config.display()))?;
            self.packaging.insert(PACKAGING_CONFIG.to_owned(), digest_of(&text));
        }
        if let Some(spec) = input.project.known_spec().filter(|spec| spec.is_outside) {
            let path = folder.join(&spec.path);
            let text = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            self.packaging.insert(spec.path.clone(), digest_of(&text));
        }
        Ok(())
    }

    /// Checks that each file of the source RPM is there, and adds those of the folder of `--packaging`.
    fn add_sources<'n>(
        &mut self,
        repository: &Repository,
        input: &ReleaseInput,
        needed: impl Iterator<Item = &'n String>,
        made: &BTreeSet<String>,
    ) -> Result<()> {
        for name in needed.filter(|name| !made.contains(*name)) {
            let found = source_files::find(repository, input, name)?;
            if let Some(path) = found.outside {
                self.packaging.insert(path, digest_of(&found.content));
            }
        }
        Ok(())
    }
}

enum SrpmDecision {
    Make {
        /// The file name of the source RPM.
        file: String,
        /// The names of its files; `None` where only rpmbuild can tell.
        needed: Option<Vec<String>>,
    },
    /// Leave the source RPM out, because it needs this file.
    LeaveOut(String),
}

fn decide_srpm(input: &ReleaseInput, spec: &SpecFile, text: &str, order: &ReleaseOrder) -> Result<SrpmDecision> {
    let ReleaseInput { project, release: facts, .. } = input;
    let vendor_archive = vendor_archive_name(&project.name, &facts.version);
    if project.config.rpm.srpm == SrpmWriter::Rpmbuild {
        // Only rpmbuild can evaluate the spec, and reports a missing file itself.
        if order.vendoring == Vendoring::LeftOut && text.contains(&vendor_archive) {
            return Ok(SrpmDecision::LeaveOut(vendor_archive));
        }
        let file = format!("{}-{}-{}.src.rpm", project.name, facts.version, order.release);
        return Ok(SrpmDecision::Make { file, needed: None });
    }
    let parsed = input.parse_spec(text).map_err(Failure::from)?;
    let (name, version) = (project.name.to_string(), facts.version.to_string());
    for (tag, stated, wanted) in [("Name", parsed.name(), &name), ("Version", parsed.version(), &version)] {
        if stated != wanted {
            let message = format!("the spec has `{tag}: {stated}`, and the project is {name} {version}");
            return Err(Failure::new(Exit::Usage, message).help(help_for_mismatch(tag, spec)).into());
        }
    }
    let needed: Vec<String> = parsed.needed_files().into_iter().map(str::to_owned).collect();
    if order.vendoring == Vendoring::LeftOut && needed.contains(&vendor_archive) {
        Ok(SrpmDecision::LeaveOut(vendor_archive))
    } else {
        Ok(SrpmDecision::Make { file: parsed.file_name(), needed: Some(needed) })
    }
}

fn help_for_mismatch(tag: &str, spec: &SpecFile) -> String {
    match (tag, spec.kind) {
        ("Version", SpecKind::Template) => "write `Version: @@VERSION@@` in the template".to_owned(),
        ("Version", _) => format!("let `{}` state its version in one `Version:` line without conditions", spec.path),
        _ => committed(&format!("correct the `Name:` of the spec, or `[project]` and `name = \"…\"` in `{PATH}`")),
    }
}
