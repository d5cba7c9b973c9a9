//! Whether everything is on the disk before it becomes visible.
//!
//! SIGKILL says nothing about a power cut: there the order of `fsync` counts, and it is in the trace. A file or folder
//! is *loose* from the moment it is changed until it is synced; an entry that is made or renamed makes its folder
//! loose; that one which was removed may come back, for the next run to remove, is no fault. A rename *publishes* where it takes a name away from litter, and then nothing below it may be loose; of a
//! link, nothing below what it points to, nor the folder that this stands in. At the end of the program nothing may be
//! loose at all, litter aside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::trace::Call;

/// What became visible too early, or was never synced, a sentence each. `calls` are the mutations of an undisturbed run
/// on a tree in which `existed` says what was there; what `ignores` says yes to may be loose for ever, such as a lock
/// file.
pub fn check(
    calls: &[Call],
    is_litter: fn(&str) -> bool,
    ignores: fn(&Path) -> bool,
    existed: &dyn Fn(&Path) -> bool,
) -> Vec<String> {
    let passing =
        |path: &Path| path.file_name().is_some_and(|name| is_litter(&name.to_string_lossy())) || ignores(path);
    let mut state =
        State { passing: &passing, existed, gone: BTreeSet::new(), loose: BTreeSet::new(), links: Vec::new() };
    let mut found = Vec::new();
    for call in calls {
        if call.name.starts_with("rename") && !is_in_litter(&call.paths[1], is_litter) {
            found.extend(state.too_early(call));
        }
        state.apply(call);
    }
    let left = state.loose.iter().filter(|path| !is_in_litter(path, is_litter) && !ignores(path));
    found.extend(left.map(|path| format!("`{}` is not synced when the program ends", path.display())));
    found
}

fn is_in_litter(path: &Path, is_litter: fn(&str) -> bool) -> bool {
    path.iter().any(|part| is_litter(&part.to_string_lossy()))
}

struct State<'a> {
    /// Whether an entry of this path need not be there after a power cut.
    passing: &'a dyn Fn(&Path) -> bool,
    existed: &'a dyn Fn(&Path) -> bool,
    /// What was removed or moved away.
    gone: BTreeSet<PathBuf>,
    loose: BTreeSet<PathBuf>,
    /// Links made by the program, and where they point.
    links: Vec<(PathBuf, PathBuf)>,
}

impl State<'_> {
    fn too_early(&self, rename: &Call) -> Vec<String> {
        let (source, destination) = (&rename.paths[0], &rename.paths[1]);
        let link = self.links.iter().rev().find(|(link, _)| link == source);
        let pointed = link.map(|(_, pointed)| pointed);
        let below = self.loose.iter().filter(|path| {
            path.starts_with(source)
                || pointed.is_some_and(|pointed| path.starts_with(pointed) || pointed.parent() == Some(path))
        });
        let sentence =
            |path: &PathBuf| format!("`{}` is not synced when `{}` appears", path.display(), destination.display());
        below.map(sentence).collect()
    }

    fn apply(&mut self, call: &Call) {
        let Some(path) = call.paths.first() else {
            return self.loose.clear(); // sync
        };
        match call.name.as_str() {
            "fsync" | "fdatasync" => drop(self.loose.remove(path)),
            "syncfs" => self.loose.clear(),
            "open" | "openat" | "openat2" | "creat" => {
                let is_there = (self.existed)(path) && !self.gone.contains(path);
                let creates = ["O_CREAT", "O_TMPFILE"].iter().any(|flag| call.arguments.contains(flag));
                if (call.name == "creat" || creates) && !is_there {
                    self.add_with_folder(path);
                } else if call.name == "creat" || call.arguments.contains("O_TRUNC") {
                    self.loose.insert(path.clone());
                }
            }
            "mkdir" | "mkdirat" => self.add_with_folder(path),
            "symlink" | "symlinkat" => {
                self.add_folder_of(path);
                let target = call.target.clone().unwrap_or_default();
                self.links.push((path.clone(), resolved(path, &target)));
            }
            "link" | "linkat" => self.add_folder_of(&call.paths[1]),
            "unlink" | "unlinkat" | "rmdir" => {
                self.loose.retain(|loose| !loose.starts_with(path));
                self.gone.insert(path.clone());
            }
            name if name.starts_with("rename") => self.rename(path, &call.paths[1]),
            _ => drop(self.loose.insert(path.clone())),
        }
    }

    fn rename(&mut self, source: &Path, destination: &Path) {
        let moved = |path: &PathBuf| match path.strip_prefix(source) {
            Ok(rest) if rest.as_os_str().is_empty() => destination.to_owned(),
            Ok(rest) => destination.join(rest),
            Err(_) => path.clone(),
        };
        self.loose = self.loose.iter().map(moved).collect();
        for (link, pointed) in &mut self.links {
            (*link, *pointed) = (moved(link), moved(pointed));
        }
        self.gone.insert(source.to_owned());
        self.add_folder_of(source);
        self.add_folder_of(destination);
    }

    fn add_with_folder(&mut self, path: &Path) {
        self.loose.insert(path.to_owned());
        self.add_folder_of(path);
    }

    fn add_folder_of(&mut self, path: &Path) {
        if !(self.passing)(path) {
            self.loose.extend(path.parent().map(Path::to_owned));
        }
    }
}

fn resolved(link: &Path, target: &Path) -> PathBuf {
    let mut path = link.parent().unwrap_or(Path::new("/")).to_owned();
    for part in target {
        match part.to_str() {
            Some("..") => drop(path.pop()),
            Some(".") => {}
            _ => path.push(part),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::trace::parse;
    use super::*;

    /// What is wrong with these calls, of a program that began in `/`; paths as plain text.
    fn found(calls: &[&str]) -> Vec<String> {
        let log: String = calls.iter().map(|call| format!("{call} = 0\n")).collect();
        let existed = |path: &Path| path == Path::new("/s/log");
        let calls = parse(&log, Path::new("/")).calls;
        check(&calls, |name| name.starts_with(".tmp"), |path| path.ends_with("lock"), &existed)
    }

    const FILE: [&str; 2] = [r#"open("/r/.tmp/a", O_CREAT|O_WRONLY, 0644)"#, r"write(3</r/.tmp/a>, ..., 1)"];
    const FLIP: [&str; 3] = [r#"symlink("v/2", "/r/.tmp1")"#, r#"rename("/r/.tmp1", "/r/now")"#, "fsync(4</r>)"];

    #[test]
    fn synced_from_the_bottom_up_is_right() {
        let made = [r#"mkdir("/r/.tmp", 0777)"#, FILE[0], FILE[1], "fsync(3</r/.tmp/a>)", "fsync(4</r/.tmp>)"];
        let moved = [r#"rename("/r/.tmp", "/r/v/2")"#, "fsync(5</r/v>)"];
        let calls = [&made[..], &moved, &FLIP].concat();
        assert_eq!(found(&calls), [""; 0]);
        let at_once = [&made[..3], &["syncfs(3</r/.tmp/a>)"], &moved, &FLIP].concat();
        assert_eq!(found(&at_once), [""; 0]);
        let log = [r#"open("/s/lock", O_CREAT|O_RDWR, 0644)"#, r#"open("/s/log", O_CREAT|O_APPEND)"#];
        assert_eq!(found(&[&log[..], &["write(3</s/log>, 1)", "fdatasync(3</s/log>)"]].concat()), [""; 0]);
    }

    #[test]
    fn what_is_loose_when_it_appears_or_in_the_end_is_named() {
        let made = [r#"mkdir("/r/.tmp", 0777)"#, FILE[0], "fsync(3</r/.tmp/a>)", FILE[1], "fsync(4</r/.tmp>)"];
        let calls = [&made[..], &[r#"rename("/r/.tmp", "/r/v/2")"#], &FLIP].concat();
        let expected = [
            "`/r/.tmp/a` is not synced when `/r/v/2` appears",
            "`/r/v` is not synced when `/r/now` appears",
            "`/r/v/2/a` is not synced when `/r/now` appears",
            "`/r/v` is not synced when the program ends",
            "`/r/v/2/a` is not synced when the program ends",
        ];
        assert_eq!(found(&calls), expected);
        assert_eq!(found(&FLIP[..2]), ["`/r` is not synced when the program ends"]);
        let again = [r#"unlink("/s/log")"#, r#"open("/s/log", O_CREAT|O_APPEND)"#, "fsync(3</s/log>)"];
        assert_eq!(found(&again), ["`/s` is not synced when the program ends"]);
        assert_eq!(found(&["write(3</s/log>, 1)"]), ["`/s/log` is not synced when the program ends"]);
    }
}
