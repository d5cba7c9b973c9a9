//! Checks this machine: namespaces, the boundary of the CI process, the room on its disks, builds for the configured dists.

use std::path::PathBuf;

use crate::base::digest::digest_of;
use crate::base::files::{FreeSpace, find_free_space};
use crate::base::process::{can_enclose_builds, help_to_install, locate_program};
use crate::base::size::human_size;
use crate::base::text::shell_word;
use crate::ci::merge::boundary;
use crate::doctor::check::Check;
use crate::project::config::{BackendKind, CiIsolation, Config};
use crate::rpm::backend::{self, Host, SourceRpm};

/// With less room, nothing can be written.
const LEAST: u64 = 10_000_000;
/// With less room, a release may not fit.
const LITTLE: u64 = 1_000_000_000;
/// With fewer files, a release may not fit.
const FEW_FILES: u64 = 1_000;

/// The commands that run the programs of a project.
const RUNNING: [&str; 4] = ["rpm", "dist", "srpm", "accept"];

/// The check of namespaces. Builds and tests can run without, so it is never a fault.
pub fn check_namespaces() -> Check {
    let check = if can_enclose_builds() {
        Check::ok("namespaces", "builds and tests run in their own, without the network of this machine")
    } else if locate_program("unshare").is_err() {
        let found = "there is no program `unshare`: builds see the network, and their paths may get into packages";
        Check::note("namespaces", found).then(help_to_install("unshare"))
    } else {
        let found = "not available here: builds see the network, and their paths may get into packages";
        Check::note("namespaces", found)
            .then("let this user make namespaces: `unshare -r -m -p -f -n true` must succeed")
    };
    check.of_commands(&RUNNING)
}

/// The check of `ci.isolation`; `None` where it is not set.
pub fn check_isolation(isolation: Option<&CiIsolation>) -> Option<Check> {
    let isolation = isolation?;
    let check = match (isolation, boundary::require_available(isolation)) {
        (CiIsolation::None, _) => {
            Check::note("isolation", "`none`: what `ci merge` tests can do what this user can do")
        }
        (_, Ok(())) => Check::ok("isolation", format!("`{isolation}`")),
        (_, Err(error)) => Check::of_error("isolation", &error),
    };
    Some(check.of_commands(&["ci"]))
}

/// The check whether the backend can build for the configured dists; `None` if its program is missing, which has its own check.
pub fn check_backend(config: &Config, is_asked: bool) -> Option<Check> {
    let keys = &config.rpm;
    let program = match keys.backend {
        BackendKind::Local => "rpmbuild",
        BackendKind::Mock => "mock",
        BackendKind::Container => "podman",
        BackendKind::Copr => "copr-cli",
        BackendKind::Koji => "koji",
    };
    locate_program(program).ok()?;
    let host = Host::load();
    // A noarch package needs the least: what is refused for one is refused for all.
    let targets = backend::targets(keys, true, &host);
    let planned = backend::open(keys.backend, keys).and_then(|backend| Ok(backend.plan(&any_srpm(), &targets)?));
    let shown = targets.iter().map(|target| target.dist.to_string()).collect::<Vec<_>>().join(", ");
    let check = match planned {
        Ok(_) => Check::ok("backend", format!("`{}`, for the dist {shown}", keys.backend)),
        Err(error) => Check::of_error("backend", &error).asked(is_asked),
    };
    Some(check.of_commands(&["rpm", "dist"]))
}

/// A source RPM for the rules of backends that ask for one.
fn any_srpm() -> SourceRpm {
    let text = |text: &str| text.to_owned();
    let (path, digest) = (PathBuf::new(), digest_of(b""));
    SourceRpm { path, digest, name: text("any"), version: text("1"), release: text("1"), date: 0, is_noarch: true }
}

/// The checks of the room in folders that are written to, with what each is for. A file system is named once.
pub fn check_disks(places: &[(&str, PathBuf)]) -> Vec<Check> {
    let mut seen = Vec::new();
    let mut checks = Vec::new();
    for (what, place) in places {
        let Some(space) = find_free_space(place) else { continue };
        if !seen.contains(&space.device) {
            seen.push(space.device);
            checks.push(check_room(what, &space));
        }
    }
    checks
}

fn check_room(what: &str, space: &FreeSpace) -> Check {
    let FreeSpace { path, bytes, files, .. } = space;
    // 0 is no limit.
    let has_few_files = (1..FEW_FILES).contains(files);
    let count = if has_few_files { format!(", and {files} more files") } else { String::new() };
    let found = format!("{} free{count} in `{}`, for {what}", human_size(*bytes), path.display());
    let word = shell_word(&path.to_string_lossy());
    let next =
        || format!("make room on the file system of `{}`: `du -x -h -d 1 {word}` lists what is there", path.display());
    if *bytes < LEAST {
        Check::fault("disk", found).then(next())
    } else if *bytes < LITTLE || has_few_files {
        Check::note("disk", found).then(next())
    } else {
        Check::ok("disk", found)
    }
}
