//! Decides which files a project needs, and why. Pure: the facts come in, the files come out.

use crate::adopt::config_file::{INSTALL_TEST, NeededKeys};
use crate::adopt::file_to_write::FileToWrite;
use crate::adopt::found::{AdoptFacts, ProjectBuild, PythonBuild, SpecFound};
use crate::adopt::order::{AdoptOrder, AdoptPlace, CiKind};
use crate::adopt::template::{self, NoTemplate};
use crate::adopt::xtask_crate::{XtaskFiles, xtask_files};
use crate::project::config::{ForgeKind, PATH, with_python_module};

/// The files, and what could not be made.
#[derive(Clone, Debug)]
pub struct WantedFiles {
    pub files: Vec<FileToWrite>,
    pub keys: NeededKeys,
    /// Why no spec is written, where the project has none.
    pub no_spec: Option<NoTemplate>,
    /// Lines that a person has to write, because they cannot be added safely.
    pub by_hand: Vec<String>,
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
    let configuration =
        FileToWrite { is_config: true, ..FileToWrite::new(config_path, keys.render(), "the configuration") };
    let mut files = vec![configuration];
    let no_spec = match spec {
        Some(Ok(text)) => {
            let path = in_packaging(order, &format!("{}.spec.in", facts.name));
            files.push(FileToWrite::new(&path, text, "the spec, which `releng` renders for each version"));
            None
        }
        Some(Err(why)) => Some(why),
        None => None,
    };
    if has_spec {
        let why = "the acceptance test, which installs the packages of a snapshot";
        files.push(FileToWrite::new(in_packaging(order, INSTALL_TEST), INSTALL.to_owned(), why));
    }
    if let Some(path) = &order.hook {
        let why = "the hook of git, which checks each commit message";
        files.push(FileToWrite { is_executable: true, ..FileToWrite::new(path.clone(), HOOK.to_owned(), why) });
    }
    let xtask = match (&order.xtask, facts.builds.first()) {
        (Some(address), Some(ProjectBuild::Cargo(cargo))) if cargo.is_workspace => xtask_files(address, cargo),
        (Some(_), _) => XtaskFiles::none("`--xtask` is for a Cargo workspace, and this is none"),
        (None, _) => XtaskFiles::default(),
    };
    files.extend(xtask.files);
    let mut by_hand = xtask.by_hand;
    if let (Some(ProjectBuild::Python(python)), AdoptPlace::Project) = (facts.builds.first(), &order.place)
        && python.is_looked_for_in_root
    {
        match named_module(python) {
            Some(file) => files.push(file),
            None => by_hand.push(
                "setuptools looks for packages in the root, and takes the folder `packaging` for one: name yours, such as in \
                 `[tool.setuptools]` of `pyproject.toml`"
                    .to_owned(),
            ),
        }
    }
    let branch = facts.branch.as_deref().unwrap_or("main");
    for (path, content) in order.ci.map_or(&[][..], files_of) {
        files.push(FileToWrite::new(
            path,
            with_branch(content, branch),
            "the jobs of the CI system: docs/ci-systems.md says what they need",
        ));
    }
    WantedFiles { files, keys, no_spec, by_hand }
}

/// The `pyproject.toml` with the name of the package: setuptools then looks for no other one, such as `packaging`.
fn named_module(python: &PythonBuild) -> Option<FileToWrite> {
    let (text, module) = (python.pyproject.as_ref()?, python.module.as_ref()?);
    let content = with_python_module(text, &module.name, module.is_package)?;
    let why = "the name of the package, so that setuptools does not take `packaging` for another one";
    Some(FileToWrite { before: Some(text.clone()), ..FileToWrite::new("pyproject.toml", content, why) })
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
