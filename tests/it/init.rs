//! `init`: projects of each kind are adopted, and the commands that it names are followed to packages that are installed.

mod kinds;
mod places;
mod repeated;
mod specs;
mod xtask;

use std::path::Path;

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// The commands below `next:`.
fn next_commands(ran: &Ran) -> Vec<String> {
    let (_, next) = ran.stdout.split_once("\nnext:\n").unwrap_or_else(|| panic!("no next commands in {}", ran.stdout));
    next.lines().map(|line| line.trim().to_owned()).collect()
}

/// The version of HEAD, without a warning.
#[track_caller]
fn version(project: &Sandbox) -> String {
    project.releng(&["version"]).exits(0).says_nothing_wrong().stdout.trim_end().to_owned()
}

/// Runs a command line that `init` has printed, with the program under its own name.
#[track_caller]
fn run_shell(project: &Sandbox, command: &str) -> Ran {
    let path = format!("{}:{}", Path::new(PROGRAM).parent().unwrap().display(), std::env::var("PATH").unwrap());
    run_in(project.path(), "sh", &["-c", command], &[("PATH", &path)])
}

/// Adopts a project, follows the three commands, and gives back what `init` printed.
#[track_caller]
fn adopted(project: &Sandbox) -> Ran {
    let ran = project.releng(&["init"]).exits(0).says_nothing_wrong();
    let commands = next_commands(&ran);
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        run_shell(project, &command).exits(0);
    }
    ran
}

/// Adopts a project with a spec, or one for which a spec is written: the last command has installed its packages.
#[track_caller]
fn packages(project: &Sandbox, version: &str, package: &str) -> Ran {
    let ran = adopted(project);
    assert_eq!(self::version(project), version);
    let path = format!("target/dist/rpm/local/{package}");
    assert!(project.join(&path).exists(), "no {path} in {:?}", project.files("target/dist/rpm"));
    is_installed(project, &[]);
    ran
}

/// The acceptance test that `init` wrote installs the packages of the only snapshot.
#[track_caller]
fn is_installed(project: &Sandbox, flags: &[&str]) {
    let staged = project.files("target/repository/hello/unstable");
    let snapshot = staged
        .iter()
        .find_map(|path| path.split('/').find(|part| part.starts_with("snapshot-") && !part.ends_with(".json")));
    let accept = project.releng(&[flags, &["accept", snapshot.unwrap()]].concat()).exits(0);
    assert!(accept.stdout.contains("passed") || accept.stderr.contains("passed"), "{}{}", accept.stdout, accept.stderr);
}

#[test]
fn a_readme_is_released_as_sources() {
    let project = kinds::readme();
    let ran = adopted(&project);
    for line in [
        "  name          hello (by remote `origin`)\n",
        "  built by      nothing that is known\n",
        "  version       there is no release tag: counted from `version.initial = \"0.1\"`\n",
        "  main branch   `main`\n",
        "  forge         GitHub, `example/hello`\n",
        "  licence       MIT (by `LICENSE`)\n",
        "  write packaging/release.toml: the configuration\n",
        "  no spec is written: no file of a build system says what is installed\n",
    ] {
        assert!(ran.stdout.contains(line), "no {line} in {}", ran.stdout);
    }
    assert_eq!(project.files("packaging"), ["release.toml"]);
    assert_eq!(version(&project), "0.1.2");
    assert!(project.join("target/dist/sources/hello-0.1.2.tar.gz").exists());
}

#[test]
fn a_project_without_a_name_gets_one() {
    let project = Sandbox::unreleased(&[("README", "Hello\n")]);
    let refused = project.releng(&["init"]).exits(2).says(&["the project has no name", "help: state one"]);
    crate::helps::follow(project.path(), &refused, "init --name", &[("NAME", "hello")]).exits(0);
    project.releng(&["dist"]).exits(0);
    let again = project.releng(&["init"]).exits(0);
    again
        .prints_part("nothing to write")
        .prints_part("packaging/release.toml: nothing has changed since it was written");
}

#[test]
fn a_plain_spec_with_tags_needs_no_key_but_the_test() {
    let ran = packages(&kinds::plain_spec(), "1.2.1", "noarch/hello-1.2.1-1.noarch.rpm");
    let ran = ran.prints_part("  spec          `hello.spec`, a plain spec\n");
    ran.prints_part("  version       1.2.0, counted from the tag `v1.2.0`, in the form `vX.Y.Z`\n");
}

#[test]
fn a_project_of_tito_keeps_its_tags() {
    let ran = packages(&kinds::tito(), "1.2.1", "noarch/hello-1.2.1-1.noarch.rpm");
    ran.prints_part("in the form `hello-X.Y.Z-R`").prints_part("  CI and tools  tito (`.tito/tito.props`)\n");
}

#[test]
fn a_project_of_packit_keeps_its_spec() {
    let ran = packages(&kinds::packit(), "1.2.1", "noarch/hello-1.2.1-1.noarch.rpm");
    ran.prints_part("  spec          `dist-git/hello.spec`").prints_part("Packit (`.packit.yaml`)");
}
