//! The log of a job: both of its outputs, in the order in which they were written.

use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The pause between two reads from a job that prints nothing.
pub const PAUSE: Duration = Duration::from_millis(10);

/// After the end of a job another process may hold the pipe open: it is read for this long, and up to this many bytes.
const FINAL_READ_TIME: Duration = Duration::from_millis(200);
const FINAL_READ_BYTES: usize = 1 << 20;

/// Copies from a pipe into the file of the log. Never blocks.
pub struct JobLog {
    pipe: PipeReader,
    file: File,
    path: PathBuf,
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
    /// Creates an empty file at `path`; returns the log and the pipe for the job to write to.
    pub fn open(path: &Path) -> Result<(JobLog, PipeWriter)> {
        let file = File::create(path).with_context(|| format!("cannot create `{}`", path.display()))?;
        let (pipe, writer) = std::io::pipe().context("cannot make a pipe")?;
        let flags = fcntl_getfl(&pipe).and_then(|flags| fcntl_setfl(&pipe, flags | OFlags::NONBLOCK));
        flags.context("cannot set up a pipe")?;
        Ok((JobLog { pipe, file, path: path.to_owned() }, writer))
    }

    /// Copies the bytes that are in the pipe now, at most 64 KiB.
    pub fn copy(&mut self) -> Result<PipeRead> {
        let mut buffer = [0; 1 << 16];
        match self.pipe.read(&mut buffer) {
            Ok(0) => Ok(PipeRead::End),
            Ok(count) => {
                let written = self.file.write_all(&buffer[..count]);
                written.with_context(|| format!("cannot write `{}`", self.path.display()))?;
                Ok(PipeRead::Bytes(count))
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => {
                Ok(PipeRead::Empty)
            }
            Err(error) => Err(error).context("cannot read the output of a running program"),
        }
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
        self.file.sync_all().with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}
