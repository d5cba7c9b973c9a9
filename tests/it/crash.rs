//! Killed at any call, failing at any call: what the crash harness sees in writers whose faults are known.
//!
//! A harness that cannot fail proves nothing, so that each way to be wrong has a writer that is wrong in it.

use std::path::Path;

use crate::support::crash::Scenario;
use crate::support::crash::matrix::{Selection, run_matrix};
use crate::support::crash::report::{Report, Wrong};
use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::root;

/// A folder with one revision that is stable, and the input of the next.
fn published() -> Sandbox {
    let sandbox = Sandbox::bare();
    sandbox.write("root/revisions/1/content", "old\n");
    sandbox.write("state/log.jsonl", "{\"time\":\"2026-01-01T00:00:00Z\",\"revision\":1}\n");
    sandbox.write("input", "new\n");
    std::os::unix::fs::symlink("revisions/1", sandbox.join("root/stable")).unwrap();
    sandbox
}

/// What the harness finds in `crash/writer.py` with a fault.
fn writer(fault: &str, selection: Selection) -> Report {
    let prepared = published();
    let script = root().join("tests/it/crash/writer.py");
    let command = ["python3", "-ISB", script.to_str().unwrap(), fault];
    let mut scenario =
        Scenario::new(&format!("writer.py {fault}"), prepared.path(), &command, &["root", "state"], &["root/stable"]);
    scenario.logs = vec!["state/log.jsonl".into()];
    run_matrix(&scenario, selection)
}

#[test]
fn a_careful_writer_passes_every_fault() {
    let report = writer("", Selection::asked(1));
    println!("{}", report.figures());
    report.is_clean();
    assert!(report.points > 12 && report.runs >= 4 * report.points, "{report}");
}

#[track_caller]
fn is_caught(fault: &str, wrong: Wrong) {
    let report = writer(fault, Selection { kills: 1, errors: 4, kills_of_recovery: 0 });
    assert!(report.count(wrong) > 0, "{wrong:?} went unseen: {report}");
    assert_eq!(report.count(Wrong::Missed), 0, "{report}");
}

#[test]
fn a_channel_that_is_gone_or_torn_for_a_moment_is_caught() {
    is_caught("gap", Wrong::Outage);
    is_caught("in-place", Wrong::Outage);
}

#[test]
fn what_is_visible_before_it_is_on_the_disk_is_caught() {
    is_caught("unsynced-file", Wrong::Unsynced);
    is_caught("unsynced-folder", Wrong::Unsynced);
}

#[test]
fn a_recovery_that_refuses_litters_or_forgets_is_caught() {
    is_caught("refuses", Wrong::Refused);
    is_caught("litter", Wrong::Litter);
    is_caught("forgets", Wrong::LostEvent);
}

#[test]
fn a_failure_that_is_hidden_or_names_nothing_is_caught() {
    is_caught("silent", Wrong::Silent);
    is_caught("nameless", Wrong::Unnamed);
}

#[test]
fn a_child_that_writes_below_the_root_is_caught() {
    is_caught("helper", Wrong::Helper);
}

/// Every file that `repodata/repomd.xml` names is there.
fn repodata_is_whole(place: &Path) -> Result<(), String> {
    let repomd = std::fs::read_to_string(place.join("repo/repodata/repomd.xml")).map_err(|error| error.to_string())?;
    let names = repomd.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let gone: Vec<&str> = names.filter(|name| !place.join("repo").join(name).exists()).collect();
    if gone.is_empty() && repomd.contains("</repomd>") { Ok(()) } else { Err(format!("gone: {}", gone.join(" "))) }
}

#[test]
fn createrepo_c_in_place_is_seen_as_it_is() {
    let place = Sandbox::bare();
    let spec =
        "Name: demo\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%description\nx\n%files\n";
    place.write("demo.spec", spec);
    let topdir = format!("_topdir {}", place.join("top").display());
    run_in(place.path(), "rpmbuild", &["-bb", "--quiet", "--define", &topdir, "demo.spec"], &[]).exits(0);
    let old = place.join("prepared/repo");
    std::fs::create_dir_all(&old).unwrap();
    let made = place.join("top/RPMS/noarch/demo-1-1.noarch.rpm");
    std::fs::copy(&made, old.join("demo-1-1.noarch.rpm")).unwrap();
    let command = ["createrepo_c", "--quiet", "--no-database", "--revision=1", "--set-timestamp-to-revision", "repo"];
    run_in(&place.join("prepared"), command[0], &command[1..], &[]).exits(0);
    std::fs::copy(&made, old.join("again.noarch.rpm")).unwrap();

    let mut scenario =
        Scenario::new("createrepo_c in place", &place.join("prepared"), &command, &["repo"], &["repo/repodata"]);
    scenario.litter = |name| name == ".repodata" || name.starts_with("repodata.old.");
    scenario.helpers_may_write = true;
    scenario.check = Box::new(repodata_is_whole);
    let report = run_matrix(&scenario, Selection { kills: 1, errors: 0, kills_of_recovery: 0 });
    println!("{}", report.figures());
    for wrong in [Wrong::Outage, Wrong::Refused, Wrong::Litter] {
        assert!(report.count(wrong) > 0, "{wrong:?} went unseen: {report}");
    }
    assert_eq!(report.count(Wrong::Missed), 0, "{report}");
}

#[test]
fn dist_leaves_the_old_results_or_the_new_ones() {
    let project =
        Sandbox::released(&[("packaging/release.toml", "[project]\nname = \"demo\"\n"), (".gitignore", "target\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0);
    project.commit("Go on", &[("a", "1\n")]);
    let command = [PROGRAM, "dist", "--no-stage"];
    let scenario = Scenario::new("releng dist", project.path(), &command, &["target"], &["target/dist"]);
    let report = run_matrix(&scenario, Selection::asked(5));
    println!("{}", report.figures());
    report.is_clean();
}
