//! Projects as they are in public: with a plain spec, a template of a build system, several specs, or none.

use std::fs;

use crate::support::program::{Sandbox, run_in};

const SPEC: &str = "%global forge https://example.org/lago\nName: lago\nVersion: 0.9\nRelease: 4%{?dist}\nSummary: A demonstration\n\
                    License: MIT\nURL: %{forge}\nBuildArch: noarch\nSource0: %{url}/archive/v%{version}.tar.gz\nSource1: lago.conf\n\n\
                    %description\nText.\n\n%prep\n%setup -q\n\n%install\ninstall -D -m 0644 a %{buildroot}%{_datadir}/lago/a\n\
                    install -m 0644 %{SOURCE1} %{buildroot}%{_datadir}/lago/\n\n%files\n%{_datadir}/lago\n\n%changelog\n\
                    * Thu Mar 19 2020 A <a@b> - 0.9-4\n- Written by hand\n";

/// A released project with a plain spec in a folder, and one commit more.
fn plain() -> Sandbox {
    let files = [("rpm/lago.spec", SPEC), ("rpm/lago.conf", "x = 1\n"), ("a", "1\n"), (".gitignore", "/target\n")];
    let project = Sandbox::released(&files);
    project.commit("Make it better", &[("a", "2\n")]);
    project
}

#[test]
fn a_plain_spec_is_rendered_and_built_and_not_changed() {
    let project = plain();
    let srpm = project.releng(&["srpm"]).exits(0).says_nothing_wrong().stdout;
    let query = "%{name} %{version} %{release}\n[%{source}\n][%{changelogname}\n]";
    let facts = run_in(project.path(), "rpm", &["-qp", "--qf", query, srpm.trim_end()], &[]).exits(0).stdout;
    let expected = "lago 1.0.1 1\nlago.conf\nlago-1.0.1.tar.gz\n\
                    Ada Example <ada@example.org> - 1.0.1-1\nAda Example <ada@example.org> - 1.0.0-1\nA <a@b> - 0.9-4\n";
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&facts), sorted(expected));
    project.releng(&["rpm", "--dist", "local", "--backend", "local"]).exits(0);
    let package = "target/dist/rpm/local/noarch/lago-1.0.1-1.noarch.rpm";
    let files = run_in(project.path(), "rpm", &["-qpl", package], &[]).exits(0).stdout;
    assert_eq!(files, "/usr/share/lago\n/usr/share/lago/a\n/usr/share/lago/lago.conf\n");
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    // The archive has the spec of the commit, and the rendered one.
    let members = run_in(project.path(), "tar", &["tf", "target/dist/sources/lago-1.0.1.tar.gz"], &[]).exits(0).stdout;
    assert!(members.contains("lago-1.0.1/rpm/lago.spec\n") && members.ends_with("lago-1.0.1/lago.spec\n"), "{members}");
    let again = project.releng(&["srpm", "--release", "2"]).exits(0).stdout;
    assert!(again.ends_with("lago-1.0.1-2.src.rpm\n"), "{again}");
}

#[test]
fn a_spec_in_the_root_is_replaced_in_the_archive_without_a_warning() {
    let project = Sandbox::released(&[("lago.spec", &SPEC.replace("Source1: lago.conf\n", "")), ("a", "1\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0).says_nothing_wrong();
    let archive = "target/dist/sources/lago-1.0.0.tar.gz";
    let spec = run_in(project.path(), "tar", &["xOf", archive, "lago-1.0.0/lago.spec"], &[]).exits(0).stdout;
    assert!(spec.contains("\nVersion: 1.0.0\nRelease: 1%{?dist}\n"), "{spec}");
    assert!(spec.contains("\nSource0: lago-1.0.0.tar.gz\n"), "{spec}");
    // The unpacked archive renders the same spec.
    run_in(project.path(), "tar", &["xf", archive], &[]).exits(0);
    let unpacked = project.join("lago-1.0.0").display().to_string();
    let rendered = project.releng(&["--project", &unpacked, "spec"]).exits(0);
    assert_eq!(rendered.stdout, spec);
}

#[test]
fn a_spec_is_changed_only_if_the_person_says_so() {
    let project = plain();
    let rendered = project.releng(&["spec"]).exits(0).stdout;
    assert!(rendered.contains("\nVersion: 1.0.1\n"), "{rendered}");
    assert_eq!(fs::read_to_string(project.join("rpm/lago.spec")).unwrap(), SPEC);
    project.releng(&["spec", "--check"]).exits(0).says(&["`", "lago.spec` can be rendered"]);
    project.releng(&["spec", "--out", "rpm/lago.spec"]).exits(2).says(&["refusing to write over"]);
    project.releng(&["spec", "--out", "copy.txt"]).exits(0);
    project.releng(&["spec", "--check", "copy.txt"]).exits(0).says(&["`copy.txt` is up to date"]);
    project.write("rpm/lago.spec", SPEC.replace("License: MIT", "License: GPL"));
    project.releng(&["spec", "--check", "copy.txt"]).exits(4).says(&["should be `License: GPL`"]);
    project.releng(&["spec", "--write", "--dry-run"]).exits(0).prints_part("rpm/lago.spec");
    project.releng(&["spec", "--write"]).exits(0);
    let written = fs::read_to_string(project.join("rpm/lago.spec")).unwrap();
    assert_eq!(written, rendered.replace("License: MIT", "License: GPL"));
    // A spec that was written is rendered to itself.
    project.git(&["commit", "-aqm", "Write it"]);
    assert_eq!(project.releng(&["--assume-version", "1.0.1", "spec"]).exits(0).stdout, written);
}

#[test]
fn a_marker_of_a_build_system_is_named() {
    let template = SPEC
        .replace("0.9\n", "@PACKAGE_VERSION@\n")
        .replace("lago.conf\n", "lago.conf\n@X_TRUE@Requires: x\n@X_FALSE@Requires: y\n");
    let files = [("rpm/lago.spec.in", template.as_str()), ("a", "1\n"), ("rpm/lago.conf", "x = 1\n")];
    let project = Sandbox::released(&files);
    let words = [
        "warning: no source RPM: `rpm/lago.spec.in`: line 11: only the build system knows the values of `@X_TRUE@`, `@X_FALSE@`",
    ];
    project.releng(&["dist", "--no-stage"]).exits(0).says(&words);
    assert!(project.join("target/dist/sources/lago-1.0.0.tar.gz").exists());
    let help = "help: state the value of each in `packaging/release.toml`, which may be empty: `[rpm]` and `markers = [\"X_TRUE=…\", \"X_FALSE=…\"]`";
    project.releng(&["srpm"]).exits(2).says(&["line 11", help, "set `rpm.srpm = \"none\"`"]);
    project.releng(&["spec"]).exits(2).says(&["line 11"]);
    project.commit("No source RPM", &[("packaging/release.toml", "[rpm]\nsrpm = \"none\"\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0).says_nothing_wrong();
    project.releng(&["srpm"]).exits(2).says(&["there is no source RPM"]);
    project.commit("State the value", &[("packaging/release.toml", "[rpm]\nmarkers = [\"X_TRUE=#\", \"X_FALSE=\"]\n")]);
    let srpm = project.releng(&["srpm"]).exits(0).stdout;
    assert!(srpm.ends_with("/lago-1.0.2-1.src.rpm\n"), "{srpm}");
    project.commit("Wrong", &[("packaging/release.toml", "[rpm]\nmarkers = [\"X_TRUE\"]\n")]);
    project.releng(&["srpm"]).exits(2).says(&["`X_TRUE` is not `NAME=VALUE` in one line"]);
}

#[test]
fn a_template_of_another_language_is_named() {
    let template = SPEC.replace("0.9\n", "{{ version }}\n");
    let project = Sandbox::released(&[("lago.spec.in", &template), ("a", "1\n"), ("lago.conf", "x = 1\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0).says(&["line 3: an expression of a template language"]);
    let words = ["line 3", "help: write a template of its own, `packaging/<name>.spec.in`", "`--packaging DIR`"];
    project.releng(&["srpm"]).exits(2).says(&words);
    let own = SPEC
        .replace("0.9\n", "@@VERSION@@\n")
        .replace("4%{?dist}", "@@RELEASE@@%{?dist}")
        .replace("%{url}/archive/v%{version}.tar.gz", "@@SOURCE0@@");
    project.commit("A template of its own", &[("packaging/lago.spec.in", &own)]);
    let srpm = project.releng(&["srpm"]).exits(0).stdout;
    assert!(srpm.ends_with("/lago-1.0.1-1.src.rpm\n"), "{srpm}");
}

#[test]
fn a_template_of_a_build_system_is_rendered() {
    let template = SPEC
        .replace("0.9\n", "@PACKAGE_VERSION@\n")
        .replace("Name: lago", "Name: @PACKAGE_NAME@")
        .replace("* Thu Mar 19 2020 A <a@b> - 0.9-4", "* @date@ A <a@b> - @version@-1");
    let configure = "AC_INIT([Lago], [0.9])\n";
    let files =
        [("lago.spec.in", template.as_str()), ("configure.ac", configure), ("a", "1\n"), ("lago.conf", "x = 1\n")];
    let project = Sandbox::released(&files);
    let srpm = project.releng(&["srpm"]).exits(0).says_nothing_wrong().stdout;
    let query = "%{name} %{version}\n[%{changelogname}\n]";
    let facts = run_in(project.path(), "rpm", &["-qp", "--qf", query, srpm.trim_end()], &[]).exits(0).stdout;
    assert_eq!(facts, "lago 1.0.0\nAda Example <ada@example.org> - 1.0.0-1\n");
}

#[test]
fn a_version_that_cannot_be_set_is_named() {
    let project = plain();
    let refused = |spec: &str, help: &str| {
        project.commit("Change the spec", &[("rpm/lago.spec", spec)]);
        project.releng(&["srpm"]).exits(2).says(&[&format!("help: {help}")]);
        project.releng(&["dist", "--no-stage"]).exits(0).says(&["warning: no source RPM", help]);
    };
    refused(&SPEC.replace("Version: 0.9\n", ""), "write `Version: @@VERSION@@`");
    let doubtful = SPEC.replace("Version: 0.9\n", "%if 0\nVersion: 0.9\n%endif\n%{!?x:Version: 0.8}\n");
    refused(&doubtful, "let `rpm/lago.spec` state its version in one `Version:` line");
    project.commit("Mend it", &[("rpm/lago.spec", SPEC)]);
    project.releng(&["srpm"]).exits(0);
}

#[test]
fn of_several_specs_one_is_stated() {
    let one = SPEC.replace("Source1: lago.conf\n", "");
    let two = one.replace("Name: lago", "Name: lago-extra");
    let packit = "packages:\n  lago:\n    specfile_path: lago.spec\n    paths: \n      - ./one\n  lago-extra:\n    \
                  specfile_path: two/lago-extra.spec\n";
    let project = Sandbox::released(&[
        ("one/lago.spec", &one),
        ("two/lago-extra.spec", &two),
        (".packit.yaml", packit),
        ("a", "1\n"),
        (".gitignore", "/target\n"),
    ]);
    let words =
        ["2 specs", "`one/lago.spec` (`Name: lago`)", "help: say which: `--spec one/lago.spec`; or write `[rpm]`"];
    project.releng(&["dist", "--no-stage"]).exits(2).says(&words);
    let extra = project.releng(&["--spec", "two/lago-extra.spec", "srpm"]).exits(0).stdout;
    assert!(extra.ends_with("/lago-extra-1.0.0-1.src.rpm\n"), "{extra}");
    project.git(&["remote", "add", "origin", "https://example.org/group/lago.git"]);
    let own = project.releng(&["srpm"]).exits(0).says(&["the name `lago` is the end of the address"]).stdout;
    assert!(own.ends_with("/lago-1.0.0-1.src.rpm\n"), "{own}");
}

#[test]
fn a_checkout_without_any_configuration_is_released() {
    for (file, text) in [("meson.build", "project('lago', 'c')\n"), ("go.mod", "module example.org/lago/v2\n")] {
        let project = Sandbox::unreleased(&[(file, text), ("a", "1\n")]);
        project
            .releng(&["--assume-version", "1.2.3", "dist", "--no-stage", "--no-vendor"])
            .exits(0)
            .says_nothing_wrong();
        let files = project.files("target/dist");
        assert!(files.contains(&"sources/lago-1.2.3.tar.gz".to_owned()), "{files:?}");
    }
    let nameless = Sandbox::unreleased(&[("a", "1\n")]);
    nameless.releng(&["--assume-version", "1.2.3", "dist", "--no-stage"]).exits(2).says(&["the project has no name"]);
}

#[test]
fn a_source_that_nobody_has_leaves_the_source_rpm_out() {
    let project = Sandbox::released(&[("lago.spec", SPEC), ("a", "1\n")]);
    let words = ["warning: no source RPM: the spec names the file `lago.conf`", "commit `lago.conf` beside the spec"];
    project.releng(&["dist", "--no-stage"]).exits(0).says(&words);
    project.releng(&["srpm"]).exits(1).says(&["the spec names the file `lago.conf`"]);
    project.commit("The file", &[("lago.conf", "x = 1\n")]);
    project.releng(&["srpm"]).exits(0);
}
