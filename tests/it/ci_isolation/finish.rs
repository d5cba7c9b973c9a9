//! What a step leaves for the finish: nothing of it is run, no link is followed, and what lands is what was tested. Most of this
//! needs no boundary: it holds with `ci.isolation = "none"`, too.

use super::lab::{Lab, behind_user};

/// A lab without a boundary, with a program that writes to `mark` if anybody runs it.
fn bare() -> (Lab, String) {
    let lab = Lab::new("isolation = \"none\"");
    let evil = lab.path("evil").display().to_string();
    let mark = lab.path("mark").display().to_string();
    std::fs::write(&evil, format!("#!/bin/sh\necho \"$0 $*\" >>{mark}\ncat 2>/dev/null\nexit 0\n")).unwrap();
    crate::support::program::run_in(std::path::Path::new("/"), "chmod", &["755", &evil], &[]).exits(0);
    (lab, evil)
}

#[track_caller]
fn nothing_was_run(lab: &Lab) {
    assert_eq!(std::fs::read_to_string(lab.path("mark")).unwrap_or_default(), "", "{}", lab.log());
}

#[test]
fn the_git_folder_of_the_checkout_is_not_believed() {
    let (lab, evil) = bare();
    let settings = [
        "core.fsmonitor",
        "core.hooksPath",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "diff.external",
        "gpg.program",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "merge.x.driver",
        "alias.status",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "credential.helper",
    ];
    let mut script = String::new();
    for setting in settings {
        script += &format!("git config {setting} {evil}\n");
    }
    script += &format!(
        "mkdir -p .git/hooks .git/info\nfor h in pre-commit post-checkout post-index-change reference-transaction pre-push; do \
         cp {evil} .git/hooks/$h; done\necho '* filter=x diff=x merge=x' >.git/info/attributes\n\
         echo '* filter=x' >new.d.gitattributes; mkdir sub; echo '* filter=x merge=x' >sub/.gitattributes\n\
         echo /nowhere >.git/objects/info/alternates\nrm -rf .git/objects/pack\n\
         echo 'ref: refs/heads/other' >.git/HEAD\necho garbage >.git/index\nrm .git/packed-refs; ln -s /etc/passwd .git/packed-refs\n"
    );
    lab.attack(&script);
    nothing_was_run(&lab);
}

#[test]
fn the_repository_of_a_submodule_is_not_opened() {
    let (lab, evil) = bare();
    lab.git(&["checkout", "-q", "-B", "work", "origin/main"]);
    let script = format!(
        "cd part && git init -q && echo x >f && echo '* filter=x' >.gitattributes && git add f && \
         git -c user.name=a -c user.email=a@b commit -q -m x\n\
         git config core.fsmonitor {evil}; git config filter.x.clean {evil}; git config filter.x.process {evil}; echo y >f\n"
    );
    lab.commit("Work", &[("attack.sh", &script)]);
    let id = lab.git(&["rev-parse", "HEAD"]);
    lab.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},part")]);
    lab.git(&["commit", "-q", "-m", "Use a submodule"]);
    lab.push();
    lab.lands();
    nothing_was_run(&lab);
}

#[test]
fn a_changed_file_is_found() {
    let (lab, _) = bare();
    for (script, path) in [
        ("echo changed >kept\n", "kept"),
        ("rm kept; mkfifo kept\n", "kept"),
        ("rm kept; ln -s /etc/passwd kept\n", "kept"),
        ("rm kept; mkdir kept; mkfifo kept/x\n", "kept"),
        ("chmod +x kept\n", "kept"),
        ("rm -rf packaging; ln -s /etc packaging\n", "packaging/release.toml"),
        (
            "echo '*.sh -text' >.gitattributes; echo y >>kept; git add -A; git -c user.name=a -c user.email=a@b commit -q -m x\n",
            "kept",
        ),
        ("rm -rf .git; git init -q; git add -A; echo z >kept\n", "kept"),
    ] {
        lab.push_work(&[("attack.sh", script)]);
        let before = lab.in_folder("remote", &["rev-parse", "main"]);
        lab.merge().exits(1).says(&[path, "was stopped"]);
        assert_eq!(lab.in_folder("remote", &["rev-parse", "main"]), before, "{script}");
    }
}

/// What a step of `build-artifacts` leaves that is no release.
const NO_RELEASE: [&str; 12] = [
    "true",
    "mkdir -p target; ln -s /etc target/dist",
    "ln -s / target",
    "mkdir -p target/dist; ln -s /etc/passwd target/dist/SHA256SUMS",
    "mkdir -p target/dist; mkfifo target/dist/SHA256SUMS",
    "mkdir -p target/dist/SHA256SUMS",
    "mkdir -p target/dist; echo x >target/dist/SHA256SUMS",
    "mkdir -p target/dist; touch target/dist/SHA256SUMS; ln -s /etc/shadow target/dist/a",
    "mkdir -p target/dist; touch target/dist/SHA256SUMS; mkfifo target/dist/a",
    "mkdir -p target/dist; touch target/dist/SHA256SUMS; truncate -s 10T target/dist/a || truncate -s 16T target/dist/a",
    "mkdir -p target/dist; ln packaging/release.toml target/dist/SHA256SUMS",
    "mkdir -p target/dist; echo '../../../../etc/passwd' >target/dist/SHA256SUMS; touch target/dist/.release.json",
];

#[test]
fn a_release_is_taken_without_following_links() {
    let steps = "[[ci.check-merged]]\nname = \"unit\"\nrun = [\"true\"]\n[[ci.build-artifacts]]\nname = \"attack\"\n\
                 run = [\"bash\", \"attack.sh\"]\n";
    let lab = Lab::with_config(&format!("[ci]\nisolation = \"none\"\n{steps}"));
    for script in NO_RELEASE {
        lab.push_work(&[("attack.sh", script)]);
        let ran = lab.merge();
        assert!(
            ran.code == 1 && ran.stderr.contains("the steps left no release of the merge commit"),
            "{script}\n{}",
            ran.stderr
        );
        lab.releng(&["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
    }
    assert!(!lab.path("clone/target/repository").exists(), "nothing was staged");
}

#[test]
fn the_checkout_can_be_removed_whatever_is_in_it() {
    let lab = behind_user("");
    let log = lab.attack(
        "set -e\nmkdir -p odd/a/b && chmod 000 odd/a/b odd/a odd\nmkfifo pipe\npython3 - <<'P'\nimport os, socket\n\
         s = socket.socket(socket.AF_UNIX); s.bind('sock')\nopen(b'\\xff\\xfe\\n-rf', 'w')\nos.makedirs('wide'); \n\
         for i in range(2000): open('wide/%d' % i, 'w')\n\
         for i in range(5000):\n    os.mkdir('deep-folder'); os.chdir('deep-folder')\nP\ntruncate -s 8G sparse\n\
         ln -s /etc etc; ln -s loop loop; touch -- -rf '*'; umask 777; mkdir last; echo end\n",
    );
    assert_eq!(log, "end\n");
}

#[test]
fn a_release_that_is_made_behind_the_boundary_is_staged() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::Builder::new().prefix("releng-ci-test-").tempdir_in("/opt").unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = place.path().join("releng");
    std::fs::copy(crate::support::program::PROGRAM, &program).unwrap();
    let step = format!(
        "[[ci.check-merged]]\nname = \"unit\"\nrun = [\"true\"]\n[[ci.build-artifacts]]\nname = \"release\"\nrun = [\"{}\", \"dist\", \"--no-stage\"]\n",
        program.display()
    );
    let user = super::lab::user("releng-ci-test");
    let lab = Lab::with_config(&format!("[ci]\nisolation = \"user:{user}\"\n{step}"));
    lab.push_work(&[("new", "new\n")]);
    lab.lands().says(&["its release is snapshot-demo_1.0_"]);
    assert!(lab.path("clone/target/repository/demo/unstable/1.0/latest").exists());
}
