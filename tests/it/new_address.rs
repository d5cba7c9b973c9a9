//! Another address in the configuration: the mirrorlists of what clients read lead to the old one, until a person asks for new ones.

use crate::helps::follow;
use crate::support::site::{Site, UNTESTED};

const CONFIG: &str = "packaging/release.toml";
const NEW: &str = "[repository]\nurl = \"https://b.example.org/r\"\n";

/// Two releases at the address of `config`; the configuration then has another one.
fn moved(config: &str) -> Site {
    let site = Site::with(config);
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.project.write(CONFIG, NEW);
    site.project.git(&["commit", "-qam", "Move"]);
    site
}

fn package_for_clients(site: &Site) -> String {
    let folder = site.served("stable/1.0/rpm/el9/noarch");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut packages: Vec<_> = names.filter(|path| path.to_str().unwrap().contains("/demo-repo-")).collect();
    packages.sort();
    let newest = packages.pop().unwrap();
    let script = format!("rpm2cpio {} | cpio --quiet -i --to-stdout '*.repo'", newest.display());
    crate::support::program::run_in(site.project.path(), "sh", &["-c", &script], &[]).exits(0).stdout
}

#[test]
fn a_new_address_is_published_by_a_rollback_to_the_same_content() {
    let site = moved("[repository]\nurl = \"https://a.example.org/r\"\n");
    let problem = "it leads clients to `https://a.example.org/r`, and `repository.url` is `https://b.example.org/r`";
    let status = site.releng(&["status"]).exits(0).stdout;
    assert_eq!(status.matches(problem).count(), 2, "the series and `latest`: {status}");
    site.releng(&["prune"]).exits(0);
    let found = site.releng(&["verify"]).exits(1);
    let lines: Vec<&str> = found.stdout.lines().collect();
    let places = ["revisions/stable-1.0/000002", "unstable/1.0/snapshot-demo_1.0_pipeline_2"];
    assert_eq!(lines, places.map(|place| format!("address-differs: {place}/rpm/el9/mirrorlist: {problem}")));
    let plan = site.releng(&["rollback", "1.0", "--to", "2", "--dry-run"]).exits(0);
    plan.prints_part("lead clients of stable/1.0 to the new address: 1.0.2, revision 2:\n");
    follow(site.project.path(), &found, "rollback", &[]).exits(0);
    let list = site.text("stable/1.0/rpm/el9/mirrorlist");
    assert!(list.starts_with("https://b.example.org/r/demo/revisions/stable-1.0/000003/rpm/el9/\n"), "{list}");
    assert!(package_for_clients(&site).contains("mirrorlist=https://b.example.org/r/demo/stable/1.0/"));
    follow(site.project.path(), &found, "stage", &[]).exits(0);
    site.releng(&["verify"]).exits(0);
    assert!(!site.releng(&["status"]).exits(0).stdout.contains("problem"));
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0).says(&["has the content of revision 3 already"]);
}

#[test]
fn a_rollback_and_a_promotion_lead_to_the_new_address() {
    let site = moved("[repository]\nurl = \"https://a.example.org/r\"\n");
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    assert!(site.text("stable/1.0/rpm/el9/mirrorlist").starts_with("https://b.example.org/r/demo/"));
    assert!(package_for_clients(&site).contains("mirrorlist=https://b.example.org/r/demo/stable/1.0/"));
    site.release("Three", &["el9"]);
    site.releng(&[&["promote"], UNTESTED].concat()).exits(0);
    site.releng(&["verify"]).exits(0);
    assert!(!site.text("stable/1.0/rpm/el9/mirrorlist").contains("a.example.org"));
}

#[test]
fn a_first_address_needs_a_mirrorlist() {
    let site = moved("");
    site.releng(&["prune"]).exits(0);
    let found = site.releng(&["verify"]).exits(1);
    let missing =
        "address-differs: revisions/stable-1.0/000002/rpm/el9/mirrorlist: it is missing, and `repository.url` is ";
    assert!(found.stdout.starts_with(missing), "{}", found.stdout);
    follow(site.project.path(), &found, "rollback", &[]).exits(0);
    follow(site.project.path(), &found, "stage", &[]).exits(0);
    site.releng(&["verify"]).exits(0);
    assert!(site.text("stable/1.0/rpm/el9/mirrorlist").starts_with("https://b.example.org/r/demo/"));
}
