//! What `verify` and `prune` say about damage leads out of it.

use crate::helps::{follow, run_shell};
use crate::support::program::Ran;
use crate::support::rpms::Rpm;
use crate::support::site::Site;

/// The folder of a snapshot, below the root.
fn snapshot(pipeline: u32) -> String {
    format!("unstable/1.0/snapshot-demo_1.0_pipeline_{pipeline}")
}

#[test]
fn two_runs_of_prune_within_a_second_free_space() {
    let site = Site::with("[repository]\nkeep-snapshots = 0\nkeep-days = 0\n");
    site.release("One", &["el9"]);
    site.release("Two", &["el9"]);
    let later = "2027-01-01T00:00:00Z";
    site.releng_at(later, &["prune"]).exits(0).prints_part("to .trash/000003/");
    let plan = site.releng_at(later, &["prune", "--dry-run"]).exits(0).stdout;
    site.releng_at(later, &["prune"]).exits(0).prints_part("delete .trash/000003 (").prints(&plan);
    assert!(!site.served(".trash/000003").exists());
    site.releng_at(later, &["prune"]).exits(0).says(&["nothing to prune"]);
}

#[track_caller]
fn damage(site: &Site, path: &str) {
    site.tamper(path, |content| *content.last_mut().unwrap() ^= 1);
}

#[track_caller]
fn verifies(site: &Site) {
    let ran = site.releng(&["verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

/// Fails unless a run says that a damaged folder stays, and why.
#[track_caller]
fn reason(ran: Ran, folder: &str, why: &str) -> Ran {
    ran.says(&[&format!("`{folder}` is damaged and stays: {why}; ")])
}

#[test]
fn a_damaged_latest_is_staged_again_and_then_pruned() {
    for tool in ["verify", "prune"] {
        let site = Site::new();
        site.release("One", &["el9"]);
        damage(&site, &format!("{}/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm", snapshot(1)));
        let found = match tool {
            "verify" => site.releng(&["verify"]).exits(1),
            _ => {
                reason(site.releng(&["prune", "--damaged"]).exits(0), &snapshot(1), "`unstable/1.0/latest` leads to it")
            }
        };
        let commit = site.project.git(&["rev-parse", "HEAD"]);
        assert!(found.stderr.contains(&format!("`releng dist --rpm --rev {}`", commit.trim())), "{}", found.stderr);
        follow(site.project.path(), &found, "releng stage", &[]).exits(0);
        assert!(site.served(&snapshot(2)).is_dir());
        follow(site.project.path(), &found, "prune --damaged", &[]).exits(0);
        assert!(!site.served(&snapshot(1)).exists());
        verifies(&site);
    }
}

#[test]
fn a_damaged_latest_with_a_raised_release_is_made_again_with_that_release() {
    let site = Site::new();
    site.commit("One");
    site.releng(&["dist", "--no-stage", "--release", "2"]).exits(0);
    site.add(&Rpm::new("demo", "1.0.1").release("2").dist("el9"), "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    damage(&site, &format!("{}/rpm/el9/noarch/demo-1.0.1-2.el9.noarch.rpm", snapshot(1)));
    let found = site.releng(&["verify"]).exits(1);
    let command = found.stderr.split('`').find(|part| part.starts_with("releng dist")).unwrap();
    assert!(command.ends_with(" --release 2"), "{command}");
    // There is no builder here for the binary packages.
    run_shell(site.project.path(), &command.replace(" --rpm", " --no-stage --out target/again")).exits(0);
    assert!(site.project.join("target/again/sources/demo-1.0.1-2.src.rpm").is_file());
}

#[test]
fn a_held_damaged_snapshot_is_released_and_then_pruned() {
    for tool in ["verify", "prune"] {
        let site = Site::new();
        site.release("One", &["el9"]);
        site.release("Two", &["el9"]);
        let name = "snapshot-demo_1.0_pipeline_1";
        site.releng(&["hold", name, "--why", "evidence", "--until", "2026-03-01"]).exits(0);
        damage(&site, &format!("{}/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm", snapshot(1)));
        let found = match tool {
            "verify" => site.releng(&["verify"]).exits(1),
            _ => reason(site.releng(&["prune", "--damaged"]).exits(0), &snapshot(1), "it is held: evidence"),
        };
        follow(site.project.path(), &found, &format!("unhold {name} && releng prune --damaged"), &[]).exits(0);
        verifies(&site);
    }
}

#[test]
fn a_damaged_snapshot_that_the_log_does_not_have_is_moved_away() {
    let site = Site::of_three();
    let copy = site.served(&snapshot(9));
    std::fs::create_dir_all(copy.join("sources")).unwrap();
    let stays = site.releng(&["prune", "--damaged"]).exits(0);
    reason(stays, &snapshot(9), "the log does not have it").says(&["somebody else put it there: move it away"]);
    std::fs::remove_dir_all(copy).unwrap();
    site.releng(&["prune", "--damaged"]).exits(0).says(&["nothing to prune"]);
    verifies(&site);
}

#[test]
fn a_damaged_source_archive_is_made_again() {
    let site = Site::of_three();
    let revision = "revisions/stable-1.0/000003";
    for suffix in ["tar.gz", "zip"] {
        // The snapshot and all revisions have the same file.
        damage(&site, &format!("stable/1.0/sources/demo-1.0.1.{suffix}"));
    }
    std::fs::remove_file(site.served(&format!("{revision}/sources/demo-1.0.3.zip"))).unwrap();
    let found = site.releng(&["verify"]).exits(1);
    let place = site.served(&format!("{revision}/sources/demo-1.0.1.zip"));
    assert!(
        found.stderr.contains(&format!("chmod a-w {}", place.display())),
        "the one of the series: {}",
        found.stderr
    );
    let (first, steps) = (found.stderr.find("dist --rev"), found.stderr.matches("dist --rev").count());
    assert!(steps == 2 && first < found.stderr.find("prune --damaged"), "{}", found.stderr);
    for name in ["sources/demo-1.0.1.tar.gz", "sources/demo-1.0.1.zip", "ln -f"] {
        follow(site.project.path(), &found, name, &[]).exits(0);
    }
    verifies(&site);
    site.promoted("Four", &["el9"]);
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    verifies(&site);
}

#[test]
fn the_archive_of_a_stated_version_is_made_again() {
    let site = Site::new();
    site.commit("One");
    site.releng(&["dist", "--assume-version", "1.4.0"]).exits(0);
    damage(&site, &format!("{}/sources/demo-1.4.0.tar.gz", snapshot(1)));
    let found = site.releng(&["verify"]).exits(1);
    follow(site.project.path(), &found, "--assume-version 1.4.0 --no-stage", &[]).exits(0);
    verifies(&site);
}

#[test]
fn damage_below_withdrawn_needs_no_rollback() {
    let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
    for message in ["One", "Two"] {
        site.promoted(message, &["el9"]);
    }
    site.releng(&["rollback", "1.0"]).exits(0);
    let package = "withdrawn/el9/noarch/demo-1.0.2-1.el9.noarch.rpm";
    damage(&site, &format!("stable/1.0/{package}"));
    let found = site.releng(&["verify"]).exits(1).says(&["the next promotion or rollback leaves it out"]);
    assert!(!found.stderr.contains("releng rollback"), "{}", found.stderr);
    site.promoted("Three", &["el9"]);
    assert!(!site.served("stable/1.0").join(package).exists());
    site.releng(&["prune", "--damaged"]).exits(0);
    let found = site.releng(&["verify"]);
    assert_eq!(found.code, 0, "{}{}", found.stdout, found.stderr);
}

#[test]
fn the_dry_run_after_a_killed_prune_is_what_the_run_does() {
    let site = Site::with("[repository]\nkeep-snapshots = 0\nkeep-days = 0\n");
    for message in ["One", "Two", "Three"] {
        site.release(message, &["el9"]);
    }
    let later = "2027-01-01T00:00:00Z";
    site.releng_at(later, &["prune"]).exits(0);
    for pipeline in [1, 2] {
        let trash = format!(".trash/000004/{}", snapshot(pipeline).replace('/', "_"));
        std::fs::rename(site.served(&trash), site.served(&snapshot(pipeline))).unwrap();
    }
    std::fs::remove_dir(site.served(".trash/000004")).unwrap();
    let plan = site.releng_at(later, &["prune", "--dry-run"]).exits(0).stdout;
    assert!(plan.contains("delete .trash/000004 (") && !plan.contains("append to log"), "{plan}");
    site.releng_at(later, &["prune"]).exits(0).prints(&plan);
    verifies(&site);
}

#[test]
fn a_promotion_that_was_killed_before_the_link_is_named_and_removed() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Two", &["el9"]);
    // As a kill between the names of the folder and of the link leaves it.
    let sh = |command: &str| run_shell(&site.project.join("target"), command).exits(0);
    sh("cp -a repository old && cp -a repository-state old-state");
    site.promote(&[]).exits(0);
    let new = "demo/revisions/stable-1.0/000002";
    sh(&format!("mv repository/{new} old/{new} && rm -r repository repository-state"));
    sh("mv old repository && mv old-state repository-state");
    let left = "revisions/stable-1.0/000002";
    let status = site.releng(&["status"]).exits(0).stdout;
    let killed = format!("a killed run left `{left}` before it was visible; its event would have been: promoted ");
    assert!(status.contains(&killed) && status.contains("removes it: `releng prune`, for example"), "{status}");
    let found = site.releng(&["verify"]).exits(1);
    assert!(
        found.stdout.starts_with(&format!("leftover: {left}: a killed run left it before it was visible")),
        "{}",
        found.stdout
    );
    assert_eq!(found.stdout.lines().count(), 1, "{}", found.stdout);
    let preview = site.promote(&["--dry-run"]).exits(0);
    let preview = preview.says(&[&format!("the run will first remove `{left}`, which a killed run left")]);
    assert!(preview.stdout.contains(&format!("  make {left}:\n")), "{}", preview.stdout);
    site.releng(&["rollback", "1.0", "--to", "2", "--dry-run"]).exits(1).says(&["there is no revision 2"]);
    follow(site.project.path(), &found, "prune", &[])
        .exits(0)
        .says(&[&format!("removed `{left}`, which a killed run left before it was visible")]);
    verifies(&site);
    site.promote(&[]).exits(0).prints_part(left);
    verifies(&site);
}

#[test]
fn an_archive_that_a_later_tag_has_changed_is_not_written_over_the_old_one() {
    let site = Site::new();
    site.commit("Fly\n\nSem-Ver: feature").build(&[]);
    site.releng(&["stage"]).exits(0);
    site.project.git(&["tag", "1.1"]);
    let path = format!("{}/sources/demo-1.1.0.tar.gz", snapshot(1));
    damage(&site, &path);
    let damaged = std::fs::read(site.served(&path)).unwrap();
    let found = site.releng(&["verify"]).exits(1);
    follow(site.project.path(), &found, "sources/demo-1.1.0.tar.gz", &[]).exits(1);
    assert_eq!(std::fs::read(site.served(&path)).unwrap(), damaged);
    // In a clone without the tag, as the guide says.
    site.project.git(&["tag", "--delete", "1.1"]);
    follow(site.project.path(), &found, "sources/demo-1.1.0.tar.gz", &[]).exits(0);
    verifies(&site);
}

#[test]
fn a_damaged_manifest_of_the_only_revision_needs_a_backup() {
    for content in ["", "nonsense"] {
        let site = Site::new();
        site.promoted("One", &["el9"]);
        let (folder, away) = (site.served("revisions/stable-1.0/000001"), site.project.join("target/away"));
        let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
        site.tamper("stable/1.0/manifest.json", |it| *it = content.as_bytes().to_vec());
        let found = site.releng(&["verify"]).exits(1);
        let found = found
            .says(&[&format!("only a backup helps stable/1.0: put back what is damaged in `{}`", folder.display())]);
        assert!(!found.stderr.contains("releng rollback") && !found.stderr.contains("--damaged"), "{}", found.stderr);
        site.tamper("stable/1.0/manifest.json", |it| *it = manifest.clone());
        verifies(&site);
        site.tamper("stable/1.0/manifest.json", |it| *it = content.as_bytes().to_vec());
        std::fs::rename(&folder, away).unwrap();
        follow(site.project.path(), &found, "prune --missing", &[]).exits(0);
        let snapshot = "snapshot-demo_1.0_pipeline_1";
        follow(
            site.project.path(),
            &found,
            "promote SNAPSHOT",
            &[("SNAPSHOT --major", &format!("{snapshot} --major --untested x"))],
        )
        .exits(0);
        verifies(&site);
    }
}

#[test]
fn what_another_folder_has_is_linked_from_there() {
    let site = Site::of_three();
    let package = "rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";
    let archive = "sources/demo-1.0.2.tar.gz";
    for (revision, path) in [(3, package), (3, archive), (2, archive)] {
        std::fs::remove_file(site.served(&format!("revisions/stable-1.0/{revision:06}/{path}"))).unwrap();
    }
    let found =
        site.releng(&["verify"]).exits(1).says(&["another folder has what is damaged; to put it back: `ln -f "]);
    for part in ["releng yank", "releng dist", "prune --damaged", "stop serving it"] {
        assert!(!found.stderr.contains(part), "{part}: {}", found.stderr);
    }
    follow(site.project.path(), &found, "ln -f", &[]).exits(0);
    verifies(&site);
}

#[test]
fn an_archive_that_is_gone_everywhere_is_made_again_everywhere_at_once() {
    let site = Site::of_three();
    let mut places: Vec<String> = (1..=3).map(|number| format!("revisions/stable-1.0/{number:06}")).collect();
    places.push(snapshot(1));
    for place in &places {
        std::fs::remove_file(site.served(&format!("{place}/sources/demo-1.0.1.tar.gz"))).unwrap();
    }
    let found = site.releng(&["verify"]).exits(1);
    assert_eq!(found.stderr.matches("dist --rev").count(), 1, "{}", found.stderr);
    follow(site.project.path(), &found, "sources/demo-1.0.1.tar.gz", &[]).exits(0);
    verifies(&site);
}

#[test]
fn a_folder_that_is_gone_with_its_files_is_made_before_they_are_linked() {
    let site = Site::of_three();
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000003/rpm/el9/noarch")).unwrap();
    let found = site.releng(&["verify"]).exits(1);
    follow(site.project.path(), &found, "mkdir -p", &[]).exits(0);
    verifies(&site);
}

#[test]
fn a_preview_says_what_the_run_makes_again() {
    let site = Site::of_three();
    std::fs::remove_file(site.served("stable/1.0")).unwrap();
    let says = "the run will first make the link `stable/1.0` lead to `../revisions/stable-1.0/000003`";
    site.releng(&["prune", "--dry-run"]).exits(0).says(&[says]).prints("nothing to prune\n");
    site.releng(&["prune"]).exits(0);
    assert!(!site.releng(&["prune", "--dry-run"]).exits(0).stderr.contains("first"));
}

#[test]
fn a_repeated_yank_names_the_revision_that_is_current() {
    let site = Site::of_three();
    let yank = ["yank", "demo-1.0.2-1.el9.noarch", "--why", "x"];
    site.releng(&yank).exits(0).prints_part("revisions/stable-1.0/000004\n");
    site.promoted("Four", &["el9"]);
    site.releng(&yank).exits(0).says(&["was yanked from stable/1.0 already"]).prints_part("stable-1.0/000005\n");
}

#[test]
fn an_address_to_which_no_path_can_be_added_is_refused() {
    for url in ["http:///x", "http://h?x=1", "https://h/a#b"] {
        let site = Site::with(&format!("[repository]\nurl = \"{url}\"\n"));
        site.releng(&["config"]).exits(2).says(&[&format!("`{url}` is not an address")]);
    }
}
