//! Reads the files of cargo, which are TOML too.

use crate::project::config::RustVersion;

/// `package.name` of a Cargo manifest; `None` if it has no package. Errors: the text is not TOML.
pub fn cargo_package_name(manifest: &[u8]) -> Result<Option<String>, String> {
    let text = std::str::from_utf8(manifest).map_err(|error| error.to_string())?;
    let manifest: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_folder_of_vendored_crates_is_replaced() {
        let printed = "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n\
                       [source.vendored-sources]\ndirectory = \"/tmp/x/vendor\"\n";
        assert_eq!(with_vendor_directory(printed, "vendor").unwrap(), printed.replace("/tmp/x/", ""));
        assert_eq!(with_vendor_directory("", "vendor").unwrap(), "");
    }
}
