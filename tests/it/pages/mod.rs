//! The pages of a repository: what they show, that names in them stay text, when they are written, and that browsers and checkers accept
//! them.

mod checkers;
mod rebuilt;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::support::keys::Keys;
use crate::support::program::Ran;
use crate::support::rpms::Rpm;
use crate::support::site::{Site, text};

/// A word that would be an element, end an attribute, and be a reference.
pub const ODD: &str = "<b onclick='x'>\"&amp;</b>]]>";
const KEY: &str = "demo@example.org";
const LONG: &str = "demo-a-package-with-a-rather-long-name-that-people-do-choose-sometimes";

/// A repository in which everything has happened that pages show.
pub struct Pages {
    pub site: Site,
    keys: Keys,
}

impl Pages {
    /// Two series with two dists: promoted, rolled back, yanked, tested, held, unmerged.
    pub fn new() -> Pages {
        let tests = "[[acceptance]]\nname = \"install\"\nrun = [\"sh\", \"-c\", \"test ! -e fail\"]\n";
        let url = "https://example.org/repos";
        let site = Site::with(&format!("[repository]\nurl = \"{url}\"\nsign = \"{KEY}\"\n\n{tests}"));
        let pages = Pages { site, keys: Keys::of(&[(&format!("{ODD} <{KEY}>"), "ed25519")]) };
        for (day, message) in
            [(2, format!("Read {ODD}\n\nBug-Url: https://bugs.example.org/1?a=1&b=2")), (4, "Fix".to_owned())]
        {
            pages.release(day, &message, &["el9", "fc42"]);
            pages.releng(day, &["accept"]).exits(0);
            pages.releng(day + 1, &["promote", "--major"]).exits(0);
        }
        pages.releng(6, &["rollback", "1.0"]).exits(0);
        pages.releng(7, &["yank", "demo-1.0.1-1.el9.noarch", "--why", ODD]).exits(0);
        pages.release(8, "Break\n\nSem-Ver: api-breaking", &["el9", "fc42"]);
        pages.releng(8, &["accept"]).exits(0);
        pages.releng(8, &["tag"]).exits(0);
        pages.releng(9, &["promote", "--major"]).exits(0);
        pages.releng(10, &["hold", "--why", ODD, "--until", "2027-01-31"]).exits(0);
        pages.site.project.write("fail", "");
        pages.site.project.git(&["add", "fail"]);
        pages.release(11, "Fail", &["el9", "fc42"]);
        pages.releng(11, &["accept"]).exits(1);
        pages.site.project.git(&["checkout", "-q", "-b", "topic"]);
        pages.release(12, "Try", &["el9"]);
        pages
    }

    /// Runs the program on a day of January.
    pub fn releng(&self, day: u32, args: &[&str]) -> Ran {
        let home = self.keys.home().to_str().unwrap();
        let now = format!("2026-01-{day:02}T03:04:05Z");
        self.site.releng_with(&[("GNUPGHOME", home), ("RELENG_NOW", &now)], args)
    }

    fn release(&self, day: u32, message: &str, dists: &[&str]) {
        let version = self.site.commit(message).build(dists);
        for dist in dists {
            self.site.add(&Rpm::new(LONG, &version).dist(dist), dist);
        }
        self.site.list_builds(str::to_owned);
        self.releng(day, &["stage"]).exits(0);
    }

    /// The text of a page, by its path below the root.
    pub fn page(&self, path: &str) -> String {
        self.site.text(path)
    }
}

/// A JSON file of the site.
pub fn json(site: &Site, path: &str) -> Value {
    serde_json::from_str(&site.text(path)).unwrap()
}

#[track_caller]
fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
}

/// One repository for all questions about its content: to make it takes seconds.
#[test]
fn the_pages_show_what_has_happened() {
    let pages = Pages::new();
    let odd = "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;amp;&lt;/b&gt;]]&gt;";
    let root = pages.page("index.html");
    has(
        &root,
        &[
            "A newer series is out: demo 2.0",
            // What was yanked is not said of the version that clients get.
            "<strong>1.0.1</strong> for el9, fc42, signed. The last change, <time ",
            ">rolled back</span> <time datetime=\"2026-01-06T03:04:05Z\">2026-01-06</time>",
        ],
    );
    has(&root, &["href=\"stable/1.0/index.html\"", &format!("demo-1.0.1-1.el9.noarch: {odd}"), "gpg --show-keys"]);
    let shown = pages.keys.gpg(&["--with-colons", "--list-keys"]).stdout;
    let fingerprint = shown.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
    assert_eq!(json(&pages.site, "index.json")["keys"][0]["fingerprint"], fingerprint);
    let series = pages.page("stable/1.0/index.html");
    has(
        &series,
        &[
            "packages were taken out of the series",
            "sudo dnf install demo-1.0.1",
            "zypper addrepo https://example.org/repos/demo/demo-stable-1.0-el9.repo",
        ],
    );
    has(
        &series,
        &[
            "dnf config-manager addrepo --from-repofile=",
            "/rpm/el9/noarch/demo-repo-1.0-",
            odd,
            "bugs.example.org/1?a=1&amp;b=2",
        ],
    );
    let unstable = pages.page("unstable/index.html");
    has(&unstable, &["install passed", "install failed", "unmerged", "promoted to 2.0, revision 1", odd, "2027-02-01"]);
    let dist = pages.page("stable/1.0/rpm/el9/index.html");
    has(&dist, &[LONG, "href=\"noarch/demo-repo-1.0-"]);
    assert!(!dist.contains("demo-1.0.1-1.el9.noarch") && !dist.contains("fc42"));
    has(&pages.page("revisions/index.html"), &["stable-1.0/000004/index.html", "stable-2.0/000001/index.html"]);
    for path in ["timeline.svg", "index.html", "unstable/index.html", "stable/1.0/index.html"] {
        assert!(!pages.page(path).contains("<b onclick"), "{path}");
    }
    index_has_the_same_facts(&pages);
    pages.releng(13, &["verify"]).exits(0);
    pages.releng(13, &["status"]).exits(0).prints_part("held until 2027-01-31: ");
    checkers::accept(&pages);
}

fn index_has_the_same_facts(pages: &Pages) {
    let index = json(&pages.site, "index.json");
    assert_eq!((index["schema"].as_str(), index["kind"].as_str()), (Some("releng.index/1"), Some("repository")));
    let old = &index["series"][1];
    assert_eq!(old["current"]["version"], "1.0.1");
    let states: Vec<&str> =
        old["versions"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["rolled-back", "partly-yanked"]);
    assert_eq!(old["versions"][1]["why"], ODD);
    let snapshots = index["series"][0]["snapshots"].as_array().unwrap();
    let verdict = |at: usize| snapshots[at]["tests"][0]["verdict"].as_str();
    assert_eq!((verdict(0), verdict(1), verdict(2)), (None, Some("failed"), Some("passed")));
    let folder = json(&pages.site, "stable/1.0/index.json");
    assert_eq!((folder["kind"].as_str(), folder["origin"]["why"].as_str()), (Some("revision"), Some(ODD)));
    let manifest = json(&pages.site, "stable/1.0/manifest.json");
    let sha256 = |path: &str| {
        let files = manifest["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == path).map(|file| file["sha256"].clone())
    };
    let packages = folder["packages"].as_array().unwrap();
    assert!(packages.len() > 4);
    for package in packages {
        assert_eq!(sha256(package["path"].as_str().unwrap()).as_ref(), Some(&package["sha256"]), "{package}");
    }
}

fn inode(path: &Path) -> u64 {
    path.metadata().unwrap().ino()
}

#[test]
fn what_stays_the_same_is_linked() {
    let site = Site::new();
    site.promoted("One", &["el9", "fc42"]);
    site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "a fault"]).exits(0);
    let file = |revision: u32, path: &str| site.served(&format!("revisions/stable-1.0/{revision:06}/{path}"));
    let is_linked = |path: &str| inode(&file(1, path)) == inode(&file(2, path));
    assert!(is_linked("style.css") && is_linked("rpm/fc42/index.html"));
    assert!(!is_linked("rpm/el9/index.html") && !is_linked("index.html"));
    assert!(text(&file(2, "rpm/el9/index.html")).contains("There are no packages to install"));
    let before = site.trees();
    site.releng(&["prune"]).exits(0);
    assert_eq!(site.trees()[0], before[0], "a run without an event writes no page");
    site.releng(&["verify"]).exits(0);
}
