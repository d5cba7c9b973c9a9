//! Reads the answer of a mail server out of what `curl --verbose` prints: `> ` before each line that it sends, `< ` before each line
//! that the server answers. The mail itself is not printed. RFC 5321: an answer is three digits; 4xx is temporary, 5xx is final, and
//! after the last line of a mail only the answer tells whether the server has taken it.

use crate::announce::delivery::answer::MailAnswer;
use crate::base::text::{one_line, shorten};

/// The exit codes of curl where there was no connection, or it broke off: no address for the name, no connection, a time limit, an
/// empty answer, a failed send or receive.
const NO_CONNECTION: [i32; 7] = [5, 6, 7, 28, 52, 55, 56];

/// The exit code of curl for a server without STARTTLS.
const NO_ENCRYPTION: i32 = 64;

/// The longest answer that is kept, in characters.
const LONGEST: usize = 300;

/// The answer by the exit code of curl (`None`: a signal ended it) and its standard error.
pub fn read_answer(code: Option<i32>, trace: &str) -> MailAnswer {
    let Dialogue { last, after_mail, sends_mail } = Dialogue::read(trace);
    match (&after_mail, sends_mail) {
        (Some(answer), _) if answer.starts_with('2') => return MailAnswer::Taken(answer.clone()),
        (Some(answer), _) => return refusal(answer.clone()),
        (None, true) => {
            return MailAnswer::Unknown(format!("no answer after the last line of the mail: {}", curls_reason(trace)));
        }
        (None, false) => {}
    }
    if let Some(answer) = last.filter(|answer| answer.starts_with(['4', '5'])) {
        return refusal(answer);
    }
    let reason = curls_reason(trace);
    match code {
        Some(NO_ENCRYPTION) => MailAnswer::Refused(format!("the server offers no encryption (STARTTLS): {reason}")),
        Some(code) if NO_CONNECTION.contains(&code) => MailAnswer::NotNow(reason),
        _ => MailAnswer::Refused(reason),
    }
}

fn refusal(answer: String) -> MailAnswer {
    if answer.starts_with('4') { MailAnswer::NotNow(answer) } else { MailAnswer::Refused(answer) }
}

/// The last line of curl, such as `curl: (7) Failed to connect`. What curl has sent is left out: it has the password.
fn curls_reason(trace: &str) -> String {
    let said = trace.lines().rev().filter(|line| !line.starts_with("> "));
    let reason = said.clone().find(|line| line.starts_with("curl: "));
    let reason =
        reason.or_else(|| said.clone().find(|line| !line.trim().is_empty())).unwrap_or("curl printed no reason");
    shorten(&one_line(reason.trim_start_matches("curl: ")), LONGEST)
}

/// What the server has answered.
#[derive(Default)]
struct Dialogue {
    /// The last answer to anything but QUIT.
    last: Option<String>,
    /// The first answer after the mail.
    after_mail: Option<String>,
    /// Whether the server has asked for the mail (354).
    sends_mail: bool,
}

impl Dialogue {
    fn read(trace: &str) -> Dialogue {
        let mut dialogue = Dialogue::default();
        let mut sent = String::new();
        let mut answer = String::new();
        for line in trace.lines() {
            if let Some(command) = line.strip_prefix("> ") {
                sent = command.trim_end().to_ascii_uppercase();
                continue;
            }
            let Some(text) = line.strip_prefix("< ").map(str::trim_end) else { continue };
            let (code, rest) = text.split_at_checked(3).unwrap_or((text, ""));
            if !code.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let words = rest.get(1..).unwrap_or_default();
            answer = if answer.is_empty() { format!("{code} {words}") } else { format!("{answer} {words}") };
            if rest.starts_with('-') {
                continue;
            }
            let whole = shorten(&one_line(&std::mem::take(&mut answer)), LONGEST);
            if sent == "DATA" && dialogue.sends_mail && dialogue.after_mail.is_none() {
                dialogue.after_mail = Some(whole.clone());
            }
            dialogue.sends_mail |= sent == "DATA" && code == "354";
            // curl says goodbye after a refusal, too.
            if sent != "QUIT" {
                dialogue.last = Some(whole);
            }
        }
        dialogue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "*   Trying 127.0.0.1:25...\n< 220 mail ESMTP\n> EHLO here\n< 250-mail\n< 250-SIZE 100\n< 250 HELP\n\
        > MAIL FROM:<a@b> SIZE=9\n";

    #[track_caller]
    fn reads(code: i32, rest: &str, expected: MailAnswer) {
        assert_eq!(read_answer(Some(code), &format!("{BEGIN}{rest}").replace('\n', "\r\n")), expected, "{rest}");
    }

    #[test]
    fn only_the_answer_after_the_mail_tells_that_it_was_taken() {
        let data = "< 250 OK\n> RCPT TO:<c@d>\n< 250 OK\n> DATA\n< 354 go on\n";
        let taken = MailAnswer::Taken("250 2.0.0 queued as 7".to_owned());
        reads(0, &format!("{data}< 250 2.0.0 queued as 7\n> QUIT\n< 221 bye\n"), taken.clone());
        // The connection broke off after that.
        reads(56, &format!("{data}< 250 2.0.0 queued as 7\n> QUIT\ncurl: (56) x\n"), taken);
        reads(8, &format!("{data}< 451 later\ncurl: (8) x\n"), MailAnswer::NotNow("451 later".to_owned()));
        let refused = MailAnswer::Refused("552 too much mail data".to_owned());
        reads(56, &format!("{data}< 552-too much\n< 552 mail data\n"), refused);
        let unknown = "no answer after the last line of the mail: (56) response reading failed";
        reads(56, &format!("{data}curl: (56) response reading failed\n"), MailAnswer::Unknown(unknown.to_owned()));
        let unknown = "no answer after the last line of the mail: < 354 go on";
        reads(0, data, MailAnswer::Unknown(unknown.to_owned()));
    }

    #[test]
    fn before_the_mail_4xx_and_no_connection_are_temporary() {
        reads(55, "< 550 no\n> QUIT\n< 221 bye\ncurl: (55) x\n", MailAnswer::Refused("550 no".to_owned()));
        reads(
            55,
            "< 452 full\n> QUIT\n< 221 bye\ncurl: (55) MAIL failed: 452\n",
            MailAnswer::NotNow("452 full".to_owned()),
        );
        reads(55, "< 552 too big\ncurl: (55) MAIL failed: 552\n", MailAnswer::Refused("552 too big".to_owned()));
        reads(55, "< 250 OK\n> DATA\n< 554 no\n> QUIT\n< 554 no\n", MailAnswer::Refused("554 no".to_owned()));
        reads(56, "curl: (56) reset\n", MailAnswer::NotNow("(56) reset".to_owned()));
        reads(60, "curl: (60) SSL: \u{1b}no\n", MailAnswer::Refused("(60) SSL: no".to_owned()));
        assert!(matches!(read_answer(Some(64), "curl: (64) x"), MailAnswer::Refused(why) if why.contains("STARTTLS")));
        assert_eq!(read_answer(Some(7), "curl: (7) y"), MailAnswer::NotNow("(7) y".to_owned()));
        assert_eq!(read_answer(None, ""), MailAnswer::Refused("curl printed no reason".to_owned()));
        // The password is not shown.
        assert_eq!(
            read_answer(None, "> AUTH PLAIN c2VjcmV0\n"),
            MailAnswer::Refused("curl printed no reason".to_owned())
        );
    }
}
