//! Keeps setuptools from taking other folders for packages. It looks for packages by itself where no file names them, and refuses a project with
//! two folders at its top that may be packages.

use toml::{Table, Value};

/// Whether setuptools looks for the packages by itself. The files are never run.
pub fn looks_for_packages(setup_py: Option<&[u8]>, setup_cfg: Option<&[u8]>, pyproject: Option<&[u8]>) -> bool {
    let text = |file: Option<&[u8]>| String::from_utf8_lossy(file.unwrap_or_default()).into_owned();
    let (setup_py, setup_cfg) = (text(setup_py), text(setup_cfg));
    let pyproject: Table = text(pyproject).parse().unwrap_or_default();
    let backend = pyproject.get("build-system").and_then(|system| system.get("build-backend")?.as_str());
    let is_setuptools = backend.is_none_or(|backend| backend.starts_with("setuptools"));
    let stated = ["packages", "py_modules", "py-modules", "pbr"];
    let has_word = |text: &str| {
        text.split(|letter: char| !letter.is_alphanumeric() && !"_-".contains(letter))
            .any(|word| stated.contains(&word))
    };
    let own = pyproject.get("tool").and_then(|tool| tool.get("setuptools")?.as_table());
    let in_own = own.is_some_and(|own| stated.iter().any(|key| own.contains_key(*key)));
    is_setuptools && !in_own && !has_word(&setup_py) && !has_word(&setup_cfg)
}

/// The text of `pyproject.toml` with the name of the only package or module. `None` if it cannot be added safely: there is a table
/// `[tool.setuptools]`, or no `[project]`.
pub fn with_python_module(pyproject: &str, module: &str, is_package: bool) -> Option<String> {
    let before: Table = pyproject.parse().ok()?;
    let tool = before.get("tool").map(|tool| tool.as_table().cloned());
    let mut tool = tool.unwrap_or_else(|| Some(Table::new()))?;
    if !before.contains_key("project") || tool.contains_key("setuptools") {
        return None;
    }
    let quoted = Value::from(module);
    let lines = if is_package {
        let below = Value::from(format!("{module}.*"));
        format!("[tool.setuptools.packages.find]\ninclude = [{quoted}, {below}]\n")
    } else {
        format!("[tool.setuptools]\npy-modules = [{quoted}]\n")
    };
    let gap = if pyproject.ends_with('\n') { "\n" } else { "\n\n" };
    let text = format!("{pyproject}{gap}{lines}");
    let mut after = before.clone();
    let added: Table = lines.parse().ok()?;
    tool.insert("setuptools".to_owned(), added.get("tool")?.get("setuptools")?.clone());
    after.insert("tool".to_owned(), Value::Table(tool));
    (text.parse::<Table>().ok()? == after).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setuptools_looks_for_what_no_file_names() {
        const PROJECT: &str = "[build-system]\nbuild-backend = \"setuptools.build_meta\"\n[project]\nname = \"a\"\n";
        let found = PROJECT.to_owned() + "[tool.setuptools.packages.find]\nwhere = [\"src\"]\n";
        for (setup_py, setup_cfg, pyproject, looks) in [
            (None, None, Some(PROJECT), true),
            (None, None, Some(found.as_str()), false),
            (None, None, Some("[build-system]\nbuild-backend = \"flit_core.buildapi\"\n"), false),
            (None, Some("[options]\npackages = find:\n"), Some(PROJECT), false),
            (Some("setup(packages=['a'])"), None, None, false),
            (Some("setup(pbr=True)"), Some("[metadata]\n"), None, false),
            (Some("setup(name='a')"), None, None, true),
        ] {
            let bytes = |text: Option<&'static str>| text.map(str::as_bytes);
            let pyproject = pyproject.map(str::as_bytes);
            assert_eq!(looks_for_packages(bytes(setup_py), bytes(setup_cfg), pyproject), looks, "{pyproject:?}");
        }
    }

    #[test]
    fn the_package_is_added_to_the_text() {
        for (pyproject, is_package, expected) in [
            (
                "[project]\nname = \"a\" # x",
                true,
                Some("[project]\nname = \"a\" # x\n\n[tool.setuptools.packages.find]\ninclude = [\"a\", \"a.*\"]\n"),
            ),
            (
                "[project]\nname = \"a\"\n[tool.black]\nx = 1\n",
                false,
                Some("[project]\nname = \"a\"\n[tool.black]\nx = 1\n\n[tool.setuptools]\npy-modules = [\"a\"]\n"),
            ),
            ("[project]\n[tool.setuptools]\nzip-safe = true\n", true, None),
            ("[build-system]\n", true, None),
            ("[project", true, None),
        ] {
            assert_eq!(with_python_module(pyproject, "a", is_package).as_deref(), expected, "{pyproject}");
        }
    }
}
