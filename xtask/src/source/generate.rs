//! Makes a file of the archives with a program of the project, in an export of the commit.
//!
//! The program gets neither the network nor the environment of the caller, as a build of packages on this machine. Same commit,
//! same bytes: the first time, it is run twice, and the two files must be the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::process::{Ending, Isolation, Job, LogFile, build_isolation, rustup_home};
use crate::base::progress::Progress;
use crate::base::text;
use crate::source::export::{Export, GeneratedFile};
use crate::source::folder::write_tree;

/// The time limit of the program.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How many of the last lines of its output are shown when it fails.
const LAST_LINES: usize = 20;

/// A file and the program that makes it.
pub struct GenerateOrder<'a> {
    /// The path in the archives.
    pub path: &'a str,
    /// The program and its arguments; never empty.
    pub run: &'a [String],
    /// The environment variables about the release.
    pub variables: &'a [(String, String)],
}

/// How often the program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    Once,
    /// The two files must be the same.
    Twice,
}

/// Makes the file in an export of the commit.
///
/// Errors: the program is missing, fails, or takes too long; it leaves no plain file; two runs differ.
pub fn generate(
    export: &Export,
    order: &GenerateOrder<'_>,
    runs: Runs,
    threads: usize,
    progress: &dyn Progress,
) -> Result<GeneratedFile> {
    if build_isolation() == Isolation::None {
        progress.warn(&format!("namespaces are not available here: `{}` sees the network", order.run[0]));
    }
    let made = generate_once(export, order, threads, progress)?;
    if runs == Runs::Twice {
        let again = generate_once(export, order, threads, progress)?;
        require_same(order, &made, &again)?;
    }
    Ok(made)
}

fn require_same(order: &GenerateOrder<'_>, made: &GeneratedFile, again: &GeneratedFile) -> Result<(), Failure> {
    let (first, second) = (&made.content, &again.content);
    let differs = first.iter().zip(second).position(|(one, other)| one != other);
    let what = match differs.or((first.len() != second.len()).then_some(first.len().min(second.len()))) {
        Some(byte) => {
            let line = first[..byte].iter().filter(|&&byte| byte == b'\n').count() + 1;
            format!("two runs differ in line {line}")
        }
        None if made.is_executable != again.is_executable => "two runs differ in its mode".to_owned(),
        None => return Ok(()),
    };
    let message = format!("`{}` cannot be made by `{}`: {what}", order.path, order.run.join(" "));
    Err(Failure::new(Exit::Failed, message).help(
        "let it write the same bytes each time: the date of the commit is in `SOURCE_DATE_EPOCH`, the version in \
         `RELENG_VERSION`; the paths of home and temporary folder differ",
    ))
}

fn generate_once(
    export: &Export,
    order: &GenerateOrder<'_>,
    threads: usize,
    progress: &dyn Progress,
) -> Result<GeneratedFile> {
    let scratch = files::remote_scratch()?;
    let (tree, log) = (scratch.path().join("tree"), scratch.path().join("log"));
    write_tree(export, &tree, threads, progress)?;
    progress.begin(&format!("making {}", order.path), None);
    let ended = run(export, order, scratch.path(), &tree, &log);
    progress.end();
    let shown = order.run.join(" ");
    let why = match ended? {
        Ending::Exited(0) => return read(order, &tree),
        Ending::Exited(code) => format!("exit {code}"),
        Ending::Signalled(signal) => format!("it was ended by signal {signal}"),
        Ending::TimedOut => format!("not done in {} minutes", LIMIT.as_secs() / 60),
    };
    let output = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    let last = text::last_lines(&output, LAST_LINES).join("\n");
    let failure = Failure::new(Exit::Failed, format!("`{}` cannot be made by `{shown}`: {why}", order.path));
    Err(failure
        .details(last)
        .help(format!("correct it; `{shown}` runs in an export of the commit, without a network"))
        .into())
}

fn run(export: &Export, order: &GenerateOrder<'_>, scratch: &Path, tree: &Path, log: &Path) -> Result<Ending> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut environment: Vec<(String, String)> = [
        ("PATH", path),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("SOURCE_DATE_EPOCH", export.seconds().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    for (name, folder) in [("HOME", "home"), ("TMPDIR", "tmp")] {
        let folder = scratch.join(folder);
        fs::create_dir(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        environment.push((name.to_owned(), folder.display().to_string()));
    }
    environment.extend(rustup_home().map(|home| ("RUSTUP_HOME".to_owned(), home.display().to_string())));
    environment.extend_from_slice(order.variables);
    let (program, args) = order.run.split_first().context("no program is stated")?;
    let job = Job {
        program: program.as_ref(),
        args: args.iter().map(Into::into).collect(),
        folder: tree,
        environment,
        time_limit: LIMIT,
        log: LogFile::whole(log),
        isolation: build_isolation(),
        read_only: &[],
        boundary: None,
    };
    Ok(job.run()?.ending)
}

/// Reads the file that the program left. A link could lead out of the folder.
fn read(order: &GenerateOrder<'_>, tree: &Path) -> Result<GeneratedFile> {
    let path = tree.join(order.path);
    let found = path.symlink_metadata().ok().filter(fs::Metadata::is_file);
    let is_inside = path.canonicalize().is_ok_and(|real| tree.canonicalize().is_ok_and(|tree| real.starts_with(tree)));
    let Some(found) = found.filter(|_| is_inside) else {
        let message = format!("`{}` did not make the file `{}`", order.run.join(" "), order.path);
        let help = "let it write a plain file to this path, from the top folder of the project";
        return Err(Failure::new(Exit::Failed, message).help(help).into());
    };
    let content = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let is_executable = found.permissions().mode() & 0o100 != 0;
    Ok(GeneratedFile { path: order.path.to_owned(), content, is_executable, is_planned: true })
}
