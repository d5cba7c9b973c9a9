//! Pages that are missing, damaged, or of another program.

use releng::base::digest::digest_of;
use serde_json::Value;

use super::json;
use crate::support::site::{Site, UNTESTED, text};

const SNAPSHOT: &str = "unstable/1.0/snapshot-demo_1.0_pipeline_1";
const PAGES: [&str; 6] =
    ["index.html", "index.json", "style.css", "timeline.svg", "unstable/index.html", "revisions/index.html"];

/// Makes the snapshot and the root as a program without pages leaves them.
fn forget_pages(site: &Site) {
    // `revisions/` has a page from its first revision on.
    for page in &PAGES[..5] {
        std::fs::remove_file(site.served(page)).unwrap();
    }
    let manifest = site.served(&format!("{SNAPSHOT}/manifest.json"));
    let old = digest_of(&std::fs::read(&manifest).unwrap()).to_string();
    let mut content: Value = serde_json::from_str(&text(&manifest)).unwrap();
    let is_page = |file: &Value| {
        let path = file["path"].as_str().unwrap();
        path.ends_with("index.html") || path == "index.json" || path == "style.css"
    };
    let files = content["files"].as_array_mut().unwrap();
    for page in files.iter().filter(|file| is_page(file)) {
        std::fs::remove_file(site.served(SNAPSHOT).join(page["path"].as_str().unwrap())).unwrap();
    }
    files.retain(|file| !is_page(file));
    std::fs::remove_file(&manifest).unwrap();
    std::fs::write(&manifest, content.to_string()).unwrap();
    let new = digest_of(&std::fs::read(&manifest).unwrap()).to_string();
    let log = site.state("log.jsonl");
    std::fs::write(&log, text(&log).replace(&old, &new)).unwrap();
}

#[test]
fn a_repository_without_pages_goes_on() {
    let site = Site::new();
    site.release("One", &["el9"]);
    forget_pages(&site);
    site.releng(&["verify"]).exits(0);
    site.releng(&["status"]).exits(0).says_nothing_wrong();
    let plan = site.releng(&[&["promote", "--major", "--dry-run"], UNTESTED].concat()).exits(0).stdout;
    assert!(PAGES.iter().all(|page| plan.contains(&format!("  write {page}\n"))), "{plan}");
    site.promote(&[]).exits(0);
    let unstable = site.text("unstable/index.html");
    assert!(unstable.contains("pipeline_1/manifest.json\""), "there is no page to lead to: {unstable}");
    assert!(site.text("index.html").contains("stable/1.0/index.html"));
    site.releng(&["verify"]).exits(0);
}

#[test]
fn the_next_change_writes_pages_again() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let before: Vec<String> = PAGES.iter().map(|page| site.text(page)).collect();
    std::fs::remove_file(site.served("unstable/index.html")).unwrap();
    std::fs::write(site.served("index.html"), "<p>somebody else").unwrap();
    let found = site.releng(&["verify"]).exits(1).stdout;
    let ids: Vec<&str> = found.lines().filter(|line| line.starts_with("page-differs: ")).collect();
    assert_eq!(
        ids,
        [
            "page-differs: index.html: `releng` would write another content",
            "page-differs: unstable/index.html: it is missing"
        ]
    );
    site.releng(&["prune"]).exits(0);
    assert_eq!(PAGES.iter().map(|page| site.text(page)).collect::<Vec<_>>(), before);
    // What an other version of the program has written is no damage.
    for page in PAGES {
        let path = site.served(page);
        std::fs::write(&path, text(&path).replace("releng-pages-", "releng-pages-0")).unwrap();
    }
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_test_is_shown_when_it_was_run() {
    let site = Site::with("[[acceptance]]\nname = \"install\"\nrun = [\"true\"]\n");
    site.release("One", &["el9"]);
    let tests = |site: &Site| json(site, "index.json")["series"][0]["snapshots"][0]["tests"].clone();
    assert_eq!(tests(&site), serde_json::json!([]));
    let plan = site.releng(&["accept", "--dry-run"]).exits(0).stdout;
    assert!(plan.ends_with("  write index.json\n  write unstable/index.html\n"), "{plan}");
    site.releng(&["accept"]).exits(0);
    assert_eq!(tests(&site)[0]["verdict"], "passed");
    assert!(site.text("unstable/index.html").contains("install passed"));
    site.releng(&["verify"]).exits(0);
}

#[test]
fn an_empty_repository_says_so() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    for folder in ["unstable/1.0", "revisions/stable-1.0"] {
        std::fs::remove_dir_all(site.served(folder)).unwrap();
    }
    site.releng(&["verify"]).exits(1);
    site.releng(&["prune", "--missing"]).exits(0);
    for page in ["index.html", "unstable/index.html", "revisions/index.html"] {
        assert!(site.text(page).contains("Nothing is here yet."), "{page}");
    }
    site.releng(&["verify"]).exits(0);
}
