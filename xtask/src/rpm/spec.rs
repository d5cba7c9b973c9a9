//! Renders the spec of a release.

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::history::{Changelog, Repackaging, Version};
use crate::project::config::Vendor;
use crate::project::definition::Project;
use crate::project::template::Template;
use crate::rpm::spec_markers::{self, Values, keeps_own_changelog};
use crate::source::{archive_name, vendor_archive_name};

/// Renders the spec of a version with its changelog. An error in the template names its file.
pub fn render_spec(
    project: &Project,
    template: &Template,
    version: &Version,
    release: u32,
    changelog: &Changelog,
) -> Result<String, Failure> {
    let entries = project.config.rpm.changelog_entries.map_or(usize::MAX, |count| count.get() as usize);
    let changelog = changelog.clone().newest(entries).render_spec(Repackaging::of(release));
    let source0 = archive_name(&project.name, version) + ".tar.gz";
    let vendor = (project.vendor == Vendor::Cargo).then(|| vendor_archive_name(&project.name, version));
    let version = version.to_string();
    let values =
        Values { version: &version, release, source0: &source0, vendor: vendor.as_deref(), changelog: &changelog };
    spec_markers::render(&template.text, &values)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{}`: {error}", template.path)).help(error.help()))
}

/// Warns if a template has a changelog of its own.
pub fn warn_of_own_changelog(template: &Template, progress: &dyn Progress) {
    if keeps_own_changelog(&template.text) {
        progress.warn(&format!(
            "`{}` has a changelog of its own, which is not changed; write `@@CHANGELOG@@` where the entries go",
            template.path
        ));
    }
}
