//! Helps of commands that find no repository, nothing in it, or damage.

use std::fs;

use super::{commands_of, follow, run_shell};
use crate::support::program::Ran;
use crate::support::site::Site;

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

#[test]
fn a_repository_at_another_place_is_begun_there() {
    let site = Site::new();
    site.release("One", &["el9"]);
    let elsewhere = ["--repository", "the other", "status"];
    let refused = site.releng(&elsewhere).exits(2).says(&["correct the path, or stage a release there"]);
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.releng(&elsewhere).exits(0).prints_part(FIRST);
    site.project.write("a file", "");
    let help = "the repository is a folder: see `--repository` and `repository.root`";
    site.releng(&["--repository", "a file", "status"]).exits(2).says(&[help]);
    site.releng(&["status"]).exits(0);
}

#[test]
fn an_empty_repository_gets_a_release() {
    for args in [&["promote"][..], &["verify"], &["accept"]] {
        let site = Site::new();
        let refused = site.releng(args).exits(1).says(&["help: stage a release: `releng dist`"]);
        follow(site.project.path(), &refused, "dist", &[]).exits(0);
        assert!(!site.releng(args).stderr.contains("stage a release"));
        site.releng(&["verify"]).exits(0);
    }
}

#[test]
fn a_series_without_a_release_of_merged_work_gets_one() {
    let site = Site::new();
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.release("One", &["el9"]);
    let hold = ["hold", "--why", "x"];
    let refused = site.releng(&hold).exits(1).says(&["unstable/1.0 has no `latest`", "or name a snapshot"]);
    site.project.git(&["checkout", "-q", "main"]);
    site.commit("Two");
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.releng(&hold).exits(0);
    site.releng(&["hold", FIRST, "--why", "x"]).exits(0);
}

#[test]
fn a_series_is_chosen_among_those_there_are() {
    let site = Site::new();
    site.release("One", &["el9"]);
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    let refused = site.releng(&["hold", "--why", "x"]).exits(1).says(&["nothing of series 2.0 of 2.0.0"]);
    let flag = commands_of(&refused).into_iter().find(|flag| flag.starts_with("--series")).unwrap();
    run_shell(site.project.path(), &format!("releng hold --why x {flag}")).exits(0);
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.releng(&["hold", "--why", "x"]).exits(0).says(&["held snapshot-demo_2.0_pipeline_1"]);
    // Without a version of `HEAD`.
    site.project.git(&["tag", "-d", "1.0", "2.0"]);
    let refused = site.releng(&["hold", "--why", "y"]).exits(6).says(&["there are several series"]);
    let flag = commands_of(&refused).into_iter().find(|flag| flag.starts_with("--series 2.0")).unwrap();
    run_shell(site.project.path(), &format!("releng hold --why y {flag}")).exits(0);
}

#[test]
fn a_revision_without_a_copy_is_given_up() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let manifest = site.served("revisions/stable-1.0/000001/manifest.json");
    fs::remove_file(&manifest).unwrap();
    site.release("Two", &["el9"]);
    let refused = site.promote(&[]).exits(1).says(&["to begin the series again without it: remove what is left of it"]);
    let place = commands_of(&refused).into_iter().find(|path| path.ends_with("000001")).unwrap();
    fs::remove_dir_all(place).unwrap();
    follow(site.project.path(), &refused, "prune --missing", &[]).exits(0);
    let refused = site.promote(&[]).exits(1).says(&["none of them is left"]);
    follow(site.project.path(), &refused, "promote snapshot-demo_1.0_pipeline_1", &[]).exits(0);
    site.promote(&[]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_lost_log_and_a_damaged_ledger_are_put_together_again() {
    for file in ["log.jsonl", "ledger.json"] {
        let site = Site::of_three();
        fs::write(site.state(file), "nonsense\n").unwrap();
        let refused = site.releng(&["rollback", "1.0"]).exits(1).says(&["or put it together again from the manifests"]);
        follow(site.project.path(), &refused, "recover-log", &[]).exits(0);
        site.releng(&["rollback", "1.0"]).exits(0);
        site.releng(&["verify"]).exits(0);
    }
    let site = Site::of_three();
    let log = fs::read_to_string(site.state("log.jsonl")).unwrap();
    fs::write(site.state("log.jsonl"), log.replacen("\"latest\":true", "\"latest\":false", 1)).unwrap();
    let status = site.releng(&["status"]).exits(0);
    let shown = Ran { code: 0, stderr: status.stdout, stdout: String::new() };
    follow(site.project.path(), &shown, "recover-log", &[]).exits(0);
    assert!(!site.releng(&["status"]).exits(0).stdout.contains("recover-log"));
}

#[test]
fn a_folder_in_the_place_of_a_link_is_moved_away() {
    let site = Site::of_three();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    fs::create_dir(site.served("stable/1.0")).unwrap();
    site.releng(&["rollback", "1.0"]).exits(1).says(&["`releng` did not make it: move it away"]);
    fs::remove_dir(site.served("stable/1.0")).unwrap();
    site.releng(&["rollback", "1.0"]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_damaged_manifest_is_found_by_verify() {
    let site = Site::of_three();
    site.tamper(&format!("unstable/1.0/{FIRST}/manifest.json"), |content| content.truncate(9));
    let refused = site.releng(&["promote", FIRST, "--untested", "x"]).exits(1).says(&["is not a manifest"]);
    follow(site.project.path(), &refused, "verify", &[]).exits(1).prints_part("manifest-unreadable: unstable/1.0/");
    let site = Site::of_three();
    site.tamper("revisions/stable-1.0/000001/sources/demo-1.0.1.zip", |content| content.push(b'x'));
    let refused = site.releng(&["rollback", "1.0", "--to", "1"]).exits(1).says(&["since it was put there"]);
    follow(site.project.path(), &refused, "verify", &[])
        .exits(1)
        .prints_part("file-changed: revisions/stable-1.0/000001");
}

#[test]
fn a_test_result_that_cannot_be_read_is_replaced() {
    let site = Site::with("[[acceptance]]\nname = \"look\"\nrun = [\"true\"]\n");
    site.release("One", &["el9"]);
    site.releng(&["accept"]).exits(0);
    let result = site.state(&format!("results/{FIRST}/0001-look.json"));
    fs::write(&result, "nonsense").unwrap();
    site.releng(&["promote", "--major"]).exits(1).says(&["move it away, and accept the snapshot again"]);
    fs::rename(&result, site.project.join("target/away")).unwrap();
    site.releng(&["accept"]).exits(0);
    site.releng(&["promote", "--major"]).exits(0);
}

#[test]
fn an_interrupted_change_is_finished_by_the_next_one() {
    let site = Site::new();
    site.release("One", &["el9"]);
    let log = fs::read_to_string(site.state("log.jsonl")).unwrap();
    site.release("Two", &["el9"]);
    fs::write(site.state("log.jsonl"), &log).unwrap();
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("the next command that changes the repository finishes it"), "{status}");
    site.releng(&["hold", FIRST, "--why", "x"]).exits(0);
    assert!(!site.releng(&["status"]).exits(0).stdout.contains("finishes it"));
    site.releng(&["verify"]).exits(0);
}
