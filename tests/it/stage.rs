//! Staging: what goes into a snapshot, what is refused, and when `latest` moves.

use std::os::unix::fs::symlink;

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};
use crate::support::rpms::Rpm;
use crate::support::site::{NOW, Site, require_same, text, tree};

const SNAPSHOT: &str = "unstable/1.0/snapshot-demo_1.0_pipeline_1";

fn latest(site: &Site) -> String {
    std::fs::read_link(site.served("unstable/1.0/latest")).unwrap().to_string_lossy().into_owned()
}

/// Makes a release with packages for two dists, spoils it, and stages it: nothing may come of it.
#[track_caller]
fn refused(spoil: impl Fn(&Site), parts: &[&str]) -> Ran {
    let site = Site::new();
    site.commit("Go on").build(&["el8", "el9"]);
    spoil(&site);
    let ran = site.releng(&["stage"]).says(parts);
    assert!([1, 2].contains(&ran.code), "{}", ran.code);
    assert_eq!(site.project.files("target/repository"), [""; 0]);
    ran
}

#[test]
fn the_tree_is_the_users() {
    let site = Site::new();
    site.commit("Go on").build(&["el8", "el9"]);
    let place = site.served(SNAPSHOT);
    site.releng(&["stage"])
        .exits(0)
        .says(&["staged unstable/1.0/snapshot-demo_1.0_pipeline_1 (1.0.1)\n"])
        .prints(&format!("{}\n", place.display()));
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_1");
    let files: Vec<String> = tree(&place).into_keys().filter(|path| place.join(path).is_file()).collect();
    let described = files.iter().filter(|path| path.contains("/repodata/")).count();
    let others: Vec<&str> = files.iter().filter(|path| !path.contains("/repodata/")).map(String::as_str).collect();
    assert!(described >= 2 * 4, "{files:?}");
    let wanted = "ChangeLog.txt index.html index.json manifest.json provenance/snapshot-demo_1.0_pipeline_1.json \
        rpm/el8/index.html rpm/el8/noarch/demo-1.0.1-1.el8.noarch.rpm rpm/el9/index.html \
        rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm sources/ChangeLog sources/SHA256SUMS \
        sources/demo-1.0.1-1.src.rpm sources/demo-1.0.1.cdx.json sources/demo-1.0.1.provenance.json \
        sources/demo-1.0.1.spdx.json sources/demo-1.0.1.tar.gz sources/demo-1.0.1.zip sources/demo.spec \
        style.css";
    assert_eq!(others, wanted.split(' ').collect::<Vec<_>>());
    run_in(&place.join("sources"), "sha256sum", &["--quiet", "--strict", "-c", "SHA256SUMS"], &[]).exits(0);
    assert_eq!(text(&place.join("ChangeLog.txt")), text(&site.project.join("target/dist/sources/ChangeLog")));
    assert!(tree(&place).values().filter(|what| what.starts_with("file")).all(|what| what.starts_with("file 444 ")));
    assert!(site.text("demo-unstable-1.0-el9.repo").contains("/demo/unstable/1.0/latest/rpm/el9/\n"));
    let log = text(&site.state("log.jsonl"));
    assert!(log.contains("\"event\":\"stage\"") && log.lines().count() == 1, "{log}");
}

#[test]
fn a_release_without_packages_is_staged() {
    let site = Site::new();
    site.commit("Go on").dist();
    site.releng(&["stage", "--dry-run"]).exits(0).prints(
        "stage demo 1.0.1 as snapshot-demo_1.0_pipeline_1:\n  make unstable/1.0/snapshot-demo_1.0_pipeline_1:\n    \
         write ChangeLog.txt\n    copy 7 files into sources/\n    copy 1 package into sources/\n    \
         write provenance/snapshot-demo_1.0_pipeline_1.json\n    write sources/SHA256SUMS\n    \
         write style.css\n    write index.html\n    write index.json\n    \
         write manifest.json, and show the folder as unstable/1.0/snapshot-demo_1.0_pipeline_1\n  \
         make unstable/1.0/latest lead to snapshot-demo_1.0_pipeline_1\n  \
         append to log.jsonl: staged snapshot-demo_1.0_pipeline_1 as latest\n  \
         write style.css\n  write timeline.svg\n  write index.html\n  write index.json\n  write unstable/index.html\n",
    );
    assert!(!site.served("").exists() && !site.state("").exists(), "a dry run writes nothing");
    site.releng(&["stage"]).exits(0);
    assert!(!site.served(SNAPSHOT).join("rpm").exists());
}

#[test]
fn the_same_bytes_twice_change_nothing() {
    let site = Site::new();
    site.release("Go on", &["el9"]);
    let [served, mut state] = site.trees();
    for args in [&["stage"][..], &["stage", "--pipeline", "1"]] {
        site.releng_at("2026-03-04T05:06:07Z", args)
            .exits(0)
            .says(&["snapshot-demo_1.0_pipeline_1 (1.0.1) is staged already"]);
    }
    let [served_again, mut state_again] = site.trees();
    require_same(&served, &served_again);
    assert!(state.remove("lock").is_some() && state_again.remove("lock").is_some());
    require_same(&state, &state_again);
    site.releng(&["stage", "--pipeline", "7"]).exits(0);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_7", "a number that is asked for is given");
}

#[test]
fn a_number_is_given_once() {
    let site = Site::new();
    site.release("Go on", &["el9"]);
    let before = site.trees();
    site.commit("Go further").build(&["el9"]);
    let refusal = ["`snapshot-demo_1.0_pipeline_1` is there already, with other contents", "`--pipeline 2`"];
    site.releng(&["stage", "--pipeline", "1"]).exits(1).says(&refusal);
    require_same(&before[0], &site.trees()[0]);
    site.releng(&["stage"]).exits(0);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_2");
}

#[test]
fn latest_moves_forward_only() {
    let site = Site::new();
    let folder = |name: &str| {
        run_in(site.project.path(), "cp", &["-r", "target/dist", name], &[]).exits(0);
    };
    site.commit("One").dist();
    folder("target/one");
    site.commit("Two").dist();
    folder("target/two");
    site.releng(&["stage", "--pipeline", "12"]).exits(0);
    let late = site.releng(&["stage", "--from", "target/one", "--pipeline", "11"]).exits(0);
    late.says(&["`latest` stays at `snapshot-demo_1.0_pipeline_12`: its pipeline is the later one"]);
    let older = site.releng(&["stage", "--from", "target/one", "--pipeline", "13"]).exits(0);
    older.says(&[
        "`latest` stays at `snapshot-demo_1.0_pipeline_12`: its commit ",
        " does not come before that of `snapshot-demo_1.0_pipeline_13`",
    ]);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_12");
    site.commit("Three").dist();
    site.releng(&["stage", "--pipeline", "14"]).exits(0);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_14");
    site.releng(&["stage", "--from", "target/two", "--pipeline", "15"]).exits(0);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_14");
}

#[test]
fn a_rewritten_history_holds_latest_no_longer() {
    let site = Site::new();
    site.release("Lost", &[]);
    site.project.git(&["reset", "-q", "--hard", "HEAD~1"]);
    site.release("Found", &[]);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_2");
}

#[test]
fn unmerged_work_is_staged_apart() {
    let site = Site::new();
    site.release("Go on", &[]);
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.commit("Try").dist();
    site.releng(&["stage"]).exits(0).says(&["staged as unmerged work: commit ", " is not in main"]);
    site.project.git(&["checkout", "-q", "main"]);
    site.project.write("a", "changed\n");
    site.commit("Go further");
    site.project.write("a", "changed and not committed\n");
    site.dist();
    site.releng(&["stage"]).exits(0).says(&["staged as unmerged work: the work tree differs from the commit"]);
    site.project.git(&["checkout", "-q", "a"]);
    site.commit("Go").dist();
    site.releng(&["stage", "--unmerged"]).exits(0);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_1");
    for pipeline in [2, 3, 4] {
        let manifest = site.text(&format!("unstable/1.0/snapshot-demo_1.0_pipeline_{pipeline}/manifest.json"));
        assert!(manifest.contains("\"merged\": false"), "{manifest}");
    }
}

#[test]
fn the_number_is_that_of_the_ci_system() {
    let site = Site::new();
    site.commit("Go on").dist();
    for (name, value, number) in [("BUILD_NUMBER", "3", 3), ("GITHUB_RUN_NUMBER", "5", 5), ("CI_PIPELINE_IID", "8", 8)]
    {
        site.releng_with(&[(name, value)], &["stage"]).exits(0);
        assert_eq!(latest(&site), format!("snapshot-demo_1.0_pipeline_{number}"));
    }
    site.releng_with(&[("BUILD_NUMBER", "3")], &["stage", "--pipeline", "9"]).exits(0);
    site.releng_with(&[("BUILD_NUMBER", "")], &["stage"]).exits(0).says(&["pipeline_9 (1.0.1) is staged already"]);
    let refusal = ["the variable `BUILD_NUMBER` is `v1`", "help: state the number: `--pipeline N`"];
    site.releng_with(&[("BUILD_NUMBER", "v1")], &["stage"]).exits(2).says(&refusal);
    site.releng_with(&[("BUILD_NUMBER", "v1")], &["dist"]).exits(2).says(&refusal);
    site.releng_with(&[("BUILD_NUMBER", "v1")], &["dist", "--no-stage"]).exits(0);
}

#[test]
fn another_jobs_folder_is_taken_at_its_word_and_not_merged() {
    let (builder, site) = (Site::new(), Site::new());
    builder.commit("Only there").build(&["el9"]);
    let folder = builder.project.join("target/dist");
    let ran = site.releng(&["stage", "--from", folder.to_str().unwrap()]).exits(0);
    ran.says(&["staged as unmerged work: commit ", "no git repository here"]);
    assert!(site.served(SNAPSHOT).join("rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm").exists());
    assert!(!site.served("unstable/1.0/latest").exists());
}

#[test]
fn a_folder_that_is_not_what_it_lists() {
    let rpm = "target/dist/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";
    refused(|site| site.project.write("target/dist/sources/extra", "x"), &["`sources/extra` is not in `SHA256SUMS`"]);
    refused(|site| site.project.write("target/dist/extra", "x"), &["`extra` is not in `SHA256SUMS`"]);
    let spoilt = |path: &'static str| {
        move |site: &Site| {
            let mut content = std::fs::read(site.project.join(path)).unwrap();
            let middle = content.len() / 2;
            content[middle] ^= 1;
            site.project.write(path, content);
        }
    };
    refused(spoilt("target/dist/sources/demo-1.0.1.zip"), &["has another digest than in `SHA256SUMS`", "copy"]);
    refused(spoilt(rpm), &["rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm`"]);
    refused(spoilt("target/dist/builds.json"), &["`builds.json` has another digest than in `SHA256SUMS`"]);
    refused(|site| std::fs::remove_file(site.project.join(rpm)).unwrap(), &["demo-1.0.1-1.el9.noarch.rpm`"]);
    let gone = |site: &Site| std::fs::remove_dir_all(site.project.join("target/dist")).unwrap();
    refused(gone, &["there is no `", "target/dist/SHA256SUMS`", "dist --no-stage"]);
    let link = |site: &Site| symlink("/etc/passwd", site.project.join("target/dist/sources/passwd")).unwrap();
    refused(link, &["`sources/passwd` is neither a file nor a folder"]);
    let linked = |site: &Site| {
        std::fs::rename(site.project.join("target/dist/rpm"), site.project.join("target/rpm")).unwrap();
        symlink("../rpm", site.project.join("target/dist/rpm")).unwrap();
    };
    refused(linked, &["`rpm` is neither a file nor a folder"]);
}

#[test]
fn a_package_that_does_not_belong_there() {
    let rpm = "target/dist/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";
    let moved = |to: &'static str| {
        move |site: &Site| {
            std::fs::create_dir_all(site.project.join(to).parent().unwrap()).unwrap();
            std::fs::rename(site.project.join(rpm), site.project.join(to)).unwrap();
            site.list_builds(str::to_owned);
        }
    };
    let place = "target/dist/rpm/el9/x86_64/demo-1.0.1-1.el9.noarch.rpm";
    refused(moved(place), &["belongs in `rpm/el9/noarch/`"]);
    refused(moved("target/dist/rpm/el8/noarch/demo-1.0.1-1.el9.noarch.rpm"), &["has a release for el9"]);
    refused(moved("target/dist/rpm/el9/demo-1.0.1-1.el9.noarch.rpm"), &["is not `rpm/DIST/ARCH/FILE`"]);
    refused(moved("target/dist/rpm/EL/noarch/demo-1.0.1-1.el9.noarch.rpm"), &["`EL` is not a dist"]);
    let other = |site: &Site| {
        site.add(&Rpm::new("demo", "1.0.0").dist("el9"), "el9");
        site.list_builds(str::to_owned);
    };
    refused(other, &["is of version 1.0.0, but the release is 1.0.1", "remove the old ones"]);
    let unknown = |site: &Site| drop(site.add(&Rpm::new("demo-doc", "1.0.1").dist("el9"), "el9"));
    refused(unknown, &["`builds.json` does not list `rpm/el9/noarch/demo-doc-1.0.1-1.el9.noarch.rpm`"]);
    let text = |site: &Site| {
        site.project.write(rpm, "no package");
        site.list_builds(str::to_owned);
    };
    refused(text, &["demo-1.0.1-1.el9.noarch.rpm`"]);
}

#[test]
fn packages_without_a_record_of_their_builder() {
    let without = |site: &Site| {
        std::fs::remove_file(site.project.join("target/dist/builds.json")).unwrap();
        site.list();
    };
    let package = "`rpm/el8/noarch/demo-1.0.1-1.el8.noarch.rpm`";
    let why =
        format!("there is no `builds.json` to say on which dist {package} was built\nhelp: `releng rpm` writes it");
    refused(without, &[&why, "\"schema\":\"releng.builds/1\""]);
    // A source package has nothing of the host that made it.
    let site = Site::new();
    site.commit("Go on").build(&["el9"]);
    without(&site);
    std::fs::remove_dir_all(site.project.join("target/dist/rpm/el9/noarch")).unwrap();
    Rpm::new("demo", "1.0.1").dist("el9").build_source_into(&site.project.join("target/dist/rpm/el9/SRPMS"));
    site.list();
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_package_from_another_dists_host() {
    let elsewhere = |site: &Site| site.list_builds(|_| "fc42".to_owned());
    let refusal = ["was built for el8 on fc42", "set `rpm.portable-noarch`"];
    refused(elsewhere, &refusal);
    let site = Site::with("[rpm]\nportable-noarch = true\n");
    site.commit("Go on").build(&["el9"]);
    elsewhere(&site);
    site.releng(&["stage"]).exits(0);
}

#[test]
fn names_that_lead_elsewhere() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let names = ["../x", "/etc/x", "sources/../../x", "-rf", "sources/-rf", "sources/a\u{1b}[2Jb", "rpm/../x", "."];
    for name in names {
        let spoil = |site: &Site| {
            let sums = text(&site.project.join("target/dist/SHA256SUMS"));
            site.project.write("target/dist/SHA256SUMS", format!("{sums}{digest}  {name}\n"));
        };
        let said = refused(spoil, &["`SHA256SUMS`"]).stderr;
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    let spoil = |site: &Site| site.project.write("target/dist/SHA256SUMS", "no sum\n");
    refused(spoil, &["has the invalid line `no sum`"]);
}

#[test]
fn an_archive_that_reaches_out() {
    let site = Site::with("[[acceptance]]\nname = \"look\"\nrun = [\"test\", \"-f\", \"a\"]\n");
    site.commit("Go on").dist();
    let scratch = site.project.join("target/scratch");
    std::fs::create_dir_all(scratch.join("tmp/deep")).unwrap();
    let archive = site.project.join("target/dist/sources/demo-1.0.1.tar.gz");
    let path = archive.to_str().unwrap();
    run_in(&scratch, "tar", &["-xzf", path], &[]).exits(0);
    symlink(scratch.join("tmp"), scratch.join("demo-1.0.1/out")).unwrap();
    std::fs::write(scratch.join("evil"), "x").unwrap();
    let script = format!(
        "tar -cf t.tar demo-1.0.1 && tar -rPf t.tar --transform='s,^evil,../../../evil,' evil && \
         tar -rPf t.tar --transform='s,^evil,demo-1.0.1/out/evil,' evil && rm evil && gzip -nc t.tar >'{path}'"
    );
    run_in(&scratch, "sh", &["-c", &script], &[]).exits(0);
    site.list();
    site.releng(&["stage"]).exits(0);
    let deep = scratch.join("tmp/deep");
    let ran = site.releng_with(&[("TMPDIR", deep.to_str().unwrap())], &["accept"]);
    let ran = ran.exits(1).says(&["cannot unpack `", "demo-1.0.1.tar.gz`"]);
    let evil = tree(site.project.path()).into_keys().find(|path| path.ends_with("evil"));
    assert_eq!(evil, None, "{}", ran.stderr);
    assert!(tree(&deep).is_empty(), "nothing is left");
}

#[test]
fn the_same_input_gives_the_same_snapshot_everywhere() {
    let staged = |umask: &str, variables: &[(&str, &str)]| {
        let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
        site.commit("Go on").build(&["el8", "el9"]);
        let script = format!("umask {umask} && exec {PROGRAM} stage");
        run_in(site.project.path(), "sh", &["-c", &script], &[variables, &[("RELENG_NOW", NOW)]].concat()).exits(0);
        tree(&site.served("unstable/1.0"))
    };
    let plain = staged("022", &[]);
    assert!(plain.len() > 20, "{plain:?}");
    let environment = [("TZ", "Asia/Kathmandu"), ("RELENG_THREADS", "1"), ("LC_ALL", "C.UTF-8")];
    require_same(&plain, &staged("077", &environment));
    require_same(&plain, &staged("000", &[("RELENG_THREADS", "7")]));
}

#[test]
fn a_release_of_another_project() {
    let site = Site::new();
    site.commit("Go on").dist();
    run_in(site.project.path(), "cp", &["-r", "target/dist", "target/other"], &[]).exits(0);
    site.project.write("packaging/release.toml", "[project]\nname = \"other\"\n");
    let ran = site.releng(&["stage", "--from", "target/other"]).exits(2);
    ran.says(&["is a release of demo, but the project is other", "`--from DIR`"]);
}

#[test]
fn the_checksums_of_other_programs_are_read() {
    for script in [
        "find . -type f ! -name SHA256SUMS -exec sha256sum {} + > sums",
        "find . -type f ! -name SHA256SUMS -exec sha256sum --tag {} + > sums",
        "sed 's/$/\\r/' SHA256SUMS > sums",
    ] {
        let site = Site::new();
        site.commit("Go on").build(&["el9"]);
        let dist = site.project.join("target/dist");
        run_in(&dist, "sh", &["-c", &format!("{script} && grep -v ./sums sums > SHA256SUMS; rm sums")], &[]).exits(0);
        site.releng(&["stage"]).exits(0);
    }
    let site = Site::new();
    site.commit("Go on").build(&["el9"]);
    site.project.write("target/dist/SHA256SUMS", "no sum\n");
    let said = site.releng(&["stage"]).exits(1).stderr;
    let command = said.split_once("again: `").unwrap().1.split('`').next().unwrap();
    run_in(site.project.path(), "sh", &["-c", command], &[]).exits(0);
    site.releng(&["stage"]).exits(0);
}

#[test]
fn in_a_bare_clone_and_a_mirror_the_branches_of_the_remote_count() {
    let site = Site::new();
    site.commit("Go on");
    for kind in ["--bare", "--mirror"] {
        let clone = Sandbox::bare();
        let origin = site.project.path().display().to_string();
        clone.git(&["clone", "-q", kind, &origin, "clone.git"]);
        let place = clone.join("clone.git");
        let repository = clone.join("repository").display().to_string();
        let dist = ["--repository", &repository, "dist", "--out", "../dist"];
        let preview = run_in(&place, PROGRAM, &[&dist[..], &["--dry-run"]].concat(), &[]).exits(0);
        assert!(preview.stdout.ends_with("pipeline_1: merged into main\n"), "{}", preview.stdout);
        run_in(&place, PROGRAM, &dist, &[]).exits(0);
        let staged = clone.join("repository/demo/unstable/1.0/snapshot-demo_1.0_pipeline_1/manifest.json");
        assert!(text(&staged).contains("\"merged\": true"), "{kind}");
        let unplaced = run_in(&place, PROGRAM, &["dist", "--out", "../dist", "--dry-run"], &[]).exits(0);
        assert!(unplaced.stdout.contains("do not stage it: a bare repository"), "{}", unplaced.stdout);
    }
}
