//! `rpmbuild --rebuild` on this machine, for the dist of this machine.
//!
//! A build gets neither the environment variables that cargo sets for `cargo xtask`, nor the macros of the home folder,
//! nor the network. It always runs at the same path, and the packages contain neither the name of the host nor the
//! time: two builds give the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure, committed};
use crate::base::process::{BUILD_PLACE, Isolation, Program, build_isolation, inherited_variables, rustup_home};
use crate::project::config::{Arch, BackendKind, Dist, RpmKeys};
use crate::rpm::backend::model::{configured_args, configured_settings, define_args, reproducible_macros};
use crate::rpm::backend::program::{BuildProgram, INPUT, ProgramCall, copy_srpm, explain_rpmbuild};
use crate::rpm::backend::{BuildPart, BuildTarget, SourceRpm};

/// The path that built files show in the place of the build folder.
const MAPPED_FOLDER: &str = "/builddir/build";

/// The machine that this program runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// `local` where the packages of this machine have no dist in their names.
    pub dist: Dist,
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
    keys: RpmKeys,
    /// Whether the database of rpm lists the installed packages. On Debian it is empty, and rpmbuild would find no build
    /// requirement installed.
    has_rpm_database: bool,
}

impl Local {
    /// Errors: rpmbuild is not installed.
    pub fn new(keys: &RpmKeys) -> Result<Local> {
        let run = |args: &[&str], program: &str| {
            let args = args.iter().map(Into::into).collect();
            Program { program: program.as_ref(), args, folder: Path::new("/"), variables: vec![], input: vec![] }
                .run_within(QUERY_LIMIT)
        };
        run(&["--version"], "rpmbuild")?;
        let has_rpm_database = run(&["-q", "--quiet", "rpm"], "rpm")?.status.success();
        Ok(Local { host: Host::load(), keys: keys.clone(), has_rpm_database })
    }
}

impl BuildProgram for Local {
    fn program(&self) -> &'static str {
        "rpmbuild"
    }

    fn settings(&self, part: &BuildPart) -> String {
        let defined = configured_settings(&self.keys);
        format!("{} on {} {}{defined}", BackendKind::Local, self.host.dist, part.target.arch)
    }

    fn build_env(&self, srpm: &SourceRpm, target: &BuildTarget) -> Result<String, Failure> {
        let Host { dist, arch } = &self.host;
        if target.dist == *dist && target.arch == *arch {
            return Ok("rpmbuild".to_owned());
        }
        if srpm.is_noarch && self.keys.portable_noarch {
            return Ok("rpmbuild, portable noarch".to_owned());
        }
        let message = format!(
            "refusing to build for {target}: this machine is {dist} {arch}, and the backend `local` builds for this machine only"
        );
        let help = if srpm.is_noarch {
            format!(
                "build it with another `rpm.backend`; or {}",
                committed("set `rpm.portable-noarch` if the noarch package works on every dist")
            )
        } else {
            format!("leave it out with `--dist`, or {}", committed("set another `rpm.backend`"))
        };
        Err(Failure::new(Exit::Usage, message).help(help))
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.has_rpm_database {
            notes.push("the rpm database of this machine is empty: build requirements are not checked".to_owned());
        }
        if build_isolation() == Isolation::None {
            let note =
                "namespaces are not available here: builds see the network, and their paths may get into packages";
            notes.push(note.to_owned());
        }
        notes
    }

    fn call(&self, srpm: &SourceRpm, part: &BuildPart, scratch: &Path) -> Result<ProgramCall> {
        for folder in ["top", "home", "tmp"].map(|name| scratch.join(name)) {
            fs::create_dir(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        let copied = copy_srpm(srpm, scratch)?;
        // The path of the scratch folder, as the build sees it.
        let isolation = build_isolation();
        let place = if isolation == Isolation::Build { Path::new(BUILD_PLACE) } else { scratch };
        let (top, home, tmp) = (place.join("top"), place.join("home"), place.join("tmp"));
        let shown = |path: PathBuf| path.display().to_string();
        let mut macros = reproducible_macros();
        macros.extend([("_topdir", shown(top.clone())), ("_tmppath", shown(tmp.clone()))]);
        macros.extend(part.target.dist.macros());
        let mut args = vec!["--rebuild".to_owned()];
        args.extend((!self.has_rpm_database).then(|| "--nodeps".to_owned()));
        args.extend(configured_args(&self.keys));
        args.extend(define_args(&macros));
        args.push(shown(place.join(INPUT).join(copied.file_name().unwrap_or_default())));
        let renamed = format!("{}={MAPPED_FOLDER}", top.display());
        let mut environment = inherited_variables();
        let mut set = |name: &str, value: String| environment.push((name.to_owned(), value));
        set("HOME", shown(home.clone()));
        set("TMPDIR", shown(tmp));
        set("SOURCE_DATE_EPOCH", srpm.date.to_string());
        set("CARGO_HOME", shown(home.join("cargo")));
        set("RUSTFLAGS", format!("--remap-path-prefix={renamed}"));
        // These flags are for the C code in Rust crates only: `%configure` would replace its own flags by CFLAGS.
        let triple = format!("{}_unknown_linux_gnu", self.host.arch);
        set(&format!("CFLAGS_{triple}"), format!("-ffile-prefix-map={renamed}"));
        set(&format!("CXXFLAGS_{triple}"), format!("-ffile-prefix-map={renamed}"));
        environment.extend(rustup_home().map(|path| ("RUSTUP_HOME".to_owned(), shown(path))));
        let args = args.into_iter().map(Into::into).collect();
        Ok(ProgramCall { args, environment, isolation })
    }

    fn results(&self) -> &'static str {
        "top/RPMS"
    }

    fn explain_exit(&self, _part: &BuildPart, code: i32, log: &str) -> Result<String, Failure> {
        Ok(explain_rpmbuild(code, log))
    }
}

/// The interpreter whose version is part of a path or dependency of a package. Such a package works only on dists with this
/// version.
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
    fn the_version_of_an_interpreter_is_found() {
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
