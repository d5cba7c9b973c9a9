//! Reads the name of a project from the files of build systems, as text. What is not a plain text there is no name.

use crate::project::config;

/// Reads the name of a project from the text of a file.
pub type ReadName = fn(&str) -> Option<String>;

/// The files that state the name of a project, in the order in which they are asked, and how each is read.
pub const MANIFESTS: [(&str, ReadName); 7] = [
    ("pyproject.toml", config::python_project_name),
    ("setup.cfg", |text| plain(&config::setup_cfg_name(text)?)),
    ("meson.build", |text| first_argument(text, "project").and_then(quoted)),
    ("configure.ac", configure_ac),
    ("CMakeLists.txt", cmake),
    ("go.mod", go_mod),
    ("package.json", package_json),
];

/// The package of `AC_INIT`: its fourth argument, else what autoconf makes of the first.
fn configure_ac(text: &str) -> Option<String> {
    let text: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("dnl"))
        .fold(String::new(), |all, line| all + line + "\n");
    let arguments = call(&text, "AC_INIT")?;
    let arguments: Vec<&str> = arguments
        .split(',')
        .map(|argument| argument.trim().trim_start_matches('[').trim_end_matches(']').trim())
        .collect();
    if let Some(package) = arguments.get(3).filter(|package| !package.is_empty()) {
        return plain(package);
    }
    let name = arguments.first()?;
    let name = name.strip_prefix("GNU ").unwrap_or(name);
    plain(&name.to_ascii_lowercase().replace(' ', "-"))
}

/// The first argument of `project(…)`.
fn cmake(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.match_indices("project").find(|(at, word)| {
        let begins_line = lower[..*at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
        begins_line && lower[at + word.len()..].trim_start().starts_with('(')
    })?;
    let arguments = text[start.0..].split_once('(')?.1;
    let word = arguments.trim_start().split([' ', '\t', '\n', ')']).next()?;
    plain(word.trim_matches('"'))
}

/// The last part of the path of the module, without the part for its major version.
fn go_mod(text: &str) -> Option<String> {
    let module = text.lines().find_map(|line| line.strip_prefix("module "))?;
    let module = module.split("//").next()?.trim().trim_matches('"');
    let is_version = |part: &&str| part.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
    plain(module.rsplit('/').find(|part| !is_version(part))?)
}

/// The name without its scope.
fn package_json(text: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(text).ok()?;
    plain(package.get("name")?.as_str()?.rsplit('/').next()?)
}

/// The name of a repository in the address of a remote.
pub fn name_in_address(address: &str) -> Option<String> {
    let path = address.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    plain(path.rsplit(['/', ':']).next()?)
}

/// The text between the brackets of the first call of `function` that begins a line.
fn call<'t>(text: &'t str, function: &str) -> Option<&'t str> {
    let start = text.match_indices(function).find(|(at, _)| *at == 0 || text[..*at].ends_with('\n'))?.0;
    let rest = text[start + function.len()..].trim_start().strip_prefix('(')?;
    Some(rest.split(')').next().unwrap_or(rest))
}

fn first_argument<'t>(text: &'t str, function: &str) -> Option<&'t str> {
    call(text, function)?.split(',').next().map(str::trim)
}

/// The text in single quotes.
fn quoted(text: &str) -> Option<String> {
    plain(text.strip_prefix('\'')?.strip_suffix('\'')?)
}

fn plain(text: &str) -> Option<String> {
    config::Name::try_from(text.to_owned()).ok().map(|name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_build_system_states_a_name() {
        for (file, text, name) in [
            ("pyproject.toml", "[project]\nname = \"lago\"\n", Some("lago")),
            ("pyproject.toml", "[tool.poetry]\nname = 'lago'\n", Some("lago")),
            ("pyproject.toml", "[build-system]\nrequires = []\n", None),
            ("setup.cfg", "[aliases]\nname = x\n[metadata]\nname = lago\nversion = 1\n", Some("lago")),
            ("setup.cfg", "[metadata]\nlong_name = x\n", None),
            ("setup.cfg", "[metadata] # x\nversion: 1\nName: lago\n", Some("lago")),
            ("setup.cfg", "[metadata]\nname = file: NAME\n", None),
            ("meson.build", "# x\nproject('lago', 'c',\n  version : '1')\n", Some("lago")),
            ("meson.build", "project(\n  'lago',\n)\n", Some("lago")),
            ("meson.build", "project(name)\n", None),
            ("configure.ac", "dnl AC_INIT([no])\nAC_PREREQ([2.6])\nAC_INIT([lago], [1.0])\n", Some("lago")),
            ("configure.ac", "AC_INIT([GNU Lago Tool], [1.0], [a@b])\n", Some("lago-tool")),
            ("configure.ac", "AC_INIT([Lago], [1.0], [a@b], [python-lago])\n", Some("python-lago")),
            ("configure.ac", "AC_INIT([m4_name], m4_esyscmd([x]))\n", Some("m4_name")),
            ("configure.ac", "AC_INIT([$NAME])\n", None),
            ("CMakeLists.txt", "cmake_minimum_required(VERSION 3)\nPROJECT (lago C)\n", Some("lago")),
            ("CMakeLists.txt", "project(\"lago\" VERSION 1)\n", Some("lago")),
            ("CMakeLists.txt", "set(x project)\nproject(${name})\n", None),
            ("go.mod", "module github.com/lago/lago/v2 // x\n\ngo 1.22\n", Some("lago")),
            ("package.json", "{\"name\": \"@lago/ui\"}", Some("ui")),
            ("package.json", "{\"private\": true}", None),
        ] {
            let (_, read) = MANIFESTS.iter().find(|(known, _)| *known == file).unwrap();
            assert_eq!(read(text).as_deref(), name, "{file}: {text}");
        }
    }

    #[test]
    fn the_address_of_a_remote_ends_in_a_name() {
        for (address, name) in [
            ("https://example.org/lago/lago.git", Some("lago")),
            ("git@example.org:lago.git", Some("lago")),
            ("ssh://git@example.org/group/lago/", Some("lago")),
            ("/srv/git/lago.git/", Some("lago")),
            ("", None),
        ] {
            assert_eq!(name_in_address(address).as_deref(), name, "{address}");
        }
    }
}
