//! The bill of materials of a release, read by the libraries of others: both forms say the same, and what is in the archives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

const TEMPLATE: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: x\nLicense: MIT\n\
                        Source0: @@SOURCE0@@\nSource1: @@VENDOR@@\n%description\nx\n%files\n";
const GENERATE: &str = "[[source.generate]]\npath = \"made.txt\"\nrun = [\"sh\", \"-c\", \"echo made > made.txt\"]\n\n\
                        [[source.generate]]\npath = \"stated.txt\"\ntext = \"{version}\\n\"\n";

/// The root of this project.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What the library for `form` reads in a file; it has checked the file.
#[track_caller]
pub fn read(form: &str, path: &std::path::Path) -> Value {
    let python = root().join("target/test-tools/bin/python");
    assert!(python.exists(), "there is no `{}`: run `scripts/install-test-tools`", python.display());
    let reader = root().join("tests/it/doubles/read_sbom.py");
    let args = [reader.to_str().unwrap(), form, path.to_str().unwrap()];
    serde_json::from_str(&run_in(&root(), python.to_str().unwrap(), &args, &[]).exits(0).stdout).unwrap()
}

/// Runs a program where the crates of this project can be found, and none is fetched.
fn call(project: &Sandbox, program: &str, args: &[&str]) -> Ran {
    let home = std::env::var("CARGO_HOME").ok();
    let home = home.as_ref().map(|home| ("CARGO_HOME", home.as_str()));
    let variables: Vec<(&str, &str)> = home.into_iter().chain([("CARGO_NET_OFFLINE", "true")]).collect();
    run_in(project.path(), program, args, &variables)
}

/// A Rust project that depends on a crate and makes two files.
fn demo() -> Sandbox {
    let project = Sandbox::bare();
    project.git(&["init", "-q", "-b", "main"]);
    project.write("Cargo.toml", "[package]\nname = \"demo\"\nedition = \"2024\"\n[dependencies]\nitoa = \"1\"\n");
    project.write("src/main.rs", "fn main() {}\n");
    project.write("demo.spec.in", TEMPLATE);
    project.write("packaging/release.toml", GENERATE);
    std::os::unix::fs::symlink("src/main.rs", project.join("link")).unwrap();
    call(&project, "cargo", &["generate-lockfile", "--offline"]).exits(0);
    project.commit("A crate", &[(".gitignore", "/target\n"), ("a file\"&", "content\n")]);
    project.git(&["tag", "1.0"]);
    project
}

/// The files of a folder with their SHA-1 and SHA-256 digests, as coreutils compute them.
fn digests_in(folder: &Sandbox) -> BTreeMap<String, [String; 2]> {
    let digest = |program: &str, file: &str| {
        let path = folder.join(file);
        run_in(folder.path(), program, &["--zero", path.to_str().unwrap()], &[])
            .exits(0)
            .stdout
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    let is_link = |file: &String| folder.join(file).is_symlink();
    let files = folder.files("").into_iter().filter(|file| !is_link(file));
    files
        .map(|file| {
            let sums = ["sha1sum", "sha256sum"].map(|program| digest(program, &file));
            (file, sums)
        })
        .collect()
}

#[test]
fn both_forms_say_what_is_in_the_release() {
    let project = demo();
    call(&project, PROGRAM, &["dist", "--no-stage"]).exits(0);
    let sources = project.join("target/dist/sources");
    let unpacked = Sandbox::bare();
    let archive = sources.join("demo-1.0.0.tar.gz");
    run_in(unpacked.path(), "tar", &["xzf", archive.to_str().unwrap(), "--strip-components=1"], &[]).exits(0);
    let made = |file: &str| match file {
        "made.txt" => Some("made by: sh -c echo made > made.txt"),
        "stated.txt" | "ChangeLog" | ".release.json" | "demo.spec" => Some("made by: releng"),
        _ => None,
    };
    let files: BTreeMap<String, Value> = digests_in(&unpacked)
        .into_iter()
        .map(|(file, [sha1, sha256])| {
            let mut sums = json!({ "SHA1": sha1, "SHA256": sha256 });
            if let Some(made) = made(&file) {
                sums["made"] = json!(made);
            }
            (file, sums)
        })
        .collect();
    assert!(files.contains_key("a file\"&") && files.contains_key("src/main.rs") && !files.contains_key("link"));
    let lock = std::fs::read_to_string(project.join("Cargo.lock")).unwrap();
    let itoa = lock.split("name = \"itoa\"\nversion = \"").nth(1).unwrap().split('"').next().unwrap();
    let crates = json!({ "itoa": [itoa, "MIT OR Apache-2.0", format!("pkg:cargo/itoa@{itoa}")] });
    let sums = std::fs::read_to_string(project.join("target/dist/SHA256SUMS")).unwrap();
    let artifact = |line: &str| {
        let name = line.split("  sources/").nth(1)?;
        let is_one = [".tar.gz", ".zip", ".src.rpm"].iter().any(|suffix| name.ends_with(suffix));
        is_one.then(|| (name.to_owned(), json!(&line[..64])))
    };
    let artifacts: BTreeMap<String, Value> = sums.lines().filter_map(artifact).collect();
    assert_eq!(artifacts.len(), 4, "{sums}");
    for (form, file) in [("spdx", "demo-1.0.0.spdx.json"), ("cyclonedx", "demo-1.0.0.cdx.json")] {
        let found = read(form, &sources.join(file));
        assert_eq!(found["files"], json!(files), "{form}");
        assert_eq!(found["crates"], crates, "{form}");
        assert_eq!(found["artifacts"], json!(artifacts), "{form}");
        let date = found["date"].as_str().unwrap();
        assert!(date.starts_with("2020-03-19T05:24:41"), "{form}: the date of the commit is not {date}");
    }
}

#[test]
fn the_same_commit_gives_the_same_bills() {
    let project = demo();
    let clone = Sandbox::bare();
    run_in(clone.path(), "git", &["clone", "-q", project.path().to_str().unwrap(), "."], &[]).exits(0);
    let read = |place: &Sandbox| {
        let args = ["dist", "--no-stage", "--no-vendor"];
        run_in(place.path(), PROGRAM, &args, &[("TZ", "Asia/Tokyo"), ("RELENG_NOW", "2031-01-01T00:00:00Z")]).exits(0);
        ["spdx", "cdx"]
            .map(|form| std::fs::read(place.join(&format!("target/dist/sources/demo-1.0.0.{form}.json"))).unwrap())
    };
    let first = read(&project);
    assert!(first == read(&clone));
    // Other contents have another identity.
    project.commit("More", &[("b", "b\n")]);
    project.git(&["tag", "1.1"]);
    run_in(project.path(), PROGRAM, &["dist", "--no-stage", "--no-vendor"], &[]).exits(0);
    let identity = |text: &[u8], key: &str| serde_json::from_slice::<Value>(text).unwrap()[key].clone();
    for (form, key, first) in [("spdx", "documentNamespace", &first[0]), ("cdx", "serialNumber", &first[1])] {
        let later = std::fs::read(project.join(&format!("target/dist/sources/demo-1.1.0.{form}.json"))).unwrap();
        assert_ne!(identity(&later, key), identity(first, key));
    }
}

#[test]
fn the_plan_names_the_bills_and_the_release_number_is_in_their_names() {
    let project = demo();
    let ran =
        run_in(project.path(), PROGRAM, &["dist", "--no-stage", "--no-vendor", "--release", "2", "--dry-run"], &[]);
    let ran = ran.exits(0);
    for line in
        ["write sources/demo-1.0.0-2.spdx.json (SPDX 2.3)", "write sources/demo-1.0.0-2.cdx.json (CycloneDX 1.6)"]
    {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
}
