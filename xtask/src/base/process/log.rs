//! The log of a job: its two outputs, in the order in which they are said.

use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The pause between two looks at a job that prints nothing.
pub const PAUSE: Duration = Duration::from_millis(10);

/// How long after its end a job's log may still have an open writer; and how much is taken of one that never rests.
const LAST_WORDS: Duration = Duration::from_millis(200);
const MOST_LAST_WORDS: usize = 1 << 20;

/// The log of a job: what comes out of a pipe goes into a file. Never blocks.
pub struct Log {
    pipe: PipeReader,
    file: File,
    path: PathBuf,
}

/// What one look into the pipe gave.
pub enum Taken {
    /// This many bytes, now in the file.
    Bytes(usize),
    /// There is a writer, and it is silent.
    Nothing,
    /// There is no writer left.
    End,
}

impl Log {
    /// Creates the file at `path`, empty; the log and the end of the pipe for who speaks.
    pub fn open(path: &Path) -> Result<(Log, PipeWriter)> {
        let file = File::create(path).with_context(|| format!("cannot create `{}`", path.display()))?;
        let (pipe, writer) = std::io::pipe().context("cannot make a pipe")?;
        let flags = fcntl_getfl(&pipe).and_then(|flags| fcntl_setfl(&pipe, flags | OFlags::NONBLOCK));
        flags.context("cannot set up a pipe")?;
        Ok((Log { pipe, file, path: path.to_owned() }, writer))
    }

    /// Takes what is in the pipe now, at most 64 KiB.
    pub fn take(&mut self) -> Result<Taken> {
        let mut buffer = [0; 1 << 16];
        match self.pipe.read(&mut buffer) {
            Ok(0) => Ok(Taken::End),
            Ok(count) => {
                let written = self.file.write_all(&buffer[..count]);
                written.with_context(|| format!("cannot write `{}`", self.path.display()))?;
                Ok(Taken::Bytes(count))
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => Ok(Taken::Nothing),
            Err(error) => Err(error).context("cannot read what a running program says"),
        }
    }

    /// Takes what is left in the pipe. Whoever left the group may hold it open for ever: it is not waited for.
    pub fn finish(&mut self) -> Result<()> {
        let (start, mut left) = (Instant::now(), MOST_LAST_WORDS);
        while left > 0 && start.elapsed() < LAST_WORDS {
            match self.take()? {
                Taken::End => break,
                Taken::Bytes(count) => left = left.saturating_sub(count),
                Taken::Nothing => std::thread::sleep(PAUSE),
            }
        }
        self.file.sync_all().with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}
