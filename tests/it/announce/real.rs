//! `announce --send` to a real Postfix, which requires encryption and a login, and keeps the mails in one file (mbox): what arrives is
//! what was written.

use super::text::{PEOPLE, promoted_site};
use crate::support::mail::{MailServerProcess, read_mail};
use crate::support::site::Site;

const PASSWORD: &str = "a\"b c#d:$e";

/// Lines that servers and mailboxes treat in a special way, a long one, and words that are not ASCII.
const BODY: &str =
    ".\n.leading\n..two\nFrom here\n>From there\n\ncaf\u{e9} \u{65e5}\u{672c}\u{8a9e} =20 \t\n@@CHANGELOG@@\n.\n";

/// A project with a long subject and a long changelog, that sends to this address.
#[track_caller]
fn site(address: &str) -> Site {
    let site = promoted_site("");
    let keys = PEOPLE.replace("\"releases@", "\"Caf\u{e9} <releases@").replace("org\"\n", "org>\"\n");
    let keys = keys.replace("\"lago-devel@example.org>\"", "\"Lago \u{65e5}\u{672c} <lago-devel@example.org>\"");
    site.project.write("packaging/release.toml", format!("{keys}template = \"packaging/mail.txt\"\n{address}"));
    let template = format!("Subject: @@NAME@@ @@VERSION@@ caf\u{e9}\n\n{}\n{BODY}", "x".repeat(1500));
    site.project.write("packaging/mail.txt", template);
    site
}

#[test]
fn a_real_server_delivers_what_was_written() {
    let mut server = MailServerProcess::postfix(PASSWORD);
    let site = site(&format!("smtp = \"smtp://mail.localhost:{}\"\nretry = \"1s\"\n", server.port));
    let (name, file) = server.trust();
    let send = |password: &str, args: &[&str]| {
        let login = [("RELENG_SMTP_USER", "ada@mail.localhost"), ("RELENG_SMTP_PASSWORD", password)];
        site.releng_with(&[&login[..], &[(name, &file)]].concat(), &[&["announce", "1.0.1", "--send"], args].concat())
    };
    site.releng_with(&[(name, &file)], &["announce", "--send"]).exits(1).says(&["554 5.7.1 <lago-devel@example.org>"]);
    send("wrong", &[]).exits(1).says(&["535 5.7.8"]);
    send(PASSWORD, &[]).exits(0).says(&["250 2.0.0 Ok: queued as "]);
    let mail = read_mail(&server.delivered(1)[0]);
    let changes = site.releng(&["changelog", "--since", "1.0"]).exits(0).stdout;
    let body = BODY.replace("@@CHANGELOG@@\n", &changes);
    assert_eq!(mail.text.trim_end(), format!("{}\n{body}", "x".repeat(1500)).trim_end());
    assert_eq!(mail.headers["subject"], "demo 1.0.1 caf\u{e9}");
    assert_eq!(mail.headers["from"], "Caf\u{e9} <releases@example.org>");
    assert_eq!(mail.headers["to"], "Lago \u{65e5}\u{672c} <lago-devel@example.org>");
    assert_eq!(mail.headers["message-id"], "<demo-1.0.1.announce@example.org>");
    assert_eq!(mail.headers["date"], "Fri, 02 Jan 2026 03:04:05 +0000");
    assert_eq!(mail.encodings, ["quoted-printable"]);
    // The limit of this server.
    site.project.write("packaging/mail.txt", "y\n".repeat(600_000));
    send(PASSWORD, &["--again"]).exits(1).says(&["552 5.3.4 Message size exceeds"]);
}

#[test]
fn its_sendmail_delivers_what_was_written() {
    let mut server = MailServerProcess::postfix(PASSWORD);
    let site = site(&format!("retry = \"1s\"\nsendmail = \"{}\"\n", server.join("sendmail").display()));
    let long = "word ".repeat(60_000);
    site.project.write("message", &long);
    site.project.git(&["commit", "-q", "--allow-empty", "-F", "message"]);
    std::fs::remove_file(site.project.join("message")).unwrap();
    site.build(&[]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    site.releng(&["announce", "--send"]).exits(0).says(&["exit 0"]);
    let mail = read_mail(&server.delivered(1)[0]);
    let changes = site.releng(&["changelog", "--since", "1.0"]).exits(0).stdout;
    assert!(changes.len() > 300_000);
    assert_eq!(mail.files["ChangeLog-1.0.2.txt"].trim_end(), changes.trim_end());
    assert!(mail.text.contains("\n.\n.leading\n..two\nFrom here\n>From there\n\n"), "{}", mail.text);
    assert!(mail.text.trim_end().ends_with("\n."), "{}", mail.text);
}
