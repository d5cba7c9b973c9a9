//! The spec template of a project.

use std::path::{Component, Path};

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{self, Config};
use crate::project::tree::Tree;

/// The spec template of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The path in the project; it ends in `.spec.in`.
    pub path: String,
    pub text: String,
}

impl Template {
    /// The file name of the rendered spec: that of the template without `.in`.
    pub fn spec_name(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".in").unwrap_or(name)
    }

    /// The default path of the rendered spec: beside the template.
    pub fn spec_path(&self) -> &str {
        self.path.strip_suffix(".in").unwrap_or(&self.path)
    }
}

/// Reads the spec template of a tree, with the line ends of Unix; `None` if there is none.
///
/// Errors (exit 2): two templates, a template that is missing or not UTF-8.
pub fn load_template(tree: Tree<'_>, config: &Config) -> Result<Option<Template>> {
    let Some(path) = find_template(tree, config)? else { return Ok(None) };
    let content = tree.read(&path)?.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("the spec template `{path}` is not there"))
            .help(format!("commit it, or {}", committed(&format!("correct `rpm.spec` in `{}`", config::PATH))))
    })?;
    let text = String::from_utf8(content).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::new(Exit::Usage, format!("the spec template `{path}` is not UTF-8: line {line}, byte {offset}"))
            .help(format!("convert it: `iconv -f LATIN1 -t UTF-8 {path}`"))
    })?;
    // In a spec with the line ends of Windows, each command of a section gets a carriage return as an argument.
    Ok(Some(Template { path, text: text.replace("\r\n", "\n") }))
}

/// The path of the spec template: the configured one, else the only `*.spec.in` in the root or in `packaging/`.
fn find_template(tree: Tree<'_>, config: &Config) -> Result<Option<String>> {
    if let Some(path) = &config.rpm.spec {
        if Path::new(path).components().any(|part| !matches!(part, Component::Normal(_))) {
            let message = format!("`rpm.spec` in `{}`: `{path}` is not a path within the project", config::PATH);
            return Err(Failure::new(Exit::Usage, message).help("name it relative to the root").into());
        }
        if !path.ends_with(".spec.in") {
            let message = format!("`rpm.spec` in `{}`: `{path}` does not end in `.spec.in`", config::PATH);
            return Err(Failure::new(Exit::Usage, message)
                .help("the file name of the rendered spec is that of the template without `.in`")
                .into());
        }
        return Ok(Some(path.clone()));
    }
    let mut found = Vec::new();
    for (folder, prefix) in [("", ""), ("packaging", "packaging/")] {
        let names = tree.files_in(folder)?.into_iter().filter(|name| name.ends_with(".spec.in"));
        found.extend(names.map(|name| format!("{prefix}{name}")));
    }
    if let [first, second, ..] = &found[..] {
        let message = format!("two spec templates: `{first}` and `{second}`");
        let help = committed(&format!("say which: `[rpm]` and `spec = \"{first}\"` in `{}`", config::PATH));
        return Err(Failure::new(Exit::Usage, message).help(help).into());
    }
    Ok(found.pop())
}
