//! Whether `latest` leads to a snapshot, and the dists that keep it from that.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, program};
use crate::base::progress::Silent;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::commits::{Git, Succession};
use crate::repository::keys::unsigned::{has_signed_latest, is_signed};
use crate::repository::model::ended_dists::ended_dists;
use crate::repository::model::layout::LATEST;
use crate::repository::model::ledger::{Ledger, PackageIdentity};
use crate::repository::model::manifest::ReleasedVersion;
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::write::plan::ChangeStep;

/// A snapshot of merged work, staged or to be staged.
pub struct LatestCandidate<'a> {
    pub series: Series,
    pub name: &'a SnapshotName,
    pub version: &'a Version,
    pub commit: CommitId,
    /// The dists that it has packages for.
    pub dists: &'a [Dist],
    pub packages: &'a [PackageIdentity<'a>],
    /// Its source archives, with their digests.
    pub archives: &'a [(FilePath, Digest)],
}

/// Whether `latest` will lead to a snapshot; if not, a note says why.
pub struct LatestMove {
    pub moves: bool,
    pub note: Option<String>,
}

impl LatestMove {
    /// `latest` does not lead from a snapshot that is signed to one that is not.
    pub fn unless_unsigned(self, store: &Store, own: &Snapshot) -> LatestMove {
        if !self.moves || is_signed(&own.manifest) || !has_signed_latest(store, own.manifest.series) {
            return self;
        }
        let note = format!("`{LATEST}` stays where it is: its clients have a key, and `{}` is not signed", own.name);
        LatestMove { moves: false, note: Some(note) }
    }

    /// `latest` moves forward only: to a higher number, and to a commit that comes after, or to a higher version of such a commit. Where
    /// git lacks a commit, it does not move to a lower version. It never takes a dist away from its clients, unless the dist has ended,
    /// and never leads to other packages under the names of promoted ones.
    pub fn decide(store: &Store, to: &LatestCandidate<'_>, end_dists: &[Dist], git: &Git<'_>) -> Result<LatestMove> {
        let LatestCandidate { series, name, version, commit, dists, packages, archives } = *to;
        let moved = LatestMove { moves: true, note: None };
        let Some(current) = store.latest(series)?.filter(|current| current != name) else { return Ok(moved) };
        let stays = |why: String| {
            let note = Some(format!("`{LATEST}` stays at `{current}`: {why}"));
            Ok(LatestMove { moves: false, note })
        };
        let is_later = current.pipeline() > name.pipeline();
        let later = || stays("its pipeline is the later one".to_owned());
        // A `latest` that cannot be read is no reason to keep it.
        let Ok(Snapshot { manifest, .. }) = store.snapshot(series, &current) else {
            return if is_later { later() } else { Ok(moved) };
        };
        let ReleasedVersion { version: of_latest, commit: earlier, .. } = &manifest.release;
        let succession = git.find_succession(*earlier, commit)?;
        // An older release was staged from a clone that did not have the newer commit.
        if is_later && !(succession == Succession::After && version > of_latest) {
            return later();
        }
        match succession {
            Succession::NotAfter => {
                return stays(format!("its commit {} does not come before that of `{name}`", earlier.short()));
            }
            Succession::Unknown if version < of_latest => {
                return stays(format!(
                    "it has {of_latest}, which is above {version}, and git lacks a commit to tell which is newer; if `{name}` is: \
                     `git fetch --tags && {} stage`",
                    program()
                ));
            }
            Succession::After | Succession::Rewritten | Succession::Unknown => {}
        }
        if let Some(archive) = find_other_archive(store, series, archives) {
            return stays(format!(
                "`{archive}` is in stable/{series} with another content, and a version has one archive. So `{name}` cannot be \
                 promoted: release a later commit, which has a higher version: `{} dist --rpm`",
                program()
            ));
        }
        if let Some(nevra) = Ledger::load(&store.layout.ledger())?.conflict(series, packages.iter().copied()) {
            return stays(format!(
                "`{nevra}` was promoted with another content, and clients must not get two packages of one name. So \
                 `{name}` cannot be promoted, and nothing need be done; to publish other packages of the version, build it with \
                 a higher release: `{} dist --rpm --release N`",
                program()
            ));
        }
        let ended = ended_dists(store, series);
        let is_lost = |dist: &&Dist| !dists.contains(dist) && !ended.contains(dist) && !end_dists.contains(dist);
        let had = manifest.dists();
        let lost: Vec<String> = had.iter().filter(is_lost).map(ToString::to_string).collect();
        if lost.is_empty() {
            return Ok(moved);
        }
        let (program, flags) = (program(), lost.iter().map(|dist| format!(" --end-dist {dist}")).collect::<String>());
        stays(format!(
            "`{name}` has no packages for {}, which clients install; build them: `{program} dist --rpm`; where nobody builds \
             for it any more: `{program} stage{flags}`",
            lost.join(", ")
        ))
    }
}

/// The first source archive that the stable series has with another content.
fn find_other_archive<'a>(store: &Store, series: Series, archives: &'a [(FilePath, Digest)]) -> Option<&'a FilePath> {
    let current = store.current(series).ok().flatten()?;
    current.manifest.find_other_archive(archives.iter().map(|(path, digest)| (path, *digest)))
}

/// Errors: a dist that ends has packages in the release, or nothing in the series and in the configuration of the commit has it.
pub fn require_ended(store: &Store, to: &LatestCandidate<'_>, end_dists: &[Dist], git: &Git<'_>) -> Result<()> {
    if let Some(dist) = end_dists.iter().find(|dist| to.dists.contains(dist)) {
        let message = format!("`--end-dist {dist}`: the release has packages for {dist}");
        return Err(Failure::new(Exit::Usage, message).help("leave the flag out, or the packages").into());
    }
    if end_dists.is_empty() {
        return Ok(());
    }
    let mut known: BTreeSet<Dist> = git.config_of(to.commit)?.rpm.dists.into_iter().collect();
    known.extend(ended_dists(store, to.series));
    known.extend(store.newest_first(to.series, &Silent)?.flat_map(|snapshot| snapshot.manifest.dists()));
    if let Ok(Some(current)) = store.current(to.series) {
        known.extend(current.manifest.dists());
    }
    let Some(dist) = end_dists.iter().find(|dist| !known.contains(dist)) else { return Ok(()) };
    let message = format!("`--end-dist {dist}`: nothing in series {} has packages for {dist}", to.series);
    known.retain(|dist| !to.dists.contains(dist));
    let known = known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let help =
        if known.is_empty() { "leave the flag out".to_owned() } else { format!("those that can end are {known}") };
    Err(Failure::new(Exit::Usage, message).help(help).into())
}

/// The step that makes `latest` lead to a snapshot.
pub fn latest_step(store: &Store, series: Series, name: &SnapshotName) -> ChangeStep {
    let link = store.layout.latest(series);
    ChangeStep::Flip { shown: store.layout.shown(&link), link, target: name.to_string().into() }
}
