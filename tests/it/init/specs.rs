//! The specs that `init` writes: they are sound, and build packages that are installed and run.

use super::{kinds, packages};
use crate::support::program::{Ran, Sandbox, run_in};

const ARCH: &str = std::env::consts::ARCH;

/// Adopts a project without a spec; the package has the program `hello`, which runs.
#[track_caller]
fn builds(project: &Sandbox, package: &str, built_by: &str) -> Ran {
    let ran = packages(project, "0.1.2", package).prints_part(built_by);
    let spec = "target/dist/sources/hello.spec";
    run_in(project.path(), "rpmspec", &["-P", spec], &[]).exits(0);
    let linted = run_in(project.path(), "rpmlint", &[spec], &[]);
    assert!(linted.code == 0 && linted.stdout.contains(" 0 errors"), "{}{}", linted.stdout, linted.stderr);
    let root = Sandbox::bare();
    let file = project.join(&format!("target/dist/rpm/local/{package}"));
    let unpack = format!("rpm2cpio '{}' | cpio -id --quiet", file.display());
    run_in(root.path(), "sh", &["-c", &unpack], &[]).exits(0);
    let library = root.join("usr/lib/python3/dist-packages").display().to_string();
    let program = root.join("usr/bin/hello").display().to_string();
    run_in(root.path(), &program, &[], &[("PYTHONPATH", &library)]).exits(0).prints("hello\n");
    let licences = run_in(root.path(), "rpm", &["-qp", "--licensefiles", file.to_str().unwrap()], &[]).exits(0).stdout;
    assert!(licences.contains("/LICENSE\n"), "{licences}");
    ran
}

fn compiled() -> String {
    format!("{ARCH}/hello-0.1.2-1.{ARCH}.rpm")
}

#[test]
fn a_crate_is_built_with_vendored_crates() {
    let project = kinds::single_crate();
    let ran = builds(&project, &compiled(), "Rust: crate with the program `hello` (`Cargo.toml`)");
    ran.prints_part("  licence       MIT OR Apache-2.0 (by `Cargo.toml`)\n");
    let spec = std::fs::read_to_string(project.join("packaging/hello.spec.in")).unwrap();
    assert!(spec.contains("Summary:        Says hello to 100%% of the world\n"), "{spec}");
}

#[test]
fn a_workspace_is_built_with_its_programs() {
    builds(&kinds::workspace(), &compiled(), "Rust: workspace with the program `hello` (`Cargo.toml`)");
}

#[test]
fn a_crate_without_a_lock_file_gets_no_spec_until_it_has_one() {
    let project = kinds::single_crate();
    project.git(&["rm", "-q", "Cargo.lock"]);
    project.git(&["commit", "-q", "-m", "Unlock"]);
    project.releng(&["init"]).exits(0).prints_part("no spec is written: git has no `Cargo.lock`");
    project.releng(&["dist"]).exits(0);
    run_in(project.path(), "git", &["checkout", "-q", "HEAD^", "--", "Cargo.lock"], &[]).exits(0);
    let again = project.releng(&["init"]).exits(0).prints_part("write packaging/hello.spec.in: ");
    again.prints_part("`[[acceptance]]`: the project has a spec, and no test installs its packages");
}

#[test]
fn a_project_of_pbr_is_a_noarch_package() {
    builds(&kinds::pbr(), "noarch/hello-0.1.2-1.noarch.rpm", "Python, built by pbr (`setup.py`)");
}

#[test]
fn a_project_with_a_pyproject_file_is_a_noarch_package() {
    builds(&kinds::pyproject(), "noarch/hello-0.1.2-1.noarch.rpm", "Python (`pyproject.toml`)");
}

#[test]
fn a_project_of_autoconf_is_built() {
    builds(&kinds::autotools(), &compiled(), "built by autoconf and make (`configure.ac`)");
}

#[test]
fn a_project_of_meson_is_built() {
    builds(&kinds::meson(), &compiled(), "built by meson (`meson.build`)");
}

#[test]
fn a_project_of_cmake_is_built() {
    builds(&kinds::cmake(), &compiled(), "built by cmake (`CMakeLists.txt`)");
}

#[test]
fn setuptools_does_not_take_other_folders_for_packages() {
    let project = kinds::pyproject();
    let plan = project.releng(&["init", "--dry-run"]).exits(0);
    plan.prints_part("  add to pyproject.toml: the name of the package");
    project.write(
        "pyproject.toml",
        "[project]\nname = \"hello\"\nversion = \"1.0.2\"\nlicense = {text = \"Apache-2.0\"}\n[tool.setuptools]\nzip-safe = true\n",
    );
    let ran = project.releng(&["init"]).exits(0).prints_part("takes the folder `packaging` for one: name yours");
    assert!(!ran.stdout.contains("add to pyproject.toml"), "{}", ran.stdout);
    let ran = ran.prints_part("  licence       Apache-2.0 (by `pyproject.toml`)\n");
    ran.prints_part("`pyproject.toml` states the version 1.0.2, which is not used, and there is no release tag")
        .prints_part("write `initial = \"1.1\"` in place of `initial = \"0.1\"`");
}
