//! The zip archive, with the same files, folders, links and dates as the tarball.
//!
//! Each file is compressed separately: the thread that reads a member compresses it, and the results are copied into
//! the archive in order. The archive is written from start to end, so that it can be hashed at the same time.

use std::io::{self, Write};

use ::zip::write::{FullFileOptions, PreparedZipFile};
use ::zip::{CompressionMethod, DateTime, System, ZipWriter};
use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::source::export::Export;
use crate::source::members::{self, Member, Piece, Shape};

const LEVEL: i64 = 6;
/// The extra field "extended timestamp" of Info-ZIP: seconds since 1970. A DOS date has no time zone and no odd
/// seconds.
const EXTENDED_TIMESTAMP: u16 = 0x5455;
const HAS_MODIFICATION_TIME: u8 = 1;
/// Files of this size need the fields of zip64; a little less than four gigabytes, because noise grows when it is deflated.
const LARGEST_WITHOUT_ZIP64: u64 = 4_000_000_000;
/// The attribute of a folder in MS-DOS.
const DOS_FOLDER: u32 = 0x10;

/// Writes the zip archive to `out`, and reads and compresses on `threads` threads. The bytes depend on the export
/// alone.
///
/// Errors: a name that is not UTF-8, because not all programs could read the archive.
pub fn write(export: &Export, out: &mut impl Write, threads: usize, progress: &dyn Progress) -> Result<()> {
    let date = ZipDate::of(export.seconds());
    let mut archive = ZipWriter::new_stream(FailOnce { inner: out, has_failed: false });
    archive.set_comment(export.commit.id.to_string())?;
    let add = |batch: &mut Vec<PreparedZipFile>, member: &Member<'_>| {
        batch.push(prepare(member, &date)?);
        Ok(())
    };
    members::for_each_batch(export, threads, progress, add, |piece: Piece<'_, Vec<PreparedZipFile>>| match piece {
        Piece::Batch(batch) => Ok(archive.add_prepared_files(batch)?),
        Piece::Large(mut member) => {
            let name = name_of(member.path)?;
            let options = options(name, member.shape, ZipContent::Large(member.size), &date)?;
            archive.start_file(name, options).with_context(|| format!("cannot store `{name}`"))?;
            member.copy_to(&mut archive)
        }
    })?;
    archive.finish()?;
    Ok(())
}

/// Returns the first error, and ignores all data after it. A zip writer that is dropped after an error tries to finish
/// the archive, and prints a message if that fails too.
struct FailOnce<W> {
    inner: W,
    has_failed: bool,
}

impl<W: Write> Write for FailOnce<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_failed {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes);
        self.has_failed = written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.has_failed { Ok(()) } else { self.inner.flush() }
    }
}

fn prepare(member: &Member<'_>, date: &ZipDate) -> Result<PreparedZipFile> {
    let name = name_of(member.path)?;
    let is_stored = member.content.is_empty() || !matches!(member.shape, Shape::File | Shape::Executable);
    let content = if is_stored { ZipContent::Stored } else { ZipContent::Deflated };
    let options = options(name, member.shape, content, date)?;
    PreparedZipFile::from_data(name, options, &member.content).with_context(|| format!("cannot store `{name}`"))
}

fn name_of(path: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(path).map_err(|_| not_utf8(path))
}

/// How the content of a file is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ZipContent {
    Stored,
    Deflated,
    /// Deflated while it is read; the size is in bytes.
    Large(u64),
}

fn options(name: &str, shape: Shape, content: ZipContent, date: &ZipDate) -> Result<FullFileOptions<'static, 'static>> {
    let kind = match shape {
        Shape::Folder => 0o040_000,
        Shape::File | Shape::Executable => 0o100_000,
        Shape::Link => 0o120_000,
    };
    let mode = kind | shape.mode();
    let dos = if shape == Shape::Folder { DOS_FOLDER } else { 0 };
    let is_deflated = content != ZipContent::Stored;
    let mut options = FullFileOptions::default()
        .system(System::Unix)
        .external_attributes(mode << 16 | dos)
        .last_modified_time(date.dos)
        .large_file(matches!(content, ZipContent::Large(size) if size >= LARGEST_WITHOUT_ZIP64))
        .compression_method(if is_deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored })
        .compression_level(is_deflated.then_some(LEVEL));
    if let Some(seconds) = date.unix {
        let field = [&[HAS_MODIFICATION_TIME], &seconds.to_le_bytes()[..]].concat();
        options.add_extra_field(EXTENDED_TIMESTAMP, field, false).with_context(|| format!("cannot store `{name}`"))?;
    }
    Ok(options)
}

fn not_utf8(path: &[u8]) -> Failure {
    let message = format!("cannot store `{}` in a zip archive: its name is not UTF-8", String::from_utf8_lossy(path));
    Failure::new(Exit::Failed, message)
        .help("rename the file, mark it `export-ignore`, or leave `zip` out of `source.formats`")
}

/// A time in the two forms of a zip archive.
struct ZipDate {
    dos: DateTime,
    /// Seconds since 1970; `None` if they do not fit into 32 bits.
    unix: Option<i32>,
}

impl ZipDate {
    /// In UTC. A DOS date is in the years 1980 to 2107; other years are changed to the nearest of these.
    fn of(seconds: u64) -> ZipDate {
        let unix = i32::try_from(seconds).ok();
        let clamped = i64::try_from(seconds).unwrap_or(i64::MAX).clamp(315_532_800, 4_354_819_198);
        let civil = Timestamp::from_second(clamped)
            .map(|time| time.to_zoned(TimeZone::fixed(Offset::UTC)).datetime())
            .unwrap_or_default();
        let dos = DateTime::from_date_and_time(
            civil.year() as u16,
            civil.month() as u8,
            civil.day() as u8,
            civil.hour() as u8,
            civil.minute() as u8,
            civil.second() as u8,
        );
        ZipDate { dos: dos.unwrap_or(DateTime::DEFAULT), unix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_utc_and_in_the_range_of_dos() {
        let cases = [
            (0, "1980-01-01 00:00:00", Some(0)),
            (1_500_000_001, "2017-07-14 02:40:00", Some(1_500_000_001)),
            (2_147_483_648, "2038-01-19 03:14:08", None),
            (1 << 40, "2107-12-31 23:59:58", None),
        ];
        for (seconds, dos, unix) in cases {
            let date = ZipDate::of(seconds);
            assert_eq!((date.dos.to_string().as_str(), date.unix), (dos, unix), "{seconds}");
        }
    }
}
