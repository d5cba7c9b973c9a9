//! Decides which files the archives get beside those of the commit, `ChangeLog`, `.release.json` and the spec: `PKG-INFO` and
//! `AUTHORS` for the tools of Python projects, and the files of `[[source.generate]]`.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, committed};
use crate::base::progress::Progress;
use crate::git::{CommitId, Mode, Repository};
use crate::history;
use crate::project::config::{self, Generate, GenerateKeys, PythonPackage, read_python_package};
use crate::project::release_info::{self, CHANGELOG_FILE};
use crate::project::tree::Tree;
use crate::rpm::release::input::ReleaseInput;
use crate::rpm::release::spec_plan::PlannedSpec;
use crate::rpm::spec_files::document_paths;

const PACKAGE_INFO: &str = "PKG-INFO";
const AUTHORS: &str = "AUTHORS";

/// A file that the archives get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedFile {
    /// The path in the top folder of the archives.
    pub path: String,
    pub content: AddedContent,
    /// The mode of the tracked file that it replaces; `None` if there is none.
    pub replaced: Option<Mode>,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddedContent {
    Text(String),
    /// A program and its arguments; never empty.
    Run {
        run: Vec<String>,
        /// A file that exists if the program was run twice before, and made the same bytes.
        memo: PathBuf,
    },
}

impl fmt::Display for AddedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "add {} to the archives", self.path)?;
        if self.replaced.is_some() {
            f.write_str(", in place of the tracked one")?;
        }
        match &self.content {
            AddedContent::Text(_) => Ok(()),
            AddedContent::Run { run, memo } => {
                write!(f, ", made by `{}`: twice, unless {} exists, and then make it", run.join(" "), memo.display())
            }
        }
    }
}

/// Decides on the files. `spec` is the rendered spec, `state` the folder for the state of this program.
///
/// Errors (exit 2): two files with one path, a path that is a folder of the commit.
pub fn decide(
    repository: &Repository,
    input: &ReleaseInput,
    spec: Option<&PlannedSpec>,
    state: &Path,
    progress: &dyn Progress,
) -> Result<Vec<AddedFile>> {
    let (commit, generate) = (input.commit, &input.config().source.generate);
    let is_free = |path: &str| -> Result<bool> {
        let is_stated = generate.iter().any(|stated| stated.path == path);
        Ok(!is_stated && repository.mode_at(commit, path)?.is_none())
    };
    let tree = Tree::Commit(repository, commit);
    let python = load_python_package(tree)?;
    let mut files = Vec::new();
    let mut add = |path: &str, text: String| {
        files.push(AddedFile { path: path.to_owned(), content: AddedContent::Text(text), replaced: None });
    };
    let uses_pbr = python.as_ref().is_some_and(|python| python.uses_pbr);
    let names_authors = |spec: &PlannedSpec| document_paths(&spec.text).iter().any(|found| found.path == AUTHORS);
    if (uses_pbr || spec.is_some_and(names_authors)) && is_free(AUTHORS)? {
        let mailmap = tree.read(".mailmap")?.unwrap_or_default();
        add(AUTHORS, history::load_authors(repository, commit, &mailmap, progress)?);
    }
    if let Some(python) = python.filter(|_| is_free(PACKAGE_INFO).unwrap_or(false)) {
        add(PACKAGE_INFO, render_package_info(&python, input));
    }
    for (index, stated) in generate.iter().enumerate() {
        let is_own = [CHANGELOG_FILE, release_info::FILE_NAME].contains(&stated.path.as_str())
            || spec.is_some_and(|spec| spec.name == stated.path);
        if is_own || generate[..index].iter().any(|other| other.path == stated.path) {
            let what = if is_own { "is made by `dist` itself" } else { "stands twice" };
            return Err(refuse(&stated.path, what).into());
        }
        files.push(decide_generated(repository, input, stated, state)?);
    }
    Ok(files)
}

fn refuse(path: &str, what: &str) -> Failure {
    let message = format!("`source.generate` in `{}`: `{path}` {what}", config::PATH);
    Failure::new(Exit::Usage, message).help(committed("choose another `path`, or remove the table"))
}

fn load_python_package(tree: Tree<'_>) -> Result<Option<PythonPackage>> {
    let [setup_py, setup_cfg, pyproject] = ["setup.py", "setup.cfg", "pyproject.toml"].map(|path| tree.read(path));
    Ok(read_python_package(setup_py?.as_deref(), setup_cfg?.as_deref(), pyproject?.as_deref()))
}

/// The fields that the metadata of a package must have, in the form of an sdist.
fn render_package_info(python: &PythonPackage, input: &ReleaseInput) -> String {
    let name = python.name.clone().unwrap_or_else(|| input.name().to_string());
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {}\n", input.version())
}

fn decide_generated(
    repository: &Repository,
    input: &ReleaseInput,
    stated: &GenerateKeys,
    state: &Path,
) -> Result<AddedFile> {
    let path = &stated.path;
    let replaced = repository.mode_at(input.commit, path)?;
    if matches!(replaced, Some(Mode::Folder | Mode::Submodule)) {
        return Err(refuse(path, "is a folder of the commit").into());
    }
    for (at, _) in path.match_indices('/') {
        if !matches!(repository.mode_at(input.commit, &path[..at])?, None | Some(Mode::Folder)) {
            return Err(refuse(path, &format!("lies below `{}`, which is a file of the commit", &path[..at])).into());
        }
    }
    let content = match stated.way() {
        Generate::Text(text) => AddedContent::Text(fill_in(text, &ReleaseWords::load(repository, input)?)),
        Generate::Run(run) => {
            let key = digest_of(format!("{path}\n{}", run.join("\n")).as_bytes()).to_string();
            AddedContent::Run { run: run.to_vec(), memo: state.join("generated").join(&key[..16]) }
        }
    };
    Ok(AddedFile { path: path.clone(), content, replaced })
}

/// The values of the words in a text, and of the variables of a program.
pub struct ReleaseWords {
    name: String,
    version: String,
    commit: CommitId,
    /// The day of the commit, in UTC.
    date: String,
}

impl ReleaseWords {
    /// The values of a release.
    pub fn load(repository: &Repository, input: &ReleaseInput) -> Result<ReleaseWords> {
        let seconds = repository.commit(input.commit)?.committer().seconds();
        let date = Timestamp::from_second(seconds);
        let date = date.with_context(|| format!("commit `{}` has no possible date", input.commit))?;
        Ok(ReleaseWords {
            name: input.name().to_string(),
            version: input.version().to_string(),
            commit: input.commit,
            date: date.strftime("%Y-%m-%d").to_string(),
        })
    }

    /// The environment variables for a program.
    pub fn variables(&self) -> Vec<(String, String)> {
        let ReleaseWords { name, version, commit, date } = self;
        [
            ("RELENG_NAME", name.clone()),
            ("RELENG_VERSION", version.clone()),
            ("RELENG_COMMIT", commit.to_string()),
            ("RELENG_DATE", date.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// Replaces `{name}`, `{version}`, `{commit}` and `{date}`. Other braces are text.
fn fill_in(text: &str, words: &ReleaseWords) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let known = [
            ("{name}", &words.name),
            ("{version}", &words.version),
            ("{commit}", &words.commit.to_string()),
            ("{date}", &words.date),
        ]
        .into_iter()
        .find_map(|(word, value)| Some((value.clone(), after.strip_prefix(word)?)));
        let (value, after) = known.unwrap_or_else(|| ("{".to_owned(), &after[1..]));
        out.push_str(&value);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_and_other_braces_are_text() {
        let words = ReleaseWords {
            name: "{version}".to_owned(),
            version: "1.0.4".to_owned(),
            commit: CommitId([7; 20]),
            date: "2020-03-19".to_owned(),
        };
        let text = "{name} {version} {{version}} {date} {x} { {commit}";
        let expected = format!("{{version}} 1.0.4 {{1.0.4}} 2020-03-19 {{x}} {{ {}", CommitId([7; 20]));
        assert_eq!(fill_in(text, &words), expected);
    }
}
