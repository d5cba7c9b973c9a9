//! The bytes of a mail: the same text gives the same bytes.
//!
//! The text is UTF-8 in quoted-printable, whatever it is, so that no line is longer than 76 characters on its way and archives of mailing
//! lists can search it. The identifier and the date come from the release: a mail that is sent again is recognised as the same one.

use std::borrow::Cow;

use encodify::qp;
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use crate::announce::text::AnnouncedText;
use crate::base::digest::digest_of;
use crate::history::Version;
use crate::project::config::{MailAddress, Name};

/// Who sends a mail, and who gets it.
#[derive(Clone, Debug)]
pub struct MailPeople {
    pub from: MailAddress,
    pub to: Vec<MailAddress>,
    pub cc: Vec<MailAddress>,
    /// `None`: answers go to the sender.
    pub reply_to: Option<MailAddress>,
}

impl MailPeople {
    /// The addresses that the mail is delivered to, each once.
    pub fn recipients(&self) -> Vec<String> {
        let mut recipients: Vec<String> = Vec::new();
        for address in self.to.iter().chain(&self.cc).map(MailAddress::plain) {
            if !recipients.contains(&address) {
                recipients.push(address);
            }
        }
        recipients
    }
}

/// A whole file beside the text.
#[derive(Clone, Debug)]
pub struct MailAttachment {
    /// ASCII, such as `ChangeLog-1.0.4.txt`.
    pub file_name: String,
    pub content: String,
}

/// The identifier of the announcement of a version, without angle brackets.
pub fn message_id(name: &Name, version: &Version, from: &MailAddress) -> String {
    format!("{name}-{version}.announce@{}", from.domain())
}

/// The mail with the line ends of the network. `date` is the time of the promotion, `id` that of [`message_id`].
pub fn write_mail(
    people: &MailPeople,
    text: &AnnouncedText,
    attachment: Option<&MailAttachment>,
    date: Timestamp,
    id: &str,
) -> Vec<u8> {
    let mut mail = MessageBuilder::new().from(mailbox(&people.from)).to(mailboxes(&people.to));
    if !people.cc.is_empty() {
        mail = mail.cc(mailboxes(&people.cc));
    }
    if let Some(address) = &people.reply_to {
        mail = mail.reply_to(mailbox(address));
    }
    let mail = mail.subject(text.subject.as_str()).date(date.as_second()).message_id(id);
    let mail = mail.header("Auto-Submitted", Raw::new("auto-generated"));
    let body = match attachment {
        None => plain(&text.body),
        Some(MailAttachment { file_name, content }) => {
            // `=_` cannot be in quoted-printable text.
            let boundary = format!("=_releng-{:.32}", digest_of(content.as_bytes()).to_string());
            let mixed = ContentType::new("multipart/mixed").attribute("boundary", boundary);
            MimePart::new(mixed, vec![plain(&text.body), plain(content).attachment(file_name.as_str())])
        }
    };
    let mut bytes = Vec::new();
    mail.body(body).serialize(&mut bytes);
    protect_from_lines(&bytes)
}

/// A text, encoded here: the library would take base64 for some.
fn plain(text: &str) -> MimePart<'static> {
    let encoded = qp::BODY.encode(text);
    MimePart::new("text/plain", encoded).transfer_encoding("quoted-printable")
}

fn mailboxes(addresses: &[MailAddress]) -> Address<'_> {
    Address::new_list(addresses.iter().map(mailbox).collect())
}

fn mailbox(address: &MailAddress) -> Address<'_> {
    Address::new_address(address.name().map(Cow::from), address.plain())
}

/// Encodes the `F` of lines that begin with `From `. A program that keeps mails in one file would write `>` before such a line. In a
/// header there is none: it has a colon.
fn protect_from_lines(mail: &[u8]) -> Vec<u8> {
    let mut protected = Vec::with_capacity(mail.len());
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"From ") {
            Some(rest) => protected.extend([&b"=46rom "[..], rest].concat()),
            None => protected.extend(line),
        }
    }
    protected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> MailAddress {
        MailAddress::try_from(text.to_owned()).unwrap()
    }

    fn mail(body: &str, attachment: Option<&MailAttachment>) -> String {
        let people = MailPeople {
            from: address("Caf\u{e9} \u{65e5}\u{672c} <releases@example.org>"),
            to: vec![address("lago-devel@example.org"), address("Users, all <users@example.org>")],
            cc: vec![address("lago-devel@example.org")],
            reply_to: Some(address("ask@example.org")),
        };
        assert_eq!(people.recipients(), ["lago-devel@example.org", "users@example.org"]);
        let text = AnnouncedText { subject: "[01-03-2026] New lago release - 1.0.2".to_owned(), body: body.to_owned() };
        let date = "2026-03-01T03:04:05Z".parse().unwrap();
        String::from_utf8(write_mail(&people, &text, attachment, date, "lago-1.0.2.announce@example.org")).unwrap()
    }

    #[test]
    fn the_headers_come_from_the_release() {
        let mail = mail("Hello\n", None);
        for line in [
            "To: <lago-devel@example.org>, \"Users, all\" <users@example.org>",
            "Cc: <lago-devel@example.org>",
            "Reply-To: <ask@example.org>",
            "Subject: [01-03-2026] New lago release - 1.0.2",
            "Date: Sun, 1 Mar 2026 03:04:05 +0000",
            "Message-ID: <lago-1.0.2.announce@example.org>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=\"utf-8\"",
            "Content-Transfer-Encoding: quoted-printable",
        ] {
            assert!(mail.split("\r\n").any(|found| found == line), "no `{line}` in:\n{mail}");
        }
        assert!(mail.starts_with("From: =?utf-8?B?") && mail.ends_with("\r\n\r\nHello\r\n"), "{mail}");
    }

    #[test]
    fn every_line_is_short_ascii_with_the_line_end_of_the_network() {
        let body = format!("From me\n.\n..two\n{}\ncaf\u{e9}=\n \t\n", "x".repeat(1500));
        let whole = MailAttachment { file_name: "ChangeLog-1.0.2.txt".to_owned(), content: "From \u{e9}\n".repeat(9) };
        for mail in [mail(&body, None), mail(&body, Some(&whole))] {
            assert!(
                mail.is_ascii() && !mail.contains("\r\r") && mail.matches('\n').count() == mail.matches("\r\n").count()
            );
            for line in mail.split("\r\n") {
                assert!(line.len() <= 78 && !line.starts_with("From ") && !line.ends_with(' '), "{line}");
            }
        }
        assert_eq!(mail(&body, Some(&whole)), mail(&body, Some(&whole)));
        assert!(mail(&body, Some(&whole)).contains("boundary=\"=_releng-"));
    }
}
