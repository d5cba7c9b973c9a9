//! The invariants of ARCHITECTURE.md, read from the sources.

mod imports;
mod lists;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::imports::{Sources, Uses, code, find_circle, folders, named_first, tokens, uses, within};
use self::lists::{EDGES, FOLDERS, HOMES, OUTSIDE, PATHS_GIVEN_AWAY, PURE, USED_OUTSIDE, VOCABULARY};
use crate::support::{root, text_of};

const LONGEST_FILE: usize = 400;

/// The files below `folder`, by path relative to it.
fn read_sources(folder: &Path) -> Sources {
    fn collect(folder: &Path, top: &Path, found: &mut Sources) {
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
    let mut found = Sources::new();
    collect(folder, folder, &mut found);
    found
}

/// The sources of the program.
pub fn own_sources() -> Sources {
    read_sources(&root().join("xtask/src"))
}

/// The first use of a folder that stands above the own one.
fn find_arrow_upward(uses: &Uses) -> Option<String> {
    let height = |file: &str| FOLDERS.iter().position(|folder| file.starts_with(&format!("{folder}/")));
    for (file, used) in uses {
        for used in used {
            if height(file).is_some_and(|own| height(used).is_none_or(|other| other > own)) {
                return Some(format!("{file} uses {used}, which is above it"));
            }
        }
    }
    None
}

/// The first circle between the files of all folders, or between the entries of one.
fn find_any_circle(sources: &Sources) -> Option<String> {
    let uses = uses(sources);
    if let Some(circle) = find_circle(&uses) {
        return Some(circle.join(" -> "));
    }
    folders(sources).into_iter().find_map(|folder| {
        let circle = find_circle(&within(&uses, &folder))?;
        Some(format!("in `{folder}`: {}", circle.join(" -> ")))
    })
}

#[test]
fn folders_use_only_those_below_them() {
    let sources = own_sources();
    let tops: BTreeSet<&str> = sources.keys().filter_map(|file| Some(file.split_once('/')?.0)).collect();
    assert_eq!(tops, FOLDERS.into_iter().collect(), "each folder has its height in this test");
    assert_eq!(find_arrow_upward(&uses(&sources)), None);
}

#[test]
fn the_lower_crate_holds_the_lower_folders() {
    let (core, whole) = (text_of("xtask/src/core.rs"), text_of("xtask/src/lib.rs"));
    let modules = |text: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned())).collect()
    };
    let (lower, upper) = (modules(&core), modules(&whole));
    let expected: BTreeSet<String> = FOLDERS.iter().take(lower.len()).map(|folder| (*folder).to_owned()).collect();
    assert_eq!(lower, expected, "the lower crate is what is below a height");
    assert_eq!(lower.len() + upper.len(), FOLDERS.len());
}

#[test]
fn there_is_no_circle() {
    assert_eq!(find_any_circle(&own_sources()), None);
}

/// This project's own sources with a line put into one of them.
fn with_line(file: &str, line: &str) -> Sources {
    let mut sources = own_sources();
    let source = sources.get_mut(file).unwrap_or_else(|| panic!("there is no {file}"));
    *source = format!("{line}\n{source}");
    sources
}

#[test]
fn a_planted_arrow_is_found_in_any_spelling() {
    for line in [
        "use crate::repository::model::name::Series;",
        "use crate::{rpm::nevra::Nevra, base::digest};",
        "fn planted() { crate::cli::main(); }",
        "use super::super::source::names::archive_name;",
        "use crate::cli::main as planted;",
    ] {
        assert!(find_arrow_upward(&uses(&with_line("git/tags.rs", line))).is_some(), "{line}");
    }
    for line in ["// use crate::cli::main;", "/* crate::cli::main */", "const TEXT: &str = \"crate::cli::main\";"] {
        assert_eq!(find_arrow_upward(&uses(&with_line("git/tags.rs", line))), None, "{line}");
    }
}

#[test]
fn a_planted_circle_is_found_between_files_and_between_folders() {
    // `apply` uses `assembly`, of the same folder; the files of `stage/` use those of `write/`.
    for (file, line) in [
        ("repository/write/assembly.rs", "use super::apply::apply;"),
        ("repository/write/assembly.rs", "use crate::repository::write::apply;"),
        ("repository/write/writer.rs", "use crate::repository::stage::input::StageInput;"),
        ("repository/mod.rs", "fn planted() { prune::decide(); }\nuse self::prune::Step;"),
    ] {
        let sources = with_line(file, line);
        if file.ends_with("mod.rs") {
            let uses = uses(&sources);
            assert!(uses[file].contains("repository/prune.rs"), "a module's own children are seen: {:?}", uses[file]);
            continue;
        }
        assert!(find_any_circle(&sources).is_some(), "{line}");
    }
}

#[test]
fn crates_are_named_in_their_homes_only() {
    let mut names = BTreeSet::new();
    for manifest in ["xtask/Cargo.toml", "xtask/core/Cargo.toml"] {
        let text = text_of(manifest);
        let dependencies = text.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        names.extend(dependencies.lines().filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_"))));
    }
    let known = HOMES.iter().map(|(name, _)| *name).chain(VOCABULARY).map(str::to_owned).collect();
    assert_eq!(names, known, "each dependency has a home in this test, and each home is a dependency");
    for (file, source) in own_sources() {
        let named = named_first(&code(&source));
        for (name, homes) in HOMES.iter().filter(|(name, _)| named.contains(*name)) {
            assert!(homes.iter().any(|home| file.starts_with(home)), "{file} names `{name}`, whose home is {homes:?}");
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let tests = read_sources(&root().join("tests"));
    for (file, source) in own_sources().into_iter().chain(tests) {
        let lines = source.lines().count();
        assert!(lines <= LONGEST_FILE, "{file} has {lines} lines");
        assert!(source.starts_with("//! "), "{file} does not say what it is for");
    }
}

#[test]
fn public_items_are_documented() {
    const ITEMS: [&str; 7] = ["fn ", "struct ", "enum ", "trait ", "const ", "type ", "static "];
    for (file, source) in own_sources() {
        let lines: Vec<&str> = source.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let is_item = line.strip_prefix("pub ").is_some_and(|rest| ITEMS.iter().any(|item| rest.starts_with(item)));
            if is_item || line.starts_with("    pub fn ") {
                let own = lines[..at].iter().rev().take_while(|line| !line.is_empty() && !line.ends_with([';', '}']));
                let is_documented = own.into_iter().any(|line| line.trim_start().starts_with("///"));
                assert!(is_documented, "{file}: `{}` is not documented", line.trim());
            }
        }
    }
}

/// The public functions whose names occur once in the code of a crate: where they are defined.
fn unused_functions(sources: &Sources) -> Vec<String> {
    let codes: Vec<String> = sources.values().map(|source| code(source)).collect();
    let mut occurrences: BTreeMap<&str, usize> = BTreeMap::new();
    let mut public = BTreeSet::new();
    for code in &codes {
        let tokens = tokens(code);
        for token in &tokens {
            *occurrences.entry(token).or_default() += 1;
        }
        for words in tokens.windows(4) {
            match words {
                ["pub", "fn", name, _] | ["pub", "const", "fn", name] => _ = public.insert(*name),
                _ => {}
            }
        }
    }
    public.into_iter().filter(|name| occurrences[name] < 2).map(str::to_owned).collect()
}

#[test]
fn public_functions_are_used() {
    let exceptions: Vec<&str> = USED_OUTSIDE.iter().map(|(name, _)| *name).collect();
    assert_eq!(unused_functions(&own_sources()), exceptions, "each is used, or removed, or listed with its reason");
    let planted = with_line("git/tags.rs", "pub fn planted() {}\n// planted()");
    assert!(unused_functions(&planted).contains(&"planted".to_owned()));
}

/// The names of the types that a code defines.
fn type_names(code: &str) -> Vec<&str> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut names = Vec::new();
    for line in code.lines().map(str::trim_start) {
        let line = line
            .strip_prefix("pub")
            .map_or(line, |rest| rest.trim_start_matches("(super)").trim_start_matches("(crate)"));
        let rest = ["struct ", "enum ", "trait "].iter().find_map(|word| line.trim_start().strip_prefix(word));
        names.extend(rest.map(|rest| rest.split(|letter| !is_name(letter)).next().unwrap_or_default()));
    }
    names
}

#[test]
fn a_type_has_a_name_of_its_own() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (file, source) in own_sources() {
        // Each command has its `Args`.
        for name in type_names(&code(&source)).into_iter().filter(|name| *name != "Args") {
            if let Some(other) = seen.insert(name.to_owned(), file.clone()) {
                panic!("{file} and {other} both define `{name}`");
            }
        }
    }
    assert!(seen.len() > 200 && seen.contains_key("ChangeStep"), "{seen:?}");
}

#[test]
fn rules_are_pure() {
    for name in PURE.iter().chain(&EDGES) {
        assert!(root().join("xtask/src").join(name).exists(), "there is no `{name}`");
    }
    for (file, source) in own_sources() {
        let is_pure = PURE.iter().any(|pure| file.starts_with(pure)) && !EDGES.contains(&file.as_str());
        for outside in OUTSIDE.iter().filter(|_| is_pure) {
            assert!(!code(&source).contains(outside), "{file} is a rule, and touches the outside: `{outside}`");
        }
    }
}

/// Whoever may write to the served root can put a link in any place below it. Files there are reached by a `TreePath` only.
#[test]
fn the_repository_opens_no_file_by_its_name() {
    const BY_NAME: [&str; 9] = [
        "std::fs",
        "File::open",
        "File::create",
        ".exists()",
        ".metadata()",
        ".symlink_metadata()",
        ".canonicalize()",
        ".read_dir()",
        "files::write(",
    ];
    for (file, source) in own_sources().iter().filter(|(file, _)| file.starts_with("repository/")) {
        for name in BY_NAME {
            assert!(!code(source).contains(name), "{file} may follow a link in the served tree: `{name}`");
        }
        let given_away = code(source).matches("for_programs()").count();
        let expected = PATHS_GIVEN_AWAY.iter().find(|(of, ..)| of == file).map_or(0, |(_, count, _)| *count);
        assert_eq!(
            given_away, expected,
            "{file}: each path that leaves `TreePath` stands in this test, with its reason"
        );
    }
}

#[test]
fn no_folder_has_a_name_that_tools_take_for_output_or_tests() {
    for folder in folders(&own_sources()) {
        for name in folder.split('/') {
            assert!(!["dist", "build", "out", "target", "spec", "test", "tests"].contains(&name), "{folder}");
        }
    }
}

#[test]
fn the_sources_are_read_as_rust_reads_them() {
    let sources = own_sources();
    assert!(sources.len() > 150 && sources.contains_key("git/commit.rs"), "{:?}", sources.keys());
    let planted = r##"a("// crate::x"); b('"'); c::<'a>(); d(r#"" crate::y"#); /* crate::z */ git2::Oid::zero(); e"##;
    assert_eq!(code(planted), "a(\"\"); b(\"\"); c::<'a>(); d(\"\");  git2::Oid::zero(); e");
    assert!(named_first("a = git2::Oid::zero(); x.zip(std::iter::empty())").contains("git2"));
    assert!(!named_first("use crate::cli::commands::rpm; fn f() { rpm::run() }").contains("rpm"));
}

#[test]
fn threads_are_started_in_one_file() {
    for (file, source) in own_sources().iter().filter(|(file, _)| *file != "base/threads.rs") {
        for start in ["thread::spawn", "scope.spawn", "Builder::new().spawn"] {
            assert!(!code(source).contains(start), "{file} starts a thread, which the system may refuse: `{start}`");
        }
    }
}
