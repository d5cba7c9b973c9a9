//! Promotion: what each gate asks, and what a revision is made of.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use releng::base::files::{LockFile, TreePath};

use crate::support::program::{Ran, run_in};
use crate::support::rpms::Rpm;
use crate::support::site::{Site, UNTESTED, require_same, text};
use crate::support::text_of;

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";
const PASSING: &str = "[[acceptance]]\nname = \"look\"\nrun = [\"test\", \"-f\", \"a\"]\n";

fn stable(site: &Site, series: &str) -> String {
    std::fs::read_link(site.served("stable").join(series)).unwrap().to_string_lossy().into_owned()
}

/// Runs the program, which must refuse and write nothing.
#[track_caller]
pub fn refused(site: &Site, args: &[&str], parts: &[&str]) -> Ran {
    let before = site.trees();
    site.releng(&[args, &["--dry-run"]].concat()).exits(1).says(parts);
    let ran = site.releng(args).exits(1).says(parts);
    require_same(&before[0], &site.trees()[0]);
    ran
}

/// A promotion to a new or an old series, which must be refused.
#[track_caller]
pub fn unpromotable(site: &Site, parts: &[&str]) -> Ran {
    refused(site, &[&["promote", "--major"], UNTESTED].concat(), parts)
}

/// One release that is staged.
fn staged() -> Site {
    let site = Site::new();
    site.release("Go on", &["el9"]);
    site
}

#[test]
fn a_snapshot_that_was_changed() {
    let rpm = format!("unstable/1.0/{FIRST}/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm");
    let site = staged();
    site.tamper(&rpm, |content| *content.last_mut().unwrap() ^= 1);
    let parts = [
        &format!("refusing to promote `{FIRST}` (1.0.1): `rpm/el9/noarch/"),
        "` was changed\nhelp: ",
        "stage the release again, which gives it a new number",
    ];
    unpromotable(&site, &parts);
    std::fs::remove_file(site.served(&rpm)).unwrap();
    unpromotable(&site, &["demo-1.0.1-1.el9.noarch.rpm` is missing"]);
    let site = staged();
    std::fs::write(site.served(&format!("unstable/1.0/{FIRST}/extra")), "x").unwrap();
    unpromotable(&site, &["`extra` is not in its manifest"]);
    let site = staged();
    site.tamper(&format!("unstable/1.0/{FIRST}/manifest.json"), |content| content.push(b'\n'));
    unpromotable(&site, &["its `manifest.json` was changed since it was staged"]);
    let site = staged();
    let copy = FIRST.replace("pipeline_1", "pipeline_9");
    run_in(&site.served("unstable/1.0"), "cp", &["-a", FIRST, &copy], &[]).exits(0);
    refused(&site, &["promote", &copy], &["was copied there: the log has its event for another folder"]);
}

#[test]
fn a_tag_that_came_later() {
    let site = staged();
    site.project.git(&["tag", "1.5"]);
    unpromotable(&site, &["git now counts 1.5.0, and it was staged as 1.0.1", "a tag was added after it was staged"]);
}

#[test]
fn tests_that_must_pass() {
    let site = Site::with(PASSING);
    site.release("Go on", &["el9"]);
    let promote = ["promote", "--major"];
    let untested = [&promote[..], UNTESTED].concat();
    refused(
        &site,
        &promote,
        &["the acceptance test `look` was not run on this snapshot", "accept snapshot-demo_1.0_pipeline_1"],
    );
    refused(&site, &untested, &["the acceptance test `look` was not run on this snapshot"]);
    site.releng(&["accept"]).exits(0);
    let result = site.state(&format!("results/{FIRST}/0001-look.json"));
    let passed = text(&result);
    let manifest = text(&site.state("log.jsonl")).rsplit("\"manifest\":\"").next().unwrap()[..64].to_owned();
    assert!(passed.contains(&manifest), "{passed}");
    let of_another = passed.replace(&manifest, &"0".repeat(64));
    let edit = |path: &Path, content: &str| {
        std::fs::write(path, content).unwrap();
        site.releng(&["prune"]).exits(0); // the pages show the result
    };
    edit(&result, &of_another);
    refused(&site, &promote, &["the acceptance test `look` was not run on this snapshot"]);
    edit(&result, &passed);
    let failed = result.with_file_name("0002-look.json");
    edit(&failed, &passed.replace("\"passed\"", "\"failed\""));
    refused(
        &site,
        &promote,
        &["the acceptance test `look` failed", "help: read its output in `", "results/snapshot-demo_1.0_pipeline_1/"],
    );
    edit(&failed, &passed.replace("\"passed\"", "\"timed-out\""));
    refused(&site, &promote, &["the acceptance test `look` exceeded its time limit"]);
    std::fs::remove_file(failed).unwrap();
    site.releng(&promote).exits(0);
}

#[test]
fn a_reason_is_one_and_is_kept_only_where_it_counts() {
    let site = Site::with(PASSING);
    site.release("Go on", &["el9"]);
    site.releng(&["promote", "--major", "--untested", " "]).exits(2).says(&["the reason must not be empty"]);
    site.releng(&["accept"]).exits(0);
    site.releng(&["promote", "--major", "--untested", "trust me"]).exits(0);
    assert!(!text(&site.state("log.jsonl")).contains("trust me"), "it was tested");
}

#[test]
fn a_test_for_another_kind_of_promotion() {
    let site = Site::with(&format!("{PASSING}on = [\"minor\"]\n"));
    site.release("Go on", &[]);
    let parts = ["no acceptance test is configured for a major promotion", " --major --untested REASON`"];
    refused(&site, &["promote", "--major"], &parts);
    site.promote(&[]).exits(0);
    site.release("Fly\n\nSem-Ver: feature", &[]);
    site.project.git(&["tag", "1.1"]);
    unpromotable(&site, &["the acceptance test `look` was not run on this snapshot"]);
    assert!(text(&site.state("log.jsonl")).contains("\"untested\":\"a test of the tool\""));
}

#[test]
fn a_new_series_needs_the_flag() {
    let site = staged();
    let args = [&["promote"], UNTESTED].concat();
    refused(
        &site,
        &args,
        &[
            "stable/1.0 would be a new series",
            "to begin it: `",
            " promote snapshot-demo_1.0_pipeline_1 --untested 'a test of the tool' --major`",
        ],
    );
}

#[test]
fn only_what_is_above() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let again = ["promote", FIRST, "--untested", "x"];
    let before = site.trees();
    site.releng(&again).exits(0).says(&[&format!("`{FIRST}` (1.0.1) is in stable/1.0 already: event 2 promoted it")]);
    site.promote(&[]).exits(0).says(&["stable/1.0 has 1.0.1 already, and nothing newer is staged"]);
    require_same(&before[0], &site.trees()[0]);
    site.release("Two", &["el9"]);
    site.promoted("Three", &["el9"]);
    let older = ["promote", "snapshot-demo_1.0_pipeline_2", "--untested", "x"];
    refused(&site, &older, &["stable/1.0 already has 1.0.3", "help: promote a newer snapshot"]);
}

#[test]
fn a_version_is_repackaged_with_a_higher_release() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let two = Rpm::new("demo", "1.0.1").release("2").dist("el9").file("/usr/share/demo/more", "x");
    site.releng(&["dist", "--no-stage", "--release", "2"]).exits(0);
    site.add(&two, "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0).says(&["promoted snapshot-demo_1.0_pipeline_2", "(patch)"]);
    let files = site.project.files("target/repository/demo/revisions/stable-1.0/000002");
    let rpms: Vec<&String> = files.iter().filter(|path| path.ends_with(".rpm")).collect();
    assert_eq!(
        rpms,
        [
            "rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm",
            "rpm/el9/noarch/demo-1.0.1-2.el9.noarch.rpm",
            "sources/demo-1.0.1-1.src.rpm",
            "sources/demo-1.0.1-2.src.rpm"
        ]
    );
    let first = ["promote", FIRST, "--untested", "x"];
    refused(&site, &first, &["stable/1.0 already has 1.0.1"]);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn what_clients_may_have_is_never_replaced() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.project.git(&["reset", "-q", "--hard", "HEAD~1"]);
    site.commit("Another two").dist();
    site.add(&Rpm::new("demo", "1.0.2").dist("el9").file("/usr/share/demo/other", "x"), "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    let parts = ["`demo-1.0.2-1.el9.noarch` was in stable before, with another content", "raise the version"];
    refused(&site, &["promote", "snapshot-demo_1.0_pipeline_3", "--untested", "x"], &parts);
}

#[test]
fn what_was_taken_back_comes_back_by_name_only() {
    let site = Site::with("[promotion]\ndue = [\"interval\"]\n");
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    let two = "snapshot-demo_1.0_pipeline_2";
    let due = ["promote", "--due", "--untested", "x"];
    site.releng_at("2027-01-01T00:00:00Z", &due).exits(0).says(&["nothing is due"]);
    let refusal = [
        &format!("no snapshot to promote without its name; the newest of the others is `{two}`"),
        "to promote it all the same: `",
    ];
    unpromotable(&site, &refusal);
    // Nor does the same commit in the next run of the pipeline.
    site.releng(&["stage", "--pipeline", "3"]).exits(0);
    site.releng_at("2027-01-01T00:00:00Z", &due).exits(0).says(&["nothing is due"]);
    unpromotable(&site, &["unstable/1.0 has no snapshot to promote without its name"]);
    site.promote(&[two]).exits(0);
    assert_eq!(stable(&site, "1.0"), "../revisions/stable-1.0/000004");
    let rpms = site.project.files("target/repository/demo/revisions/stable-1.0/000004/rpm/el9/noarch");
    assert_eq!(rpms, site.project.files("target/repository/demo/revisions/stable-1.0/000002/rpm/el9/noarch"));
}

#[test]
fn what_was_yanked_comes_back_by_name_only() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.promoted("Two", &["el8", "el9"]);
    site.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"]).exits(0);
    let two = "snapshot-demo_1.0_pipeline_2";
    site.promote(&[]).exits(0).says(&["stable/1.0 has 1.0.2 already, and nothing newer is staged"]);
    site.promote(&[two, "--with-yanked"]).exits(0);
    let revision =
        |number: u32| site.project.files(&format!("target/repository/demo/revisions/stable-1.0/{number:06}/rpm"));
    let packages = |number: u32| revision(number).into_iter().filter(|path| path.ends_with(".rpm")).collect::<Vec<_>>();
    assert_eq!(packages(4), packages(2));
    site.releng(&["verify"]).exits(0);
}

#[test]
fn nothing_to_promote() {
    let site = Site::new();
    unpromotable(&site, &["nothing is staged in `", "help: stage a release: `"]);
    site.release("Go on", &[]);
    refused(
        &site,
        &["promote", "snapshot-demo_1.0_pipeline_9"],
        &["there is no snapshot `snapshot-demo_1.0_pipeline_9`"],
    );
    site.releng(&["promote", "../../etc"]).exits(2).says(&["`../../etc` is not a snapshot"]);
}

#[test]
fn a_dry_run_prints_every_gate_and_writes_nothing() {
    let site = staged();
    let before = site.trees();
    let plan = site.promote(&["--dry-run"]).exits(0).stdout;
    let gates: Vec<&str> = plan.lines().filter(|line| line.contains(" yes: ")).map(|line| &line[2..12]).collect();
    let names = [
        "whole",
        "merged",
        "version",
        "series",
        "above",
        "yanked",
        "packages",
        "tested",
        "ledger",
        "milestone",
        "key",
        "requires",
    ];
    assert_eq!(gates, names.map(|name| format!("{name:<10}")));
    // The document for maintainers lists the same ones.
    let guide = text_of("docs/maintainer.md");
    let listed = guide.split("## Promotion gates").nth(1).unwrap().split("\n## ").next().unwrap();
    let documented = listed.lines().filter_map(|line| line.strip_prefix("* `")?.split('`').next());
    assert_eq!(documented.collect::<Vec<_>>(), names);
    assert!(plan.starts_with(&format!("gates of {FIRST} (1.0.1):\n")), "{plan}");
    let steps = plan.split_once(&format!("\npromote {FIRST} (1.0.1) to stable/1.0:\n")).unwrap().1;
    let expected = [
        "  make revisions/stable-1.0/000001:",
        &format!("    link provenance/{FIRST}.json of {FIRST}"),
        &format!("    link rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm of {FIRST}"),
        &format!("    link 6 files of {FIRST} into sources/"),
        &format!("    link ChangeLog.txt of {FIRST} as ChangeLog_1.0.txt"),
        "    write rpm/el9/repodata/",
        "    write provenance/promotion-000001.json",
        "    write sources/SHA256SUMS",
        "    write style.css",
        "    write rpm/el9/index.html",
        "    write index.html",
        "    write index.json",
        "    write manifest.json, and show the folder as revisions/stable-1.0/000001",
        "  make stable/1.0 lead to ../revisions/stable-1.0/000001",
        "  add new packages to ledger.json",
        &format!("  append to log.jsonl: promoted {FIRST} (1.0.1) to stable/1.0, revision 1"),
        "  write demo-stable-1.0-el9.repo",
        "  write timeline.svg",
        "  write index.html",
        "  write index.json",
        "  write unstable/index.html",
        "  write revisions/index.html",
    ];
    assert_eq!(steps.lines().collect::<Vec<_>>(), expected);
    assert_eq!(site.trees(), before);
}

#[test]
fn the_same_bytes_and_the_tarballs_changelog() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.release("Two", &["el9"]);
    site.promote(&["--end-dist", "el8"]).exits(0);
    let inode = |path: &str| site.served(path).metadata().unwrap_or_else(|error| panic!("{path}: {error}")).ino();
    let two = "snapshot-demo_1.0_pipeline_2";
    for (snapshot, path) in [
        (FIRST, "rpm/el8/noarch/demo-1.0.1-1.el8.noarch.rpm"),
        (FIRST, "rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm"),
        (FIRST, "sources/demo-1.0.1.tar.gz"),
        (two, "rpm/el9/noarch/demo-1.0.2-1.el9.noarch.rpm"),
        (two, "sources/demo-1.0.2.tar.gz"),
        (two, "sources/demo-1.0.2-1.src.rpm"),
    ] {
        assert_eq!(inode(&format!("stable/1.0/{path}")), inode(&format!("unstable/1.0/{snapshot}/{path}")), "{path}");
    }
    let archive = site.served("stable/1.0/sources/demo-1.0.2.tar.gz");
    let args = ["-xOzf", archive.to_str().unwrap(), "demo-1.0.2/ChangeLog"];
    let changelog = run_in(Path::new("/"), "tar", &args, &[]).exits(0).stdout;
    assert!(changelog.contains("Two"), "{changelog}");
    assert_eq!(site.text("stable/1.0/ChangeLog_1.0.txt"), changelog);
    let sources = site.served("stable/1.0/sources");
    run_in(&sources, "sha256sum", &["--quiet", "--strict", "-c", "SHA256SUMS"], &[]).exits(0);
    assert_eq!(stable(&site, "1.0"), "../revisions/stable-1.0/000002");
    assert!(site.text("demo-stable-1.0-el9.repo").contains("/demo/stable/1.0/rpm/el9/\n"));
}

#[test]
fn sources_of_a_release_without_packages_are_summed() {
    let site = Site::new();
    site.promoted("One", &[]);
    let sources = site.served("stable/1.0/sources");
    run_in(&sources, "sha256sum", &["--quiet", "--strict", "-c", "SHA256SUMS"], &[]).exits(0);
}

#[test]
fn two_majors_side_by_side() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let old = stable(&site, "1.0");
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    assert_eq!(site.build(&["el9"]), "2.0.0");
    site.releng(&["stage"]).exits(0);
    // The answer is about what the person works on.
    refused(
        &site,
        &["promote", "--untested", "x"],
        &["`snapshot-demo_2.0_pipeline_1` (2.0.0): stable/2.0 would be a new series"],
    );
    site.promote(&[]).exits(0).says(&["promoted snapshot-demo_2.0_pipeline_1 (2.0.0) to stable/2.0 (major)"]);
    assert_eq!((stable(&site, "1.0"), stable(&site, "2.0")), (old, "../revisions/stable-2.0/000001".to_owned()));
    let rpms = site.project.files("target/repository/demo/revisions/stable-2.0/000001/rpm/el9/noarch");
    assert_eq!(rpms, ["demo-2.0.0-1.el9.noarch.rpm"]);
    assert!(site.text("demo-stable-1.0-el9.repo").starts_with("# demo 2.0 is out."));
    assert!(!site.text("demo-stable-2.0-el9.repo").contains("is out"));
}

#[test]
fn a_second_writer_gets_the_process_and_command_of_the_first() {
    let site = staged();
    let first =
        LockFile::take(&TreePath::in_own_folder(&site.state("lock")), "releng promote", "writing this repository")
            .unwrap();
    let before = site.trees();
    let who = format!("`releng promote`, process {}, is writing this repository: ", std::process::id());
    for args in [&["promote", "--major", "--untested", "x"][..], &["stage"], &["rollback", "1.0"]] {
        site.releng(args).exits(75).says(&[&who, "help: wait for it to end"]);
    }
    assert_eq!(site.trees(), before);
    site.promote(&["--dry-run"]).exits(0);
    drop(first);
    site.promote(&[]).exits(0);
}
