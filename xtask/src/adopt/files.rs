//! Decides which files a project needs, and why. Pure: the facts come in, the files come out.

use std::path::PathBuf;

use crate::adopt::config_file::{INSTALL_TEST, NeededKeys};
use crate::adopt::found::{AdoptFacts, SpecFound};
use crate::adopt::template::{self, NoTemplate};
use crate::project::config::{ForgeKind, PATH};

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct AdoptOrder {
    pub place: AdoptPlace,
    /// `--spec`.
    pub stated_spec: Option<String>,
    /// The hook that checks messages: its path.
    pub hook: Option<PathBuf>,
    pub ci: Option<CiKind>,
}

/// Where the files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptPlace {
    Project,
    /// The folder of `--packaging`; the project stays as it is.
    Beside(PathBuf),
}

/// A CI system for which there are files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiKind {
    Forge(ForgeKind),
    Jenkins,
}

/// A file that the project needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFile {
    /// Relative to the work tree, or to the folder of `--packaging`.
    pub path: PathBuf,
    pub content: String,
    pub is_executable: bool,
    /// Whether it is the configuration, which a person edits: it is never compared word for word.
    pub is_config: bool,
    /// What it is for.
    pub why: String,
}

/// The files, and what could not be made.
#[derive(Clone, Debug)]
pub struct WantedFiles {
    pub files: Vec<WantedFile>,
    pub keys: NeededKeys,
    /// Why no spec is written, where the project has none.
    pub no_spec: Option<NoTemplate>,
}

/// The shipped acceptance test.
const INSTALL: &str = include_str!("../../../packaging/acceptance/install.sh");

/// The hook of docs/contributor.md.
const HOOK: &str = "#!/bin/sh\nexec releng lint --message \"$1\"\n";

const GITHUB: [(&str, &str); 4] = [
    (".github/workflows/ci.yml", include_str!("../../../packaging/ci/github/ci.yml")),
    (".github/workflows/comments.yml", include_str!("../../../packaging/ci/github/comments.yml")),
    (".github/workflows/merge.yml", include_str!("../../../packaging/ci/github/merge.yml")),
    (".github/workflows/release.yml", include_str!("../../../packaging/ci/github/release.yml")),
];
const GITLAB: [(&str, &str); 1] = [(".gitlab-ci.yml", include_str!("../../../packaging/ci/gitlab.yml"))];
const FORGEJO: [(&str, &str); 3] = [
    (".forgejo/workflows/ci.yml", include_str!("../../../packaging/ci/forgejo/ci.yml")),
    (".forgejo/workflows/comments.yml", include_str!("../../../packaging/ci/forgejo/comments.yml")),
    (".forgejo/workflows/release.yml", include_str!("../../../packaging/ci/forgejo/release.yml")),
];
const JENKINS: [(&str, &str); 1] = [("Jenkinsfile", include_str!("../../../packaging/ci/Jenkinsfile"))];

/// Decides on the files.
pub fn wanted_files(facts: &AdoptFacts, order: &AdoptOrder) -> WantedFiles {
    let spec = match &facts.spec {
        SpecFound::Missing => Some(template::spec_for(facts)),
        SpecFound::One { .. } | SpecFound::Unclear(_) => None,
    };
    let has_spec = facts.spec != SpecFound::Missing || matches!(spec, Some(Ok(_)));
    let keys = NeededKeys::of(facts, order, has_spec);
    let config_path = if order.place == AdoptPlace::Project { PATH } else { "release.toml" };
    let configuration = WantedFile { is_config: true, ..file(config_path, keys.render(), "the configuration") };
    let mut files = vec![configuration];
    let no_spec = match spec {
        Some(Ok(text)) => {
            let path = in_packaging(order, &format!("{}.spec.in", facts.name));
            files.push(file(&path, text, "the spec, which `releng` renders for each version"));
            None
        }
        Some(Err(why)) => Some(why),
        None => None,
    };
    if has_spec {
        let why = "the acceptance test, which installs the packages of a snapshot";
        files.push(file(&in_packaging(order, INSTALL_TEST), INSTALL.to_owned(), why));
    }
    if let Some(path) = &order.hook {
        let why = "the hook of git, which checks each commit message".to_owned();
        files.push(WantedFile {
            path: path.clone(),
            content: HOOK.to_owned(),
            is_executable: true,
            is_config: false,
            why,
        });
    }
    let branch = facts.branch.as_deref().unwrap_or("main");
    for (path, content) in order.ci.map_or(&[][..], files_of) {
        files.push(file(
            path,
            with_branch(content, branch),
            "the jobs of the CI system: docs/ci-systems.md says what they need",
        ));
    }
    WantedFiles { files, keys, no_spec }
}

fn files_of(kind: CiKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        CiKind::Forge(ForgeKind::Github) => &GITHUB,
        CiKind::Forge(ForgeKind::Gitlab) => &GITLAB,
        CiKind::Forge(ForgeKind::Forgejo) => &FORGEJO,
        CiKind::Jenkins => &JENKINS,
    }
}

/// The jobs after a push are those of the main branch.
fn with_branch(content: &str, branch: &str) -> String {
    if branch == "main" {
        return content.to_owned();
    }
    content.replace("branches: [main]", &format!("branches: ['{}']", branch.replace('\'', "''")))
}

fn in_packaging(order: &AdoptOrder, path: &str) -> String {
    if order.place == AdoptPlace::Project { format!("packaging/{path}") } else { path.to_owned() }
}

fn file(path: &str, content: String, why: &str) -> WantedFile {
    WantedFile { path: path.into(), content, is_executable: false, is_config: false, why: why.to_owned() }
}
