//! The invariants of ARCHITECTURE.md, read from the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::{root, text_of};

/// The top modules from the ground up: each may use those of its own row and of the rows before it.
const ROWS: [&[&str]; 9] = [
    &[
        "error",
        "plan",
        "progress",
        "interrupt",
        "clock",
        "digest",
        "milestone",
        "parallel",
        "process",
        "files",
        "config",
        "report",
        "git",
    ],
    &["history"],
    &["source"],
    &["rpm"],
    &["project", "workspace", "ui"],
    &["release"],
    &["dist"],
    &["repository"],
    &["task", "cli", "lib", "main"],
];

/// Crates whose types are vocabulary: any file may name them.
const VOCABULARY: [&str; 5] = ["anyhow", "serde", "serde_json", "semver", "jiff"];

/// Where each other crate may be named.
const HOMES: [(&str, &[&str]); 19] = [
    ("clap", &["cli.rs", "task/"]),
    ("clap_complete", &["task/completions.rs"]),
    ("clap_mangen", &["task/man.rs"]),
    ("duct", &["process/"]),
    ("encoding_rs", &["git/commit.rs"]),
    ("flate2", &["source/gzip.rs"]),
    ("git2", &["git/"]),
    ("indicatif", &["ui.rs", "ui/"]),
    ("memchr", &["repository/repodata/"]),
    // The last ones have a module of that name beside them.
    (
        "rpm",
        &[
            "rpm/package.rs",
            "rpm/build/same.rs",
            "repository/",
            "history/changelog/mod.rs",
            "task/mod.rs",
            "task/dist.rs",
            "task/srpm.rs",
        ],
    ),
    ("rpmrepo_metadata", &["repository/repodata/", "rpm/nevra.rs"]),
    ("rustix", &["files/", "process/"]),
    ("sha2", &["digest.rs"]),
    ("signal_hook", &["interrupt.rs"]),
    ("tar", &["source/unpack.rs"]),
    ("tempfile", &["files/"]),
    ("toml", &["config/"]),
    ("zip", &["source/zip.rs"]),
    ("zstd", &["repository/repodata/"]),
];

const LONGEST_FILE: usize = 400;

/// The files below `folder`, by path relative to it.
fn sources(folder: &Path) -> BTreeMap<String, String> {
    fn collect(folder: &Path, top: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, top, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn modules() -> BTreeMap<String, String> {
    sources(&root().join("xtask/src"))
}

/// The code of a file before its tests, without comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn top_module(path: &str) -> &str {
    path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// The identifiers that stand before `::` and are not themselves a part of a path.
fn first_segments(code: &str) -> BTreeSet<String> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let starts = code.match_indices("::").filter_map(|(at, _)| {
        let word = code[..at].rsplit(|letter| !is_word(letter)).next()?;
        let before = &code[..at - word.len()];
        (!word.is_empty() && !before.ends_with("::")).then(|| word.to_owned())
    });
    starts.collect()
}

/// The modules that follow `crate::`, also in a list in braces.
fn used_modules(code: &str) -> BTreeSet<String> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let names = code.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap_or_default().split(',').map(str::trim).collect::<Vec<_>>(),
        None => vec![rest],
    });
    names.map(|name| name.split(|letter| !is_word(letter)).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn modules_depend_only_on_the_rows_below_them() {
    let row = |module: &str| {
        ROWS.iter().position(|row| row.contains(&module)).unwrap_or_else(|| panic!("`{module}` stands in no row"))
    };
    for (path, text) in modules() {
        let own = row(top_module(&path));
        for used in used_modules(&code(&text)) {
            assert!(row(&used) <= own, "{path} uses `{used}`, which stands above it");
        }
    }
}

#[test]
fn crates_are_named_in_their_homes_only() {
    let manifest = text_of("xtask/Cargo.toml");
    let dependencies = manifest.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let names: BTreeSet<String> =
        dependencies.lines().filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_"))).collect();
    let known = HOMES.iter().map(|(name, _)| *name).chain(VOCABULARY).map(str::to_owned).collect();
    assert_eq!(names, known, "each dependency has a home in this test, and each home is a dependency");
    for (path, text) in modules() {
        let named = first_segments(&code(&text));
        for (name, homes) in HOMES.iter().filter(|(name, _)| named.contains(*name)) {
            assert!(homes.iter().any(|home| path.starts_with(home)), "{path} names `{name}`, whose home is {homes:?}");
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let tests = sources(&root().join("tests"));
    for (path, text) in modules().into_iter().chain(tests) {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{path} has {lines} lines");
        assert!(text.starts_with("//! "), "{path} does not say what it is for");
    }
}

#[test]
fn rules_are_pure() {
    // `history` and `rpm` are rules but for the files that load what they need.
    let edges = [
        "history/load.rs",
        "rpm/srpm/payload.rs",
        "rpm/package.rs",
        "rpm/rpmbuild.rs",
        "rpm/backend/",
        "rpm/build/drive.rs",
        "rpm/build/record.rs",
        "rpm/build/work.rs",
    ];
    for (path, text) in modules() {
        let pure = ["history", "rpm", "milestone", "plan", "report"].contains(&top_module(&path))
            && !edges.iter().any(|edge| path.starts_with(edge));
        for outside in ["std::fs", "std::process", "std::env", "SystemTime", "Instant::now", "Zoned::now", "File::"] {
            assert!(!pure || !code(&text).contains(outside), "{path} touches the outside: `{outside}`");
        }
    }
}

#[test]
fn the_sources_are_found_at_all() {
    let modules = modules();
    assert!(modules.len() > 20 && modules.contains_key("git/commit.rs"), "{:?}", modules.keys());
    assert!(used_modules("use crate::error::Exit; crate::{files, git::x}").contains("git"));
    assert!(first_segments("a = git2::Oid; x.zip(std::iter::empty())").contains("git2"));
}
