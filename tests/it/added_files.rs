//! The files of the archives that the commit does not have: `PKG-INFO`, `AUTHORS` and those of `[[source.generate]]`.

use std::path::Path;

use crate::support::program::{Ran, Sandbox, run_in};

const CONFIG: &str = "packaging/release.toml";
const DIST: [&str; 2] = ["dist", "--no-stage"];
const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: x\nLicense: MIT\nBuildArch: noarch\n\
    Source0: @@SOURCE0@@\n%description\nx\n%prep\n%autosetup\n%files\n%doc AUTHORS README\n%changelog\n";

/// The text of a file in the archive that `dist` left.
#[track_caller]
fn member(project: &Sandbox, path: &str) -> String {
    tar(project, &["-xzOf", "target/dist/sources/demo-1.0.0.tar.gz", path]).exits(0).stdout
}

fn tar(project: &Sandbox, args: &[&str]) -> Ran {
    run_in(project.path(), "tar", args, &[])
}

fn members(project: &Sandbox) -> Vec<String> {
    let listed = tar(project, &["-tzf", "target/dist/sources/demo-1.0.0.tar.gz"]).exits(0).stdout;
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn a_project_of_pbr_has_its_metadata_and_its_authors() {
    let setup = "[metadata]\nname = demo-python\n";
    let mailmap = "Ada Lovelace <ada@example.org>\n<ben@new.example> <BEN@old.example>\nCleo <c@x> Clara <shared@x>\n";
    let project = Sandbox::unreleased(&[
        ("demo.spec.in", TEMPLATE),
        ("README", "x\n"),
        ("setup.py", "setup(pbr=True)\n"),
        ("setup.cfg", setup),
        (".mailmap", mailmap),
    ]);
    for author in
        ["Ben <ben@old.example>", "Clara <shared@x>", "Dan <SHARED@x>", "\u{c9}mile <e@x>", "Ben <ben@old.example>"]
    {
        project.git(&["commit", "-q", "--allow-empty", "-m", "Change", "--author", author]);
    }
    project.git(&["tag", "1.0"]);
    project.releng(&DIST).exits(0).says_nothing();
    let wanted = "Metadata-Version: 2.1\nName: demo-python\nVersion: 1.0.0\n";
    assert_eq!(member(&project, "demo-1.0.0/PKG-INFO"), wanted);
    let authors = "git log --format='%aN <%aE>' | LC_ALL=C sort -u";
    let authors = run_in(project.path(), "sh", &["-c", authors], &[]).exits(0).stdout;
    assert_eq!((member(&project, "demo-1.0.0/AUTHORS"), authors.lines().count()), (authors, 5));
}

#[test]
fn what_is_tracked_is_left_alone_and_other_projects_get_nothing() {
    let tracked = [("setup.py", "import pbr\n"), ("AUTHORS", "We\n"), ("PKG-INFO", "Version: 0\n")];
    let project = Sandbox::released(&[&tracked[..], &[("demo.spec.in", TEMPLATE), ("README", "x\n")]].concat());
    project.releng(&DIST).exits(0).says_nothing();
    for (path, content) in tracked {
        assert_eq!(member(&project, &format!("demo-1.0.0/{path}")), content);
    }
    let plain = TEMPLATE.replace("AUTHORS ", "");
    let project = Sandbox::released(&[("demo.spec.in", &plain), ("README", "x\n")]);
    project.releng(&DIST).exits(0).says_nothing();
    let expected = ["", "README", "demo.spec.in", "ChangeLog", ".release.json", "demo.spec"];
    assert_eq!(members(&project), expected.map(|path| format!("demo-1.0.0/{path}")));
    // A spec of any project may name the file.
    project.commit("Name the authors", &[("demo.spec.in", TEMPLATE)]);
    project.git(&["tag", "-f", "1.0"]);
    project.releng(&DIST).exits(0).says_nothing();
    assert_eq!(member(&project, "demo-1.0.0/AUTHORS"), "Ada Example <ada@example.org>\n");
}

/// A project whose configuration is `config`, with a file in the way of each kind.
fn generating(config: &str, files: &[(&str, &str)]) -> Sandbox {
    let all = [&[(CONFIG, config), ("src/version.py", "VERSION = 'git'\n"), ("README", "x\n")], files].concat();
    let project = Sandbox::unreleased(&all);
    for path in ["src/version.py", "make.sh"] {
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        drop(std::fs::set_permissions(project.join(path), executable));
    }
    project.git(&["commit", "-q", "-a", "-m", "Make it executable"]);
    project.git(&["tag", "1.0"]);
    project
}

const TEXTS: &str = "[project]\nname = \"demo\"\n[source]\nfolder = \"{name}_{version}\"\n\
    [[source.generate]]\npath = \"src/version.py\"\ntext = \"VERSION = '{version}' # {name} {{commit}} {date}\\n\"\n\
    [[source.generate]]\npath = \"new/folder/file\"\ntext = \"{x}\"\n";

#[test]
fn texts_are_filled_in_and_the_folder_has_its_name() {
    let project = generating(TEXTS, &[]);
    let head = project.git(&["rev-parse", "HEAD"]);
    project.releng(&["dist", "--no-stage", "--dry-run"]).exits(0).prints_part(
        "add src/version.py to the archives, in place of the tracked one\n  add new/folder/file to the archives\n",
    );
    project.releng(&DIST).exits(0).says_nothing();
    let expected = format!("VERSION = '1.0.0' # demo {{{head}}} {}\n", project.git(&["show", "-s", "--format=%cs"]));
    assert_eq!(member(&project, "demo_1.0.0/src/version.py"), expected);
    assert_eq!(member(&project, "demo_1.0.0/new/folder/file"), "{x}");
    let paths = members(&project);
    assert_eq!(paths.iter().filter(|path| path.ends_with("version.py")).count(), 1, "{paths:?}");
    let listed = tar(&project, &["-tvzf", "target/dist/sources/demo-1.0.0.tar.gz", "demo_1.0.0/src/version.py"]);
    assert!(listed.stdout.starts_with("-rwxrwxr-x root/root"), "{}", listed.stdout);
    // The unpacked archive is known again, and so is the archive of a snapshot.
    tar(&project, &["-xzf", "target/dist/sources/demo-1.0.0.tar.gz", "-C", "target"]).exits(0);
    project.releng(&["--project", "target/demo_1.0.0", "version"]).exits(0).prints("1.0.0\n");
    project.releng(&["stage"]).exits(0);
    project.releng(&["verify"]).exits(0);
}

const RUN: &str =
    "[project]\nname = \"demo\"\n[[source.generate]]\npath = \"src/version.py\"\nrun = [\"./make.sh\", \"src\"]\n";

#[test]
fn a_program_makes_a_file_in_an_export_without_the_outside() {
    let script = "#!/bin/sh\necho \"$0 $PWD $1 $RELENG_NAME $RELENG_VERSION $RELENG_COMMIT $RELENG_DATE\" >src/version.py\n\
        cat .release.json ChangeLog >/dev/null && ls -A | sort | tr '\\n' ' ' >>src/version.py\n\
        echo \"$SECRET$LANG$CARGO $SOURCE_DATE_EPOCH $TZ\" >>src/version.py\ncat /proc/net/dev | grep -c eth >>src/version.py\n\
        test -w \"$HOME\" && test -w \"$TMPDIR\"; echo made\n";
    let project = generating(RUN, &[("make.sh", script)]);
    project.write("untracked", "x");
    let made =
        || run_in(project.path(), crate::support::program::PROGRAM, &DIST, &[("SECRET", "s3cret"), ("LANG", "xx")]);
    made().exits(0).says_nothing();
    let (head, date) = (project.git(&["rev-parse", "HEAD"]), project.git(&["show", "-s", "--format=%cs %ct"]));
    let (day, seconds) = date.split_once(' ').unwrap();
    let expected = format!(
        "/srv/make.sh /srv src demo 1.0.0 {head} {day}\n.gitignore .release.json ChangeLog README make.sh packaging src \
         {empty} {seconds} UTC\n0\n",
        empty = ""
    );
    assert_eq!(
        member(&project, "demo-1.0.0/src/version.py").replace(".gitignore ", ""),
        expected.replace(".gitignore ", "")
    );
    let digest = || project.git(&["hash-object", "target/dist/sources/demo-1.0.0.tar.gz"]);
    let first = digest();
    made().exits(0);
    assert_eq!(first, digest());
}

#[test]
fn a_program_is_run_twice_when_it_is_new() {
    let script = "#!/bin/sh\necho run >>/tmp/$RELENG_COMMIT-runs\nmktemp -u >src/version.py\n";
    let project = generating(RUN, &[("make.sh", script)]);
    let words = ["`src/version.py` cannot be made by `./make.sh src`: two runs differ in line 1", "SOURCE_DATE_EPOCH"];
    project.releng(&DIST).exits(1).says(&words);
    let count = |project: &Sandbox| {
        let path = format!("/tmp/{}-runs", project.git(&["rev-parse", "HEAD"]));
        let runs = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        runs.lines().count()
    };
    assert_eq!(count(&project), 2);
    project.commit("Mend it", &[("make.sh", &script.replace("mktemp -u", "echo 1"))]);
    let key = project.releng(&["dist", "--dry-run", "--no-stage"]).exits(0);
    assert!(key.stdout.contains("made by `./make.sh src`: twice, unless "), "{}", key.stdout);
    for expected in [2, 1] {
        project.releng(&DIST).exits(0);
        assert_eq!(count(&project), expected);
    }
}

#[test]
fn a_program_that_makes_nothing_is_named() {
    for (script, words) in [
        ("#!/bin/sh\nrm src/version.py\n", ["did not make the file `src/version.py`", "plain file"]),
        ("#!/bin/sh\nln -sf /etc/passwd src/version.py\n", ["did not make the file `src/version.py`", "plain file"]),
        ("#!/bin/sh\necho reason >&2; exit 3\n", ["cannot be made by `./make.sh src`: exit 3", "reason"]),
    ] {
        generating(RUN, &[("make.sh", script)]).releng(&DIST).exits(1).says(&words);
    }
    generating(RUN, &[]).releng(&DIST).exits(1).says(&["there is no program `./make.sh`"]);
}

#[test]
fn paths_that_cannot_be_are_refused() {
    for (path, words) in [
        ("ChangeLog", "`ChangeLog` is made by `dist` itself"),
        ("src", "`src` is a folder of the commit"),
        ("README/x", "`README/x` lies below `README`, which is a file of the commit"),
    ] {
        let config = format!("[project]\nname = \"demo\"\n[[source.generate]]\npath = \"{path}\"\ntext = \"x\"\n");
        let project = generating(&config, &[]);
        project.releng(&DIST).exits(2).says(&[words, "choose another `path`"]);
        project.commit("Choose another", &[(CONFIG, &config.replace(path, "other"))]);
        project.releng(&DIST).exits(0);
    }
    let twice = format!("{RUN}[[source.generate]]\npath = \"src/version.py\"\ntext = \"\"\n");
    generating(&twice, &[]).releng(&DIST).exits(2).says(&["`src/version.py` stands twice"]);
}

#[test]
fn what_a_spec_expects_of_the_archive_is_checked() {
    let spec = TEMPLATE
        .replace("AUTHORS README", "READEM docs/*.md made.txt")
        .replace("%autosetup", "%autosetup\ntouch made.txt");
    let project = Sandbox::released(&[("demo.spec.in", &spec), ("README", "x\n"), ("docs/a.md", "x\n")]);
    let ran = project.releng(&DIST).exits(0);
    assert_eq!(ran.stderr.matches("which the archives do not have").count(), 1, "{}", ran.stderr);
    ran.says(&["`demo.spec` line 14 names `READEM`, which the archives do not have"]);
    let spec = TEMPLATE.replace("%autosetup", "%autosetup -n demo-master -p1");
    let project = Sandbox::released(&[("demo.spec.in", &spec), ("README", "x\n")]);
    project.releng(&DIST).exits(0).says(&[
        "`demo.spec` line 11 enters the folder `demo-master`, and that of the archives is `demo-1.0.0`: write \
         `%autosetup -n %{name}-%{version} -p1`, or set `source.folder`",
    ]);
    project.commit("Mend it", &[(CONFIG, "[source]\nfolder = \"demo-master\"\n")]);
    let ran = project.releng(&DIST).exits(0);
    assert!(!ran.stderr.contains("enters the folder"), "{}", ran.stderr);
    assert!(Path::new(&project.join("target/dist/sources/demo-1.0.1.tar.gz")).exists());
}
