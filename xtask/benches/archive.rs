//! `archive REPO REV tar|tar.gz|zip OUT`: one archive, with the library alone, so that `scripts/bench` can time it.
//! `archive FOLDER vendor OUT`: the vendor archive of what is in `FOLDER/vendor`.

#![expect(clippy::print_stderr, reason = "a program for a script, with nobody else to print for it")]

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use releng::base::gzip;
use releng::base::parallel;
use releng::base::progress::Silent;
use releng::git::Repository;
use releng::source::tarball;
use releng::source::vendor::Vendored;
use releng::source::zip;
use releng::source::{Export, ExportRequest};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        [repository, rev, format, out] => run(Path::new(repository), rev, format, Path::new(out)),
        [folder, "vendor", out] => vendor(Path::new(folder), Path::new(out)),
        [] => Ok(()), // `cargo test --all-targets` runs it like this
        _ => Err(anyhow::anyhow!("usage: archive REPO REV tar|tar.gz|zip OUT, archive FOLDER vendor OUT")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn vendor(folder: &Path, out: &Path) -> Result<()> {
    let vendored = Vendored::in_folder(folder.to_owned(), 0)?;
    gzip::compress(&mut File::create(out)?, parallel::threads()?, |tar| vendored.write(tar, &Silent))
}

fn run(repository: &Path, rev: &str, format: &str, out: &Path) -> Result<()> {
    let repository = Repository::open(repository)?;
    let commit = repository.resolve(rev)?;
    let request = ExportRequest { commit, prefix: "bench-1.0", tag: "1.0", generated: Vec::new() };
    let export = Export::load(&repository, request, &Silent)?;
    let mut out = File::create(out)?;
    let threads = parallel::threads()?;
    match format {
        "tar" => tarball::write(&export, &mut out, threads, &Silent).map(drop),
        "tar.gz" => gzip::compress(&mut out, threads, |tar| tarball::write(&export, tar, threads, &Silent)).map(drop),
        "zip" => zip::write(&export, &mut out, threads, &Silent),
        other => bail!("`{other}` is none of tar, tar.gz, zip"),
    }
}
