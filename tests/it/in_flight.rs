//! Clients that have read what was current a while ago, and come for the packages when something else is.
//!
//! The real dnf keeps repodata for hours and reads the mirrorlist anew before it fetches packages: what the server was
//! asked shows it.

use crate::support::dnf::Client;
use crate::support::http::Server;
use crate::support::program::Sandbox;
use crate::support::published::{DIST, Published, promotion, snapshot};

const PACKAGE: &str = "noarch/demo-1.0.2-1.el9.noarch.rpm";

/// A signed repository behind a web server, with two snapshots, both promoted.
struct Web {
    _place: Sandbox,
    server: Server,
    published: Published,
}

impl Web {
    fn new() -> Web {
        let place = Sandbox::bare();
        let server = Server::start(place.path());
        let published = Published::signed(&server.url("repos"));
        std::os::unix::fs::symlink(published.project.join("repo"), place.join("repos")).unwrap();
        for (number, message) in [(1, "One"), (2, "Two")] {
            published.stage(message);
            published.releng(&[&promotion(&snapshot("1.0", number))[..], &["--major"]].concat()).exits(0);
        }
        Web { _place: place, server, published }
    }

    /// A client that has read what is on offer now, which must be the version `newest`.
    #[track_caller]
    fn client(&self, channel: &str, newest: &str) -> Client {
        let file = self.published.project.join(&format!("repo/demo/demo-{channel}-1.0-{DIST}.repo"));
        let client = Client::with_repo_file(&file);
        let listed = client.list().exits(0).stdout;
        assert!(listed.contains(&format!("demo-0:{newest}-1.el9.noarch\n")), "{listed}");
        client
    }

    /// What dnf asked for, but the keys, below the project's tree.
    fn asked(&self) -> Vec<String> {
        let asked = self.server.asked();
        asked.iter().filter(|line| !line.contains("GPG-KEY")).map(|line| line.replace("/repos/demo/", "")).collect()
    }

    /// Installs with what the client read before; what it asked for.
    #[track_caller]
    fn installs(&self, client: &Client) -> Vec<String> {
        self.server.asked();
        client.install_as_listed(&["demo"]).exits(0);
        assert_eq!(client.installed(), ["demo-1.0.2-1.el9.noarch"]);
        self.asked()
    }

    /// How many revisions of series 1.0 have withdrawn what was rolled back, of those of these numbers.
    fn withdrawing(&self, revisions: std::ops::RangeInclusive<u32>) -> usize {
        let path = |number: &u32| format!("repo/demo/revisions/stable-1.0/{number:06}/withdrawn/{DIST}/{PACKAGE}");
        revisions.filter(|number| self.published.project.join(&path(number)).exists()).count()
    }
}

#[test]
fn packages_that_a_rollback_removes_stay_for_clients_in_flight() {
    let web = Web::new();
    web.published.stage("Three");
    let [client, slow] = [(); 2].map(|()| web.client("stable", "1.0.2"));
    web.published.releng(&["rollback", "1.0", "--quiet"]).exits(0);
    let revision = "revisions/stable-1.0/000003";
    let expected = [
        format!("200 stable/1.0/rpm/{DIST}/mirrorlist"),
        format!("404 {revision}/rpm/{DIST}/{PACKAGE}"),
        format!("200 {revision}/withdrawn/{DIST}/{PACKAGE}"),
    ];
    assert_eq!(web.installs(&client), expected);
    // Two changes later, and as many days, it still is.
    web.published.releng(&promotion(&snapshot("1.0", 3))).exits(0);
    web.published.releng(&["rollback", "1.0", "--quiet"]).exits(0);
    web.installs(&slow);
    assert_eq!(web.withdrawing(3..=5), 3);
    web.published.releng(&["verify"]).exits(0);
}

#[test]
fn nobody_learns_anew_of_what_was_withdrawn() {
    let web = Web::new();
    web.published.releng(&["rollback", "1.0", "--quiet"]).exits(0);
    let client = web.client("stable", "1.0.1");
    for option in ["--setopt=fastestmirror=0", "--setopt=fastestmirror=1"] {
        let list = client.dnf(&["repoquery", "--available", "--queryformat", "%{name}-%{version}", option]);
        assert!(!list.exits(0).stdout.contains("demo-1.0.2"), "{option}");
    }
    client.install(&["demo"]).exits(0);
    assert_eq!(client.installed(), ["demo-1.0.1-1.el9.noarch"]);
}

#[test]
fn what_was_withdrawn_goes_when_nobody_can_be_waiting_for_it() {
    let web = Web::new();
    // Each run is a day after the one before.
    web.published.releng(&["rollback", "1.0", "--quiet"]).exits(0);
    web.published.stage("Three");
    (0..3).for_each(|_| drop(web.published.releng(&["status"]).exits(0)));
    web.published.releng(&promotion(&snapshot("1.0", 3))).exits(0);
    assert_eq!((web.withdrawing(3..=3), web.withdrawing(4..=4)), (1, 0));
    // What comes back is no longer withdrawn.
    web.published.releng(&["rollback", "1.0", "--to", "2", "--quiet"]).exits(0);
    assert_eq!(web.withdrawing(5..=5), 0);
}

#[test]
fn a_client_of_latest_finds_the_packages_of_the_one_before() {
    let web = Web::new();
    let client = web.client("unstable", "1.0.2");
    web.published.stage("Three");
    let asked = web.installs(&client);
    let [first, second] = [3, 2].map(|number| snapshot("1.0", number));
    let expected = [
        format!("200 unstable/1.0/latest/rpm/{DIST}/mirrorlist"),
        format!("404 unstable/1.0/{first}/rpm/{DIST}/{PACKAGE}"),
        format!("200 unstable/1.0/{second}/rpm/{DIST}/{PACKAGE}"),
    ];
    assert_eq!(asked, expected);
}
