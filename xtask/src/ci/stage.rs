//! The stages of the CI process.

use std::fmt;

use crate::project::config::{CiKeys, CiStep};

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiStage {
    /// The tests of a branch that is proposed.
    CheckPatch,
    /// The tests of a merge commit.
    CheckMerged,
    /// The making of the release of a merge commit.
    BuildArtifacts,
}

impl CiStage {
    /// The steps that are configured for the stage.
    pub fn configured(self, keys: &CiKeys) -> &[CiStep] {
        match self {
            CiStage::CheckPatch => &keys.check_patch,
            CiStage::CheckMerged => &keys.check_merged,
            CiStage::BuildArtifacts => &keys.build_artifacts,
        }
    }
}

impl fmt::Display for CiStage {
    /// The name of the command, and of the key of the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CiStage::CheckPatch => "check-patch",
            CiStage::CheckMerged => "check-merged",
            CiStage::BuildArtifacts => "build-artifacts",
        })
    }
}
