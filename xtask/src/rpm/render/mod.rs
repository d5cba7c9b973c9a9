//! Renders the spec of a release, in memory.
//!
//! A template of this program has its [`markers`] replaced, one of autoconf or meson those of [`foreign`]. [`preamble`] then sets
//! version, release and source of everything that is not a template of this program, and [`own_changelog`] puts the entries of the
//! release above those that the spec has. [`compare`] compares a spec with a rendered one.

pub mod compare;
mod error;
mod foreign;
mod markers;
mod own_changelog;
mod preamble;
mod source_line;
mod values;

use crate::base::error::{Exit, Failure};
use crate::history::{Changelog, Repackaging, Version};
use crate::project::config::Vendor;
use crate::project::definition::Project;
use crate::project::spec_file::{SpecFile, SpecKind};
use crate::rpm::render::error::RenderError;
use crate::rpm::render::values::Values;
use crate::source::{archive_name, vendor_archive_name};

pub use values::RenderedSpec;

/// Renders the spec of a version with its changelog. An error names the file of the spec.
pub fn render_spec(
    project: &Project,
    spec: &SpecFile,
    version: &Version,
    release: u32,
    changelog: &Changelog,
) -> Result<RenderedSpec, Failure> {
    let shown = changelog.clone().for_spec(project.config.rpm.changelog_entries);
    let entries = shown.render_spec(Repackaging::of(release));
    let source0 = archive_name(&project.name, version) + ".tar.gz";
    let vendor = (project.vendor == Vendor::Cargo).then(|| vendor_archive_name(&project.name, version));
    let (name, version) = (project.name.to_string(), version.to_string());
    let values = Values {
        name: &name,
        version: &version,
        release,
        source0: &source0,
        vendor: vendor.as_deref(),
        markers: &project.config.rpm.markers,
        changelog: &entries,
    };
    let mut rendered = render(spec, &values, &shown)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{}`: {error}", spec.path)).help(error.help()))?;
    for note in &mut rendered.notes {
        *note = format!("`{}`: {note}", spec.path);
    }
    Ok(rendered)
}

fn render(spec: &SpecFile, values: &Values<'_>, changelog: &Changelog) -> Result<RenderedSpec, RenderError> {
    let rendered = match spec.kind {
        SpecKind::Template => {
            let text = markers::render(&spec.text, values)?;
            if spec.text.contains("@@CHANGELOG@@") {
                return Ok(RenderedSpec { text, notes: Vec::new() });
            }
            RenderedSpec { text, notes: Vec::new() }
        }
        SpecKind::Foreign => preamble::render(&foreign::render(&spec.text, values)?, values)?,
        SpecKind::Plain => preamble::render(&spec.text, values)?,
    };
    Ok(RenderedSpec { text: own_changelog::continued(&rendered.text, changelog, values), ..rendered })
}
