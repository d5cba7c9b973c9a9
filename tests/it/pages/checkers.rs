//! Programs that judge pages: the checker of the W3C, Chromium with axe-core, and a browser for texts.

use std::path::{Path, PathBuf};

use super::Pages;
use crate::support::program::{Ran, run_in};
use crate::support::root;

/// The pages that are looked at: one of each kind.
const LOOKED_AT: [&str; 8] = [
    "index.html",
    "unstable/index.html",
    "revisions/index.html",
    "stable/1.0/index.html",
    "stable/1.0/rpm/el9/index.html",
    "revisions/stable-1.0/000003/index.html",
    "unstable/2.0/latest/index.html",
    "unstable/2.0/latest/rpm/fc42/index.html",
];

/// A file of a package from npm.
fn tool(path: &str) -> PathBuf {
    let path = root().join("target/test-pages").join(path);
    assert!(path.is_file(), "`{}` is missing: run scripts/install-test-tools", path.display());
    path
}

/// Runs a checker; a missing program fails.
fn run(folder: &Path, program: &str, args: &[&str]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    run_in(folder, program, args, &[("HOME", home), ("TMPDIR", home)])
}

/// The files of these kinds below a folder; links are followed by nobody.
fn files(folder: &Path, extensions: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (kind, path) = (entry.file_type().unwrap(), entry.path());
        if kind.is_dir() {
            files(&path, extensions, found);
        } else if path.extension().is_some_and(|it| extensions.contains(&it.to_str().unwrap())) {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
}

/// Fails the test if a checker finds a fault in a page.
pub fn accept(pages: &Pages) {
    let folder = pages.site.served("");
    let mut all = Vec::new();
    files(&folder, &["html", "svg", "css"], &mut all);
    assert!(all.len() > 30, "{all:?}");
    let checker = tool("vnu-jar/build/dist/vnu.jar");
    let files: Vec<&str> = all.iter().map(String::as_str).collect();
    let args = ["-jar", checker.to_str().unwrap(), "--errors-only", "--also-check-css", "--also-check-svg"];
    let checked = run(&folder, "java", &[&args[..], &files].concat());
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""), "{}", checked.stdout);
    let (script, axe) = (root().join("tests/it/pages/browser.js"), tool("axe-core/axe.min.js"));
    let (script, axe) = (script.to_str().unwrap(), axe.to_str().unwrap());
    // For people: a folder for pictures of what is looked at.
    let pictures = std::env::var("PAGES_PICTURES").unwrap_or_default();
    let looked_at = LOOKED_AT.join(",");
    let args = [script, folder.to_str().unwrap(), axe, &looked_at, &pictures];
    let seen = run(&folder, "node", &args[..if pictures.is_empty() { 4 } else { 5 }]);
    assert_eq!(seen.code, 0, "{}{}", seen.stdout, seen.stderr);
    let count: usize = seen.stdout.trim_end().trim_end_matches(" pages").parse().unwrap();
    assert!(count > 20, "{count}");
    let page = folder.join("stable/1.0/index.html");
    let read = run(&folder, "w3m", &["-dump", "-cols", "100", page.to_str().unwrap()]).exits(0).stdout;
    for part in ["demo 1.0", "sudo dnf install demo", "el9", "<b onclick='x'>\"&amp;</b>]]>"] {
        assert!(read.contains(part), "no `{part}` in:\n{read}");
    }
    let read = run(&folder, "w3m", &["-dump", "-cols", "100", "index.html"]).exits(0).stdout;
    assert!(read.contains("Timeline: promotions 3, rollbacks 1, yanks 1"), "{read}");
}
