//! Where `init` writes: in the project, in its hooks, for its CI system, or beside it.

use super::{is_installed, kinds, next_commands, run_shell};
use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::text_of;

#[test]
fn a_project_is_adopted_from_outside() {
    let (project, other) = (kinds::pyproject(), Sandbox::bare());
    let before = project.files(".");
    let folder = other.join("packaging/hello").display().to_string();
    let ran = project.releng(&["--packaging", &folder, "init"]).exits(0).says_nothing_wrong();
    assert_eq!(other.files("packaging/hello"), ["acceptance/install.sh", "hello.spec.in", "release.toml"]);
    assert_eq!(project.files("."), before);
    for command in next_commands(&ran) {
        assert!(command.contains(&folder), "{command}");
        run_shell(&project, &command).exits(0);
    }
    assert!(project.join("target/dist/rpm/local/noarch/hello-0.1.1-1.noarch.rpm").exists());
    is_installed(&project, &["--packaging", &folder]);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    let again = project.releng(&["--packaging", &folder, "init"]).exits(0);
    again.prints_part("nothing to write").prints_part("release.toml: nothing has changed since it was written");
    for flag in ["--hooks", "--ci=github", "--xtask=https://example.org/releng"] {
        let words = ["`--packaging` leaves it as it is", "help: leave one of them out"];
        project.releng(&["--packaging", &folder, "init", flag]).exits(2).says(&words);
    }
}

#[test]
fn a_plain_spec_is_packaged_from_outside() {
    let (project, other) = (kinds::plain_spec(), Sandbox::bare());
    let folder = other.join("hello").display().to_string();
    let ran = project.releng(&["--packaging", &folder, "init"]).exits(0).says_nothing_wrong();
    assert_eq!(other.files("hello"), ["acceptance/install.sh", "release.toml"]);
    for command in next_commands(&ran) {
        run_shell(&project, &command).exits(0);
    }
    assert!(project.join("target/dist/rpm/local/noarch/hello-1.2.0-1.noarch.rpm").exists());
    is_installed(&project, &["--packaging", &folder]);
}

#[test]
fn the_hook_checks_messages() {
    let project = kinds::readme();
    project.git(&["config", "core.hooksPath", ".githooks"]);
    project.releng(&["init", "--hooks"]).exits(0).prints_part("write .githooks/commit-msg: the hook of git");
    project.git(&["config", "--unset", "core.hooksPath"]);
    project.releng(&["init", "--hooks"]).exits(0).prints_part("write .git/hooks/commit-msg: the hook of git");
    run_shell(&project, "git commit --quiet --allow-empty --message 'Fix it\n\nSemVer: feature'").exits(1);
    run_shell(&project, "git commit --quiet --allow-empty --message 'Fix it'").exits(0);
    let hook = std::fs::read_to_string(project.join(".git/hooks/commit-msg")).unwrap();
    let documented = text_of("docs/contributor.md");
    assert!(documented.contains(&format!("```text\n{hook}```\n")), "{hook}");
}

#[test]
fn each_ci_system_has_its_files() {
    for (system, file, template) in [
        ("github", ".github/workflows/ci.yml", "packaging/ci/github/ci.yml"),
        ("gitlab", ".gitlab-ci.yml", "packaging/ci/gitlab.yml"),
        ("forgejo", ".forgejo/workflows/release.yml", "packaging/ci/forgejo/release.yml"),
        ("jenkins", "Jenkinsfile", "packaging/ci/Jenkinsfile"),
    ] {
        let project = kinds::readme();
        project.releng(&["init", "--ci", system]).exits(0).prints_part(&format!("write {file}: "));
        assert_eq!(std::fs::read_to_string(project.join(file)).unwrap(), text_of(template));
    }
    let project = kinds::readme();
    project.git(&["branch", "-m", "trunk"]);
    project.releng(&["init", "--ci", "github"]).exits(0);
    let ci = std::fs::read_to_string(project.join(".github/workflows/ci.yml")).unwrap();
    assert!(ci.contains("    branches: ['trunk']\n"), "{ci}");
    let config = std::fs::read_to_string(project.join("packaging/release.toml")).unwrap();
    assert!(config.contains("branches = [\"trunk\", \"v*\"]\n"), "{config}");
    project.releng(&["init"]).exits(0).prints_part("GitHub Actions (`.github/workflows`)");
}

#[test]
fn a_bare_repository_is_cloned_first() {
    let project = kinds::readme();
    let bare = Sandbox::bare();
    let (from, to) = (project.path().to_str().unwrap(), bare.join("hello.git").display().to_string());
    project.git(&["clone", "-q", "--bare", from, &to]);
    let refused = run_in(&bare.join("hello.git"), PROGRAM, &["init"], &[]).exits(2);
    let refused = refused.says(&["a bare repository has no files"]);
    let clone = crate::helps::follow(bare.path(), &refused, "git clone", &[("DIR", "hello.git")]);
    clone.exits(0);
    run_in(&bare.join("hello"), PROGRAM, &["init"], &[]).exits(0);
}
