//! Hard links, with a copy where the system refuses a link.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{AtFlags, linkat};
use rustix::io::Errno;

use crate::base::files::kept::KeptFolder;
use crate::base::files::tree_path::TreePath;

/// The result of [`link_or_copy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The same file is in both places.
    Same,
    /// The new file is a copy; its content was not compared.
    Copy,
}

/// The folders of the files that were linked last.
#[derive(Default)]
pub(super) struct LinkFolders {
    from: KeptFolder,
    to: KeptFolder,
}

/// Makes `to` the same file as `from` by a hard link. Where the system refuses links, `to` becomes a copy with the same mode and
/// modification time, not yet synced.
pub(super) fn link_or_copy(folders: &mut LinkFolders, from: &TreePath, to: &TreePath) -> io::Result<Linked> {
    match link(folders, from, to) {
        Ok(()) => Ok(Linked::Same),
        Err(error) if is_refusal(&error) => copy(from, to).map(|()| Linked::Copy),
        Err(error) => Err(error),
    }
}

fn link(folders: &mut LinkFolders, from: &TreePath, to: &TreePath) -> io::Result<()> {
    let ((from, name), (to, new_name)) = (folders.from.place(from)?, folders.to.place(to)?);
    Ok(linkat(from, name, to, new_name, AtFlags::empty())?)
}

fn copy(from: &TreePath, to: &TreePath) -> io::Result<()> {
    let mut source = from.open()?;
    let about = source.metadata()?;
    let mut copy = to.create_new(0o600)?;
    io::copy(&mut source, &mut copy)?;
    copy.set_modified(about.modified()?)?;
    copy.set_permissions(Permissions::from_mode(about.permissions().mode() & 0o777))
}

/// Whether the file system has no links, is another one, or the file has too many links. All other errors are errors.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::PERM, Errno::XDEV, Errno::MLINK, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| refusals.contains(&errno))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use super::*;

    #[test]
    fn a_link_within_a_file_system_and_an_error_for_a_missing_file() {
        use std::os::unix::fs::MetadataExt;
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        fs::write(&from, "text").unwrap();
        let mut folders = LinkFolders::default();
        let mut link_or_copy = |from: &Path, to: &Path| {
            link_or_copy(&mut folders, &TreePath::in_own_folder(from), &TreePath::in_own_folder(to))
        };
        assert_eq!(link_or_copy(&from, &to).unwrap(), Linked::Same);
        assert_eq!(from.metadata().unwrap().ino(), to.metadata().unwrap().ino());
        for (from, to) in [(place.path().join("missing"), place.path().join("other")), (from, to)] {
            link_or_copy(&from, &to).unwrap_err();
        }
        assert!(!place.path().join("other").exists());
    }

    #[test]
    fn a_copy_has_the_date_and_the_mode_of_the_original() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        fs::write(&from, "text").unwrap();
        let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        File::options().append(true).open(&from).unwrap().set_modified(date).unwrap();
        fs::set_permissions(&from, fs::Permissions::from_mode(0o444)).unwrap();
        copy(&TreePath::in_own_folder(&from), &TreePath::in_own_folder(&to)).unwrap();
        let about = to.metadata().unwrap();
        assert_eq!((about.modified().unwrap(), about.permissions().mode() & 0o777), (date, 0o444));
        assert_eq!(fs::read(&to).unwrap(), b"text");
    }

    #[test]
    fn only_a_refusal_of_links_leads_to_a_copy() {
        for (errno, expected) in [
            (Errno::PERM, true),
            (Errno::XDEV, true),
            (Errno::MLINK, true),
            (Errno::NOSPC, false),
            (Errno::ACCESS, false),
        ] {
            assert_eq!(is_refusal(&errno.into()), expected, "{errno:?}");
        }
    }
}
