//! The text of `release.toml`: what was found and does not equal the default, each key with a comment.

use crate::adopt::found::{AdoptFacts, SpecFound, VersionFound, VersionStart};
use crate::adopt::order::{AdoptOrder, AdoptPlace};
use crate::git::wildmatch;
use crate::project::config::{Config, ProjectKeys};

/// The version before the first commit, for a project that has no release tag.
pub const INITIAL: &str = "0.1";

/// The path of the acceptance test in the folder `packaging` or in that of `--packaging`.
pub const INSTALL_TEST: &str = "acceptance/install.sh";

/// The keys that the configuration of a project needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeededKeys {
    /// `project.name`, where the files do not state it.
    pub name: Option<String>,
    /// `project.branches`, where the default does not have the main branch.
    pub branch: Option<String>,
    /// `version.initial`, where there is no release tag.
    pub initial: Option<&'static str>,
    /// `rpm.spec`, where a person has chosen it.
    pub spec: Option<String>,
    /// The acceptance test that installs the packages, where there is a spec: its path.
    pub install_test: Option<String>,
}

impl NeededKeys {
    /// Decides on the keys. `has_spec`: there is a spec, or one is written.
    pub fn of(facts: &AdoptFacts, order: &AdoptOrder, has_spec: bool) -> NeededKeys {
        let branches = ProjectKeys::default().branches;
        let branch = facts.branch.as_ref().filter(|branch| !is_in(branch, &branches)).cloned();
        // An earlier run may have written it.
        let is_new = match &facts.version {
            VersionFound::NoTag | VersionFound::NoCommit => true,
            VersionFound::Counted { start: VersionStart::Initial(initial), .. } => initial == INITIAL,
            VersionFound::Counted { .. } | VersionFound::Unclear(_) => false,
        };
        let stated_spec = order.stated_spec.clone();
        let test = match &order.place {
            AdoptPlace::Project => format!("packaging/{INSTALL_TEST}"),
            // A test is run in the sources of the snapshot, which do not have the folder.
            AdoptPlace::Beside(folder) => format!("{}/{INSTALL_TEST}", folder.display()),
        };
        NeededKeys {
            name: (!facts.is_name_in_files).then(|| facts.name.to_string()),
            branch,
            initial: is_new.then_some(INITIAL),
            spec: stated_spec.filter(|_| matches!(facts.spec, SpecFound::One { .. })),
            install_test: has_spec.then_some(test),
        }
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let mut text = String::from(
            "# How releng releases this project. Every key is optional: `releng config` prints all of them with their values.\n",
        );
        let name = self.name.as_ref().map(|name| {
            format!(
                "# No file of the project states its name in the same way in every clone.\nname = {}\n",
                quoted(name)
            )
        });
        let branches = self.branch.as_ref().map(|branch| {
            format!("# Work is merged when it is on one of these branches.\nbranches = [{}, \"v*\"]\n", quoted(branch))
        });
        let initial = self.initial.map(|initial| {
            format!(
                "# There is no release tag: N commits make the version {initial}.N. A tag such as 1.0 or v1.0.0 goes before this line.\ninitial = {}\n",
                quoted(initial)
            )
        });
        let spec = self.spec.as_ref().map(|spec| format!("# One of several specs.\nspec = {}\n", quoted(spec)));
        let dists = "# The dists to build for. Without this line: the dist of the machine that builds.\n# dists = [\"el9\", \"fc42\"]\n";
        let rpm = self.install_test.as_ref().map(|_| dists.to_owned());
        for (table, keys) in [("project", [name, branches]), ("version", [initial, None]), ("rpm", [spec, rpm])] {
            let keys: String = keys.into_iter().flatten().collect();
            if !keys.is_empty() {
                text.push_str(&format!("\n[{table}]\n{keys}"));
            }
        }
        if let Some(path) = &self.install_test {
            text.push_str(
                "\n# Installs the packages of a snapshot. `promote` needs its result, which `accept` records.\n",
            );
            if path.starts_with('/') {
                text.push_str(
                    "# The whole path: a test runs in the sources of the snapshot, which do not have this folder.\n",
                );
            }
            text.push_str(&format!("[[acceptance]]\nname = \"install\"\nrun = [\"sh\", {}]\n", quoted(path)));
        }
        text
    }

    /// What a configuration lacks of these keys, one line for each.
    pub fn missing_in(&self, config: &Config) -> Vec<String> {
        let mut missing = Vec::new();
        if let Some(name) = self.name.as_ref().filter(|_| config.project.name.is_none()) {
            missing.push(format!("`project.name`: no file states the name `{name}` in the same way in every clone"));
        }
        if let Some(branch) = self.branch.as_ref().filter(|branch| !is_in(branch, &config.project.branches)) {
            missing.push(format!("`project.branches`: the main branch `{branch}` is none of them"));
        }
        if self.initial.is_some() && config.version.initial.is_none() {
            missing.push("`version.initial`: there is no release tag".to_owned());
        }
        if self.install_test.is_some() && config.acceptance.is_empty() {
            missing.push("`[[acceptance]]`: the project has a spec, and no test installs its packages".to_owned());
        }
        missing
    }
}

fn is_in(branch: &str, branches: &[String]) -> bool {
    branches.iter().any(|glob| wildmatch::matches(glob.as_bytes(), branch.as_bytes(), wildmatch::Scope::Name))
}

/// A text as TOML writes it. Names, branches and paths come from outside.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let keys = NeededKeys {
            name: Some("lago".to_owned()),
            branch: Some("tr\"unk".to_owned()),
            initial: Some(INITIAL),
            spec: Some("fedora/lago.spec".to_owned()),
            install_test: Some("/a b/\u{7}\u{e9}".to_owned()),
        };
        let text = keys.render();
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(config.project.name.as_ref().map(ToString::to_string).as_deref(), Some("lago"));
        assert_eq!(config.project.branches, ["tr\"unk", "v*"]);
        assert_eq!(config.version.initial.map(|initial| initial.to_string()).as_deref(), Some(INITIAL));
        assert_eq!(config.rpm.spec.as_deref(), Some("fedora/lago.spec"));
        assert_eq!(config.acceptance[0].run, ["sh", "/a b/\u{7}\u{e9}"]);
        assert_eq!(keys.missing_in(&config), Vec::<String>::new());
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#')) {
            let has_comment =
                lines[..at].iter().rev().take_while(|line| !line.is_empty()).any(|line| line.starts_with('#'));
            assert!(has_comment, "{line}");
        }
    }

    #[test]
    fn nothing_is_written_that_equals_the_default() {
        let text = NeededKeys::default().render();
        assert_eq!(Config::parse(text.as_bytes()).unwrap(), Config::default());
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
        let all = NeededKeys {
            name: Some("lago".to_owned()),
            branch: Some("trunk".to_owned()),
            initial: Some(INITIAL),
            spec: None,
            install_test: Some("x".to_owned()),
        };
        assert_eq!(all.missing_in(&Config::default()).len(), 4);
    }
}
