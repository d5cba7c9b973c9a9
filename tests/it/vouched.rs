//! The log vouches for what is there: a manifest that somebody changed, and a folder that somebody copied, do not become part of what is
//! published.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::helps::follow;
use crate::support::program::run_in;
use crate::support::site::{Site, UNTESTED, require_same, text};

const YANKED: &str = "demo-1.0.2-1.el9.noarch";

fn revision(number: u32) -> String {
    format!("revisions/stable-1.0/{number:06}")
}

/// Three releases, and the second one is yanked.
fn yanked() -> Site {
    let site = Site::of_three();
    site.releng(&["yank", YANKED, "--why", "it leaks"]).exits(0);
    site
}

/// Changes the list of files in a manifest.
fn change_files(site: &Site, folder: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let path = format!("{folder}/manifest.json");
    let mut manifest: Value = serde_json::from_str(&site.text(&path)).unwrap();
    change(manifest["files"].as_array_mut().unwrap());
    let changed = serde_json::to_string_pretty(&manifest).unwrap() + "\n";
    site.tamper(&path, |content| *content = changed.clone().into_bytes());
}

fn is_of_yanked(file: &Value) -> bool {
    file["path"].as_str().unwrap().ends_with(&format!("{YANKED}.rpm"))
}

/// Copies a folder with all that it says of its files.
fn copy(from: &Path, to: &Path) {
    run_in(Path::new("/"), "cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()], &[]).exits(0);
}

#[test]
fn a_package_in_a_changed_manifest_is_not_published() {
    let site = yanked();
    site.release("Four", &["el9"]);
    let rpm = format!("rpm/el9/noarch/{YANKED}.rpm");
    let folder = site.served(&revision(4)).join("rpm/el9/noarch");
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    copy(&site.served(&revision(3)).join(&rpm), &site.served(&revision(4)).join(&rpm));
    let before: Value = serde_json::from_str(&site.text(&format!("{}/manifest.json", revision(3)))).unwrap();
    let entry = before["files"].as_array().unwrap().iter().find(|file| is_of_yanked(file)).unwrap().clone();
    change_files(&site, &revision(4), |files| {
        files.push(entry);
        files.sort_by_key(|file| file["path"].as_str().unwrap().to_owned());
    });
    let served = site.trees();
    let parts =
        ["stable/1.0 cannot be used: its revision 4 is damaged", "manifest.json` was changed: the log has another"];
    let promote = [&["promote"], UNTESTED].concat();
    let yank = ["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"];
    for args in [&promote[..], &yank, &["promote", "--due"]] {
        let preview = site.releng(&[args, &["--dry-run"]].concat()).exits(1);
        preview.says(&parts);
        site.releng(args).exits(1).says(&parts);
    }
    let rollback = site.releng(&["rollback", "1.0", "--to", "4"]).exits(1);
    let rollback = rollback.says(&["was changed: the log has another digest of it"]);
    let found = follow(site.project.path(), &rollback, "verify", &[]).exits(1);
    found.says(&["the newest revision without findings: `releng rollback 1.0 --to 3`"]);
    site.releng(&["status"]).exits(0).prints_part("revision 4 is damaged");
    require_same(&served[0], &site.trees()[0]);
    // The help works, and the yanked package stays out.
    let refused = site.releng(&promote).exits(1);
    follow(site.project.path(), &refused, "rollback", &[]).exits(0);
    site.promote(&[]).exits(0);
    assert!(!site.text("stable/1.0/manifest.json").contains(YANKED));
}

#[test]
fn a_manifest_that_lost_an_entry_is_refused_by_the_dry_run_too() {
    let site = yanked();
    site.release("Four", &["el9"]);
    change_files(&site, &revision(4), |files| {
        files.retain(|file| !file["path"].as_str().unwrap().ends_with("demo-1.0.1-1.el9.noarch.rpm"));
    });
    let parts = ["its revision 4 is damaged", "the log has another digest of it"];
    site.promote(&["--dry-run"]).exits(1).says(&parts);
    site.promote(&[]).exits(1).says(&parts);
    // Another revision has what it now lists under another name.
    change_files(&site, &revision(4), |files| {
        let of = |name: &str| files.iter().position(|file| file["path"] == format!("sources/demo-1.0.{name}")).unwrap();
        let (one, other) = (of("1.zip"), of("3.zip"));
        files[one]["sha256"] = files[other]["sha256"].clone();
    });
    // It tells nothing of the files beside it, and no advice follows it.
    let found = site.releng(&["verify"]).exits(1);
    let only = format!(
        "manifest-changed: {}/manifest.json: the log has another digest of it, so the files beside it are not judged\n",
        revision(4)
    );
    let found = found.prints(&only);
    assert!(!found.stderr.contains("move it away") && !found.stderr.contains("ln -f"), "{}", found.stderr);
    let log = text(&site.state("log.jsonl"));
    fs::remove_file(site.state("log.jsonl")).unwrap();
    let found = site.releng(&["verify"]).exits(1);
    let unfit = format!(
        "manifest-unfit: {}/manifest.json: the log lacks event 7, and the files beside the manifest are not those",
        revision(4)
    );
    assert!(found.stdout.contains(&unfit) && !found.stdout.contains("file-"), "{}", found.stdout);
    let found = found.says(&["manifest-unfit: put the log back from a backup, and verify again"]);
    assert!(!found.stderr.contains("move it away") && !found.stderr.contains("ln -f"), "{}", found.stderr);
    fs::write(site.state("log.jsonl"), log).unwrap();
}

#[test]
fn a_copy_of_a_revision_is_no_revision() {
    let site = Site::of_three();
    let served = site.served(&revision(7));
    copy(&site.served(&revision(2)), &served);
    for args in [&["--dry-run"][..], &[]] {
        let rollback = [&["rollback", "1.0", "--to", "7"], args].concat();
        site.releng(&rollback)
            .exits(1)
            .says(&["manifest.json` was copied there: the log has its event for another folder"]);
    }
    let found = site.releng(&["verify"]).exits(1).says(&["name-foreign: move it away"]);
    assert!(
        found.stdout.contains(&format!("name-foreign: {}: somebody copied it there", revision(7))),
        "{}",
        found.stdout
    );
    assert_eq!(found.stdout.lines().count(), 1, "{}", found.stdout);
    // A link to it does not help.
    site.release("Four", &["el9"]);
    let link = site.served("stable/1.0");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../revisions/stable-1.0/000007", &link).unwrap();
    let refused =
        "leads to revision 7, whose `manifest.json` is damaged or of another folder, and the log does not tell of it";
    site.promote(&[]).exits(1).says(&[refused]);
    fs::rename(&served, site.project.join("target/away")).unwrap();
    fs::remove_file(&link).unwrap();
    site.promote(&[]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_ledger_with_another_digest_is_corrected_by_the_manifests() {
    let site = Site::of_three();
    let path = site.state("ledger.json");
    let whole = text(&path);
    let at = whole.find("\"content\": \"").unwrap() + 12;
    let other = if whole[at..].starts_with('0') { "1" } else { "0" };
    fs::write(&path, format!("{}{other}{}", &whole[..at], &whole[at + 1..])).unwrap();
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    assert!(plan.contains("write ledger.json\n    corrected: `"), "{plan}");
    let found = site.releng(&["verify"]).exits(1).says(&["ledger-differs: "]);
    follow(site.project.path(), &found, "recover-log", &[]).exits(0);
    assert_eq!(text(&path), whole);
    site.releng(&["verify"]).exits(0);
    assert!(text(&site.state("ledger.json.replaced-1")).contains(&format!("\"{other}")));
    // A package that nothing knows may have been public.
    let added = whole.replacen("    {", &format!("{},\n    {{", entry_of_another(&whole)), 1);
    fs::write(&path, &added).unwrap();
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    assert!(
        plan.contains(&format!("kept: `{}` of stable/1.0, which no revision", "demo-1.0.9-1.el9.noarch")),
        "{plan}"
    );
    site.releng(&["recover-log"]).exits(0);
    let (kept, entry): (Value, Value) =
        (serde_json::from_str(&text(&path)).unwrap(), serde_json::from_str(&entry_of_another(&whole)).unwrap());
    assert!(kept["packages"].as_array().unwrap().contains(&entry), "{kept}");
    site.releng(&["verify"]).exits(0);
}

/// An entry of a ledger for a package that was never promoted.
fn entry_of_another(ledger: &str) -> String {
    let of_el9 = ledger.split("    {").find(|entry| entry.contains("demo-1.0.2-1.el9.noarch")).unwrap();
    let entry = of_el9.split('}').next().unwrap();
    format!("    {{{}}}", entry.replace("demo-1.0.2-1.el9", "demo-1.0.9-1.el9"))
}

#[test]
fn a_changed_manifest_is_not_confirmed_by_a_log_that_is_put_together_again() {
    let site = Site::of_three();
    let (ledger, log) = (text(&site.state("ledger.json")), text(&site.state("log.jsonl")));
    change_files(&site, &revision(3), |files| {
        files.retain(|file| !file["path"].as_str().unwrap().ends_with("demo-1.0.1-1.el9.noarch.rpm"));
    });
    fs::write(site.state("ledger.json"), "nonsense").unwrap();
    let found = site.releng(&["verify"]).exits(1).says(&["help: ledger-unreadable: ", "releng rollback 1.0 --to 2`"]);
    let (first, then) = (found.stderr.find("recover-log"), found.stderr.find("rollback"));
    assert!(first < then, "a rollback is refused before: {}", found.stderr);
    follow(site.project.path(), &found, "recover-log", &[]).exits(0);
    assert!(text(&site.state("log.jsonl")).starts_with(&log), "the line of the third revision is the old one");
    assert_eq!(text(&site.state("ledger.json")), ledger, "the snapshot has the packages of the third revision");
    let found = site.releng(&["verify"]).exits(1);
    let only = found.stdout.lines().filter(|line| line.starts_with("manifest-changed: ")).count();
    assert!(only == 1 && !found.stdout.contains("ledger"), "{}", found.stdout);
    follow(site.project.path(), &found, "rollback", &[]).exits(0);
    site.releng(&["prune", "--damaged"]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn an_older_ledger_loses_nothing() {
    let site = Site::of_three();
    let path = site.state("ledger.json");
    let older = text(&path);
    site.promoted("Four", &["el9"]);
    let newer = text(&path);
    fs::write(&path, older).unwrap();
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    assert!(!plan.contains("dropped") && !plan.contains("corrected"), "{plan}");
    site.releng(&["recover-log"]).exits(0);
    assert_eq!(text(&path), newer);
}
