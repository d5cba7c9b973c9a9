//! `ledger.json`: every package that was ever promoted, with its content. Packages are added and never removed, not even
//! when their revision is pruned.
//!
//! A client that has installed a package must never find a different package of the same name, version and release.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::schema::parse_json;
use crate::repository::model::lost_state::help_to_recover;
use crate::repository::model::manifest::{Manifest, PackageEntry};
use crate::repository::model::name::{Dist, Series};
use crate::rpm::nevra::Nevra;

const SCHEMA: &str = "releng.ledger/1";

/// The identity of a package for the clients of a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LedgerKey {
    series: Series,
    /// `None` for a source package in `sources/`.
    dist: Option<Dist>,
    nevra: Nevra,
}

impl LedgerKey {
    fn of(series: Series, package: &PackageEntry) -> LedgerKey {
        LedgerKey { series, dist: package.dist.clone(), nevra: package.nevra.clone() }
    }
}

/// A package, for a comparison with the ledger.
#[derive(Clone, Copy, Debug)]
pub struct PackageIdentity<'a> {
    /// `None` for a source package in `sources/`.
    pub dist: Option<&'a Dist>,
    pub nevra: &'a Nevra,
    /// The digest of header and payload.
    pub content: Digest,
}

impl PackageIdentity<'_> {
    /// The packages of a snapshot or revision.
    pub fn all_of(manifest: &Manifest) -> impl Iterator<Item = PackageIdentity<'_>> {
        let packages = manifest.packages().map(|(_, package)| package);
        packages.map(|PackageEntry { dist, nevra, content, .. }| PackageIdentity {
            dist: dist.as_ref(),
            nevra,
            content: *content,
        })
    }
}

/// The promoted packages, each with the digest of its header and payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    packages: BTreeMap<LedgerKey, Digest>,
}

/// The packages of a damaged ledger that are not as they should be, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFaults {
    /// With another digest.
    pub changed: Vec<String>,
    /// Those that nothing else knows.
    pub unknown: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct LedgerLine {
    series: Series,
    dist: Option<Dist>,
    nevra: Nevra,
    content: Digest,
}

#[derive(Serialize, Deserialize)]
struct StoredLedger {
    schema: String,
    packages: Vec<LedgerLine>,
}

impl Ledger {
    /// Reads the file; an empty ledger if there is no file.
    pub fn load(path: &TreePath) -> Result<Ledger> {
        let Some(text) = path.read_if_there()? else { return Ok(Ledger::default()) };
        Ledger::parse(&text).map_err(|why| {
            Failure::new(Exit::Failed, format!("`{path}` is not a ledger: {why}"))
                .help(format!(
                    "{}; without it, a promoted package could be replaced by another one",
                    help_to_recover(path)
                ))
                .into()
        })
    }

    /// Parses the content of the file. Errors: why it is not a ledger.
    pub fn parse(text: &[u8]) -> Result<Ledger, String> {
        let stored = parse_json(text, SCHEMA, |stored: &StoredLedger| &stored.schema)?;
        let mut packages = BTreeMap::new();
        for LedgerLine { series, dist, nevra, content } in stored.packages {
            packages.insert(LedgerKey { series, dist, nevra }, content);
        }
        Ok(Ledger { packages })
    }

    /// The first package that the ledger lists with another content.
    pub fn conflict<'a>(
        &self,
        series: Series,
        packages: impl IntoIterator<Item = PackageIdentity<'a>>,
    ) -> Option<&'a Nevra> {
        for PackageIdentity { dist, nevra, content } in packages {
            let key = LedgerKey { series, dist: dist.cloned(), nevra: nevra.clone() };
            if self.packages.get(&key).is_some_and(|listed| *listed != content) {
                return Some(nevra);
            }
        }
        None
    }

    /// The first package of `manifest` that the ledger does not list with the same content.
    pub fn missing<'a>(&self, series: Series, manifest: &'a Manifest) -> Option<&'a Nevra> {
        for (_, package) in manifest.packages() {
            if self.packages.get(&LedgerKey::of(series, package)) != Some(&package.content) {
                return Some(&package.nevra);
            }
        }
        None
    }

    /// Whether one of the packages is not listed.
    pub fn lacks_any<'a>(&self, series: Series, mut packages: impl Iterator<Item = &'a PackageEntry>) -> bool {
        packages.any(|package| !self.packages.contains_key(&LedgerKey::of(series, package)))
    }

    /// The packages of a series, each as often as it has dists.
    pub fn packages_of(&self, series: Series) -> impl Iterator<Item = &Nevra> {
        self.packages.keys().filter(move |key| key.series == series).map(|key| &key.nevra)
    }

    /// Whether a package of this name, version, release and architecture was ever promoted to a series.
    pub fn lists(&self, series: Series, package: &Nevra) -> bool {
        self.packages_of(series).any(|listed| listed == package)
    }

    /// Adds the packages that are not listed yet.
    pub fn add<'a>(&mut self, series: Series, packages: impl Iterator<Item = &'a PackageEntry>) {
        for package in packages {
            self.packages.entry(LedgerKey::of(series, package)).or_insert(package.content);
        }
    }

    /// Adds what another ledger lists and this one does not.
    pub fn add_all(&mut self, other: Ledger) {
        for (key, content) in other.packages {
            self.packages.entry(key).or_insert(content);
        }
    }

    /// Whether this ledger lists everything that another one lists, with the same content.
    pub fn has_all(&self, other: &Ledger) -> bool {
        other.packages.iter().all(|(key, content)| self.packages.get(key) == Some(content))
    }

    /// What this ledger, which may be damaged, has otherwise than `known`.
    pub fn faults_by(&self, known: &Ledger) -> LedgerFaults {
        let mut faults = LedgerFaults::default();
        for (key @ LedgerKey { series, nevra, .. }, content) in &self.packages {
            let place = format!("`{nevra}` of stable/{series}");
            match known.packages.get(key) {
                None => faults.unknown.push(place),
                Some(known) if known != content => faults.changed.push(place),
                Some(_) => {}
            }
        }
        faults
    }

    /// The content of the file.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut packages = Vec::with_capacity(self.packages.len());
        for (LedgerKey { series, dist, nevra }, content) in &self.packages {
            packages.push(LedgerLine { series: *series, dist: dist.clone(), nevra: nevra.clone(), content: *content });
        }
        let stored = StoredLedger { schema: SCHEMA.to_owned(), packages };
        Ok((serde_json::to_string_pretty(&stored)? + "\n").into_bytes())
    }
}
