//! Whoever may write to the served root, such as the account of a web server, can put a link in any place there. No command
//! follows one: nothing outside is written or deleted.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with, symlinkat};

use crate::support::site::{Site, UNTESTED, require_same, tree};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

/// The folders and files of a repository that a link may take the place of.
const PLACES: [&str; 13] = [
    "revisions",
    "revisions/stable-1.0",
    "revisions/stable-1.0/000003",
    "revisions/stable-1.0/000003/manifest.json",
    "revisions/stable-1.0/000003/rpm",
    "revisions/stable-1.0/000003/rpm/el9/noarch",
    "stable",
    "unstable",
    "unstable/1.0",
    "unstable/1.0/snapshot-demo_1.0_pipeline_3",
    "unstable/1.0/snapshot-demo_1.0_pipeline_3/sources",
    "demo-stable-1.0-el9.repo",
    ".trash",
];

/// The temporary names of the writers, by folder.
const TEMPORARY: [(&str, &str); 6] = [
    ("", ".releng-demo-stable-1.0-el9.repo"),
    ("stable", ".releng-1.0"),
    ("unstable/1.0", ".releng-latest"),
    ("unstable/1.0", ".releng-snapshot-demo_1.0_pipeline_4"),
    ("revisions/stable-1.0", ".releng-000004"),
    ("revisions/stable-1.0", ".releng-000005"),
];

/// Every command that reads or writes a repository.
const COMMANDS: [&[&str]; 9] = [
    &["stage", "--pipeline", "4"],
    &["promote"],
    &["rollback", "1.0"],
    &["yank", "demo-1.0.2-1.el9.noarch", "--why", "x"],
    &["prune"],
    &["hold", FIRST, "--why", "x"],
    &["recover-log"],
    &["verify"],
    &["status"],
];

/// A repository with three promoted releases and a trash, and a fourth release that is not staged; and a foreign tree outside of it
/// that looks the same, so that a command which follows a link finds all that it looks for.
struct AttackedSite {
    site: Site,
    foreign: PathBuf,
    before: BTreeMap<String, String>,
}

impl AttackedSite {
    fn new() -> AttackedSite {
        let site = Site::with("[repository]\nkeep-snapshots = 0\nkeep-days = 0\n");
        for message in ["One", "Two", "Three"] {
            site.promoted(message, &["el9"]);
        }
        std::fs::create_dir(site.served(".trash")).unwrap();
        site.commit("Four").build(&["el9"]);
        let foreign = site.project.join("target/foreign");
        copy(&site.served(""), &foreign);
        let before = tree(&foreign);
        AttackedSite { site, foreign, before }
    }

    fn releng(&self, command: &[&str]) -> crate::support::program::Ran {
        let untested = if command[0] == "promote" { UNTESTED } else { &[] };
        self.site.releng(&[command, untested].concat())
    }

    #[track_caller]
    fn require_foreign_tree_unchanged(&self) {
        require_same(&self.before, &tree(&self.foreign));
    }

    /// A link to the foreign tree, beside the served one.
    fn decoy(&self, place: &str) -> PathBuf {
        let decoy = self.site.project.join("target/decoy");
        drop(std::fs::remove_file(&decoy));
        symlink(self.foreign.join(place), &decoy).unwrap();
        decoy
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.unwrap().success());
}

/// Exchanges two paths at one instant.
fn exchange(one: &Path, other: &Path) -> bool {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[test]
fn no_command_follows_a_link_in_the_place_of_a_folder_or_file() {
    let attacked = AttackedSite::new();
    for place in PLACES {
        let (own, decoy) = (attacked.site.served(place), attacked.decoy(place));
        assert!(exchange(&own, &decoy), "{place}");
        for command in COMMANDS {
            let preview: Vec<&str> = [command, &["--dry-run"]].concat();
            for command in [command, preview.as_slice()] {
                if !["verify", "status"].contains(&command[0]) || command.len() == 1 {
                    let ran = attacked.releng(command);
                    assert!(!ran.stderr.contains("panicked"), "{place}, {command:?}: {}", ran.stderr);
                }
            }
            attacked.require_foreign_tree_unchanged();
        }
        // What the commands have made beside the link stays; the link goes.
        assert!(own.is_symlink() || place.ends_with(".repo"), "{place}: {:?}", own.symlink_metadata());
        exchange(&own, &decoy);
    }
}

#[test]
fn a_link_in_the_place_of_a_folder_is_named_and_the_way_out_works() {
    let site = Site::of_three();
    let before = site.trees();
    for place in ["unstable/1.0", "unstable", "stable", "revisions/stable-1.0", "revisions"] {
        let (own, elsewhere) = (site.served(place), site.project.join("target/elsewhere"));
        std::fs::rename(&own, &elsewhere).unwrap();
        symlink(&elsewhere, &own).unwrap();
        let what = format!("`{place}` is a link or a file, and only a folder may be there");
        site.releng(&["verify"]).exits(1).prints_part(&format!("folder-foreign: {place}: {what}"));
        site.releng(&["status"]).exits(0).prints_part(&what).prints_part("put the folder itself in its place");
        for command in [&["hold", FIRST, "--why", "x"][..], &["rollback", "1.0"], &["recover-log"], &["prune"]] {
            site.releng(command).exits(1).says(&["refusing to change the repository", &what, "put the folder itself"]);
        }
        std::fs::remove_file(&own).unwrap();
        std::fs::rename(&elsewhere, &own).unwrap();
        site.releng(&["verify"]).exits(0);
    }
    require_same(&site.trees()[0], &before[0]);
}

#[test]
fn no_file_of_the_state_is_written_through_a_link() {
    let tested = Site::with("[[acceptance]]\nname = \"a\"\nrun = [\"true\"]\n");
    tested.release("One", &["el9"]);
    tested.releng(&["accept"]).exits(0);
    let promoted = Site::of_three();
    for (site, name, command) in [
        (&promoted, "lock", &["hold", FIRST, "--why", "x"][..]),
        (&promoted, "log.jsonl", &["hold", FIRST, "--why", "x"]),
        (&promoted, "ledger.json", &["rollback", "1.0"]),
        (&tested, "results", &["accept"]),
        (&tested, &format!("results/{FIRST}"), &["accept"]),
    ] {
        let (own, foreign) = (site.state(name), site.project.join("target/foreign"));
        std::fs::rename(&own, &foreign).unwrap();
        symlink(&foreign, &own).unwrap();
        let before = tree(&foreign);
        let content = std::fs::read(&foreign).ok();
        let ran = site.releng(command);
        ran.exits(1).says(&["is a symbolic link, and `releng` follows none here"]);
        require_same(&before, &tree(&foreign));
        assert_eq!(std::fs::read(&foreign).ok(), content, "{name}");
        std::fs::remove_file(&own).unwrap();
        std::fs::rename(&foreign, &own).unwrap();
    }
    // The way out from such a ledger replaces the link.
    let (own, foreign) = (promoted.state("ledger.json"), promoted.project.join("target/foreign"));
    std::fs::rename(&own, &foreign).unwrap();
    symlink(&foreign, &own).unwrap();
    let before = std::fs::read(&foreign).unwrap();
    promoted.releng(&["recover-log"]).exits(0);
    assert!(!own.is_symlink() && std::fs::read(&foreign).unwrap() == before);
}

#[test]
fn links_that_come_and_go_under_five_writers_lead_none_of_them_out() {
    const LIMIT: Duration = Duration::from_secs(12);
    let attacked = AttackedSite::new();
    let (done, swaps, planted) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let (finished, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Opened now: later, a link to the foreign tree may be in the place of a folder.
    let folders = TEMPORARY.map(|(folder, name)| (File::open(attacked.site.served(folder)).unwrap(), name));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            for place in PLACES.iter().cycle().take_while(|_| began.elapsed() < LIMIT) {
                let (own, decoy) = (attacked.site.served(place), attacked.decoy(place));
                if exchange(&own, &decoy) {
                    std::thread::sleep(Duration::from_micros(200));
                    exchange(&own, &decoy);
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            let target = attacked.foreign.join("demo-stable-1.0-el9.repo");
            for (folder, name) in folders.iter().cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                planted.fetch_add(usize::from(symlinkat(&target, folder, *name).is_ok()), Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(50));
            }
        });
        for writer in 0..5 {
            let (attacked, done, finished, refused) = (&attacked, &done, &finished, &refused);
            scope.spawn(move || {
                for command in COMMANDS.iter().cycle().skip(writer).take_while(|_| !done.load(Ordering::Relaxed)) {
                    let ran = attacked.releng(command);
                    assert!(!ran.stderr.contains("panicked"), "{command:?}: {}", ran.stderr);
                    let count = if ran.code == 0 { finished } else { refused };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    attacked.require_foreign_tree_unchanged();
    let counts = [swaps, planted, finished, refused].map(AtomicUsize::into_inner);
    println!("swaps, planted links, finished and refused commands: {counts:?}");
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
}
