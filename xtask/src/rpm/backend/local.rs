//! `rpmbuild --rebuild` on this machine, for the dist of this machine.
//!
//! The environment is scrubbed: cargo's variables (we run under `cargo xtask`), macros in a home folder and the network
//! would all get into `%build`. The build finds itself in the same place wherever its folder is, and neither the host's name
//! nor its clock reach the packages: two builds give the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::process::{BUILD_PLACE, Isolation, Program, can_enclose_builds};
use crate::project::config::{Arch, BackendKind, Dist, RpmKeys};
use crate::rpm::backend::here::{Builder, Call, INPUT, give, inherited, judge_rpmbuild};
use crate::rpm::backend::model::{defines, repeatable};
use crate::rpm::backend::{Srpm, Target};

/// What the folder of a build is called in what it makes.
const SHOWN_FOLDER: &str = "/builddir/build";

/// The machine we run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its dist; `local` where packages are named after none.
    pub dist: Dist,
    /// Its architecture.
    pub arch: Arch,
}

impl Host {
    /// This machine.
    pub fn load() -> Host {
        let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        Host { dist: Dist::of_machine(&os_release), arch: Arch::of_machine() }
    }
}

/// The limit of a question to rpm, which answers at once unless its database is locked.
const QUERY_LIMIT: Duration = Duration::from_secs(60);

/// The backend `local`.
pub struct Local {
    host: Host,
    portable_noarch: bool,
    /// Whether rpm knows what is installed here. Debian's does not, and then no build requirement is ever met.
    knows_installed: bool,
}

impl Local {
    /// Errors: there is no rpmbuild.
    pub fn new(keys: &RpmKeys) -> Result<Local> {
        let rpm = |args: &[&str], program: &str| {
            let args = args.iter().map(Into::into).collect();
            Program { program: program.as_ref(), args, folder: Path::new("/"), variables: vec![], input: vec![] }
                .run_within(QUERY_LIMIT)
        };
        rpm(&["--version"], "rpmbuild")?;
        let knows_installed = rpm(&["-q", "--quiet", "rpm"], "rpm")?.status.success();
        Ok(Local { host: Host::load(), portable_noarch: keys.portable_noarch, knows_installed })
    }
}

impl Builder for Local {
    fn settings(&self, part: &(Target, String)) -> String {
        format!("{} on {} {}", BackendKind::Local, self.host.dist, part.0.arch)
    }

    fn name(&self, srpm: &Srpm, target: &Target) -> Result<String, Failure> {
        let Host { dist, arch } = &self.host;
        if target.dist == *dist && target.arch == *arch {
            return Ok("rpmbuild".to_owned());
        }
        if srpm.is_noarch && self.portable_noarch {
            return Ok("rpmbuild, portable noarch".to_owned());
        }
        let message = format!(
            "refusing to build for {target}: this machine is {dist} {arch}, and the backend `local` builds for itself"
        );
        let help = match srpm.is_noarch {
            true => {
                "build it with another `rpm.backend`; or set `rpm.portable-noarch` for a noarch package that fits everywhere"
            }
            false => "build it with another `rpm.backend`, or leave it out with `--dist`",
        };
        Err(Failure::new(Exit::Usage, message).help(help))
    }

    fn notes(&self) -> Vec<String> {
        let unchecked = "rpm does not know what is installed here: build requirements are not checked";
        let open =
            "this system has no namespaces for us: builds see the network, and their paths may get into packages";
        let notes = [(!self.knows_installed).then_some(unchecked), (!is_enclosed()).then_some(open)];
        notes.into_iter().flatten().map(str::to_owned).collect()
    }

    fn call(&self, srpm: &Srpm, part: &(Target, String), scratch: &Path) -> Result<Call> {
        for folder in ["top", "home", "tmp"].map(|name| scratch.join(name)) {
            fs::create_dir(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        let given = give(srpm, scratch)?;
        // Where the build finds itself.
        let place = if is_enclosed() { Path::new(BUILD_PLACE) } else { scratch };
        let (top, home, tmp) = (place.join("top"), place.join("home"), place.join("tmp"));
        let shown = |path: PathBuf| path.display().to_string();
        let mut macros = repeatable();
        macros.extend([("_topdir", shown(top.clone())), ("_tmppath", shown(tmp.clone()))]);
        macros.extend(part.0.dist.macros());
        let mut args = vec!["--rebuild".to_owned()];
        args.extend((!self.knows_installed).then(|| "--nodeps".to_owned()));
        args.extend(defines(&macros));
        args.push(shown(place.join(INPUT).join(given.file_name().unwrap_or_default())));
        let renamed = format!("{}={SHOWN_FOLDER}", top.display());
        let mut environment = inherited();
        let mut set = |name: &str, value: String| environment.push((name.to_owned(), value));
        set("HOME", shown(home.clone()));
        set("TMPDIR", shown(tmp));
        set("SOURCE_DATE_EPOCH", srpm.date.to_string());
        set("CARGO_HOME", shown(home.join("cargo")));
        set("RUSTFLAGS", format!("--remap-path-prefix={renamed}"));
        // C that a Rust crate compiles: flags for its compiler alone, since `%configure` takes CFLAGS for all there are.
        let triple = format!("{}_unknown_linux_gnu", self.host.arch);
        set(&format!("CFLAGS_{triple}"), format!("-ffile-prefix-map={renamed}"));
        set(&format!("CXXFLAGS_{triple}"), format!("-ffile-prefix-map={renamed}"));
        environment.extend(rustup_home().map(|path| ("RUSTUP_HOME".to_owned(), shown(path))));
        let args = args.into_iter().map(Into::into).collect();
        let isolation = if is_enclosed() { Isolation::Build } else { Isolation::None };
        Ok(Call { program: "rpmbuild", args, environment, isolation })
    }

    fn results(&self) -> &'static str {
        "top/RPMS"
    }

    fn judge(&self, code: i32, log: &str) -> Result<String, Failure> {
        Ok(judge_rpmbuild(code, log))
    }
}

/// Whether a build is shut off; not where its place would hide the compiler.
fn is_enclosed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut needed = std::env::split_paths(&path).chain(rustup_home());
    can_enclose_builds() && !needed.any(|needed| needed.starts_with(BUILD_PLACE))
}

/// Where rustup keeps its toolchains: its `cargo` on PATH needs them, whatever HOME is.
fn rustup_home() -> Option<PathBuf> {
    let stated = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    stated.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".rustup"))).filter(|path| path.is_dir())
}

/// What names the version of an interpreter in a path or dependency of a package, and so binds it to its dist.
pub fn interpreter_in(text: &str) -> Option<&'static str> {
    const NUMBERED: [&str; 6] = ["python", "perl", "ruby", "lua", "php", "node"];
    const ABIS: [(&str, &str); 6] = [
        ("python(abi)", "python"),
        ("perl(:", "perl"),
        ("ruby(release)", "ruby"),
        ("lua(abi)", "lua"),
        ("php(api)", "php"),
        ("nodejs(abi", "node"),
    ];
    if let Some((_, name)) = ABIS.iter().find(|(abi, _)| text.starts_with(abi)) {
        return Some(name);
    }
    NUMBERED.into_iter().find(|name| {
        text.match_indices(name).any(|(at, _)| {
            // `python3.11`, `perl5/5.36`, `ruby/3.1`: digits, then a dot and a digit, within what follows the name.
            let rest = text[at + name.len()..].trim_start_matches(['/', '-']);
            let number: String = rest.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').collect();
            let number = match rest.split_once('/') {
                Some((first, second)) if first == number && !number.contains('.') => second,
                _ => &number,
            };
            let parts: Vec<&str> = number.split('.').take(2).collect();
            let is_number = |part: &&str| part.starts_with(|first: char| first.is_ascii_digit());
            parts.len() == 2 && parts.iter().all(is_number)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreters_version_binds_a_package_to_its_dist() {
        for text in [
            "/usr/lib/python3.11/site-packages/lago",
            "python(abi)",
            "/usr/bin/python3.9",
            "/usr/share/perl5/5.36/Lago.pm",
            "perl(:MODULE_COMPAT_5.36.0)",
            "/usr/share/ruby/3.1/lago.rb",
            "/usr/share/lua/5.4/lago.lua",
        ] {
            assert!(interpreter_in(text).is_some(), "{text}");
        }
        for text in [
            "/usr/share/lago/python3/lago.py",
            "python3",
            "/usr/bin/python3",
            "/usr/share/perl5/Lago.pm",
            "perl(Carp)",
            "/usr/share/doc/lago-1.0.4",
            "/usr/share/lua",
        ] {
            assert_eq!(interpreter_in(text), None, "{text}");
        }
    }
}
