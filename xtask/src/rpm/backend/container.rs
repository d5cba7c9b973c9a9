//! `rpmbuild` in a container of podman, without a network. The image of a dist has the build requirements installed.

use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::process::Isolation;
use crate::project::config::{RpmKeys, Word, committed};
use crate::rpm::backend::model::{define_args, reproducible_macros, transient};
use crate::rpm::backend::program::{
    BuildProgram, INPUT, ProgramCall, copy_srpm, explain_rpmbuild, inherited_variables,
};
use crate::rpm::backend::{BuildPart, BuildTarget, SourceRpm};

/// The path of the scratch folder inside the container, the same on every machine.
const MOUNT_POINT: &str = "/builddir";

/// The backend `container`.
pub struct Container {
    keys: RpmKeys,
}

impl Container {
    /// Uses the images that `keys` names.
    pub fn new(keys: &RpmKeys) -> Container {
        Container { keys: keys.clone() }
    }
}

impl BuildProgram for Container {
    fn settings(&self, part: &BuildPart) -> String {
        format!("container {}", part.build_env)
    }

    fn build_env(&self, _srpm: &SourceRpm, target: &BuildTarget) -> Result<String, Failure> {
        let dist = &target.dist;
        let stated = self.keys.dist.get(dist).and_then(|keys| keys.container.as_ref()).map(Word::as_str);
        let Some(image) = stated else {
            let message = format!("no image is configured for {dist}");
            let help = format!(
                "set `container = \"…@sha256:…\"` in `[rpm.dist.{dist}]`, to an image with the build requirements installed"
            );
            return Err(Failure::new(Exit::Usage, message).help(committed(&help)));
        };
        let digest = image.split_once("@sha256:").map_or("", |(_, digest)| digest);
        if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(image.to_owned());
        }
        let message = format!("the image `{image}` for {dist} has no digest: its contents may change");
        let help = format!("pin it; `podman image inspect --format '{{{{.Digest}}}}' {image}` prints the digest");
        Err(Failure::new(Exit::Usage, message).help(help))
    }

    fn call(&self, srpm: &SourceRpm, part: &BuildPart, scratch: &Path) -> Result<ProgramCall> {
        let copied = copy_srpm(srpm, scratch)?;
        let BuildPart { target, build_env: image } = part;
        let mut args: Vec<String> = ["run", "--rm", "--network=none"].map(str::to_owned).to_vec();
        args.push(format!("--arch={}", podman_arch(target.arch.as_str())));
        args.push(format!("--volume={}:{MOUNT_POINT}:Z", scratch.display()));
        args.push(format!("--env=SOURCE_DATE_EPOCH={}", srpm.date));
        args.extend([image.clone(), "rpmbuild".to_owned(), "--rebuild".to_owned()]);
        let mut macros = reproducible_macros();
        macros.extend([("_topdir", format!("{MOUNT_POINT}/top")), ("_tmppath", format!("{MOUNT_POINT}/top/tmp"))]);
        macros.extend(target.dist.macros());
        args.extend(define_args(&macros));
        let file = copied.file_name().unwrap_or_default().to_string_lossy().into_owned();
        args.push(format!("{MOUNT_POINT}/{INPUT}/{file}"));
        let mut environment = inherited_variables();
        for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            environment.extend(std::env::var(name).map(|value| (name.to_owned(), value))); // podman finds its images by these
        }
        let args = args.into_iter().map(Into::into).collect();
        Ok(ProgramCall { program: "podman", args, environment, isolation: Isolation::None })
    }

    fn results(&self) -> &'static str {
        "top/RPMS"
    }

    fn explain_exit(&self, code: i32, log: &str) -> Result<String, Failure> {
        match code {
            // podman itself failed: the image is missing, or could not be fetched.
            125 => Err(transient("podman could not run the container, exit 125".to_owned())),
            126 | 127 => Ok("the image has no rpmbuild".to_owned()),
            _ => Ok(explain_rpmbuild(code, log)),
        }
    }
}

/// The name that podman has for an architecture of rpm.
fn podman_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i686" => "386",
        other => other,
    }
}
