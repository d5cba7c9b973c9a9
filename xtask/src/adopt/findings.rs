//! Reads the facts about a project from its files, its tags and the address of its remote. Nothing of the project is run.

use anyhow::Result;

use crate::adopt::found::{
    AboutProject, AdoptFacts, AutotoolsBuild, DocumentsFound, FormSource, LicenceFound, ProjectBuild, RemoteFound,
    SpecFound, StatedVersion, ToolFound, VersionFound, VersionStart,
};
use crate::adopt::licence::{recognise_licence, spdx_expression};
use crate::adopt::programs::read_cargo_project;
use crate::adopt::python::read_python_project;
use crate::base::error::{Exit, Failure, program};
use crate::base::progress::Progress;
use crate::forge::find_place;
use crate::git::Repository;
use crate::history::pre_release::is_pre_release;
use crate::history::release_tags::FormOrigin;
use crate::history::release_tags::candidate::is_version_like;
use crate::history::{Base, CountedVersion, LookBack, WarningId};
use crate::project::config::{Config, Name};
use crate::project::definition::Project;
use crate::project::name::{NO_NAME, NameSource};
use crate::project::packit::Packit;
use crate::project::release::count_version;
use crate::project::tree::Tree;
use crate::project::workspace::Workspace;

/// Files and folders of tools and CI systems.
const TOOLS: [(&str, &str); 13] = [
    ("GitHub Actions", ".github/workflows"),
    ("GitLab CI", ".gitlab-ci.yml"),
    ("Forgejo Actions", ".forgejo/workflows"),
    ("Gitea Actions", ".gitea/workflows"),
    ("Jenkins", "Jenkinsfile"),
    ("Travis CI", ".travis.yml"),
    ("CircleCI", ".circleci/config.yml"),
    ("Cirrus CI", ".cirrus.yml"),
    ("Azure Pipelines", "azure-pipelines.yml"),
    ("Zuul", ".zuul.yaml"),
    ("tito", ".tito/tito.props"),
    ("tito", "rel-eng/tito.props"),
    ("Copr", ".copr/Makefile"),
];

/// Reads the facts. `config` is the configuration that is there, or the default; `stated_name` is a name that a person gave.
///
/// Errors: the project has no name, or its files cannot be read.
pub fn find_facts(
    workspace: &Workspace,
    config: &Config,
    stated_name: Option<&Name>,
    progress: &dyn Progress,
) -> Result<AdoptFacts> {
    let tree = workspace.local_tree()?;
    let repository = workspace.repository()?;
    let mut config = config.clone();
    if let Some(name) = stated_name {
        config.project.name = Some(name.clone());
    }
    let project = Project::load(tree, config.clone(), &workspace.out_of_tree()).map_err(explain_name)?;
    let spec = match &project.spec {
        Ok(None) => SpecFound::Missing,
        Ok(Some(spec)) => SpecFound::One { path: spec.path.clone(), kind: spec.kind },
        Err(failure) => SpecFound::Unclear(failure.clone()),
    };
    // By the files alone, as in a clone without this configuration.
    let plain = Config { rpm: config.rpm.clone(), ..Config::default() };
    let by_files = Project::load(tree, plain, &workspace.out_of_tree()).ok();
    let is_name_in_files = by_files.is_some_and(|found| {
        found.name == project.name && matches!(found.name_source, NameSource::File(_) | NameSource::Archive)
    });
    let name = project.name.to_string();
    let documents = find_documents(tree)?;
    let (builds, about) = find_builds(tree, repository, &name)?;
    let about = with_licence(tree, about, &documents)?;
    Ok(AdoptFacts {
        name: project.name,
        name_source: project.name_source,
        is_name_in_files,
        builds,
        spec,
        version: find_version(repository, &config, progress)?,
        branch: repository.branch(Some("origin/HEAD")).or_else(|| repository.branch(None)),
        remote: find_remote(repository, &config),
        tools: find_tools(tree)?,
        about,
        documents,
    })
}

/// The name of a project can also be stated to this command.
fn explain_name(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.message.starts_with(NO_NAME) => {
            failure.help(format!("state one: `{} init --name NAME`", program())).into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}

fn find_version(repository: &Repository, config: &Config, progress: &dyn Progress) -> Result<VersionFound> {
    let head = match repository.head() {
        Ok(head) => head,
        Err(error) if error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::NotEnoughHistory) => {
            return Ok(VersionFound::NoCommit);
        }
        Err(error) => return Err(error),
    };
    let counted = match count_version(repository, config, head, None, LookBack::Bounded, progress) {
        Ok(counted) => counted,
        Err(error) => return error.downcast::<Failure>().map(VersionFound::Unclear),
    };
    let list = repository.tag_list()?;
    // A beginning that nobody has stated could be below what is out.
    let has_lookalikes = list.names().any(|name| is_version_like(name) || is_pre_release(name));
    if !has_lookalikes && counted.warnings.iter().any(|warning| warning.id == WarningId::NoTag) {
        return Ok(VersionFound::NoTag);
    }
    Ok(version_found(&counted))
}

fn version_found(counted: &CountedVersion) -> VersionFound {
    if let Err(failure) = counted.require_releasable() {
        return VersionFound::Unclear(failure);
    }
    let start = match &counted.base {
        Some(Base::Initial(milestone)) => VersionStart::Initial(milestone.to_string()),
        Some(Base::Tag(tag, _)) => VersionStart::Tag(tag.name.clone()),
        None => VersionStart::Merged,
    };
    let origin = match counted.form.origin {
        FormOrigin::Configured => FormSource::Configured,
        FormOrigin::Recognised => FormSource::Recognised,
        FormOrigin::Default | FormOrigin::Undecided(_) => FormSource::Default,
    };
    VersionFound::Counted { version: counted.version.clone(), start, forms: counted.form.to_string(), origin }
}

fn find_remote(repository: &Repository, config: &Config) -> RemoteFound {
    let Some(address) = repository.remote_address("origin") else { return RemoteFound::None };
    match find_place(&config.ci, &address) {
        Ok(place) => RemoteFound::Forge { forge: place.kind.to_string(), project: place.project.as_str().to_owned() },
        Err(failure) => RemoteFound::Other(failure.message),
    }
}

fn find_tools(tree: Tree<'_>) -> Result<Vec<ToolFound>> {
    let mut found = Vec::new();
    for (name, path) in TOOLS {
        let is_there = match path.rsplit_once('/') {
            Some((_, "workflows")) => !tree.files_in(path)?.is_empty(),
            _ => tree.read(path)?.is_some(),
        };
        if is_there {
            found.push(ToolFound { name, path });
        }
    }
    let packit = Packit::load(tree)?.path;
    found
        .extend(Packit::FILES.into_iter().find(|path| packit == **path).map(|path| ToolFound { name: "Packit", path }));
    Ok(found)
}

fn find_documents(tree: Tree<'_>) -> Result<DocumentsFound> {
    let names = tree.files_in("")?;
    let begins = |name: &str, words: &[&str]| {
        let name = name.to_ascii_uppercase();
        words.iter().any(|word| {
            name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        })
    };
    let mut found = DocumentsFound::default();
    for name in names {
        // A folder of this name has no content.
        let is_text = || Ok::<_, anyhow::Error>(tree.read(&name).ok().flatten().is_some());
        if begins(&name, &["LICENSE", "LICENCE", "COPYING", "UNLICENSE"]) && is_text()? {
            found.licences.push(name);
        } else if found.readme.is_none() && begins(&name, &["README"]) && is_text()? {
            found.readme = Some(name);
        }
    }
    Ok(found)
}

fn find_builds(tree: Tree<'_>, repository: &Repository, name: &str) -> Result<(Vec<ProjectBuild>, AboutProject)> {
    let (mut builds, mut about) = (Vec::new(), AboutProject::default());
    if let Some(mut cargo) = read_cargo_project(tree, Some(name))? {
        cargo.build.has_lock = tree.read("Cargo.lock")?.is_some() && !repository.ignores("Cargo.lock".as_ref())?;
        let licence = cargo.about.license.and_then(|stated| spdx_expression(&stated));
        let version = cargo.about.version.map(|text| StatedVersion { text, path: cargo.path.clone() });
        let licence = licence.map(|expression| LicenceFound { expression, path: cargo.path, is_open: false });
        about = AboutProject { version, summary: cargo.about.description, url: cargo.about.url, licence };
        builds.push(ProjectBuild::Cargo(cargo.build));
    }
    if let Some((python, stated)) = read_python_project(tree, name)? {
        if builds.is_empty() {
            about = stated;
        }
        builds.push(ProjectBuild::Python(python));
    }
    if tree.read("meson.build")?.is_some() {
        builds.push(ProjectBuild::Meson);
    }
    if let Some(configure_ac) = tree.read("configure.ac")? {
        builds.push(ProjectBuild::Autotools(read_autotools(tree, &configure_ac)?));
    }
    if tree.read("CMakeLists.txt")?.is_some() {
        builds.push(ProjectBuild::Cmake);
    }
    for (name, path) in [("Go", "go.mod"), ("Node.js", "package.json"), ("Perl", "Makefile.PL"), ("Ruby", "Gemfile")] {
        if tree.read(path)?.is_some() {
            builds.push(ProjectBuild::Other(name, path));
        }
    }
    if builds.is_empty() && tree.read("Makefile")?.is_some() {
        builds.push(ProjectBuild::Other("built by make", "Makefile"));
    }
    Ok((builds, about))
}

fn read_autotools(tree: Tree<'_>, configure_ac: &[u8]) -> Result<AutotoolsBuild> {
    const HELPERS: [(&str, &str); 6] = [
        ("LT_INIT", "libtool"),
        ("AC_PROG_LIBTOOL", "libtool"),
        ("AM_GNU_GETTEXT", "gettext-devel"),
        ("PKG_CHECK_MODULES", "pkgconf-pkg-config"),
        ("PKG_PROG_PKG_CONFIG", "pkgconf-pkg-config"),
        ("AC_PROG_CXX", "gcc-c++"),
    ];
    let text = String::from_utf8_lossy(configure_ac);
    let mut helpers: Vec<&str> =
        HELPERS.iter().filter(|(word, _)| text.contains(word)).map(|(_, helper)| *helper).collect();
    helpers.dedup();
    Ok(AutotoolsBuild { has_configure: tree.read("configure")?.is_some(), helpers })
}

/// Without a stated licence, the text of the only licence file decides.
fn with_licence(tree: Tree<'_>, mut about: AboutProject, documents: &DocumentsFound) -> Result<AboutProject> {
    if about.licence.is_some() {
        return Ok(about);
    }
    let mut found: Option<LicenceFound> = None;
    for path in &documents.licences {
        let text = tree.read(path)?.unwrap_or_default();
        let Some(text) = recognise_licence(&String::from_utf8_lossy(&text)) else { return Ok(about) };
        match &found {
            Some(other) if other.expression != text.expression => return Ok(about), // both, or a choice
            Some(_) => {}
            None => {
                let path = path.clone();
                found = Some(LicenceFound { expression: text.expression, path, is_open: text.is_open });
            }
        }
    }
    about.licence = found;
    Ok(about)
}
