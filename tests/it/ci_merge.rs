//! `ci merge`, on a plain remote: what lands is the merge commit that was tested, or nothing.

mod kills;
mod met;
mod outcomes;
mod parts;
mod races;
mod remotes;
mod troubles;

use crate::support::merge::{CONFIG, Landed, MergePlace, RELEASE};

fn with_release() -> MergePlace {
    MergePlace::new(&format!("{CONFIG}{RELEASE}"))
}

#[test]
fn what_lands_is_the_commit_that_was_tested_and_its_release_is_staged() {
    let place = with_release();
    let base = place.tip("master");
    let head =
        place.propose("topic", "Change it\n\nSem-Ver: feature\nBug-Url: https://example.org/7", &[("file", "new\n")]);
    let merged = place.merge("topic").exits(0);
    let merge = merged.stdout.trim();
    assert_eq!(place.tip("master"), merge);
    assert_eq!(place.at("origin.git", &["show", "-s", "--format=%P", merge]), format!("{base} {head}"));
    let message = place.at("origin.git", &["show", "-s", "--format=%B", merge]);
    let expected = format!(
        "Merge branch 'topic'\n\nSem-Ver: feature\nBug-Url: https://example.org/7\nTested-head: {head}\n\
         Approved-by: Ada <ada@example.org>\n"
    );
    assert_eq!(message.trim_end(), expected.trim_end());
    assert!(place.at("origin.git", &["cat-file", "commit", merge]).ends_with("example.org>"), "one newline at its end");
    let (pushed, heads) = ([], [head]);
    assert_eq!(Landed { place: place.path(), pushed: &pushed, heads: &heads }.check(), Ok(vec![merge.to_owned()]));
    assert_eq!(place.snapshots(), ["snapshot-demo_0.0_pipeline_1"]);
    let latest = place.join("work/target/repository/demo/unstable/0.0/latest");
    assert_eq!(latest.read_link().unwrap().to_str(), Some("snapshot-demo_0.0_pipeline_1"));
    let manifest = std::fs::read_to_string(latest.join("manifest.json")).unwrap();
    assert!(manifest.contains(merge) && manifest.contains("\"merged\": true"), "{manifest}");
    // Nothing of the person's clone was changed.
    assert_eq!(place.at("work", &["status", "--porcelain"]), "");
    assert_eq!(place.at("work", &["rev-parse", "origin/master"]), base);
}

#[test]
fn both_readings_of_the_version_are_the_same() {
    // The rule of the document reads mainline commits only; that of `version` also what they bring in.
    let place = with_release();
    place.propose("breaking", "Break it\n\nSem-Ver: api-breaking", &[("file", "new\n")]);
    place.merge("breaking").exits(0);
    place.at("work", &["pull", "-q", "--ff-only", "origin", "master"]);
    let merge = place.tip("master");
    let whole = place.releng(&["version"]).exits(0).stdout;
    assert_eq!(whole, "1.0.0\n");
    place.releng(&["version", "--at", "1.0.0"]).exits(0).prints_part(&merge);
    // A history with the mainline's commits alone, and the same messages.
    let (first, tree) = (place.at("work", &["rev-list", "--max-parents=0", "master"]), format!("{merge}^{{tree}}"));
    let message = place.at("work", &["show", "-s", "--format=%B", &merge]);
    let alone = place.at("work", &["commit-tree", &tree, "-p", &first, "-m", &message]);
    place.releng(&["version", "--rev", &alone]).exits(0).prints(&whole);
}

#[test]
fn a_merge_is_previewed_without_a_change() {
    let place = with_release();
    let head = place.propose("topic", "Change it", &[("file", "new\n")]);
    let base = place.tip("master");
    let before = place.at("work", &["status", "--porcelain", "--ignored"]);
    let plan = place.releng(&["ci", "merge", "--branch", "topic", "--dry-run"]).exits(0).stdout;
    for part in [
        format!("merge branch `topic` at {head} into `master`:\n"),
        format!("make the merge commit of {base} and {head}, version 0.1.2\n"),
        "run unit of check-merged (none): sh test.sh\n".to_owned(),
        "stage the release in `target/dist`\n".to_owned(),
    ] {
        assert!(plan.contains(&part), "no `{part}` in:\n{plan}");
    }
    assert_eq!((place.tip("master"), place.at("work", &["status", "--porcelain", "--ignored"])), (base, before));
    place.releng(&["ci", "status"]).exits(0).prints("").says(&["nothing was merged here yet"]);
}

#[test]
fn a_pull_request_has_a_reference_of_its_own() {
    for (reference, number) in [("refs/pull/7/head", "7"), ("refs/merge-requests/12/head", "12")] {
        let place = MergePlace::new(CONFIG);
        let head = place.propose("topic", "Change it", &[("file", "new\n")]);
        place.at("origin.git", &["update-ref", reference, &head]);
        place.at("origin.git", &["branch", "-q", "-D", "topic"]);
        // Others push tags and branches whose names end with those of a merge: nothing is ambiguous.
        let base = place.tip("master");
        for name in ["refs/heads/master", reference, "HEAD"] {
            for kind in ["tags", "heads"] {
                place.at("origin.git", &["update-ref", &format!("refs/{kind}/{name}"), &base]);
            }
        }
        let merged = place.releng(&["ci", "merge", "--pull", number]).exits(0);
        let subject = place.at("origin.git", &["show", "-s", "--format=%s", "refs/heads/master"]);
        assert_eq!(subject, format!("Merge pull request #{number}"));
        assert_eq!(place.at("origin.git", &["rev-parse", "refs/heads/master"]), merged.stdout.trim());
        place
            .releng(&["ci", "merge", "--pull", "99"])
            .exits(2)
            .says(&["`origin` has no pull request 99", "--branch NAME"]);
    }
}

#[test]
fn the_folder_of_the_release_is_configured() {
    let release = RELEASE.replace("--no-stage", "--no-stage --out out/release");
    let config = CONFIG.replace("isolation =", "artifacts = \"out/release\"\nisolation =");
    let place = MergePlace::new(&format!("{config}{release}"));
    place.propose("topic", "Change it", &[("file", "new\n")]);
    place.merge("topic").exits(0);
    assert_eq!(place.snapshots().len(), 1);
}

#[test]
fn merges_are_listed() {
    let place = with_release();
    place.propose("topic", "Change it", &[("file", "new\n")]);
    place.merge("topic").exits(0);
    place.at("work", &["fetch", "-q"]);
    place.propose("bad", "Break the test", &[("file", "bad\n")]);
    place.merge("bad").exits(1);
    let list = place.releng(&["ci", "status"]).exits(0).stdout;
    assert!(list.contains("1  done") && list.contains("snapshot-demo_0.0_pipeline_1"), "{list}");
    assert!(list.contains("2  stopped") && list.contains("`unit` did not pass"), "{list}");
    let json = place.releng(&["ci", "status", "--json"]).exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["schema"], &json["running"]), (&"releng.merges/1".into(), &false.into()));
    assert_eq!((&json["merges"][0]["state"], &json["merges"][1]["state"]), (&"done".into(), &"stopped".into()));
    assert_eq!(json["merges"][1]["events"][0]["event"], "requested");
}
