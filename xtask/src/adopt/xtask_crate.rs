//! The crate `xtask` of a Cargo workspace, by which `cargo xtask` runs this program.

use crate::adopt::config_file::quoted;
use crate::adopt::file_to_write::FileToWrite;
use crate::adopt::found::CargoBuild;
use crate::project::config::{with_alias, with_member};

/// What the alias stands for.
const COMMAND: &str = "run --quiet --profile xtask --package xtask --";

/// The profile of the same name: the program is built once, and compresses and compares much.
const PROFILE: &str = "inherits = \"dev\"\nopt-level = 1\ndebug = 0\n";

/// The whole program of the crate.
const MAIN: &str = "fn main() -> std::process::ExitCode {\n    releng::main()\n}\n";

/// The files of the crate, and the lines that a person has to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XtaskFiles {
    pub files: Vec<FileToWrite>,
    pub by_hand: Vec<String>,
}

impl XtaskFiles {
    /// No files, for a reason.
    pub fn none(why: &str) -> XtaskFiles {
        XtaskFiles { files: Vec::new(), by_hand: vec![why.to_owned()] }
    }
}

/// Decides on the crate; `address` is that of a git repository with the sources of this program.
pub fn xtask_files(address: &str, cargo: &CargoBuild) -> XtaskFiles {
    let manifest = format!(
        "[package]\nname = \"xtask\"\nversion = \"0.0.0\"\nedition = \"2021\"\npublish = false\n\n\
         # `cargo xtask` runs this program. Cargo.lock has the commit of it that is used.\n\
         [dependencies]\nreleng = {{ git = {} }}\n",
        quoted(address)
    );
    let mut wanted = XtaskFiles::default();
    wanted.files.push(FileToWrite::new(
        "xtask/src/main.rs",
        MAIN.to_owned(),
        "the program that runs releng in this workspace",
    ));
    wanted.files.push(FileToWrite::new("xtask/Cargo.toml", manifest, "its crate"));
    match with_alias(cargo.config.as_deref().unwrap_or_default(), "xtask", COMMAND, PROFILE) {
        Some(content) => {
            let why = "the alias `xtask`, and its profile";
            let file = FileToWrite::new(".cargo/config.toml", content, why);
            wanted.files.push(FileToWrite { before: cargo.config.clone(), ..file });
        }
        None => wanted.by_hand.push(format!("`.cargo/config.toml`: write `xtask = \"{COMMAND}\"` below `[alias]`")),
    }
    match with_member(&cargo.manifest, "xtask") {
        Some(content) => {
            let why = "the member `xtask`, which is not a default member";
            let file = FileToWrite::new("Cargo.toml", content, why);
            wanted.files.push(FileToWrite { before: Some(cargo.manifest.clone()), ..file });
        }
        None => wanted.by_hand.push(
            "`Cargo.toml`: write `\"xtask\"` into `workspace.members`, and the other members into \
             `workspace.default-members`"
                .to_owned(),
        ),
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_added_is_said() {
        let cargo = CargoBuild {
            manifest: "[workspace]\nmembers = [\"*\"]\n".to_owned(),
            config: Some("[alias]\nxtask = \"run --package other\"\n".to_owned()),
            ..CargoBuild::default()
        };
        let wanted = xtask_files("https://example.org/releng\"", &cargo);
        assert_eq!((wanted.files.len(), wanted.by_hand.len()), (2, 2));
        assert!(wanted.files[1].content.contains("{ git = \"https://example.org/releng\\\"\" }"), "{wanted:?}");
    }
}
