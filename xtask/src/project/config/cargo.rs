//! Reads the files of cargo, which are TOML too.

use crate::base::digest::Digest;
use crate::project::config::RustVersion;

/// What the manifest of a published crate says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateFacts {
    pub name: String,
    pub version: String,
    /// The value of `license`, or the name of the file that `license-file` states.
    pub licence: Option<String>,
}

/// A package in a `Cargo.lock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedCrate {
    pub name: String,
    pub version: String,
    /// `None` for a package of the workspace.
    pub source: Option<String>,
    /// The digest of its archive; `None` unless it comes from a registry.
    pub sha256: Option<Digest>,
}

/// What a Cargo manifest says about a package and a workspace, as far as a spec needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoManifest {
    pub package: Option<CargoPackage>,
    pub workspace: Option<CargoWorkspace>,
}

/// `[package]` and `[[bin]]`; what is inherited from the workspace is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoPackage {
    pub name: String,
    pub about: CargoAbout,
    /// The names of `[[bin]]`.
    pub programs: Vec<String>,
    /// Whether cargo also takes `src/main.rs` and `src/bin/` for programs.
    pub finds_programs: bool,
}

/// `[workspace]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoWorkspace {
    /// Paths of folders, perhaps with `*`.
    pub members: Vec<String>,
    pub default_members: Option<Vec<String>>,
    /// `[workspace.package]`.
    pub about: CargoAbout,
}

/// The keys that `[package]` and `[workspace.package]` have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoAbout {
    pub version: Option<String>,
    pub description: Option<String>,
    pub license: Option<String>,
    /// `homepage`, else `repository`.
    pub url: Option<String>,
}

impl CargoManifest {
    /// Reads a manifest. Errors: the text is not TOML.
    pub fn parse(manifest: &[u8]) -> Result<CargoManifest, String> {
        let manifest = table_of(manifest)?;
        let package = manifest.get("package").and_then(toml::Value::as_table).and_then(|package| {
            let programs = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
            let programs = programs.filter_map(|program| Some(program.get("name")?.as_str()?.to_owned())).collect();
            let finds_programs = package.get("autobins").and_then(toml::Value::as_bool).unwrap_or(true);
            Some(CargoPackage { name: text_in(package, "name")?, about: about(package), programs, finds_programs })
        });
        let workspace = manifest.get("workspace").and_then(toml::Value::as_table).map(|workspace| CargoWorkspace {
            members: list_in(workspace, "members").unwrap_or_default(),
            default_members: list_in(workspace, "default-members"),
            about: workspace.get("package").and_then(toml::Value::as_table).map(about).unwrap_or_default(),
        });
        Ok(CargoManifest { package, workspace })
    }
}

fn about(table: &toml::Table) -> CargoAbout {
    CargoAbout {
        version: text_in(table, "version"),
        description: text_in(table, "description"),
        license: text_in(table, "license"),
        url: text_in(table, "homepage").or_else(|| text_in(table, "repository")),
    }
}

fn text_in(table: &toml::Table, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

fn list_in(table: &toml::Table, key: &str) -> Option<Vec<String>> {
    let list = table.get(key)?.as_array()?;
    Some(list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect())
}

fn table_of(manifest: &[u8]) -> Result<toml::Table, String> {
    let text = std::str::from_utf8(manifest).map_err(|error| error.to_string())?;
    text.parse().map_err(|error: toml::de::Error| error.to_string())
}

/// `package.name` of a Cargo manifest; `None` if it has no package. Errors: the text is not TOML.
pub fn cargo_package_name(manifest: &[u8]) -> Result<Option<String>, String> {
    let manifest = table_of(manifest)?;
    Ok(manifest.get("package").and_then(|package| package.get("name")?.as_str()).map(str::to_owned))
}

/// `rust-version` in a Cargo manifest, of its package or of its workspace's packages; `None` if there is no valid one.
pub fn cargo_rust_version(manifest: &[u8]) -> Option<RustVersion> {
    let manifest: toml::Table = std::str::from_utf8(manifest).ok()?.parse().ok()?;
    let stated = |table: &toml::Table| table.get("package")?.get("rust-version")?.as_str()?.parse().ok();
    stated(&manifest).or_else(|| stated(manifest.get("workspace")?.as_table()?))
}

/// The configuration that `cargo vendor` printed, with `folder` in place of the folder into which cargo wrote the
/// crates.
pub fn with_vendor_directory(printed: &str, folder: &str) -> Result<String, toml::de::Error> {
    let mut config: toml::Table = printed.parse()?;
    let vendored = config.get_mut("source").and_then(|source| source.get_mut("vendored-sources")?.as_table_mut());
    if let Some(vendored) = vendored {
        vendored.insert("directory".to_owned(), folder.into());
    }
    Ok(config.to_string())
}

/// The name, version and licence in the manifest of a vendored crate. Errors: it is not TOML, or has no name or version.
pub fn read_crate(manifest: &str) -> Result<CrateFacts, String> {
    let manifest: toml::Table = manifest.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let stated = |key: &str| manifest.get("package")?.get(key)?.as_str().map(str::to_owned);
    let (Some(name), Some(version)) = (stated("name"), stated("version")) else {
        return Err("it has no `name` and `version`".to_owned());
    };
    let licence = stated("license").or_else(|| stated("license-file").map(|file| format!("file {file}")));
    Ok(CrateFacts { name, version, licence })
}

/// The packages of a `Cargo.lock`. Errors: the text is not TOML.
pub fn read_lock(lock: &str) -> Result<Vec<LockedCrate>, String> {
    let lock: toml::Table = lock.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let packages = lock.get("package").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    let read = |package: &toml::Value| {
        let stated = |key: &str| package.get(key)?.as_str().map(str::to_owned);
        let sha256 = stated("checksum").and_then(|digest| digest.parse().ok());
        Some(LockedCrate { name: stated("name")?, version: stated("version")?, source: stated("source"), sha256 })
    };
    Ok(packages.iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_read_from_manifests_and_lock_files() {
        let read = |licence: &str| read_crate(&format!("[package]\nname = \"a\"\nversion = \"1.0.0\"\n{licence}\n"));
        assert_eq!(read("license = \"MIT\"").unwrap().licence.as_deref(), Some("MIT"));
        assert_eq!(read("license-file = \"LICENSE\"").unwrap().licence.as_deref(), Some("file LICENSE"));
        assert_eq!(read("").unwrap().licence, None);
        assert_eq!(read("license = { workspace = true }").unwrap().licence, None);
        assert!(read_crate("[package]\nname = \"a\"\n").is_err());
        let digest = "0".repeat(64);
        let source = "registry+https://github.com/rust-lang/crates.io-index";
        let lock = format!(
            "version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"a\"\n\
             version = \"1.0.0\"\nsource = \"{source}\"\nchecksum = \"{digest}\"\n"
        );
        let found = read_lock(&lock).unwrap();
        let facts = |found: &LockedCrate| (found.name.clone(), found.source.clone(), found.sha256);
        let expected =
            [("own".to_owned(), None, None), ("a".to_owned(), Some(source.to_owned()), Some(digest.parse().unwrap()))];
        assert_eq!(found.iter().map(facts).collect::<Vec<_>>(), expected);
        assert_eq!(read_lock("version = 4\n"), Ok(Vec::new()));
    }

    #[test]
    fn the_oldest_compiler_of_a_manifest() {
        for (manifest, least) in [
            ("[package]\nrust-version = \"1.88\"\n", Some("1.88")),
            ("[workspace.package]\nrust-version = \"1.88.1\"\n", Some("1.88.1")),
            (
                "[package]\nrust-version = { workspace = true }\n[workspace.package]\nrust-version = \"1.85\"\n",
                Some("1.85"),
            ),
            ("[package]\nname = \"lago\"\n", None),
            ("[package\n", None),
        ] {
            let found = cargo_rust_version(manifest.as_bytes()).map(|version| version.to_string());
            assert_eq!(found.as_deref(), least, "{manifest}");
        }
    }

    #[test]
    fn a_manifest_says_what_a_spec_needs() {
        let text = "[package]\nname = \"lago\"\ndescription = \"A tool\"\nlicense.workspace = true\nrepository = \"https://x\"\n\
                    [[bin]]\nname = \"lagocli\"\n[workspace]\nmembers = [\"crates/*\"]\n[workspace.package]\nlicense = \"MIT\"\n";
        let CargoManifest { package, workspace } = CargoManifest::parse(text.as_bytes()).unwrap();
        let (package, workspace) = (package.unwrap(), workspace.unwrap());
        assert_eq!(
            (package.name.as_str(), package.programs, package.finds_programs),
            ("lago", vec!["lagocli".to_owned()], true)
        );
        assert_eq!((package.about.description.as_deref(), package.about.license), (Some("A tool"), None));
        assert_eq!(package.about.url.as_deref(), Some("https://x"));
        assert_eq!((workspace.members, workspace.default_members), (vec!["crates/*".to_owned()], None));
        assert_eq!(workspace.about.license.as_deref(), Some("MIT"));
        assert_eq!(CargoManifest::parse(b""), Ok(CargoManifest::default()));
        assert!(CargoManifest::parse(b"[package").is_err());
    }

    #[test]
    fn the_folder_of_vendored_crates_is_replaced() {
        let printed = "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n\
                       [source.vendored-sources]\ndirectory = \"/tmp/x/vendor\"\n";
        assert_eq!(with_vendor_directory(printed, "vendor").unwrap(), printed.replace("/tmp/x/", ""));
        assert_eq!(with_vendor_directory("", "vendor").unwrap(), "");
    }
}
