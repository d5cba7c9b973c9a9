//! `--packaging`: spec, configuration, patches and sources for a project of which nothing is edited.

use std::fs;

use crate::support::program::{Sandbox, run_in};

const SPEC: &str = "Name: lago\nVersion: 0\nRelease: 1%{?dist}\nSummary: A demonstration\nLicense: MIT\nBuildArch: noarch\n\
                    Source0: %{name}-%{version}.tar.xz\nSource1: lago.conf\nPatch0: better.patch\n\n%description\nText.\n\n\
                    %prep\n%autosetup -p1\n\n%install\ninstall -D -m 0644 a %{buildroot}%{_datadir}/lago/a\n\n\
                    %files\n%{_datadir}/lago\n\n%changelog\n";
const PATCH: &str = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n";

/// A project without configuration and spec, and a folder with both.
fn project_and_packaging() -> (Sandbox, Sandbox) {
    let project = Sandbox::unreleased(&[("a", "1\n"), (".gitignore", "/target\n")]);
    let packaging = Sandbox::bare();
    packaging.write("release.toml", "[version]\ninitial = \"2.0\"\n");
    packaging.write("lago.spec", SPEC);
    packaging.write("lago.conf", "x = 1\n");
    packaging.write("better.patch", PATCH);
    packaging.write("README", "not used\n");
    (project, packaging)
}

#[test]
fn a_project_is_packaged_from_outside() {
    let (project, packaging) = project_and_packaging();
    let folder = packaging.path().display().to_string();
    project.releng(&["--packaging", &folder, "version"]).exits(0).prints("2.0.1\n");
    let plan = project.releng(&["--packaging", &folder, "dist", "--dry-run"]).exits(0).stdout;
    assert!(plan.contains(&format!("take better.patch, lago.conf, lago.spec, release.toml from {folder}")), "{plan}");
    project.releng(&["--packaging", &folder, "dist", "--rpm"]).exits(0);
    let members = ["-qpl", "target/dist/sources/lago-2.0.1-1.src.rpm"];
    let members = run_in(project.path(), "rpm", &members, &[]).exits(0).stdout;
    for member in ["better.patch", "lago.conf", "lago.spec", "lago-2.0.1.tar.gz"] {
        assert!(members.lines().any(|line| line == member), "{member}: {members}");
    }
    let archive = "target/dist/sources/lago-2.0.1.tar.gz";
    let info = run_in(project.path(), "tar", &["xOf", archive, "lago-2.0.1/.release.json"], &[]).exits(0).stdout;
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    let named: Vec<&String> = info["packaging"].as_object().unwrap().keys().collect();
    assert_eq!(named, ["better.patch", "lago.conf", "lago.spec", "release.toml"]);
    let sum = run_in(packaging.path(), "sha256sum", &["better.patch"], &[]).exits(0).stdout;
    assert_eq!(info["packaging"]["better.patch"], sum.split(' ').next().unwrap());
    let snapshot = "target/repository/lago/unstable/2.0/latest/manifest.json";
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(project.join(snapshot)).unwrap()).unwrap();
    assert_eq!(manifest["release"]["packaging"], info["packaging"]);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    let status = project.releng(&["--packaging", &folder, "status"]).exits(0).stdout;
    assert!(status.contains("2.0.1"), "{status}");
}

#[test]
fn a_changed_patch_makes_another_release() {
    let (project, packaging) = project_and_packaging();
    let folder = packaging.path().display().to_string();
    let digest = || {
        let srpm = project.releng(&["--packaging", &folder, "srpm"]).exits(0).stdout;
        run_in(project.path(), "sha256sum", &[srpm.trim_end()], &[]).exits(0).stdout
    };
    let first = digest();
    assert_eq!(first, digest());
    packaging.write("better.patch", PATCH.replace("+2\n", "+3\n"));
    assert_ne!(first, digest());
}

#[test]
fn the_spec_of_the_folder_is_not_changed_by_itself() {
    let (project, packaging) = project_and_packaging();
    let folder = packaging.path().display().to_string();
    project.releng(&["--packaging", &folder, "spec"]).exits(0).prints_part("Version: 2.0.1\n");
    assert_eq!(fs::read_to_string(packaging.join("lago.spec")).unwrap(), SPEC);
    project.releng(&["--packaging", &folder, "config"]).exits(0).prints_part("release.toml:2");
    packaging.write("release.toml", "[version]\ninitail = \"2.0\"\n");
    let message = format!("`{folder}/release.toml` line 2: unknown key `version.initail`");
    project.releng(&["--packaging", &folder, "version"]).exits(2).says(&[&message]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (project, packaging) = project_and_packaging();
    let folder = packaging.join("nowhere").display().to_string();
    let words = ["`--packaging`: there is no folder", "help: name a folder with a spec or a `release.toml`"];
    project.releng(&["--packaging", &folder, "version"]).exits(2).says(&words);
    fs::create_dir(&folder).unwrap();
    packaging.write("nowhere/release.toml", "[version]\ninitial = \"2.0\"\n");
    project.releng(&["--packaging", &folder, "version"]).exits(0);
}
