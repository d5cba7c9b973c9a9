//! The program that keeps a repository, killed and failing at each call that changes a file.
//!
//! Before and after any fault a client finds the old channel or the new one, and running the command again leaves what an
//! undisturbed run leaves.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::crash::Scenario;
use crate::support::crash::matrix::{Selection, run_matrix};
use crate::support::crash::tree::Tolerance;
use crate::support::dnf::Client;
use crate::support::program::PROGRAM;
use crate::support::published::{DIST, Published, STAGE, promotion, snapshot};

const URL: &str = "https://example.org/repos";

/// Of the looks at a repository, in the whole matrix, this many go by without dnf.
const LOOKS_PER_CLIENT: usize = 10;

/// The command `arguments` on a project, with the rules that hold for all commands.
fn scenario(name: &str, published: &Published, arguments: &[&str], channels: &[&'static str]) -> Scenario {
    let command: Vec<&str> = std::iter::once(PROGRAM).chain(arguments.iter().copied()).collect();
    let mut scenario = Scenario::new(name, published.project.path(), &command, &["repo", "state"], channels);
    scenario.variables = published.variables();
    scenario.logs = vec!["state/demo/log.jsonl".into()];
    // The lock holds the number of the process, and git's own folder is none of the repository.
    scenario.tolerance =
        Tolerance { ignores: |path| path == ".git" || path == "state/demo/lock", ..Tolerance::default() };
    let looks = AtomicUsize::new(0);
    let channels = channels.to_vec();
    scenario.check = Box::new(move |place| {
        let asks = std::env::var("CRASH_MATRIX").is_ok()
            && looks.fetch_add(1, Ordering::SeqCst).is_multiple_of(LOOKS_PER_CLIENT);
        channels.iter().map(|channel| place.join(channel)).filter(|channel| channel.exists()).try_for_each(|channel| {
            is_whole(&channel)?;
            if asks { dnf_lists(&channel) } else { Ok(()) }
        })
    });
    scenario
}

/// Manifest and repodata can be read, and all that the repodata names is there.
fn is_whole(channel: &Path) -> Result<(), String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let manifest = channel.join("manifest.json");
    let manifest: Value = serde_json::from_str(&read(&manifest)?).map_err(|error| error.to_string())?;
    let files = manifest["files"].as_array().ok_or("no files")?;
    let folder = channel.join("rpm").join(DIST);
    let repomd = read(&folder.join("repodata/repomd.xml"))?;
    let hrefs = repomd.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(|href| folder.join(href));
    let listed = files.iter().filter_map(|file| Some(channel.join(file["path"].as_str()?)));
    let gone: Vec<String> =
        hrefs.chain(listed).filter(|path| !path.exists()).map(|path| path.display().to_string()).collect();
    if gone.is_empty() && files.len() > 3 { Ok(()) } else { Err(format!("gone: {}", gone.join(" "))) }
}

/// The real dnf finds the package there.
fn dnf_lists(channel: &Path) -> Result<(), String> {
    let folder = channel.canonicalize().map_err(|error| error.to_string())?.join("rpm").join(DIST);
    let repo = format!("[demo]\nname=demo\nenabled=1\ngpgcheck=0\nbaseurl=file://{}\n", folder.display());
    let ran = Client::new(&repo).list();
    let found = ran.code == 0 && ran.stdout.lines().any(|line| line.starts_with("demo-0:"));
    if found { Ok(()) } else { Err(format!("dnf: exit {}: {}{}", ran.code, ran.stdout, ran.stderr)) }
}

/// One in so many points, where nobody asks for all.
const STEP: usize = 40;

/// Fails the test where anything goes wrong; the figures.
#[track_caller]
fn survives(scenario: &Scenario) -> String {
    let report = run_matrix(scenario, Selection::asked(STEP));
    report.is_clean();
    report.figures()
}

/// Two snapshots of series 1.0 are staged, and the first is promoted.
fn two_staged(published: &Published) {
    published.stage("One");
    published.releng(&[&promotion(&snapshot("1.0", 1))[..], &["--major"]].concat()).exits(0);
    published.stage("Two");
}

#[test]
fn the_first_snapshot_survives_every_fault() {
    let published = Published::new(URL);
    published.release("One");
    ["repo", "state"].iter().for_each(|folder| std::fs::create_dir(published.project.join(folder)).unwrap());
    println!("{}", survives(&scenario("stage, the first", &published, &STAGE, &["repo/demo/unstable/1.0/latest"])));
}

#[test]
fn staging_survives_every_fault() {
    let published = Published::new(URL);
    published.stage("One");
    published.release("Two");
    println!("{}", survives(&scenario("stage", &published, &STAGE, &["repo/demo/unstable/1.0/latest"])));
}

#[test]
fn signed_changes_survive_every_fault() {
    let published = Published::signed(URL);
    two_staged(&published);
    let next = snapshot("1.0", 2);
    let mut promoting = scenario("promote, signed", &published, &promotion(&next), &["repo/demo/stable/1.0"]);
    promoting.again_exits = vec![0, 1];
    println!("{}", survives(&promoting));
    published.release("Three");
    println!("{}", survives(&scenario("stage, signed", &published, &STAGE, &["repo/demo/unstable/1.0/latest"])));
}

#[test]
fn a_promotion_survives_every_fault() {
    let published = Published::new(URL);
    two_staged(&published);
    let next = snapshot("1.0", 2);
    let mut scenario = scenario("promote", &published, &promotion(&next), &["repo/demo/stable/1.0"]);
    // A promotion that was completed is refused: the version is in stable already.
    scenario.again_exits = vec![0, 1];
    println!("{}", survives(&scenario));
}

#[test]
fn a_new_series_survives_every_fault() {
    let published = Published::new(URL);
    two_staged(&published);
    published.project.commit("Break it\n\nSem-Ver: api-break", &[("broken", "1")]);
    published.project.git(&["tag", "2.0"]);
    published.stage("Three");
    let next = snapshot("2.0", 1);
    let arguments = [&promotion(&next)[..], &["--major"]].concat();
    let channels = ["repo/demo/stable/1.0", "repo/demo/stable/2.0"];
    let mut scenario = scenario("promote --major", &published, &arguments, &channels);
    scenario.again_exits = vec![0, 1];
    println!("{}", survives(&scenario));
}

#[test]
fn a_rollback_survives_every_fault() {
    let published = Published::new(URL);
    two_staged(&published);
    published.releng(&promotion(&snapshot("1.0", 2))).exits(0);
    for arguments in [&["rollback", "1.0", "--quiet"][..], &["rollback", "1.0", "--to", "1", "--quiet"]] {
        let mut scenario = scenario(&arguments.join(" "), &published, arguments, &["repo/demo/stable/1.0"]);
        // One that was completed is refused: the series has this content already, and before it there was none.
        scenario.again_exits = vec![0, 1];
        println!("{}", survives(&scenario));
    }
}

#[test]
fn a_prune_survives_every_fault() {
    let published = Published::new(URL);
    published.stage("One");
    published.stage("Two");
    published.wait(10);
    published.releng(&["prune", "--quiet"]).exits(0);
    ["Three", "Four", "Five"].iter().for_each(|message| published.stage(message));
    published.wait(10);
    let scenario = scenario("prune", &published, &["prune", "--quiet"], &["repo/demo/unstable/1.0/latest"]);
    assert!(scenario.prepared.join("repo/demo/.trash").exists(), "an earlier prune left something to delete");
    println!("{}", survives(&scenario));
}
