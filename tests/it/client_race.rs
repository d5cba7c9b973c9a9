//! People install while a repository changes: dnf over HTTP, a fresh cache each time, and a writer three times a second.
//!
//! Immutable revisions behind a mirrorlist never fail a client, whether `releng` promotes and rolls back or a script makes
//! them. createrepo_c in place is here for comparison: clients that read between two of its renames fail, and so the race is one that can be lost.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::dnf::Client;
use crate::support::http::Server;
use crate::support::program::{Sandbox, run_in};
use crate::support::published::{DIST, Published, promotion, snapshot};
use crate::support::rpms::Rpm;

/// Between two changes.
const PAUSE: Duration = Duration::from_millis(333);

/// Clients at the same time.
const CLIENTS: usize = 2;

/// How a repository changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scheme {
    /// The program promotes a signed snapshot and rolls it back, as fast as it can.
    Program,
    /// A new folder for each change, one link flipped, and a mirrorlist that names the folder.
    Revisions,
    /// createrepo_c over the folder that clients read.
    InPlace,
}

/// The packages of the repository: the first is always there, the second in every other change.
fn packages(place: &Sandbox) -> [PathBuf; 2] {
    ["demo", "other"].map(|name| Rpm::new(name, "1").build_into(&place.join("rpms")))
}

fn createrepo(folder: &Path) {
    run_in(folder, "createrepo_c", &["--quiet", "--no-database", "."], &[]).exits(0);
}

/// The text of a `.repo` file for one address.
fn repo(key: &str, address: &str) -> String {
    format!("[demo]\nname=demo\nenabled=1\ngpgcheck=0\n{key}={address}\n")
}

/// Makes the `number`-th state of the repository in `served`.
fn change(scheme: Scheme, served: &Path, packages: &[PathBuf; 2], number: usize, server: &Server) {
    let [first, second] = packages;
    let link = |from: &Path, folder: &Path| std::fs::hard_link(from, folder.join(from.file_name().unwrap())).unwrap();
    match scheme {
        Scheme::Program => panic!("the program makes its own states"),
        Scheme::Revisions => {
            let folder = served.join(format!("revisions/{number}"));
            std::fs::create_dir_all(&folder).unwrap();
            link(first, &folder);
            if number % 2 == 1 {
                link(second, &folder);
            }
            createrepo(&folder);
            std::fs::write(folder.join("mirrorlist"), server.url(&format!("revisions/{number}/\n"))).unwrap();
            std::os::unix::fs::symlink(format!("revisions/{number}"), served.join("aside")).unwrap();
            std::fs::rename(served.join("aside"), served.join("stable")).unwrap();
        }
        Scheme::InPlace => {
            let folder = served.join("stable");
            if number == 0 {
                std::fs::create_dir(&folder).unwrap();
                link(first, &folder);
            } else if number % 2 == 1 {
                link(second, &folder);
            } else {
                std::fs::remove_file(folder.join(second.file_name().unwrap())).unwrap();
            }
            createrepo(&folder);
        }
    }
}

/// What clients met.
struct Race {
    scheme: Scheme,
    changes: usize,
    runs: usize,
    /// What dnf said, of each client that failed.
    failures: Vec<String>,
}

/// Lets clients that have the `.repo` file `text` install for a while, and changes the repository at most once in a `pause`.
fn race(scheme: Scheme, text: &str, pause: Duration, mut change: impl FnMut(usize) + Send) -> Race {
    let (end, over) = (Instant::now() + duration(), AtomicBool::new(false));
    let client = || {
        let (mut runs, mut failures) = (0, Vec::new());
        // On a slow machine a few runs more.
        while Instant::now() < end || runs < 2 {
            let client = Client::new(text);
            let ran = client.install(&["demo"]);
            runs += 1;
            let installed = client.installed();
            if ran.code != 0 || installed.len() != 1 || !installed[0].starts_with("demo-1") {
                failures.push(format!("exit {}: {}{}", ran.code, ran.stderr, installed.join(" ")));
            }
        }
        (runs, failures)
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let writer = scope.spawn(|| {
            let mut number = 0;
            while !over.load(Ordering::SeqCst) {
                number += 1;
                let next = Instant::now() + pause;
                change(number);
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            number
        });
        let results: Vec<(usize, Vec<String>)> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        over.store(true, Ordering::SeqCst);
        let runs = results.iter().map(|(runs, _)| runs).sum();
        let failures = results.into_iter().flat_map(|(_, failures)| failures).collect();
        Race { scheme, changes: writer.join().unwrap(), runs, failures }
    })
}

/// A race over the states that [`change`] makes.
fn race_of_script(scheme: Scheme) -> Race {
    let place = Sandbox::bare();
    let packages = packages(&place);
    let served = place.join("served");
    std::fs::create_dir(&served).unwrap();
    let server = Server::start(&served);
    change(scheme, &served, &packages, 0, &server);
    let text = match scheme {
        Scheme::InPlace => repo("baseurl", &server.url("stable/")),
        _ => repo("mirrorlist", &server.url("stable/mirrorlist")),
    };
    race(scheme, &text, PAUSE, |number| change(scheme, &served, &packages, number, &server))
}

/// A race over a repository of the program, which promotes the second snapshot and rolls it back.
fn race_of_program() -> Race {
    let place = Sandbox::bare();
    let server = Server::start(place.path());
    let published = Published::signed(&server.url("repos"));
    std::os::unix::fs::symlink(published.project.join("repo"), place.join("repos")).unwrap();
    published.stage("One");
    published.releng(&[&promotion(&snapshot("1.0", 1))[..], &["--major"]].concat()).exits(0);
    published.stage("Two");
    let file = published.project.join(&format!("repo/demo/demo-stable-1.0-{DIST}.repo"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\nmirrorlist=http://127.0.0.1") && text.contains("\nrepo_gpgcheck=1\n"), "{text}");
    let next = snapshot("1.0", 2);
    let arguments = [promotion(&next), vec!["rollback", "1.0", "--quiet"]];
    race(Scheme::Program, &text, Duration::ZERO, |number| {
        published.releng(&arguments[(number + 1) % 2]).exits(0);
    })
}

/// `CLIENT_RACE_SECONDS` where it is set.
fn duration() -> Duration {
    let asked = std::env::var("CLIENT_RACE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(8))
}

impl std::fmt::Display for Race {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Race { scheme, changes, runs, failures } = self;
        write!(f, "{scheme:?}: {changes} changes, {runs} runs of dnf, {} failures", failures.len())
    }
}

#[track_caller]
fn run(scheme: Scheme) -> Race {
    let race = if scheme == Scheme::Program { race_of_program() } else { race_of_script(scheme) };
    assert!(race.changes > 3 && race.runs > 3, "{race}: this is no race");
    race
}

#[test]
fn revisions_behind_a_mirrorlist_never_fail_a_client() {
    let race = run(Scheme::Revisions);
    println!("{race}");
    assert!(race.failures.is_empty(), "{}", race.failures.join("\n"));
}

#[test]
fn the_program_never_fails_a_client() {
    let race = run(Scheme::Program);
    println!("{race}");
    assert!(race.failures.is_empty(), "{}", race.failures.join("\n"));
}

/// Only printed: in a few seconds every client may be lucky.
#[test]
fn createrepo_c_in_place_for_comparison() {
    let race = run(Scheme::InPlace);
    println!("{race}");
    for failure in race.failures.iter().take(3) {
        println!("  {}", failure.trim_end());
    }
}

#[test]
fn a_client_sees_what_the_repository_offers() {
    let place = Sandbox::bare();
    let packages = packages(&place);
    let served = place.join("served");
    std::fs::create_dir(&served).unwrap();
    let server = Server::start(&served);
    change(Scheme::Revisions, &served, &packages, 1, &server);
    let client = Client::new(&repo("mirrorlist", &server.url("stable/mirrorlist")));
    assert_eq!(client.list().exits(0).stdout, "demo-0:1-1.noarch\nother-0:1-1.noarch\n");
    client.install(&["demo", "other"]).exits(0);
    assert_eq!(client.installed(), ["demo-1-1.noarch", "other-1-1.noarch"]);
    client.upgrade().exits(0);
    change(Scheme::Revisions, &served, &packages, 2, &server);
    assert_eq!(client.list().exits(0).stdout, "demo-0:1-1.noarch\n", "asked anew");
    client.distro_sync().exits(0);
    place.write("gone.repo", repo("baseurl", &server.url("nowhere/")));
    assert_ne!(Client::with_repo_file(&place.join("gone.repo")).install(&["demo"]).code, 0);
}

#[test]
fn a_client_installs_only_what_a_key_that_it_trusts_has_signed() {
    let place = Sandbox::bare();
    let [demo, _] = packages(&place);
    // Short, because the name of the agent's socket may have 107 letters at most.
    let home = tempfile::Builder::new().prefix("k").tempdir_in("/tmp").unwrap();
    let variables = [("GNUPGHOME", home.path().to_str().unwrap())];
    let in_home = |program, arguments: &[&str]| run_in(home.path(), program, arguments, &variables).exits(0);
    let how = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    in_home("gpg", &[&how[..], &["--quick-gen-key", "demo@example.org", "ed25519", "sign,cert", "never"]].concat());
    in_home("gpg", &["--armor", "--output", "key", "--export"]);
    let defines = ["--define", "_gpg_name demo@example.org", "--define", "__gpg /usr/bin/gpg"];
    in_home("rpmsign", &[&["--addsign"], &defines[..], &[demo.to_str().unwrap()]].concat());
    in_home("gpgconf", &["--kill", "all"]);
    createrepo(demo.parent().unwrap());
    let text =
        repo("baseurl", &format!("file://{}", demo.parent().unwrap().display())).replace("gpgcheck=0", "gpgcheck=1");
    let client = Client::new(&text);
    assert_ne!(client.install(&["demo"]).code, 0, "nobody has said that the key is right");
    client.import_key(&home.path().join("key"));
    client.install(&["demo"]).exits(0);
    assert_eq!(client.installed(), ["demo-1-1.noarch"]);
    assert_ne!(client.install(&["other"]).code, 0, "not signed");
}
