//! The configuration, the name and the spec of a project, read from one tree.
//!
//! Everything that shapes the bytes of a release is read from the commit that is released, so that every clone gives
//! the same bytes. The commands `spec` and `config` read the work tree, for the person who edits it. An unpacked source
//! archive has no commit: there, its files are read.

use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::project::config::{self, Config, Name, RustVersion, SrpmWriter, Vendor};
use crate::project::name::{NameSource, SourcedName, name_of_files, no_name, stated_name};
use crate::project::spec_file::{self, SpecFile, SpecKind, SpecPlaces};
use crate::project::tree::Tree;

/// What belongs to a project and is not in its tree.
#[derive(Clone, Debug, Default)]
pub struct OutOfTree {
    /// The folder of `--packaging`.
    pub packaging: Option<PathBuf>,
    /// The name for a project whose files state none.
    pub fallback_name: Option<SourcedName>,
}

/// The properties of a project that its files state.
pub struct Project {
    pub config: Config,
    /// The name of archives and packages.
    pub name: Name,
    pub name_source: NameSource,
    /// The spec, if there is one. An error where it is not clear which file it is, or where the file cannot be read: archives
    /// can be made all the same.
    pub spec: Result<Option<SpecFile>, Failure>,
    /// The package manager whose dependencies go into the vendor archive.
    pub vendor: Vendor,
    /// The oldest compiler that the project supports, by `rust-version` in its `Cargo.toml`.
    pub rust_version: Option<RustVersion>,
}

/// Reads the configuration of a tree; `None` if there is no such file.
pub fn load_config(tree: Tree<'_>) -> Result<Option<Config>> {
    let text = tree.read(config::PATH)?;
    Ok(text.map(|text| Config::parse(&text)).transpose()?)
}

impl Project {
    /// Reads the project from the files of `tree`; `config` is its configuration.
    ///
    /// Errors (exit 2): no name anywhere; the file of `rpm.spec` is missing or not UTF-8.
    pub fn load(tree: Tree<'_>, config: Config, out_of_tree: &OutOfTree) -> Result<Project> {
        let SpecAndName { spec, name } = identify(tree, &config, out_of_tree)?;
        let (name, name_source) = name.ok_or_else(|| spec.clone().err().unwrap_or_else(no_name))?;
        let vendor = match config.source.vendor {
            Some(vendor) => vendor,
            None if tree.read(&config.source.lock_path())?.is_some() => Vendor::Cargo,
            None => Vendor::None,
        };
        let rust_version =
            tree.read(config.source.manifest_path())?.and_then(|manifest| config::cargo_rust_version(&manifest));
        Ok(Project { config, name, name_source, spec, vendor, rust_version })
    }

    /// The spec, if it is clear which file it is.
    pub fn known_spec(&self) -> Option<&SpecFile> {
        self.spec.as_ref().ok()?.as_ref()
    }

    /// Whether somebody has written something for the source RPM of this program, so that an error in it is an error of `dist`:
    /// `rpm.spec`, `rpm.markers`, a template with markers of this program, or `rpm.srpm = "rpmbuild"`.
    pub fn asks_for_srpm(&self) -> bool {
        let has_template = self.known_spec().is_some_and(|spec| spec.kind == SpecKind::Template);
        match self.config.rpm.srpm {
            SrpmWriter::None => false,
            SrpmWriter::Rpmbuild => true,
            SrpmWriter::Native => self.config.rpm.spec.is_some() || !self.config.rpm.markers.is_empty() || has_template,
        }
    }
}

/// The name of the project, for the form of its tags; `None` where it has none or several. Errors: its files cannot be read.
pub fn find_plain_name(tree: Tree<'_>, config: &Config) -> Result<Option<String>, Failure> {
    match identify(tree, config, &OutOfTree::default()) {
        Ok(SpecAndName { name, .. }) => Ok(name.map(|(name, _)| name.to_string())),
        Err(error) => match error.downcast::<Failure>() {
            Ok(failure) if failure.exit == Exit::Usage => Ok(None), // the command that needs the name reports it
            Ok(failure) => Err(failure),
            Err(error) => Err(Failure::new(Exit::Failed, format!("cannot read the project's name: {error:#}"))),
        },
    }
}

struct SpecAndName {
    spec: Result<Option<SpecFile>, Failure>,
    name: Option<SourcedName>,
}

/// Finds the spec and the name. The only spec states the name; of several, the name that other files state decides.
fn identify(tree: Tree<'_>, config: &Config, out_of_tree: &OutOfTree) -> Result<SpecAndName> {
    let places = SpecPlaces { tree, packaging: out_of_tree.packaging.as_deref() };
    let specs = match places.stated(config)? {
        Some(spec) => vec![Ok(spec)],
        None => places.found()?,
    };
    let (only, first) = match specs.as_slice() {
        [] => (Some(Ok(None)), None),
        [one] => (Some(one.clone().map(Some)), one.as_ref().ok()),
        _ => (None, None),
    };
    let name = match stated_name(config, first) {
        Some(name) => Some(name),
        None => name_of_files(tree)?.or_else(|| out_of_tree.fallback_name.clone()),
    };
    let spec = only.unwrap_or_else(|| {
        let readable: Vec<SpecFile> = specs.into_iter().flatten().collect();
        match &name {
            Some((name, _)) => spec_file::choose(&readable, &name.to_string()).map(Some),
            None => Err(spec_file::several(&readable)),
        }
    });
    Ok(SpecAndName { spec, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &[u8])]) -> Result<Project> {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let tree = Tree::Folder(folder.path());
        Project::load(tree, load_config(tree)?.unwrap_or_default(), &OutOfTree::default())
    }

    #[test]
    fn the_name_comes_from_the_configuration_then_the_spec_then_other_files() {
        let config: (&str, &[u8]) = ("packaging/release.toml", b"[project]\nname = \"one\"\n");
        let spec: (&str, &[u8]) = ("two.spec.in", b"Version: 1\nName: two\n");
        let packit: (&str, &[u8]) = (".packit.yaml", b"downstream_package_name: three\n");
        let cargo: (&str, &[u8]) = ("Cargo.toml", b"[package]\nname = \"four\"\n");
        let meson: (&str, &[u8]) = ("meson.build", b"project('five')\n");
        let all = [config, spec, packit, cargo, meson];
        for (first, name, source) in [
            (0, "one", "packaging/release.toml"),
            (1, "two", "two.spec.in"),
            (2, "three", ".packit.yaml"),
            (3, "four", "Cargo.toml"),
            (4, "five", "meson.build"),
        ] {
            let project = load(&all[first..]).unwrap();
            assert_eq!((project.name.to_string().as_str(), project.name_source.to_string().as_str()), (name, source));
        }
        let third = load(&[("Cargo.toml", b"[workspace]\n"), spec]).unwrap();
        assert_eq!(third.name.to_string(), "two");
        let nameless = load(&[("README", b"")]).map(drop).unwrap_err().to_string();
        assert!(nameless.starts_with("the project has no name"), "{nameless}");
    }

    #[test]
    fn the_only_spec_is_found_and_a_template_of_this_program_goes_before_others() {
        let template: (&str, &[u8]) = ("packaging/lago.spec.in", b"Name: lago\nVersion: @@VERSION@@\n");
        let plain: (&str, &[u8]) = ("fedora/lago.spec", b"Name: lago\nVersion: 1\n");
        let project = load(&[template, plain, ("lago.spec", b"Name: lago\nVersion: 2\n")]).unwrap();
        let spec = project.known_spec().unwrap();
        assert_eq!(
            (spec.spec_name(), spec.spec_path(), spec.kind),
            ("lago.spec", "packaging/lago.spec", SpecKind::Template)
        );
        let spec = load(&[plain]).unwrap().known_spec().cloned().unwrap();
        assert_eq!((spec.path.as_str(), spec.kind), ("fedora/lago.spec", SpecKind::Plain));
        let foreign: (&str, &[u8]) = ("lago.spec.in", b"Name: lago\nVersion: @VERSION@\n");
        assert_eq!(load(&[foreign, plain]).unwrap().known_spec().unwrap().kind, SpecKind::Foreign);
    }

    #[test]
    fn of_several_specs_the_one_of_the_project_is_taken() {
        let one: (&str, &[u8]) = ("one/one.spec", b"Name: one\nVersion: 1\n");
        let two: (&str, &[u8]) = ("two.spec", b"Name: two\nVersion: 1\n");
        let packit: (&str, &[u8]) =
            (".packit.yaml", b"packages:\n  a:\n    specfile_path: one/one.spec\n  b:\n    specfile_path: two.spec\n");
        let cargo: (&str, &[u8]) = ("Cargo.toml", b"[package]\nname = \"one\"\n");
        assert_eq!(load(&[one, two, packit, cargo]).unwrap().known_spec().unwrap().path, "one/one.spec");
        let failure = load(&[one, two, packit]).map(drop).unwrap_err().to_string();
        let message =
            "2 specs, and the project may be each of them: `two.spec` (`Name: two`), `one/one.spec` (`Name: one`)";
        assert_eq!(failure, message);
        let other: (&str, &[u8]) = ("Cargo.toml", b"[package]\nname = \"other\"\n");
        let project = load(&[one, two, packit, other]).unwrap();
        assert_eq!((project.name.to_string().as_str(), project.spec.unwrap_err().message.as_str()), ("other", message));
        let stated: (&str, &[u8]) = ("packaging/release.toml", b"[rpm]\nspec = \"two.spec\"\n");
        assert_eq!(load(&[one, two, packit, stated]).unwrap().name.to_string(), "two");
    }

    #[test]
    fn a_spec_must_be_utf8_and_there() {
        let named: (&str, &[u8]) = ("Cargo.toml", b"[package]\nname = \"a\"\n");
        let latin1 = load(&[("a.spec.in", b"Name: a\nSummary: caf\xe9\n"), named]).unwrap().spec.unwrap_err();
        assert_eq!(latin1.message, "the spec `a.spec.in` is not UTF-8: line 2, byte 20");
        let missing = load(&[("packaging/release.toml", b"[rpm]\nspec = \"b.spec.in\"\n")]).map(drop).unwrap_err();
        assert_eq!(missing.to_string(), "the spec `b.spec.in` is not there");
    }
}
