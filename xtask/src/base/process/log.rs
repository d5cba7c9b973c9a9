//! The log of a job: both of its outputs, in the order in which they were written.
//!
//! A job can print without end. With a limit, the log keeps the first half of it and the last half: the first half is written once,
//! the rest goes round in a ring behind it, and at the end of the job the ring is put in order below a line that says how much is
//! missing. Memory is needed only then, for one half.

use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pipe::fcntl_setpipe_size;

use crate::base::text;

/// The pause between two reads from a job that prints nothing.
pub const PAUSE: Duration = Duration::from_millis(10);

/// The number of bytes that the pipe holds between two reads.
const PIPE_SIZE: usize = 1 << 20;

/// After the end of a job another process may hold the pipe open: it is read for this long, and up to this many bytes.
const FINAL_READ_TIME: Duration = Duration::from_millis(200);
const FINAL_READ_BYTES: usize = 1 << 20;

/// The number of bytes of the output that [`JobLog::last_line`] looks at.
const RECENT: usize = 1 << 10;

/// The file of a log.
#[derive(Clone, Copy, Debug)]
pub struct LogFile<'a> {
    pub path: &'a Path,
    /// The number of bytes of the output that are kept; the middle of a longer output is left out.
    pub limit: Option<u64>,
}

impl<'a> LogFile<'a> {
    /// A log of everything.
    pub fn whole(path: &'a Path) -> LogFile<'a> {
        LogFile { path, limit: None }
    }
}

/// Copies from a pipe into the file of the log. Never blocks.
pub struct JobLog {
    pipe: PipeReader,
    file: File,
    path: PathBuf,
    limit: Option<u64>,
    /// The number of bytes that the job has written.
    count: u64,
    /// The last of them.
    recent: Vec<u8>,
}

/// The result of one read from the pipe.
pub enum PipeRead {
    /// The number of bytes that were copied.
    Bytes(usize),
    /// There is a writer, and it has written nothing since.
    Empty,
    /// There is no writer left.
    End,
}

impl JobLog {
    /// Creates an empty file; returns the log and the pipe for the job to write to.
    pub fn open(log: LogFile<'_>) -> Result<(JobLog, PipeWriter)> {
        let LogFile { path, limit } = log;
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
        let file = file.with_context(|| format!("cannot create `{}`", path.display()))?;
        let (pipe, writer) = std::io::pipe().context("cannot make a pipe")?;
        // The pipe is read again after a pause: with the usual 64 KiB, a job that prints much would wait most of the time.
        let _ = fcntl_setpipe_size(&pipe, PIPE_SIZE);
        let flags = fcntl_getfl(&pipe).and_then(|flags| fcntl_setfl(&pipe, flags | OFlags::NONBLOCK));
        flags.context("cannot set up a pipe")?;
        Ok((JobLog { pipe, file, path: path.to_owned(), limit, count: 0, recent: Vec::new() }, writer))
    }

    /// Copies the bytes that are in the pipe now, at most 64 KiB.
    pub fn copy(&mut self) -> Result<PipeRead> {
        let mut buffer = [0; 1 << 16];
        match self.pipe.read(&mut buffer) {
            Ok(0) => Ok(PipeRead::End),
            Ok(count) => {
                let bytes = &buffer[..count];
                self.write(bytes).with_context(|| format!("cannot write `{}`", self.path.display()))?;
                self.recent.extend_from_slice(&bytes[count.saturating_sub(RECENT)..]);
                self.recent.drain(..self.recent.len().saturating_sub(RECENT));
                Ok(PipeRead::Bytes(count))
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => {
                Ok(PipeRead::Empty)
            }
            Err(error) => Err(error).context("cannot read the output of a running program"),
        }
    }

    /// Whether a process is there that could still write.
    pub fn has_writer(&self) -> bool {
        let mut pipe = [PollFd::new(&self.pipe, PollFlags::empty())];
        let found = poll(&mut pipe, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        found.is_ok() && !pipe[0].revents().contains(PollFlags::HUP)
    }

    /// The last line of the output so far that is not blank; its beginning may be missing.
    pub fn last_line(&self) -> Option<String> {
        text::last_line(&String::from_utf8_lossy(&self.recent)).map(str::to_owned)
    }

    fn write(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            let (at, room) = match self.limit.map(Ring::of) {
                Some(ring) => ring.place(self.count),
                None => (self.count, u64::MAX),
            };
            let part = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.file.write_all_at(&bytes[..part], at)?;
            self.count += part as u64;
            bytes = &bytes[part..];
        }
        Ok(())
    }

    /// Puts the ring in order, if the output was longer than the limit.
    fn put_in_order(&self) -> std::io::Result<()> {
        let Some(ring) = self.limit.map(Ring::of).filter(|ring| self.count > ring.head + ring.size) else {
            return Ok(());
        };
        let (oldest, _) = ring.place(self.count);
        let mut bytes = vec![0; usize::try_from(ring.size).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, ring.head)?;
        bytes.rotate_left(usize::try_from(oldest - ring.head).unwrap_or(0));
        // The rest begins with a whole line, if there is one.
        let begin = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let missing = self.count - ring.head - ring.size + begin as u64;
        let line = format!("\n[{missing} bytes of the output are left out here]\n");
        self.file.write_all_at(line.as_bytes(), ring.head)?;
        self.file.write_all_at(&bytes[begin..], ring.head + line.len() as u64)?;
        self.file.set_len(ring.head + (line.len() + bytes.len() - begin) as u64)
    }

    /// Copies the rest of the pipe and syncs the file. A process that left the group may hold the pipe open for ever, so the
    /// time and the amount are limited.
    pub fn finish(&mut self) -> Result<()> {
        let (start, mut left) = (Instant::now(), FINAL_READ_BYTES);
        while left > 0 && start.elapsed() < FINAL_READ_TIME {
            match self.copy()? {
                PipeRead::End => break,
                PipeRead::Bytes(count) => left = left.saturating_sub(count),
                PipeRead::Empty => std::thread::sleep(PAUSE),
            }
        }
        let finished = self.put_in_order().and_then(|()| self.file.sync_all());
        finished.with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}

/// The parts of a log with a limit: the head, which is written once, and the ring behind it.
#[derive(Clone, Copy)]
struct Ring {
    head: u64,
    size: u64,
}

impl Ring {
    fn of(limit: u64) -> Ring {
        let head = limit / 2;
        Ring { head, size: (limit - head).max(1) }
    }

    /// Where the byte of the output with this number stands in the file, and how many bytes fit there in one piece.
    fn place(self, number: u64) -> (u64, u64) {
        match number.checked_sub(self.head) {
            None => (number, self.head - number),
            Some(behind) => (self.head + behind % self.size, self.size - behind % self.size),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn logged(limit: u64, parts: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (mut log, mut writer) = JobLog::open(LogFile { path: &path, limit: Some(limit) }).unwrap();
        for part in parts {
            writer.write_all(part.as_bytes()).unwrap();
            log.copy().unwrap();
        }
        drop(writer);
        log.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_middle_of_a_long_log_is_left_out() {
        assert_eq!(logged(8, &["abcd", "efgh"]), "abcdefgh", "the limit itself fits");
        assert_eq!(logged(8, &["a\nc\n", "e\ng\nX", "\n"]), "a\nc\n\n[4 bytes of the output are left out here]\nX\n");
        assert_eq!(logged(8, &["0123456789"]), "0123\n[2 bytes of the output are left out here]\n6789");
        let lines: Vec<String> = (0..1000).map(|number| format!("line {number}\n")).collect();
        let parts: Vec<&str> = lines.iter().map(String::as_str).collect();
        let log = logged(100, &parts);
        assert!(log.starts_with("line 0\nline 1\n") && log.ends_with("\nline 998\nline 999\n"), "{log}");
        let (_, rest) = log.split_once(" bytes of the output are left out here]\n").unwrap();
        assert!(rest.starts_with("line 99") && rest.len() <= 50, "{log}");
    }
}
