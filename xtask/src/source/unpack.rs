//! Reads a source archive that may come from anybody: two files by their exact names, or all into a scratch folder.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use tar::{Archive, Entry, EntryType};

use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::gzip;
use crate::project::release_info::{self, CHANGELOG_FILE, ReleaseInfo};

/// The largest file that is read into memory, in bytes.
const LARGEST: u64 = 256 << 20;

/// The most bytes between two members, which are read into memory: the headers of a member, with its name and its link.
const LARGEST_HEADERS: u64 = 64 << 10;

/// The files of a source archive that describe it.
pub struct ArchiveFacts {
    /// Its `.release.json`.
    pub info: ReleaseInfo,
    /// Its `ChangeLog`.
    pub changelog: Vec<u8>,
}

/// Reads these files from the top folder of the `.tar.gz` at `path`.
///
/// Errors: no such archive; it was not made by `dist`: a file is missing, there twice, or no regular file.
pub fn read_facts(path: &TreePath) -> Result<ArchiveFacts> {
    let top = top_folder(path)?;
    let (info_name, changelog_name) = (format!("{top}/{}", release_info::FILE_NAME), format!("{top}/{CHANGELOG_FILE}"));
    let (mut info, mut changelog) = (None, None);
    let mut archive = SourceArchive::open(path)?;
    for entry in archive.members()? {
        let mut entry = entry?;
        let name = entry.path_bytes();
        let found = if *name == *info_name.as_bytes() {
            &mut info
        } else if *name == *changelog_name.as_bytes() {
            &mut changelog
        } else {
            continue;
        };
        // A tarball may have a member twice, and the last one counts. `dist` writes no such archive.
        let is_sound = entry.header().entry_type() == EntryType::Regular && entry.size() <= LARGEST && found.is_none();
        if !is_sound {
            return Err(
                not_made_by_dist(path, &format!("`{}` in it is not one plain file", name.escape_ascii())).into()
            );
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| unreadable(path, &error))?;
        *found = Some(content);
    }
    let info = info.ok_or_else(|| not_made_by_dist(path, &format!("it has no `{info_name}`")))?;
    let changelog = changelog.ok_or_else(|| not_made_by_dist(path, &format!("it has no `{changelog_name}`")))?;
    let info =
        ReleaseInfo::parse(&info).map_err(|why| not_made_by_dist(path, &format!("`{info_name}` in it: {why}")))?;
    Ok(ArchiveFacts { info, changelog })
}

/// Unpacks the archive at `path` into `folder`, and returns its top folder there; nothing is written outside of it, even if the
/// names of members lead out.
pub fn unpack(path: &TreePath, folder: &Path) -> Result<PathBuf> {
    let top = top_folder(path)?;
    let mut archive = SourceArchive::open(path)?;
    for entry in archive.members()? {
        entry?.unpack_in(folder).with_context(|| format!("cannot unpack `{path}`"))?;
    }
    Ok(folder.join(top))
}

/// The top folder of an archive that `dist` made: the folder of its first member.
fn top_folder(path: &TreePath) -> Result<String> {
    let mut archive = SourceArchive::open(path)?;
    let mut first = String::new();
    for entry in archive.members()? {
        let entry = entry?;
        if entry.header().entry_type() != EntryType::XGlobalHeader {
            first = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            break;
        }
    }
    let top = first.split('/').next().unwrap_or_default();
    if matches!(top, "" | "." | "..") {
        return Err(not_made_by_dist(path, "its first member is in no folder").into());
    }
    Ok(top.to_owned())
}

/// A source archive whose headers take little memory, whatever they state.
struct SourceArchive<'a> {
    path: &'a TreePath,
    archive: Archive<LimitedReader>,
    /// That of the reader.
    limit: Rc<Cell<u64>>,
}

impl SourceArchive<'_> {
    fn open(path: &TreePath) -> Result<SourceArchive<'_>> {
        let file = path.open().with_context(|| format!("cannot read the archive `{path}`"))?;
        let limit = Rc::new(Cell::new(LARGEST_HEADERS));
        let content = Box::new(gzip::reader(BufReader::with_capacity(1 << 18, file)));
        let archive = Archive::new(LimitedReader { content, position: 0, limit: Rc::clone(&limit) });
        Ok(SourceArchive { path, archive, limit })
    }

    /// The members in their order.
    ///
    /// Errors: the archive is damaged; the headers of a member are too long; a file with holes, whose size in its headers is not that in the
    /// archive.
    fn members(&mut self) -> Result<impl Iterator<Item = Result<Entry<'_, LimitedReader>>>> {
        let (path, limit) = (self.path, &self.limit);
        let entries = self.archive.entries().map_err(|error| unreadable(path, &error))?;
        Ok(entries.map(move |entry| {
            let entry = entry.map_err(|error| unreadable(path, &error))?;
            if entry.header().entry_type().is_gnu_sparse() {
                return Err(unreadable(path, &"it has a file with holes").into());
            }
            let end = entry.raw_file_position().saturating_add(entry.size());
            limit.set(end.saturating_add(LARGEST_HEADERS));
            Ok(entry)
        }))
    }
}

/// The content of an archive up to a limit, which moves with the members that were found.
struct LimitedReader {
    content: Box<dyn Read>,
    /// In bytes from the beginning, as the limit is.
    position: u64,
    limit: Rc<Cell<u64>>,
}

impl Read for LimitedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.limit.get().saturating_sub(self.position)).unwrap_or(usize::MAX);
        if room == 0 {
            return Err(io::Error::other(format!("a member has headers of more than {LARGEST_HEADERS} bytes")));
        }
        let end = buffer.len().min(room);
        let count = self.content.read(&mut buffer[..end])?;
        self.position += count as u64;
        Ok(count)
    }
}

fn unreadable(path: &TreePath, why: &dyn Display) -> Failure {
    not_made_by_dist(path, &format!("it cannot be read: {why}"))
}

fn not_made_by_dist(path: &TreePath, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{path}` was not made by `dist`: {why}"))
        .help(format!("make it again: `{} dist`", crate::base::error::program()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = r#"{"schema":"releng.release/1","name":"lago","version":"1.0.4","base":"1.0",
        "commit":"0707070707070707070707070707070707070707","date":"2022-10-19T05:24:41Z"}"#;

    /// Members by name, kind and content, in a `.tar.gz`.
    fn archive(folder: &Path, members: &[(&str, EntryType, &str)]) -> TreePath {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, content) in members {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes()); // whatever the name is
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            if *kind == EntryType::GNUSparse {
                header.as_gnu_mut().unwrap().realsize[..11].fill(b'0'); // one hole and nothing else
            }
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        let tar = builder.into_inner().unwrap();
        let path = TreePath::top(folder).join("a.tar.gz");
        let mut packed = Vec::new();
        gzip::compress(&mut packed, 1, |blocks| Ok(std::io::Write::write_all(blocks, &tar)?)).unwrap();
        std::fs::write(path.for_programs(), packed).unwrap();
        path
    }

    #[test]
    fn files_are_found_by_their_exact_names() {
        use EntryType::{Regular, Symlink};
        let folder = tempfile::tempdir().unwrap();
        let (info, log) = (("a/.release.json", Regular, INFO), ("a/ChangeLog", Regular, "log"));
        let facts = read_facts(&archive(folder.path(), &[("a/sub/ChangeLog", Regular, "no"), info, log])).unwrap();
        assert_eq!((facts.info.version.to_string().as_str(), facts.changelog.as_slice()), ("1.0.4", &b"log"[..]));
        for (members, why) in [
            (&[log][..], "has no `a/.release.json`"),
            (&[info], "has no `a/ChangeLog`"),
            (&[info, log, log], "`a/ChangeLog` in it is not one plain file"),
            (&[info, ("a/ChangeLog", Symlink, "")], "`a/ChangeLog` in it is not one plain file"),
            (&[("a/.release.json", Regular, "{}"), log], "it has no field"),
            (&[info, ("b/ChangeLog", Regular, "log")], "has no `a/ChangeLog`"),
        ] {
            let refused = read_facts(&archive(folder.path(), members)).map(drop).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn headers_take_little_memory() {
        use EntryType::{GNULongLink, GNULongName, GNUSparse, Regular, XHeader};
        let folder = tempfile::tempdir().unwrap();
        let (info, log) = (("a/.release.json", Regular, INFO), ("a/ChangeLog", Regular, "log"));
        let long = "b".repeat(80_000);
        for kind in [GNULongName, GNULongLink, XHeader] {
            let hidden = ("a/x", kind, long.as_str());
            let path = archive(folder.path(), &[info, log, hidden, ("a/y", Regular, "")]);
            let why = read_facts(&path).map(drop).unwrap_err().to_string();
            assert!(why.contains("a member has headers of more than 65536 bytes"), "{kind:?}: {why}");
            let why = unpack(&path, folder.path()).unwrap_err().to_string();
            assert!(why.contains("a member has headers of more than 65536 bytes"), "{kind:?}: {why}");
            let why = top_folder(&archive(folder.path(), &[hidden, info, log])).unwrap_err().to_string();
            assert!(why.contains("a member has headers of more than 65536 bytes"), "{kind:?}: {why}");
        }
        let holes = read_facts(&archive(folder.path(), &[info, log, ("a/x", GNUSparse, "")])).map(drop);
        assert!(holes.unwrap_err().to_string().contains("a file with holes"));
        // The content of a member is no header.
        let content = "c".repeat(500_000);
        read_facts(&archive(folder.path(), &[info, ("a/x", Regular, &content), log])).unwrap();
    }

    #[test]
    fn nothing_is_unpacked_outside() {
        let folder = tempfile::tempdir().unwrap();
        let members = [("../evil", EntryType::Regular, "x"), ("/evil", EntryType::Regular, "x")];
        let path = archive(folder.path(), &members);
        let inner = folder.path().join("in/ner");
        std::fs::create_dir_all(&inner).unwrap();
        drop(unpack(&path, &inner));
        assert!(!folder.path().join("in/evil").exists() && !Path::new("/evil").exists());
    }
}
