//! `rpmbuild` in a container of podman, without a network. The image of a dist has the build requirements installed.
//!
//! A container outlives the `podman run` that started it, where that is killed. So each has a name, by which it is removed.

use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::base::process::podman::{PODMAN_VARIABLES, TIMEOUT_SLACK};
use crate::base::process::{Isolation, inherited_variables};
use crate::base::text;
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::model::{configured_args, configured_settings, define_args, reproducible_macros, transient};
use crate::rpm::backend::program::{BuildProgram, INPUT, ProgramCall, copy_srpm, end_left, explain_rpmbuild};
use crate::rpm::backend::{BuildPart, BuildTarget, SourceRpm};

/// The path of the scratch folder inside the container, the same on every machine.
const MOUNT_POINT: &str = "/builddir";

/// The beginning of the names of images that are on this machine only; podman would look for a registry `localhost`.
const LOCAL: &str = "localhost/";

/// The variables by which podman reaches registries.
const REGISTRY_VARIABLES: [&str; 7] =
    ["REGISTRY_AUTH_FILE", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];

/// The command of a shell that runs its arguments. podman reads the two outputs apart, and their lines would be out of order.
const IN_ORDER: &str = "exec \"$@\" 2>&1";

/// Words in the errors of podman that trying again may cure.
const TRANSIENT: [&str; 8] = [
    "timeout",
    "connection re", // refused, reset
    "no such host",
    "network is unreachable",
    "temporary failure",
    "unexpected EOF",
    "too many requests",
    "received unexpected HTTP status: 5",
];

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

/// Ends the container of the build in `scratch`, which a run that was killed may have left.
pub fn end_container(scratch: &Path) {
    end_left(&Container { keys: RpmKeys::default() }, scratch);
}

impl BuildProgram for Container {
    fn program(&self) -> &'static str {
        "podman"
    }

    fn settings(&self, part: &BuildPart) -> String {
        format!("container {}{}", part.build_env, configured_settings(&self.keys))
    }

    fn build_env(&self, _srpm: &SourceRpm, target: &BuildTarget) -> Result<String, Failure> {
        let dist = &target.dist;
        let stated = self.keys.dist.get(dist).and_then(|keys| keys.container.as_ref()).map(Word::as_str);
        let Some(image) = stated else {
            let message = format!("no image is configured for {dist}");
            let help = committed(&format!(
                "set `container = \"…@sha256:…\"` in `[rpm.dist.{dist}]`, to an image with the build requirements installed"
            ));
            return Err(Failure::new(Exit::Usage, message).help(help));
        };
        let digest = image.split_once("@sha256:").map_or("", |(_, digest)| digest);
        if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(image.to_owned());
        }
        let message = format!("the image `{image}` for {dist} has no digest: its contents may change");
        let help = format!(
            "pin it; `podman image inspect --format '{{{{.Digest}}}}' {image}` prints the digest of an image that podman has"
        );
        Err(Failure::new(Exit::Usage, message).help(help))
    }

    fn call(&self, srpm: &SourceRpm, part: &BuildPart, scratch: &Path) -> Result<ProgramCall> {
        let copied = copy_srpm(srpm, scratch)?;
        let BuildPart { target, build_env: image } = part;
        // An image may have a user and an entry point. Some programs put the name of the host into what they build.
        let fixed = ["run", "--rm", "--network=none", "--http-proxy=false", "--user=0", "--hostname=localhost"];
        let mut args: Vec<String> = fixed.map(str::to_owned).to_vec();
        args.extend([format!("--name={}", container_name(scratch)), "--stop-timeout=0".to_owned()]);
        args.push(format!("--timeout={}", self.keys.timeout.0.as_secs() + TIMEOUT_SLACK));
        args.extend(image.starts_with(LOCAL).then(|| "--pull=never".to_owned()));
        args.push(format!("--arch={}", podman_arch(target.arch.as_str())));
        args.push(format!("--volume={}:{MOUNT_POINT}:Z", scratch.display()));
        args.push(format!("--env=SOURCE_DATE_EPOCH={}", srpm.date));
        args.extend(["--env=LC_ALL=C.UTF-8", "--entrypoint=/bin/sh", image].map(str::to_owned));
        args.extend(["-c", IN_ORDER, "sh", "rpmbuild", "--rebuild"].map(str::to_owned));
        let mut macros = reproducible_macros();
        macros.extend([("_topdir", format!("{MOUNT_POINT}/top")), ("_tmppath", format!("{MOUNT_POINT}/top/tmp"))]);
        macros.extend(target.dist.macros());
        args.extend(configured_args(&self.keys));
        args.extend(define_args(&macros));
        let file = copied.file_name().unwrap_or_default().to_string_lossy().into_owned();
        args.push(format!("{MOUNT_POINT}/{INPUT}/{file}"));
        Ok(podman(args))
    }

    fn cleanup(&self, scratch: &Path) -> Option<ProgramCall> {
        Some(podman(["rm".to_owned(), "--force".to_owned(), "--ignore".to_owned(), container_name(scratch)].to_vec()))
    }

    fn results(&self) -> &'static str {
        "top/RPMS"
    }

    fn explain_exit(&self, part: &BuildPart, code: i32, log: &str) -> Result<String, Failure> {
        match code {
            // podman itself failed: the image cannot be fetched, or this machine cannot run containers.
            125 | 126 => Err(explain_podman(&part.build_env, log)),
            127 => Ok("the image has no `rpmbuild`".to_owned()),
            _ => Ok(explain_rpmbuild(code, log)),
        }
    }
}

/// The failure that podman reports in the last line of its output.
fn explain_podman(image: &str, log: &str) -> Failure {
    let said = text::last_line(log).unwrap_or("it printed nothing");
    let said = said.strip_prefix("Error: ").unwrap_or(said);
    if said.ends_with(": image not known") {
        let message = format!("podman has no image `{image}`");
        return Failure::new(Exit::Failed, message).help("`podman images --digests` lists those that it has");
    }
    let message = format!("podman could not run the container: {said}");
    if TRANSIENT.iter().any(|word| said.contains(word)) {
        return transient(message);
    }
    let call = format!("podman run --rm --network=none --entrypoint=rpmbuild {image} --version");
    Failure::new(Exit::Failed, message).help(format!("correct it until `{call}` works"))
}

/// The call of podman with `args`.
fn podman(args: Vec<String>) -> ProgramCall {
    let mut environment = inherited_variables();
    for name in PODMAN_VARIABLES.iter().chain(&REGISTRY_VARIABLES) {
        environment.extend(std::env::var(name).map(|value| ((*name).to_owned(), value)));
    }
    ProgramCall { args: args.into_iter().map(Into::into).collect(), environment, isolation: Isolation::None }
}

/// The name of the container of the build in the folder `scratch`, whose name is unique.
fn container_name(scratch: &Path) -> String {
    scratch.file_name().unwrap_or_default().to_string_lossy().into_owned()
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
