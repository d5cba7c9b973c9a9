//! The spec of a project, or the template from which it is rendered, and where it is found.

use std::path::{Component, Path};

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{self, Config};
use crate::project::markers::{has_own_marker, split_at_foreign_marker};
use crate::project::packit::Packit;
use crate::project::spec_macros::plain_name;
use crate::project::spec_text::stated_tag;
use crate::project::tree::Tree;

/// How a spec is rendered for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecKind {
    /// A template with the markers of this program, such as `@@VERSION@@`.
    Template,
    /// A template of autoconf or meson, with markers such as `@VERSION@`.
    Foreign,
    /// A spec without markers, whose version, release and changelog are replaced in memory.
    Plain,
}

/// The spec of a project, or its template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFile {
    /// The path in the project; in the folder of `--packaging`, the name of the file.
    pub path: String,
    /// With the line ends of Unix.
    pub text: String,
    pub kind: SpecKind,
    /// Whether it is in the folder of `--packaging`.
    pub is_outside: bool,
}

impl SpecFile {
    /// The file name of the rendered spec: that of the template without `.in`.
    pub fn spec_name(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".in").unwrap_or(name)
    }

    /// The default path of the rendered spec: beside the template. A plain spec is at this path itself.
    pub fn spec_path(&self) -> &str {
        self.path.strip_suffix(".in").unwrap_or(&self.path)
    }

    /// The folder of the file, empty for the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The folders in which specs are looked for.
const FOLDERS: [&str; 9] =
    ["", "packaging", "rpm", "packaging/rpm", "contrib", "contrib/packaging", ".packit", "fedora", "tools"];

/// Where the spec of a project can be.
#[derive(Clone, Copy)]
pub struct SpecPlaces<'a> {
    pub tree: Tree<'a>,
    /// The folder of `--packaging`, which goes before the tree.
    pub packaging: Option<&'a Path>,
}

impl SpecPlaces<'_> {
    /// Reads the file of `rpm.spec` or `--spec`; `None` where neither is set.
    ///
    /// Errors (exit 2): the path leads out of the project; the file is missing, is not UTF-8, or is no spec by its name.
    pub fn stated(&self, config: &Config) -> Result<Option<SpecFile>> {
        let Some(path) = &config.rpm.spec else { return Ok(None) };
        if Path::new(path).components().any(|part| !matches!(part, Component::Normal(_))) {
            let message = format!("`rpm.spec` in `{}`: `{path}` is not a path within the project", config::PATH);
            return Err(Failure::new(Exit::Usage, message).help("name it relative to the root").into());
        }
        if !path.ends_with(".spec.in") && !path.ends_with(".spec") {
            let message =
                format!("`rpm.spec` in `{}`: `{path}` ends neither in `.spec` nor in `.spec.in`", config::PATH);
            return Err(Failure::new(Exit::Usage, message).help("name a spec, or the template of one").into());
        }
        for is_outside in [true, false] {
            if let Some(found) = self.read(path, is_outside)? {
                return Ok(Some(found?));
            }
        }
        let help = format!("commit it, or {}", committed(&format!("correct `rpm.spec` in `{}`", config::PATH)));
        Err(Failure::new(Exit::Usage, format!("the spec `{path}` is not there")).help(help).into())
    }

    /// The specs in the folders where projects have them: templates of this program if there is one, else all. A spec that is
    /// the rendering of a template is left out. A file that cannot be read as text is a failure in the list.
    pub fn found(&self) -> Result<Vec<Result<SpecFile, Failure>>> {
        let mut paths = Vec::new();
        if let Some(folder) = self.packaging {
            let names = Tree::Folder(folder).files_in("")?.into_iter().filter(|name| is_spec(name));
            paths.extend(names.map(|name| (name, true)));
        }
        if paths.is_empty() {
            paths.extend(self.paths_in_tree()?.into_iter().map(|path| (path, false)));
        }
        let mut found = Vec::new();
        for (path, is_outside) in paths {
            found.extend(self.read(&path, is_outside)?);
        }
        if found.iter().flatten().any(|spec| spec.kind == SpecKind::Template) {
            found.retain(|spec| spec.as_ref().is_ok_and(|spec| spec.kind == SpecKind::Template));
        }
        Ok(found)
    }

    fn paths_in_tree(&self) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        for folder in FOLDERS {
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let names = self.tree.files_in(folder)?.into_iter().filter(|name| is_spec(name));
            paths.extend(names.map(|name| format!("{prefix}{name}")));
        }
        for path in Packit::load(self.tree)?.spec_paths {
            if is_spec(&path) && !paths.contains(&path) {
                paths.push(path);
            }
        }
        // The rendering of a template, also the one in the top folder of an unpacked archive.
        let rendered: Vec<String> = paths.iter().filter_map(|path| path.strip_suffix(".in").map(base_name)).collect();
        let is_unpacked = self.tree.read(crate::project::release_info::FILE_NAME)?.is_some();
        let deeper: Vec<String> = paths.iter().filter(|path| path.contains('/')).map(|path| base_name(path)).collect();
        let is_copy = |path: &String| is_unpacked && !path.contains('/') && deeper.contains(path);
        paths.retain(|path| !rendered.contains(&base_name(path)) && !is_copy(path));
        Ok(paths)
    }

    fn read(&self, path: &str, is_outside: bool) -> Result<Option<Result<SpecFile, Failure>>> {
        let tree = match (is_outside, self.packaging) {
            (true, None) => return Ok(None),
            (true, Some(folder)) => Tree::Folder(folder),
            (false, _) => self.tree,
        };
        let Some(content) = tree.read(path)? else { return Ok(None) };
        Ok(Some(parse(path, content, is_outside)))
    }
}

fn parse(path: &str, content: Vec<u8>, is_outside: bool) -> Result<SpecFile, Failure> {
    let text = String::from_utf8(content).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::new(Exit::Usage, format!("the spec `{path}` is not UTF-8: line {line}, byte {offset}"))
            .help(format!("convert it: `iconv -f LATIN1 -t UTF-8 {path}`"))
    })?;
    // In a spec with the line ends of Windows, each command of a section gets a carriage return as an argument.
    let text = text.replace("\r\n", "\n");
    let kind = kind_of(path, &text);
    Ok(SpecFile { path: path.to_owned(), text, kind, is_outside })
}

fn kind_of(path: &str, text: &str) -> SpecKind {
    let is_foreign = |text: &str| split_at_foreign_marker(text).is_some() || text.contains("{{") && text.contains("}}");
    if has_own_marker(text) {
        SpecKind::Template
    } else if path.ends_with(".in") {
        if text.lines().any(is_foreign) { SpecKind::Foreign } else { SpecKind::Template }
    } else if stated_tag(text, "Version").is_some_and(is_foreign) {
        SpecKind::Foreign
    } else {
        SpecKind::Plain
    }
}

fn is_spec(name: &str) -> bool {
    name.ends_with(".spec") || name.ends_with(".spec.in")
}

fn base_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Of several specs the one whose `Name:` is that of the project.
///
/// Errors (exit 2): none or more than one; the help has the line to write.
pub fn choose(specs: &[SpecFile], name: &str) -> Result<SpecFile, Failure> {
    let mut named = specs.iter().filter(|spec| plain_name(&spec.text).as_deref() == Some(name));
    if let (Some(spec), None) = (named.next(), named.next()) {
        return Ok(spec.clone());
    }
    Err(several(specs))
}

/// The failure for specs of which none is that of the project.
pub fn several(specs: &[SpecFile]) -> Failure {
    let shown = specs.iter().map(|spec| match plain_name(&spec.text) {
        Some(name) => format!("`{}` (`Name: {name}`)", spec.path),
        None => format!("`{}`", spec.path),
    });
    let shown = shown.collect::<Vec<_>>();
    let first = specs.first().map_or("", |spec| &spec.path);
    let change = committed(&format!("write `[rpm]` and `spec = \"{first}\"` into `{}`", config::PATH));
    let message = format!("{} specs, and the project may be each of them: {}", shown.len(), shown.join(", "));
    Failure::new(Exit::Usage, message).help(format!("say which: `--spec {first}`; or {change}"))
}
