//! What the real dnf makes of the repository: lists, installs, upgrades, goes back, and refuses what was changed.

use std::path::Path;

use tempfile::TempDir;

use crate::support::keys::Keys;
use crate::support::program::{Ran, run_in};
use crate::support::site::{NOW, Site, UNTESTED, text};

const KEY: &str = "demo@example.org";
const NEXT_KEY: &str = "next@example.org";

/// A machine of el9, empty, with one `.repo` file.
struct Client {
    folder: TempDir,
}

impl Client {
    /// Whose `.repo` file is the one that the repository offers for stable/1.0.
    fn of(site: &Site) -> Client {
        Client::with(&site.text("demo-stable-1.0-el9.repo"))
    }

    fn with(repo_file: &str) -> Client {
        let folder = tempfile::tempdir().unwrap();
        for name in ["root", "repos", "log"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("repos/demo.repo"), repo_file).unwrap();
        std::fs::write(folder.path().join("dnf.conf"), "[main]\n").unwrap();
        Client { folder }
    }

    fn dnf(&self, args: &[&str]) -> Ran {
        let top = self.folder.path().to_str().unwrap();
        let mut all = vec!["-y".to_owned(), "--refresh".to_owned(), "--releasever=9".to_owned()];
        all.extend([format!("--config={top}/dnf.conf"), format!("--installroot={top}/root")]);
        let folders = [("reposdir", "repos"), ("cachedir", "cache"), ("persistdir", "state"), ("logdir", "log")];
        all.extend(folders.map(|(key, name)| format!("--setopt={key}={top}/{name}")));
        all.extend(["--setopt=plugins=0", "--setopt=skip_if_unavailable=0"].map(str::to_owned));
        let args: Vec<&str> = all.iter().map(String::as_str).chain(args.iter().copied()).collect();
        run_in(self.folder.path(), "dnf", &args, &[("LC_ALL", "C.UTF-8")])
    }

    /// The installed packages called `demo`, without `.el9.noarch`.
    fn installed(&self) -> String {
        let root = self.folder.path().join("root");
        let args = ["--root", root.to_str().unwrap(), "-qa", "--qf", "%{NAME}-%{VERSION} ", "demo"];
        run_in(Path::new("/"), "rpm", &args, &[]).exits(0).stdout.trim_end().to_owned()
    }

    #[track_caller]
    fn does(&self, args: &[&str], installed: &str) {
        let ran = self.dnf(args).exits(0);
        assert_eq!(self.installed(), installed, "{}{}", ran.stdout, ran.stderr);
    }

    /// Tries to install demo, which must fail with a message that has `word`.
    #[track_caller]
    fn refuses(&self, word: &str) {
        let ran = self.dnf(&["install", "demo"]);
        let said = ran.stdout + &ran.stderr;
        assert!(ran.code != 0 && said.contains(word), "{} without `{word}`:\n{said}", ran.code);
        assert_eq!(self.installed(), "");
    }
}

/// Keys, and a project that signs with the first of them.
struct Signing {
    site: Site,
    keys: Keys,
}

impl Signing {
    fn new() -> Signing {
        let keys = Keys::of(&[(KEY, "rsa3072"), (NEXT_KEY, "rsa3072")]);
        Signing { site: Site::with(&format!("[repository]\nsign = \"{KEY}\"\n")), keys }
    }

    #[track_caller]
    fn releng(&self, args: &[&str]) -> Ran {
        let variables = [("GNUPGHOME", self.keys.home().to_str().unwrap()), ("RELENG_NOW", NOW)];
        self.site.releng_with(&variables, args).exits(0)
    }

    #[track_caller]
    fn promoted(&self, message: &str) {
        self.site.commit(message).build(&["el9"]);
        self.releng(&["stage"]);
        self.releng(&[&["promote", "--major"], UNTESTED].concat());
    }
}

#[test]
fn dnf_upgrades_within_its_series() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    let client = Client::of(&site);
    client.dnf(&["list", "--available"]).exits(0).prints_part("1.0.1-1.el9");
    client.does(&["install", "demo"], "demo-1.0.1");
    site.promoted("Two", &["el8", "el9"]);
    client.does(&["upgrade"], "demo-1.0.2");
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    client.does(&["upgrade"], "demo-1.0.2");
    let asked_for = client.dnf(&["install", "demo-2.0.0"]);
    assert_ne!(asked_for.code, 0, "{}", asked_for.stdout);
    Client::with(&site.text("demo-stable-2.0-el9.repo")).does(&["install", "demo"], "demo-2.0.0");
    Client::with(&site.text("demo-unstable-1.0-el9.repo")).does(&["install", "demo"], "demo-1.0.2");
}

#[test]
fn after_a_rollback_only_distro_sync_goes_back() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    let client = Client::of(&site);
    client.does(&["install", "demo"], "demo-1.0.2");
    site.releng(&["rollback", "1.0"]).exits(0);
    client.does(&["upgrade"], "demo-1.0.2");
    client.does(&["distro-sync"], "demo-1.0.1");
    site.promoted("Three", &["el9"]);
    site.releng(&["yank", "demo-1.0.3-1.el9.noarch", "--why", "it burns"]).exits(0);
    client.does(&["upgrade"], "demo-1.0.1");
}

#[test]
fn dnf_refuses_a_package_with_a_flipped_byte() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.tamper("stable/1.0/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm", |content| {
        let middle = content.len() / 2;
        content[middle] ^= 1;
    });
    Client::of(&site).refuses("hecksum");
}

#[test]
fn what_is_signed_installs_and_nothing_else() {
    let signing = Signing::new();
    signing.promoted("One");
    let site = &signing.site;
    let client = Client::of(site);
    client.does(&["install", "demo"], "demo-1.0.1");
    signing.promoted("Two");
    client.does(&["upgrade"], "demo-1.0.2");
    let root = site.served("stable/1.0/rpm/el9/repodata/repomd.xml");
    assert!(text(&root.with_extension("xml.asc")).starts_with("-----BEGIN PGP SIGNATURE-----"));
    let repo_file = site.text("demo-stable-1.0-el9.repo");
    assert!(repo_file.contains("\ngpgcheck=1\nrepo_gpgcheck=1\n"), "{repo_file}");
    // The keys of this one, and the packages of another, which are not signed.
    let unsigned = Site::new();
    unsigned.promoted("One", &["el9"]);
    let key = repo_file.lines().find(|line| line.starts_with("gpgkey=")).unwrap();
    let others = unsigned.text("demo-stable-1.0-el9.repo").replace("\ngpgcheck=0\n", &format!("\ngpgcheck=1\n{key}\n"));
    Client::with(&others).refuses("not signed");
    Client::with(&others.replace("repo_gpgcheck=0", "repo_gpgcheck=1")).refuses("repomd.xml.asc");
    // One blank more in the metadata, and all digests still right.
    site.tamper("stable/1.0/rpm/el9/repodata/repomd.xml", |content| content.push(b' '));
    Client::of(site).refuses("signature");
}

#[test]
fn a_key_that_changes_leaves_what_the_former_one_signed() {
    let signing = Signing::new();
    signing.promoted("One");
    let site = &signing.site;
    let old = Client::of(site);
    old.does(&["install", "demo"], "demo-1.0.1");
    site.project.write("packaging/release.toml", format!("[repository]\nsign = \"{NEXT_KEY}\"\n"));
    site.project.git(&["add", "."]);
    signing.promoted("Two");
    assert_eq!(site.text("RPM-GPG-KEY-demo").matches("BEGIN PGP PUBLIC KEY BLOCK").count(), 2);
    old.does(&["upgrade"], "demo-1.0.2");
    Client::of(site).does(&["install", "demo-1.0.1"], "demo-1.0.1");
    // Back to a package that the former key has signed; the repodata are signed anew.
    signing.releng(&["rollback", "1.0"]);
    old.does(&["distro-sync"], "demo-1.0.1");
    signing.releng(&["verify"]);
    // Without the former key, what it signed is refused: it is not that nobody asks.
    site.tamper("RPM-GPG-KEY-demo", |keys| {
        let text = String::from_utf8(keys.clone()).unwrap();
        let end = text.find("-----END").unwrap() + "-----END PGP PUBLIC KEY BLOCK-----\n".len();
        keys.truncate(end);
    });
    Client::of(site).refuses("GPG check FAILED");
}

#[test]
fn a_folder_may_have_any_name() {
    let folder = "all re pos, 100% \u{e9}";
    let keys = Keys::of(&[(KEY, "rsa3072")]);
    let accepted = "[[acceptance]]\nname = \"install\"\nrun = [\"sh\", \"-c\", \"cat $RELENG_REPO_FILE\"]\n";
    let config = format!("[repository]\nroot = \"{folder}\"\nstate = \"state\"\nsign = \"{KEY}\"\n\n{accepted}");
    let site = Site::with(&config);
    let home = [("GNUPGHOME", keys.home().to_str().unwrap())];
    site.commit("One").build(&["el9"]);
    for args in [&["stage"][..], &["accept"], &["promote", "--major"], &["verify"]] {
        site.releng_with(&home, args).exits(0);
    }
    let text = |path: &str| text(&site.project.join(path));
    let repo_file = text(&format!("{folder}/demo/demo-stable-1.0-el9.repo"));
    assert!(repo_file.contains("/all%20re%20pos%2C%20100%25%20%C3%A9/demo/stable/1.0/rpm/el9/\n"), "{repo_file}");
    Client::with(&repo_file).does(&["install", "demo"], "demo-1.0.1");
    let for_tests = text("state/demo/results/snapshot-demo_1.0_pipeline_1/0001-install.log");
    let client = Client::with(&for_tests);
    client.does(&["install", "demo"], "demo-1.0.1");
}

#[test]
fn a_package_makes_a_machine_a_client() {
    let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
    site.promoted("One", &["el9"]);
    let folder = site.served("stable/1.0/rpm/el9");
    let repo_file = format!("[demo]\nname=demo\nbaseurl=file://{}/\ngpgcheck=0\n", folder.display());
    let client = Client::with(&repo_file);
    client.does(&["install", "demo-repo"], "");
    let installed = client.folder.path().join("root/etc/yum.repos.d/demo-stable-1.0-el9.repo");
    let mirrorlist = "mirrorlist=https://example.org/repos/demo/stable/1.0/rpm/el9/mirrorlist\n";
    assert!(text(&installed).contains(mirrorlist), "{}", text(&installed));
    let repositories = || site.project.files("target/repository/demo/stable/1.0/rpm/el9/noarch");
    let own = |name: &String| name.starts_with("demo-repo-");
    assert_eq!(repositories().iter().filter(|name| own(name)).count(), 1);
    site.promoted("Two", &["el9"]);
    assert_eq!(repositories().iter().filter(|name| own(name)).count(), 1, "the same files, the same package");
    client.does(&["install", "demo"], "demo-1.0.2");
}
