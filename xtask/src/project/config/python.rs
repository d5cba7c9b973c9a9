//! Reads the files by which a Python project says how it is built.

/// What a Python project says about its package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonPackage {
    /// The name of the package, which may differ from that of the project; `None` if no file states it.
    pub name: Option<String>,
    /// Whether pbr builds it.
    pub uses_pbr: bool,
}

/// What a Python project says about itself, as far as a spec needs it. What is not a plain text is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonMetadata {
    pub version: Option<String>,
    pub summary: Option<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    pub url: Option<String>,
    /// The commands that are installed; `None` where only a program such as `setup.py` knows them.
    pub commands: Option<Vec<String>>,
}

/// Reads `pyproject.toml` and `setup.cfg`. The files are never run.
pub fn read_python_metadata(
    setup_py: Option<&[u8]>,
    setup_cfg: Option<&[u8]>,
    pyproject: Option<&[u8]>,
) -> PythonMetadata {
    let text = |file: Option<&[u8]>| String::from_utf8_lossy(file.unwrap_or_default()).into_owned();
    let setup_cfg = text(setup_cfg);
    let pyproject: toml::Table = text(pyproject).parse().unwrap_or_default();
    if let Some(project) = pyproject.get("project").and_then(toml::Value::as_table) {
        let stated = |key: &str| project.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let urls = project.get("urls").and_then(toml::Value::as_table);
        let url = ["homepage", "repository", "source"].iter().find_map(|wanted| {
            let (_, url) = urls?.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            url.as_str().map(str::to_owned)
        });
        let scripts = project.get("scripts").and_then(toml::Value::as_table);
        let commands = scripts.map(|scripts| scripts.keys().cloned().collect()).unwrap_or_default();
        let is_dynamic = project.get("dynamic").and_then(toml::Value::as_array);
        let is_dynamic = is_dynamic.is_some_and(|keys| keys.iter().any(|key| key.as_str() == Some("scripts")));
        let commands = Some(commands).filter(|_| !is_dynamic);
        // The older form is a table; its `file` has the text of the licence, and no expression.
        let in_table = || Some(project.get("license")?.get("text")?.as_str()?.to_owned());
        let license = stated("license").or_else(in_table);
        return PythonMetadata { version: stated("version"), summary: stated("description"), license, url, commands };
    }
    let metadata = section(&setup_cfg, "metadata").unwrap_or_default();
    let stated =
        |keys: [&str; 2]| keys.iter().find_map(|key| ini_value(&metadata, key)).filter(|text| !text.is_empty());
    // pbr has a section of its own, setuptools `[options.entry_points]`.
    let entry_points = section(&setup_cfg, "options.entry_points").or_else(|| section(&setup_cfg, "entry_points"));
    let is_static =
        setup_py.is_none_or(|text| !String::from_utf8_lossy(text).contains("entry_points")) && !metadata.is_empty();
    let commands = entry_points.map(|points| console_scripts(&points)).unwrap_or_default();
    PythonMetadata {
        version: stated(["version", "version"]),
        summary: stated(["summary", "description"]),
        license: stated(["license", "license_expression"]),
        url: stated(["home_page", "url"]).or_else(|| stated(["home-page", "home-page"])),
        commands: Some(commands).filter(|_| is_static),
    }
}

/// The names in the indented lines below `console_scripts`.
fn console_scripts(section: &str) -> Vec<String> {
    let lines =
        section.lines().skip_while(|line| line.split('=').next().is_none_or(|key| key.trim() != "console_scripts"));
    let lines = lines.skip(1).take_while(|line| line.is_empty() || line.starts_with([' ', '\t']));
    let names = lines.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()));
    names.filter(|name| is_package_name(name)).collect()
}

/// The build systems that read the version from `PKG-INFO`.
const READERS: [&str; 5] = ["setuptools", "setuptools-scm", "pbr", "hatch-vcs", "versioningit"];

/// Reads the files in the root of a project; `None` if it is not built by setuptools or another program that reads the version
/// from `PKG-INFO`. The files are never run.
pub fn read_python_package(
    setup_py: Option<&[u8]>,
    setup_cfg: Option<&[u8]>,
    pyproject: Option<&[u8]>,
) -> Option<PythonPackage> {
    let text = |file: Option<&[u8]>| String::from_utf8_lossy(file.unwrap_or_default()).into_owned();
    let (setup_py_text, setup_cfg_text) = (text(setup_py), text(setup_cfg));
    let pyproject: toml::Table = text(pyproject).parse().unwrap_or_default();
    let metadata = section(&setup_cfg_text, "metadata");
    let project = pyproject.get("project").and_then(toml::Value::as_table);
    let requirements = build_requirements(&pyproject);
    let requires = |name: &str| requirements.iter().any(|required| required == name);
    // Without a build system of its own, `[project]` is for setuptools.
    let is_built = match pyproject.contains_key("build-system") {
        true => READERS.into_iter().any(requires),
        false => project.is_some(),
    };
    if setup_py.is_none() && metadata.is_none() && !is_built {
        return None;
    }
    let stated = project.and_then(|project| project.get("name")?.as_str());
    let in_cfg = || ini_value(metadata.as_deref()?, "name");
    let asks_for_pbr = setup_py_text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "pbr");
    Some(PythonPackage {
        name: stated.map(str::to_owned).or_else(in_cfg).filter(|name| is_package_name(name)),
        uses_pbr: requires("pbr") || asks_for_pbr,
    })
}

/// The name in a `pyproject.toml`, by `[project]` or `[tool.poetry]`.
pub fn python_project_name(text: &str) -> Option<String> {
    let manifest: toml::Table = text.parse().ok()?;
    let name = |table: &toml::Value| table.get("name").and_then(|name| name.as_str()).map(str::to_owned);
    let of_project = manifest.get("project").and_then(name);
    of_project.or_else(|| name(manifest.get("tool")?.get("poetry")?))
}

/// The name in a `setup.cfg`: `name` of `[metadata]`.
pub fn setup_cfg_name(text: &str) -> Option<String> {
    ini_value(&section(text, "metadata")?, "name")
}

/// The names in `build-system.requires`, in the form of PEP 503.
fn build_requirements(pyproject: &toml::Table) -> Vec<String> {
    let requires = pyproject.get("build-system").and_then(|system| system.get("requires")?.as_array());
    let texts = requires.into_iter().flatten().filter_map(toml::Value::as_str);
    let name = |text: &str| {
        let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter));
        text[..end.unwrap_or(text.len())].to_ascii_lowercase().replace(['_', '.'], "-")
    };
    texts.map(|text| name(text.trim())).collect()
}

/// The lines of a section of an INI file; `None` if there is no such section.
fn section(ini: &str, name: &str) -> Option<String> {
    let mut lines = ini.lines().skip_while(|line| !line.starts_with(&format!("[{name}]")));
    lines.next()?;
    Some(lines.take_while(|line| !line.starts_with('[')).collect::<Vec<_>>().join("\n"))
}

/// The value of a key in the lines of a section, with `=` or `:` before it; `None` for a value of several lines.
fn ini_value(section: &str, key: &str) -> Option<String> {
    let value = section.lines().find_map(|line| {
        let (name, value) = line.split_once(['=', ':'])?;
        name.trim_end().eq_ignore_ascii_case(key).then(|| value.trim())
    })?;
    Some(value.to_owned())
}

/// By PEP 508.
fn is_package_name(text: &str) -> bool {
    let is_end = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    is_end(text.chars().next()) && is_end(text.chars().last()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_of_python_projects() {
        let pyproject = "[project]\nname = \"n\"\ndescription = \"A tool\"\nlicense = \"MIT\"\n\
                         [project.urls]\nHomepage = \"https://x\"\n[project.scripts]\nn = \"n:main\"\n";
        let found = read_python_metadata(None, None, Some(pyproject.as_bytes()));
        assert_eq!((found.summary.as_deref(), found.license.as_deref()), (Some("A tool"), Some("MIT")));
        assert_eq!((found.url.as_deref(), found.commands), (Some("https://x"), Some(vec!["n".to_owned()])));
        let cfg = "[metadata]\nname = n\nsummary = A tool\nhome-page = https://x\n[entry_points]\nconsole_scripts =\n    n = n.cmd:main\n\
                   other =\n    x = y\n[z]\n";
        let found = read_python_metadata(Some(b"setup(pbr=True)"), Some(cfg.as_bytes()), None);
        assert_eq!((found.summary.as_deref(), found.license), (Some("A tool"), None));
        assert_eq!((found.url.as_deref(), found.commands), (Some("https://x"), Some(vec!["n".to_owned()])));
        let found = read_python_metadata(Some(b"setup(entry_points={})"), None, None);
        assert_eq!(found, PythonMetadata::default());
        let table = "[project]\nname = \"n\"\nversion = \"1.4.2\"\nlicense = {text = \"MIT\"}\n";
        let found = read_python_metadata(None, None, Some(table.as_bytes()));
        assert_eq!((found.version.as_deref(), found.license.as_deref()), (Some("1.4.2"), Some("MIT")));
        let file = table.replace("text = \"MIT\"", "file = \"LICENSE\"");
        assert_eq!(read_python_metadata(None, None, Some(file.as_bytes())).license, None);
        let dynamic = "[project]\nname = \"n\"\ndynamic = [\"scripts\"]\n";
        assert_eq!(read_python_metadata(None, None, Some(dynamic.as_bytes())).commands, None);
    }

    #[test]
    fn python_projects_and_their_names() {
        let named = |name: &str, uses_pbr| Some(PythonPackage { name: Some(name.to_owned()), uses_pbr });
        let nameless = |uses_pbr| Some(PythonPackage { name: None, uses_pbr });
        for (setup_py, setup_cfg, pyproject, expected) in [
            (Some("setuptools.setup(pbr=True)"), Some("[metadata]\nname = lago\n"), None, named("lago", true)),
            (Some("setup(name='x')"), None, None, nameless(false)),
            (None, Some("[flake8]\nname = x\n"), None, None),
            (None, Some("[flake8]\n[metadata]\nsummary = a\nname: a.b\n[x]\nname=y\n"), None, named("a.b", false)),
            (None, Some("[metadata]\nname = file: NAME\n"), None, nameless(false)),
            (None, None, Some("[build-system]\nrequires = [\"setuptools_scm[toml]>=6.2\"]\n"), nameless(false)),
            (
                None,
                None,
                Some("[project]\nname = \"n\"\n[build-system]\nrequires = [\"pbr>=6\", \"Setuptools\"]\n"),
                named("n", true),
            ),
            (None, None, Some("[project]\nname = \"n\"\n[build-system]\nrequires = [\"flit_core\"]\n"), None),
            (None, None, Some("[project]\nname = \"n\"\n"), named("n", false)),
            (None, None, Some("[tool.black]\nline-length = 99\n"), None),
            (None, None, None, None),
        ] {
            let bytes = |text: Option<&'static str>| text.map(str::as_bytes);
            let found = read_python_package(bytes(setup_py), bytes(setup_cfg), bytes(pyproject));
            assert_eq!(found, expected, "{setup_py:?} {setup_cfg:?} {pyproject:?}");
        }
    }
}
