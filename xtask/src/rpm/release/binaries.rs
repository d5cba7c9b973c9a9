//! Builds the binary RPMs of a release: selects the backend and the targets.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::checksum::digest_of;
use crate::base::error::{Exit, Failure, committed};
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::project::config::{BackendKind, Dist, RpmKeys};
use crate::rpm::backend::{self, Backend, BuildTarget, Host, SourceRpm, targets};
use crate::rpm::builds::{self, Again, BuildOutcome, DistPackages};
use crate::rpm::release::input::ReleaseInput;
use crate::rpm::release::made::Made;
use crate::rpm::release::plan::ReleaseStep;
use crate::rpm::rust::verify_compilers;

/// The arguments of a build.
#[derive(Clone, Debug)]
pub struct BuildOrder {
    /// The dists to build for; empty for all of the configuration.
    pub dists: Vec<Dist>,
    /// The backend, if not that of the configuration.
    pub backend: Option<BackendKind>,
    /// The number of builds on this machine at a time.
    pub jobs: usize,
    pub again: Again,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// The binary RPMs of a release.
pub struct Binaries<'a> {
    keys: &'a RpmKeys,
    order: &'a BuildOrder,
    backend: Box<dyn Backend>,
    kind: BackendKind,
    host: Host,
    spec: String,
    place: PathBuf,
    targets: Vec<BuildTarget>,
    pub srpm: SourceRpm,
    /// The targets of the configuration; `targets` may be fewer.
    pub wanted: Vec<BuildTarget>,
}

impl Binaries<'_> {
    /// The binary RPMs of the release in `made`, whose plan was `plan`. Builds are kept in the folder `state`.
    ///
    /// Errors: a dist is not configured; its compiler is too old; a program or key that the backend needs is missing.
    pub fn load<'a>(
        input: &'a ReleaseInput,
        plan: &Plan<ReleaseStep>,
        made: &Made,
        order: &'a BuildOrder,
        state: &Path,
    ) -> Result<Binaries<'a>> {
        let spec = plan.steps.iter().find_map(|step| match step {
            ReleaseStep::Srpm { spec, .. } => Some(spec.clone()),
            _ => None,
        });
        let written = made.srpm.as_ref().context("the release has no source RPM")?;
        let srpm = SourceRpm::load(&made.target.join(&written.file), written.digest)?;
        Binaries::new(input, spec.unwrap_or_default(), srpm, order, state)
    }

    /// The binary RPMs of a release that is not made yet, so that no build of it exists. `None` where only a machine
    /// with the macros of the dist can evaluate the spec.
    pub fn preview<'a>(
        input: &'a ReleaseInput,
        plan: &Plan<ReleaseStep>,
        order: &'a BuildOrder,
        state: &Path,
    ) -> Result<Option<Binaries<'a>>> {
        let srpm = plan.steps.iter().find_map(|step| match step {
            ReleaseStep::Srpm { file, spec, .. } => Some((file, spec)),
            _ => None,
        });
        let Some((file, spec)) = srpm else { return Ok(None) };
        let Ok(parsed) = input.parse_spec(spec) else { return Ok(None) };
        let srpm = SourceRpm {
            path: file.into(),
            digest: digest_of(b""),
            name: parsed.name().to_owned(),
            version: parsed.version().to_owned(),
            release: parsed.release().to_owned(),
            date: 0,
            is_noarch: parsed.build_architectures == ["noarch"],
        };
        Binaries::new(input, spec.clone(), srpm, order, state).map(Some)
    }

    fn new<'a>(
        input: &'a ReleaseInput,
        spec: String,
        srpm: SourceRpm,
        order: &'a BuildOrder,
        state: &Path,
    ) -> Result<Binaries<'a>> {
        let keys = &input.config().rpm;
        let kind = order.backend.unwrap_or(keys.backend);
        let host = Host::load();
        let wanted = targets(keys, srpm.is_noarch, &host);
        let targets = choose(keys, &srpm, kind, &host, &order.dists)?;
        if let Some(least) = input.rust_version() {
            verify_compilers(keys, &targets, least)?;
        }
        let (backend, place) = (backend::open(kind, keys)?, builds::place(state));
        Ok(Binaries { keys, order, backend, kind, host, spec, place, targets, srpm, wanted })
    }

    /// Plans the builds. Errors: a target that the backend cannot build.
    pub fn decide(&self) -> Result<Plan<builds::BuildStep>, Failure> {
        let Binaries { srpm, kind, host, place, .. } = self;
        let context = builds::BuildContext {
            srpm,
            kind: *kind,
            backend: self.backend.as_ref(),
            host,
            define: &self.keys.define,
            place,
            now: self.order.now,
        };
        builds::decide(&context, &self.targets, self.order.again)
    }

    /// Carries out the plan.
    pub fn build(&mut self, plan: &Plan<builds::BuildStep>, progress: &dyn Progress) -> Result<BuildOutcome> {
        if plan.steps.iter().any(|step| matches!(step, builds::BuildStep::Begin { .. })) {
            for note in self.backend.notes() {
                progress.warn(&note);
            }
        }
        let expected = builds::expected(&self.spec, &self.targets);
        for DistPackages { dist, expected } in &expected {
            if let Err(why) = expected {
                progress.warn(&format!(
                    "the packages of {dist} cannot be derived from the spec, and are not checked: {why}"
                ));
            }
        }
        let run = builds::BuildRun {
            srpm: &self.srpm,
            expected: &expected,
            jobs: self.order.jobs,
            poll: self.keys.poll.0,
            time_limit: self.keys.timeout.0,
            progress,
        };
        let outcome = run.apply(self.backend.as_mut(), plan)?;
        for target in &self.targets {
            builds::clear_old(&self.place, target)?;
        }
        Ok(outcome)
    }
}

/// The targets for `dists`, or those of the configuration where `dists` is empty. The backend `local` can always build for
/// the dist of this machine.
fn choose(
    keys: &RpmKeys,
    srpm: &SourceRpm,
    kind: BackendKind,
    host: &Host,
    dists: &[Dist],
) -> Result<Vec<BuildTarget>, Failure> {
    let own = (kind == BackendKind::Local && !keys.dists.contains(&host.dist)).then_some(&host.dist);
    let known: Vec<&Dist> = keys.dists.iter().chain(own).collect();
    if kind != BackendKind::Local && keys.dists.is_empty() {
        let message = format!("no dists are configured for the backend {kind}");
        let help = committed("set `dists = [\"el9\", \"fc42\"]` in `[rpm]` of `packaging/release.toml`");
        return Err(Failure::new(Exit::Usage, message).help(help));
    }
    if let Some(unknown) = dists.iter().find(|dist| !known.contains(dist)) {
        let named = known.iter().map(|dist| format!("`{dist}`")).collect::<Vec<_>>().join(", ");
        let message = format!("`{unknown}` is not among the dists of this project");
        let help = committed(&format!("they are {named}; add it to `rpm.dists` in `packaging/release.toml`"));
        return Err(Failure::new(Exit::Usage, message).help(help));
    }
    let chosen = match dists {
        [] => keys.clone(),
        dists => RpmKeys { dists: dists.to_vec(), ..keys.clone() },
    };
    Ok(targets(&chosen, srpm.is_noarch, host))
}
