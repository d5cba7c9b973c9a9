//! `[source]`: the archives, and the files in them that the commit does not have.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::history::Version;
use crate::project::config::name::Name;

/// `[source]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SourceKeys {
    /// The archives; `tar.gz` is always made.
    pub formats: Vec<ArchiveFormat>,
    /// The folder in the archives that has all files.
    pub folder: FolderForm,
    /// The dependencies in the vendor archive. Default: `cargo` if there is a `Cargo.lock`, else `none`.
    pub vendor: Option<Vendor>,
    /// The `Cargo.toml` of the workspace. Default: the one in the root.
    pub manifest: Option<ArchivePath>,
    /// The files that are made for the archives.
    pub generate: Vec<GenerateKeys>,
}

impl Default for SourceKeys {
    fn default() -> SourceKeys {
        SourceKeys {
            formats: vec![ArchiveFormat::TarGz, ArchiveFormat::Zip],
            folder: FolderForm::default(),
            vendor: None,
            manifest: None,
            generate: Vec::new(),
        }
    }
}

impl SourceKeys {
    /// The path of the Cargo manifest of the workspace.
    pub fn manifest_path(&self) -> &str {
        self.manifest.as_ref().map_or("Cargo.toml", ArchivePath::as_str)
    }

    /// The path of the lock file, which is beside the manifest.
    pub fn lock_path(&self) -> String {
        match self.manifest_path().rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/Cargo.lock"),
            None => "Cargo.lock".to_owned(),
        }
    }
}

/// A source archive's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArchiveFormat {
    #[serde(rename = "tar.gz")]
    TarGz,
    #[serde(rename = "zip")]
    Zip,
}

/// The dependencies in the vendor archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// There is no vendor archive.
    None,
    /// Those of `Cargo.lock`.
    Cargo,
}

/// The path of a file in the root folder of an archive or below it, with `/` between its parts; it does not lead out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ArchivePath(String);

impl ArchivePath {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArchivePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ArchivePath {
    type Error = String;

    fn try_from(text: String) -> Result<ArchivePath, String> {
        let is_part = |part: &str| !matches!(part, "" | "." | ".." | ".git");
        if text.split('/').all(is_part) && !text.contains(char::is_control) {
            return Ok(ArchivePath(text));
        }
        Err(format!("`{}` is not the path of a file in the project, such as `src/version.txt`", text.escape_debug()))
    }
}

/// The name of a folder with `{name}` and `{version}` in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FolderForm(String);

impl Default for FolderForm {
    fn default() -> FolderForm {
        FolderForm("{name}-{version}".to_owned())
    }
}

impl FolderForm {
    /// The name of the folder, such as `lago-1.0.4`.
    pub fn render(&self, name: &Name, version: &Version) -> String {
        self.0.replace("{version}", &version.to_string()).replace("{name}", &name.to_string())
    }
}

impl TryFrom<String> for FolderForm {
    type Error = String;

    fn try_from(text: String) -> Result<FolderForm, String> {
        let plain = text.replace("{name}", "n").replace("{version}", "v");
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._+-~".contains(letter);
        if plain.chars().all(fits) && plain.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return Ok(FolderForm(text));
        }
        Err(format!(
            "`{}` is not the name of a folder: letters, digits, `._+-~`, `{{name}}` and `{{version}}`",
            text.escape_debug()
        ))
    }
}

/// `[[source.generate]]`: a file of the archives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "RawGenerateKeys")]
pub struct GenerateKeys {
    /// The file in the archives. A tracked file with this path is replaced.
    pub path: String,
    /// The content, with `{name}`, `{version}`, `{commit}` and `{date}` in it.
    pub text: Option<String>,
    /// A program and its arguments, run in an export of the commit, where it writes the file.
    pub run: Option<Vec<String>>,
}

/// How a generated file is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generate<'a> {
    Text(&'a str),
    /// Never empty.
    Run(&'a [String]),
}

impl GenerateKeys {
    /// How the file is made.
    pub fn way(&self) -> Generate<'_> {
        match (&self.text, &self.run) {
            (None, Some(run)) => Generate::Run(run),
            (text, _) => Generate::Text(text.as_deref().unwrap_or_default()),
        }
    }
}

/// [`GenerateKeys`] before they are checked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawGenerateKeys {
    path: ArchivePath,
    text: Option<String>,
    run: Option<Vec<String>>,
}

impl TryFrom<RawGenerateKeys> for GenerateKeys {
    type Error = String;

    fn try_from(stated: RawGenerateKeys) -> Result<GenerateKeys, String> {
        let RawGenerateKeys { path: ArchivePath(path), text, run } = stated;
        match (&text, &run) {
            (Some(_), Some(_)) => Err(format!("`{path}` has both `text` and `run`: one of them makes the file")),
            (None, None) => Err(format!("`{path}` has neither `text` nor `run`: one of them makes the file")),
            (None, Some(run)) if run.is_empty() => {
                Err(format!("`run` is empty for `{path}`: it is the program and its arguments"))
            }
            _ => Ok(GenerateKeys { path, text, run }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_archive() {
        for path in ["a", "src/version.txt", "a b/.c", "..a", "caf\u{e9}"] {
            assert!(ArchivePath::try_from(path.to_owned()).is_ok(), "{path}");
        }
        for path in ["", "/a", "a/", "a//b", "../a", "a/./b", ".git/config", "a\nb"] {
            assert!(ArchivePath::try_from(path.to_owned()).is_err(), "{path}");
        }
    }

    #[test]
    fn a_folder_has_the_name_and_the_version_in_it() {
        let form = |text: &str| FolderForm::try_from(text.to_owned());
        let name = Name::try_from("lago".to_owned()).unwrap();
        let rendered = |text: &str| form(text).unwrap().render(&name, &Version::new(1, 0, 4));
        assert_eq!(FolderForm::default().render(&name, &Version::new(1, 0, 4)), "lago-1.0.4");
        assert_eq!((rendered("src"), rendered("{name}_{version}")), ("src".to_owned(), "lago_1.0.4".to_owned()));
        for text in ["", "a/b", "..", "{nmae}", "-x", "a b"] {
            assert!(form(text).is_err(), "{text}");
        }
    }
}
