//! Small helpers for reading files and paths.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use crate::base::text;

/// The end of a file.
pub struct FileEnd {
    pub bytes: Vec<u8>,
    /// How many bytes are before them.
    pub before: u64,
}

/// The last bytes of a file, at most `count`. Errors: it cannot be read.
pub fn read_end(path: &Path, count: u64) -> io::Result<FileEnd> {
    let mut file = File::open(path)?;
    let before = file.metadata()?.len().saturating_sub(count);
    file.seek(SeekFrom::Start(before))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(FileEnd { bytes, before })
}

/// The last line of a growing file that is not blank; `None` if there is none.
pub fn last_line(path: &Path) -> Option<String> {
    let tail = read_end(path, 4096).ok()?.bytes;
    text::last_line(&String::from_utf8_lossy(&tail)).map(str::to_owned)
}

/// An absolute path without `.` and `..`. As for the system, `..` after a link to a folder is the folder above the one that it leads to.
pub fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                // A folder that is not there yet is no link.
                plain = plain.canonicalize().unwrap_or(plain);
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The path with a leading `~/` replaced by the home folder.
pub fn from_home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    }
}
