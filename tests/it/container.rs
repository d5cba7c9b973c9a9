//! The backend `container`: packages that the real podman builds in an image of Debian (`scripts/make-test-image`).

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::dnf::Client;
use crate::support::podman::Podman;
use crate::support::program::{PROGRAM, Sandbox, path_without, run_in};
use crate::support::specs::{COMPILED, NOARCH, PROGRAM as C_PROGRAM};

/// A program that dnf installs into an empty root, with a noarch package beside it.
fn compiled() -> String {
    let static_program = COMPILED.replace("gcc -g", "gcc -static -g");
    static_program.replace("%post\necho installed\n\n%preun\necho leaving\n\n", "")
}

fn project(spec: &str, image: &str, rpm: &str) -> Sandbox {
    let config =
        format!("[rpm]\nbackend = \"container\"\ndists = [\"el9\"]\n{rpm}[rpm.dist.el9]\ncontainer = \"{image}\"\n");
    let files = [("packaging/demo.spec.in", spec), ("packaging/release.toml", &config), ("demo.c", C_PROGRAM)];
    Sandbox::released(&[&files[..], &[("a", "1\n"), (".gitignore", "/target\n")]].concat())
}

fn log_of(project: &Sandbox) -> String {
    let logs = project.files("target/releng/rpm").into_iter().filter(|path| path.ends_with("/log"));
    logs.map(|log| std::fs::read_to_string(project.join("target/releng/rpm").join(log)).unwrap()).collect()
}

/// Waits until something is so.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn packages_are_built_in_the_image_staged_and_installed() {
    let podman = Podman::new();
    let spying = compiled().replace("%build\n", "%build\ncat /proc/net/dev\nenv\nhostname\nid -un\n");
    let sums = || {
        let project = project(&spying, &podman.image, "");
        podman.releng(&project, &["dist", "--rpm"]).exits(0).says(&["el9 x86_64  built"]);
        let sums = std::fs::read_to_string(project.join("target/dist/SHA256SUMS")).unwrap();
        (project, sums)
    };
    let (project, first) = sums();
    assert_eq!(sums().1, first, "another folder and another time give the same packages");
    assert_eq!(podman.containers(), [""; 0]);

    let built = ["el9/noarch/demo-common-1.0.0-1.el9.noarch.rpm", "el9/x86_64/demo-1.0.0-1.el9.x86_64.rpm"];
    assert_eq!(project.files("target/dist/rpm"), built);
    let query = ["-qp", "--qf", "%{SOURCERPM} %{BUILDHOST} %{BUILDTIME}"];
    let package = project.join("target/dist/rpm").join(built[1]).display().to_string();
    let date = project.git(&["show", "-s", "--format=%ct"]);
    let wanted = format!("demo-1.0.0-1.el9.src.rpm reproducible {date}");
    run_in(Path::new("/"), "rpm", &[&query[..], &[&package]].concat(), &[]).exits(0).prints(&wanted);

    let log = log_of(&project);
    let devices = log.lines().filter_map(|line| line.trim().split_once(": ").filter(|(_, rest)| rest.contains(" 0 ")));
    assert_eq!(devices.map(|(name, _)| name).collect::<Vec<_>>(), ["lo"], "{log}");
    assert!(
        log.contains("+ hostname\nlocalhost\n")
            && log.contains("+ id -un\nroot\n")
            && log.contains("\nLC_ALL=C.UTF-8\n"),
        "{log}"
    );
    assert!(!log.contains("CONTAINERS_CONF") && !log.contains("CARGO"), "{log}");

    podman.releng(&project, &["verify"]).exits(0);
    let places = project.files("target/repository");
    let repo = places.iter().find(|path| path.ends_with(".repo")).unwrap();
    let client = Client::with_repo_file(&project.join("target/repository").join(repo));
    client.install(&["demo", "demo-common"]).exits(0);
    assert_eq!(client.installed(), ["demo-1.0.0-1.el9.x86_64", "demo-common-1.0.0-1.el9.noarch"]);
    let installed = client.root().join("usr/bin/demo").display().to_string();
    run_in(Path::new("/"), &installed, &[], &[]).exits(0).prints("/builddir/top/BUILD/demo-1.0.0/demo.c\n");
}

#[test]
fn a_build_that_fails_in_a_container_shows_its_end_and_how_to_repeat_it() {
    let podman = Podman::new();
    let failing = NOARCH.replace("%build\n", "%build\nseq 100; echo the cause >&2; exit 3\n");
    let project = project(&failing, &podman.image, "");
    let help = "build again: `releng rpm --dist el9`";
    let ran = podman.releng(&project, &["dist", "--rpm"]).exits(1);
    ran.says(&["el9 x86_64 (rpmbuild failed, exit 1)", "  the cause\n", "help: the whole log of ", help]);
    assert_eq!((podman.containers(), project.files("target/repository")), (vec![], vec![]));
    let needs = NOARCH.replace("BuildArch", "BuildRequires: gcc, no-such-tool > 1\nBuildArch");
    project.commit("Need a tool", &[("packaging/demo.spec.in", &needs)]);
    podman.releng(&project, &["rpm"]).exits(1).says(&["these build requirements are not installed: no-such-tool > 1"]);
    project.commit("Correct it", &[("packaging/demo.spec.in", NOARCH)]);
    podman.releng(&project, &["rpm", "--dist", "el9"]).exits(0);
    assert_eq!(project.files("target/dist/rpm")[0], "el9/noarch/demo-1.0.2-1.el9.noarch.rpm");
    podman.releng(&project, &["rpm"]).exits(0).says(&["el9 x86_64  kept"]);
}

#[test]
fn a_container_ends_with_its_run() {
    let podman = Podman::new();
    let project = project(&NOARCH.replace("%build\n", "%build\nsleep 300\n"), &podman.image, "");
    let mut run = duct::cmd(PROGRAM, ["rpm"]).dir(project.path());
    for (name, value) in podman.variables() {
        run = run.env(name, value);
    }
    for signal in ["TERM", "KILL"] {
        let running = run.stdout_null().stderr_null().unchecked().start().unwrap();
        wait_until("the build has not begun", || log_of(&project).contains("+ sleep 300"));
        assert_eq!(podman.containers().len(), 1);
        run_in(project.path(), "kill", &[&format!("-{signal}"), &running.pids()[0].to_string()], &[]).exits(0);
        running.wait().unwrap();
        if signal == "TERM" {
            assert_eq!((podman.containers(), std::fs::read_dir(podman.scratch()).unwrap().count()), (vec![], 0));
            std::fs::remove_dir_all(project.join("target/releng/rpm")).unwrap();
        }
    }
    // No program can end what it started when it is killed: the next run does.
    assert_eq!(podman.containers().len(), 1);
    project.commit("Do not wait", &[("packaging/demo.spec.in", NOARCH)]);
    podman.releng(&project, &["rpm"]).exits(0);
    assert_eq!((podman.containers(), std::fs::read_dir(podman.scratch()).unwrap().count()), (vec![], 0));
}

#[test]
fn a_container_ends_at_the_time_limit() {
    let podman = Podman::new();
    let slow = NOARCH.replace("%build\n", "%build\nsleep 300\n");
    let project = project(&slow, &podman.image, "timeout = \"2s\"\n");
    podman.releng(&project, &["rpm"]).exits(1).says(&["el9 x86_64 (not done in 2 s (`rpm.timeout`))"]);
    assert_eq!((podman.containers(), std::fs::read_dir(podman.scratch()).unwrap().count()), (vec![], 0));
}

#[test]
fn an_image_is_pinned_and_there_and_has_rpmbuild() {
    let podman = Podman::new();
    let run = |image: &str, args: &[&str]| podman.releng(&project(NOARCH, image, ""), args);
    run("example.org/build:latest", &["rpm"])
        .exits(2)
        .says(&["`example.org/build:latest` for el9 has no digest", "of an image that podman has"]);
    let unknown = format!("localhost/releng-test@sha256:{}", "0123456789abcdef".repeat(4));
    let ran = run(&unknown, &["rpm"]).exits(1);
    ran.says(&[&format!("podman has no image `{unknown}`"), "`podman images --digests` lists", "rpm --dist el9"]);
    podman.run(&["images", "--digests"]).exits(0).prints_part("localhost/releng-test");
    // Nothing listens there.
    let away = unknown.replace("localhost", "localhost:1");
    let ran = run(&away, &["rpm"]).exits(5);
    ran.says(&["podman could not run the container: ", "connection refused", "run the same command again"]);

    let empty = Sandbox::bare();
    run_in(empty.path(), "tar", &["-cf", "empty.tar", "-T", "/dev/null"], &[]).exits(0);
    podman.run(&["import", empty.join("empty.tar").to_str().unwrap(), "localhost/empty"]).exits(0);
    run(&podman.pinned("localhost/empty"), &["rpm"]).exits(1).says(&["the image has no `rpmbuild`"]);
    assert_eq!(podman.containers(), [""; 0]);
}

#[test]
fn a_podman_that_is_not_there_or_not_set_up_is_named() {
    let podman = Podman::new();
    let project = project(NOARCH, &podman.image, "");
    let path = path_without(&project.join("target/programs"), &["podman"]);
    for args in [&["rpm"][..], &["rpm", "--dry-run"]] {
        let ran = run_in(project.path(), PROGRAM, args, &[("PATH", &path)]).exits(1);
        ran.says(&["there is no program `podman`", "put `podman` on PATH; PATH is `"]);
    }
    let [(_, configuration), ..] = podman.variables();
    let right = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, "[engine]\nruntime = \"none-such\"\n").unwrap();
    let ran = podman.releng(&project, &["rpm"]).exits(1);
    let command = ["run", "--rm", "--network=none", "--entrypoint=rpmbuild", &podman.image, "--version"];
    let help = format!("correct it until `podman {}` works", command.join(" "));
    ran.says(&["podman could not run the container: ", "none-such", &help, "build again: `releng rpm --dist el9`"]);
    std::fs::write(&configuration, right).unwrap();
    podman.run(&command).exits(0).prints_part("RPM version ");
    podman.releng(&project, &["rpm", "--dist", "el9"]).exits(0);
}
