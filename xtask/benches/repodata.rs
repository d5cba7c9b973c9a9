//! `repodata write FOLDER OUT`: repodata of the RPMs in FOLDER, as gzip, written to `OUT/repodata`.
//! `repodata listed FOLDER OUT`: the same with the digests of the files checked against those in `OUT/known`, which
//! `repodata digests FOLDER OUT` has written; `repodata known FOLDER OUT`: with these taken for granted.
//! `repodata add SERIES PACKAGE OUT`: the repodata of the folder SERIES with one package more.
//! With the library alone, so that `scripts/bench-repository` can time it.

#![expect(clippy::print_stderr, reason = "a program for a script, with nobody else to print for it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use releng::base::files::TreePath;
use releng::repository::repodata::{FOLDER, Fragments, load, render};
use releng::rpm::package::{Known, PackageFile, map_all};

const TIMESTAMP: i64 = 1_584_606_281;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        ["write", folder, out] => written(folder, out, PackageFile::read),
        ["digests", folder, out] => digests(folder, out),
        ["listed", folder, out] => listed(folder, out),
        ["known", folder, out] => known(folder, out),
        ["add", series, package, out] => add(series, package, out),
        [] => Ok(()), // `cargo test --all-targets` runs it like this
        _ => Err(anyhow::anyhow!(
            "usage: repodata write|digests|listed|known FOLDER OUT, repodata add SERIES PACKAGE OUT"
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn rpms(folder: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rpm") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> Result<&str> {
    path.file_name().and_then(|name| name.to_str()).context("a strange file name")
}

fn written(folder: &str, out: &str, read: impl Fn(&Path) -> Result<PackageFile> + Sync) -> Result<()> {
    let paths = rpms(folder)?;
    let packages = map_all(&paths, |path| Ok(Fragments::of(&read(path)?, name(path)?, TIMESTAMP)))?;
    write(&packages, out)
}

fn write(packages: &[Fragments], out: &str) -> Result<()> {
    let folder = Path::new(out).join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    for file in render(packages, TIMESTAMP)? {
        std::fs::write(folder.join(file.name), file.content)?;
    }
    Ok(())
}

fn digests(folder: &str, out: &str) -> Result<()> {
    let mut text = String::new();
    for path in rpms(folder)? {
        let PackageFile { size, digest, content, .. } = PackageFile::read(&path)?;
        writeln!(text, "{} {size} {digest} {content}", name(&path)?)?;
    }
    std::fs::create_dir_all(out)?;
    Ok(std::fs::write(Path::new(out).join("known"), text)?)
}

fn listed(folder: &str, out: &str) -> Result<()> {
    let known = read_digests(out)?;
    let find = |path: &Path| known.get(name(path)?).copied().context("not listed");
    written(folder, out, |path| PackageFile::read_listed(path, find(path)?.digest))
}

fn known(folder: &str, out: &str) -> Result<()> {
    let known = read_digests(out)?;
    let find = |path: &Path| known.get(name(path)?).copied().context("not known");
    written(folder, out, |path| PackageFile::read_known(path, find(path)?))
}

fn read_digests(out: &str) -> Result<BTreeMap<String, Known>> {
    let text = std::fs::read_to_string(Path::new(out).join("known"))?;
    let mut known = BTreeMap::new();
    for line in text.lines() {
        let [name, size, digest, content] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
        let of = Known { size: size.parse()?, digest: digest.parse()?, content: content.parse()? };
        known.insert(name.to_owned(), of);
    }
    Ok(known)
}

fn add(series: &str, package: &str, out: &str) -> Result<()> {
    let mut packages = load(&TreePath::top(Path::new(series)))?;
    let path = Path::new(package);
    packages.push(Fragments::of(&PackageFile::read(path)?, name(path)?, TIMESTAMP));
    write(&packages, out)
}
