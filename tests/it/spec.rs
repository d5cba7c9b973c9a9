//! `spec` and `spec --check`, and what RPM says of the result.

use crate::support::program::{Sandbox, run_in};

const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\n\
                        License: MIT\nBuildArch: noarch\nSource0: @@SOURCE0@@\n\n%description\nText.\n\n%files\n\n\
                        %changelog\n@@CHANGELOG@@\n";

fn demo() -> Sandbox {
    let project = Sandbox::released(&[("packaging/demo.spec.in", TEMPLATE), (".gitignore", "*.spec\n")]);
    project.commit("Make it 100% better", &[("a", "1")]);
    project
}

fn rpmspec(project: &Sandbox, query: &str) -> String {
    let args = ["-q", "--srpm", "--qf", query, "packaging/demo.spec"];
    run_in(project.path(), "rpmspec", &args, &[]).exits(0).says_nothing().stdout
}

#[test]
fn the_spec_stands_beside_its_template_and_rpm_reads_it() {
    let project = demo();
    let path = project.join("packaging/demo.spec");
    project.releng(&["spec"]).exits(0).prints(&format!("{}\n", path.display()));
    run_in(project.path(), "rpmspec", &["-P", "packaging/demo.spec"], &[]).exits(0).says_nothing();
    let subject = format!("- {}: Make it 100% better", &project.git(&["rev-parse", "HEAD"])[..8]);
    let facts = "%{name} %{version} %{release}\n[%{changelogname}\n%{changelogtext}\n]";
    let facts = rpmspec(&project, facts);
    assert!(
        facts.starts_with(&format!("demo 1.0.1 1\nAda Example <ada@example.org> - 1.0.1-1\n{subject}\n")),
        "{facts}"
    );
}

#[test]
fn a_rendered_spec_is_checked_for_the_version_it_states() {
    let project = demo();
    project.releng(&["spec", "--check"]).exits(4).says(&["there is no rendered spec"]);
    project.releng(&["spec"]).exits(0);
    project.releng(&["spec", "--check"]).exits(0);
    project.commit("Later", &[("a", "2")]);
    project.releng(&["spec", "--check"]).exits(0).says(&["is up to date"]);
    project.write("packaging/demo.spec.in", TEMPLATE.replace("MIT", "GPL"));
    let words = ["line 5 is `License: MIT` and should be `License: GPL`", "help: render it again"];
    project.releng(&["spec", "--check", "packaging/demo.spec"]).exits(4).says(&words);
}

#[test]
fn a_changelog_of_the_templates_own_is_continued() {
    let project = demo();
    let own = "* Thu Mar 19 2020 A <a@b> - 1.0-1\n- mine\n";
    project.write("packaging/demo.spec.in", TEMPLATE.replace("@@CHANGELOG@@\n", own));
    let spec = project.releng(&["spec", "--out", "-"]).exits(0).stdout;
    let subject = format!("- {}: Make it 100%% better\n", &project.git(&["rev-parse", "HEAD"])[..8]);
    let (above, below) = spec.split_once("%changelog\n").unwrap().1.split_once("\n\n").unwrap();
    assert!(above.starts_with("* ") && format!("{above}\n").ends_with(&subject), "{above}");
    assert_eq!(below, own);
}

#[test]
fn a_version_may_come_through_a_macro() {
    let project = demo();
    let template = TEMPLATE.replace("Version: @@VERSION@@", "%global ver @@VERSION@@\nVersion: %{ver}");
    project.commit("Use a macro", &[("packaging/demo.spec.in", &template)]);
    project.releng(&["spec"]).exits(0);
    project.releng(&["spec", "--check"]).exits(0).says(&["is up to date"]);
}

#[test]
fn a_stated_version_needs_no_history() {
    let folder = Sandbox::bare();
    folder.write("packaging/release.toml", "");
    folder.write("demo.spec.in", TEMPLATE);
    let ran = folder.releng(&["spec", "--assume-version", "1.2.3", "--out", "-"]).exits(0);
    assert!(ran.stdout.contains("Version: 1.2.3\n"), "{}", ran.stdout);
    ran.says(&["there is no changelog"]);
}

#[test]
fn a_template_is_not_written_over() {
    let project = demo();
    project.git(&["mv", "packaging/demo.spec.in", "real.spec.in"]);
    project.write("packaging/release.toml", "[rpm]\nspec = \"real.spec.in\"\n");
    project.releng(&["spec", "--out", "real.spec.in"]).exits(2).says(&["refusing to write over"]);
    project.git(&["mv", "real.spec.in", "packaging/demo.spec.in"]);
    project.write("packaging/release.toml", "[rpm]\nspec = \"demo.spec\"\n");
    project.releng(&["spec"]).exits(2).says(&["the spec `demo.spec` is not there"]);
    std::fs::remove_file(project.join("packaging/release.toml")).unwrap();
    let refused = project.releng(&["spec", "--out", "packaging/demo.spec.in"]);
    refused.exits(2).says(&["refusing to write over", "help: name another file"]);
    let device = project.releng(&["spec", "--out", "/dev/null"]).exits(0);
    device.prints("/dev/null\n");
}

#[test]
fn a_check_does_not_believe_a_version_that_never_was() {
    let project = demo();
    project.releng(&["--assume-version", "9.9.9", "spec"]).exits(0);
    project.releng(&["spec", "--check"]).exits(4).says(&["of version 9.9.9, which no commit of the mainline had"]);
    project.write("packaging/demo.spec", "Name: demo\n");
    project.releng(&["spec", "--check"]).exits(4).says(&["states no `Version:`"]);
}

#[test]
fn a_repackaged_spec_is_checked_with_its_release() {
    let project = demo();
    project.releng(&["spec", "--release", "3"]).exits(0);
    project.releng(&["spec", "--check"]).exits(0);
    assert!(rpmspec(&project, "%{release}").starts_with('3'));
}

#[test]
fn a_tracked_spec_is_compared_without_its_numbers() {
    let project = demo();
    project.releng(&["spec"]).exits(0);
    project.git(&["add", "--force", "packaging/demo.spec"]);
    project.commit("Track the spec", &[]);
    project.commit("And go on", &[("a", "2")]);
    project.releng(&["spec", "--check"]).exits(0);
    project.write("packaging/demo.spec.in", TEMPLATE.replace("%files\n", "%files\n%license LICENSE\n"));
    project.releng(&["spec", "--check"]).exits(4).says(&["should be `%license LICENSE`"]);
}

#[test]
fn the_spec_has_the_configured_number_of_entries() {
    let project = demo();
    project.commit("Third", &[("packaging/release.toml", "[rpm]\nchangelog-entries = 2\n")]);
    project.releng(&["dist"]).exits(0);
    let entries = |file: &str| {
        let text = std::fs::read_to_string(project.join("target/dist/sources").join(file)).unwrap();
        text.lines().filter(|line| line.starts_with("* ")).count()
    };
    assert_eq!((entries("demo.spec"), entries("ChangeLog")), (2, 3));
}

#[test]
fn a_project_without_a_template_has_no_spec() {
    let project = Sandbox::released(&[("Cargo.toml", "[package]\nname = \"demo\"\n")]);
    project.releng(&["spec"]).exits(2).says(&["the project has no spec", "help: write a template"]);
    project.releng(&["dist"]).exits(0);
    assert!(!project.files("target/dist").iter().any(|file| file.ends_with(".spec")));
}

#[test]
fn our_own_spec_is_sound_on_every_dist() {
    let project = Sandbox::released(&[("Cargo.lock", "")]);
    let template = crate::support::text_of("packaging/releng.spec.in");
    project.commit("Our template", &[("packaging/releng.spec.in", &template)]);
    project.releng(&["spec", "--out", "releng.spec"]).exits(0);
    let requires = |dist: &[&str]| {
        let args = [&["-q", "--buildrequires", "releng.spec"], dist].concat();
        run_in(project.path(), "rpmspec", &args, &[]).exits(0).says_nothing().stdout
    };
    for (dist, wanted) in [
        (["--define=fedora 43", "--define=dist .fc43"], "cargo-rpm-macros >= 24\n"),
        (["--define=rhel 10", "--define=dist .el10"], "rust-toolset\n"),
        (["--define=rhel 9", "--define=dist .el9"], "cargo >= 1.88\n"),
        (["--define=rhel 8", "--define=dist .el8"], "cargo >= 1.88\n"),
    ] {
        assert!(requires(&dist).contains(wanted), "{dist:?}");
        run_in(project.path(), "rpmspec", &["-P", dist[0], dist[1], "releng.spec"], &[]).exits(0).says_nothing();
    }
    let lint = run_in(project.path(), "rpmlint", &["releng.spec"], &[]).exits(0);
    assert!(lint.stdout.contains(" 0 errors"), "{}", lint.stdout);
}
