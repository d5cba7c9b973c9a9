//! A Python project with pbr, like Lago: from an untouched checkout to packages.

use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::specs::PBR;

/// The macros of the packages python3-rpm-macros, which Debian does not have.
const DEFINED: &str = "[rpm.define]\npy3_build = \"/usr/bin/python3 setup.py build\"\n\
    py3_install = \"/usr/bin/python3 setup.py install -O1 --skip-build --root %{buildroot} --prefix /usr --install-lib %{python3_sitelib} --install-scripts %{_bindir}\"\n\
    python3_sitelib = \"/usr/lib/python3/site-packages\"\n";

/// The version comes from `PKG-INFO`, and from git if there is none.
const SETUP: &str = "import os, setuptools\n\
    lines = open('PKG-INFO').readlines() if os.path.exists('PKG-INFO') else []\n\
    version = [line.split(' ', 1)[1].strip() for line in lines if line.startswith('Version: ')]\n\
    os.environ['PBR_VERSION'] = version[0] if version else os.popen('git describe').read()\n\
    setuptools.setup(pbr=True)\n";

const METADATA: &str = "[metadata]\nname = demo\nsummary = A demonstration\nauthor = Ada Example\n[files]\npackages =\n    demo\n\
    [entry_points]\nconsole_scripts =\n    demo = demo.cmd:main\n";

const PROGRAM_TEXT: &str = "from importlib import metadata\ndef main():\n    print('demo', metadata.version('demo'))\n";

fn project() -> Sandbox {
    let files = [
        ("demo.spec.in", PBR),
        ("packaging/release.toml", DEFINED),
        ("setup.py", SETUP),
        ("setup.cfg", METADATA),
        ("README.rst", "Demo\n"),
        ("demo/__init__.py", ""),
        ("demo/cmd.py", PROGRAM_TEXT),
    ];
    let project = Sandbox::released(&files);
    project.git(&["commit", "-q", "--allow-empty", "-m", "Change", "--author", "Ben <ben@x>"]);
    project
}

#[test]
fn a_checkout_becomes_packages_that_run() {
    let project = project();
    let plan = project.releng(&["dist", "--rpm", "--dry-run"]).exits(0).stdout;
    for line in [
        "add AUTHORS to the archives\n  add PKG-INFO to the archives\n",
        "define %py3_build as `/usr/bin/python3 setup.py build`\n",
    ] {
        assert!(plan.contains(line), "no {line} in {plan}");
    }
    project.releng(&["dist", "--rpm"]).exits(0);
    let package = project.join("target/dist/rpm/local/noarch/python3-demo-1.0.1-1.noarch.rpm");
    let root = Sandbox::bare();
    let unpack = format!("rpm2cpio '{}' | cpio -id --quiet", package.display());
    run_in(root.path(), "sh", &["-c", &unpack], &[]).exits(0);
    let library = root.join("usr/lib/python3/site-packages").display().to_string();
    let program = root.join("usr/bin/demo").display().to_string();
    run_in(root.path(), "python3", &[&program], &[("PYTHONPATH", &library)]).exits(0).prints("demo 1.0.1\n");
    let documents = run_in(root.path(), "rpm", &["-qpd", package.to_str().unwrap()], &[]).exits(0).stdout;
    assert!(documents.contains("/AUTHORS\n"), "{documents}");
    let authors = run_in(root.path(), "sh", &["-c", "cat usr/share/doc/*/AUTHORS"], &[]).exits(0).stdout;
    assert_eq!(authors, "Ada Example <ada@example.org>\nBen <ben@x>\n");
}

#[test]
fn other_macros_are_another_build() {
    let project = project();
    let build = |words: &str| {
        let ran = project.releng(&["rpm", "--dry-run"]).exits(0);
        assert!(ran.stdout.contains(words), "no {words} in {}", ran.stdout);
    };
    build("build local");
    project.releng(&["rpm"]).exits(0);
    build("keep local");
    let other = DEFINED.replace("setup.py build", "setup.py -q build");
    project.write("packaging/release.toml", &other);
    project.git(&["commit", "-q", "--amend", "--no-edit", "--all"]); // the same version
    build("build local");
    project.write("packaging/release.toml", format!("[rpm]\ndists = [\"el9\"]\n{DEFINED}"));
    project.git(&["commit", "-q", "--amend", "--no-edit", "--all"]);
    let words = ["`rpm.define.py3_build` cannot be passed to the backend copr", "write `%global` lines"];
    project.releng(&["rpm", "--backend", "copr"]).exits(2).says(&words);
    project.write("packaging/release.toml", "");
    project.git(&["commit", "-q", "--amend", "--no-edit", "--all"]);
    let failed = run_in(project.path(), PROGRAM, &["rpm"], &[]).exits(1);
    assert!(failed.stderr.contains("py3_build"), "{}", failed.stderr);
}
