//! The source RPM that `dist` and `srpm` make of a project, with both writers, as rpm sees it.

use std::path::Path;

use crate::support::program::{PROGRAM, Sandbox, run_in};

/// Like Lago's: a noarch package whose Source0 is an address, with a file and a patch of its own.
const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\n\
    License: MIT\nBuildArch: noarch\nSource0: https://example.org/%{name}-%{version}.tar.gz\nSource1: demo.service\n\
    Patch0: fix.patch\nBuildRequires: make\n\n%description\nText.\n\n%prep\n%autosetup\n\n%build\n\n%install\n\
    install -D -m 0644 a %{buildroot}/usr/share/demo/a\n\n%files\n/usr/share/demo/a\n\n%changelog\n";

const PATCH: &str = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n";

fn demo() -> Sandbox {
    let files = [("packaging/demo.spec.in", TEMPLATE), ("packaging/demo.service", "[Unit]\n"), ("fix.patch", PATCH)];
    let project = Sandbox::released(&files);
    project.commit("Go on", &[("a", "1\n")]);
    project
}

fn rpm(args: &[&str], package: &Path) -> String {
    run_in(Path::new("/"), "rpm", &[args, &[package.to_str().unwrap()]].concat(), &[]).exits(0).says_nothing().stdout
}

#[test]
fn the_source_rpm_has_what_the_spec_names_and_builds() {
    let project = demo();
    let path = project.releng(&["srpm"]).exits(0).stdout;
    let package = Path::new(path.trim_end());
    assert_eq!(package, project.join("target/dist/sources/demo-1.0.1-1.src.rpm"));
    assert!(rpm(&["-K"], package).ends_with("digests OK\n"));
    assert_eq!(rpm(&["-qpl"], package), "demo-1.0.1.tar.gz\ndemo.service\ndemo.spec\nfix.patch\n");
    assert!(rpm(&["-qp", "--changelog"], package).contains("- 1.0.1-1\n"));
    let topdir = format!("_topdir {}", project.join("rpmbuild").display());
    let args = ["--rebuild", "--nodeps", "--quiet", "--define", &topdir, package.to_str().unwrap()];
    run_in(project.path(), "rpmbuild", &args, &[]).exits(0);
    let built = project.join("rpmbuild/RPMS/noarch/demo-1.0.1-1.noarch.rpm");
    assert_eq!(rpm(&["-qpl"], &built), "/usr/share/demo/a\n");
}

#[test]
fn a_release_number_raises_the_package_alone() {
    let project = demo();
    let path = project.releng(&["srpm", "--release", "2"]).exits(0).stdout;
    assert!(path.ends_with("/demo-1.0.1-2.src.rpm\n"), "{path}");
    assert!(rpm(&["-qp", "--changelog"], Path::new(path.trim_end())).contains("- 1.0.1-2\n"));
}

#[test]
fn rpmbuild_writes_it_where_the_configuration_says_so() {
    let project = demo();
    let native = project.releng(&["srpm"]).exits(0).stdout;
    let query =
        "%{NVR} %{SIZE} %{BUILDTIME} %{BUILDHOST}\n[%{FILENAMES} %{FILEDIGESTS} %{FILEMTIMES}\n][%{REQUIRES}\n]";
    let wanted = rpm(&["-qp", "--qf", query], Path::new(native.trim_end()));
    // A macro that only rpm has, which the native writer refuses.
    let template = TEMPLATE.replace("%description\nText.", "%description\nFor %{_vendor}.");
    project.commit("Use a macro", &[("packaging/demo.spec.in", &template)]);
    project
        .releng(&["dist"])
        .exits(1)
        .says(&["line 13 of the spec: `%{_vendor}` is not resolved", "set `rpm.srpm = \"rpmbuild\"`"]);
    project.git(&["reset", "-q", "--hard", "HEAD~1"]);
    project.write("packaging/release.toml", "[rpm]\nsrpm = \"rpmbuild\"\n");
    let made = |umask: &str| {
        let script = format!("umask {umask} && exec {PROGRAM} srpm");
        let path = run_in(project.path(), "sh", &["-c", &script], &[]).exits(0).stdout;
        (rpm(&["-qp", "--qf", query], Path::new(path.trim_end())), std::fs::read(path.trim_end()).unwrap())
    };
    let (facts, bytes) = made("022");
    assert_eq!(facts, wanted);
    assert_eq!(made("077").1, bytes, "the same bytes twice");
}

#[test]
fn rpmbuild_gets_nothing_of_the_users_and_its_warnings_are_printed() {
    let project = demo();
    project.write("home/.rpmmacros", "%packager Mallory\n%_vendor_of_mine evil\n");
    project.write("home/.config/rpm/macros", "%packager Mallory\n");
    let entry = "%changelog\n* Mon Jan 02 2024 Ada Example <ada@example.org> - 0.9-1\n- Old\n";
    let template = TEMPLATE.replace("%changelog\n", entry).replace("Text.", "Text %{getenv:SECRET}.");
    let rpmbuild = ("packaging/release.toml", "[rpm]\nsrpm = \"rpmbuild\"\n");
    project
        .commit("Use rpmbuild", &[("packaging/demo.spec.in", &template), rpmbuild, (".gitignore", "/home\n/target\n")]);
    let home = project.join("home");
    let variables = [("HOME", home.to_str().unwrap()), ("SECRET", "evil"), ("XDG_CONFIG_HOME", "/nowhere")];
    let ran =
        run_in(project.path(), PROGRAM, &["srpm"], &variables).exits(0).says(&["rpmbuild: bogus date in %changelog"]);
    let facts = rpm(&["-qp", "--qf", "%{PACKAGER} %{DESCRIPTION}"], Path::new(ran.stdout.trim_end()));
    assert_eq!(facts, "(none) Text .");
}

#[test]
fn a_spec_may_ask_the_database_of_packages() {
    let project = demo();
    // Each query makes a database in the home folder of rpmbuild.
    let template = TEMPLATE.replace("Text.", "%(rpm -q bash >/dev/null; echo Text)");
    let rpmbuild = ("packaging/release.toml", "[rpm]\nsrpm = \"rpmbuild\"\n");
    project.commit("Ask", &[("packaging/demo.spec.in", &template), rpmbuild]);
    let path = project.releng(&["srpm"]).exits(0).stdout;
    assert_eq!(rpm(&["-qp", "--qf", "%{DESCRIPTION}"], Path::new(path.trim_end())), "Text");
}

#[test]
fn a_macro_that_the_machine_does_not_have_is_in_no_tag() {
    let project = demo();
    let template = TEMPLATE.replace("BuildRequires: make", "BuildRequires: python%{no_such_version}-devel");
    for writer in ["rpmbuild", "native"] {
        let config = format!("[rpm]\nsrpm = \"{writer}\"\n");
        project.commit("Go on", &[("packaging/demo.spec.in", &template), ("packaging/release.toml", &config)]);
        project.releng(&["srpm"]).exits(1).says(&["no_such_version", "help: define it in the spec"]);
    }
}

#[test]
fn a_source_rpm_that_lacks_a_source_is_refused_by_both_writers() {
    let project = demo();
    for tag in ["NoSource: 0", "NoPatch: 0"] {
        let template = TEMPLATE.replace("BuildRequires: make", tag);
        for writer in ["native", "rpmbuild"] {
            let config = format!("[rpm]\nsrpm = \"{writer}\"\n");
            project.commit("Go on", &[("packaging/demo.spec.in", &template), ("packaging/release.toml", &config)]);
            let ran = project.releng(&["srpm"]).exits(1).says(&[&tag[..tag.len() - 3], "help: remove the tag"]);
            assert!(!ran.stderr.contains("rpm.srpm"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_template_with_the_line_ends_of_windows_builds() {
    let project = demo();
    project.commit("From Windows", &[("packaging/demo.spec.in", &TEMPLATE.replace('\n', "\r\n"))]);
    let path = project.releng(&["srpm"]).exits(0).stdout;
    let topdir = format!("_topdir {}", project.join("rpmbuild").display());
    let args = ["--rebuild", "--nodeps", "--quiet", "--define", &topdir, path.trim_end()];
    run_in(project.path(), "rpmbuild", &args, &[]).exits(0);
    project.releng(&["spec"]).exits(0);
    project.releng(&["spec", "--check"]).exits(0);
}

#[test]
fn a_subject_of_more_than_a_mebibyte_is_an_entry_of_the_changelog() {
    let project = demo();
    let subject = "x".repeat((1 << 20) + 100);
    project.write("message", &subject);
    project.git(&["commit", "-q", "--allow-empty", "-F", "message"]);
    let path = project.releng(&["srpm"]).exits(0).stdout;
    let changelog = rpm(&["-qp", "--changelog"], Path::new(path.trim_end()));
    assert!(changelog.matches('x').count() >= subject.len(), "{}", changelog.len());
}

#[test]
fn a_pointer_is_no_source() {
    let project = demo();
    let digest = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n");
    let attributes = "packaging/demo.service export-ignore filter=lfs\n";
    project.commit("Point", &[("packaging/demo.service", &pointer), (".gitattributes", attributes)]);
    project.releng(&["dist"]).exits(1).says(&["`packaging/demo.service`", "LFS", "help:"]);
}

#[test]
fn a_source_keeps_its_mode() {
    let project = demo();
    project.git(&["update-index", "--chmod=+x", "packaging/demo.service"]);
    project.git(&["commit", "-q", "-m", "Run it"]);
    let path = project.releng(&["srpm"]).exits(0).stdout;
    let modes = rpm(&["-qp", "--qf", "[%{FILENAMES} %{FILEMODES:octal}\n]"], Path::new(path.trim_end()));
    assert!(modes.contains("demo.service 100755\n") && modes.contains("fix.patch 100644\n"), "{modes}");
}

#[test]
fn a_source_that_is_nowhere() {
    let project = demo();
    project.git(&["rm", "-q", "packaging/demo.service"]);
    project.commit("Lose it", &[]);
    project.releng(&["dist"]).exits(1).says(&["names the file `demo.service`, which is neither", "help: commit"]);
    assert_eq!(project.files("target/dist"), [""; 0]);
}

#[test]
fn a_spec_of_another_name_or_version() {
    for (from, to, words) in [
        ("Version: @@VERSION@@", "Version: 3.2.1", "the spec has `Version: 3.2.1`, and the project is demo 1.0.2"),
        ("Name: demo", "Name: other", "the spec has `Name: other`, and the project is demo 1.0.2"),
    ] {
        let project = demo();
        let config = ("packaging/release.toml", "[project]\nname = \"demo\"\n");
        project.commit("Differ", &[("packaging/demo.spec.in", &TEMPLATE.replace(from, to)), config]);
        project.releng(&["dist"]).exits(2).says(&[words, "help: "]);
    }
}

const EL_PATCH: &str = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-2\n+3\n";

/// What is for one distribution or architecture only.
const DISTS: &str = "%ifarch s390x\nBuildRequires: only-s390x\n%endif\n%if 0%{?rhel} && 0%{?rhel} < 10\n\
    %global compat el.patch\nSource2: el.conf\nPatch1: %{compat}\n%endif\n%{?suse_version:Source3: suse.conf}\n";

#[test]
fn the_source_rpm_has_the_files_of_all_distributions() {
    let project = demo();
    let template = TEMPLATE.replace("BuildRequires: make\n", DISTS);
    let install = "install -D -m 0644 a %{buildroot}/usr/share/demo/a";
    let template = template.replace(install, &format!("{install}\n%if 0%{{?rhel}}\ncp %{{SOURCE2}} a\n%endif"));
    let files = [("packaging/demo.spec.in", template.as_str()), ("packaging/el.conf", "el\n"), ("el.patch", EL_PATCH)];
    project.commit("For dists", &files);
    project.releng(&["srpm"]).exits(1).says(&["the spec names the file `suse.conf`"]);
    project.commit("For SUSE", &[("suse.conf", "suse\n")]);
    let path = project.releng(&["srpm"]).exits(0).stdout;
    let package = Path::new(path.trim_end());
    let listed = "demo-1.0.3.tar.gz\ndemo.service\ndemo.spec\nel.conf\nel.patch\nfix.patch\nsuse.conf\n";
    assert_eq!(rpm(&["-qpl"], package), listed);
    let topdir = format!("_topdir {}", project.join("rpmbuild").display());
    for rhel in ["unused 1", "rhel 9"] {
        let args =
            ["--rebuild", "--nodeps", "--quiet", "--define", &topdir, "--define", rhel, package.to_str().unwrap()];
        run_in(project.path(), "rpmbuild", &args, &[]).exits(0);
    }
    let one_name = template.replace("%global compat el.patch", "").replace("%{compat}", "el%{rhel}.patch");
    project.commit("A name for each", &[("packaging/demo.spec.in", &one_name)]);
    project.releng(&["srpm"]).exits(1).says(&["line 16 of the spec: `%{rhel}` is not defined"]);
    let varies = TEMPLATE.replace("demo.service", "demo%{?dist}.service");
    project.commit("A name with the dist", &[("packaging/demo.spec.in", &varies)]);
    project.releng(&["srpm"]).exits(1).says(&[
        "line 8 of the spec: the name of the file depends on %{dist}",
        "help: give each file a name of its own",
    ]);
}

#[test]
fn an_archive_that_the_spec_does_not_name_is_reported() {
    let project = demo();
    let template = TEMPLATE.replace("Source0: https://example.org/%{name}-%{version}.tar.gz\n", "");
    project.commit("Unpack nothing", &[("packaging/demo.spec.in", &template)]);
    project
        .releng(&["srpm"])
        .exits(1)
        .says(&["line 15 of the spec: `%autosetup` unpacks `Source0`, and there is none"]);
    let template = template.replace("%autosetup", "%autosetup -T -c");
    for writer in ["native", "rpmbuild"] {
        let config = format!("[rpm]\nsrpm = \"{writer}\"\n");
        project.commit("Go on", &[("packaging/demo.spec.in", &template), ("packaging/release.toml", &config)]);
        project.releng(&["srpm"]).exits(0).says(&["no `Source` of the spec names `demo-1.0."]);
    }
}

#[test]
fn the_architecture_of_the_configuration_decides() {
    let project = demo();
    let template = TEMPLATE
        .replace("BuildArch: noarch\n", "")
        .replace("make\n", "make a%{?_isa}\n%ifarch s390x\nBuildRequires: only-%{_lib}\n%endif\n");
    for (config, requires) in
        [("", "a(x86-64)\nmake\n"), ("[rpm]\narch = \"s390x\"\n", "a(s390-64)\nmake\nonly-lib64\n")]
    {
        let files = [("packaging/demo.spec.in", template.as_str()), ("packaging/release.toml", config)];
        project.commit("Go on", &files);
        let path = project.releng(&["srpm"]).exits(0).stdout;
        let names = rpm(&["-qp", "--requires"], Path::new(path.trim_end()));
        let names: String = names.split_inclusive('\n').filter(|name| !name.starts_with("rpmlib(")).collect();
        assert_eq!(names, requires);
    }
}
