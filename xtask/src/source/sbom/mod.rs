//! The bill of materials (SBOM) of a release, in two forms from one model.
//!
//! [`model`] says what is in a release: the files of the archives, the vendored crates, the files that a program made, the source RPM.
//! [`spdx`] writes it as SPDX 2.3 and [`cyclonedx`] as CycloneDX 1.6; [`licence`] reads the licences of crates, and [`purl`] writes the
//! addresses of packages. The same model gives the same bytes: dates are those of the commit, and identifiers come from digests.

pub mod cyclonedx;
pub mod licence;
pub mod model;
pub mod purl;
pub mod spdx;

use anyhow::Result;

pub use model::{Artifact, ArtifactKind, BomCrate, BomFile, Sbom, SbomForm};

impl SbomForm {
    /// The content of the file in this form.
    pub fn render(self, sbom: &Sbom) -> Result<Vec<u8>> {
        match self {
            SbomForm::Spdx => spdx::render(sbom),
            SbomForm::CycloneDx => cyclonedx::render(sbom),
        }
    }
}
