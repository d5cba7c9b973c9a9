//! `verify` finds a planted fault of every kind, exactly that one, and nothing on a sound repository.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use releng::base::digest::digest_of;
use serde_json::{Value, json};

use crate::support::http::Server;
use crate::support::keys::Keys;
use crate::support::program::Ran;
use crate::support::site::{NOW, Site, UNTESTED};

const SNAPSHOT: &str = "unstable/1.0/snapshot-demo_1.0_pipeline_2";
const REVISION: &str = "revisions/stable-1.0/000002";
const PACKAGE: &str = "rpm/el9/noarch/demo-1.0.2-1.el9.noarch.rpm";

/// Two releases, both promoted, the second accepted.
fn site() -> Site {
    let site = Site::with("[[acceptance]]\nname = \"content\"\nrun = [\"test\", \"-s\", \"a\"]\n");
    for message in ["Second", "Third"] {
        site.release(message, &["el9"]);
        site.releng(&["accept"]).exits(0);
        site.releng(&["promote", "--major"]).exits(0);
    }
    site
}

/// The ids and paths that `verify` finds.
#[track_caller]
fn findings(ran: Ran) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    assert_eq!(report["schema"], "releng.verify/1");
    let found: Vec<(String, String)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert!(finding["help"].as_str().is_some_and(|help| !help.is_empty()));
            (finding["id"].as_str().unwrap().to_owned(), finding["path"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(ran.code, i32::from(!found.is_empty()), "{}", ran.stderr);
    found
}

/// Fails the test unless the whole repository has one kind of fault, at `path` or a link of it.
#[track_caller]
fn is_found(site: &Site, id: &str, path: &str) {
    let found = findings(site.releng(&["verify", "--json"]));
    let ids: BTreeSet<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, BTreeSet::from([id]), "{found:?}");
    assert!(found.iter().any(|(_, at)| at.starts_with(path)), "not at {path}: {found:?}");
}

/// As [`is_found`], for the folder of a snapshot alone, whose manifest a forger has put right.
#[track_caller]
fn is_found_in(site: &Site, folder: &str, id: &str, path: &str) {
    let place = site.served(folder);
    let found = findings(site.releng(&["verify", "--json", place.to_str().unwrap()]));
    assert_eq!(found, [(id.to_owned(), place.join(path).to_str().unwrap().to_owned())]);
}

/// Changes a published file and makes the manifest list it as it is then.
#[track_caller]
pub fn forge(site: &Site, folder: &str, path: &str, change: impl Fn(&mut Vec<u8>)) {
    site.tamper(&format!("{folder}/{path}"), change);
    let content = std::fs::read(site.served(&format!("{folder}/{path}"))).unwrap();
    edit_manifest(site, folder, |manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["path"] == path).unwrap();
        file["sha256"] = digest_of(&content).to_string().into();
        file["size"] = content.len().into();
    });
}

/// Edits the manifest of a snapshot or revision.
pub fn edit_manifest(site: &Site, folder: &str, edit: impl Fn(&mut Value)) {
    site.tamper(&format!("{folder}/manifest.json"), |content| {
        let mut manifest: Value = serde_json::from_slice(content).unwrap();
        edit(&mut manifest);
        *content = serde_json::to_vec_pretty(&manifest).unwrap();
    });
}

/// Flips a byte far behind the headers of a package.
fn flip(content: &mut [u8]) {
    let at = content.len() - 20;
    content[at] ^= 1;
}

#[test]
fn nothing_is_found_on_a_sound_repository() {
    let site = site();
    assert_eq!(findings(site.releng(&["verify", "--json"])), []);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "bad"]).exits(0);
    site.releng(&["verify"]).exits(0).prints("").says(&["verified 6 snapshots and revisions"]);
    let served = site.served("");
    assert_eq!(findings(site.releng(&["verify", "--json", served.to_str().unwrap()])), []);
    site.releng(&["verify", "/etc"]).exits(2).says(&["`/etc` is neither", "help: "]);
}

#[test]
fn foreign_names_and_leftovers() {
    let site = site();
    let plant = |path: &str, id: &str| {
        let place = site.served(path);
        std::fs::write(&place, "x").unwrap();
        is_found(&site, id, path);
        std::fs::remove_file(place).unwrap();
    };
    for path in ["notes.txt", "stable/readme", "unstable/1.x", "unstable/1.0/snapshot-x", "revisions/other"] {
        plant(path, "name-foreign");
    }
    plant(&format!("{REVISION}/extra"), "file-foreign");
    for (folder, id) in [("", "name-foreign"), ("unstable", "name-foreign"), (REVISION, "file-foreign")] {
        let place = site.served(folder).join(OsStr::from_bytes(b"latin\xe9"));
        std::fs::write(&place, "x").unwrap();
        let shown = Path::new(folder).join("latin\\\\xe9");
        is_found(&site, id, shown.to_str().unwrap());
        std::fs::remove_file(place).unwrap();
    }
    plant("unstable/1.0/.releng-latest", "leftover");
    plant("revisions/stable-1.0/.releng-000009", "leftover");
    symlink("/etc/passwd", site.served(&format!("{SNAPSHOT}/sources/link"))).unwrap();
    is_found(&site, "file-foreign", SNAPSHOT);
}

#[test]
fn links() {
    let site = site();
    let relink = |link: &str, target: &str, id: &str| {
        let link_path = site.served(link);
        let old = std::fs::read_link(&link_path).unwrap();
        std::fs::remove_file(&link_path).unwrap();
        symlink(target, &link_path).unwrap();
        let found = findings(site.releng(&["verify", "--json"]));
        assert!(found.contains(&(id.to_owned(), link.to_owned())), "{found:?}");
        std::fs::remove_file(&link_path).unwrap();
        symlink(old, link_path).unwrap();
    };
    relink("stable/1.0", "../revisions/stable-1.0/000099", "log-lacks-event");
    relink("stable/1.0", "../revisions/stable-1.0/000001", "link-differs");
    relink("stable/1.0", "../../../../etc", "link-foreign");
    std::fs::remove_file(site.served("unstable/1.0/latest")).unwrap();
    symlink("/etc", site.served("unstable/1.0/latest")).unwrap();
    let said = "link-foreign: unstable/1.0/latest: it leads to `/etc`, which is no place of the series; by the log, it should lead to \
                `snapshot-demo_1.0_pipeline_2`\n";
    site.releng(&["verify"])
        .exits(1)
        .prints(said)
        .says(&["link-foreign: the next command that changes the repository"]);
    site.releng(&["prune"]).exits(0);
    assert_eq!(findings(site.releng(&["verify", "--json"])), []);
    relink("stable/1.0", "../revisions/stable-2.0/000001", "link-foreign");
    relink("unstable/1.0/latest", "snapshot-demo_1.0_pipeline_99", "link-dangling");
    relink("unstable/1.0/latest", "/etc", "link-foreign");
    assert_eq!(findings(site.releng(&["verify", "--json"])), []);
    std::fs::remove_file(site.served("stable/1.0")).unwrap();
    let found = findings(site.releng(&["verify", "--json"]));
    assert!(found.contains(&("link-differs".to_owned(), "stable/1.0".to_owned())), "{found:?}");
}

#[test]
fn files_and_manifests() {
    let site = site();
    site.tamper(&format!("{SNAPSHOT}/sources/demo.spec"), |content| flip(content));
    is_found(&site, "file-changed", SNAPSHOT);
    let site = self::site();
    std::fs::remove_file(site.served(&format!("{SNAPSHOT}/sources/demo.spec"))).unwrap();
    is_found(&site, "file-missing", SNAPSHOT);
    let site = self::site();
    edit_manifest(&site, SNAPSHOT, |manifest| manifest["merged"] = false.into());
    is_found(&site, "manifest-changed", SNAPSHOT);
    site.tamper(&format!("{SNAPSHOT}/manifest.json"), Vec::clear);
    is_found(&site, "manifest-unreadable", SNAPSHOT);
    let site = self::site();
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000001")).unwrap();
    is_found(&site, "vanished", "revisions/stable-1.0/000001");
}

#[test]
fn packages_repodata_checksums_and_changelogs_behind_a_forged_manifest() {
    let site = site();
    forge(&site, SNAPSHOT, PACKAGE, |content| flip(content));
    let found = findings(site.releng(&["verify", "--json", site.served(SNAPSHOT).to_str().unwrap()]));
    let ids: BTreeSet<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, BTreeSet::from(["package-damaged", "package-gone"]), "{found:?}");

    // Sound packages, of which the manifest says something else.
    let others: [fn(&mut Value); 2] = [
        |package| package["nevra"] = "demo-1.0.2-2.el9.noarch".into(),
        |package| package["content"] = digest_of(b"another").to_string().into(),
    ];
    for other in others {
        let site = self::site();
        edit_manifest(&site, SNAPSHOT, |manifest| {
            let files = manifest["files"].as_array_mut().unwrap();
            other(&mut files.iter_mut().find(|file| file["path"] == PACKAGE).unwrap()["package"]);
        });
        is_found_in(&site, SNAPSHOT, "package-damaged", PACKAGE);
    }

    let site = self::site();
    let repomd = "rpm/el9/repodata/repomd.xml";
    forge(&site, SNAPSHOT, repomd, |content| content.truncate(300));
    is_found_in(&site, SNAPSHOT, "repodata-damaged", "rpm/el9/repodata/");

    let site = self::site();
    forge(&site, SNAPSHOT, "sources/SHA256SUMS", |content| content[0] ^= 1);
    is_found_in(&site, SNAPSHOT, "sums-differ", "sources/SHA256SUMS");

    let site = self::site();
    forge(&site, SNAPSHOT, "ChangeLog.txt", |content| content.extend_from_slice(b"* more\n"));
    is_found_in(&site, SNAPSHOT, "changelog-differs", "ChangeLog.txt");

    let site = self::site();
    edit_manifest(&site, REVISION, |manifest| manifest["earlier"][0]["version"] = "1.0.7".into());
    is_found_in(&site, REVISION, "versions-out-of-order", "manifest.json");
}

#[test]
fn repodata_that_an_earlier_version_packed_is_no_damage() {
    let site = site();
    edit_manifest(&site, SNAPSHOT, |manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["path"].as_str().unwrap().ends_with("-primary.xml.gz")).unwrap();
        let old = file["path"].as_str().unwrap().replace(".xml.gz", ".xml.zst");
        let (from, to) = (format!("{SNAPSHOT}/{}", file["path"].as_str().unwrap()), format!("{SNAPSHOT}/{old}"));
        std::fs::rename(site.served(&from), site.served(&to)).unwrap();
        file["path"] = old.into();
    });
    is_found_in(&site, SNAPSHOT, "repodata-old", "rpm/el9/repodata/");
}

#[test]
fn a_package_that_the_repodata_does_not_describe() {
    let site = site();
    // The repodata of the first snapshot, with its own files, in the place of the second one's.
    let (from, to) = (site.served("unstable/1.0/snapshot-demo_1.0_pipeline_1/rpm/el9/repodata"), site.served(SNAPSHOT));
    let folder = to.join("rpm/el9/repodata");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name().into_string().unwrap())
        };
        let content = std::fs::read(&path).unwrap();
        std::fs::write(folder.join(&name), &content).unwrap();
        files.push(json!({
            "path": format!("rpm/el9/repodata/{name}"), "size": content.len(),
            "sha256": digest_of(&content).to_string(), "date": NOW,
        }));
    }
    edit_manifest(&site, SNAPSHOT, |manifest| {
        let listed = manifest["files"].as_array_mut().unwrap();
        listed.retain(|file| !file["path"].as_str().unwrap().contains("repodata"));
        listed.extend(files.clone());
    });
    let found = findings(site.releng(&["verify", "--json", to.to_str().unwrap()]));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["package-gone", "package-undescribed"], "{found:?}");
}

#[test]
fn log_ledger_results_and_repo_files() {
    let site = site();
    let edit = |path: PathBuf, change: &dyn Fn(String) -> String, id: &str, at: &str| {
        let old = std::fs::read_to_string(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        std::fs::write(&path, change(old.clone())).unwrap();
        is_found(&site, id, at);
        std::fs::write(&path, old).unwrap();
    };
    let log = site.state("log.jsonl");
    edit(log.clone(), &|text| text.replacen("\"latest\":true", "\"latest\":false", 1), "log-broken", "log.jsonl");
    edit(log.clone(), &|text| text + "{\"numb", "leftover", "log.jsonl");
    let begin = |count: usize| move |text: String| text.lines().take(count).map(|line| format!("{line}\n")).collect();
    edit(log.clone(), &begin(2), "log-lacks-event", REVISION);
    // The last event alone may be that of an interrupted run.
    edit(log, &begin(3), "interrupted", REVISION);
    edit(site.state("ledger.json"), &|_| "{}".to_owned(), "ledger-unreadable", "ledger.json");
    let forget = |text: String| text.replace("demo-1.0.2-1.el9.noarch", "demo-1.0.9-1.el9.noarch");
    edit(site.state("ledger.json"), &forget, "ledger-differs", "ledger.json");
    let result = "results/snapshot-demo_1.0_pipeline_2/0001-content.log";
    edit(site.state(result), &|text| text + "more", "result-changed", result);
    let repo = "demo-stable-1.0-el9.repo";
    edit(site.served(repo), &|text| text.replace("enabled=1", "enabled=0"), "repo-file-differs", repo);
    let page = "revisions/index.html";
    edit(site.served(page), &|text| text.replace("current", "old"), "page-differs", page);
}

#[test]
fn signatures() {
    let keys = Keys::of(&[("demo@example.org", "rsa3072"), ("evil@example.org", "ed25519")]);
    let site = Site::with("[repository]\nsign = \"demo@example.org\"\n");
    let home = [("GNUPGHOME", keys.home().to_str().unwrap())];
    site.commit("Second").build(&["el9"]);
    site.releng_with(&home, &["stage"]).exits(0);
    let promote = [&["promote", "--major"], UNTESTED].concat();
    site.releng_with(&home, &promote).exits(0);
    assert_eq!(findings(site.releng(&["verify", "--json"])), []);

    let served = site.served("RPM-GPG-KEY-demo");
    let sound = std::fs::read_to_string(&served).unwrap();
    std::fs::remove_file(&served).unwrap();
    is_found(&site, "keys-differ", "RPM-GPG-KEY-demo");
    for damaged in ["", &sound.replace('m', "n")] {
        std::fs::write(&served, damaged).unwrap();
        is_found(&site, "keys-differ", "RPM-GPG-KEY-demo");
    }
    std::fs::write(&served, &sound).unwrap();

    let revision = "revisions/stable-1.0/000001";
    let sums = site.served(revision).join("sources/SHA256SUMS");
    let by_another = evil_signature(&keys, &sums);
    forge(&site, revision, "sources/SHA256SUMS.asc", |content| *content = by_another.clone());
    is_found_in(&site, revision, "signature-bad", "sources/SHA256SUMS.asc");

    let snapshot = "unstable/1.0/snapshot-demo_1.0_pipeline_1";
    let signature = "rpm/el9/repodata/repomd.xml.asc";
    std::fs::remove_file(site.served(snapshot).join(signature)).unwrap();
    edit_manifest(&site, snapshot, |manifest| {
        manifest["files"].as_array_mut().unwrap().retain(|file| file["path"] != signature);
    });
    is_found_in(&site, snapshot, "signature-missing", "rpm/el9/repodata/repomd.xml");
}

fn evil_signature(keys: &Keys, content: &Path) -> Vec<u8> {
    let to = keys.home().join("evil.asc");
    let (to, content) = (to.to_str().unwrap(), content.to_str().unwrap());
    keys.gpg(&["--local-user", "evil@example.org", "--armor", "--output", to, "--detach-sign", content]);
    std::fs::read(to).unwrap()
}

#[test]
fn what_is_published_at_an_address() {
    let site = site();
    let server = Server::start(&site.served("").join(".."));
    let url = server.url("demo/stable/1.0");
    assert_eq!(findings(site.releng(&["verify", "--json", &url])), []);
    // The link may change while the files are fetched, so it is read only once.
    let asked = server.asked();
    let through_link = asked.iter().filter(|asked| asked.contains("/stable/1.0/")).collect::<Vec<_>>();
    assert_eq!(through_link, ["200 /demo/stable/1.0/manifest.json"]);
    site.releng(&["verify", &server.url("demo/unstable/1.0/latest")]).exits(0);
    assert_eq!(server.asked().iter().filter(|asked| asked.contains("/latest/")).count(), 1);
    site.tamper(&format!("{REVISION}/{PACKAGE}"), |content| flip(content));
    let found = findings(site.releng(&["verify", "--json", &url]));
    assert_eq!(found, [("file-changed".to_owned(), format!("{url}/{PACKAGE}"))]);
    std::fs::remove_file(site.served(&format!("{REVISION}/{PACKAGE}"))).unwrap();
    let found = findings(site.releng(&["verify", "--json", &url]));
    assert_eq!(found, [("file-missing".to_owned(), format!("{url}/{PACKAGE}"))]);
    site.releng(&["verify", &server.url("demo/stable/9.0")]).exits(1).says(&["9.0", "help: "]);
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let site = site();
    let server = Server::start(&site.served("").join(".."));
    let url = server.url("demo/stable/1.0");
    let replace = |file: &str| {
        let path = site.served(&format!("{REVISION}/{file}"));
        std::fs::remove_file(&path).unwrap();
        std::fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
    };
    replace(PACKAGE);
    let found = findings(site.releng(&["verify", "--json", &url]));
    assert_eq!(found, [("file-changed".to_owned(), format!("{url}/{PACKAGE}"))]);
    replace("manifest.json");
    let words = ["/manifest.json`: it has more than 67108864 bytes", "help: is `http"];
    site.releng(&["verify", &url]).exits(1).says(&words);
}
