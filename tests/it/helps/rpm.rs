//! Helps about builds and about crates. A plan is enough to see that a build is no longer refused.

use super::{commands_of, follow};
use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::specs::{COMPILED, NOARCH};

const CONFIG: &str = "packaging/release.toml";

fn project(spec: &str, config: &str) -> Sandbox {
    let files = [("packaging/demo.spec.in", spec), (CONFIG, config), ("a", "1\n"), (".gitignore", "/target\n")];
    Sandbox::released(&[&files[..], &[("demo.c", crate::support::specs::PROGRAM)]].concat())
}

/// Plans builds, which is refused with this help; changes the configuration; plans them.
#[track_caller]
fn configure(spec: &str, wrong: &str, args: &[&str], help: &str, right: &str) {
    let project = project(spec, wrong);
    let plan = [&["rpm", "--dry-run"], args].concat();
    let path = stand_in_for_mock(&project);
    let releng = |args: &[&str]| run_in(project.path(), PROGRAM, args, &[("PATH", &path)]);
    let refused = releng(&plan);
    assert_ne!(refused.code, 0, "{}", refused.stdout);
    let refused = refused.says(&[&format!("help: {help}")]);
    if refused.stderr.contains("help: set `") || refused.stderr.contains("`rpm.") {
        refused.says(&[", and commit it"]);
    }
    project.commit("Configure", &[(CONFIG, right)]);
    releng(&plan).exits(0);
}

/// A PATH with a mock that a plan finds and does not run.
fn stand_in_for_mock(project: &Sandbox) -> String {
    use std::os::unix::fs::PermissionsExt;
    project.write("target/bin/mock", "#!/bin/false\n");
    std::fs::set_permissions(project.join("target/bin/mock"), std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", project.join("target/bin").display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_configuration_of_builds_is_completed() {
    let portable = "[rpm]\ndists = [\"el9\"]\nportable-noarch = true\n";
    let help = "set `dists = [\"el9\", \"fc42\"]` in `[rpm]` of `packaging/release.toml`";
    configure(
        NOARCH,
        "[rpm]\nbackend = \"mock\"\n",
        &[],
        help,
        "[rpm]\nbackend = \"mock\"\ndists = [\"el9\", \"fc42\"]\n",
    );
    let more = "[rpm]\ndists = [\"el9\", \"el8\"]\nportable-noarch = true\n";
    configure(NOARCH, portable, &["--dist", "el8"], "they are `el9`, `local`; add it to `rpm.dists`", more);
    let help = "build it with another `rpm.backend`; or set `rpm.portable-noarch`";
    configure(NOARCH, "[rpm]\ndists = [\"el9\"]\n", &[], help, portable);
    let (foreign, mock) = ("[rpm]\ndists = [\"el9\"]\n", "[rpm]\nbackend = \"mock\"\ndists = [\"el9\"]\n");
    configure(COMPILED, foreign, &[], "leave it out with `--dist`, or set another `rpm.backend`", mock);
    let unknown = "[rpm]\nbackend = \"mock\"\ndists = [\"suse15\"]\n";
    let named = format!("{unknown}[rpm.dist.suse15]\nmock = \"opensuse-leap-15-x86_64\"\n");
    configure(NOARCH, unknown, &[], "set `mock = \"…\"` in `[rpm.dist.suse15]`", &named);
    let container = "[rpm]\nbackend = \"container\"\ndists = [\"el9\"]\n[rpm.dist.el9]\n";
    let image = |digest: &str| format!("{container}container = \"example.org/build{digest}\"\n");
    let pinned = image(&format!("@sha256:{}", "0".repeat(64)));
    configure(NOARCH, container, &[], "set `container = \"…@sha256:…\"` in `[rpm.dist.el9]`", &pinned);
    configure(NOARCH, &image(""), &[], "pin it; `podman image inspect", &pinned);
    let copr = "[rpm]\nbackend = \"copr\"\ndists = [\"el9\"]\n";
    let owned = format!("{copr}[rpm.copr]\nproject = \"owner/name\"\n");
    configure(NOARCH, copr, &[], "set `project = \"owner/name\"` in `[rpm.copr]`", &owned);
    let defined = format!("{owned}[rpm.define]\nmy_macro = \"x\"\n");
    configure(NOARCH, &defined, &[], "write `%global` lines in the spec instead", &owned);
}

#[test]
fn a_newer_compiler_is_stated() {
    let config = |rust: &str| {
        format!(
            "[rpm]\nportable-noarch = true\ndists = [\"fc42\"]\n[source]\nvendor = \"none\"\n[rpm.dist.fc42]\nminimum-rust = \"{rust}\"\n"
        )
    };
    let project = project(NOARCH, &config("1.86"));
    project.commit("Rust", &[("Cargo.toml", "[package]\nname = \"demo\"\nrust-version = \"1.88\"\n")]);
    let refused = project.releng(&["rpm", "--dry-run"]).exits(2).says(&["if fc42 has a newer one by now"]);
    let line = commands_of(&refused).into_iter().find(|line| line.starts_with("minimum-rust")).unwrap();
    project.commit("State it", &[(CONFIG, &config("1.86").replace("minimum-rust = \"1.86\"", &line))]);
    project.releng(&["rpm", "--dry-run"]).exits(0);
}

#[test]
fn a_failed_build_is_repeated() {
    let project = project(&NOARCH.replace("%install\n", "%install\nfalse\n"), "");
    let failed = project.releng(&["rpm"]).exits(1).says(&["help: correct it, and build again"]);
    project.commit("Correct it", &[("packaging/demo.spec.in", NOARCH)]);
    follow(project.path(), &failed, "rpm --dist local", &[]).exits(0);
}

#[test]
fn a_crate_without_a_lock_file_is_locked_or_not_vendored() {
    let configured = "[source]\nvendor = \"cargo\"\n[project]\nname = \"demo\"\n";
    let project = Sandbox::released(&[(CONFIG, configured), (".gitignore", "/target\n")]);
    let dist = ["dist", "--no-stage"];
    project.releng(&dist).exits(2).says(&["commit the lock file, or set `[source]` and `vendor = \"none\"`"]);
    project.commit("None", &[(CONFIG, &configured.replace("cargo", "none"))]);
    project.releng(&dist).exits(0);
}
