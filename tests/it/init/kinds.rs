//! One small repository of each kind.

use crate::support::program::Sandbox;

/// A licence text that is recognised.
pub const MIT: &str = "Permission is hereby granted, free of charge, to any person obtaining a copy.\n\
    The above copyright notice and this permission notice shall be included.\n";

/// A C program.
pub const MAIN_C: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

/// A repository with these files and a licence, of one commit, with a remote on GitHub.
pub fn project(files: &[(&str, &str)]) -> Sandbox {
    let project = Sandbox::unreleased(&[files, &[("LICENSE", MIT), ("README.md", "# Hello\n")]].concat());
    project.git(&["remote", "add", "origin", "https://github.com/example/hello.git"]);
    for (key, value) in [("user.name", "Ada"), ("user.email", "ada@example.org")] {
        project.git(&["config", key, value]);
    }
    project
}

/// Nothing but a README and a licence.
pub fn readme() -> Sandbox {
    project(&[])
}

/// A crate without dependencies.
pub fn single_crate() -> Sandbox {
    project(&[
        (".gitignore", "/target\n"),
        (
            "Cargo.toml",
            "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2021\"\ndescription = \"says hello to 100% of the world.\"\nlicense = \"MIT/Apache-2.0\"\n",
        ),
        ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"hello\"\nversion = \"0.0.0\"\n"),
        ("src/main.rs", "fn main() {\n    println!(\"hello\");\n}\n"),
    ])
}

/// A virtual workspace with a library, and a program that uses it.
pub fn workspace() -> Sandbox {
    project(&[
        (".gitignore", "/target\n"),
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\n    \"crates/*\",\n]\n\n[workspace.package]\nlicense = \"MIT\"\n",
        ),
        (
            "Cargo.lock",
            "version = 3\n\n[[package]]\nname = \"hello\"\nversion = \"0.0.0\"\ndependencies = [\n \"words\",\n]\n\n[[package]]\nname = \"words\"\nversion = \"0.0.0\"\n",
        ),
        (
            "crates/hello/Cargo.toml",
            "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2021\"\nlicense.workspace = true\n[dependencies]\nwords = { path = \"../words\" }\n",
        ),
        ("crates/hello/src/main.rs", "fn main() {\n    println!(\"{}\", words::hello());\n}\n"),
        ("crates/words/Cargo.toml", "[package]\nname = \"words\"\nversion = \"0.0.0\"\nedition = \"2021\"\n"),
        ("crates/words/src/lib.rs", "pub fn hello() -> &'static str {\n    \"hello\"\n}\n"),
    ])
}

/// A Python package that pbr builds.
pub fn pbr() -> Sandbox {
    project(&[
        ("setup.py", "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n"),
        (
            "setup.cfg",
            "[metadata]\nname = hello\nsummary = Says hello\n[files]\npackages =\n    hello\n[entry_points]\nconsole_scripts =\n    hello = hello:main\n",
        ),
        ("hello/__init__.py", "def main():\n    print('hello')\n"),
    ])
}

/// A Python package with a `pyproject.toml` for setuptools.
pub fn pyproject() -> Sandbox {
    project(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"hello\"\nversion = \"1.0\"\ndescription = \"Says hello\"\n\n[project.scripts]\nhello = \"hello:main\"\n",
        ),
        ("hello/__init__.py", "def main():\n    print('hello')\n"),
    ])
}

/// A C program that autoconf and automake build.
pub fn autotools() -> Sandbox {
    project(&[
        (
            "configure.ac",
            "AC_INIT([hello], [1.0])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
        ),
        ("Makefile.am", "bin_PROGRAMS = hello\nhello_SOURCES = main.c\nman_MANS = hello.1\nEXTRA_DIST = hello.1\n"),
        ("hello.1", ".TH HELLO 1\n.SH NAME\nhello \\- says hello\n"),
        ("main.c", MAIN_C),
    ])
}

/// A C program that meson builds.
pub fn meson() -> Sandbox {
    project(&[
        ("meson.build", "project('hello', 'c')\nexecutable('hello', 'main.c', install: true)\n"),
        ("main.c", MAIN_C),
    ])
}

/// A C program that cmake builds.
pub fn cmake() -> Sandbox {
    project(&[
        (
            "CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.10)\nproject(hello C)\nadd_executable(hello main.c)\ninstall(TARGETS hello)\n",
        ),
        ("main.c", MAIN_C),
    ])
}

/// A plain spec that installs a script.
pub const PLAIN: &str = "Name:           hello\nVersion:        1.2.0\nRelease:        1%{?dist}\nSummary:        Says hello\nLicense:        MIT\n\
    BuildArch:      noarch\nSource0:        %{name}-%{version}.tar.gz\n\n%description\nSays hello.\n\n%prep\n%autosetup\n\n%install\n\
    install -D -p -m 0755 hello %{buildroot}%{_bindir}/hello\n\n%files\n%{_bindir}/hello\n\n%changelog\n\
    * Thu Mar 19 2020 Ada Example <ada@example.org> - 1.2.0-1\n- First\n";

const SCRIPT: &str = "#!/bin/sh\necho hello\n";

/// A spec in the root, and tags `vX.Y.Z`.
pub fn plain_spec() -> Sandbox {
    let project = project(&[("hello.spec", PLAIN), ("hello", SCRIPT)]);
    project.git(&["remote", "remove", "origin"]);
    project.git(&["tag", "v1.2.0"]);
    project
}

/// A project of tito.
pub fn tito() -> Sandbox {
    let project = project(&[
        ("hello.spec", PLAIN),
        ("hello", SCRIPT),
        (".tito/tito.props", "[buildconfig]\nbuilder = tito.builder.Builder\n"),
        (".tito/packages/hello", "1.2.0-1 ./\n"),
    ]);
    project.git(&["tag", "hello-1.2.0-1"]);
    project
}

/// A project of Packit, whose spec is in a folder of its own.
pub fn packit() -> Sandbox {
    let project = project(&[
        (".packit.yaml", "specfile_path: dist-git/hello.spec\ndownstream_package_name: hello\n"),
        ("dist-git/hello.spec", PLAIN),
        ("hello", SCRIPT),
    ]);
    project.git(&["tag", "1.2.0"]);
    project
}
