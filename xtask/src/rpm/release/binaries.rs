//! From a release that was made to its binary RPMs: for which targets, by whom, and whether they are all there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::checksum::digest_of;
use crate::base::error::{Exit, Failure};
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::project::config::{BackendKind, Dist, RpmKeys};
use crate::rpm::backend::{self, Backend, Host, Srpm, Target, targets};
use crate::rpm::builds::{self, Again, Outcome};
use crate::rpm::release::input::Input;
use crate::rpm::release::made::Made;
use crate::rpm::release::plan::Step;
use crate::rpm::rust::verify_compilers;
use crate::rpm::srpm::Parsed;

/// What a person asks of `rpm`.
#[derive(Clone, Debug)]
pub struct Order {
    /// For these alone; for all of the configuration where it is empty.
    pub dists: Vec<Dist>,
    /// Who builds, where it is not the one of the configuration.
    pub backend: Option<BackendKind>,
    /// How many builds run here at a time.
    pub jobs: usize,
    /// Whether what is built already is built once more.
    pub again: Again,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// The binary RPMs of a release.
pub struct Binaries<'a> {
    keys: &'a RpmKeys,
    order: &'a Order,
    backend: Box<dyn Backend>,
    kind: BackendKind,
    host: Host,
    spec: String,
    place: PathBuf,
    targets: Vec<Target>,
    /// What is built.
    pub srpm: Srpm,
    /// All that the configuration wants; what was asked for may be less.
    pub wanted: Vec<Target>,
}

impl Binaries<'_> {
    /// Those of the release that `plan` has left in `made`; results are kept in the folder `state`.
    ///
    /// Errors: a dist that is not configured, a compiler that is too old, a backend that lacks something.
    pub fn load<'a>(
        input: &'a Input,
        plan: &Plan<Step>,
        made: &Made,
        order: &'a Order,
        state: &Path,
    ) -> Result<Binaries<'a>> {
        let spec = plan.steps.iter().find_map(|step| match step {
            Step::Srpm { spec, .. } => Some(spec.clone()),
            _ => None,
        });
        let written = made.srpm.as_ref().context("the release has no source RPM")?;
        let srpm = Srpm::load(&made.target.join(&written.file), written.digest)?;
        Binaries::new(input, spec.unwrap_or_default(), srpm, order, state)
    }

    /// Those of a release that is yet to be made: what is built of it is known nowhere. `None` where its spec cannot be read
    /// without the macros of a machine.
    pub fn foresee<'a>(
        input: &'a Input,
        plan: &Plan<Step>,
        order: &'a Order,
        state: &Path,
    ) -> Result<Option<Binaries<'a>>> {
        let srpm = plan.steps.iter().find_map(|step| match step {
            Step::Srpm { file, spec, .. } => Some((file, spec)),
            _ => None,
        });
        let parsed = srpm.and_then(|(file, spec)| Some((file, spec, Parsed::parse(spec).ok()?)));
        let Some((file, spec, parsed)) = parsed else { return Ok(None) };
        let srpm = Srpm {
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

    fn new<'a>(input: &'a Input, spec: String, srpm: Srpm, order: &'a Order, state: &Path) -> Result<Binaries<'a>> {
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

    /// What there is to do. Errors: a target that the backend cannot build.
    pub fn decide(&self) -> Result<Plan<builds::Step>, Failure> {
        let Binaries { srpm, kind, host, place, .. } = self;
        let site = builds::Site { srpm, kind: *kind, backend: self.backend.as_ref(), host, place, now: self.order.now };
        builds::decide(&site, &self.targets, self.order.again)
    }

    /// Carries out what was decided.
    pub fn build(&mut self, plan: &Plan<builds::Step>, progress: &dyn Progress) -> Result<Outcome> {
        if plan.steps.iter().any(|step| matches!(step, builds::Step::Begin { .. })) {
            self.backend.notes().iter().for_each(|note| progress.warn(note));
        }
        let expected = builds::expected(&self.spec, &self.targets);
        for (dist, unknown) in expected.iter().filter_map(|(dist, expected)| Some((dist, expected.as_ref().err()?))) {
            progress.warn(&format!("which packages {dist} makes is not known beforehand, and not checked: {unknown}"));
        }
        let run = builds::Run {
            srpm: &self.srpm,
            expected: &expected,
            jobs: self.order.jobs,
            poll: self.keys.poll.0,
            patience: self.keys.timeout.0,
            progress,
        };
        let outcome = run.apply(self.backend.as_mut(), plan)?;
        self.targets.iter().try_for_each(|target| builds::clear_old(&self.place, target))?;
        Ok(outcome)
    }
}

/// The targets of the dists that were asked for; those of the configuration where none was. This machine's own dist may
/// always be asked for.
fn choose(keys: &RpmKeys, srpm: &Srpm, kind: BackendKind, host: &Host, dists: &[Dist]) -> Result<Vec<Target>, Failure> {
    let own = (kind == BackendKind::Local && !keys.dists.contains(&host.dist)).then_some(&host.dist);
    let known: Vec<&Dist> = keys.dists.iter().chain(own).collect();
    if kind != BackendKind::Local && keys.dists.is_empty() {
        let message = format!("it is not known what {kind} is to build for");
        let help = "name the dists in `packaging/release.toml`: `[rpm]` and `dists = [\"el9\", \"fc42\"]`";
        return Err(Failure::new(Exit::Usage, message).help(help));
    }
    if let Some(unknown) = dists.iter().find(|dist| !known.contains(dist)) {
        let named = known.iter().map(|dist| format!("`{dist}`")).collect::<Vec<_>>().join(", ");
        let message = format!("`{unknown}` is not among the dists of this project");
        let help = format!("they are {named}; add it to `rpm.dists` in `packaging/release.toml`");
        return Err(Failure::new(Exit::Usage, message).help(help));
    }
    let chosen = match dists {
        [] => keys.clone(),
        dists => RpmKeys { dists: dists.to_vec(), ..keys.clone() },
    };
    Ok(targets(&chosen, srpm.is_noarch, host))
}
