//! `ledger.json`: every package that was ever promoted, with its content. It only grows, and survives every prune.
//!
//! A client that has installed a package must never find another one of the same name, version and release.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Dist, Series};
use crate::rpm::nevra::Nevra;

const SCHEMA: &str = "releng.ledger/1";

/// What identifies a package for the clients of a series; no dist for the source packages in `sources/`.
type Key = (Series, Option<Dist>, Nevra);

/// Packages by series, dist and NEVRA, with the digest of header and payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    packages: BTreeMap<Key, Digest>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    series: Series,
    dist: Option<Dist>,
    nevra: Nevra,
    content: Digest,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: String,
    packages: Vec<Line>,
}

impl Ledger {
    /// Reads it; empty where there is none.
    pub fn load(path: &Path) -> Result<Ledger> {
        let text = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ledger::default()),
            text => text.with_context(|| format!("cannot read `{}`", path.display()))?,
        };
        Ledger::parse(&text).map_err(|why| {
            Failure::new(Exit::Failed, format!("`{}` is no ledger: {why}", path.display()))
                .help("put it back from a backup: without it, a promoted package could be replaced by another one")
                .into()
        })
    }

    /// Reads the content of the file. Errors: why it is none.
    pub fn parse(text: &[u8]) -> Result<Ledger, String> {
        let stored: Stored = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if stored.schema != SCHEMA {
            return Err(format!("its schema is `{}`, not `{SCHEMA}`", stored.schema.escape_debug()));
        }
        let packages = stored.packages.into_iter().map(|line| ((line.series, line.dist, line.nevra), line.content));
        Ok(Ledger { packages: packages.collect() })
    }

    /// The first package of `manifest` that is known with another content.
    pub fn conflict<'a>(&self, series: Series, manifest: &'a Manifest) -> Option<&'a Nevra> {
        let differs = |key: &Key, content| self.packages.get(key).is_some_and(|known| *known != content);
        manifest.packages().find_map(|(_, package)| {
            let key = (series, package.dist.clone(), package.nevra.clone());
            differs(&key, package.content).then_some(&package.nevra)
        })
    }

    /// The first package of `manifest` that is not known with its content.
    pub fn missing<'a>(&self, series: Series, manifest: &'a Manifest) -> Option<&'a Nevra> {
        manifest.packages().find_map(|(_, package)| {
            let key = (series, package.dist.clone(), package.nevra.clone());
            (self.packages.get(&key) != Some(&package.content)).then_some(&package.nevra)
        })
    }

    /// Takes in the packages of `manifest`; what is known stays as it is. Whether anything was new.
    pub fn add(&mut self, series: Series, manifest: &Manifest) -> bool {
        let before = self.packages.len();
        for (_, package) in manifest.packages() {
            let key = (series, package.dist.clone(), package.nevra.clone());
            self.packages.entry(key).or_insert(package.content);
        }
        self.packages.len() > before
    }

    /// Writes it, aside and renamed.
    pub fn save(&self, path: &Path) -> Result<()> {
        let line = |((series, dist, nevra), content): (&Key, &Digest)| Line {
            series: *series,
            dist: dist.clone(),
            nevra: nevra.clone(),
            content: *content,
        };
        let stored = Stored { schema: SCHEMA.to_owned(), packages: self.packages.iter().map(line).collect() };
        files::publish(path, &(serde_json::to_string_pretty(&stored)? + "\n").into_bytes())
    }
}
