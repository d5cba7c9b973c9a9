//! The workflow files, read by the parser that check-jsonschema uses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::program::run_in;
use crate::support::root;

/// The folders with workflows of GitHub and Forgejo: our own, and those for other projects.
pub const FOLDERS: [&str; 3] = [".github/workflows", "packaging/ci/github", "packaging/ci/forgejo"];

/// The pipeline of GitLab, for other projects.
pub const GITLAB: &str = "packaging/ci/gitlab.yml";

/// A program that `scripts/install-test-tools` installs from PyPI.
#[track_caller]
pub fn tool(name: &str) -> String {
    let path = root().join("target/test-tools/bin").join(name);
    assert!(path.exists(), "there is no `{}`: run `scripts/install-test-tools`", path.display());
    path.display().to_string()
}

/// The workflows of GitHub and Forgejo, by path, such as `packaging/ci/github/ci.yml`.
pub fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            paths.push(format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
    }
    paths.sort();
    paths
}

/// Reads YAML 1.2 and prints it as JSON.
const READER: &str = "import json, sys\nfrom ruamel.yaml import YAML\n\
    print(json.dumps({path: YAML(typ='safe').load(open(path)) for path in sys.argv[1:]}))";

/// All workflows and the pipeline of GitLab, by path.
pub fn parsed() -> &'static BTreeMap<String, Value> {
    static PARSED: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let paths = [paths(), vec![GITLAB.to_owned()]].concat();
        parse(&root(), &paths.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// The files with these paths below `folder`.
#[track_caller]
pub fn parse(folder: &std::path::Path, paths: &[&str]) -> BTreeMap<String, Value> {
    let args = [&["-c", READER], paths].concat();
    let read = run_in(folder, &tool("python"), &args, &[]).exits(0);
    serde_json::from_str(&read.stdout).unwrap()
}

/// The programs that the head of a file says are on the runners with a label: `#   LABEL  …, with git, jq and `releng`; …`.
#[track_caller]
pub fn programs_of(text: &str, label: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).collect();
    let at = lines.iter().position(|line| line.split_whitespace().next() == Some(label));
    let at = at.unwrap_or_else(|| panic!("the head does not say what the runner `{label}` has: {lines:#?}"));
    // What goes on with is further to the right.
    let rest = lines[at + 1..].iter().take_while(|line| line.starts_with("      "));
    let said = std::iter::once(&lines[at]).chain(rest).map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let pieces = said.split([',', ';']).flat_map(|piece| piece.split(" and ")).flat_map(|piece| piece.split("with "));
    let words =
        pieces.map(|piece| piece.trim().trim_matches('`')).filter(|word| !word.is_empty() && !word.contains(' '));
    words.map(str::to_owned).collect()
}

/// A workflow by its path.
#[track_caller]
pub fn workflow(path: &str) -> &'static Value {
    parsed().get(path).unwrap_or_else(|| panic!("there is no {path}"))
}

/// The jobs of a workflow.
pub fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

/// The steps of a job; one that calls another workflow has none.
pub fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().map_or(&[], Vec::as_slice)
}

/// A copy of a file of this project in a folder of its own, with a change that must be in it.
#[track_caller]
pub fn changed(path: &str, from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    let text = crate::support::text_of(path);
    assert!(text.contains(from), "{path} does not contain {from:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(std::path::Path::new(path).file_name().unwrap());
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    (folder, file)
}
