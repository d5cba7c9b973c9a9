//! Reads what a Python project says about itself.

use anyhow::Result;

use crate::adopt::found::{AboutProject, LicenceFound, PythonBuild, PythonModule, StatedVersion};
use crate::adopt::licence::spdx_expression;
use crate::project::config::{looks_for_packages, python_project_name, read_python_metadata, read_python_package};
use crate::project::tree::Tree;

const PYPROJECT: &str = "pyproject.toml";

/// Reads `pyproject.toml`, `setup.cfg` and `setup.py`, as text; `None` if they are not those of a Python package. `name` is that of the project.
pub fn read_python_project(tree: Tree<'_>, name: &str) -> Result<Option<(PythonBuild, AboutProject)>> {
    let [setup_py, setup_cfg, pyproject] = [tree.read("setup.py")?, tree.read("setup.cfg")?, tree.read(PYPROJECT)?];
    let [py, cfg, toml] = [&setup_py, &setup_cfg, &pyproject].map(|file| file.as_deref());
    let package = read_python_package(py, cfg, toml);
    let text = |file: Option<&[u8]>| file.map(|text| String::from_utf8_lossy(text).into_owned());
    let pyproject = text(toml);
    let states_name = pyproject.as_deref().and_then(python_project_name).is_some();
    if package.is_none() && !states_name {
        return Ok(None);
    }
    let metadata = read_python_metadata(py, cfg, toml);
    let path = match (states_name, py, cfg) {
        (false, Some(_), _) => "setup.py",
        (false, None, Some(_)) => "setup.cfg",
        _ => PYPROJECT,
    };
    let setup_py = text(py).unwrap_or_default();
    let is_compiled = ["ext_modules", "Extension(", "cffi_modules"].iter().any(|word| setup_py.contains(word));
    let package_name = package.as_ref().and_then(|package| package.name.clone()).unwrap_or_else(|| name.to_owned());
    let build = PythonBuild {
        path: path.to_owned(),
        uses_pbr: package.is_some_and(|package| package.uses_pbr),
        module: find_module(tree, &package_name)?,
        commands: metadata.commands,
        is_compiled,
        is_looked_for_in_root: looks_for_packages(py, cfg, toml) && tree.files_in("src")?.is_empty(),
        pyproject,
    };
    let licence = metadata.license.and_then(|stated| spdx_expression(&stated));
    let licence = licence.map(|expression| LicenceFound { expression, path: path.to_owned(), is_open: false });
    let version = metadata.version.map(|text| StatedVersion { text, path: path.to_owned() });
    Ok(Some((build, AboutProject { version, summary: metadata.summary, url: metadata.url, licence })))
}

/// The module of a package, if it has the package's name.
fn find_module(tree: Tree<'_>, package: &str) -> Result<Option<PythonModule>> {
    let name = package.to_ascii_lowercase().replace(['-', '.'], "_");
    for (path, is_package) in
        [("{}/__init__.py", true), ("src/{}/__init__.py", true), ("{}.py", false), ("src/{}.py", false)]
    {
        if tree.read(&path.replace("{}", &name))?.is_some() {
            return Ok(Some(PythonModule { name, is_package }));
        }
    }
    Ok(None)
}
