//! Opens folders below a trusted one without following any symbolic link on the way.
//!
//! Linux 5.6 does it in one call, `openat2`. Where that call is missing, or a sandbox forbids it, the folders are opened one
//! after the other with `O_NOFOLLOW`.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};
use std::sync::OnceLock;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat, openat2};
use rustix::io::Errno;

/// How a folder is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenFor {
    /// To reach what is in it.
    Search,
    /// To list or sync it.
    Read,
}

impl OpenFor {
    fn flags(self) -> OFlags {
        let access = match self {
            OpenFor::Search => OFlags::PATH,
            OpenFor::Read => OFlags::RDONLY,
        };
        access | OFlags::DIRECTORY | OFlags::CLOEXEC
    }
}

/// Opens the folder `below` of the folder `top`. Links on the way to `top` are followed, links below it are refused: ELOOP or
/// ENOTDIR. Absolute paths and `..` in `below` are refused, too: EXDEV.
pub(super) fn open_folder(top: &Path, below: &Path, wanted: OpenFor) -> io::Result<OwnedFd> {
    if !below.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Errno::XDEV.into());
    }
    if below.as_os_str().is_empty() {
        return Ok(open(top, wanted.flags(), Mode::empty())?);
    }
    let folder = open(top, OpenFor::Search.flags(), Mode::empty())?;
    if has_openat2() { walk_at_once(&folder, below, wanted) } else { walk_by_parts(folder, below, wanted) }
}

fn walk_at_once(top: &OwnedFd, below: &Path, wanted: OpenFor) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    Ok(openat2(top, below, wanted.flags(), Mode::empty(), resolve)?)
}

fn walk_by_parts(top: OwnedFd, below: &Path, wanted: OpenFor) -> io::Result<OwnedFd> {
    let mut folder = top;
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let wanted = if parts.peek().is_some() { OpenFor::Search } else { wanted };
        folder = openat(&folder, part.as_os_str(), wanted.flags() | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(folder)
}

fn has_openat2() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| openat2(CWD, ".", OpenFor::Search.flags(), Mode::empty(), ResolveFlags::BENEATH).is_ok())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Opens `below` in both ways; whether both opened a folder. Panics if they differ.
    #[track_caller]
    fn opens(top: &Path, below: &str) -> bool {
        let folder = || open(top, OpenFor::Search.flags(), Mode::empty()).unwrap();
        let by_parts = walk_by_parts(folder(), Path::new(below), OpenFor::Read).is_ok();
        if has_openat2() {
            assert_eq!(walk_at_once(&folder(), Path::new(below), OpenFor::Read).is_ok(), by_parts, "{below}");
        }
        assert_eq!(open_folder(top, Path::new(below), OpenFor::Read).is_ok(), by_parts, "{below}");
        by_parts
    }

    #[test]
    fn no_link_below_the_top_is_followed_and_one_above_is() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("top/one/two")).unwrap();
        symlink("top", place.path().join("link")).unwrap();
        symlink("one", place.path().join("top/inside")).unwrap();
        symlink("two", place.path().join("top/one/last")).unwrap();
        fs::write(place.path().join("top/file"), "").unwrap();
        for top in ["top", "link"].map(|top| place.path().join(top)) {
            assert!(opens(&top, "one") && opens(&top, "one/two"));
            assert!(!opens(&top, "inside/two") && !opens(&top, "one/last") && !opens(&top, "file"));
            assert!(open_folder(&top, Path::new(""), OpenFor::Read).is_ok());
            for outside in ["..", "one/../one", "/tmp"] {
                open_folder(&top, Path::new(outside), OpenFor::Read).unwrap_err();
            }
        }
    }
}
