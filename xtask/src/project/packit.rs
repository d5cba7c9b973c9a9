//! Reads what `.packit.yaml` says about specs and names. Only the few lines for these are read, not YAML as a whole.

use anyhow::Result;

use crate::project::tree::Tree;

/// The facts of a configuration of Packit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packit {
    /// The file that states them.
    pub path: String,
    /// The paths of specs that it names; a file at such a path may be missing.
    pub spec_paths: Vec<String>,
    /// The names of packages, each once.
    pub names: Vec<String>,
}

impl Packit {
    /// The names of the file.
    pub const FILES: [&str; 4] = [".packit.yaml", ".packit.yml", "packit.yaml", "packit.yml"];

    /// Reads the file of a tree; nothing is stated where there is none.
    pub fn load(tree: Tree<'_>) -> Result<Packit> {
        for path in Packit::FILES {
            if let Some(text) = tree.read(path)? {
                let facts = parse(&String::from_utf8_lossy(&text));
                return Ok(Packit { path: path.to_owned(), ..facts });
            }
        }
        Ok(Packit::default())
    }
}

/// A package of the configuration: the whole file, or an entry of `packages:`.
#[derive(Default)]
struct PackitPackage {
    folders: Vec<String>,
    spec: Option<String>,
    name: Option<String>,
    upstream_name: Option<String>,
}

fn parse(text: &str) -> Packit {
    let mut packages: Vec<(String, PackitPackage)> = vec![(String::new(), PackitPackage::default())];
    // The keys around the present line, with their indentation.
    let mut open: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        let content = without_comment(line);
        let indent = content.len() - content.trim_start().len();
        let content = content.trim();
        if content.is_empty() || content == "---" {
            continue;
        }
        let is_item = content.starts_with("- ");
        // An item of a list may stand in the column of its key.
        open.retain(|(column, _)| *column < indent || (is_item && *column == indent));
        let keys: Vec<&str> = open.iter().map(|(_, key)| key.as_str()).collect();
        if is_item {
            if let Some(package) = package_at(&keys, Some("paths"), &mut packages) {
                package.folders.push(unquoted(&content[2..]));
            }
            continue;
        }
        let Some((key, value)) = content.split_once(':') else { continue };
        let (key, value) = (unquoted(key), unquoted(value));
        if let Some(package) = package_at(&keys, None, &mut packages).filter(|_| !value.is_empty()) {
            match key.as_str() {
                "specfile_path" => package.spec = Some(value),
                "downstream_package_name" => package.name = Some(value),
                "upstream_package_name" => package.upstream_name = Some(value),
                _ => {}
            }
        }
        open.push((indent, key));
    }
    collect(packages)
}

/// The package to which a line below `keys` belongs; with `list`, only for a line of this list of the package.
fn package_at<'p>(
    keys: &[&str],
    list: Option<&str>,
    packages: &'p mut Vec<(String, PackitPackage)>,
) -> Option<&'p mut PackitPackage> {
    let keys = match list {
        Some(list) => keys.strip_suffix(&[list])?,
        None => keys,
    };
    let name = match keys {
        [] => "",
        ["packages", name] => name,
        _ => return None,
    };
    let index = packages.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        packages.push((name.to_owned(), PackitPackage::default()));
        packages.len() - 1
    });
    Some(&mut packages[index].1)
}

fn collect(packages: Vec<(String, PackitPackage)>) -> Packit {
    let mut facts = Packit::default();
    let add = |list: &mut Vec<String>, text: String| {
        if !list.contains(&text) {
            list.push(text);
        }
    };
    for (key, package) in packages {
        let key = Some(key).filter(|key| !key.is_empty());
        if let Some(spec) = package.spec {
            for folder in &package.folders {
                add(&mut facts.spec_paths, normal(&format!("{folder}/{spec}")));
            }
            add(&mut facts.spec_paths, normal(&spec));
        }
        if let Some(name) = package.name.or(package.upstream_name).or(key) {
            add(&mut facts.names, name);
        }
    }
    facts
}

/// A path without `.` and empty parts.
fn normal(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

fn without_comment(line: &str) -> &str {
    let end = line.char_indices().find(|&(at, letter)| letter == '#' && (at == 0 || line[..at].ends_with([' ', '\t'])));
    line[..end.map_or(line.len(), |(at, _)| at)].trim_end()
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = ['"', '\''].iter().find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_package_is_read() {
        let text = "---\n# a comment\nspecfile_path: \"dist/lago.spec\"  # where\nfiles_to_sync:\n  - specfile_path: no\n\
                    downstream_package_name: lago\nupstream_package_name: python-lago\njobs:\n- job: build\n  specfile_path: other.spec\n";
        let facts = parse(text);
        assert_eq!(facts.spec_paths, ["dist/lago.spec"]);
        assert_eq!(facts.names, ["lago"]);
    }

    #[test]
    fn each_of_several_packages_is_read() {
        let text = "packages:\n  one:\n    specfile_path: one.spec\n    paths:\n      - ./first\n  two:\n    paths:\n    - second\n    \
                    specfile_path: two.spec\n    downstream_package_name: second\n";
        let facts = parse(text);
        assert_eq!(facts.spec_paths, ["first/one.spec", "one.spec", "second/two.spec", "two.spec"]);
        assert_eq!(facts.names, ["one", "second"]);
    }

    #[test]
    fn nothing_else_is_a_fact() {
        for text in ["", "jobs:\n  - x: y\n", "specfile_path:\n", "- specfile_path: x.spec\n", ": x\n"] {
            assert_eq!(parse(text), Packit::default(), "{text:?}");
        }
    }
}
