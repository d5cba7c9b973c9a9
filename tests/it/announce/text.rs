//! What is in the mail: subject, body, changes, the project's own template.

use crate::support::mail::{ReadMail, read_mail};
use crate::support::site::{NOW, Site};

/// The keys that every announcement needs.
pub const PEOPLE: &str = "[announce]\nto = \"lago-devel@example.org\"\nfrom = \"releases@example.org\"\n";

/// A project that announces its releases, with 1.0.1 in stable.
#[track_caller]
pub fn promoted_site(keys: &str) -> Site {
    let site = Site::with(&format!("{PEOPLE}{keys}"));
    site.promoted("One", &[]);
    site
}

/// Writes the announcement of a version, and reads it.
#[track_caller]
pub fn mail_of(site: &Site, version: &str) -> ReadMail {
    let path = site.releng(&["announce", version]).exits(0).stdout;
    read_mail(std::path::Path::new(path.trim_end()))
}

/// The versions whose changes a mail lists.
fn listed(mail: &ReadMail) -> String {
    let heads = mail.text.lines().filter(|line| line.starts_with("    * "));
    heads.map(|line| line.rsplit(' ').next().unwrap().trim_end_matches("-1")).collect::<Vec<_>>().join(" ")
}

#[test]
fn subject_and_body_are_those_of_the_release_procedure() {
    let site = promoted_site("");
    let path = site.releng(&["announce"]).exits(0).stdout;
    assert!(path.ends_with("target/announce/demo-1.0.1.eml\n"), "{path}");
    let mail = mail_of(&site, "1.0.1");
    assert_eq!(mail.headers["subject"], "[02-01-2026] New demo release - 1.0.1");
    let changes = site.releng(&["changelog", "--since", "1.0"]).exits(0).stdout;
    let changes = changes.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let body = format!(
        "Hi everyone! There's a new demo release with version 1.0.1 ready for you to\nupgrade!\n\n\
         Here are the changes:\n{changes}\nEnjoy!\n"
    );
    assert_eq!(mail.text, body);
    for (header, value) in [
        ("from", "releases@example.org"),
        ("to", "lago-devel@example.org"),
        ("date", "Fri, 02 Jan 2026 03:04:05 +0000"),
        ("message-id", "<demo-1.0.1.announce@example.org>"),
        ("auto-submitted", "auto-generated"),
        ("mime-version", "1.0"),
        ("content-transfer-encoding", "quoted-printable"),
    ] {
        assert_eq!(mail.headers[header], value, "{header}");
    }
}

#[test]
fn a_later_run_writes_the_same_bytes() {
    let site = promoted_site("");
    let read = || std::fs::read(site.project.join("target/announce/demo-1.0.1.eml")).unwrap();
    site.releng(&["announce"]).exits(0);
    let first = read();
    site.releng_at("2031-05-05T05:05:05Z", &["announce", "1.0.1"]).exits(0);
    assert_eq!(read(), first);
}

#[test]
fn the_mail_is_written_to_a_stated_file_or_only_planned() {
    let site = promoted_site("");
    site.releng(&["announce", "--dry-run"]).exits(0).prints_part("write the announcement of 1.0.1:\n  write ");
    assert!(!site.project.join("target/announce").exists());
    site.releng(&["announce", "--out", "../mail.eml"]).exits(0).says(&["`releng announce 1.0.1 --sent`"]);
    let out = site.project.join("../mail.eml").canonicalize().unwrap();
    assert_eq!(read_mail(&out).headers["subject"], "[02-01-2026] New demo release - 1.0.1");
    std::fs::remove_file(out).unwrap();
}

/// Promotes a release whose commit says `message` and has the tag; its version.
#[track_caller]
fn promoted_with_tag(site: &Site, message: &str, tag: &str) -> String {
    site.commit(message).project.git(&["tag", tag]);
    let version = site.build(&[]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    version
}

#[test]
fn a_patch_lists_the_changes_since_its_milestone() {
    let site = promoted_site("");
    assert_eq!(site.promoted("Two", &[]), "1.0.2");
    assert_eq!(listed(&mail_of(&site, "1.0.2")), "1.0.2 1.0.1");
    // The earlier one again, without what came later.
    assert_eq!(listed(&mail_of(&site, "1.0.1")), "1.0.1");
}

#[test]
fn a_milestone_lists_the_changes_since_that_of_the_release_before() {
    let site = promoted_site("");
    assert_eq!(promoted_with_tag(&site, "Fly\n\nSem-Ver: feature", "1.1"), "1.1.0");
    assert_eq!(listed(&mail_of(&site, "1.1.0")), "1.1.0 1.0.1");
    assert_eq!(site.promoted("Fix", &[]), "1.1.1");
    assert_eq!(listed(&mail_of(&site, "1.1.1")), "1.1.1");
    // 1.2.0 is not released, 1.2.1 is: the feature is announced all the same.
    site.commit("Swim\n\nSem-Ver: feature").project.git(&["tag", "1.2"]);
    assert_eq!(site.promoted("Fix more", &[]), "1.2.1");
    assert_eq!(listed(&mail_of(&site, "1.2.1")), "1.2.1 1.2.0 1.1.1");
}

#[test]
fn a_major_version_lists_the_changes_since_the_previous_zero() {
    let site = promoted_site("");
    promoted_with_tag(&site, "Fly\n\nSem-Ver: feature", "1.1");
    assert_eq!(promoted_with_tag(&site, "Break\n\nSem-Ver: api-breaking", "2.0"), "2.0.0");
    assert_eq!(listed(&mail_of(&site, "2.0.0")), "2.0.0 1.1.0 1.0.1");
    assert_eq!(site.promoted("Fix", &[]), "2.0.1");
    assert_eq!(listed(&mail_of(&site, "2.0.1")), "2.0.1");
}

const TEMPLATE: &str =
    "Subject: @@NAME@@ @@VERSION@@ (@@DATE@@)\n\n.\n.leading\n..two\nFrom the caf\u{e9}\n\n@@CHANGELOG@@\n\t@@URL@@\n";

#[test]
fn a_project_has_its_own_template() {
    let site = promoted_site("template = \"packaging/mail.txt\"\n[repository]\nurl = \"https://example.org/repos\"\n");
    site.project.write("packaging/mail.txt", TEMPLATE.replace('\n', "\r\n"));
    let mail = mail_of(&site, "1.0.1");
    assert_eq!(mail.headers["subject"], "demo 1.0.1 (02-01-2026)");
    let changes = site.releng(&["changelog", "--since", "1.0"]).exits(0).stdout;
    let url = "https://example.org/repos/demo/stable/1.0";
    assert_eq!(mail.text, format!(".\n.leading\n..two\nFrom the caf\u{e9}\n\n{changes}\t{url}\n"));
}

#[test]
fn a_template_that_cannot_be_rendered_is_refused_with_its_line() {
    let site = promoted_site("template = \"packaging/mail.txt\"\n");
    site.releng(&["announce"]).exits(2).says(&["the template `packaging/mail.txt` is not there", "help: write it, or"]);
    let refused = |text: &[u8], says: &[&str]| {
        site.project.write("packaging/mail.txt", text);
        site.releng(&["announce"]).exits(2).says(says);
        assert!(!site.project.join("target/announce").exists());
    };
    refused(
        b"a\n@@VERSOIN@@\n",
        &["`packaging/mail.txt` line 2: unknown marker `@@VERSOIN@@`", "help: did you mean `@@VERSION@@`?"],
    );
    refused(
        b"@@URL@@\n",
        &[
            "line 1: `@@URL@@`, and the repository has no address",
            "help: remove the marker, or set `repository.url`, and commit it",
        ],
    );
    refused(b"Subject:\n\nx\n", &["line 1: the subject is empty", "help: write `Subject: "]);
    refused(
        b"Subject: @@CHANGELOG@@\n\nx\n",
        &["line 1: the subject has `@@CHANGELOG@@`", "help: write that marker into the body"],
    );
    refused(b"x\x1b[31m\n", &["line 1: it has a control character", "help: remove it"]);
    refused(b"caf\xe9\n", &["is not UTF-8: byte 3", "help: convert the template: `iconv"]);
    site.project.write("packaging/release.toml", format!("{PEOPLE}template = \"../mail.txt\"\n"));
    site.releng(&["announce"]).exits(2).says(&["is not a path within the project", "help: name it relative"]);
}

#[test]
fn a_long_changelog_is_attached_and_its_head_is_in_the_text() {
    let site = Site::with(PEOPLE);
    let long = format!("{} caf\u{e9}", "word ".repeat(60_000));
    site.project.commit("placeholder", &[]);
    site.project.write("message", format!("{long}\n"));
    site.project.git(&["commit", "-q", "--allow-empty", "-F", "message"]);
    std::fs::remove_file(site.project.join("message")).unwrap();
    site.project.commit("Short", &[]);
    site.build(&[]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    let mail = mail_of(&site, "1.0.3");
    let changes = site.releng(&["changelog", "--since", "1.0"]).exits(0).stdout;
    assert!(changes.len() > 300_000 && mail.text.len() < 25_000, "{} {}", changes.len(), mail.text.len());
    assert_eq!(mail.files["ChangeLog-1.0.3.txt"], changes);
    assert!(mail.text.contains("    * Thu Mar 19 2020 Ada Example <ada@example.org> - 1.0.3-1\n"));
    assert!(
        mail.text.contains(" more lines are in the attached file ChangeLog-1.0.3.txt)\n\nEnjoy!\n"),
        "{}",
        mail.text
    );
    assert_eq!(mail.encodings, ["quoted-printable", "quoted-printable"]);
    // The same bytes: the boundary is not drawn by lot.
    let first = std::fs::read(site.project.join("target/announce/demo-1.0.3.eml")).unwrap();
    site.releng_at("2027-01-01T00:00:00Z", &["announce"]).exits(0);
    assert!(std::fs::read(site.project.join("target/announce/demo-1.0.3.eml")).unwrap() == first);
    assert!(first.split(|byte| *byte == b'\n').all(|line| line.len() < 100) && NOW.len() == 20);
}
