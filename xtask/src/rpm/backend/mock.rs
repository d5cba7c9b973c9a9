//! `mock --rebuild`: a chroot for each dist, on this machine.

use std::path::Path;

use anyhow::Result;

use crate::base::error::Failure;
use crate::base::process::{Isolation, inherited_variables};
use crate::project::config::RpmKeys;
use crate::rpm::backend::model::{
    BuildEnvNames, configured_args, configured_settings, define_args, reproducible_macros, transient,
};
use crate::rpm::backend::program::{BuildProgram, ProgramCall};
use crate::rpm::backend::{BuildPart, BuildTarget, SourceRpm};

/// The folder for packages and logs, below the scratch folder.
const RESULTS: &str = "result";

const NAMES: BuildEnvNames = BuildEnvNames {
    key: "mock",
    kind: "configuration of mock",
    hint: "; the configurations are in /etc/mock",
    fedora: "fedora-NUMBER-ARCH",
    enterprise_linux: "rocky+epel-NUMBER-ARCH",
};

/// The backend `mock`.
pub struct Mock {
    keys: RpmKeys,
}

impl Mock {
    /// Uses the configurations that `keys` names.
    pub fn new(keys: &RpmKeys) -> Mock {
        Mock { keys: keys.clone() }
    }
}

impl BuildProgram for Mock {
    fn program(&self) -> &'static str {
        "mock"
    }

    fn settings(&self, part: &BuildPart) -> String {
        format!("mock {}{}", part.build_env, configured_settings(&self.keys))
    }

    fn build_env(&self, _srpm: &SourceRpm, target: &BuildTarget) -> Result<String, Failure> {
        let stated = self.keys.dist.get(&target.dist).and_then(|keys| keys.mock.as_ref());
        NAMES.name_for(stated, &self.keys, target)
    }

    fn call(&self, srpm: &SourceRpm, part: &BuildPart, scratch: &Path) -> Result<ProgramCall> {
        let mut args = vec!["--root".to_owned(), part.build_env.clone()];
        args.extend(["--resultdir".to_owned(), scratch.join(RESULTS).display().to_string()]);
        args.extend(configured_args(&self.keys));
        args.extend(define_args(&reproducible_macros()));
        args.extend(["--rebuild".to_owned(), std::path::absolute(&srpm.path)?.display().to_string()]);
        let mut environment = inherited_variables();
        environment.extend(std::env::var("HOME").map(|home| ("HOME".to_owned(), home))); // ~/.config/mock.cfg
        let args = args.into_iter().map(Into::into).collect();
        // mock makes its own namespaces, and needs the network to fill its chroot.
        Ok(ProgramCall { args, environment, isolation: Isolation::None })
    }

    fn results(&self) -> &'static str {
        RESULTS
    }

    fn explain_exit(&self, _part: &BuildPart, code: i32, _log: &str) -> Result<String, Failure> {
        match code {
            10 => Ok("the package does not build (mock, exit 10)".to_owned()),
            11 => Ok("the build exceeded the time limit of mock (exit 11)".to_owned()),
            3 | 5 | 6 => Ok(format!("mock rejects its configuration or arguments, exit {code}")),
            // A repository or the network failed, or another run uses the chroot.
            30 | 40 | 50 => Err(transient(format!("mock could not prepare its chroot, exit {code}"))),
            _ => Ok(format!("mock failed, exit {code}")),
        }
    }
}
