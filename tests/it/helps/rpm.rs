//! Helps about builds and about crates. A plan is enough to see that a build is no longer refused.

use super::{commands_of, follow, run_shell};
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
    let refused = project.releng(&plan);
    assert_ne!(refused.code, 0, "{}", refused.stdout);
    refused.says(&[&format!("help: {help}")]);
    project.commit("Configure", &[(CONFIG, right)]);
    project.releng(&plan).exits(0);
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
    configure(COMPILED, foreign, &[], "build it with another `rpm.backend`, or leave it out with `--dist`", mock);
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

#[test]
fn crates_that_cannot_be_had_are_left_out() {
    let manifest =
        "[package]\nname = \"demo\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"=1.0.0\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"demo\"\nversion = \"0.0.0\"\ndependencies = [\n \"itoa\",\n]\n\n\
        [[package]]\nname = \"itoa\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
        checksum = \"1aab8fc367588b89dcee83ab0fd66b72b50b72fa1904d7095045ace2b0c81c35\"\n";
    let project = Sandbox::released(&[
        ("Cargo.toml", manifest),
        ("Cargo.lock", lock),
        ("src/lib.rs", ""),
        (".gitignore", "/target\n/empty\n"),
    ]);
    project.write("empty/.keep", "");
    let home = project.join("empty").display().to_string();
    let variables = [("CARGO_HOME", home.as_str()), ("CARGO_NET_OFFLINE", "true")];
    let refused = run_in(project.path(), PROGRAM, &["dist", "--no-stage"], &variables).exits(1);
    let flag =
        commands_of(&refused.says(&["leave the vendor archive out"])).into_iter().find(|word| word == "--no-vendor");
    run_shell(project.path(), &format!("releng dist --no-stage {}", flag.unwrap())).exits(0);
}

#[test]
fn a_crate_in_the_project_is_committed() {
    let manifest = "[package]\nname = \"demo\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\npart = { path = \"part\" }\n";
    let part = "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"demo\"\nversion = \"0.0.0\"\ndependencies = [\n \"part\",\n]\n\n\
        [[package]]\nname = \"part\"\nversion = \"0.1.0\"\n";
    let config = (CONFIG, "[source]\nvendor = \"cargo\"\n");
    let files =
        [("Cargo.toml", manifest), ("Cargo.lock", lock), ("src/lib.rs", ""), (".gitignore", "/target\n"), config];
    let project = Sandbox::released(&files);
    let dist = |project: &Sandbox| run_in(project.path(), PROGRAM, &["dist", "--no-stage"], &[]);
    dist(&project).exits(1).says(&["help: commit `part/Cargo.toml`"]);
    project.commit(
        "Commit it",
        &[("part/Cargo.toml", part), ("part/src/lib.rs", ""), (".gitattributes", "/part export-ignore\n")],
    );
    dist(&project).exits(1).says(&["if it is committed, `.gitattributes` has `export-ignore` for it: remove that"]);
    project.commit("Remove that", &[(".gitattributes", "")]);
    let made = dist(&project);
    assert!(!made.stderr.contains("help: commit"), "{}", made.stderr);
}
