//! `rpmbuild` in a container, by podman: an image for each dist that holds the build requirements, and no network.

use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::process::Isolation;
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::here::{Builder, Call, INPUT, give, inherited, judge_rpmbuild, outside};
use crate::rpm::backend::model::{defines, repeatable};
use crate::rpm::backend::{Srpm, Target};

/// Where the scratch folder is inside: the same on every machine.
const INSIDE: &str = "/builddir";

/// The backend `container`.
pub struct Container {
    keys: RpmKeys,
}

impl Container {
    /// With the images that `keys` names.
    pub fn new(keys: &RpmKeys) -> Container {
        Container { keys: keys.clone() }
    }
}

impl Builder for Container {
    fn settings(&self, part: &(Target, String)) -> String {
        format!("container {}", part.1)
    }

    fn name(&self, _srpm: &Srpm, target: &Target) -> Result<String, Failure> {
        let dist = &target.dist;
        let stated = self.keys.dist.get(dist).and_then(|of| of.container.as_ref()).map(Word::as_str);
        let Some(image) = stated else {
            let message = format!("it is not known which image builds for {dist}");
            let help = format!(
                "name one that holds the build requirements: `[rpm.dist.{dist}]` and `container = \"…@sha256:…\"`"
            );
            return Err(Failure::new(Exit::Usage, message).help(help));
        };
        let digest = image.split_once("@sha256:").map_or("", |(_, digest)| digest);
        if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(image.to_owned());
        }
        let message = format!("the image `{image}` for {dist} has no digest: what it is may change");
        let help = format!("pin it; `podman image inspect --format '{{{{.Digest}}}}' {image}` says the digest");
        Err(Failure::new(Exit::Usage, message).help(help))
    }

    fn call(&self, srpm: &Srpm, part: &(Target, String), scratch: &Path) -> Result<Call> {
        let given = give(srpm, scratch)?;
        let (target, image) = part;
        let mut args: Vec<String> = ["run", "--rm", "--network=none"].map(str::to_owned).to_vec();
        args.push(format!("--arch={}", name_of_arch(target.arch.as_str())));
        args.push(format!("--volume={}:{INSIDE}:Z", scratch.display()));
        args.push(format!("--env=SOURCE_DATE_EPOCH={}", srpm.date));
        args.extend([image.clone(), "rpmbuild".to_owned(), "--rebuild".to_owned()]);
        let mut macros = repeatable();
        macros.extend([("_topdir", format!("{INSIDE}/top")), ("_tmppath", format!("{INSIDE}/top/tmp"))]);
        macros.extend(target.dist.macros());
        args.extend(defines(&macros));
        let file = given.file_name().unwrap_or_default().to_string_lossy().into_owned();
        args.push(format!("{INSIDE}/{INPUT}/{file}"));
        let mut environment = inherited();
        for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            environment.extend(std::env::var(name).map(|value| (name.to_owned(), value))); // where podman keeps images
        }
        let args = args.into_iter().map(Into::into).collect();
        Ok(Call { program: "podman", args, environment, isolation: Isolation::None })
    }

    fn results(&self) -> &'static str {
        "top/RPMS"
    }

    fn judge(&self, code: i32, log: &str) -> Result<String, Failure> {
        match code {
            // podman's own code: it could not run the container, for want of an image or of the network to fetch it.
            125 => Err(outside("podman could not run the container, exit 125".to_owned())),
            126 | 127 => Ok("the image has no rpmbuild".to_owned()),
            _ => Ok(judge_rpmbuild(code, log)),
        }
    }
}

/// How podman calls an architecture of rpm.
fn name_of_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i686" => "386",
        other => other,
    }
}
