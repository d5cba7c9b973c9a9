//! `announce --send`: what a mail server answers, and what becomes of the mail then.

use super::text::promoted_site;
use crate::support::mail::{Encryption, MailServerProcess, read_mail};
use crate::support::program::Ran;
use crate::support::site::{Site, text};

/// A project that sends its announcements to a server on this port, and tries again soon.
#[track_caller]
pub fn site_with_server(port: u16) -> Site {
    promoted_site(&format!("smtp = \"smtp://127.0.0.1:{port}\"\nretry = \"1s\"\n"))
}

/// A double, and a project that sends to it.
#[track_caller]
pub fn site_and_double(scenario: &str) -> (Site, MailServerProcess) {
    let server = MailServerProcess::double(scenario, Encryption::None);
    (site_with_server(server.port), server)
}

/// The events in the journal.
pub fn events(site: &Site) -> Vec<String> {
    let journal = text(&site.state("announce/journal.jsonl"));
    let events = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events.map(|line| line["event"].as_str().unwrap().to_owned()).collect()
}

fn send(site: &Site) -> Ran {
    site.releng(&["announce", "--send"])
}

#[test]
fn a_server_takes_the_mail_that_was_written() {
    let (site, server) = site_and_double("{}");
    let ran =
        send(&site).exits(0).says(&["sent the announcement of 1.0.1 to lago-devel@example.org: 250 2.0.0 queued as 1"]);
    let file = std::fs::read(ran.stdout.trim_end()).unwrap();
    let [mail] = &server.mails()[..] else { panic!("{:?}", server.mails()) };
    assert!(std::fs::read(mail).unwrap() == file, "the mail that arrived is the file");
    assert_eq!(read_mail(mail).headers["message-id"], "<demo-1.0.1.announce@example.org>");
    let log = server.log();
    assert!(log.contains(&format!("from releases@example.org SIZE={}", file.len())), "{log}");
    assert!(log.contains("to lago-devel@example.org\n"), "{log}");
    assert_eq!(events(&site), ["try", "sent"]);
}

#[test]
fn each_recipient_gets_it_once() {
    let (site, server) = site_and_double("{}");
    let keys = format!(
        "[announce]\nto = [\"A <a@example.org>\", \"b@example.org\"]\ncc = [\"b@example.org\", \"c@example.org\"]\n\
         from = \"Releases <r@example.org>\"\nsmtp = \"smtp://localhost:{}\"\n",
        server.port
    );
    site.project.write("packaging/release.toml", keys);
    send(&site).exits(0);
    let log = server.log();
    let to: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("to ")).collect();
    assert_eq!(to, ["a@example.org", "b@example.org", "c@example.org"]);
}

#[test]
fn a_temporary_refusal_is_tried_again() {
    let scenario =
        "{\"mail\": [\"451 4.3.0 later\"], \"rcpt\": [\"450 4.2.0 greylisted\"], \"data\": [\"452 4.3.1 full\"]}";
    let (site, server) = site_and_double(scenario);
    send(&site).exits(0).says(&[
        "451 4.3.0 later; the next try is in 1 s",
        "450 4.2.0 greylisted; the next try is in 2 s",
        "in 4 s",
    ]);
    assert_eq!(server.mails().len(), 1);
    assert_eq!(events(&site), ["try", "refused", "try", "refused", "try", "refused", "try", "sent"]);
}

#[test]
fn after_the_last_try_a_later_run_tries_again() {
    let (site, server) = site_and_double("{\"mail\": [\"451 a\", \"451 b\", \"451 c\", \"451 d\"]}");
    send(&site)
        .exits(5)
        .says(&["does not take the announcement of 1.0.1 now: 451 d", "help: run the same command again later"]);
    assert_eq!(server.mails().len(), 0);
    send(&site).exits(0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn a_final_refusal_is_not_tried_again() {
    for (scenario, says) in [
        ("{\"mail\": [\"550 5.7.1 no\"]}", "refused the announcement of 1.0.1: 550 5.7.1 no"),
        ("{\"rcpt\": [\"550 5.1.1 nobody\"]}", "550 5.1.1 nobody"),
        ("{\"data\": [\"554 5.6.0 spam\"]}", "554 5.6.0 spam"),
        ("{\"size\": 100}", "552 Error: message size exceeds fixed maximum message size"),
        ("{\"login\": \"ada:x\"}", "530 5.7.0 Authentication required"),
    ] {
        let (site, server) = site_and_double(scenario);
        send(&site).exits(1).says(&[says, "help: nobody got it: correct what the answer names"]);
        assert_eq!((server.mails().len(), events(&site)), (0, vec!["try".to_owned(), "refused".to_owned()]));
        server.behave("{}");
        send(&site).exits(0);
        assert_eq!(server.mails().len(), 1);
    }
}

#[test]
fn a_slow_server_is_waited_for() {
    let (site, server) = site_and_double("{\"slow\": 3}");
    send(&site).exits(0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn no_server_is_a_temporary_fault() {
    let (site, server) = site_and_double("{}");
    drop(server);
    send(&site).exits(5).says(&[
        "Failed to connect",
        "the next try is in 1 s",
        "help: run the same command again later",
    ]);
}

#[test]
fn encryption_is_required_where_the_server_is_elsewhere() {
    // The name leads to this machine, but is not one of those that are trusted without encryption.
    let server = MailServerProcess::double("{}", Encryption::None);
    let site = promoted_site(&format!("smtp = \"smtp://mail.localhost:{}\"\n", server.port));
    send(&site).exits(1).says(&["the server offers no encryption (STARTTLS)"]);
    assert_eq!(server.log(), "");
    let server = MailServerProcess::double("{}", Encryption::StartTls);
    let site = promoted_site(&format!("smtp = \"smtp://mail.localhost:{}\"\n", server.port));
    send(&site).exits(1).says(&["certificate"]);
    assert_eq!(server.log(), "");
    let (name, file) = server.trust();
    site.releng_with(&[(name, &file)], &["announce", "--send"]).exits(0);
    assert!(server.log().contains("tls=True"), "{}", server.log());
    let server = MailServerProcess::double("{}", Encryption::FromStart);
    let site = promoted_site(&format!("smtp = \"smtps://mail.localhost:{}\"\n", server.port));
    send(&site).exits(1).says(&["certificate"]);
    let (name, file) = server.trust();
    site.releng_with(&[(name, &file)], &["announce", "--send"]).exits(0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn a_server_on_this_machine_is_encrypted_where_it_offers_that() {
    let server = MailServerProcess::double("{}", Encryption::StartTls);
    let site = site_with_server(server.port);
    let (name, file) = server.trust();
    site.releng_with(&[(name, &file)], &["announce", "--send"]).exits(0);
    assert!(server.log().contains("tls=True"), "{}", server.log());
}

/// The double accepts this login; it has what a shell or a configuration would read.
const LOGIN: &str = "ada:a\\\"b c#d:$e";
const PASSWORD: &str = "a\"b c#d:$e";

#[test]
fn the_login_comes_from_the_environment_or_from_a_file_of_ones_own() {
    use std::os::unix::fs::PermissionsExt;
    let (site, server) = site_and_double(&format!("{{\"login\": \"{LOGIN}\"}}"));
    let with = |user: &str, password: &str| {
        let login = [("RELENG_SMTP_USER", user), ("RELENG_SMTP_PASSWORD", password)];
        site.releng_with(&login, &["announce", "--send", "--again"])
    };
    with("ada", "wrong").exits(1).says(&["535 5.7.8"]);
    with("ada", "")
        .exits(2)
        .says(&["`RELENG_SMTP_PASSWORD` is not set", "help: set both `RELENG_SMTP_USER` and `RELENG_SMTP_PASSWORD`"]);
    with("ada\n", "x").exits(2).says(&["has a control character", "help: correct the variable"]);
    with("ada", PASSWORD).exits(0);
    assert_eq!(server.mails().len(), 1);

    let keys = std::fs::read_to_string(site.project.join("packaging/release.toml")).unwrap();
    site.project.write("packaging/release.toml", format!("{keys}password-file = \"target/login\"\n"));
    site.project.write("target/login", format!("ada:{PASSWORD}\n"));
    let path = site.project.join("target/login");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let again = ["announce", "1.0.1", "--send", "--again"];
    let refused = site.releng(&again).exits(2).says(&["others may read", "help: let nobody else read it: `chmod 600 "]);
    crate::helps::follow(site.project.path(), &refused, "chmod", &[]).exits(0);
    site.releng(&again).exits(0);
    site.project.write("target/login", "ada\n");
    site.releng(&again).exits(2).says(&["has no login", "help: write `USER:PASSWORD` into it"]);
    assert_eq!(server.mails().len(), 2);
}

#[test]
fn no_password_is_in_an_argument_or_a_message() {
    let server = MailServerProcess::double("{\"slow\": 2, \"login\": \"ada:verysecret\"}", Encryption::None);
    let site = site_with_server(server.port);
    let seen = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let login = [("RELENG_SMTP_USER", "ada"), ("RELENG_SMTP_PASSWORD", "verysecret")];
            site.releng_with(&login, &["announce", "--send"])
        });
        let mut seen = String::new();
        while !run.is_finished() {
            for entry in std::fs::read_dir("/proc").unwrap().flatten() {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                if line.starts_with("curl ") && !seen.contains(&line) {
                    seen.push_str(&line);
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let ran = run.join().unwrap().exits(0);
        assert!(!ran.stderr.contains("verysecret"));
        seen
    });
    assert!(seen.contains("curl --disable --config -") && !seen.contains("verysecret"), "{seen}");
    assert!(!text(&site.state("announce/journal.jsonl")).contains("verysecret"));
}

/// A project that sends its announcements by a program, the commands of a shell.
#[track_caller]
pub fn site_with_program(commands: &str) -> Site {
    use std::os::unix::fs::PermissionsExt;
    let site = promoted_site("retry = \"1s\"\n");
    let program = site.project.join("target/sendmail");
    std::fs::write(&program, format!("#!/bin/sh\n{commands}\n")).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let keys = text(&site.project.join("packaging/release.toml"));
    site.project.write("packaging/release.toml", format!("{keys}sendmail = \"{}\"\n", program.display()));
    site
}

/// A program that ends with this code.
#[track_caller]
fn site_with_sendmail(code: u8) -> Site {
    let here = "cd \"$(dirname \"$0\")\"";
    site_with_program(&format!(
        "{here}\nfor word; do echo \"$word\"; done >>words\ncat >>mail\necho no >&2\nexit {code}"
    ))
}

#[test]
fn a_program_gets_the_envelope_as_arguments_and_the_mail_as_input() {
    let site = site_with_sendmail(0);
    let ran = send(&site).exits(0).says(&["sent the announcement of 1.0.1 to lago-devel@example.org: exit 0"]);
    assert_eq!(text(&site.project.join("target/words")), "-i\n-f\nreleases@example.org\nlago-devel@example.org\n");
    let file = text(std::path::Path::new(ran.stdout.trim_end()));
    assert_eq!(text(&site.project.join("target/mail")), file.replace("\r\n", "\n"));
}

#[test]
fn the_exit_code_of_a_program_is_its_answer() {
    send(&site_with_sendmail(67)).exits(1).says(&["refused the announcement of 1.0.1: exit 67: no"]);
    let site = site_with_sendmail(75);
    send(&site).exits(5).says(&["exit 75: no; the next try is in 1 s"]);
    assert_eq!(events(&site).len(), 8);
    let site = site_with_sendmail(74);
    send(&site).exits(1).says(&["nobody knows whether", "exit 74: no"]);
    std::fs::remove_file(site.project.join("target/sendmail")).unwrap();
    site.releng(&["announce", "--send", "--again"]).exits(1).says(&["cannot run `/"]);
    assert_eq!(events(&site), ["try", "unknown", "try", "refused"]);
}
