//! What the documents promise: the commands they show exist, the paths they name are there.

use releng::cli::arguments::Cli;

use crate::support::{root, text_of};

/// The `cargo xtask …` lines of the code blocks of a document, without comments.
fn shown_commands(document: &str) -> Vec<String> {
    let blocks = document.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(|block| block.lines().skip(1));
    let commands = lines.filter_map(|line| line.trim_start_matches("$ ").strip_prefix("cargo xtask"));
    commands.map(|command| command.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn every_command_that_is_shown_parses() {
    let mut count = 0;
    for document in ["README.md", "CONTRIBUTING.md"] {
        for command in shown_commands(&text_of(document)) {
            let words = std::iter::once("cargo xtask").chain(command.split_whitespace());
            if let Err(error) = Cli::definition().try_get_matches_from(words) {
                panic!("{document}: `cargo xtask {command}`: {error}");
            }
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} commands found");
}

#[test]
fn every_command_is_in_the_readme() {
    let readme = text_of("README.md");
    for command in Cli::definition().get_subcommands() {
        let name = command.get_name();
        assert!(readme.contains(&format!("`{name}")), "the README does not name `{name}`");
    }
}

#[test]
fn paths_that_documents_link_to_are_there() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = text_of(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_path = !target.starts_with("http") && !target.starts_with('#');
            assert!(!is_path || root().join(target).exists(), "{document} links to `{target}`");
        }
    }
}

#[test]
fn the_changelog_has_the_series_that_is_being_released() {
    let config = releng::project::config::Config::parse(text_of("packaging/release.toml").as_bytes()).unwrap();
    let series = config.version.initial.unwrap();
    assert!(text_of("CHANGELOG.md").contains(&format!("## {series}")), "no section for {series}");
}

#[test]
fn shims_are_shims() {
    for entry in std::fs::read_dir(root().join("scripts")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("cargo xtask") && !path.ends_with("bench") {
            assert!(text.lines().count() <= 12, "{} has grown into more than a shim", path.display());
        }
    }
}
