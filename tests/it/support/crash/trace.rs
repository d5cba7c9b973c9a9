//! What `strace -y -xx` writes, as calls.
//!
//! With `-xx` every path is hexadecimal, so that no name can look like a part of the log's own grammar; `-y` gives the
//! path of each descriptor. `-s 0` leaves out the bytes that are written; names are always whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

/// The calls that can change files, and those that say where relative paths begin. `?`: not every architecture and
/// every strace knows each of them.
pub const TRACED: &str = "?open,?openat,?openat2,?creat,?write,?pwrite64,?writev,?pwritev,?pwritev2,?copy_file_range,\
    ?sendfile,?splice,?ioctl,?fallocate,?link,?linkat,?rename,?renameat,?renameat2,?symlink,?symlinkat,?unlink,\
    ?unlinkat,?mkdir,?mkdirat,?rmdir,?truncate,?ftruncate,?chmod,?fchmod,?fchmodat,?fchmodat2,?chown,?fchown,?lchown,\
    ?fchownat,?utimensat,?setxattr,?fsetxattr,?fsync,?fdatasync,?syncfs,?sync,?chdir,?fchdir";

/// One system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Of the thread that made it; 0 where only one was traced.
    pub thread: u32,
    pub name: String,
    /// Which call of that name it is in its thread, from 1, wherever its paths are: what strace's `when=` counts.
    pub ordinal: usize,
    /// The absolute paths it works on, normal form, links not followed; source before destination.
    pub paths: Vec<PathBuf>,
    /// What a new symbolic link points to, as written.
    pub target: Option<PathBuf>,
    /// Its arguments as logged.
    pub arguments: String,
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed,
    /// It failed because strace made it fail.
    Injected,
    /// The thread ended before the call did.
    Unknown,
}

impl Call {
    /// Whether it changes a file or makes a change last. An `open` does where it can create or write.
    pub fn is_mutation(&self) -> bool {
        match self.name.as_str() {
            "chdir" | "fchdir" => false,
            "open" | "openat" | "openat2" => self.opens_for_writing(),
            "ioctl" => self.arguments.contains("FICLONE"),
            _ => true,
        }
    }

    /// Whether it succeeded and changes something below `roots`, or makes that last.
    pub fn changes(&self, roots: &[PathBuf]) -> bool {
        self.is_mutation() && self.outcome == Outcome::Done && self.is_below(roots)
    }

    /// Whether it opens a file that it may create or change.
    pub fn opens_for_writing(&self) -> bool {
        let flags = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"];
        self.name == "creat" || self.name.starts_with("open") && flags.iter().any(|flag| self.arguments.contains(flag))
    }

    /// Whether one of its paths is one of `roots` or below.
    pub fn is_below(&self, roots: &[PathBuf]) -> bool {
        self.name == "sync" || self.paths.iter().any(|path| roots.iter().any(|root| path.starts_with(root)))
    }
}

/// What a log says.
#[derive(Debug, Default)]
pub struct Trace {
    /// In the order in which they began.
    pub calls: Vec<Call>,
    /// Whether a thread was ended by SIGKILL.
    pub killed: bool,
}

impl Trace {
    /// The first thread, in which the program began.
    pub fn main_thread(&self) -> u32 {
        self.calls.first().map_or(0, |call| call.thread)
    }

    /// The calls below `roots` that succeeded and change something.
    pub fn mutations(&self, roots: &[PathBuf]) -> Vec<Call> {
        self.calls.iter().filter(|call| call.changes(roots)).cloned().collect()
    }
}

/// Reads a log of a program that began in `folder`.
pub fn parse(log: &str, folder: &Path) -> Trace {
    let mut trace = Trace::default();
    let mut folders: BTreeMap<u32, PathBuf> = BTreeMap::new();
    let mut counts: BTreeMap<(u32, String), usize> = BTreeMap::new();
    let mut unfinished: BTreeMap<u32, usize> = BTreeMap::new();
    for line in log.lines() {
        let (thread, text) = split_thread(line);
        if text.starts_with("+++ killed by SIGKILL") {
            trace.killed = true;
        } else if let Some(rest) = text.strip_prefix("<... ") {
            let Some(index) = unfinished.remove(&thread) else { continue };
            let outcome = outcome_of(rest);
            // The path of a new descriptor, and arguments that the system fills in, come with the end.
            trace.calls[index].outcome = outcome;
        } else if let Some((name, rest)) = text.split_once('(').filter(|(name, _)| is_name(name)) {
            let folder_of_thread = folders.get(&thread).map_or(folder, PathBuf::as_path);
            let arguments = rest.split(" <unfinished ...>").next().unwrap_or_default();
            let (paths, target) = paths_of(name, &split_arguments(arguments), folder_of_thread);
            let count = counts.entry((thread, name.to_owned())).or_default();
            *count += 1;
            let outcome = if rest.contains("<unfinished ...>") { Outcome::Unknown } else { outcome_of(rest) };
            if rest.ends_with("<unfinished ...>") {
                unfinished.insert(thread, trace.calls.len());
            }
            if name.ends_with("chdir") && outcome == Outcome::Done {
                folders.extend(paths.first().map(|path| (thread, path.clone())));
            }
            let (name, arguments) = (name.to_owned(), arguments.to_owned());
            trace.calls.push(Call { thread, name, ordinal: *count, paths, target, arguments, outcome });
        }
    }
    trace
}

fn split_thread(line: &str) -> (u32, &str) {
    match line.split_once(' ') {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            (number.parse().unwrap_or(0), rest.trim_start())
        }
        _ => (0, line),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn outcome_of(rest: &str) -> Outcome {
    let result = rest.rsplit_once(" = ").map_or("?", |(_, result)| result);
    match result {
        result if result.starts_with('?') => Outcome::Unknown,
        result if result.contains("(INJECTED)") => Outcome::Injected,
        result if result.starts_with('-') => Outcome::Failed,
        _ => Outcome::Done,
    }
}

/// The arguments at the top level; `text` begins behind the opening bracket and may go beyond the closing one.
fn split_arguments(text: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start, mut quoted) = (Vec::new(), 0_i32, 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                found.push(text[start..at].trim());
                return found;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    found
}

/// The absolute paths among the arguments of a call, and the target of a new link.
fn paths_of(name: &str, arguments: &[&str], folder: &Path) -> (Vec<PathBuf>, Option<PathBuf>) {
    let plain = |index: usize| Some(absolute(folder, &quoted(arguments.get(index)?)?));
    let descriptor = |index: usize| described(arguments.get(index)?);
    let at = |index: usize| {
        let base = described(arguments.get(index)?).unwrap_or_else(|| folder.to_owned());
        // Without a path the call means the descriptor itself, as `futimens` does.
        Some(quoted(arguments.get(index + 1)?).map_or(base.clone(), |path| absolute(&base, &path)))
    };
    let paths = match name {
        "open" | "creat" | "unlink" | "mkdir" | "rmdir" | "truncate" | "chmod" | "chown" | "lchown" | "setxattr"
        | "chdir" => vec![plain(0)],
        "link" | "rename" => vec![plain(0), plain(1)],
        "symlink" => vec![plain(1)],
        "symlinkat" => vec![at(1)],
        "openat" | "openat2" | "unlinkat" | "mkdirat" | "fchmodat" | "fchmodat2" | "fchownat" | "utimensat" => {
            vec![at(0)]
        }
        "linkat" | "renameat" | "renameat2" => vec![at(0), at(2)],
        "copy_file_range" | "splice" => vec![descriptor(2)],
        "sync" => vec![],
        _ => vec![descriptor(0)],
    };
    let target = name.starts_with("symlink").then(|| quoted(arguments.first()?)).flatten();
    (paths.into_iter().flatten().collect(), target)
}

/// The path of `"\x2f\x61"`.
fn quoted(argument: &str) -> Option<PathBuf> {
    let text = argument.strip_prefix('"')?;
    Some(unescape(text.split('"').next().unwrap_or_default()))
}

/// The path of `3<\x2f\x61>`; none where the descriptor is no file.
fn described(argument: &str) -> Option<PathBuf> {
    let text = argument.split_once('<')?.1.rsplit_once('>')?.0;
    let path = unescape(text);
    path.is_absolute().then_some(path)
}

/// The bytes behind `\x2f\x61`; letters that stand for themselves are kept.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut pieces = text.split("\\x");
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        bytes.extend(u8::from_str_radix(digits, 16));
        bytes.extend(rest.bytes());
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// `path` below `base`, without `.`, `..` and doubled slashes.
fn absolute(base: &Path, path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `strace -f -y -xx -s 0` writes it, of a program that began in `/w`.
    const LOG: &str = r#"7 mkdir("\x72", 0777) = 0
7 openat(AT_FDCWD<\x2f\x77>, "\x72\x2f\x61\x22\x2c", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3<\x2f\x77\x2f\x72>
8 write(1<\x70\x69\x70\x65>, ""..., 4 <unfinished ...>
7 write(3<\x2f\x77\x2f\x72\x2f\x61>, ""..., 5) = 5
8 <... write resumed>)              = 4
7 renameat(5<\x2f\x77\x2f\x72>, "\x61", 5<\x2f\x77\x2f\x72>, "\x2e\x2e\x2f\x62") = -1 EIO (Input/output error) (INJECTED)
7 --- SIGCHLD {si_signo=SIGCHLD} ---
7 ioctl(4<\x2f\x77\x2f\x72>, TCGETS, 0x7) = -1 ENOTTY (Inappropriate ioctl for device)
7 chdir("\x72") = 0
7 symlink("\x74", "\x6c") = 0
7 write(3<\x2f\x77\x2f\x72\x2f\x61>, ""..., 5 <unfinished ...>
7 +++ killed by SIGKILL +++
"#;

    fn shown(call: &Call) -> String {
        let paths: Vec<String> = call.paths.iter().map(|path| path.display().to_string()).collect();
        format!("{} {}#{} {} {:?}", call.thread, call.name, call.ordinal, paths.join(" "), call.outcome)
    }

    #[test]
    fn a_log_is_read() {
        let trace = parse(LOG, Path::new("/w"));
        let expected = [
            "7 mkdir#1 /w/r Done",
            "7 openat#1 /w/r/a\", Done",
            "8 write#1  Done",
            "7 write#1 /w/r/a Done",
            "7 renameat#1 /w/r/a /w/b Injected",
            "7 ioctl#1 /w/r Failed",
            "7 chdir#1 /w/r Done",
            "7 symlink#1 /w/r/l Done",
            "7 write#2 /w/r/a Unknown",
        ];
        assert_eq!(trace.calls.iter().map(shown).collect::<Vec<_>>(), expected);
        assert_eq!((trace.main_thread(), trace.killed), (7, true));
        assert_eq!(trace.calls[7].target.as_deref(), Some(Path::new("t")));
        let mutations: Vec<String> = trace.mutations(&["/w/r".into()]).iter().map(|call| call.name.clone()).collect();
        assert_eq!(mutations, ["mkdir", "openat", "write", "symlink"]);
    }

    #[test]
    fn only_what_can_change_a_file_is_a_mutation() {
        let log = "open(\"\\x61\", O_RDONLY) = 3\nopen(\"\\x61\", O_RDWR) = 3\nioctl(3<\\x2f\\x61>, FICLONE, 4) = 0\n";
        let calls = parse(log, Path::new("/")).calls;
        assert_eq!(calls.iter().map(Call::is_mutation).collect::<Vec<_>>(), [false, true, true]);
    }
}
