//! The uses between source files: the paths in the code of each file, without its comments, texts and tests.

use std::collections::{BTreeMap, BTreeSet};

/// The files of a crate, by path below its `src/`.
pub type Sources = BTreeMap<String, String>;

/// Which files each file uses.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// A path in a module, such as `["git", "commit", "CommitId"]`.
type ModulePath = Vec<String>;

/// The code of a file before its tests: comments are left out, and texts are empty.
pub fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = text_length(rest) {
            code.push_str("\"\"");
            length
        } else {
            code.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    code
}

/// How long the text or character is that `rest` begins with; `None` where it begins with something else.
fn text_length(rest: &str) -> Option<usize> {
    let hashes = rest.strip_prefix('r').map(|rest| rest.len() - rest.trim_start_matches('#').len());
    if let Some(hashes) = hashes.filter(|hashes| rest[1 + hashes..].starts_with('"')) {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = 2 + hashes;
        return Some(start + rest[start..].find(&end).map_or(rest.len() - start, |at| at + end.len()));
    }
    let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first))?;
    if quote == '\'' && !is_character(rest) {
        return None; // a lifetime
    }
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

fn is_character(rest: &str) -> bool {
    let mut letters = rest.chars().skip(1);
    letters.next() == Some('\\') || letters.next() == Some('\'')
}

/// The words and signs of a code.
pub fn tokens(code: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// A path of the code, and whether it is one of a `pub use`, by which another file's items are passed on.
struct Found {
    path: ModulePath,
    is_passed_on: bool,
}

/// All paths of two or more parts, and all of `use` lines, with lists in braces written out.
fn paths(code: &str) -> Vec<Found> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_use = tokens[at] == "use";
        if is_use {
            let is_passed_on = tokens[..at].last() == Some(&"pub");
            let (paths, next) = use_tree(&tokens, at + 1);
            found.extend(paths.into_iter().map(|path| Found { path, is_passed_on }));
            at = next;
        } else if tokens.get(at + 1) == Some(&"::") && is_name(tokens[at]) {
            let mut path = vec![tokens[at].to_owned()];
            while tokens.get(at + 1) == Some(&"::") && tokens.get(at + 2).is_some_and(|token| is_name(token)) {
                path.push(tokens[at + 2].to_owned());
                at += 2;
            }
            found.push(Found { path, is_passed_on: false });
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The paths of the tree that begins at a token, and the token behind it.
fn use_tree(tokens: &[&str], mut at: usize) -> (Vec<ModulePath>, usize) {
    let mut prefix = ModulePath::new();
    while let Some(token) = tokens.get(at) {
        match *token {
            "{" => {
                let mut paths = Vec::new();
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != "}") {
                    let (inner, next) = use_tree(tokens, at);
                    paths.extend(inner.into_iter().map(|path| [prefix.clone(), path].concat()));
                    at = next + usize::from(tokens.get(next) == Some(&","));
                }
                return (paths, at + 1);
            }
            "as" => at += 1, // the new name follows
            "::" | "*" => {}
            "self" if !prefix.is_empty() => {}
            name if is_name(name) && tokens.get(at.wrapping_sub(1)) != Some(&"as") => prefix.push(name.to_owned()),
            _ if is_name(token) => {}
            _ => break,
        }
        at += 1;
    }
    (vec![prefix], at)
}

/// A crate, as far as modules go.
struct Modules<'s> {
    /// The file of each module.
    files: BTreeMap<ModulePath, &'s str>,
    /// What a module passes on under its own name, by `pub use`.
    passed_on: BTreeMap<ModulePath, ModulePath>,
}

impl Modules<'_> {
    /// The path from the root of the crate that `path` means in the module `here`; `None` for other crates.
    fn absolute(&self, here: &ModulePath, path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([here.as_slice(), rest].concat()),
            "super" => {
                let parent = here[..here.len().checked_sub(1)?].to_vec();
                match rest.first().is_some_and(|next| next == "super") {
                    true => self.absolute(&parent, rest),
                    false => Some([parent.as_slice(), rest].concat()),
                }
            }
            _ => {
                let child = [here.as_slice(), std::slice::from_ref(first)].concat();
                self.files.contains_key(&child).then(|| [child.as_slice(), rest].concat())
            }
        }
    }

    /// The file in which the item of a path stands.
    fn file_of(&self, path: &ModulePath) -> Option<&str> {
        let module = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        match path.get(..=module).and_then(|item| self.passed_on.get(item)) {
            Some(target) => self.file_of(&[target.as_slice(), &path[module + 1..]].concat()),
            None => self.files.get(&path[..module]).copied(),
        }
    }
}

/// The module of a file.
fn module_of(file: &str) -> ModulePath {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Reads which files use which. A `pub use` is no use of its own: who imports by it uses the file that it leads to.
pub fn uses(sources: &Sources) -> Uses {
    let codes: Vec<(&str, ModulePath, Vec<Found>)> =
        sources.iter().map(|(file, source)| (file.as_str(), module_of(file), paths(&code(source)))).collect();
    let files = codes.iter().map(|(file, module, _)| (module.clone(), *file)).collect();
    let mut modules = Modules { files, passed_on: BTreeMap::new() };
    for (_, module, found) in &codes {
        for Found { path, .. } in found.iter().filter(|found| found.is_passed_on) {
            if let (Some(target), Some(name)) = (modules.absolute(module, path), path.last()) {
                let own = [module.as_slice(), std::slice::from_ref(name)].concat();
                if own != target {
                    modules.passed_on.insert(own, target);
                }
            }
        }
    }
    let mut uses = Uses::new();
    for (file, module, found) in &codes {
        let used = uses.entry((*file).to_owned()).or_default();
        for Found { path, .. } in found.iter().filter(|found| !found.is_passed_on) {
            let target = modules.absolute(module, path).and_then(|path| modules.file_of(&path));
            used.extend(target.filter(|target| target != file).map(str::to_owned));
        }
    }
    uses
}

/// The uses between the entries of one folder: files, and folders as a whole.
pub fn within(uses: &Uses, folder: &str) -> Uses {
    let entry = |file: &str| Some(file.strip_prefix(folder)?.split('/').next()?.to_owned());
    let mut within = Uses::new();
    for (file, used) in uses {
        let Some(own) = entry(file) else { continue };
        let others = used.iter().filter_map(|used| entry(used)).filter(|other| *other != own);
        within.entry(own.clone()).or_default().extend(others);
    }
    within
}

/// A circle, as the entries on it; `None` where there is none.
pub fn find_circle(uses: &Uses) -> Option<Vec<String>> {
    fn walk<'u>(entry: &'u str, uses: &'u Uses, way: &mut Vec<&'u str>, done: &mut BTreeSet<&'u str>) -> bool {
        if let Some(at) = way.iter().position(|earlier| *earlier == entry) {
            way.drain(..at);
            return true;
        }
        if done.contains(entry) {
            return false;
        }
        way.push(entry);
        if uses.get(entry).into_iter().flatten().any(|used| walk(used, uses, way, done)) {
            return true;
        }
        way.pop();
        done.insert(entry);
        false
    }
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    let found = uses.keys().any(|entry| walk(entry, uses, &mut way, &mut done));
    found.then(|| way.into_iter().map(str::to_owned).collect())
}

/// The folders that have files, each with a `/` at its end; the root is empty.
pub fn folders(sources: &Sources) -> BTreeSet<String> {
    let above = |file: &String| {
        file.match_indices('/').map(|(at, _)| file[..=at].to_owned()).chain([String::new()]).collect::<Vec<_>>()
    };
    sources.keys().flat_map(above).collect()
}

/// The crates that a code may name: the first parts of its paths, without what it has under
/// that name itself, imported or as a child.
pub fn named_first(code: &str) -> BTreeSet<String> {
    let paths = paths(code);
    let is_own = |path: &ModulePath| path.len() > 1 && path[0].starts_with(|first: char| first.is_lowercase());
    let imported: BTreeSet<&String> =
        paths.iter().filter(|found| is_own(&found.path)).filter_map(|found| found.path.last()).collect();
    let firsts = paths.iter().filter_map(|found| found.path.first());
    let is_child = |name: &String| code.contains(&format!("mod {name};"));
    firsts.filter(|first| !imported.contains(first) && !is_child(first)).cloned().collect()
}
