//! Requests: what is sent where, how often, and what is done with answers that are none.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use releng::base::error::Exit;
use releng::project::config::ForgeKind;

use super::failure;
use crate::support::forge::{Double, Fault, Note, Reply, TOKEN};

fn github() -> Double {
    Double::start(ForgeKind::Github)
}

#[test]
fn another_host_never_gets_the_token() {
    let (forge, other) = (github(), github());
    for status in [301, 302, 307, 308] {
        forge.fault(
            "GET /user",
            1,
            Fault::Instead(Reply::empty(status).with("Location", &format!("{}/user", other.url()))),
        );
        let refused = failure(forge.client().own_account().unwrap_err());
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.message.ends_with("which does not get the token"), "{refused}");
    }
    let next = format!("<{}/page/2>; rel=\"next\"", other.url());
    forge.fault("/comments", 1, Fault::Instead(Reply::text(200, "[]").with("Link", &next)));
    assert!(failure(forge.client().comments(5).unwrap_err()).message.contains("does not get the token"));
    // A file goes where the release says, and not to any address there.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "x").unwrap();
    forge.with(|state| state.url = other.url());
    let release = forge.client().draft_release(&super::wanted("1.0.0")).unwrap();
    let refused = failure(forge.client().upload(&release, "f", &folder.path().join("f")).unwrap_err());
    assert!(refused.message.contains("does not get the token"), "{refused}");
    assert_eq!(other.asked(), [""; 0]);
}

#[test]
fn a_redirect_within_the_forge_is_followed_a_few_times() {
    let forge = github();
    forge.fault(
        "GET /repos/lago-project/demo/pulls/5",
        1,
        Fault::Instead(Reply::empty(301).with("Location", "/repos/lago-project/demo/pulls/5?x")),
    );
    assert!(forge.client().pull(5).unwrap().is_some());
    forge.fault("GET /user", 9, Fault::Instead(Reply::empty(302).with("Location", "/user")));
    assert!(failure(forge.client().own_account().unwrap_err()).message.contains("again and again"));
}

#[test]
fn the_token_is_in_no_message_in_any_form() {
    let forge = github();
    let encoded = TOKEN.replace('/', "%2F").replace('+', "%2B");
    for status in [400, 401, 403, 404, 422, 500] {
        let text = format!(
            r#"{{"message": "Bad {TOKEN} or {encoded}", "errors": ["Zm9yZ2UvVG9rZW4rb2YtcmVsZW5nXzAxMjM0NTY3ODk="]}}"#
        );
        forge.fault("POST ", 4, Fault::Instead(Reply::text(status, &text)));
        let refused = failure(forge.client().add_label(5, "x").unwrap_err());
        let all = format!("{refused:?}");
        for form in [TOKEN, "Token+of", &encoded, "Zm9yZ2UvVG9rZW4r", "0123456789"] {
            assert!(!all.contains(form), "{form} in {all}");
        }
        if status != 500 {
            assert!(all.contains("Bad (secret) or (secret); (secret)"), "{all}");
        }
        forge.fault("POST ", 0, Fault::DropBefore);
    }
    // Nor is it in what a forge says as content.
    forge.with(|state| state.notes.push(Note { id: 1, pull: 5, author: 12, text: TOKEN.to_owned(), is_system: false }));
    assert_eq!(forge.client().comments(5).unwrap()[0].text, "(secret)");
}

/// The command line and the environment of a curl that this process runs, as anybody on the machine may see them.
fn see_curl() -> Option<(String, String)> {
    let own = format!("PPid:\t{}\n", std::process::id());
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // Processes end while they are looked at.
        let read = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        let (line, variables) = (read("cmdline"), read("environ"));
        if read("status").contains(&own) && line.starts_with("curl\0") && !variables.is_empty() {
            return Some((line, variables));
        }
    }
    None
}

#[test]
fn nobody_else_on_the_machine_sees_the_token() {
    let forge = github();
    forge.fault("GET /user", usize::MAX, Fault::Slow(Duration::from_millis(100)));
    let is_seen = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_seen.load(Ordering::SeqCst) {
                forge.client().own_account().unwrap();
            }
        });
        let (line, variables) = std::iter::repeat_with(see_curl).flatten().next().unwrap();
        is_seen.store(true, Ordering::SeqCst);
        assert_eq!(line, "curl\0--disable\0--config\0-\0");
        let names: Vec<&str> = variables.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
        let is_plain = |name: &&str| {
            *name == "PATH"
                || name.to_lowercase().ends_with("_proxy")
                || name.contains("CERT")
                || name.contains("CA_BUNDLE")
        };
        assert!(names.contains(&"PATH") && names.iter().all(is_plain), "{names:?}");
    });
}

#[test]
fn a_forge_that_fails_is_left_after_some_tries() {
    for (fault, part) in [
        (Fault::DropBefore, "in 4 tries: Empty reply from server"),
        (Fault::Truncated, "in 4 tries: "),
        (Fault::Half, "in 4 tries: the answer was cut off"),
        (Fault::Instead(Reply::text(500, "oh")), "in 4 tries: it answered 500"),
        (Fault::Instead(Reply::text(429, "").with("Retry-After", "2")), "in 4 tries: it answered 429"),
    ] {
        let forge = github();
        forge.fault("GET /user", 99, fault);
        let refused = failure(forge.client().own_account().unwrap_err());
        assert_eq!((refused.exit, forge.count("GET /user")), (Exit::TryAgain, 4));
        assert!(refused.message.contains(part), "{refused}");
    }
    let forge = github();
    forge.fault("GET /user", 9, Fault::Instead(Reply::text(429, "").with("Retry-After", "3600")));
    let refused = failure(forge.client().own_account().unwrap_err());
    assert_eq!(
        refused.message,
        "GitHub asks to wait for 3600 s before `GET /user`: it answered 429: too many requests"
    );
    assert_eq!((refused.exit, forge.count("GET /user")), (Exit::TryAgain, 1));
    forge.fault("GET /repos", 1, Fault::Slow(Duration::from_millis(300)));
    assert!(forge.client().pull(5).unwrap().is_some(), "a slow answer is one");
}

#[test]
fn an_answer_that_is_none_is_refused() {
    for (body, part) in [
        ("<html>hello</html>".to_owned(), "cannot read the answer of GitHub to `GET /user`: expected value"),
        ("[]".to_owned(), "cannot read the answer of GitHub to `GET /user`"),
        (r#"{"id": "seven", "login": 3}"#.to_owned(), "invalid type: string \"seven\""),
        (format!("\"{}\"", "x".repeat(21 << 20)), "is too long"),
    ] {
        let forge = github();
        forge.fault("GET /user", 1, Fault::Instead(Reply::text(200, &body)));
        let refused = failure(forge.client().own_account().unwrap_err());
        assert!(refused.message.contains(part) && refused.message.len() < 500, "{refused}");
        assert_eq!(refused.exit, Exit::Failed);
    }
}

#[test]
fn what_the_forge_forbids_is_not_tried_again() {
    let forge = github();
    for (status, exit) in [(401, Exit::NotAllowed), (403, Exit::NotAllowed), (404, Exit::Failed), (422, Exit::Failed)] {
        forge.fault("POST", 1, Fault::Instead(Reply::text(status, r#"{"message": "No"}"#)));
        let refused = failure(forge.client().add_label(5, "x").unwrap_err());
        assert_eq!((refused.exit, forge.asked().len()), (exit, 1));
        assert!(refused.message.contains(&format!("({status}): No")), "{refused}");
    }
    let refused = failure(forge.client_with("another-token").own_account().unwrap_err());
    assert!(refused.message.starts_with("GitHub does not accept the token for `GET /user` (401)"), "{refused}");
}
