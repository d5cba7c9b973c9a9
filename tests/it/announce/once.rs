//! A mail is sent once: what is recorded, what is refused, and what a killed run leaves.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::delivery::{events, site_and_double, site_with_program};
use super::text::{PEOPLE, promoted_site};
use crate::helps::follow;
use crate::support::crash::Scenario;
use crate::support::crash::inject::{Fault, Point, copy, points, record, run, strike};
use crate::support::crash::trace::Call;
use crate::support::http::Server;
use crate::support::mail::{Encryption, MailServerProcess};
use crate::support::program::PROGRAM;
use crate::support::rpms::Rpm;
use crate::support::site::{NOW, Site};

#[test]
fn what_was_sent_is_not_sent_again_without_the_word_of_a_person() {
    let (site, server) = site_and_double("{}");
    site.releng(&["announce", "--send"]).exits(0);
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]).prints("");
    let refused = site.releng(&["announce", "1.0.1", "--send"]).exits(1);
    let refused = refused.says(&["1.0.1 is not sent again: it was announced 2026-01-02"]);
    assert_eq!(server.mails().len(), 1);
    follow(site.project.path(), &refused, "--again", &[]).exits(0);
    assert_eq!((server.mails().len(), events(&site).len()), (2, 4));
    let [one, two] = [0, 1].map(|index| std::fs::read(&server.mails()[index]).unwrap());
    assert!(one == two, "it is the same mail");
}

#[test]
fn a_connection_that_ends_after_the_mail_leaves_its_fate_open() {
    let (site, server) = site_and_double("{\"cut\": \"after\"}");
    let broken = site.releng(&["announce", "--send"]).exits(1);
    broken.says(&["nobody knows whether `smtp://127.0.0.1:", "no answer after the last line of the mail"]);
    assert_eq!((server.mails().len(), events(&site)), (1, vec!["try".to_owned(), "unknown".to_owned()]));
    server.behave("{}");
    let refused =
        site.releng(&["announce", "--send"]).exits(1).says(&["it was perhaps announced", "help: look whether"]);
    assert_eq!(server.mails().len(), 1);
    site.releng(&["status"]).exits(0).prints_part("due           1.0.1 is perhaps announced");
    follow(site.project.path(), &refused, "--sent", &[]).exits(0);
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);
    site.releng(&["announce", "1.0.1", "--sent"]).exits(0).says(&["1.0.1 was announced 2026-01-02"]);
    site.releng(&["status"]).exits(0).prints_part("announced     1.0.1 was announced 2026-01-02\n");
    assert_eq!(events(&site), ["try", "unknown", "sent-by-person"]);
}

#[test]
fn a_connection_that_ends_before_the_mail_was_there_leaves_its_fate_open_too() {
    let (site, server) = site_and_double("{\"cut\": \"before\"}");
    let refused = site.releng(&["announce", "--send"]).exits(1).says(&["nobody knows whether"]);
    server.behave("{}");
    follow(site.project.path(), &refused, "--again", &[]).exits(0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn promote_and_status_say_that_an_announcement_is_due() {
    let (site, server) = site_and_double("{}");
    site.commit("Two").build(&[]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0).says(&["to announce it: `releng announce 1.0.2 --send`"]);
    let due = site.releng(&["status"]).exits(0);
    let due = due.prints_part("due           1.0.2 is not announced; `releng announce 1.0.2 --send`\n");
    let json = |site: &Site| -> serde_json::Value {
        let status = site.releng(&["status", "--json"]).exits(0).stdout;
        serde_json::from_str::<serde_json::Value>(&status).unwrap()["series"][0]["announcement"].clone()
    };
    let next = "`releng announce 1.0.2 --send`";
    assert_eq!(json(&site), serde_json::json!({ "version": "1.0.2", "state": "due", "at": null, "next": next }));
    let command = due.stdout.split('`').find(|part| part.starts_with("releng announce")).unwrap().to_owned();
    crate::helps::run_shell(site.project.path(), &command).exits(0);
    assert_eq!(json(&site), serde_json::json!({ "version": "1.0.2", "state": "sent", "at": NOW, "next": null }));
    assert_eq!(server.mails().len(), 1);
    // 1.0.1 was never announced, and 1.0.2 is the newest one.
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);
}

#[test]
fn a_project_that_announces_nothing_gets_no_line() {
    let site = Site::new();
    site.commit("One").build(&[]);
    site.releng(&["stage"]).exits(0);
    let said = site.promote(&[]).exits(0).stderr + &site.releng(&["status"]).exits(0).stdout;
    assert!(!said.contains("announce"), "{said}");
    let status = site.releng(&["status", "--json"]).exits(0);
    status.prints_part("\"announcement\": null");
}

#[test]
fn of_several_series_the_newest_promotion_is_announced_first() {
    let (site, server) = site_and_double("{}");
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&[]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    for version in ["2.0.0", "1.0.1"] {
        site.releng(&["announce", "--send"]).exits(0).says(&[&format!("sent the announcement of {version}")]);
    }
    assert_eq!(server.mails().len(), 2);
}

#[test]
fn what_people_cannot_install_is_not_announced() {
    let (site, server) = site_and_double("{}");
    assert_eq!(site.promoted("Two", &["el9"]), "1.0.2");
    site.releng(&["announce", "1.0.9"]).exits(1).says(&["1.0.9 was not promoted", "help: only a promoted release"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    let refused = site.releng(&["announce", "1.0.2", "--send", "--again"]).exits(1);
    refused.says(&[
        "1.0.2 is not announced: event 5 rolled stable/1.0 back",
        "help: announce a release that people can install",
    ]);
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);
    assert_eq!(site.promoted("Three", &["el9"]), "1.0.3");
    let package = Rpm::new("demo", "1.0.3").dist("el9").file_name().replace(".rpm", "");
    site.releng(&["yank", &package, "--why", "broken"]).exits(0);
    site.releng(&["announce", "1.0.3"])
        .exits(1)
        .says(&[&format!("1.0.3 is not announced: event 8 yanked `{package}`")]);
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);
    assert_eq!(server.mails().len(), 0);
}

#[test]
fn a_release_is_announced_after_it_can_be_read_where_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let web = Server::start(folder.path());
    let mail = MailServerProcess::double("{}", Encryption::None);
    let url = web.url("repos");
    let keys = format!("smtp = \"smtp://127.0.0.1:{}\"\n[repository]\nurl = \"{url}\"\n", mail.port);
    let site = promoted_site(&keys);
    let help = "help: copy the repository to its public address";
    site.releng(&["announce", "--send", "--dry-run"]).exits(5).says(&["people cannot install it yet", "404", help]);
    site.releng(&["announce", "--send"]).exits(5).says(&["people cannot install it yet", "404", help]);
    std::os::unix::fs::symlink(site.project.join("target/repository"), folder.path().join("old")).unwrap();
    crate::support::program::run_in(folder.path(), "cp", &["-a", "old/.", "repos"], &[]).exits(0);
    site.promoted("Two", &[]);
    site.releng(&["announce", "--send"]).exits(5).says(&["is not the manifest of the revision here", help]);
    assert!(mail.mails().is_empty() && !site.state("announce/journal.jsonl").exists());
    std::fs::remove_dir_all(folder.path().join("repos")).unwrap();
    std::fs::rename(folder.path().join("old"), folder.path().join("repos")).unwrap();
    site.releng(&["announce", "--send"]).exits(0);
    assert_eq!(mail.mails().len(), 1);
}

#[test]
fn a_changed_changelog_is_not_announced() {
    let site = promoted_site("");
    let path = "revisions/stable-1.0/000001/ChangeLog_1.0.txt";
    site.tamper(path, |content| content.extend(b"- 0123abcd: buy this\n"));
    site.releng(&["announce"])
        .exits(1)
        .says(&["is not the file that the manifest lists", "help: see what else is wrong"]);
}

#[test]
fn after_a_lost_state_nobody_knows_what_was_announced() {
    let (site, server) = site_and_double("{}");
    site.releng(&["announce", "--send"]).exits(0);
    std::fs::remove_dir_all(site.state("")).unwrap();
    site.releng(&["recover-log"]).exits(0);
    let refused = site.releng(&["announce", "--send"]).exits(1);
    let refused =
        refused.says(&["it was perhaps announced: the state was lost", "help: look whether the recipients have it"]);
    site.releng(&["status"]).exits(0).prints_part("1.0.1 is perhaps announced: the state was lost");
    follow(site.project.path(), &refused, "--sent", &[]).exits(0);
    site.promoted("Two", &[]);
    site.releng(&["announce", "--send"]).exits(0).says(&["sent the announcement of 1.0.2"]);
    assert_eq!(server.mails().len(), 2);
}

#[test]
fn a_changed_journal_stops_the_command_and_no_other() {
    let (site, _server) = site_and_double("{}");
    site.releng(&["announce", "--send"]).exits(0);
    let journal = site.state("announce/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("lago-devel", "lago-users", 1)).unwrap();
    site.releng(&["announce", "1.0.1", "--send"])
        .exits(1)
        .says(&["announce/journal.jsonl` line 2: the line before it was changed"]);
    site.releng(&["status"]).exits(0).prints_part("problem       `");
    site.releng(&["verify"]).exits(0);
    site.releng(&["prune"]).exits(0);
    site.promoted("Two", &[]);
}

#[test]
fn other_commands_leave_the_journal_alone() {
    let (site, _server) = site_and_double("{}");
    site.releng(&["announce", "--send"]).exits(0);
    let read = || std::fs::read(site.state("announce/journal.jsonl")).unwrap();
    let before = read();
    for args in [&["verify"][..], &["prune"], &["recover-log"]] {
        site.releng(args).exits(0);
    }
    std::fs::remove_file(site.state("log.jsonl")).unwrap();
    site.releng(&["recover-log"]).exits(0);
    assert!(read() == before);
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);
}

#[test]
fn two_runs_do_not_announce_at_the_same_time() {
    let (site, server) = site_and_double("{\"slow\": 3}");
    let mut first = Command::new(PROGRAM);
    first.args(["announce", "--send"]).current_dir(site.project.path()).env("RELENG_NOW", NOW);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&server, "data\n");
    let refused = site.releng(&["announce", "--send"]).exits(75);
    refused.says(&["is announcing: it holds `"]);
    assert!(first.wait().unwrap().success());
    site.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);
    assert_eq!(server.mails().len(), 1);
}

#[track_caller]
fn wait_for(server: &MailServerProcess, line: &str) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !server.log().contains(line) {
        assert!(std::time::Instant::now() < until, "{}", server.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_ends_while_it_sends_is_not_repeated() {
    for signal in [rustix::process::Signal::KILL, rustix::process::Signal::TERM] {
        let (site, server) = site_and_double("{\"slow\": 1}");
        let mut run = Command::new(PROGRAM);
        run.args(["announce", "--send"]).current_dir(site.project.path()).env("RELENG_NOW", NOW);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        wait_for(&server, "data\n");
        let process = i32::try_from(run.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        let ended = run.wait().unwrap();
        assert!(!ended.success());
        if signal == rustix::process::Signal::TERM {
            assert_eq!((ended.code(), events(&site)), (Some(130), vec!["try".to_owned(), "unknown".to_owned()]));
        }
        site.releng(&["announce", "--send"]).exits(1).says(&["it was perhaps announced", "--sent`", "--again`"]);
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(server.mails().len() <= 1);
    }
}

/// A run that sends the mail to a program, which keeps the mail in the temporary folder, a new one for each run.
struct Sending {
    scenario: Scenario,
    /// The calls that change a file of the state or of the mail.
    points: Vec<(Call, Point)>,
    work: TempDir,
    /// Has the project.
    _site: Site,
}

impl Sending {
    fn record() -> Sending {
        let site = site_with_program("cat >\"$TMPDIR/mail\"");
        let command = [PROGRAM, "announce", "1.0.1", "--send"];
        let roots = ["target/repository-state", "target/announce"];
        let mut scenario = Scenario::new("announce --send", site.project.path(), &command, &roots, &[]);
        scenario.variables = vec![("RELENG_NOW".to_owned(), NOW.to_owned())];
        let work = tempfile::tempdir().unwrap();
        let recorded = work.path().join("recorded");
        copy(&scenario.prepared, &recorded);
        let (ran, trace) = record(&scenario, &scenario.command, &recorded);
        ran.exits(0);
        let points = points(&scenario, &trace, &recorded);
        Sending { scenario, points, work, _site: site }
    }
}

/// Kills the command at each call, and runs it again.
#[test]
fn a_run_killed_at_any_call_never_sends_two_mails() {
    let sending = Sending::record();
    let Sending { scenario, points, work, .. } = &sending;
    assert!(points.len() > 10, "{points:?}");
    let (mut sent, mut open) = (0, 0);
    for (index, (_, point)) in points.iter().enumerate() {
        let place = work.path().join(index.to_string());
        let arrived = || usize::from(place.with_extension("tmp").join("mail").exists());
        let struck = strike(scenario, &scenario.command, (&scenario.prepared, &place), point, Fault::Kill);
        struck.unwrap_or_else(|missed| panic!("{point}: {missed}"));
        let first = arrived();
        let again = run(scenario, &scenario.command, &place);
        let second = arrived();
        match again.code {
            0 => {
                assert_eq!((first, second), (0, 1), "{point}");
                sent += 1;
            }
            1 => {
                assert_eq!(second, 0, "{point}");
                assert!(again.stderr.contains("is not sent again: it was "), "{point}: {}", again.stderr);
                open += 1;
            }
            code => panic!("{point}: exit {code}: {}", again.stderr),
        }
        std::fs::remove_dir_all(&place).unwrap();
    }
    assert!(sent > 2 && open > 2, "{sent} runs sent the mail, {open} left that to a person");
}

/// A disk that fails or is full at any of these calls: the run says so, and never are two mails sent.
#[test]
fn a_disk_that_fails_never_makes_two_mails() {
    let sending = Sending::record();
    let Sending { scenario, points, work, .. } = &sending;
    let (mut early, mut late) = (0, 0);
    for (index, (_, point)) in points.iter().enumerate() {
        let error = ["EIO", "ENOSPC", "EDQUOT"][index % 3];
        let place = work.path().join(index.to_string());
        let arrived = || usize::from(place.with_extension("tmp").join("mail").exists());
        let struck = strike(scenario, &scenario.command, (&scenario.prepared, &place), point, Fault::Errno(error));
        let ran = struck.unwrap_or_else(|missed| panic!("{point}: {missed}"));
        let first = arrived();
        // Some calls make no difference, such as removing what is not needed any more.
        assert!(ran.code == 0 || ran.stderr.contains("error: "), "{error} at {point}: {}", ran.stderr);
        if ran.code != 0 {
            let words = if error == "EIO" { "Input/output error" } else { "o" };
            assert!(ran.stderr.contains(words) && ran.stderr.contains('`'), "{error} at {point}: {}", ran.stderr);
        }
        let again = run(scenario, &scenario.command, &place);
        let second = arrived();
        match (ran.code, first) {
            (0, 1) => assert_eq!((again.code, second), (1, 0), "{error} at {point}"),
            (_, 0) => {
                assert_eq!(second, usize::from(again.code == 0), "{error} at {point}: {}", again.stderr);
                early += 1;
            }
            (_, _) => {
                assert_eq!((again.code, second), (1, 0), "{error} at {point}: {}", again.stderr);
                assert!(again.stderr.contains("is not sent again: it was "), "{error} at {point}: {}", again.stderr);
                late += 1;
            }
        }
        std::fs::remove_dir_all(&place).unwrap();
    }
    assert!(early > 2 && late > 0, "{early} runs failed before the mail, {late} after it");
}

#[test]
fn a_plan_is_printed_and_nothing_is_sent() {
    let (site, server) = site_and_double("{}");
    let trees = site.trees();
    let plan = site.releng(&["announce", "--send", "--dry-run"]).exits(0).stdout;
    let file = site.project.join("target/announce/demo-1.0.1.eml");
    assert!(plan.starts_with(&format!("announce 1.0.1:\n  write {} (", file.display())), "{plan}");
    let rest = format!(
        "  append to announce/journal.jsonl each try and its answer\n  send the mail to lago-devel@example.org by \
         smtp://127.0.0.1:{}\n",
        server.port
    );
    assert!(plan.ends_with(&rest), "{plan}");
    let sent = site.releng(&["announce", "--sent", "--dry-run"]).exits(0).stdout;
    assert_eq!(
        sent,
        "record that 1.0.1 was announced:\n  append to announce/journal.jsonl that a person has sent it\n"
    );
    assert!(site.trees() == trees && !file.exists() && server.log().is_empty());
}

#[test]
fn a_bare_repository_has_no_place_for_the_mail() {
    let site = promoted_site("");
    let bare = site.project.join("../bare.git");
    site.project.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let args = ["announce", "--repository", &site.project.join("target/repository").display().to_string()];
    let run = |args: &[&str]| crate::support::program::run_in(&bare, PROGRAM, args, &[("RELENG_NOW", NOW)]);
    run(&args).exits(2).says(&["a bare repository has no `target/announce`", "help: run this in a clone"]);
    std::fs::remove_dir_all(&bare).unwrap();
    assert!(PEOPLE.starts_with("[announce]"));
}
