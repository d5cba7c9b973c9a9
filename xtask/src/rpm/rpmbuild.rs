//! Writes source RPMs with `rpmbuild -bs`, for specs that need the macros of the machine.
//!
//! By default, rpmbuild writes the time, the host and the paths of its folders into the package. Here it runs in the folder
//! of the sources, with fixed values for these, so that one version of rpm on one host writes the same bytes each time.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::process::{Program, Said};
use crate::base::progress::Progress;
use crate::rpm::header::contents::DependencyKind;
use crate::rpm::header::tag::HeaderTag;
use crate::rpm::header::text::read_text;
use crate::rpm::package::PackageFile;

/// The limit of rpmspec and `rpmbuild -bs`, which copies and compresses the sources.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The base names of the sources and patches of the spec `spec_name` in `folder`, evaluated by rpmspec with the arguments
/// `defined`.
pub fn source_names(folder: &Path, spec_name: &str, defined: &[String]) -> Result<Vec<String>> {
    let query = ["-q", "--srpm", "--undefine=dist", "--qf", "[%{SOURCE}\\n][%{PATCH}\\n]", spec_name];
    let args = defined.iter().map(OsString::from).chain(query.map(OsString::from)).collect();
    let names = program(folder, "rpmspec", args, Vec::new())?;
    let names = String::from_utf8_lossy(&names.output).into_owned();
    Ok(names.lines().filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Writes the source RPM of the spec `spec_name` in `folder`, which also has the sources, and returns its path. All
/// times in the package are `source_date`, in seconds since 1970; `defined` are the arguments for the macros of the
/// configuration. The warnings of rpmbuild are printed.
///
/// Errors: rpmbuild is not installed, or fails.
pub fn write_srpm(
    folder: &Path,
    spec_name: &str,
    source_date: u32,
    defined: &[String],
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let date = FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(source_date.into()));
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
        let path = entry?.path();
        let set = set_mode_and_date(&path, date);
        set.with_context(|| format!("cannot set mode and date of `{}`", path.display()))?;
    }
    let mut args: Vec<OsString> = vec!["-bs".into(), "--undefine=dist".into()];
    args.extend(defined.iter().map(OsString::from));
    for define in [
        "_sourcedir .",
        "_specdir .",
        "_srcrpmdir srpm",
        "_builddir /builddir/build/BUILD",
        "_buildrootdir /builddir/build/BUILDROOT",
        "_buildhost reproducible",
        "_source_payload w6.gzdio",
        "_srcdefattr (-,root,root)",
        "use_source_date_epoch_as_buildtime 1",
    ] {
        args.extend(["--define".into(), define.into()]);
    }
    args.push(spec_name.into());
    let said = program(folder, "rpmbuild", args, vec![("SOURCE_DATE_EPOCH", Some(source_date.to_string()))])?;
    for line in String::from_utf8_lossy(&said.errors).lines().filter(|line| line.contains("warning:")) {
        progress.warn(&format!("rpmbuild: {}", line.trim().trim_start_matches("warning: ")));
    }
    let mut made = fs::read_dir(folder.join("srpm")).context("rpmbuild wrote nothing")?;
    let first = made.next().context("rpmbuild wrote nothing")?;
    Ok(first?.path())
}

/// Sets what rpmbuild writes into the package of a file. Folders are left alone: `%(rpm -q …)` in a spec makes a database here.
fn set_mode_and_date(path: &Path, date: FileTimes) -> std::io::Result<()> {
    let found = path.metadata()?;
    if !found.is_file() {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(if found.mode() & 0o100 != 0 { 0o755 } else { 0o644 }))?;
    File::options().append(true).open(path)?.set_times(date)
}

/// The tags whose text has no macro left. A description may show one.
const EXPANDED: [HeaderTag; 10] = [
    HeaderTag::LICENSE,
    HeaderTag::URL,
    HeaderTag::SUMMARY,
    HeaderTag::GROUP,
    HeaderTag::VENDOR,
    HeaderTag::PACKAGER,
    HeaderTag::SOURCE,
    HeaderTag::PATCH,
    HeaderTag::EXCLUDEARCH,
    HeaderTag::EXCLUSIVEARCH,
];

/// `Err` if a tag of the source RPM has a macro that nobody has defined. rpmbuild prints a warning only.
pub fn require_expanded(made: &PackageFile) -> Result<(), Failure> {
    let header = &made.head.header;
    let dependencies = [DependencyKind::Requires, DependencyKind::Conflicts].map(|kind| header.dependencies(kind));
    let mut texts = vec![made.nevra.file_name()];
    for dependency in dependencies.into_iter().flatten() {
        texts.extend([dependency.name, dependency.version].map(|text| read_text(text).into_owned()));
    }
    for tag in EXPANDED {
        texts.extend(header.texts(tag).map(|text| read_text(text).into_owned()));
    }
    let Some(text) = texts.iter().find(|text| text.contains("%{")) else { return Ok(()) };
    let name = text.split("%{").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let name = name.trim_start_matches(['?', '!']);
    let message = format!("a tag of the source RPM is `{text}`: this machine has no macro `{name}`");
    Err(Failure::new(Exit::Failed, message)
        .help(format!("define it in the spec, as `%global {name} VALUE`, or install the package that defines it")))
}

/// Runs a program of rpm. It gets none of the user's variables and files: a `~/.rpmmacros` would change the source RPM.
fn program(
    folder: &Path,
    name: &str,
    args: Vec<OsString>,
    mut variables: Vec<(&'static str, Option<String>)>,
) -> Result<Said> {
    variables.push(("HOME", Some(folder.display().to_string())));
    variables.push(("LC_ALL", Some("C.UTF-8".to_owned())));
    let program = Program { program: name.as_ref(), args, folder, variables, input: Vec::new() };
    let said = program.run_alone_within(LIMIT)?;
    if said.status.success() {
        return Ok(said);
    }
    let help = "correct the spec; the defines above come from this program";
    Err(program.failure(&said).help(help).into())
}
