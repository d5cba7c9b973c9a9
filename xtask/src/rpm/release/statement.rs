//! The statement of a release: that its sources were built from this commit, by this program.
//!
//! It lies in `sources/`, and has the same bytes wherever and whenever the same commit is released by the same program. So it has neither
//! times nor the name of a machine: somebody who builds the release again gets the same file, and can compare it. The times and the
//! builders of packages are in the statement that is made when the release is staged.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use crate::base::digest::{Digest, digest_of};
use crate::base::statement::{BuildDefinition, Descriptor, PROVENANCE, Provenance, RunDetails, Statement};
use crate::project::config;
use crate::project::own_version::own_version;
use crate::project::workspace::Workspace;
use crate::rpm::release::input::{ReleaseInput, ReleaseOrder};
use crate::rpm::release::made::{Made, Written};

/// The type of the build of sources.
pub const SOURCES_BUILD: &str = "urn:releng:build:sources:1";
/// The annotation of a file of the folder of `--packaging`.
const PACKAGING: &str = "packaging";

/// What the sources of a release are made from, beside the files of the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedMaterials {
    release: u32,
    /// The digest of `packaging/release.toml`; `None` if there is none.
    config: Option<Digest>,
    /// The files of the folder of `--packaging`.
    packaging: BTreeMap<String, Digest>,
}

impl StatedMaterials {
    /// Those of a release. `packaging` has the files of the folder of `--packaging`.
    pub fn load(
        workspace: &Workspace,
        input: &ReleaseInput,
        order: &ReleaseOrder,
        packaging: BTreeMap<String, Digest>,
    ) -> Result<StatedMaterials> {
        let committed = workspace.repository()?.file_at(input.commit, config::PATH)?.map(|file| file.content);
        // Where the commit has none, that of the work tree counts.
        let path = workspace.work_tree().map(|folder| folder.join(config::PATH)).filter(|path| path.is_file());
        let config = match (committed, path) {
            (Some(text), _) => Some(digest_of(&text)),
            (None, Some(path)) if input.packaging.is_none() => {
                let text = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
                Some(digest_of(&text))
            }
            _ => None,
        };
        Ok(StatedMaterials { release: order.release, config, packaging })
    }

    /// The statement about the files in `made`.
    pub fn state(&self, input: &ReleaseInput, made: &Made) -> Statement<Provenance> {
        let subject =
            |written: &Written| Some(Descriptor::file(written.file.strip_prefix("sources/")?, written.digest));
        let mut subjects: Vec<Descriptor> = made.sources.iter().chain(&made.srpm).filter_map(subject).collect();
        subjects.sort_by(|one, other| one.name.cmp(&other.name));
        let mut dependencies = vec![Descriptor::commit(input.commit)];
        dependencies.extend(self.config.map(|digest| Descriptor::file(config::PATH, digest)));
        let packaging = self.packaging.iter();
        dependencies.extend(packaging.map(|(path, digest)| Descriptor::file(path, *digest).annotated(PACKAGING, true)));
        let external_parameters = BTreeMap::from([
            ("name".to_owned(), input.name().to_string().into()),
            ("version".to_owned(), input.version().to_string().into()),
            ("release".to_owned(), self.release.into()),
        ]);
        let build_definition = BuildDefinition {
            build_type: SOURCES_BUILD.to_owned(),
            external_parameters,
            resolved_dependencies: dependencies,
        };
        let run_details = RunDetails::of_releng(own_version(), None);
        Statement::new(subjects, PROVENANCE, Provenance { build_definition, run_details })
    }
}
