//! The vendor archive: a project builds from it alone, without a network, and what stands in its way is said.

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: x\nLicense: MIT\n\
                        Source0: @@SOURCE0@@\nSource1: @@VENDOR@@\n%description\nx\n%files\n";

/// A Rust project with the given dependency; its lock file is made from what cargo has at hand.
fn crate_with(dependency: &str) -> Sandbox {
    let manifest = format!("[package]\nname = \"demo\"\nedition = \"2024\"\n[dependencies]\n{dependency}\n");
    let main = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }\n";
    let project = Sandbox::bare();
    project.git(&["init", "-q", "-b", "main"]);
    for (path, content) in [("Cargo.toml", manifest.as_str()), ("src/main.rs", main), ("demo.spec.in", TEMPLATE)] {
        project.write(path, content);
    }
    cargo(&project, &["generate-lockfile", "--offline"]).exits(0);
    project.commit("A crate", &[(".gitignore", "/target\n")]);
    project.git(&["tag", "1.0"]);
    project
}

/// Where the crates are that this project itself was built from.
fn cargo_home() -> Vec<(&'static str, String)> {
    std::env::var("CARGO_HOME").map(|home| vec![("CARGO_HOME", home)]).unwrap_or_default()
}

fn call(project: &Sandbox, program: &str, args: &[&str]) -> Ran {
    let home = cargo_home();
    let mut variables: Vec<(&str, &str)> = home.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.push(("CARGO_NET_OFFLINE", "true")); // what the tests need is there: nothing is fetched
    run_in(project.path(), program, args, &variables)
}

fn cargo(project: &Sandbox, args: &[&str]) -> Ran {
    call(project, "cargo", args)
}

fn dist(project: &Sandbox, args: &[&str]) -> Ran {
    call(project, PROGRAM, &[&["dist"], args].concat())
}

/// Builds what `dist` left, from the two archives alone: no network, nothing in CARGO_HOME.
fn builds_without_a_network(project: &Sandbox) {
    let elsewhere = Sandbox::bare();
    for archive in ["demo-1.0.0.tar.gz", "demo-1.0.0-vendor.tar.gz"] {
        let path = project.join("target/dist/sources").join(archive);
        let into = if archive.contains("vendor") { "demo-1.0.0" } else { "." };
        run_in(elsewhere.path(), "tar", &["xzf", path.to_str().unwrap(), "-C", into], &[]).exits(0);
    }
    elsewhere.write("cargo-home/.keep", "");
    let home = elsewhere.join("cargo-home");
    let build =
        "cd demo-1.0.0 && cargo --config vendor/config.toml build --offline --frozen --quiet && target/debug/demo";
    let args = ["--user", "--map-root-user", "--net", "sh", "-c", build];
    let ran = run_in(elsewhere.path(), "unshare", &args, &[("CARGO_HOME", home.to_str().unwrap())]);
    ran.exits(0).prints("42\n");
}

#[test]
fn a_crate_builds_from_tarball_and_vendor_archive_alone() {
    let project = crate_with("itoa = \"1\"");
    dist(&project, &[]).exits(0);
    builds_without_a_network(&project);
    let sums = || std::fs::read_to_string(project.join("target/dist/SHA256SUMS")).unwrap();
    let first = sums();
    assert!(
        first.contains("  sources/demo-1.0.0-vendor.tar.gz\n") && first.contains("  sources/demo-1.0.0-1.src.rpm\n")
    );
    dist(&project, &[]).exits(0);
    assert_eq!(sums(), first, "the same bytes twice");
}

#[test]
fn a_dependency_from_git_is_vendored_too() {
    let library = Sandbox::unreleased(&[
        ("Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"9.0.0\"\nedition = \"2024\"\n"),
        (
            "src/lib.rs",
            "pub struct Buffer;\nimpl Buffer {\n    pub fn new() -> Self { Buffer }\n    \
             pub fn format(&mut self, n: u8) -> String { n.to_string() }\n}\n",
        ),
    ]);
    let project = Sandbox::bare();
    let dependency = format!("itoa = {{ git = \"file://{}\" }}", library.path().display());
    let main = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }\n";
    let manifest = format!("[package]\nname = \"demo\"\nedition = \"2024\"\n[dependencies]\n{dependency}\n");
    project.git(&["init", "-q", "-b", "main"]);
    project.commit("A crate", &[("Cargo.toml", &manifest), ("src/main.rs", main), ("demo.spec.in", TEMPLATE)]);
    // A git dependency is fetched, here from a folder: cargo's own offline mode would refuse.
    run_in(project.path(), "cargo", &["generate-lockfile"], &[]).exits(0);
    project.commit("Lock it", &[]);
    project.git(&["tag", "1.0"]);
    run_in(project.path(), PROGRAM, &["dist"], &[]).exits(0);
    builds_without_a_network(&project);
}

#[test]
fn without_the_vendor_archive_there_is_no_source_rpm_that_needs_it() {
    let project = crate_with("itoa = \"1\"");
    dist(&project, &["--no-vendor"]).exits(0).says(&["no source RPM: it needs `demo-1.0.0-vendor.tar.gz`"]);
    let left = project.files("target/dist/sources");
    assert_eq!(
        left,
        [
            "ChangeLog",
            "demo-1.0.0.cdx.json",
            "demo-1.0.0.provenance.json",
            "demo-1.0.0.spdx.json",
            "demo-1.0.0.tar.gz",
            "demo-1.0.0.zip",
            "demo.spec"
        ]
    );
    call(&project, PROGRAM, &["srpm", "--no-vendor"]).exits(2).says(&["there is no source RPM"]);
}

#[test]
fn a_lock_file_that_is_out_of_date() {
    let project = crate_with("itoa = \"1\"");
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    project.commit("Another", &[("Cargo.toml", &(manifest + "anyhow = \"1\"\n"))]);
    dist(&project, &[]).exits(1).says(&["cargo vendor", "--locked", "help: bring the lock file up to date"]);
    assert!(project.files("target").iter().all(|file| file == ".gitignore"), "nothing is left");
}

#[test]
fn crates_that_cannot_be_had() {
    let project = crate_with("itoa = \"1\"");
    project.write("empty/.keep", "");
    let home = project.join("empty");
    let variables = [("CARGO_HOME", home.to_str().unwrap()), ("CARGO_NET_OFFLINE", "true")];
    let refused = run_in(project.path(), PROGRAM, &["dist"], &variables).exits(1);
    refused.says(&["cargo vendor", "itoa", "help: cargo fetches the crates from the network", "`--no-vendor`"]);
}

#[test]
fn no_lock_file() {
    let configured = "[source]\nvendor = \"cargo\"\n[project]\nname = \"demo\"\n";
    let project = Sandbox::released(&[("packaging/release.toml", configured)]);
    dist(&project, &[]).exits(2).says(&["the commit has no `Cargo.lock`", "vendor = \"none\""]);
    let template = Sandbox::released(&[("demo.spec.in", TEMPLATE)]);
    dist(&template, &[]).exits(2).says(&["line 7: `@@VENDOR@@`, and there is no vendor archive"]);
}

/// A crate with a dependency in `part/`, which the commit has.
fn crate_with_part() -> Sandbox {
    let project = Sandbox::bare();
    project.git(&["init", "-q", "-b", "main"]);
    project.write("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    project.write("part/src/lib.rs", "");
    let manifest = "[package]\nname = \"demo\"\nedition = \"2024\"\n[dependencies]\npart = { path = \"part\" }\n";
    for (path, content) in [("Cargo.toml", manifest), ("src/main.rs", "fn main() {}\n"), (".gitignore", "/target\n")] {
        project.write(path, content);
    }
    cargo(&project, &["generate-lockfile", "--offline"]).exits(0);
    project.commit("A crate", &[]);
    project.git(&["tag", "1.0"]);
    project
}

#[test]
fn the_help_of_a_failed_vendoring_has_its_cause() {
    let outside = crate_with_part();
    let elsewhere = Sandbox::bare();
    elsewhere.write("Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    elsewhere.write("src/lib.rs", "");
    let manifest = std::fs::read_to_string(outside.join("Cargo.toml")).unwrap();
    // A path that does not exist for the export of the commit.
    let away = format!("../{}", elsewhere.path().file_name().unwrap().to_string_lossy());
    outside.commit("Away", &[("Cargo.toml", &manifest.replace("\"part\" }", &format!("\"{away}\" }}")))]);
    dist(&outside, &[]).exits(1).says(&["help: a dependency has a `path` that leads out of the commit"]);

    let uncommitted = crate_with_part();
    uncommitted.git(&["rm", "-q", "-r", "--cached", "part"]);
    uncommitted.git(&["commit", "-q", "-m", "Lose it"]);
    dist(&uncommitted, &[]).exits(1).says(&["help: commit `part/Cargo.toml`"]);

    let ignored = crate_with_part();
    ignored.commit("Leave it out", &[(".gitattributes", "/part export-ignore\n")]);
    dist(&ignored, &[]).exits(1).says(&["help: commit `part/Cargo.toml`", "`export-ignore`"]);

    let submodule = crate_with_part();
    submodule.git(&["rm", "-q", "-r", "--cached", "part"]);
    let id = submodule.git(&["rev-parse", "HEAD"]);
    submodule.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},part")]);
    submodule.git(&["commit", "-q", "-m", "Use a submodule"]);
    dist(&submodule, &[]).exits(1).says(&["help: `part` is a submodule"]);

    let toolchain = crate_with_part();
    toolchain.write(
        "bin/cargo",
        "#!/bin/sh\necho \"error: rustup could not choose a version of cargo to run\" >&2\nexit 1\n",
    );
    run_in(toolchain.path(), "chmod", &["+x", "bin/cargo"], &[]).exits(0);
    let own = toolchain.join("bin/cargo");
    let ran = run_in(toolchain.path(), PROGRAM, &["dist"], &[("CARGO", own.to_str().unwrap())]);
    ran.exits(1).says(&["help: install the Rust toolchain"]);
}

#[test]
fn two_sources_of_one_crate() {
    let fork = Sandbox::unreleased(&[
        ("Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("src/lib.rs", ""),
    ]);
    let other = Sandbox::unreleased(&[
        ("Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("src/lib.rs", "\n"),
    ]);
    let line = |name: &str, at: &Sandbox| {
        format!("{name} = {{ package = \"part\", git = \"file://{}\" }}\n", at.path().display())
    };
    let dependencies = line("one", &fork) + &line("two", &other);
    let manifest = format!("[package]\nname = \"demo\"\nedition = \"2024\"\n[dependencies]\n{dependencies}");
    let project = Sandbox::bare();
    project.git(&["init", "-q", "-b", "main"]);
    project.commit("A crate", &[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    run_in(project.path(), "cargo", &["generate-lockfile"], &[]).exits(0);
    project.commit("Lock it", &[]);
    project.git(&["tag", "1.0"]);
    let ran = run_in(project.path(), PROGRAM, &["dist", "--no-stage"], &[]);
    ran.exits(1).says(&["help: take `part v0.1.0", "from one source only"]);
}

#[test]
fn a_workspace_may_be_below_the_root() {
    let project = crate_with("itoa = \"1\"");
    project.commit("Move it", &[("demo.spec.in", &TEMPLATE.replace("%files", "%prep\n%autosetup\n%files"))]);
    for path in ["Cargo.toml", "Cargo.lock", "src"] {
        project.write("rust/.keep", "");
        project.git(&["mv", path, &format!("rust/{path}")]);
    }
    let config = "[project]\nname = \"demo\"\n[source]\nvendor = \"cargo\"\n";
    project.commit("Move it", &[("packaging/release.toml", config)]);
    project.git(&["tag", "-f", "1.0"]);
    dist(&project, &["--no-stage"]).exits(2).says(&[
        "`source.vendor` is `cargo`, and the commit has no `Cargo.lock`",
        "set `[source]` and `manifest = \"rust/Cargo.toml\"` in `packaging/release.toml`",
    ]);
    let config = format!("{}manifest = \"rust/Cargo.toml\"\n", config.replace("vendor = \"cargo\"\n", ""));
    project.commit("Name it", &[("packaging/release.toml", &config)]);
    project.git(&["tag", "-f", "1.0"]);
    dist(&project, &["--no-stage"]).exits(0);
    let elsewhere = Sandbox::bare();
    for archive in ["demo-1.0.0.tar.gz", "demo-1.0.0-vendor.tar.gz"] {
        let path = project.join("target/dist/sources").join(archive);
        let into = if archive.contains("vendor") { "demo-1.0.0" } else { "." };
        run_in(elsewhere.path(), "tar", &["xzf", path.to_str().unwrap(), "-C", into], &[]).exits(0);
    }
    elsewhere.write("cargo-home/.keep", "");
    let home = elsewhere.join("cargo-home");
    let build = "cd demo-1.0.0 && cargo --config vendor/config.toml run --manifest-path rust/Cargo.toml --offline --frozen --quiet";
    let args = ["--user", "--map-root-user", "--net", "sh", "-c", build];
    let ran = run_in(elsewhere.path(), "unshare", &args, &[("CARGO_HOME", home.to_str().unwrap())]);
    ran.exits(0).prints("42\n");
}
