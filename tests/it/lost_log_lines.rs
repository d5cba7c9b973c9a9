//! What `recover-log` does with the readable lines of a damaged log that no manifest has, such as a hold.

use std::fs;

use crate::support::site::{Site, text};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

/// Three releases and a hold of the first; then `damage` of the lines of the log.
fn damaged(damage: impl FnOnce(&mut Vec<String>)) -> Site {
    let site = Site::of_three();
    site.releng(&["hold", FIRST, "--why", "a customer"]).exits(0);
    let mut lines: Vec<String> = text(&site.state("log.jsonl")).lines().map(str::to_owned).collect();
    damage(&mut lines);
    fs::write(site.state("log.jsonl"), lines.join("\n") + "\n").unwrap();
    site
}

#[track_caller]
fn is_held(site: &Site) -> bool {
    site.releng(&["status"]).exits(0).stdout.contains("a customer")
}

#[test]
fn a_hold_after_the_last_manifest_stays() {
    // A line before it is damaged, all lines before it are lost but one, or a line between it and the last manifest is damaged.
    let one = |lines: &mut Vec<String>| lines[2] = "nonsense".to_owned();
    let most = |lines: &mut Vec<String>| lines[..5].iter_mut().for_each(|line| *line = "{".to_owned());
    for site in [damaged(one), damaged(most)] {
        let plan = site.releng(&["recover-log"]).exits(0).stdout;
        assert!(plan.contains(" from manifests, 1 from the old log\n") && !plan.contains("not used"), "{plan}");
        assert!(is_held(&site));
        site.releng(&["verify"]).exits(0);
    }
    let site = Site::of_three();
    site.releng(&["hold", "snapshot-demo_1.0_pipeline_2", "--why", "a friend"]).exits(0);
    site.releng(&["hold", FIRST, "--why", "a customer"]).exits(0);
    let log = text(&site.state("log.jsonl"));
    fs::write(site.state("log.jsonl"), log.replacen("a friend", "\u{1}", 1)).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    assert!(plan.contains("1 from the old log; lost: 7\n"), "{plan}");
    assert!(is_held(&site));
    // It can have been a revision, too: a person knows better.
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_line_that_is_not_used_is_named() {
    // The hold is readable, and another event has its place.
    let site = damaged(|_| ());
    let held = text(&site.state("log.jsonl"));
    fs::write(site.state("log.jsonl"), held.lines().take(6).map(|line| format!("{line}\n")).collect::<String>())
        .unwrap();
    site.promoted("Four", &["el9"]);
    fs::write(site.state("log.jsonl"), &held).unwrap();
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    let unused = format!("not used: event 7 of the old log, which the others contradict: held {FIRST}\n");
    assert!(plan.contains(&unused) && plan.contains("log.jsonl.replaced-1"), "{plan}");
    site.releng(&["recover-log"]).exits(0).prints(&plan);
    site.releng(&["verify"]).exits(0);
    // A number that no line can have here is used by no event.
    let site = damaged(|lines| {
        lines[2] = "nonsense".to_owned();
        let hold = lines[6].replacen("\"number\":7", "\"number\":4000", 1);
        lines[6] = hold;
    });
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    assert!(plan.contains("not used: event 4000 of the old log"), "{plan}");
    site.releng(&["verify"]).exits(0);
}
