//! What the configuration of the base says about a merge: the steps, and the boundary around them.

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::ci::stage::CiStage;
use crate::ci::steps::automation::AutomationScript;
use crate::git::{CommitId, Repository};
use crate::project::config::{self, CiIsolation, CiStep, Config};
use crate::project::definition::load_config;
use crate::project::tree::Tree;

/// The configuration that the steps and rules of a merge come from: that of the base, never that of the work. What needs trust comes from
/// [`TrustedKeys`](crate::project::trusted::TrustedKeys), which is laid over it.
pub fn base_config(repository: &Repository, base: CommitId) -> Result<Config> {
    Ok(load_config(Tree::Commit(repository, base))?.unwrap_or_default())
}

/// The stages of the tests, with their steps.
pub struct MergeStages {
    pub stages: Vec<(CiStage, Vec<CiStep>)>,
}

impl MergeStages {
    /// The steps that are configured for `check-merged`, or else for `check-patch`, and those of `build-artifacts`. Without a step for
    /// a stage, its script in `automation/` counts. `tree` has the scripts.
    ///
    /// Errors: there is no test.
    pub fn load(config: &Config, tree: Tree<'_>) -> Result<MergeStages> {
        let tests = [CiStage::CheckMerged, CiStage::CheckPatch];
        let mut stages = Vec::new();
        for stage in tests {
            if stages.is_empty() {
                stages.extend(load_stage(stage, config, tree)?);
            }
        }
        if stages.is_empty() {
            let message = "no tests are configured for a merge commit";
            let help = committed(&format!(
                "in `{}` of the base, add a step: `[[ci.check-merged]]`, `name = \"unit\"`, `run = [\"make\", \"check\"]`, each \
                 on a line of its own; or write a script `automation/check-merged.sh`",
                config::PATH
            ));
            return Err(Failure::new(Exit::Usage, message).help(help).into());
        }
        stages.extend(load_stage(CiStage::BuildArtifacts, config, tree)?);
        Ok(MergeStages { stages })
    }

    /// Whether a release is made.
    pub fn make_release(&self) -> bool {
        self.stages.iter().any(|(stage, _)| *stage == CiStage::BuildArtifacts)
    }
}

fn load_stage(stage: CiStage, config: &Config, tree: Tree<'_>) -> Result<Option<(CiStage, Vec<CiStep>)>> {
    let configured = stage.configured(&config.ci);
    if !configured.is_empty() {
        return Ok(Some((stage, configured.to_vec())));
    }
    let script = AutomationScript::find(tree, stage)?;
    // The script is run by bash: whether it may be executed is decided by the merge commit, which is foreign.
    Ok(script.map(|script| (stage, vec![script.step(stage, false)])))
}

/// Errors (exit 2): the configuration does not say what separates the tests from this user.
pub fn require_boundary(config: &Config) -> Result<&CiIsolation, Failure> {
    config.ci.isolation.as_ref().ok_or_else(|| {
        let help = committed(
            "in `packaging/release.toml` of the default branch, set `ci.isolation` to `\"user:NAME\"` (another user of this system), to \
             `\"container:IMAGE\"` (podman), or, if only code is merged that you have read, to `\"none\"`",
        );
        Failure::new(Exit::Usage, "`ci.isolation` is not set: nothing would separate the code that is tested from this user")
            .help(help)
    })
}
