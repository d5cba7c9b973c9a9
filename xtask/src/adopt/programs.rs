//! The programs that `cargo build` makes in the root of a Cargo workspace or package.

use anyhow::Result;

use crate::adopt::found::CargoBuild;
use crate::project::config::{CargoAbout, CargoManifest, CargoPackage};
use crate::project::tree::Tree;

/// The crate that runs this program: it is no part of what is released.
const XTASK: &str = "xtask";

/// A Cargo project as a spec sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoProject {
    pub build: CargoBuild,
    /// The keys of the package with the project's name, else of the first one with a program.
    pub about: CargoAbout,
    /// The manifests that state them.
    pub path: String,
}

/// Reads the root manifest and those of its default members; `None` where there is none, or it cannot be read.
pub fn read_cargo_project(tree: Tree<'_>, name: Option<&str>) -> Result<Option<CargoProject>> {
    let Some(text) = tree.read("Cargo.toml")? else { return Ok(None) };
    let Ok(root) = CargoManifest::parse(&text) else { return Ok(None) };
    let rust_version = crate::project::config::cargo_rust_version(&text).map(|version| version.to_string());
    let workspace = root.workspace.clone().unwrap_or_default();
    let folders = match (&workspace.default_members, &root.package) {
        (Some(members), _) => expanded(tree, members)?,
        (None, Some(_)) => vec![String::new()],
        (None, None) => expanded(tree, &workspace.members)?,
    };
    let mut programs = Vec::new();
    let mut chosen: Option<(CargoAbout, String)> = None;
    for folder in &folders {
        let path = joined(folder, "Cargo.toml");
        let Some(text) = tree.read(&path)? else { continue };
        let Some(package) = CargoManifest::parse(&text).ok().and_then(|manifest| manifest.package) else { continue };
        if package.name == XTASK {
            continue;
        }
        let own = programs_of(tree, folder, &package)?;
        let is_named = Some(package.name.as_str()) == name;
        if is_named || (chosen.is_none() && !own.is_empty()) {
            chosen = Some((package.about, path));
        }
        programs.extend(own);
    }
    programs.sort();
    programs.dedup();
    let (about, path) = chosen.unwrap_or_else(|| (CargoAbout::default(), "Cargo.toml".to_owned()));
    let config = tree.read(".cargo/config.toml")?.map(|text| String::from_utf8_lossy(&text).into_owned());
    let manifest = String::from_utf8_lossy(&text).into_owned();
    let is_workspace = root.workspace.is_some();
    let build = CargoBuild { is_workspace, programs, has_lock: false, rust_version, manifest, config };
    Ok(Some(CargoProject { build, about: inherited(about, workspace.about), path }))
}

/// What a package does not state, its workspace may.
fn inherited(own: CargoAbout, workspace: CargoAbout) -> CargoAbout {
    CargoAbout {
        version: own.version.or(workspace.version),
        description: own.description.or(workspace.description),
        license: own.license.or(workspace.license),
        url: own.url.or(workspace.url),
    }
}

/// The folders of members. `*` stands for the folders in a folder.
fn expanded(tree: Tree<'_>, members: &[String]) -> Result<Vec<String>> {
    let mut folders = Vec::new();
    for member in members {
        let member = member.trim_start_matches("./").trim_end_matches('/');
        match member.strip_suffix('*').map(|parent| parent.trim_end_matches('/')) {
            Some(parent) => folders.extend(tree.files_in(parent)?.into_iter().map(|name| joined(parent, &name))),
            None if member == "." => folders.push(String::new()),
            None => folders.push(member.to_owned()),
        }
    }
    Ok(folders)
}

fn programs_of(tree: Tree<'_>, folder: &str, package: &CargoPackage) -> Result<Vec<String>> {
    let mut programs = package.programs.clone();
    if package.finds_programs {
        if tree.read(&joined(folder, "src/main.rs"))?.is_some() && package.programs.is_empty() {
            programs.push(package.name.clone());
        }
        for file in tree.files_in(&joined(folder, "src/bin"))? {
            programs.push(file.strip_suffix(".rs").unwrap_or(&file).to_owned());
        }
    }
    Ok(programs)
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
