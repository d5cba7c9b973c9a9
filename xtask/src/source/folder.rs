//! Writes an export into a folder, for programs that need its files.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::base::progress::Progress;
use crate::source::export::Export;
use crate::source::members::{self, Member, Piece, Shape};

/// Writes the members of an export below `root`, without their top folder. Files have the date of the commit.
pub fn write_tree(export: &Export, root: &Path, threads: usize, progress: &dyn Progress) -> Result<()> {
    let date = FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(export.seconds()));
    let add = |_: &mut (), member: &Member<'_>| {
        let Some(path) = path_in(root, member.path) else { return Ok(()) };
        write_member(&path, member, date).with_context(|| format!("cannot write `{}`", path.display()))
    };
    fs::create_dir_all(root).with_context(|| format!("cannot create `{}`", root.display()))?;
    progress.begin("exporting the commit", Some(export.member_count()));
    let done = members::for_each_batch(export, threads, progress, add, |piece| match piece {
        Piece::Batch(()) => Ok(()),
        Piece::Large(mut member) => {
            let Some(path) = path_in(root, member.path) else { return Ok(()) };
            let shape = member.shape;
            let failed = || format!("cannot write `{}`", path.display());
            let mut file = create(&path).with_context(failed)?;
            member.copy_to(&mut file).and_then(|()| Ok(finish(&path, shape, date)?)).with_context(failed)
        }
    });
    progress.end();
    done
}

/// The path of a member below `root`; `None` for the top folder itself.
fn path_in(root: &Path, path: &[u8]) -> Option<PathBuf> {
    let slash = path.iter().position(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    (slash < path.len()).then(|| root.join(OsStr::from_bytes(&path[slash..])))
}

fn write_member(path: &Path, member: &Member<'_>, date: FileTimes) -> std::io::Result<()> {
    if member.shape == Shape::Folder {
        return fs::create_dir_all(path);
    }
    if member.shape == Shape::Link {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        return symlink(OsStr::from_bytes(&member.content), path);
    }
    create(path)?.write_all(&member.content)?;
    finish(path, member.shape, date)
}

/// Another thread may write the folder of the file later.
fn create(path: &Path) -> std::io::Result<File> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::create(path)
}

fn finish(path: &Path, shape: Shape, date: FileTimes) -> std::io::Result<()> {
    if shape == Shape::Executable {
        fs::set_permissions(path, Permissions::from_mode(0o755))?;
    }
    File::options().append(true).open(path)?.set_times(date)
}
