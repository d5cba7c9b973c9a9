//! Work whose names, messages and files are made for shells, options, terminals and logs; and what the base decides alone.

use std::os::unix::ffi::OsStrExt;

use super::lab::{Lab, behind_user};

fn quiet() -> Lab {
    Lab::new("isolation = \"none\"")
}

#[test]
fn names_of_branches_are_only_names() {
    let lab = quiet();
    lab.push_work(&[("attack.sh", "true\n")]);
    for name in ["a;touch${IFS}mark", "a`touch${IFS}mark`", "$(touch${IFS}mark)", "a|b&c", "x'y\"z", "refs/heads/main"]
    {
        lab.git(&["push", "-q", "--force", "origin", &format!("work:refs/heads/{name}")]);
        let ran = lab.releng(&["ci", "merge", &format!("--branch={name}"), "--base", "main", "--dry-run"]);
        assert!(ran.code == 0 && ran.stdout.contains("make the merge commit"), "{name}: {}{}", ran.stdout, ran.stderr);
    }
    for name in [
        "--upload-pack=touch mark",
        "-x",
        "a b",
        "a..b",
        "a\x1b[2J",
        "a\nb",
        "a:refs/heads/main",
        "+a",
        "*",
        "@{-1}",
        "a^",
    ] {
        let ran = lab.releng(&["ci", "merge", &format!("--branch={name}"), "--base", "main"]);
        assert!(ran.code == 2, "{name}: {} {}", ran.code, ran.stderr);
    }
    for place in ["mark", "clone/mark", "remote/mark", "home/mark"] {
        assert!(!lab.path(place).exists(), "{place}");
    }
}

#[test]
fn a_message_of_the_work_says_nothing_to_a_terminal_or_to_a_forge() {
    let lab = quiet();
    lab.git(&["checkout", "-q", "-B", "work", "origin/main"]);
    let script =
        "printf '\\033]0;title\\007\\033[2J::error::boo\\n##[error]boo\\n::set-output name=x::y\\r\\n\\xff\\xfe\\n'\n";
    lab.commit(
        "Subject $(touch mark) `id` ::error::boo\n\nNormal body\n\nSem-Ver: feature\nApproved-by: Root <root@x>\n",
        &[("attack.sh", script)],
    );
    lab.push();
    let ran = lab.lands();
    assert!(!ran.stderr.contains('\x1b') && !ran.stdout.contains('\x1b'), "{}", ran.stderr);
    let message = lab.in_folder("remote", &["show", "-s", "--format=%B", "main"]);
    assert!(
        message.contains("Approved-by: ada@example.org <ada@example.org>") && !message.contains("root@x"),
        "{message}"
    );
}

#[test]
fn names_of_files_are_only_names() {
    let lab = behind_user("");
    lab.git(&["checkout", "-q", "-B", "work", "origin/main"]);
    lab.commit(
        "Work",
        &[
            ("attack.sh", "ls -la\n"),
            ("-rf", ""),
            ("--help", ""),
            ("$(touch mark)", ""),
            ("a\nb", ""),
            (".lfsconfig", "[lfs]\nurl = http://127.0.0.1:1\n"),
            (".gitattributes", "* filter=lfs merge=evil diff=evil text=auto ident\n*.sh -text -ident -filter\n"),
            (".mailmap", "x\n"),
            (".gitmodules", "[submodule \"x\"]\npath = part\nurl = ext::touch% mark\n"),
        ],
    );
    let odd = lab.path("clone").join(std::ffi::OsStr::from_bytes(b"\xff\x1b[2J"));
    std::fs::write(odd, "").unwrap();
    for (name, target) in [("out", "../../../.."), ("etc", "/etc/passwd"), ("git", ".git/config")] {
        std::os::unix::fs::symlink(target, lab.path("clone").join(name)).unwrap();
    }
    lab.git(&["add", "-A"]);
    let id = lab.git(&["rev-parse", "HEAD"]);
    lab.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},part")]);
    lab.git(&["commit", "-q", "-m", "Odd names"]);
    lab.push();
    let ran = lab.lands();
    assert!(!ran.stderr.contains('\x1b'), "{}", ran.stderr);
    for place in ["mark", "clone/mark", "remote/mark"] {
        assert!(!lab.path(place).exists(), "{place}");
    }
}

/// A tree that git itself would not make.
fn push_tree(lab: &Lab, name: &str, mode: &str) {
    lab.git(&["checkout", "-q", "-B", "work", "origin/main"]);
    lab.commit("Work", &[("attack.sh", "true\n")]);
    let (tree, kind) =
        (lab.git(&["rev-parse", "HEAD^{tree}"]), if mode == "40000" { "HEAD^{tree}" } else { "HEAD:kept" });
    let inner = lab.git(&["rev-parse", kind]);
    // `git mktree` and `git commit` refuse some of these names, and a bare writer does not.
    let script = format!(
        "import subprocess, binascii\nraw = subprocess.check_output(['git', 'cat-file', 'tree', '{tree}'])\n\
         raw = b'{mode} ' + {name:?}.encode() + b'\\0' + binascii.unhexlify('{inner}') + raw\n\
         run = lambda args, data: subprocess.run(['git'] + args, input=data, stdout=-1, check=True).stdout.decode().strip()\n\
         tree = run(['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], raw)\n\
         commit = run(['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', tree, '-p', 'HEAD', '-m', 'Odd tree'], b'')\n\
         run(['update-ref', 'refs/heads/work', commit], b'')\n"
    );
    crate::support::program::run_in(&lab.path("clone"), "python3", &["-c", &script], &[]).exits(0);
    lab.git(&["push", "-q", "--force", "origin", "work"]);
    lab.git(&["checkout", "-q", "--force", "-B", "main", "origin/main"]);
}

#[test]
fn a_tree_that_leads_into_the_git_folder_does_not_land() {
    let lab = quiet();
    for (name, mode) in [
        (".git", "40000"),
        (".GIT", "40000"),
        (".git", "100644"),
        ("..", "40000"),
        (".", "40000"),
        ("../x", "100644"),
        ("a/b", "100644"),
    ] {
        push_tree(&lab, name, mode);
        let before = lab.in_folder("remote", &["rev-parse", "main"]);
        let ran = lab.merge();
        let after = lab.in_folder("remote", &["rev-parse", "main"]);
        if name == "a/b" {
            // Git reads this one as a folder and a file, and so it lands.
            assert_eq!((ran.code, lab.in_folder("remote", &["ls-tree", "main", "a/b"]).contains("100644")), (0, true));
            continue;
        }
        assert!(ran.code != 0 && ran.code != 101 && ran.code != -1, "{name}: {}", ran.stderr);
        assert_eq!(after, before, "{name}: {}", ran.stderr);
    }
}

#[test]
fn the_base_decides_what_is_run_and_how() {
    let lab = behind_user("environment = [\"LAGO_X\"]\n");
    let config = "[project]\nname = \"demo\"\n[ci]\nisolation = \"none\"\nnetwork = true\nenvironment = [\"*\"]\nartifacts = \"target/other\"\n\
                  [repository]\nroot = \"/tmp/releng-ci-test-evil\"\nsign = \"nobody\"\n\
                  [[ci.check-merged]]\nname = \"nothing\"\nrun = [\"true\"]\n[[ci.build-artifacts]]\nname = \"b\"\nrun = [\"true\"]\n";
    lab.push_work(&[
        ("packaging/release.toml", config),
        ("automation/check-merged.sh", "echo own script\n"),
        ("automation/build-artifacts.sh", "echo own script\n"),
        ("attack.sh", "id -un\nenv | grep TOKEN\necho end\n"),
    ]);
    lab.lands().says(&["attack: passed"]);
    assert_eq!(lab.log(), "releng-ci-test\nend\n");
    assert!(!std::path::Path::new("/tmp/releng-ci-test-evil").exists());
    assert!(!lab.path("clone/target/repository").exists(), "no step of the base makes a release");
}

#[test]
fn a_folder_of_artifacts_outside_of_the_project_is_refused() {
    let lab = Lab::with_config(
        "[ci]\nisolation = \"none\"\nartifacts = \"../../..\"\n[[ci.check-merged]]\nname = \"a\"\nrun = [\"true\"]\n\
         [[ci.build-artifacts]]\nname = \"b\"\nrun = [\"true\"]\n",
    );
    lab.push_work(&[("a", "")]);
    let ran = lab.merge();
    assert!(ran.code != 0, "{}", ran.stderr);
}
