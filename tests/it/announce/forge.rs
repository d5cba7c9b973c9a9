//! `announce --forge`: the release of a promoted version on a double of each forge.

use releng::base::digest::digest_of;
use releng::project::config::ForgeKind;

use super::delivery::events;
use crate::helps::follow;
use crate::support::forge::{Double, PROJECT, TOKEN};
use crate::support::http::Server;
use crate::support::keys::Keys;
use crate::support::program::{Ran, run_in};
use crate::support::site::{NOW, Site, text};

/// A project on a forge, with 1.0.1 in stable.
pub struct ForgeSite {
    pub site: Site,
    pub double: Double,
    pub kind: ForgeKind,
}

const FILES: [&str; 4] = ["demo-1.0.1-1.src.rpm", "demo-1.0.1.tar.gz", "demo-1.0.1.zip", "SHA256SUMS"];

impl ForgeSite {
    pub fn new(kind: ForgeKind) -> ForgeSite {
        ForgeSite::with(kind, "", &[])
    }

    /// `keys` are more lines of the configuration.
    fn with(kind: ForgeKind, keys: &str, variables: &[(&str, &str)]) -> ForgeSite {
        let double = Double::start(kind);
        let url = double.url();
        let forge =
            format!("[ci]\nforge = \"{}\"\nforge-url = \"{url}\"\nforge-project = \"{PROJECT}\"\n", kind.as_key());
        let site = Site::with(&format!("{forge}{keys}"));
        site.project.git(&["init", "-q", "--bare", "-b", "main", "target/origin.git"]);
        site.project.git(&["remote", "add", "origin", "target/origin.git"]);
        site.commit("Say `hello` to @ada ![x](https://x.example.org/x.png)").build(&[]);
        site.project.git(&["push", "-q", "--tags", "origin", "main"]);
        site.releng_with(variables, &["stage"]).exits(0);
        site.releng_with(variables, &["promote", "--major", "--untested", "a test"]).exits(0);
        ForgeSite { site, double, kind }
    }

    pub fn announce(&self, args: &[&str]) -> Ran {
        self.site.releng_with(&[("RELENG_FORGE_TOKEN", TOKEN)], &[&["announce", "--forge"], args].concat())
    }

    /// The names and bytes of the files of the only release, which everyone sees.
    #[track_caller]
    pub fn shown_files(&self) -> Vec<(String, Vec<u8>)> {
        self.double.with(|state| {
            let [release] = &state.releases[..] else { panic!("{} releases", state.releases.len()) };
            assert!(!release.draft, "{}", self.kind);
            let packages = &state.packages;
            let bytes = |name: &str, own: &[u8]| match self.kind {
                ForgeKind::Gitlab => packages.iter().find(|(_, kept)| kept.name == name).unwrap().1.bytes.clone(),
                _ => own.to_vec(),
            };
            release.files.iter().map(|file| (file.name.clone(), bytes(&file.name, &file.bytes))).collect()
        })
    }

    /// The release is there once, whole, and everyone sees it.
    #[track_caller]
    pub fn is_whole(&self) {
        let files = self.shown_files();
        let mut names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let mut expected = FILES;
        expected.sort_unstable();
        assert_eq!(names, expected, "{}", self.kind);
        for (name, bytes) in &files {
            let served = self.site.served(&format!("stable/1.0/sources/{name}"));
            let is_same = std::fs::read(served).unwrap() == *bytes;
            assert!(is_same || name == "SHA256SUMS", "{}: {name}", self.kind);
        }
        let commit = self.site.project.git(&["rev-parse", "HEAD"]);
        self.double.with(|state| {
            let release = &state.releases[0];
            assert_eq!((release.tag.as_str(), release.name.as_str()), ("1.0.1", "demo 1.0.1"));
            assert_eq!(release.commit, commit.trim());
        });
    }

    /// The forge and the journal forget the release.
    pub fn forget(&self) {
        self.double.with(|state| {
            state.releases.clear();
            state.packages.clear();
        });
        drop(std::fs::remove_dir_all(self.site.state("announce")));
    }
}

#[test]
fn a_release_appears_whole_on_each_forge() {
    for kind in ForgeKind::ALL {
        let place = ForgeSite::new(kind);
        let plan = place.announce(&["--dry-run"]).exits(0).stdout;
        assert!(place.double.asked().iter().all(|line| line.contains(" GET ")), "a dry run changes nothing");
        assert!(!place.site.state("announce").exists());
        let shown = place.announce(&[]).exits(0).says(&[&format!("the release of 1.0.1 is shown on {kind}")]);
        place.is_whole();
        assert_eq!(events(&place.site), ["release-try", "release-shown"]);
        // The plan has what was done, in its order.
        let lines: Vec<&str> = plan.lines().collect();
        assert_eq!(lines[0], format!("release 1.0.1 on {kind} ({PROJECT}):"));
        assert_eq!(lines[2], "  draft the release `1.0.1`");
        let writes: Vec<String> = place.double.asked().into_iter().filter(|line| !line.contains(" GET ")).collect();
        let last = writes.last().unwrap();
        let (show, uploads) = match kind {
            ForgeKind::Gitlab => (format!("201 POST /projects/{}/releases", PROJECT.replace('/', "%2F")), 0..4),
            _ => (format!("200 PATCH /repos/{PROJECT}/releases/"), 1..5),
        };
        assert!(last.starts_with(&show), "{kind}: {writes:?}");
        for (line, file) in writes[uploads].iter().zip(FILES) {
            assert!(line.contains(file), "{kind}: {line}");
            assert!(plan.contains(&format!("  upload {file} (")), "{plan}");
        }
        // People check what they have downloaded.
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in place.shown_files() {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        run_in(folder.path(), "sha256sum", &["--check", "--strict", "SHA256SUMS"], &[]).exits(0);
        assert_eq!(text(&folder.path().join("SHA256SUMS")).lines().count(), 3);
        // What people wrote into commits is code there.
        let notes = place.double.with(|state| state.releases[0].notes.clone());
        let code = notes.split("\n```\n").nth(1).unwrap();
        assert!(notes.starts_with("Hi everyone! ") && code.contains("`hello` to @ada ![x](https://x"), "{notes}");
        // Once is enough.
        place.announce(&[]).exits(0).says(&["no release is due on the forge"]);
        let page = place.announce(&["1.0.1"]).exits(0).says(&["the release of 1.0.1 was shown 2026-01-02"]).stdout;
        assert_eq!(page, shown.stdout);
        assert_eq!(place.double.asked(), [""; 0], "{kind}");
        place.announce(&["--again"]).exits(0).says_nothing_wrong();
        assert!(place.double.asked().iter().all(|line| line.contains(" GET ")), "{kind}");
        place.is_whole();
        // People may write into the notes what they like. A forge keeps the line ends of their browser.
        place.double.with(|state| state.releases[0].notes = notes.replace('\n', "\r\n"));
        place.announce(&["--again"]).exits(0).says_nothing_wrong();
        place.double.with(|state| state.releases[0].notes += "Beware!");
        let warning = format!("warning: the notes of the release 1.0.1 on {kind} are not those of this command");
        place.announce(&["--again"]).exits(0).says(&[&warning]);
        place.double.with(|state| assert!(state.releases[0].notes.ends_with("Beware!"), "{kind}"));
    }
}

#[test]
fn promote_and_status_say_that_a_release_is_due_on_the_forge() {
    let place = ForgeSite::new(ForgeKind::Forgejo);
    let status = |args: &[&str]| place.site.releng(&[&["status"], args].concat()).exits(0).stdout;
    let json = || {
        serde_json::from_str::<serde_json::Value>(&status(&["--json"])).unwrap()["series"][0]["forge-release"].clone()
    };
    assert!(!status(&[]).contains("forge"), "this project has not made a release there yet");
    assert!(json().is_null());
    let page = place.announce(&[]).exits(0).stdout;
    let page = page.trim_end();
    assert!(status(&[]).contains(&format!("on the forge  1.0.1: {page}\n")), "{}", status(&[]));
    let shown = serde_json::json!({ "version": "1.0.1", "state": "shown", "at": NOW, "page": page, "next": null });
    assert_eq!(json(), shown);
    place.site.commit("Two").build(&[]);
    place.site.project.git(&["push", "-q", "origin", "main"]);
    place.site.releng(&["stage"]).exits(0);
    place.site.promote(&[]).exits(0).says(&["to make its release on the forge: `releng announce 1.0.2 --forge`"]);
    let next = "`releng announce 1.0.2 --forge`";
    assert!(
        status(&[]).contains(&format!("due           1.0.2 is not shown on the forge; {next}\n")),
        "{}",
        status(&[])
    );
    let due = serde_json::json!({ "version": "1.0.2", "state": "due", "at": null, "page": null, "next": next });
    assert_eq!(json(), due);
}

#[test]
fn what_is_missing_later_is_added_again() {
    for kind in ForgeKind::ALL {
        let place = ForgeSite::new(kind);
        place.announce(&[]).exits(0);
        place.double.with(|state| drop(state.releases[0].files.remove(1)));
        place.announce(&["1.0.1", "--again"]).exits(0);
        place.is_whole();
        place.double.with(|state| {
            state.releases[0].files[0].bytes.push(b'x');
            if let Some((_, kept)) = state.packages.first_mut() {
                kept.bytes.push(b'x');
            }
        });
        let refused = place.announce(&["1.0.1", "--again"]).exits(1);
        refused.says(&[
            &format!("the release `1.0.1` on {kind} has another `demo-1.0.1-1.src.rpm`"),
            "help: what people may have",
        ]);
        // Somebody has deleted it.
        place.double.with(|state| {
            state.releases.clear();
            state.packages.clear();
        });
        place.announce(&["1.0.1", "--again"]).exits(0);
        place.is_whole();
    }
}

#[test]
fn a_draft_of_somebody_else_is_not_shown_as_it_is() {
    for kind in [ForgeKind::Github, ForgeKind::Forgejo] {
        let place = ForgeSite::new(kind);
        let own = place.announce(&["--dry-run"]).exits(0).stdout;
        assert!(own.contains("draft the release"));
        place.double.with(|state| {
            let kept = |name: &str, id| crate::support::forge::Kept {
                id,
                name: name.to_owned(),
                bytes: b"eve".to_vec(),
                is_whole: true,
                url: String::new(),
            };
            state.add_release("1.0.1".to_owned(), "e".repeat(40), "Eve's".to_owned(), "Buy".to_owned(), true);
            state.releases[0].files = vec![kept("demo-1.0.1.tar.gz", 1), kept("install.exe", 2)];
        });
        let refused = place.announce(&[]).exits(1);
        refused.says(&[
            "the draft of the release `1.0.1` has `install.exe`, which is not a file of it",
            "help: find out who has put it there",
        ]);
        place.double.with(|state| {
            assert!(state.releases[0].draft && state.releases[0].files.len() == 2);
            state.releases[0].files.pop();
        });
        let plan = place.announce(&["--dry-run"]).exits(0).stdout;
        assert!(plan.contains("  remove `demo-1.0.1.tar.gz` from the draft: it is not the file\n"), "{plan}");
        place.announce(&[]).exits(0);
        place.is_whole();
    }
}

#[test]
fn a_tag_on_another_commit_stops_the_release() {
    let place = ForgeSite::new(ForgeKind::Github);
    let git = |args: &[&str]| place.site.project.git(args);
    for annotated in [&["tag", "1.0.1", "1.0"][..], &["tag", "-a", "-m", "x", "1.0.1", "1.0"]] {
        git(annotated);
        git(&["push", "-q", "origin", "refs/tags/1.0.1"]);
        git(&["tag", "-d", "1.0.1"]);
        place.announce(&["--dry-run"]).exits(1);
        let refused = place.announce(&[]).exits(1).says(&["the tag `1.0.1` of the remote leads to "]);
        assert_eq!(place.double.asked(), [""; 0]);
        follow(place.site.project.path(), &refused, "git push origin --delete", &[]).exits(0);
    }
    place.announce(&[]).exits(0);
    place.is_whole();
    // The forge has made the tag now. It changes no version, of this commit or of the next ones.
    let mut versions = [Vec::new(), Vec::new()];
    git(&["branch", "before"]);
    for (number, versions) in versions.iter_mut().enumerate() {
        git(&["checkout", "-q", "-B", "main", "before"]);
        if number == 1 {
            git(&["tag", "1.0.1", "before"]);
        }
        for message in ["One more", "Fly\n\nSem-Ver: feature", "Land"] {
            versions.push(place.site.releng(&["version"]).exits(0).stdout);
            place.site.commit(message);
        }
    }
    assert_eq!(versions[0], ["1.0.1\n", "1.0.2\n", "1.1.0\n"]);
    assert_eq!(versions[1], versions[0]);
    git(&["checkout", "-q", "-B", "main", "before"]);
    place.site.releng(&["version", "--strict"]).exits(0).prints("1.0.1\n");
    git(&["push", "-q", "origin", "refs/tags/1.0.1"]);
    place.announce(&["--again"]).exits(0);
    place.is_whole();
}

#[test]
fn a_link_in_the_served_tree_leads_no_other_file_to_the_forge() {
    let place = ForgeSite::new(ForgeKind::Github);
    let secret = place.site.project.join("target/secret");
    std::fs::write(&secret, "the key of the release\n").unwrap();
    let archive = place.site.served("revisions/stable-1.0/000001/sources/demo-1.0.1.tar.gz");
    let whole = std::fs::read(&archive).unwrap();
    std::fs::remove_file(&archive).unwrap();
    std::os::unix::fs::symlink(&secret, &archive).unwrap();
    place.announce(&[]).exits(1);
    std::fs::remove_file(&archive).unwrap();
    std::fs::write(&archive, b"other bytes").unwrap();
    place.announce(&[]).exits(1).says(&["is not the file that the manifest lists", "help: see what else is wrong"]);
    assert_eq!(place.double.asked(), [""; 0], "nothing was sent");
    std::fs::write(&archive, whole).unwrap();
    place.announce(&[]).exits(0);
    place.is_whole();
}

#[test]
fn the_work_tree_does_not_say_where_the_token_goes() {
    let place = ForgeSite::new(ForgeKind::Github);
    let other = Double::start(ForgeKind::Github);
    let config = text(&place.site.project.join("packaging/release.toml")).replace(&place.double.url(), &other.url());
    place.site.project.write("packaging/release.toml", config);
    place.announce(&[]).exits(0);
    place.is_whole();
    assert_eq!(other.asked(), [""; 0]);
}

#[test]
fn a_release_is_made_after_it_can_be_read_where_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let web = Server::start(folder.path());
    let place = ForgeSite::with(ForgeKind::Forgejo, &format!("[repository]\nurl = \"{}\"\n", web.url("repos")), &[]);
    for args in [&["--dry-run"][..], &[]] {
        place.announce(args).exits(5).says(&["people cannot install it yet", "help: copy the repository"]);
    }
    assert_eq!(place.double.asked(), [""; 0]);
    std::os::unix::fs::symlink(place.site.project.join("target/repository"), folder.path().join("repos")).unwrap();
    place.announce(&[]).exits(0);
    place.is_whole();
    let refused = place.site.releng(&["announce", "9.9.9", "--forge"]).exits(1);
    refused.says(&["9.9.9 was not promoted"]);
}

#[test]
fn the_digests_are_signed_where_the_repository_is() {
    let keys = Keys::of(&[("demo@example.org", "ed25519")]);
    let home = keys.home().display().to_string();
    let gnupg = ("GNUPGHOME", home.as_str());
    let place = ForgeSite::with(ForgeKind::Github, "[repository]\nsign = \"demo@example.org\"\n", &[gnupg]);
    let run = |args: &[&str]| {
        let variables = [gnupg, ("RELENG_FORGE_TOKEN", TOKEN)];
        place.site.releng_with(&variables, &[&["announce", "--forge"], args].concat())
    };
    place.announce(&[]).exits(1).says(&["demo@example.org"]);
    run(&[]).exits(0);
    let files = place.shown_files();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [&FILES[..], &["SHA256SUMS.asc"]].concat());
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in &files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    run_in(folder.path(), "gpg", &["--verify", "SHA256SUMS.asc", "SHA256SUMS"], &[gnupg]).exits(0);
    // Another signature of the same digests is as good.
    place.double.with(|state| state.releases[0].files[4].bytes.push(b'\n'));
    run(&["--again"]).exits(0);
    assert_ne!(digest_of(&place.shown_files()[4].1), digest_of(&files[4].1));
}
