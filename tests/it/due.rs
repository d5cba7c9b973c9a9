//! `promote --due`: what is due is promoted, in each series, and nothing else.

use crate::support::program::run_in;
use crate::support::site::Site;

/// Far behind any interval.
const LATER: &str = "2027-01-01T00:00:00Z";
const DUE: [&str; 4] = ["promote", "--due", "--untested", "x"];

fn stable(site: &Site, series: &str) -> String {
    std::fs::read_link(site.served(&format!("stable/{series}"))).unwrap().display().to_string()
}

/// A release in stable, and one more staged, whose commit says `message`.
fn one_more(due: &str, message: &str) -> Site {
    let site = Site::with(&format!("[promotion]\ndue = [{due}]\ninterval-days = 30\n"));
    site.promoted("One", &[]);
    site.release(message, &[]);
    site
}

#[track_caller]
fn promotes_due(site: &Site, now: &str, says: &str) {
    site.releng_at(now, &["promote", "--due", "--untested", "x"]).exits(0).says(&[says]);
    let is_promoted = stable(site, "1.0") == "../revisions/stable-1.0/000002";
    assert_eq!(is_promoted, says != "nothing is due");
}

#[test]
fn what_is_due_is_promoted_and_nothing_else() {
    let (soon, later) = ("2026-01-31T03:04:04Z", "2026-02-01T03:04:05Z");
    let site = one_more("\"interval\"", "Two");
    promotes_due(&site, soon, "nothing is due");
    promotes_due(&site, later, "pipeline_2 (1.0.2) is due: interval: 30 days since the last promotion");
    promotes_due(&one_more("\"minor\", \"fixes\", \"features\"", "Two"), later, "nothing is due");
    let fix = "Fix\n\nBug-Url: https://bugs.example.org/7\n";
    promotes_due(&one_more("\"fixes\"", fix), soon, "is due: fixes: https://bugs.example.org/7");
    promotes_due(&one_more("\"minor\", \"features\"", fix), soon, "nothing is due");
    let feature = "Fly\n\nSem-Ver: feature\n";
    for (due, says) in [("\"features\"", "is due: features: Fly"), ("\"minor\"", "is due: minor: 1.0.1 is stable")] {
        let site = one_more(due, feature);
        site.project.git(&["tag", "1.1"]);
        promotes_due(&site, soon, says);
    }
    let unready = one_more("\"minor\"", feature);
    unready.releng(&["promote", "--due", "--untested", "x"]).exits(1).says(&["the tag `1.1` is missing"]);
}

#[test]
fn a_new_series_is_never_due() {
    let site = one_more("\"minor\", \"interval\", \"fixes\", \"features\"", "Break\n\nSem-Ver: api-breaking\n");
    site.project.git(&["tag", "2.0"]);
    promotes_due(&site, "2036-01-01T00:00:00Z", "nothing is due");
    assert!(!site.served("stable/2.0").exists());
    site.releng(&["promote", "--due", "--major"]).exits(2).says(&["cannot be used with"]);
}

/// Two series, with one more snapshot each since the promotions: `message` says what the one of series 2.0 is.
fn two_series(due: &str, message: &str) -> Site {
    let site = Site::with(&format!("[promotion]\ndue = [{due}]\n"));
    site.promoted("One", &["el9"]);
    site.project.git(&["branch", "v1"]);
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    site.release(message, &["el9"]);
    site.project.git(&["checkout", "-q", "v1"]);
    assert_eq!(site.release("Two", &["el9"]), "1.0.2");
    site
}

#[test]
fn each_series_gets_what_is_due_in_it() {
    let site = two_series("\"interval\"", "More");
    let plan = site.releng_at(LATER, &[&DUE[..], &["--dry-run"]].concat()).exits(0).stdout;
    assert!(plan.contains("to stable/1.0:\n") && plan.contains("to stable/2.0:\n"), "{plan}");
    let said = [
        "snapshot-demo_2.0_pipeline_2 (2.0.1) is due: interval",
        "snapshot-demo_1.0_pipeline_2 (1.0.2) is due: interval",
    ];
    site.releng_at(LATER, &DUE).exits(0).says(&said);
    let expected = [1, 2].map(|major| format!("../revisions/stable-{major}.0/000002"));
    assert_eq!([stable(&site, "1.0"), stable(&site, "2.0")], expected);
    site.releng_at(LATER, &DUE).exits(0).says(&["nothing is due"]);
}

#[test]
fn one_series_does_not_keep_another_back() {
    let site = two_series("\"interval\"", "Fly\n\nSem-Ver: feature");
    site.releng_at(LATER, &DUE).exits(1).says(&["the tag `2.1` is missing"]);
    let expected = ["../revisions/stable-1.0/000002", "../revisions/stable-2.0/000001"];
    assert_eq!([stable(&site, "1.0"), stable(&site, "2.0")], expected);
}

#[test]
fn an_older_snapshot_that_is_due_and_was_tested() {
    let test = "[[acceptance]]\nname = \"content\"\nrun = [\"test\", \"-s\", \"a\"]\n";
    let site = Site::with(&format!("{test}\n[promotion]\ndue = [\"interval\"]\n"));
    site.release("One", &["el9"]);
    site.releng(&["accept"]).exits(0);
    site.releng(&["promote", "--major"]).exits(0);
    site.release("Two", &["el9"]);
    site.releng(&["accept"]).exits(0);
    site.release("Three", &["el9"]);
    let passed = "passing over `snapshot-demo_1.0_pipeline_3` (1.0.3), which is newer: the acceptance test `content` was not run";
    let ran = site.releng_at(LATER, &["promote", "--due"]).exits(0);
    ran.says(&[passed, "snapshot-demo_1.0_pipeline_2 (1.0.2) is due: interval"]);
    assert_eq!(stable(&site, "1.0"), "../revisions/stable-1.0/000002");
    site.releng_at("2028-01-01T00:00:00Z", &["promote", "--due"])
        .exits(1)
        .says(&["pipeline_3` (1.0.3): the acceptance test `content`"]);
    // Unmerged work is not due at all.
    site.commit("Four").build(&["el9"]);
    site.releng(&["stage", "--unmerged"]).exits(0);
    site.releng(&["accept", "snapshot-demo_1.0_pipeline_3"]).exits(0);
    site.releng_at("2028-01-01T00:00:00Z", &["promote", "--due"]).exits(0);
    site.releng_at("2029-01-01T00:00:00Z", &["promote", "--due"]).exits(0).says(&["nothing is due"]);
}

#[test]
fn a_snapshot_below_a_version_that_was_rolled_back_is_not_due() {
    let site = Site::with("[promotion]\ndue = [\"fixes\", \"interval\"]\n");
    site.promoted("One", &["el9"]);
    site.release("Two\n\nBug-Url: https://bugs.example.org/7", &["el9"]);
    site.promoted("Three", &["el9"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    assert!(!site.releng_at(LATER, &["status"]).exits(0).stdout.contains("\ndue "));
    site.releng_at(LATER, &DUE).exits(0).says(&["nothing is due"]);
    let says = [
        "the newest of the others is `snapshot-demo_1.0_pipeline_3`, which was rolled back or yanked",
        "promote it all the same",
    ];
    site.promote(&[]).exits(1).says(&says);
    // A name is the decision of a person.
    site.promote(&["snapshot-demo_1.0_pipeline_2"]).exits(0);
    site.release("Four", &["el9"]);
    site.releng_at(LATER, &["status"]).exits(0).prints_part("due           1.0.4 (interval: ");
    site.releng_at(LATER, &DUE).exits(0).says(&["pipeline_4 (1.0.4) is due: interval: "]);
}

#[test]
fn an_older_snapshot_is_not_due_where_the_newest_is_not() {
    let site = one_more("\"interval\"", "Two");
    let variables = [("GIT_COMMITTER_DATE", "2026-12-30T00:00:00Z")];
    let commit = ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m"];
    let feature = [&commit[..], &["Fly\n\nSem-Ver: feature"]].concat();
    run_in(site.project.path(), "git", &feature, &variables).exits(0);
    site.project.git(&["tag", "1.1"]);
    site.build(&[]);
    site.releng(&["stage"]).exits(0);
    // The commit that raised `Y` is two days old.
    let status = site.releng_at(LATER, &["status"]).exits(0).stdout;
    assert!(status.contains("due           1.1.0 (minor: ") && !status.contains("(interval: "), "{status}");
    assert!(status.contains("; `promotion.due` does not name it, and `promote --due` leaves it out)"), "{status}");
    site.releng_at(LATER, &DUE).exits(0).says(&["nothing is due"]);
}
