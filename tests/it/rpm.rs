//! The backend `local`: binary RPMs by the real rpmbuild, kept, checked and staged.

use std::path::Path;

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};
use crate::support::specs::{self, COMPILED, NOARCH};

const PORTABLE: &str = "[rpm]\ndists = [\"el9\", \"fc42\"]\nportable-noarch = true\n";

fn project(spec: &str, config: &str) -> Sandbox {
    let files = [("packaging/demo.spec.in", spec), ("packaging/release.toml", config), ("a", "1\n")];
    Sandbox::released(&[&files[..], &[("demo.c", specs::PROGRAM)]].concat())
}

fn query(project: &Sandbox, format: &str, package: &str) -> String {
    let path = project.join("target/dist/rpm").join(package);
    run_in(Path::new("/"), "rpm", &["-qp", "--qf", format, path.to_str().unwrap()], &[]).exits(0).stdout
}

/// Runs the program with variables of its caller's.
fn releng_with(project: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    run_in(project.path(), PROGRAM, args, variables)
}

#[test]
fn a_portable_noarch_package_is_built_for_every_dist() {
    let project = project(NOARCH, PORTABLE);
    let plan =
        project.releng(&["rpm", "--dry-run"]).exits(0).prints_part("build el9 x86_64 (rpmbuild, portable noarch)");
    for path in ["target/.gitignore", "target/releng/rpm", "target/releng/release", "builds.json", "target/dist\n"] {
        assert!(plan.stdout.contains(path), "no {path} in {}", plan.stdout);
    }
    assert_eq!(project.files("target"), [""; 0], "a dry run writes nothing");
    project.releng(&["rpm"]).exits(0).says(&[
        "el9 x86_64   built",
        "fc42 x86_64  built",
        "rpmbuild, portable noarch",
        "build requirements are not checked",
    ]);
    let built = [
        "el9/noarch/demo-1.0.0-1.el9.noarch.rpm",
        "el9/noarch/demo-data-1.0.0-1.el9.noarch.rpm",
        "fc42/noarch/demo-1.0.0-1.fc42.noarch.rpm",
        "fc42/noarch/demo-data-1.0.0-1.fc42.noarch.rpm",
    ];
    assert_eq!(project.files("target/dist/rpm"), built);
    let format = "%{RELEASE} %{SOURCERPM} %{BUILDHOST} %{BUILDTIME}";
    let date = project.git(&["show", "-s", "--format=%ct"]);
    let wanted = format!("1.el9 demo-1.0.0-1.el9.src.rpm reproducible {date}");
    assert_eq!(query(&project, format, built[0]), wanted);
    run_in(&project.join("target/dist"), "sha256sum", &["--check", "--quiet", "SHA256SUMS"], &[]).exits(0);
}

#[test]
fn a_dist_of_another_machine_is_refused() {
    let foreign = project(COMPILED, "[rpm]\ndists = [\"el9\"]\nportable-noarch = true\n");
    foreign.releng(&["rpm", "--dry-run"]).exits(2).says(&["refusing to build for el9 x86_64"]);
    foreign.releng(&["rpm"]).exits(2).says(&["refusing to build for el9 x86_64: this machine is local x86_64"]);
    let noarch = project(NOARCH, "[rpm]\ndists = [\"el9\"]\n");
    noarch.releng(&["rpm"]).exits(2).says(&["set `rpm.portable-noarch`"]);
    // This machine's own dist may always be asked for; it is no whole release of what is configured.
    noarch.releng(&["rpm", "--dist", "local"]).exits(0);
    assert_eq!(noarch.files("target/dist/rpm")[0], "local/noarch/demo-1.0.0-1.noarch.rpm");
    noarch.releng(&["stage"]).exits(1).says(&["it has no packages for el9 x86_64, which `rpm.dists` requires"]);
    noarch
        .releng(&["rpm", "--dist", "el8"])
        .exits(2)
        .says(&["`el8` is not among the dists", "they are `el9`, `local`"]);
}

#[test]
fn a_package_bound_to_an_interpreter_is_not_portable() {
    let python = NOARCH.replace("/usr/share/demo/a", "/usr/lib/python3.11/site-packages/demo/a");
    let bound = project(&python, PORTABLE);
    let words =
        ["is not portable: `/usr/lib/python3.11/site-packages/demo/a` names the version of python", "2 of 2 builds"];
    bound.releng(&["rpm"]).exits(1).says(&words);
    assert_eq!(bound.files("target/dist/rpm"), [""; 0]);
}

#[test]
fn a_python_package_is_built_for_its_own_machine() {
    let python = || {
        let project = project(specs::PYTHON, "");
        let files = [("a", "#!/usr/bin/python3\nimport demo\n"), ("demo/__init__.py", "def run():\n    return 1\n")];
        project.commit("Go on", &files);
        project.releng(&["rpm"]).exits(0);
        let package = "local/noarch/demo-1.0.1-1.noarch.rpm";
        let sums = std::fs::read_to_string(project.join("target/dist/SHA256SUMS")).unwrap();
        (sums, query(&project, "[%{REQUIRENAME}\n][%{FILENAMES}\n]", package))
    };
    let (sums, said) = python();
    assert!(
        said.contains("/usr/bin/python3\n") && said.contains("site-packages/demo/__pycache__/__init__.cpython-"),
        "{said}"
    );
    assert_eq!(python().0, sums, "compiled modules are the same bytes, too");
}

#[test]
fn a_release_without_a_dist_fits_no_dist() {
    let same = project(&NOARCH.replace("%{?dist}", ""), PORTABLE);
    same.releng(&["rpm"]).exits(1).says(&["its release has no dist: write `Release: @@RELEASE@@%{?dist}`"]);
}

#[test]
fn two_folders_give_the_same_packages() {
    let digests = || {
        let project = project(COMPILED, "");
        let variables = [("TZ", "Asia/Tokyo"), ("LANG", "tr_TR.UTF-8"), ("CFLAGS", "-O3"), ("RPM_BUILD_NCPUS", "7")];
        releng_with(&project, &["rpm"], &variables).exits(0);
        let sums = std::fs::read_to_string(project.join("target/dist/SHA256SUMS")).unwrap();
        (
            sums,
            query(
                &project,
                "[%{FILENAMES} %{FILEFLAGS:fflags}\n]%{POSTIN} %{PREUN}",
                "local/x86_64/demo-1.0.0-1.x86_64.rpm",
            ),
        )
    };
    let (one, other) = (digests(), digests());
    assert_eq!(one, other);
    assert!(one.0.contains("rpm/local/noarch/demo-common-1.0.0-1.noarch.rpm"), "{}", one.0);
    assert!(one.1.contains("echo installed echo leaving"), "{}", one.1);
}

#[test]
fn a_build_gets_nothing_of_ours() {
    let spying = NOARCH.replace("%build\n", "%build\nenv\ncat /proc/net/dev\n");
    let project = project(&spying, "");
    let home = project.join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(".rpmmacros"), "%dist .evil\n").unwrap();
    let home = home.to_str().unwrap();
    let variables = [("HOME", home), ("CARGO_TARGET_DIR", "/evil"), ("RUSTUP_TOOLCHAIN", "evil"), ("SECRET", "evil")];
    releng_with(&project, &["rpm"], &variables).exits(0);
    assert_eq!(project.files("target/dist/rpm")[0], "local/noarch/demo-1.0.0-1.noarch.rpm");
    let logs: Vec<String> =
        project.files("target/releng/rpm").into_iter().filter(|path| path.ends_with("/log")).collect();
    let log = std::fs::read_to_string(project.join("target/releng/rpm").join(&logs[0])).unwrap();
    assert!(!log.contains("evil") && !log.contains("eth0"), "{log}");
    assert!(log.contains("lo:"), "{log}");
}

#[test]
fn a_build_that_fails_shows_its_end_and_how_to_repeat_it() {
    let project = project(&NOARCH.replace("%build\n", "%build\nseq 100; echo the cause >&2; exit 3\n"), PORTABLE);
    let ran = project.releng(&["dist", "--rpm"]).exits(1);
    let ran = ran.says(&[
        "2 of 2 builds failed",
        "  the cause\n",
        "help: the whole log of ",
        "build again: `releng rpm --dist fc42`\n",
    ]);
    assert!(!ran.stderr.contains("\n  50\n"), "only the last lines: {}", ran.stderr);
    let quiet = project.releng(&["--quiet", "rpm"]).exits(1).stderr;
    for part in
        ["error: 2 of 2 builds failed", "  the cause\n", "help: the whole log of ", "`releng rpm --dist fc42`\n"]
    {
        assert!(quiet.contains(part), "--quiet must leave an error whole: {quiet}");
    }
    assert_eq!(project.files("target/repository"), [""; 0], "nothing is staged");
    project.commit("Mend", &[("packaging/demo.spec.in", NOARCH)]);
    project.releng(&["dist", "--rpm"]).exits(0);
    project.releng(&["verify"]).exits(0);
}

#[test]
fn packages_are_kept_as_long_as_the_source_rpm_is_the_same() {
    let project = project(NOARCH, PORTABLE);
    project.releng(&["rpm"]).exits(0);
    let built = project.files("target/dist/rpm");
    project.releng(&["dist", "--no-stage"]).exits(0);
    assert_eq!(project.files("target/dist/rpm"), built);
    run_in(&project.join("target/dist"), "sha256sum", &["--check", "--quiet", "SHA256SUMS"], &[]).exits(0);
    project.releng(&["rpm", "--dist", "el9", "--dist", "el9"]).exits(0).says(&["el9 x86_64  kept"]);
    assert_eq!(project.files("target/dist/rpm"), built);
    assert_eq!(project.git(&["status", "--short"]), "", "target/ ignores itself");
    project.releng(&["rpm", "--again", "--dist", "el9"]).exits(0).says(&["el9 x86_64  built"]);
    // One that was damaged is built again.
    let kept = project
        .files("target/releng/rpm")
        .into_iter()
        .find(|path| path.contains("el9") && path.ends_with("1.el9.noarch.rpm"));
    std::fs::remove_file(project.join("target/releng/rpm").join(kept.unwrap())).unwrap();
    project.releng(&["rpm"]).exits(0).says(&["el9 x86_64   built", "fc42 x86_64  kept"]);
    project.commit("Go on", &[("a", "2\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0);
    assert_eq!(project.files("target/dist/rpm"), [""; 0], "they are of another source RPM");
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    let project = project(&NOARCH.replace("%build\n", "%build\nsleep 30.125\n"), "");
    let scratch = project.join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let run = duct::cmd!(PROGRAM, "rpm").dir(project.path()).env("TMPDIR", &scratch);
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::KILL] {
        let running = run.stdout_null().stderr_null().unchecked().start().unwrap();
        let is_building = || project.files("scratch").iter().any(|path| path.contains("/top/BUILD/"));
        while !is_building() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        // Another run is told to wait.
        project.releng(&["rpm"]).exits(75).says(&["is building here"]);
        let pid = rustix::process::Pid::from_raw(running.pids()[0].try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        running.wait().unwrap();
        if signal == rustix::process::Signal::TERM {
            assert_eq!(project.files("scratch"), [""; 0], "the folder of the build is gone");
        }
    }
    let is_alive = || {
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .any(|process| std::fs::read(process.path().join("cmdline")).is_ok_and(|line| line == b"sleep\x0030.125\0"))
    };
    let start = std::time::Instant::now();
    while is_alive() {
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "the build outlives the run that was killed");
    }
    project.commit("Mend", &[("packaging/demo.spec.in", NOARCH)]);
    releng_with(&project, &["rpm"], &[("TMPDIR", scratch.to_str().unwrap())]).exits(0);
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "nor is that of the one that was killed");
}

#[test]
fn an_old_compiler_is_refused_before_anything_is_built() {
    let manifest = "[package]\nname = \"demo\"\nrust-version = \"1.88\"\n";
    let config = "[rpm]\nportable-noarch = true\ndists = [\"fc42\"]\n[source]\nvendor = \"none\"\n[rpm.dist.fc42]\nminimum-rust = \"1.86\"\n";
    let project = project(NOARCH, config);
    project.commit("Rust", &[("Cargo.toml", manifest)]);
    project
        .releng(&["rpm"])
        .exits(2)
        .says(&["it has Rust 1.86, and Cargo.toml requires 1.88", "minimum-rust = \"1.88\""]);
}

/// Everything in the folder of the results, by path and content.
fn results(project: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let files = project.files("target/dist").into_iter();
    files.map(|path| (path.clone(), std::fs::read(project.join("target/dist").join(path)).unwrap())).collect()
}

#[test]
fn a_run_that_ends_in_the_builds_leaves_the_old_results() {
    let project = project(NOARCH, "");
    project.releng(&["dist", "--rpm", "--no-stage"]).exits(0);
    let old = results(&project);
    assert!(old.iter().any(|(path, _)| path.ends_with(".noarch.rpm")));
    project.commit("Fail", &[("packaging/demo.spec.in", &NOARCH.replace("%build\n", "%build\nfalse\n"))]);
    for args in [&["dist", "--rpm", "--no-stage"][..], &["rpm"]] {
        project.releng(args).exits(1).says(&["1 of 1 builds failed"]);
        assert_eq!(results(&project), old, "{args:?}");
    }
    project.commit("Wait", &[("packaging/demo.spec.in", &NOARCH.replace("%build\n", "%build\nsleep 60\n"))]);
    for signal in ["INT", "TERM", "KILL"] {
        let run = duct::cmd(PROGRAM, ["dist", "--rpm", "--no-stage"]).dir(project.path());
        let running = run.stdout_null().stderr_capture().unchecked().start().unwrap();
        let is_building = || {
            let mut logs = project.files("target/releng/rpm").into_iter().filter(|path| path.ends_with("/log"));
            logs.any(|log| {
                let text = std::fs::read_to_string(project.join("target/releng/rpm").join(log)).unwrap_or_default();
                text.contains("+ sleep 60")
            })
        };
        let begun = std::time::Instant::now();
        while !is_building() {
            assert!(begun.elapsed().as_secs() < 60, "the build has not begun");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        run_in(project.path(), "kill", &[&format!("-{signal}"), &running.pids()[0].to_string()], &[]).exits(0);
        let said = String::from_utf8_lossy(&running.wait().unwrap().stderr).into_owned();
        let state = "finished builds are kept; `";
        assert!(signal == "KILL" || said.contains(state) && said.contains("/target/dist` was not changed"), "{said}");
        assert_eq!(results(&project), old, "{signal}");
        std::fs::remove_dir_all(project.join("target/releng/rpm")).unwrap();
    }
    project.commit("Repair", &[("packaging/demo.spec.in", NOARCH)]);
    project.releng(&["dist", "--rpm", "--no-stage"]).exits(0);
    let names: Vec<String> = results(&project).into_iter().map(|(path, _)| path).collect();
    assert!(names.iter().all(|path| !path.contains("1.0.0")) && names.iter().any(|path| path.starts_with("rpm/")));
    run_in(&project.join("target/dist"), "sha256sum", &["--check", "--quiet", "SHA256SUMS"], &[]).exits(0);
    assert!(!project.join("target/releng/release").exists(), "nothing is left");
}

#[test]
fn a_release_with_text_behind_the_dist_is_built_and_staged() {
    let template = NOARCH.replace("@@RELEASE@@%{?dist}", "@@RELEASE@@%{?dist}.beta2");
    let project = project(&template, PORTABLE);
    project.releng(&["dist", "--rpm"]).exits(0);
    assert_eq!(project.files("target/dist/rpm")[0], "el9/noarch/demo-1.0.0-1.el9.beta2.noarch.rpm");
}
