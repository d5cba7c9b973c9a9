//! The environment of a step.
//!
//! A step runs code that somebody proposes. It gets what programs need to run, and nothing that gives rights: no token, and none of the
//! variables that cargo and rustup set for `cargo xtask`, which would change a cargo that the step runs.

use crate::ci::stage::CiStage;
use crate::forge::TOKEN_VARIABLES;
use crate::git::CommitId;
use crate::git::wildmatch::{self, Scope};

/// The variables of the caller that every step gets; `*` matches.
const USUAL: [&str; 24] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "XDG_*",
    "CI",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// The id of the empty tree, with which git compares a commit that has nothing before it.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// The commits that a stage is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageCommits {
    /// The commit from which changes count; `None` if all files count as changed.
    pub base: Option<CommitId>,
    pub head: CommitId,
}

/// The environment of a step: of the variables of the `caller`, the usual ones and those that match one of `named`, and the variables
/// of the stage.
pub fn step_environment(
    caller: impl Iterator<Item = (String, String)>,
    named: &[String],
    stage: CiStage,
    commits: StageCommits,
) -> Vec<(String, String)> {
    let patterns: Vec<&str> = USUAL.into_iter().chain(named.iter().map(String::as_str)).collect();
    let own = variables_of(stage, commits);
    let is_own = |name: &str| own.iter().any(|(own, _)| own == name);
    let is_wanted = |name: &str| !is_own(name) && !is_token(name) && matches_any(name, &patterns);
    let mut environment: Vec<(String, String)> = caller.filter(|(name, _)| is_wanted(name)).collect();
    environment.sort();
    environment.extend(own);
    environment
}

/// The variables of the stage.
fn variables_of(stage: CiStage, commits: StageCommits) -> [(String, String); 3] {
    [
        ("RELENG_CI_STAGE", stage.to_string()),
        ("RELENG_CI_BASE", commits.base.map_or(EMPTY_TREE.to_owned(), |base| base.to_string())),
        ("RELENG_CI_HEAD", commits.head.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// Whether a variable holds a token for the forge. No step gets it, whatever the configuration names.
fn is_token(name: &str) -> bool {
    TOKEN_VARIABLES.contains(&name)
}

fn matches_any(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| wildmatch::matches(pattern.as_bytes(), name.as_bytes(), Scope::Name))
}

/// The environment of a step behind a boundary: `inside` are the variables that are set there. Of those of the `caller` it gets only the
/// ones that match one of `named`. Where home and temporary folders are is not the caller's matter.
pub fn enclosed_environment(
    inside: Vec<(String, String)>,
    caller: impl Iterator<Item = (String, String)>,
    named: &[String],
    stage: CiStage,
    commits: StageCommits,
) -> Vec<(String, String)> {
    const FIXED: [&str; 4] = ["HOME", "USER", "LOGNAME", "TMPDIR"];
    let own = variables_of(stage, commits);
    let is_fixed = |name: &str| FIXED.contains(&name) || own.iter().any(|(own, _)| own == name);
    let mut environment = inside;
    let patterns: Vec<&str> = named.iter().map(String::as_str).collect();
    for (name, value) in caller.filter(|(name, _)| matches_any(name, &patterns) && !is_fixed(name)) {
        if is_token(&name) {
            continue;
        }
        match environment.iter_mut().find(|(there, _)| *there == name) {
            Some((_, there)) => *there = value,
            None => environment.push((name, value)),
        }
    }
    environment.extend(own.iter().cloned());
    environment.sort();
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_the_variables_of_cargo_do_not_get_through() {
        let caller = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("GITHUB_TOKEN", "secret"),
            ("GITLAB_TOKEN", "secret"),
            ("RELENG_FORGE_TOKEN", "secret"),
            ("CARGO", "/cargo"),
            ("CARGO_MANIFEST_DIR", "/x"),
            ("RUSTUP_TOOLCHAIN", "stable"),
            ("LD_LIBRARY_PATH", "/x"),
            ("CARGO_HOME", "/home/.cargo"),
            ("RELENG_CI_STAGE", "another"),
            ("CC", "clang"),
            ("LAGO_A", "1"),
            ("LAGOON", "2"),
        ];
        let caller = caller.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter();
        let named = ["CC".to_owned(), "LAGO_*".to_owned(), "RELENG_*".to_owned(), "GIT*_TOKEN".to_owned()];
        let commits = StageCommits { base: None, head: CommitId([7; 20]) };
        let environment = step_environment(caller, &named, CiStage::CheckPatch, commits);
        let names: Vec<&str> = environment.iter().map(|(name, _)| name.as_str()).collect();
        let stage = ["RELENG_CI_STAGE", "RELENG_CI_BASE", "RELENG_CI_HEAD"];
        assert_eq!(names, [&["CARGO_HOME", "CC", "LAGO_A", "LC_ALL", "PATH"][..], &stage].concat());
        let value = |name: &str| environment.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
        assert_eq!(value("RELENG_CI_STAGE"), Some("check-patch"));
        assert_eq!(value("RELENG_CI_BASE"), Some(EMPTY_TREE));
        assert_eq!(value("RELENG_CI_HEAD"), Some("07".repeat(20).as_str()));
    }

    #[test]
    fn behind_a_boundary_only_named_variables_get_through() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let inside = pairs(&[("HOME", "/srv/home"), ("PATH", "/usr/bin")]);
        let caller = pairs(&[
            ("HOME", "/root"),
            ("PATH", "/opt/bin"),
            ("CC", "clang"),
            ("LANG", "C"),
            ("RELENG_CI_BASE", "x"),
            ("FORGEJO_TOKEN", "x"),
        ]);
        let commits = StageCommits { base: None, head: CommitId([7; 20]) };
        let of = |named: &[&str]| -> Vec<String> {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            let made =
                enclosed_environment(inside.clone(), caller.iter().cloned(), &named, CiStage::CheckMerged, commits);
            made.iter().take(3).map(|(name, value)| format!("{name}={value}")).collect()
        };
        let base = format!("RELENG_CI_BASE={EMPTY_TREE}");
        assert_eq!(of(&[]), ["HOME=/srv/home", "PATH=/usr/bin", &base]);
        assert_eq!(of(&["*"]), ["CC=clang", "HOME=/srv/home", "LANG=C"]);
        assert_eq!(of(&["PATH", "HOME", "RELENG_*"]), ["HOME=/srv/home", "PATH=/opt/bin", &base]);
    }
}
