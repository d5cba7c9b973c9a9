//! `mock --rebuild`: a chroot for each dist, on this machine.

use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::process::Isolation;
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::here::{Builder, Call, inherited, outside};
use crate::rpm::backend::model::{defines, named_for, repeatable};
use crate::rpm::backend::{Srpm, Target};

/// Where mock is told to leave packages and its logs.
const RESULTS: &str = "result";

/// The backend `mock`.
pub struct Mock {
    keys: RpmKeys,
}

impl Mock {
    /// With the configurations that `keys` names.
    pub fn new(keys: &RpmKeys) -> Mock {
        Mock { keys: keys.clone() }
    }
}

impl Builder for Mock {
    fn settings(&self, part: &(Target, String)) -> String {
        format!("mock {}", part.1)
    }

    fn name(&self, _srpm: &Srpm, target: &Target) -> Result<String, Failure> {
        let stated = self.keys.dist.get(&target.dist).and_then(|of| of.mock.as_ref()).map(Word::as_str);
        match (stated, target.dist.parts()) {
            (Some(name), _) => Ok(named_for(name, &self.keys, target)),
            (None, Some(("fc", number))) => Ok(format!("fedora-{number}-{}", target.arch)),
            (None, Some(("el", number))) => Ok(format!("rocky+epel-{number}-{}", target.arch)),
            _ => {
                let message = format!("it is not known which configuration of mock builds for {}", target.dist);
                let help = format!("name it: `[rpm.dist.{}]` and `mock = \"…\"`; they are in /etc/mock", target.dist);
                Err(Failure::new(Exit::Usage, message).help(help))
            }
        }
    }

    fn call(&self, srpm: &Srpm, part: &(Target, String), scratch: &Path) -> Result<Call> {
        let mut args = vec!["--root".to_owned(), part.1.clone()];
        args.extend(["--resultdir".to_owned(), scratch.join(RESULTS).display().to_string()]);
        args.extend(defines(&repeatable()));
        args.extend(["--rebuild".to_owned(), std::path::absolute(&srpm.path)?.display().to_string()]);
        let mut environment = inherited();
        environment.extend(std::env::var("HOME").map(|home| ("HOME".to_owned(), home))); // ~/.config/mock.cfg
        let args = args.into_iter().map(Into::into).collect();
        // It makes namespaces of its own, and needs the network for its chroot.
        Ok(Call { program: "mock", args, environment, isolation: Isolation::None })
    }

    fn results(&self) -> &'static str {
        RESULTS
    }

    fn judge(&self, code: i32, _log: &str) -> Result<String, Failure> {
        match code {
            10 => Ok("the package does not build (mock, exit 10)".to_owned()),
            11 => Ok("the build took longer than mock lets it (exit 11)".to_owned()),
            3 | 5 | 6 => Ok(format!("mock does not take its configuration or call, exit {code}")),
            // A repository, the network, a chroot that another run holds.
            30 | 40 | 50 => Err(outside(format!("mock could not prepare its chroot, exit {code}"))),
            _ => Ok(format!("mock failed, exit {code}")),
        }
    }
}
