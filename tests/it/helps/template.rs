//! Helps about the configuration and the spec template. They ask for an edit, which the test makes.

use std::fs;

use super::{commands_of, follow};
use crate::support::program::{Sandbox, run_in};

/// A spec template of the smallest kind.
pub const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: x\nLicense: MIT\nBuildArch: noarch\n\
                        %description\nx\n%files\n%changelog\n";
const CONFIG: &str = "packaging/release.toml";

/// A released project.
pub fn demo() -> Sandbox {
    Sandbox::released(&[("demo.spec.in", TEMPLATE), ("a.txt", "a\n"), (".gitignore", "/target\n")])
}

/// A project that makes a command fail, what the help says, and the files that mend it; an empty one is removed.
struct Mistake {
    files: &'static [(&'static str, &'static str)],
    args: &'static [&'static str],
    help: &'static str,
    mended: &'static [(&'static str, &'static str)],
}

#[track_caller]
fn mend(mistakes: &[Mistake]) {
    for Mistake { files, args, help, mended } in mistakes {
        let all = [&[("demo.spec.in", TEMPLATE), (".gitignore", "/target\n")], *files].concat();
        let present: Vec<(&str, &str)> = all.into_iter().filter(|(_, content)| !content.is_empty()).collect();
        let present: Vec<(&str, &str)> =
            present.into_iter().filter(|(path, _)| *path != "demo.spec.in" || !files.contains(&(path, ""))).collect();
        let project = Sandbox::released(&present);
        let failed = project.releng(args);
        assert!(failed.code == 1 || failed.code == 2, "{help}: {}{}", failed.code, failed.stderr);
        failed.says(&[&format!("help: {help}")]);
        for (path, _) in mended.iter().filter(|(_, content)| content.is_empty()) {
            fs::remove_file(project.join(path)).unwrap();
        }
        let written: Vec<(&str, &str)> = mended.iter().copied().filter(|(_, content)| !content.is_empty()).collect();
        project.commit("Mend it", &written);
        project.releng(args).exits(0);
    }
}

const SHOW: &[&str] = &["config"];
/// Makes a release.
pub const DIST: &[&str] = &["dist", "--no-stage"];

#[test]
fn a_configuration_is_corrected() {
    let edit = |wrong: &'static str, help: &'static str, right: &'static str| {
        let project = demo();
        project.write(CONFIG, wrong);
        let failed = project.releng(SHOW).exits(2).says(&[&format!("help: {help}")]);
        let named = commands_of(&failed);
        // What the help names between backticks is what the mended configuration has.
        let is_used = |word: &String| {
            right.contains(word.rsplit('.').next().unwrap().trim_end_matches("= \"…\"").trim_end_matches("= [\"…\"]"))
        };
        assert!(named.iter().any(is_used), "{named:?}: {right}");
        project.write(CONFIG, right);
        project.releng(SHOW).exits(0);
    };
    edit("[source]\nformat = [\"zip\"]\n", "did you mean `source.formats`?", "[source]\nformats = [\"zip\"]\n");
    edit(
        "[acceptance]\nname = \"a\"\nrun = [\"b\"]\n",
        "write `[[acceptance]]` in place",
        "[[acceptance]]\nname = \"a\"\nrun = [\"b\"]\n",
    );
    edit("[rpm]\ndists = \"el9\"\n", "write `dists = [\"…\"]`", "[rpm]\ndists = [\"el9\"]\n");
    edit("[rpm]\nportable-noarch = \"yes\"\n", "write `portable-noarch = true`", "[rpm]\nportable-noarch = true\n");
    edit("[repository]\nroot = 7\n", "write `root = \"…\"`", "[repository]\nroot = \"srv\"\n");
    edit("[repository]\nkeep-days = \"x\"\n", "write `keep-days = 1`", "[repository]\nkeep-days = 1\n");
    edit("rpm = 7\n", "write `[rpm]`", "[rpm]\n");
}

#[test]
fn a_name_and_a_template_are_written() {
    mend(&[
        Mistake {
            files: &[("demo.spec.in", "")],
            args: DIST,
            help: "write `[project]` and `name = \"…\"` into `packaging/release.toml`",
            mended: &[(CONFIG, "[project]\nname = \"demo\"\n")],
        },
        Mistake {
            files: &[("Cargo.toml", "[package\n"), ("demo.spec.in", "")],
            args: DIST,
            help: "correct it, or state `[project]` and `name = \"…\"` in `packaging/release.toml`",
            mended: &[("Cargo.toml", ""), (CONFIG, "[project]\nname = \"demo\"\n")],
        },
        Mistake {
            files: &[(CONFIG, "[rpm]\nspec = \"packaging/other.spec.in\"\n")],
            args: DIST,
            help: "commit it, or correct `rpm.spec` in `packaging/release.toml`",
            mended: &[(CONFIG, "[rpm]\nspec = \"demo.spec.in\"\n")],
        },
        Mistake {
            files: &[(CONFIG, "[rpm]\nspec = \"../demo.spec.in\"\n")],
            args: DIST,
            help: "name it relative to the root",
            mended: &[(CONFIG, "[rpm]\nspec = \"demo.spec.in\"\n")],
        },
        Mistake {
            files: &[(CONFIG, "[rpm]\nspec = \"a.txt\"\n")],
            args: DIST,
            help: "name a spec, or the template of one",
            mended: &[(CONFIG, "[rpm]\nspec = \"demo.spec.in\"\n")],
        },
        Mistake {
            files: &[("packaging/demo.spec.in", TEMPLATE)],
            args: DIST,
            help: "say which: `--spec demo.spec.in`; or write `[rpm]` and `spec = \"demo.spec.in\"` into `packaging/release.toml`",
            mended: &[(CONFIG, "[rpm]\nspec = \"demo.spec.in\"\n")],
        },
        Mistake {
            files: &[("demo.spec.in", ""), (CONFIG, "[project]\nname = \"demo\"\n")],
            args: &["spec", "--out", "-"],
            help: "write a template, with `Version: @@VERSION@@`, or name it: `[rpm]` and `spec = \"…\"`",
            mended: &[("packaging/demo.spec.in", TEMPLATE)],
        },
        Mistake {
            files: &[("demo.spec.in", ""), (CONFIG, "[project]\nname = \"demo\"\n")],
            args: &["srpm"],
            help: "write a template, `packaging/<name>.spec.in`, and commit it",
            mended: &[("packaging/demo.spec.in", TEMPLATE)],
        },
    ]);
}

#[test]
fn a_template_is_corrected() {
    const WRONG_MARKER: &str =
        "Name: demo\nVersion: @@VERSOIN@@\nRelease: 1\nSummary: x\nLicense: MIT\n%description\n%files\n%changelog\n";
    const OTHER_VERSION: &str =
        "Name: demo\nVersion: 3\nRelease: 1\nSummary: x\nLicense: MIT\n%description\n%files\n%changelog\n";
    const OTHER_NAME: &str =
        "Name: other\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\n%description\n%files\n%changelog\n";
    const FIXED_RELEASE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: x\nLicense: MIT\n%description\n%files\n%changelog\n";
    const NO_NUMBER: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: %{my_own}\nSummary: x\nLicense: MIT\n%description\n%files\n%changelog\n";
    const ANY_RELEASE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: x\nLicense: MIT\n%description\n%files\n%changelog\n";
    const MACRO: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x%{my_own}\nLicense: MIT\n%description\n%files\n%changelog\n";
    const DEFINED: &str = "%global my_own y\nName: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x%{my_own}\nLicense: MIT\n%description\n%files\n%changelog\n";
    const REQUIRES: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nBuildRequires: a%{my_own}\n%description\n%files\n%changelog\n";
    const REQUIRED: &str = "%global my_own y\nName: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nBuildRequires: a%{my_own}\n%description\n%files\n%changelog\n";
    const MISSING: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nSource1: demo.conf\n%description\n%files\n%changelog\n";
    const NO_SOURCE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nSource0: @@SOURCE0@@\nNoSource: 0\n%description\n%files\n%changelog\n";
    const SOURCE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nSource0: @@SOURCE0@@\n%description\n%files\n%changelog\n";
    const SHELL: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x%(echo y)\nLicense: MIT\n%description\n%files\n%changelog\n";
    const NAME_OF_DIST: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nSource1: x%{?dist}\n%description\n%files\n%changelog\n";
    const VENDOR: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: x\nLicense: MIT\nSource1: @@VENDOR@@\n%description\n%files\n%changelog\n";
    let native = |files, help, mended| Mistake { files, args: DIST, help, mended };
    mend(&[
        native(&[("demo.spec.in", WRONG_MARKER)], "the markers are `@@", &[("demo.spec.in", FIXED_RELEASE)]),
        native(
            &[("demo.spec.in", OTHER_VERSION)],
            "write `Version: @@VERSION@@` in the template",
            &[("demo.spec.in", FIXED_RELEASE)],
        ),
        native(
            &[("demo.spec.in", OTHER_NAME), (CONFIG, "[project]\nname = \"demo\"\n")],
            "correct the `Name:` of the spec",
            &[("demo.spec.in", FIXED_RELEASE)],
        ),
        native(&[("demo.spec.in", MACRO)], "define it in the spec, write `%%`", &[("demo.spec.in", DEFINED)]),
        native(
            &[("demo.spec.in", SHELL)],
            "set `rpm.srpm = \"rpmbuild\"`, and commit it: only",
            &[(CONFIG, "[rpm]\nsrpm = \"rpmbuild\"\n")],
        ),
        native(&[("demo.spec.in", MISSING)], "commit `demo.conf` beside the spec", &[("demo.conf", "x")]),
        native(&[("demo.spec.in", NO_SOURCE)], "remove the tag", &[("demo.spec.in", SOURCE)]),
        native(&[("demo.spec.in", NAME_OF_DIST)], "give each file a name of its own", &[("demo.spec.in", SOURCE)]),
        native(&[("demo.spec.in", VENDOR)], "commit a `Cargo.lock`, or set", &[("demo.spec.in", FIXED_RELEASE)]),
        Mistake {
            files: &[("demo.spec.in", NO_NUMBER)],
            args: &["spec", "--out", "-", "--release", "2"],
            help: "write `Release: @@RELEASE@@%{?dist}` in the template",
            mended: &[("demo.spec.in", ANY_RELEASE)],
        },
        Mistake {
            files: &[("demo.spec.in", REQUIRES), (CONFIG, "[rpm]\nsrpm = \"rpmbuild\"\n")],
            args: DIST,
            help: "define it in the spec, as `%global my_own VALUE`",
            mended: &[("demo.spec.in", REQUIRED)],
        },
        Mistake {
            files: &[
                ("demo.spec.in", "Name: demo\nVersion: @@VERSION@@\nRelease: 1\n%files\n%nonsense{\n"),
                (CONFIG, "[rpm]\nsrpm = \"rpmbuild\"\n"),
            ],
            args: DIST,
            help: "correct the spec; the defines above come from this program",
            mended: &[("demo.spec.in", FIXED_RELEASE)],
        },
    ]);
}

#[test]
fn a_template_in_another_encoding_is_converted() {
    let project = demo();
    project.write(
        "demo.spec.in",
        TEMPLATE.replace("Summary: x", "Summary: caf\u{e9}").chars().map(|it| it as u8).collect::<Vec<_>>(),
    );
    project.commit("Latin 1", &[]);
    let refused = project.releng(DIST).exits(2).says(&["is not UTF-8: line 4"]);
    let converted = follow(project.path(), &refused, "iconv", &[]).exits(0).stdout;
    project.commit("UTF-8", &[("demo.spec.in", &converted)]);
    project.releng(DIST).exits(0);
}

#[test]
fn a_file_that_no_archive_can_have_is_left_out() {
    const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    mend(&[
        Mistake {
            files: &[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), ("model.bin", POINTER)],
            args: DIST,
            help: "files tracked by `git lfs` must have their content in the commit",
            mended: &[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text export-ignore\n")],
        },
        Mistake {
            files: &[(".gitattributes", "*.txt working-tree-encoding=SHIFT-JIS\n"), ("x.txt", "x\n")],
            args: DIST,
            help: "commit the file as it should be released, and remove the attribute, or mark it `export-ignore`",
            mended: &[(".gitattributes", "*.txt export-ignore\n")],
        },
        Mistake {
            files: &[(".gitattributes", "*.txt export-subst\n"), ("x.txt", "$Format:%ar$\n")],
            args: DIST,
            help: "use placeholders of the commit itself",
            mended: &[("x.txt", "$Format:%H$\n")],
        },
        Mistake {
            files: &[(".gitattributes", "*.txt export-subst\n"), ("x.txt", "$Format:%(describe:match=v*)$\n")],
            args: DIST,
            help: "correct the pattern: it must match the tags of this project",
            mended: &[("x.txt", "$Format:%(describe:match=[0-9]*)$\n")],
        },
    ]);
}

#[test]
fn a_name_that_no_zip_can_have_is_changed() {
    let project = demo();
    let shell = |script: &str| run_in(project.path(), "sh", &["-c", script], &[]).exits(0);
    shell(r"printf x >$(printf 'a\377')");
    project.commit("Name it", &[]);
    project.releng(DIST).exits(1).says(&["rename the file, mark it `export-ignore`, or leave `zip` out"]);
    shell(r"mv $(printf 'a\377') a");
    project.commit("Rename it", &[]);
    project.releng(DIST).exits(0);
}
