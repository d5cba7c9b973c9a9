//! A tree that is not mounted, a revision or a file in the root that somebody deleted, and an old copy of the state: `status` and
//! `verify` say so, and what they advise mends it.

use std::path::Path;

use crate::helps::run_shell;
use crate::support::program::{Ran, run_in};
use crate::support::site::{Site, require_same, tree};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

#[track_caller]
fn verifies(site: &Site) {
    let ran = site.releng(&["verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

/// Runs, as a shell does, the command in a help that contains `part`.
#[track_caller]
fn follow(site: &Site, text: &str, part: &str) -> Ran {
    let mut commands = text.split('`').skip(1).step_by(2);
    let command = commands.find(|command| command.contains(part)).unwrap_or_else(|| panic!("no `{part}` in {text}"));
    run_shell(site.project.path(), command)
}

#[test]
fn a_root_that_is_not_mounted_is_not_an_empty_one() {
    let site = Site::of_three();
    site.commit("Four").build(&["el9"]);
    let (root, away) = (site.served(""), site.project.join("target/away"));
    let [before, state] = site.trees();
    std::fs::rename(&root, &away).unwrap();
    let says = ["there is no `", "log tells of 6 snapshots", "mount the disk"];
    for command in [
        &["stage"][..],
        &["promote"],
        &["hold", FIRST, "--why", "x"],
        &["rollback", "1.0"],
        &["prune"],
        &["prune", "--missing"],
        &["recover-log"],
        &["accept"],
        &["accept", FIRST],
        &["dist"],
    ] {
        site.releng(command).exits(1).says(&says);
        site.releng(&[command, &["--dry-run"]].concat()).exits(1).says(&says);
    }
    site.releng(&["status"]).exits(0).prints_part("mount the disk that it is on");
    site.releng(&["verify"]).exits(1).says(&says);
    assert!(!root.exists(), "nothing was begun in its place");
    std::fs::rename(&away, &root).unwrap();
    verifies(&site);
    require_same(&before, &tree(&root));
    assert_eq!(state.get("log.jsonl"), site.trees()[1].get("log.jsonl"));
}

#[test]
fn a_repository_whose_root_and_state_are_both_gone_is_asked_for() {
    let site = Site::with("[repository]\nroot = \"disk/served\"\nstate = \"disk/state\"\n");
    site.commit("One").build(&["el9"]);
    let (root, state) = (site.project.join("disk/served/demo"), site.project.join("disk/state/demo"));
    let new =
        format!("warning: a new repository begins in `{}`, with its state in `{}`; ", root.display(), state.display());
    let mount = ["if there is one already, its disk is not mounted: mount it, and stage again"];
    for dry in [&["stage", "--dry-run"], &["dist", "--dry-run"]] {
        site.releng(dry).exits(0).says(&[&new]).says(&mount);
        assert!(!site.project.join("disk").exists());
    }
    site.releng(&["stage", "--quiet"]).exits(0).says(&[&new]).says(&mount);
    let again = site.releng(&["stage"]).exits(0);
    assert!(!again.stderr.contains("a new repository"), "{}", again.stderr);
    site.promote(&[]).exits(0);
    std::fs::rename(site.project.join("disk"), site.project.join("target/away")).unwrap();
    let hint = format!("mount the disk that `{}` is on", root.display());
    for command in [&["verify"][..], &["promote"], &["accept"], &["hold", "--why", "x"], &["prune", "--missing"]] {
        let ran = site.releng(command);
        assert!(ran.stderr.contains(&hint), "{command:?}: {}", ran.stderr);
    }
    site.releng(&["status"]).exits(0).says(&[
        "nothing is staged in ",
        "dist` stages a release; if there should be, ",
        &hint,
    ]);
    let named = site.project.join("disk/served");
    site.releng(&["--repository", named.to_str().unwrap(), "status"]).exits(2).says(&[&hint]);
    // Only the state is gone: its log is not to be put together again before the disk is mounted.
    std::fs::rename(site.project.join("target/away"), site.project.join("disk")).unwrap();
    std::fs::rename(&state, site.project.join("target/state")).unwrap();
    let log = format!(
        "mount the disk that `{}` is on; if the file is lost, put it back from a backup",
        state.join("log.jsonl").display()
    );
    site.releng(&["stage"]).exits(1).says(&[&log]);
    std::fs::remove_dir_all(&state).unwrap(); // the lock of the refused run
    std::fs::rename(site.project.join("target/state"), &state).unwrap();
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_log_that_is_lost_is_named_by_status_and_nothing_is_due() {
    let site = Site::of_three();
    site.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"]).exits(0);
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    std::fs::remove_dir_all(site.state("")).unwrap();
    let status = site.releng(&["status"]).exits(0).stdout;
    for part in ["its log is lost: there is no log", "stable/1.0    revision 4, which is lost"] {
        assert!(status.contains(part), "{status}");
    }
    assert!(!status.contains("nothing yet") && !status.contains("due"), "{status}");
    follow(&site, &status, "recover-log").exits(0);
}

#[test]
fn nothing_is_put_together_where_there_is_no_repository() {
    let site = Site::of_three();
    for folder in ["target/repository", "target/repository-state"] {
        std::fs::remove_dir_all(site.project.join(folder)).unwrap();
    }
    for command in [&["recover-log"][..], &["recover-log", "--dry-run"]] {
        site.releng(command).exits(1).says(&["there is no repository in `", "mount the disk that `"]);
    }
    assert!(!site.project.join("target/repository-state").exists());
}

#[test]
fn what_is_in_the_place_of_a_folder_or_of_a_link_is_named() {
    let site = Site::of_three();
    let (folder, away) = (site.served("revisions/stable-1.0/000002"), site.project.join("target/away"));
    let replace = |folder: &Path| {
        std::fs::rename(folder, &away).unwrap();
        std::os::unix::fs::symlink(&away, folder).unwrap();
    };
    let put_back = |folder: &Path| {
        std::fs::remove_file(folder).unwrap();
        std::fs::rename(&away, folder).unwrap();
    };
    replace(&folder);
    let only = "`revisions/stable-1.0/000002` is a link or a file, and only a folder may be there\n";
    site.releng(&["verify"]).exits(1).prints(&format!("folder-foreign: revisions/stable-1.0/000002: {only}"));
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("a link or a file is in its place; to record that it is gone: move that away"), "{status}");
    put_back(&folder);
    let current = site.served("revisions/stable-1.0/000003");
    replace(&current);
    let found = site.releng(&["verify"]).exits(1);
    let line = "current-vanished: revisions/stable-1.0/000003: a link or a file is in its place; event 6 made it";
    assert!(found.stdout.contains(line) && !found.stdout.contains("link-dangling"), "{}", found.stdout);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("its revision 3 is missing: a link or a file is in its place; go back"), "{status}");
    put_back(&current);
    let link = site.served("stable/1.0");
    std::fs::remove_file(&link).unwrap();
    std::fs::create_dir(&link).unwrap();
    site.releng(&["status"])
        .exits(0)
        .prints_part("stable/1.0    not known: something else is in the place of the link");
    let found = site.releng(&["verify"]).exits(1).says(&["link-foreign: move it away"]);
    assert!(found.stdout.contains("link-foreign: stable/1.0: a folder or a file is in the place of the link"));
    std::fs::remove_dir(&link).unwrap();
    site.releng(&["prune"]).exits(0).says(&["made the link `stable/1.0` again"]);
    verifies(&site);
}

#[test]
fn an_old_copy_of_the_root_is_left_by_a_rollback_and_then_recorded() {
    let site = Site::of_three();
    let (root, old) = (site.served(""), site.project.join("target/old"));
    run_in(Path::new("/"), "cp", &["-a", root.to_str().unwrap(), old.to_str().unwrap()], &[]).exits(0);
    site.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"]).exits(0);
    site.releng(&["rollback", "1.0", "--to", "3", "--with-yanked"]).exits(0);
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::rename(&old, &root).unwrap();
    let found = site.releng(&["verify"]).exits(1);
    assert!(!found.stdout.contains("link-differs"), "no command makes it again: {}", found.stdout);
    let (back, prune) = (found.stderr.find("rollback 1.0 --to 3"), found.stderr.find("prune"));
    assert!(back < prune, "{}", found.stderr);
    follow(&site, &found.stderr, "rollback 1.0 --to 3").exits(0);
    follow(&site, &found.stderr, "prune --missing").exits(0);
    verifies(&site);
}

#[test]
fn a_lost_latest_is_named_before_its_link_is_made_again() {
    let site = Site::of_three();
    let link = site.served("unstable/1.0/latest");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("snapshot-demo_1.0_pipeline_9", &link).unwrap();
    let lost =
        "`unstable/1.0/snapshot-demo_1.0_pipeline_9`, where it led, is neither there nor in the log: put it back";
    site.releng(&["status"]).exits(0).prints_part(lost);
    site.releng(&["prune"]).exits(0).says(&["made the link `unstable/1.0/latest` again", lost]);
    verifies(&site);
}

#[test]
fn what_was_recorded_as_missing_counts_again_once_it_is_back() {
    let site = Site::of_three();
    let (root, away) = (site.served(""), site.project.join("target/away"));
    std::fs::rename(&root, &away).unwrap();
    let refused = site.releng(&["prune", "--missing"]).exits(1);
    follow(&site, &refused.stderr, "prune --missing").exits(0);
    site.releng(&["status"]).exits(0).prints("");
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::rename(&away, &root).unwrap();
    site.releng(&["status"]).exits(0).prints_part("stable/1.0    1.0.3  revision 3");
    verifies(&site);
    site.promoted("Four", &["el9"]);
    assert_eq!(site.link("stable/1.0"), Path::new("../revisions/stable-1.0/000004"));
    verifies(&site);
}

#[test]
fn a_current_revision_that_is_missing_is_left_by_a_rollback() {
    let site = Site::of_three();
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000003")).unwrap();
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(
        status.contains("its revision 3 is missing; go back to a revision that is whole: `releng rollback 1.0 --to 2`")
    );
    assert!(!status.contains("prune --missing"), "{status}");
    let found = site.releng(&["verify"]).exits(1).prints_part("current-vanished: revisions/stable-1.0/000003");
    let found = found
        .says(&["current-vanished: put it back from a backup; or go back to the newest revision without findings: "]);
    assert_eq!(
        (found.stderr.matches("roll").count(), found.stdout.lines().count()),
        (1, 1),
        "{}{}",
        found.stdout,
        found.stderr
    );
    follow(&site, &found.stderr, "rollback 1.0 --to 2").exits(0);
    // What is missing is no current revision any more.
    let found = site.releng(&["verify"]).exits(1).prints_part("vanished: revisions/stable-1.0/000003");
    follow(&site, &found.stderr, "prune --missing").exits(0);
    verifies(&site);
}

#[test]
fn status_says_which_links_and_files_clients_miss() {
    let site = Site::of_three();
    for (path, problem) in [
        ("stable/1.0", "the link `stable/1.0` does not lead to `../revisions/stable-1.0/000003`"),
        ("unstable/1.0/latest", "the link `unstable/1.0/latest` does not lead to `snapshot-demo_1.0_pipeline_3`"),
        ("demo-stable-1.0-el9.repo", "`demo-stable-1.0-el9.repo` is missing or was changed"),
    ] {
        std::fs::remove_file(site.served(path)).unwrap();
        let status = site.releng(&["status"]).exits(0).prints_part(problem).stdout;
        site.releng(&["verify"]).exits(1).says(&["the next command that changes the repository makes it again"]);
        follow(&site, &status, "prune").exits(0);
        assert!(!site.releng(&["status"]).exits(0).stdout.contains("problem"));
        verifies(&site);
    }
}

#[test]
fn an_old_copy_of_the_state_is_no_reason_for_a_rollback() {
    let site = Site::of_three();
    let (state, old) = (site.state(""), site.project.join("target/old"));
    run_in(Path::new("/"), "cp", &["-a", state.to_str().unwrap(), old.to_str().unwrap()], &[]).exits(0);
    site.promoted("Four", &["el9"]);
    std::fs::remove_dir_all(&state).unwrap();
    std::fs::rename(&old, &state).unwrap();
    let found = site.releng(&["verify"]).exits(1).says(&["recover-log"]);
    assert!(!found.stderr.contains("rollback"), "{}", found.stderr);
    follow(&site, &found.stderr, "recover-log").exits(0);
    verifies(&site);
}

#[test]
fn a_state_in_the_served_root_is_refused() {
    for state in ["served", "served/state"] {
        let site = Site::with(&format!("[repository]\nroot = \"served\"\nstate = \"{state}\"\n"));
        site.commit("One");
        site.releng(&["dist"])
            .exits(2)
            .says(&["is in the root `", "set `repository.state` to a folder beside the root"]);
        assert!(!site.project.join("served").exists());
    }
}
