//! What goes wrong is said clearly, with the next step and the right exit code, and nothing half-written is left.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use crate::support::program::{PROGRAM, Sandbox, run_in};

const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: x\nLicense: MIT\n\
                        %description\nx\n%files\n%changelog\n";

fn demo() -> Sandbox {
    Sandbox::released(&[("demo.spec.in", TEMPLATE), ("a.txt", "a\n")])
}

/// `dist` says no, with this exit code and these words, and leaves nothing.
#[track_caller]
fn dist_refuses(sandbox: &Sandbox, args: &[&str], code: i32, parts: &[&str]) {
    let args: Vec<&str> = ["dist"].iter().chain(args).copied().collect();
    sandbox.releng(&args).exits(code).says(parts);
    assert_eq!(sandbox.files("target/dist"), [""; 0], "something was left");
}

#[test]
fn no_project() {
    let here = Sandbox::bare();
    here.releng(&["version"]).exits(2).says(&["no project here", "help: run this inside a git repository"]);
    here.releng(&["--project", "nowhere", "version"]).exits(2).says(&["`nowhere`"]);
}

#[test]
fn a_folder_of_another_projects_repository() {
    let outer = demo();
    outer.write("inner/packaging/release.toml", "");
    let inner = run_in(&outer.join("inner"), PROGRAM, &["version"], &[]);
    inner.exits(6).says(&["has no git history of its own", "--assume-version"]);
}

#[test]
fn a_project_that_the_repository_around_it_does_not_track() {
    let outer = Sandbox::released(&[(".gitignore", "/deps/\n/target\n/kept\n"), ("Cargo.toml", "[workspace]\n")]);
    outer.write("deps/thing/Cargo.toml", "[package]\nname = \"thing\"\n");
    outer.write("deps/spec/packaging/thing.spec.in", TEMPLATE);
    outer.write("deps/thing/src/lib.rs", "");
    outer.write("deps/plain/file", "");
    outer.write("kept/Cargo.toml", "[package]\nname = \"kept\"\n");
    outer.git(&["add", "--force", "kept/Cargo.toml"]);
    outer.git(&["commit", "-q", "-m", "Keep"]);
    for (folder, thing) in [("deps/thing", "thing"), ("deps/thing/src", "thing"), ("deps/spec/packaging", "spec")] {
        let parts = [thing, "which ignores it", "--assume-version"];
        outer.releng(&["--project", folder, "version"]).exits(6).says(&parts);
        outer.releng(&["--project", folder, "--assume-version", "3.2.1", "version"]).exits(0).prints("3.2.1\n");
    }
    outer.write("new/README.md", "");
    outer.write("new/src/lib.rs", "");
    outer.write("loose/file", "");
    for folder in ["new", "new/src"] {
        outer.releng(&["--project", folder, "version"]).exits(6).says(&["/new`", "which does not track it"]);
    }
    outer.releng(&["--project", "loose", "version"]).exits(0).prints("1.0.1\n");
    // A folder of the project itself, ignored or not.
    for folder in ["deps/plain", "deps", "kept", "."] {
        outer.releng(&["--project", folder, "version"]).exits(0).prints("1.0.1\n");
    }
}

#[test]
fn no_commit_yet() {
    let empty = Sandbox::bare();
    empty.git(&["init", "-q"]);
    dist_refuses(&empty, &[], 6, &["no commit yet", "help: commit something"]);
    empty.releng(&["version"]).exits(6);
}

#[test]
fn a_shallow_clone() {
    let whole = demo();
    whole.commit("Second", &[]);
    whole.commit("Third", &[]);
    let clone = Sandbox::bare();
    let url = format!("file://{}", whole.path().display());
    clone.git(&["clone", "-q", "--depth=2", &url, "."]);
    clone.releng(&["version"]).exits(6).says(&["shallow clone", "help: run `git fetch --unshallow --tags`"]);
    dist_refuses(&clone, &[], 6, &["shallow clone"]);
    clone.git(&["fetch", "-q", "--unshallow", "--tags"]);
    assert_eq!(clone.releng(&["version"]).exits(0).stdout, "1.0.2\n");
}

#[test]
fn no_tags_and_no_declared_beginning() {
    let untagged = Sandbox::unreleased(&[("demo.spec.in", TEMPLATE)]);
    assert_eq!(untagged.releng(&["version"]).exits(0).says(&["no milestone tag"]).stdout, "0.0.1\n");
    untagged.releng(&["version", "--strict"]).exits(1).says(&["no milestone tag"]);
    dist_refuses(&untagged, &[], 6, &["git fetch --tags", "version.initial"]);
    untagged.git(&["tag", "other-1.0"]);
    dist_refuses(&untagged, &[], 6, &["version.initial"]);
    untagged.releng(&["version"]).exits(0).says(&["`other-1.0` is not a release tag of this project"]);
    untagged.releng(&["version", "--at", "0.0.1"]).exits(0).says(&["no milestone tag"]);
    untagged.releng(&["changelog"]).exits(0).says(&["no milestone tag"]);
    untagged.commit("Declare the beginning", &[("packaging/release.toml", "[version]\ninitial = \"0.3\"\n")]);
    assert_eq!(untagged.releng(&["version"]).exits(0).stdout, "0.3.2\n");
    let since = untagged.releng(&["changelog", "--since", "0.3"]).exits(0).stdout;
    assert!(since.contains("0.3.1-1"), "{since}");
}

#[test]
fn an_unknown_configuration_key() {
    let project = demo();
    project.write("packaging/release.toml", "[source]\nformat = [\"zip\"]\n");
    let words = ["line 2: unknown key `source.format`", "help: did you mean `source.formats`?"];
    dist_refuses(&project, &[], 2, &words);
    project.commit("Commit it", &[]);
    dist_refuses(&project, &[], 2, &words);
}

#[test]
fn an_unknown_marker() {
    let project = Sandbox::released(&[("demo.spec.in", &TEMPLATE.replace("@@VERSION@@", "@@VERSOIN@@"))]);
    dist_refuses(&project, &[], 2, &["`demo.spec.in`: line 2: unknown marker `@@VERSOIN@@`", "help: the markers are"]);
}

#[test]
fn a_template_outside_the_project() {
    let project = Sandbox::released(&[("packaging/release.toml", "[rpm]\nspec = \"../demo.spec.in\"\n")]);
    dist_refuses(&project, &[], 2, &["`../demo.spec.in` is not a path within the project"]);
    project.releng(&["spec"]).exits(2);
}

#[test]
fn two_templates() {
    let project = Sandbox::released(&[("demo.spec.in", TEMPLATE), ("packaging/demo.spec.in", TEMPLATE)]);
    dist_refuses(
        &project,
        &[],
        2,
        &[
            "2 specs, and the project may be each of them: `demo.spec.in`",
            "`packaging/demo.spec.in`",
            "help: say which",
        ],
    );
}

#[test]
fn a_template_that_is_not_utf8() {
    let project = demo();
    project.write("demo.spec.in", b"Name: demo\nSummary: caf\xe9\n");
    project.commit("Latin 1", &[]);
    dist_refuses(&project, &[], 2, &["`demo.spec.in` is not UTF-8: line 2", "help: convert it"]);
}

#[test]
fn a_project_without_a_name() {
    dist_refuses(&Sandbox::released(&[("a.txt", "a")]), &[], 2, &["the project has no name", "name = \"…\""]);
}

#[test]
fn a_revision_that_is_no_commit() {
    let project = demo();
    dist_refuses(&project, &["--rev", "nosuch"], 2, &["`nosuch` names no commit here"]);
    dist_refuses(&project, &["--rev", "HEAD^{tree}"], 2, &["object of another kind"]);
    project.releng(&["version", "--rev", "-x"]).exits(2);
}

#[test]
fn an_lfs_pointer() {
    let digest = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n");
    let attributes = (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    let project = Sandbox::released(&[("demo.spec.in", TEMPLATE), attributes, ("big/model.bin", &pointer)]);
    dist_refuses(&project, &[], 1, &["`big/model.bin`", "LFS", "help:"]);
}

#[test]
fn a_blob_that_a_partial_clone_lacks() {
    let whole = demo();
    whole.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = Sandbox::bare();
    let url = format!("file://{}", whole.path().display());
    clone.git(&["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "."]);
    // The template is wanted first; with it there, the first file of the tree is.
    dist_refuses(&clone, &[], 1, &["`demo.spec.in`"]);
    clone.releng(&["dist"]).says(&["the clone is partial", "help: fetch what is missing"]);
    clone.git(&["checkout", "-q", "HEAD", "--", "demo.spec.in"]);
    dist_refuses(&clone, &[], 1, &["`a.txt`", "help:"]);
}

#[test]
fn a_repository_of_another_user() {
    let project = demo();
    let chown = ["-n", "chown", "-R", "12345", "."];
    let is_root = std::fs::metadata(project.path()).unwrap().uid() == 0;
    let (program, args) = if is_root { ("chown", &chown[2..]) } else { ("sudo", &chown[..]) };
    let given = run_in(project.path(), program, args, &[]);
    assert!(given.code == 0, "this test gives files away: run it as root, or with sudo without a password");
    project.releng(&["version"]).exits(1).says(&["is owned by another user", "safe.directory"]);
}

#[test]
fn a_place_that_cannot_be_written() {
    let project = demo();
    dist_refuses(&project, &["--out", "/proc/nowhere/dist"], 1, &["cannot create the folder `/proc/nowhere`"]);
    project.write("target/dist", "a file");
    project.releng(&["dist"]).exits(1).says(&["target/dist` is in the way"]);
}

#[test]
fn a_folder_that_is_not_ours() {
    let project = demo();
    project.write("out/precious", "p");
    let words =
        ["refusing to replace", "`precious` in it was not made by `dist`", "help: choose a new folder: `--out /"];
    project.releng(&["dist", "--out", "out"]).exits(2).says(&words);
    project.releng(&["dist", "--out", "out", "--dry-run"]).exits(2);
    for place in [".", ".git"] {
        project.releng(&["dist", "--out", place]).exits(2).says(&["refusing to replace"]);
    }
    assert_eq!(project.files("out"), ["precious"]);
    project.releng(&["dist"]).exits(0);
    let inside = run_in(&project.join("target/dist/sources"), PROGRAM, &["dist"], &[]);
    inside.exits(2).says(&["it is the current folder", "help: run this from elsewhere"]);
    project.write("target/dist/notes", "n");
    project.releng(&["dist"]).exits(2).says(&["`notes` in it"]);
}

#[test]
fn a_full_disk() {
    let noise: String = (0..400_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let project = Sandbox::released(&[("demo.spec.in", TEMPLATE), ("noise", &noise)]);
    project.write("disk/.keep", "");
    let script = format!(
        "mount -t tmpfs -o size=512k none disk && mkdir -p disk/dist && echo '00  old' | tee disk/dist/SHA256SUMS >disk/dist/old && \
         {PROGRAM} dist --out disk/dist; code=$?; ls -A disk disk/dist; exit $code"
    );
    let ran = run_in(project.path(), "unshare", &["--user", "--map-root-user", "--mount", "sh", "-c", &script], &[]);
    let ran = ran.exits(1).says(&[
        "disk/dist/sources/demo-1.0.0.tar.gz`: No space left on device",
        "help: make room on the file system of `",
        "/disk/dist`, and run the command again: `releng dist --out disk/dist`",
    ]);
    assert_eq!(ran.stdout, "disk:\ndist\n\ndisk/dist:\nSHA256SUMS\nold\n", "the old release stays, and nothing else");
}

#[test]
fn an_interrupt() {
    let noise: String = (0..3_000_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let project = Sandbox::released(&[("demo.spec.in", TEMPLATE), ("noise", &noise)]);
    for (n, path) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().enumerate() {
        project.write(path, format!("{n}{noise}"));
    }
    project.commit("More noise", &[]);
    let running = duct::cmd(PROGRAM, ["dist"]).dir(project.path()).stderr_capture().stdout_null().unchecked();
    let running = running.start().unwrap();
    let began = Instant::now();
    while !std::fs::read_dir(project.join("target")).is_ok_and(|mut entries| entries.any(is_temporary)) {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing began");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = running.pids()[0].to_string();
    duct::cmd("kill", ["-INT", &pid]).run().unwrap();
    let ended = running.wait().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(project.files("target"), [".gitignore"]);
}

#[test]
fn an_interrupt_while_a_program_runs() {
    let project = Sandbox::released(&[("Cargo.toml", "[package]\nname = \"demo\"\n"), ("Cargo.lock", "")]);
    project.write("bin/cargo", "#!/bin/sh\necho $$ >\"$OLDPWD_FILE\"\nexec sleep 60\n");
    run_in(project.path(), "chmod", &["+x", "bin/cargo"], &[]).exits(0);
    let (program, pid_file) = (project.join("bin/cargo"), project.join("pid"));
    let running = duct::cmd(PROGRAM, ["dist"]).dir(project.path()).env("CARGO", program).env("OLDPWD_FILE", &pid_file);
    let running = running.stderr_capture().stdout_null().unchecked().start().unwrap();
    let began = Instant::now();
    while !std::fs::read_to_string(&pid_file).is_ok_and(|pid| pid.ends_with('\n')) {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing began");
        std::thread::sleep(Duration::from_millis(5));
    }
    duct::cmd("kill", ["-TERM", &running.pids()[0].to_string()]).run().unwrap();
    let ended = running.wait().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(began.elapsed() < Duration::from_secs(30), "it waited for the program");
    let child = std::fs::read_to_string(pid_file).unwrap();
    assert!(!std::path::Path::new("/proc").join(child.trim()).exists(), "the program is still there");
}

#[test]
fn a_tree_that_git_would_not_make() {
    let project = demo();
    let blob = project.git(&["hash-object", "-w", "a.txt"]);
    let folder = project.git(&["write-tree"]);
    let script = format!(
        "printf '120000 a\\0%b40000 a\\0%b' \"$(echo {blob} | sed 's/../\\\\x&/g')\" \"$(echo {folder} | sed 's/../\\\\x&/g')\" \
         | git hash-object -w -t tree --stdin --literally"
    );
    let tree = run_in(project.path(), "bash", &["-c", &script], &[]).exits(0).stdout;
    let commit = project.git(&["commit-tree", "-p", "HEAD", "-m", "Bad", tree.trim()]);
    project.git(&["update-ref", "refs/heads/bad", &commit]);
    project.write("packaging/release.toml", "[project]\nname = \"demo\"\n");
    dist_refuses(&project, &["--rev", "bad"], 1, &["is damaged: it has two entries `a`"]);
}

fn is_temporary(entry: std::io::Result<std::fs::DirEntry>) -> bool {
    entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(".dist.releng-"))
}

#[test]
fn usage() {
    let project = demo();
    project.releng(&[]).exits(2);
    project.releng(&["vresion"]).exits(2).says(&["'version'"]);
    project.releng(&["version", "--assume-version", "1.2"]).exits(2).says(&["X.Y.Z"]);
    let stated = |version| run_in(project.path(), PROGRAM, &["version"], &[("RELENG_VERSION", version)]);
    stated("").exits(0).prints("1.0.0\n");
    stated("1.2").exits(2).says(&["`RELENG_VERSION` is `1.2`", "X.Y.Z"]);
    project.releng(&["--color", "green", "version"]).exits(2).says(&["never"]);
}

#[test]
fn the_program_is_named_as_it_was_called() {
    let project = demo();
    let under_cargo = run_in(project.path(), PROGRAM, &["dist", "--help"], &[("CARGO_MANIFEST_DIR", "/somewhere")]);
    assert!(under_cargo.stdout.contains("Usage: cargo xtask dist"), "{}", under_cargo.stdout);
    assert!(project.releng(&["dist", "--help"]).stdout.contains("Usage: releng dist"));
}

#[test]
fn the_help_for_a_folder_of_others_names_one_that_works() {
    let project = demo();
    project.write("out/precious", "p");
    project.write("out/dist/other", "p");
    let said =
        project.releng(&["dist", "--no-stage", "--out", "out"]).exits(2).says(&["in it was not made by `dist`"]).stderr;
    let folder = said.split_once("--out ").unwrap().1.split('`').next().unwrap();
    project.releng(&["dist", "--no-stage", "--out", folder]).exits(0);
    assert!(project.join("out/dist-2/SHA256SUMS").exists());
}

#[test]
fn a_template_that_is_not_committed_is_named() {
    let project = Sandbox::released(&[("a", "1\n")]);
    project.write("packaging/demo.spec.in", TEMPLATE);
    let said = project.releng(&["srpm"]).exits(2).says(&["`packaging/demo.spec.in` is not committed"]).stderr;
    let command = said.split_once("help: commit it: `").unwrap().1.split('`').next().unwrap();
    run_in(project.path(), "sh", &["-c", command], &[]).exits(0);
    project.commit("Describe the release", &[]);
    project.releng(&["srpm"]).exits(0);
    let named = Sandbox::released(&[("packaging/release.toml", "project.name = \"demo\"\n")]);
    named.write("packaging/demo.spec.in", TEMPLATE);
    let parts = ["`packaging/demo.spec.in` is not committed", "there is no source RPM", "and commit it"];
    named.releng(&["srpm"]).exits(2).says(&parts);
}

#[test]
fn a_spec_that_was_never_rendered() {
    let project = demo();
    let said = project.releng(&["spec", "--check"]).exits(4).says(&["there is no rendered spec"]).stderr;
    let command = said.split_once("help: render it: `").unwrap().1.split('`').next().unwrap();
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    project.releng(&args).exits(0);
    project.releng(&["spec", "--check"]).exits(0);
}

#[test]
fn a_wrong_number_revision_or_time_is_told_in_the_words_of_the_program() {
    let project = demo();
    for args in [
        &["dist", "--release", "x"][..],
        &["spec", "--release", "0"],
        &["stage", "--pipeline", "0"],
        &["dist", "--pipeline", "x"],
        &["rollback", "1.0", "--to", "x"],
        &["rpm", "--jobs", "0"],
    ] {
        project.releng(args).exits(2).says(&[": write a number from 1 to "]);
    }
    let nothing = "`nope` names no commit here: there is no such branch, tag or commit";
    project.releng(&["version", "--rev", "nope"]).exits(2).says(&[nothing]);
    let time = "`RELENG_NOW` is `soon`, which is not a time";
    run_in(project.path(), PROGRAM, &["status"], &[("RELENG_NOW", "soon")]).exits(2).says(&[time]);
}
