//! What a bad answer of a forge means for a person.

use anyhow::Result;
use serde_json::Value;

use crate::base::error::{Exit, Failure, committed};
use crate::base::http::{HttpAnswer, HttpFault};
use crate::base::text::{one_line, shorten};
use crate::project::config::ForgeKind;

/// The characters of an answer that a message quotes.
const QUOTED: usize = 300;

/// The failure for an answer that is no success. `what` is the request, such as ``POST /repos/a/b/labels``.
pub fn refusal(kind: ForgeKind, what: &str, answer: &HttpAnswer) -> Failure {
    let status = answer.status;
    let said = said(&answer.body);
    let failure = |exit: Exit, verb: &str| {
        let end = if said.is_empty() { String::new() } else { format!(": {said}") };
        Failure::new(exit, format!("{kind} {verb} `{what}` ({status}){end}"))
    };
    match status {
        401 => failure(Exit::NotAllowed, "does not accept the token for")
            .help("renew the token: docs/forges.md says how it is made and where it is stated"),
        403 => failure(Exit::NotAllowed, "does not allow")
            .help("give the token the rights that docs/forges.md lists for this forge"),
        404 | 410 => failure(Exit::Failed, "has nothing for")
            .help("is `ci.forge-project` right, and may the token see this repository?"),
        408 | 429 | 500..=599 => failure(Exit::TryAgain, "failed at").help("wait, and run the same command again"),
        300..=399 => failure(Exit::Usage, "sends somewhere else at").help(committed(
            "change `ci.forge-url`, `ci.forge-project` or the address of the remote if the forge has moved",
        )),
        _ => failure(Exit::Failed, "refuses"),
    }
}

/// Whether the forge refuses a request for what it is about, such as a status of a commit that has too many: another try or another token does not
/// help. A token that is too weak, and a forge that fails, are other errors.
pub fn is_refused(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::Failed)
}

/// Sets a refusal apart from other errors: what the forge refuses, or `None` if it was done.
///
/// Errors: another one than a refusal, see [`is_refused`].
pub fn take_refusal(done: Result<()>) -> Result<Option<anyhow::Error>> {
    match done {
        Err(error) if is_refused(&error) => Ok(Some(error)),
        done => done.map(|()| None),
    }
}

/// The failure for a request that has no answer, after the last try.
pub fn no_answer(kind: ForgeKind, what: &str, fault: &HttpFault) -> Failure {
    match fault {
        HttpFault::NotSent(why) | HttpFault::Unanswered(why) => {
            Failure::new(Exit::TryAgain, format!("cannot reach {kind} for `{what}`: {why}"))
                .help("check the network and `ci.forge-url`; then run the same command again")
        }
        HttpFault::TooLong => Failure::new(Exit::Failed, format!("the answer of {kind} to `{what}` is too long"))
            .help("is `ci.forge-url` the address of the API? If it is, and this belongs to a pull request, close that one, and propose its branch in a new one"),
        HttpFault::Refused(why) => Failure::new(Exit::Usage, format!("cannot ask {kind} for `{what}`: {why}"))
            .help("check `ci.forge-url`; the file of a private certificate authority is named by `CURL_CA_BUNDLE`"),
    }
}

/// The failure for an answer of success whose content is not what was asked for.
pub fn unreadable(kind: ForgeKind, what: &str, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("cannot read the answer of {kind} to `{what}`: {}", one_line(why)))
        .help("is `ci.forge-url` the address of the API, and `ci.forge` the right kind of forge?")
}

/// The words of an answer on one line: `message` and `errors` of GitHub and Forgejo, `message`, `error` and `error_description` of GitLab;
/// else the beginning of the text.
fn said(body: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
        return shorten(&one_line(body), QUOTED);
    };
    let mut words = Vec::new();
    for name in ["message", "error", "error_description", "errors"] {
        if let Some(value) = fields.get(name) {
            collect_words(value, &mut words);
        }
    }
    shorten(&one_line(&words.join("; ")), QUOTED)
}

fn collect_words(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => words.push(text.clone()),
        Value::Array(values) => {
            for value in values {
                collect_words(value, words);
            }
        }
        Value::Object(fields) => {
            for value in fields.values() {
                collect_words(value, words);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_words_of_the_forge_and_steers_nothing() {
        for (body, expected) in [
            ("", ""),
            ("<html>\n<b>x</b>", "<html> <b>x</b>"),
            (r#"{"message": "Bad credentials", "documentation_url": "https://x"}"#, "Bad credentials"),
            (
                r#"{"message": "Validation Failed", "errors": [{"resource": "ReleaseAsset", "code": "already_exists"}]}"#,
                "Validation Failed; already_exists; ReleaseAsset",
            ),
            (r#"{"message": {"base": ["a", "b"]}}"#, "a; b"),
            (r#"{"error": "insufficient_scope", "error_description": "more"}"#, "insufficient_scope; more"),
            ("{\"message\": \"a\\u001b[2J\\n::error::b\"}", "a[2J ::error::b"),
        ] {
            assert_eq!(said(body), expected, "{body}");
        }
        assert_eq!(said(&"x".repeat(5000)).chars().count(), QUOTED);
    }

    #[test]
    fn the_exit_code_says_what_can_be_done() {
        let of = |status: u16| refusal(ForgeKind::Gitlab, "GET /user", &HttpAnswer { status, ..HttpAnswer::default() });
        assert_eq!(of(401).message, "GitLab does not accept the token for `GET /user` (401)");
        for (status, exit) in [
            (401, Exit::NotAllowed),
            (403, Exit::NotAllowed),
            (404, Exit::Failed),
            (302, Exit::Usage),
            (422, Exit::Failed),
            (503, Exit::TryAgain),
        ] {
            assert_eq!(of(status).exit, exit, "{status}");
            assert_eq!(is_refused(&of(status).into()), exit == Exit::Failed, "{status}");
        }
    }
}
