//! The statements about what was built and promoted: the library of in-toto reads them, `verify` finds each planted fault, and a person checks
//! a download with them.

use std::path::{Path, PathBuf};

use releng::base::digest::digest_of;
use serde_json::{Value, json};

use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, Ran, run_in};
use crate::support::signed::SignedSite;
use crate::support::site::{NOW, Site};
use crate::verify::{edit_manifest, forge};

const SNAPSHOT: &str = "unstable/1.0/snapshot-demo_1.0_pipeline_1";
const REVISION: &str = "revisions/stable-1.0/000001";
const OF_SOURCES: &str = "sources/demo-1.0.1.provenance.json";
const OF_SNAPSHOT: &str = "provenance/snapshot-demo_1.0_pipeline_1.json";
const OF_PROMOTION: &str = "provenance/promotion-000001.json";
const PACKAGE: &str = "rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";

/// What the library of in-toto reads in a statement; it has checked it.
#[track_caller]
fn read(path: &Path) -> Value {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let python = root.join("target/test-tools/bin/python");
    assert!(python.exists(), "there is no `{}`: run `scripts/install-test-tools`", python.display());
    let reader = root.join("tests/it/doubles/read_statement.py");
    let args = [reader.to_str().unwrap(), path.to_str().unwrap()];
    serde_json::from_str(&run_in(&root, python.to_str().unwrap(), &args, &[]).exits(0).stdout).unwrap()
}

fn sha256(path: &Path) -> String {
    digest_of(&std::fs::read(path).unwrap()).to_string()
}

/// The ids and paths that `verify` finds in one folder.
#[track_caller]
fn found_in(site: &Site, folder: &str) -> Vec<(String, String)> {
    let place = site.served(folder);
    let ran = site.releng(&["verify", "--json", place.to_str().unwrap()]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let path =
        |finding: &Value| text(finding, "path").strip_prefix(&format!("{}/", place.display())).unwrap().to_owned();
    report["findings"].as_array().unwrap().iter().map(|finding| (text(finding, "id"), path(finding))).collect()
}

#[test]
fn in_toto_reads_what_was_built_and_promoted() {
    let site = Site::with("[[acceptance]]\nname = \"content\"\nrun = [\"test\", \"-s\", \"a\"]\n");
    let version = site.release("Second", &["el9"]);
    site.releng(&["accept"]).exits(0);
    site.releng(&["promote", "--major"]).exits(0);
    let commit = site.project.git(&["rev-parse", "HEAD"]);
    let config = sha256(&site.project.join("packaging/release.toml"));
    let snapshot = site.served(SNAPSHOT);

    let sources = read(&snapshot.join(OF_SOURCES));
    assert_eq!(sources["type"], "https://slsa.dev/provenance/v1");
    assert_eq!(sources["parameters"], json!({ "name": "demo", "version": version, "release": 1.0 }));
    let materials = json!({ "commit": { "gitCommit": commit }, "packaging/release.toml": { "sha256": config } });
    assert_eq!(sources["materials"], materials);
    assert_eq!(sources["builder"], json!(["urn:releng:builder", "releng"]));
    assert_eq!(sources["times"], json!([]), "the same commit must give the same bytes");
    let names = [
        "ChangeLog",
        "demo-1.0.1-1.src.rpm",
        "demo-1.0.1.cdx.json",
        "demo-1.0.1.spdx.json",
        "demo-1.0.1.tar.gz",
        "demo-1.0.1.zip",
        "demo.spec",
    ];
    let subjects: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(sha256(&snapshot.join("sources").join(name))))).collect();
    assert_eq!(sources["subjects"], Value::Object(subjects));

    let built = read(&snapshot.join(OF_SNAPSHOT));
    for path in [PACKAGE, "sources/demo-1.0.1-1.src.rpm", "sources/demo-1.0.1.tar.gz", "sources/demo-1.0.1.zip"] {
        assert_eq!(built["subjects"][path], sha256(&snapshot.join(path)), "{path}");
    }
    assert_eq!(built["subjects"].as_object().unwrap().len(), 4);
    assert_eq!(built["materials"]["commit"]["gitCommit"], commit.as_str());
    assert_eq!(built["times"], json!([]), "`stage` does not know when the release was built");

    let promoted = read(&site.served("stable/1.0").join(OF_PROMOTION));
    assert_eq!(promoted["type"], "urn:releng:promotion:1");
    assert_eq!(promoted["subjects"], built["subjects"]);
    let predicate = &promoted["predicate"];
    assert_eq!(predicate["manifest"]["digest"]["sha256"], sha256(&snapshot.join("manifest.json")));
    assert_eq!(predicate["promotedOn"], NOW);
    let gates: Vec<&str> =
        predicate["gates"].as_array().unwrap().iter().map(|gate| gate["name"].as_str().unwrap()).collect();
    assert!(gates.len() > 8 && gates.contains(&"tested"), "{gates:?}");
    let test = &predicate["tests"][0];
    assert_eq!((&test["name"], &test["verdict"]), (&json!("content"), &json!("passed")));
    let log = std::fs::read_dir(site.state("results/snapshot-demo_1.0_pipeline_1"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let log = log.into_iter().find(|path| path.extension().is_some_and(|it| it == "log")).unwrap();
    assert_eq!(test["logSha256"], sha256(&log));

    // The next revision keeps the statements, and a yank and a rollback too.
    site.release("Third", &["el9"]);
    site.releng(&["accept"]).exits(0);
    site.releng(&["promote"]).exits(0);
    for path in [OF_SOURCES, OF_SNAPSHOT, OF_PROMOTION, "provenance/promotion-000002.json"] {
        assert!(site.served("stable/1.0").join(path).is_file(), "{path}");
    }
    site.releng(&["verify"]).exits(0);
    site.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--why", "x"]).exits(0);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_run_of_dist_states_its_times() {
    let site = Site::new();
    site.commit("Second");
    site.releng(&["dist"]).exits(0);
    let built = read(&site.served(SNAPSHOT).join(OF_SNAPSHOT));
    assert_eq!(built["times"], json!([NOW, NOW]));
}

/// Changes the JSON of a file.
fn edit(content: &mut Vec<u8>, change: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_slice(content).unwrap();
    change(&mut value);
    *content = serde_json::to_vec(&value).unwrap();
}

#[test]
fn planted_faults_in_statements_are_found() {
    let other = "0".repeat(64);
    let subject = |value: &mut Value| value["subject"][0]["digest"]["sha256"] = json!(other);
    let commit = |value: &mut Value| {
        value["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"] = json!("0".repeat(40));
    };
    let none = |value: &mut Value| value["subject"] = json!([]);
    let name = |value: &mut Value| value["subject"][0]["name"] = json!("sources/other");
    let changes: [&dyn Fn(&mut Value); 4] = [&subject, &commit, &none, &name];
    let site = Site::new();
    site.release("Second", &["el9"]);
    assert_eq!(found_in(&site, SNAPSHOT), []);
    for path in [OF_SNAPSHOT, OF_SOURCES] {
        let sound = std::fs::read(site.served(SNAPSHOT).join(path)).unwrap();
        for (number, change) in changes.iter().enumerate() {
            forge(&site, SNAPSHOT, path, |content| edit(content, change));
            let found: Vec<_> = found_in(&site, SNAPSHOT).into_iter().filter(|(id, _)| id != "sums-differ").collect();
            assert_eq!(found, [("statement-differs".to_owned(), path.to_owned())], "{path} {number}");
            forge(&site, SNAPSHOT, path, |content| content.clone_from(&sound));
        }
    }
    assert_eq!(found_in(&site, SNAPSHOT), []);
    // A file that differs from what was stated, where the manifest and the checksums agree with it.
    forge(&site, SNAPSHOT, "sources/demo-1.0.1.zip", |content| content.push(0));
    let zip = sha256(&site.served(SNAPSHOT).join("sources/demo-1.0.1.zip"));
    forge(&site, SNAPSHOT, "sources/SHA256SUMS", |content| {
        let text = String::from_utf8(content.clone()).unwrap();
        let line =
            |line: &str| if line.ends_with(".zip") { format!("{zip}  demo-1.0.1.zip\n") } else { format!("{line}\n") };
        *content = text.lines().map(line).collect::<String>().into_bytes();
    });
    let found = found_in(&site, SNAPSHOT);
    let expected = [OF_SNAPSHOT, OF_SOURCES].map(|path| ("statement-differs".to_owned(), path.to_owned()));
    assert_eq!(found, expected);
    // A statement that is missing.
    std::fs::remove_file(site.served(SNAPSHOT).join(OF_SNAPSHOT)).unwrap();
    assert!(found_in(&site, SNAPSHOT).contains(&("file-missing".to_owned(), OF_SNAPSHOT.to_owned())));
}

#[test]
fn statements_are_signed_and_checked() {
    let signed = SignedSite::new();
    signed.promoted("Second");
    signed.releng(&["verify"]).exits(0);
    let site = &signed.site;
    for path in [OF_SOURCES, OF_SNAPSHOT, OF_PROMOTION] {
        let path = site.served("stable/1.0").join(path);
        let signature = format!("{}.asc", path.display());
        signed.keys.gpg(&["--verify", &signature, path.to_str().unwrap()]);
    }
    // What was signed has other digests than what was built.
    let built = read(&site.served(SNAPSHOT).join(OF_SNAPSHOT));
    assert_eq!(built["subjects"][PACKAGE], sha256(&site.served(SNAPSHOT).join(PACKAGE)));
    // Staging the same release again finds the snapshot.
    signed.releng(&["stage"]).exits(0).says(&["is staged already"]);

    signed.keys.add("evil@example.org", "ed25519", "", "never");
    for (folder, path) in [(SNAPSHOT, OF_SOURCES), (SNAPSHOT, OF_SNAPSHOT), (REVISION, OF_PROMOTION)] {
        let (statement, signature) = (site.served(folder).join(path), format!("{path}.asc"));
        let evil = signed.keys.home().join("evil.asc");
        let args = [
            "--yes",
            "--local-user",
            "evil@example.org",
            "--armor",
            "--output",
            evil.to_str().unwrap(),
            "--detach-sign",
        ];
        signed.keys.gpg(&[&args[..], &[statement.to_str().unwrap()]].concat());
        let evil = std::fs::read(evil).unwrap();
        let sound = std::fs::read(site.served(folder).join(&signature)).unwrap();
        forge(site, folder, &signature, |content| content.clone_from(&evil));
        assert!(found_in(site, folder).contains(&("signature-bad".to_owned(), signature.clone())), "{path}");
        forge(site, folder, &signature, |content| content.clone_from(&sound));
        assert_eq!(found_in(site, folder), [], "{path}");
        let manifest = std::fs::read(site.served(folder).join("manifest.json")).unwrap();
        std::fs::remove_file(site.served(folder).join(&signature)).unwrap();
        edit_manifest(site, folder, |manifest| {
            manifest["files"].as_array_mut().unwrap().retain(|file| file["path"] != signature.as_str());
        });
        assert!(found_in(site, folder).contains(&("signature-missing".to_owned(), path.to_owned())), "{path}");
        std::fs::write(site.served(folder).join(&signature), &sound).unwrap();
        site.tamper(&format!("{folder}/manifest.json"), |content| content.clone_from(&manifest));
    }
}

/// Takes away what earlier versions did not make, from the only snapshot of a site.
fn make_old(site: &Site) {
    let place = site.served(SNAPSHOT);
    let before = sha256(&place.join("manifest.json"));
    let is_new =
        |path: &str| path.starts_with("provenance/") || (path.starts_with("sources/") && path.ends_with(".json"));
    std::fs::remove_dir_all(place.join("provenance")).unwrap();
    for form in ["spdx", "cdx", "provenance"] {
        std::fs::remove_file(place.join(format!("sources/demo-1.0.1.{form}.json"))).unwrap();
    }
    forge(site, SNAPSHOT, "sources/SHA256SUMS", |content| {
        let text = String::from_utf8(content.clone()).unwrap();
        *content = text
            .lines()
            .filter(|line| !line.ends_with(".json"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
            .into_bytes();
    });
    edit_manifest(site, SNAPSHOT, |manifest| {
        manifest["files"].as_array_mut().unwrap().retain(|file| !is_new(file["path"].as_str().unwrap()));
    });
    // The manifest is written as the program writes it.
    site.tamper(&format!("{SNAPSHOT}/manifest.json"), |content| {
        use releng::repository::model::manifest::Manifest;
        *content = Manifest::parse(content).unwrap().render().unwrap();
    });
    let log = site.state("log.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replace(&before, &sha256(&place.join("manifest.json")))).unwrap();
}

#[test]
fn a_snapshot_of_an_earlier_version_is_promoted() {
    let site = Site::new();
    site.release("Second", &["el9"]);
    make_old(&site);
    site.releng(&["verify"]).exits(0);
    site.promote(&[]).exits(0);
    site.releng(&["verify"]).exits(0);
    let provenance: Vec<String> = site.project.files("target/repository/demo/stable/1.0/provenance");
    assert_eq!(provenance, ["promotion-000001.json"]);
    site.promoted("Third", &["el9"]);
    site.releng(&["verify"]).exits(0);
}

/// Checks a download, in a folder without a project.
fn check(folder: &Path, args: &[&str]) -> Ran {
    run_in(folder, PROGRAM, &[&["verify"], args].concat(), &[])
}

#[test]
fn a_download_is_checked_with_its_statement() {
    let signed = SignedSite::new();
    signed.staged("Second");
    let served = signed.site.served(SNAPSHOT);
    let elsewhere = tempfile::tempdir().unwrap();
    let take = |path: &str| {
        let to = elsewhere.path().join(path.rsplit('/').next().unwrap());
        std::fs::copy(served.join(path), &to).unwrap();
    };
    for path in [
        OF_SOURCES,
        "sources/demo-1.0.1.provenance.json.asc",
        OF_SNAPSHOT,
        "sources/demo-1.0.1.tar.gz",
        "sources/demo-1.0.1-1.src.rpm",
        PACKAGE,
    ] {
        take(path);
    }
    take(&format!("{OF_SNAPSHOT}.asc"));
    std::fs::copy(signed.site.served("RPM-GPG-KEY-demo"), elsewhere.path().join("KEYS")).unwrap();
    let folder = elsewhere.path();
    let (of_sources, of_snapshot) = ("demo-1.0.1.provenance.json", "snapshot-demo_1.0_pipeline_1.json");
    let commit = signed.site.project.git(&["rev-parse", "HEAD"]);
    let good = check(folder, &["demo-1.0.1.tar.gz", "--provenance", of_sources, "--keys", "KEYS"]).exits(0);
    let sum = sha256(&folder.join("demo-1.0.1.tar.gz"));
    let expected =
        format!("demo-1.0.1.tar.gz is demo-1.0.1.tar.gz\nsha256: {sum}\nversion: 1.0.1\ncommit: {commit}\nsigned by: ");
    good.prints_part(&expected).says_nothing_wrong();
    for file in ["demo-1.0.1-1.el9.noarch.rpm", "demo-1.0.1-1.src.rpm"] {
        check(folder, &[file, "--provenance", of_snapshot, "--keys", "KEYS"]).exits(0);
    }
    // The key of the project's own repository is known.
    let (archive, statement) = (folder.join("demo-1.0.1.tar.gz"), folder.join(of_sources));
    let args = ["verify", archive.to_str().unwrap(), "--provenance", statement.to_str().unwrap()];
    signed.releng(&args).exits(0).prints_part("signed by: ");

    let refused = |args: &[&str], code: i32, parts: &[&str]| drop(check(folder, args).exits(code).says(parts));
    let of_sources_with_key = ["--provenance", of_sources, "--keys", "KEYS"];
    refused(
        &[&["demo-1.0.1-1.src.rpm"], &of_sources_with_key[..]].concat(),
        1,
        &["its digest differs", "in `provenance/`"],
    );
    refused(&[&["KEYS"], &of_sources_with_key[..]].concat(), 1, &["states nothing about `KEYS`"]);
    refused(
        &["demo-1.0.1.tar.gz", "--provenance", of_sources],
        2,
        &["there is no key to check", "--keys RPM-GPG-KEY-NAME"],
    );
    let evil = Keys::of(&[("evil@example.org", "ed25519")]);
    std::fs::write(folder.join("EVIL"), evil.gpg(&["--armor", "--export"]).stdout).unwrap();
    refused(&["demo-1.0.1.tar.gz", "--provenance", of_sources, "--keys", "EVIL"], 1, &["is not in the keyring"]);
    std::fs::write(folder.join("demo-1.0.1.tar.gz"), "changed").unwrap();
    refused(&[&["demo-1.0.1.tar.gz"], &of_sources_with_key[..]].concat(), 1, &["its digest differs"]);
    take("sources/demo-1.0.1.tar.gz");
    let statement = std::fs::read_to_string(folder.join(of_sources)).unwrap();
    std::fs::write(folder.join(of_sources), statement.replace("1.0.1", "1.0.2")).unwrap();
    refused(&[&["demo-1.0.1.tar.gz"], &of_sources_with_key[..]].concat(), 1, &["it was made of other content"]);
    take(OF_SOURCES);
    std::fs::remove_file(folder.join("demo-1.0.1.provenance.json.asc")).unwrap();
    refused(
        &[&["demo-1.0.1.tar.gz"], &of_sources_with_key[..]].concat(),
        1,
        &["there is no signature", "download it too"],
    );
    check(folder, &["demo-1.0.1.tar.gz", "--provenance", of_sources]).exits(0).says(&["is not signed"]);
    refused(&["demo-1.0.1.tar.gz", "--provenance", "KEYS"], 1, &["`KEYS` is not a statement: it is not JSON"]);
}
