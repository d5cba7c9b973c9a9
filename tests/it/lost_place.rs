//! The configuration names another address or another state than the repository has; and something else is in the place of a file or link.

use std::fs;
use std::path::Path;

use crate::helps::follow;
use crate::support::site::{Site, UNTESTED, require_same, text};

const ADDRESS: &str = "https://example.org/repos";
const CONFIG: &str = "packaging/release.toml";

#[test]
fn an_address_that_is_configured_no_more_is_asked_for() {
    let site = Site::with(&format!("[repository]\nurl = \"{ADDRESS}\"\n"));
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.release("Three", &["el9"]);
    site.project.write(CONFIG, "[repository]\n");
    site.commit("No address").build(&["el9"]);
    let before = site.trees();
    let refusal = format!("clients read it at `{ADDRESS}`, and `repository.url` is not configured");
    let help =
        format!("set `repository.url` to `{ADDRESS}`, and commit it; if it has another address now, to that one");
    for command in
        [&["promote", "--untested", "x"][..], &["rollback", "1.0"], &["stage"], &["prune"], &["promote", "--due"]]
    {
        site.releng(command).exits(1).says(&[&refusal, &help]);
        site.releng(&[command, &["--dry-run"]].concat()).exits(1).says(&[&refusal, &help]);
    }
    require_same(&before[0], &site.trees()[0]);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains(&refusal) && status.contains(&help) && !status.contains("releng prune"), "{status}");
    let found = site.releng(&["verify"]).exits(1).says(&[&format!("repo-file-differs: {help}")]);
    assert!(found.stdout.starts_with("repo-file-differs: ") && found.stdout.lines().count() == 1, "{}", found.stdout);
    // Another address is a change that clients learn of.
    site.project.write(CONFIG, "[repository]\nurl = \"https://example.net/r\"\n");
    site.releng(&["promote", "--untested", "x"]).exits(0);
    assert!(site.text("stable/1.0/rpm/el9/mirrorlist").starts_with("https://example.net/r/demo/"));
    let found = site.releng(&["verify"]).exits(1).stdout;
    assert!(found.starts_with("address-differs: unstable/1.0/") && found.lines().count() == 1, "{found}");
    // A repository that never had one needs none.
    let site = Site::of_three();
    site.releng(&["rollback", "1.0"]).exits(0);
}

#[test]
fn a_state_in_another_folder_is_named() {
    let site = Site::with("[repository]\nroot = \"target/repository\"\nstate = \"target/right\"\n");
    site.promoted("One", &["el9"]);
    let right = text(&site.project.join("target/right/demo/log.jsonl"));
    site.project.write(CONFIG, "[repository]\nroot = \"target/repository\"\nstate = \"elsewhere/wrong\"\n");
    let wrong = site.project.join("elsewhere/wrong/demo");
    let clause = "if the state is in another folder, correct `repository.state`, and commit it";
    site.releng(&["prune"]).exits(1).says(&["its log is lost", clause]);
    site.releng(&["status"]).exits(0).prints_part(clause);
    site.releng(&["verify"]).exits(1).says(&[clause]);
    // The folder beside the root has the state: no second one begins.
    for args in [&["recover-log", "--dry-run"][..], &["recover-log"]] {
        let refused = site.releng(args).exits(2);
        refused.says(&[
            "there is no log in `",
            "target/right/demo` has one",
            "correct `repository.state`, and commit it",
        ]);
    }
    assert!(!wrong.join("log.jsonl").exists());
    site.project.write(CONFIG, "[repository]\nroot = \"target/repository\"\nstate = \"target/right\"\n");
    site.releng(&["verify"]).exits(0);
    assert_eq!(text(&site.project.join("target/right/demo/log.jsonl")), right);
    // Where no other state is found, one begins with a warning.
    fs::rename(site.project.join("target/right"), site.project.join("far")).unwrap();
    let begun = site.releng(&["recover-log"]).exits(0);
    begun.says(&["warning: there is no log in `", "and a new one begins there; if the state is in another folder"]);
}

#[test]
fn a_state_of_another_repository_is_named() {
    let (site, other) = (Site::of_three(), Site::new());
    other.release("Other", &["el9"]);
    fs::remove_dir_all(site.state("")).unwrap();
    fs::create_dir(site.state("")).unwrap();
    fs::write(site.state("log.jsonl"), text(&other.state("log.jsonl"))).unwrap();
    let state = site.state("");
    let clause = format!(
        "if `{}` is the state of another repository: correct `repository.state`, and commit it",
        state.display().to_string().trim_end_matches('/')
    );
    site.releng(&["prune"]).exits(1).says(&[&clause]);
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named_with_the_way_out() {
    let parts = ["` is a folder, and only a file may be there", "help: `releng` did not make it: move it away"];
    for name in ["log.jsonl", "ledger.json", "demo-stable-1.0-el9.repo"] {
        let site = Site::of_three();
        let path = if name.ends_with(".repo") { site.served(name) } else { site.state(name) };
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        site.releng(&["rollback", "1.0"]).exits(1).says(&[name, parts[0], parts[1]]);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, whole).unwrap();
        site.releng(&["rollback", "1.0"]).exits(0);
        site.releng(&["verify"]).exits(0);
    }
}

#[test]
fn something_else_in_the_place_of_the_link_of_a_series_changes_nothing_in_another_one() {
    let site = Site::of_three();
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    let before = site.text("demo-stable-1.0-el9.repo");
    assert!(before.contains("newer: 2.0"), "{before}");
    fs::remove_file(site.served("stable/2.0")).unwrap();
    fs::create_dir(site.served("stable/2.0")).unwrap();
    let found = site.releng(&["verify"]).exits(1);
    assert!(!found.stdout.contains("repo-file-differs"), "{}", found.stdout);
    site.project.git(&["checkout", "-q", "HEAD~1"]);
    site.releng(&["hold", "snapshot-demo_1.0_pipeline_1", "--why", "x"]);
    assert_eq!(site.text("demo-stable-1.0-el9.repo"), before);
}

#[test]
fn a_copy_of_a_snapshot_is_no_snapshot() {
    let site = Site::of_three();
    let copy = |number: u32| site.served(&format!("unstable/1.0/snapshot-demo_1.0_pipeline_{number}"));
    let ran = std::process::Command::new("cp").arg("-a").args([copy(3), copy(9)]).status().unwrap();
    assert!(ran.success());
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("was copied there") && !status.contains("releng stage"), "{status}");
    let named = ["promote", "snapshot-demo_1.0_pipeline_9", "--untested", "x"];
    site.releng(&named).exits(1).says(&["was copied there: the log has its event for another folder"]);
    site.promoted("Four", &["el9"]);
    let found = site.releng(&["verify"]).exits(1);
    assert_eq!(found.stdout.lines().count(), 1, "{}", found.stdout);
}

#[test]
fn a_revision_that_cannot_be_used_closes_a_gate() {
    let site = Site::of_three();
    site.release("Four", &["el9"]);
    site.tamper("revisions/stable-1.0/000003/manifest.json", |content| content.push(b' '));
    let promote = [&["promote"], UNTESTED].concat();
    for named in [&[][..], &["snapshot-demo_1.0_pipeline_4"]] {
        let gates = site.releng(&[&promote[..], named, &["--dry-run"]].concat()).exits(1);
        let closed = "  series     NO: stable/1.0 cannot be used: its revision 3 is damaged";
        assert!(gates.stdout.starts_with("gates of snapshot-demo_1.0_pipeline_4 (1.0.4):\n"), "{}", gates.stdout);
        assert!(gates.stdout.contains(closed), "{}", gates.stdout);
        for name in ["whole", "merged", "version", "packages", "ledger"] {
            assert!(gates.stdout.contains(&format!("  {name:<10} yes: ")), "{name}: {}", gates.stdout);
        }
        let refused = site.releng(&[&promote[..], named].concat()).exits(1);
        refused.says(&["refusing to promote `snapshot-demo_1.0_pipeline_4` (1.0.4): stable/1.0 cannot be used"]);
    }
    // What the damaged revision has is not said to be there.
    let done = ["promote", "snapshot-demo_1.0_pipeline_3", "--untested", "x"];
    site.releng(&done).exits(1).says(&["stable/1.0 cannot be used: its revision 3 is damaged"]);
    let refused = site.releng(&promote).exits(1);
    follow(site.project.path(), &refused, "rollback", &[]).exits(0);
    site.promote(&[]).exits(0);
    assert_eq!(site.link("stable/1.0"), Path::new("../revisions/stable-1.0/000005"));
}

#[test]
fn what_an_older_copy_of_the_tree_lacks_was_not_rolled_back() {
    let site = Site::of_three();
    fs::remove_dir_all(site.served("revisions/stable-1.0/000003")).unwrap();
    site.releng(&["prune", "--missing"]).exits(0);
    let refused = site.releng(&["promote", "--untested", "x"]);
    let said = refused.stdout.clone() + &refused.stderr;
    assert!(!said.contains("rolled back"), "{said}");
}
