//! The keys of the announcement of a release by mail.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::text::is_steering;
use crate::project::config::repository::{FolderPath, TimeLimit};

/// `[announce]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct AnnounceKeys {
    /// Who gets the mail; a text in place of a list is one address. Empty: releases of this project are not announced.
    #[serde(deserialize_with = "one_or_more")]
    pub to: Vec<MailAddress>,
    /// Who gets a copy.
    #[serde(deserialize_with = "one_or_more")]
    pub cc: Vec<MailAddress>,
    /// Who sends the mail.
    pub from: Option<MailAddress>,
    /// Who gets the answers. Default: the sender.
    pub reply_to: Option<MailAddress>,
    /// The server that takes the mail.
    pub smtp: Option<MailServer>,
    /// The program that takes the mail, in place of a server.
    pub sendmail: Option<SendmailPath>,
    /// The file with `USER:PASSWORD` for the server, relative to the project.
    pub password_file: Option<FolderPath>,
    /// The file with subject and body, relative to the project. Default: the built-in text.
    pub template: Option<String>,
    /// The pause before the second try, after a temporary refusal; each further pause is twice as long.
    pub retry: TimeLimit,
}

impl Default for AnnounceKeys {
    fn default() -> AnnounceKeys {
        AnnounceKeys {
            to: Vec::new(),
            cc: Vec::new(),
            from: None,
            reply_to: None,
            smtp: None,
            sendmail: None,
            password_file: None,
            template: None,
            retry: TimeLimit(std::time::Duration::from_secs(30)),
        }
    }
}

impl AnnounceKeys {
    /// Whether the releases of the project are announced.
    pub fn is_configured(&self) -> bool {
        !self.to.is_empty()
    }

    /// Whether the program can send the mail itself.
    pub fn can_send(&self) -> bool {
        self.smtp.is_some() || self.sendmail.is_some()
    }

    /// Why the keys do not fit together; `None` where they do.
    pub fn find_conflict(&self) -> Option<&'static str> {
        if !self.is_configured() {
            return Some("`announce.to` is not set: nobody gets the announcements");
        }
        if self.from.is_none() {
            return Some("`announce.from` is not set: a mail has a sender");
        }
        if self.smtp.is_some() && self.sendmail.is_some() {
            return Some("`announce.smtp` and `announce.sendmail` are both set: one of them sends the mail");
        }
        if self.password_file.is_some() && self.smtp.is_none() {
            return Some("`announce.password-file` is set without `announce.smtp`: a password is for a server");
        }
        None
    }
}

/// A mail address in ASCII, with the name of its owner: `lago-devel@example.org`, or `Lago <lago-devel@example.org>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress {
    name: Option<String>,
    local: String,
    domain: String,
}

impl MailAddress {
    /// The name, in any language.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What is after the `@`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address without the name.
    pub fn plain(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }
}

impl TryFrom<String> for MailAddress {
    type Error = String;

    fn try_from(text: String) -> Result<MailAddress, String> {
        parse_address(&text).ok_or_else(|| {
            format!(
                "`{}` is not a mail address: write `name@example.org` or `Name <name@example.org>`",
                text.escape_debug()
            )
        })
    }
}

fn parse_address(text: &str) -> Option<MailAddress> {
    let (name, address) = match text.strip_suffix('>') {
        Some(rest) => {
            let (name, address) = rest.split_once('<')?;
            let name = name.trim();
            (Some(name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)), address)
        }
        None => (None, text),
    };
    let name = name.filter(|name| !name.is_empty());
    let breaks_header = |letter: char| is_steering(letter) || "<>\"\\".contains(letter);
    if name.is_some_and(|name| name.contains(breaks_header)) || address.len() > 254 {
        return None;
    }
    let (local, domain) = address.split_once('@')?;
    let is_atom = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(letter);
    let fits = |part: &str, is_letter: &dyn Fn(char) -> bool| {
        part.split('.').all(|word| !word.is_empty() && !word.starts_with('-') && word.chars().all(is_letter))
    };
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    (local.len() <= 64 && fits(local, &is_atom) && fits(domain, &is_host)).then(|| MailAddress {
        name: name.map(str::to_owned),
        local: local.to_owned(),
        domain: domain.to_owned(),
    })
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.plain()),
            None => f.write_str(&self.plain()),
        }
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> String {
        address.to_string()
    }
}

/// One address, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<MailAddress>, D::Error> {
    struct OneOrMore;

    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<MailAddress>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<MailAddress>, E> {
            MailAddress::try_from(text.to_owned()).map(|address| vec![address]).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<MailAddress>, A::Error> {
            let mut addresses = Vec::new();
            while let Some(address) = list.next_element()? {
                addresses.push(address);
            }
            Ok(addresses)
        }
    }

    from.deserialize_any(OneOrMore)
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailEncryption {
    /// `smtps://`: from its beginning.
    FromStart,
    /// `smtp://`: by STARTTLS.
    StartTls,
}

/// The address of a mail server: `smtps://mail.example.org`, `smtp://mail.example.org:587`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailServer {
    /// How the connection is encrypted.
    pub encryption: MailEncryption,
    /// A name or an address; that of IPv6 in brackets.
    host: String,
    port: Option<u16>,
}

impl MailServer {
    /// Whether the server is on this machine.
    pub fn is_local(&self) -> bool {
        let is_loopback = |host: &str| host.parse::<core::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        self.host.eq_ignore_ascii_case("localhost") || self.host == "[::1]" || is_loopback(&self.host)
    }
}

impl TryFrom<String> for MailServer {
    type Error = String;

    fn try_from(text: String) -> Result<MailServer, String> {
        parse_server(&text).ok_or_else(|| {
            let shown = text.escape_debug();
            format!("`{shown}` is not a mail server: write `smtps://HOST`, `smtp://HOST` or `smtp://HOST:PORT`")
        })
    }
}

fn parse_server(text: &str) -> Option<MailServer> {
    let (encryption, rest) = match text.split_once("://")? {
        ("smtps", rest) => (MailEncryption::FromStart, rest),
        ("smtp", rest) => (MailEncryption::StartTls, rest),
        _ => return None,
    };
    let end = rest.find(']').map_or(0, |at| at + 1);
    let (host, port) = match rest[end..].rfind(':') {
        Some(at) => (&rest[..end + at], Some(rest[end + at + 1..].parse::<u16>().ok().filter(|port| *port > 0)?)),
        None => (rest, None),
    };
    let is_name = |host: &str| {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
        host.starts_with(|first: char| first.is_ascii_alphanumeric()) && host.chars().all(fits)
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fits = inner.map_or_else(|| is_name(host), |inner| inner.parse::<core::net::Ipv6Addr>().is_ok());
    fits.then(|| MailServer { encryption, host: host.to_owned(), port })
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encryption == MailEncryption::FromStart { "smtps" } else { "smtp" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl From<MailServer> for String {
    fn from(server: MailServer) -> String {
        server.to_string()
    }
}

/// The whole path of a program with the arguments of sendmail, such as `/usr/sbin/sendmail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SendmailPath(String);

impl TryFrom<String> for SendmailPath {
    type Error = String;

    fn try_from(text: String) -> Result<SendmailPath, String> {
        if text.starts_with('/') && !text.contains(is_steering) {
            return Ok(SendmailPath(text));
        }
        let shown = text.escape_debug();
        Err(format!(
            "`{shown}` is not the whole path of a program, such as `/usr/sbin/sendmail`; arguments are not possible"
        ))
    }
}

impl fmt::Display for SendmailPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_break_a_header_or_an_argument() {
        for (text, shown) in [
            ("a@b", "a@b"),
            ("first.last+tag@mail.example.org", "first.last+tag@mail.example.org"),
            ("Caf\u{e9} <a@example.org>", "Caf\u{e9} <a@example.org>"),
            ("\"Example, Ada\" <a@example.org>", "Example, Ada <a@example.org>"),
            ("<a@example.org>", "a@example.org"),
        ] {
            assert_eq!(MailAddress::try_from(text.to_owned()).map(|address| address.to_string()).as_deref(), Ok(shown));
        }
        for text in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "-a@b",
            "a@-b",
            "a..b@c",
            ".a@b",
            "a@b.",
            "a@b>",
            "x <a@b",
            "a@b, c@d",
            "A\r\nBcc: x@y <a@b>",
            "a@b\r\n",
            "a\n@b",
            "a@b\0",
            "\u{202e}x <a@b>",
            "x\" <a@b>",
            "caf\u{e9}@example.org",
            "a@[127.0.0.1]",
            "a(c)@b",
        ] {
            assert!(MailAddress::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_server_has_a_scheme_a_host_and_perhaps_a_port() {
        let local =
            |text: &str| MailServer::try_from(text.to_owned()).map(|server| (server.to_string(), server.is_local()));
        for (text, is_local) in [
            ("smtp://127.0.0.1:2525", true),
            ("smtp://localhost", true),
            ("smtps://[::1]:465", true),
            ("smtps://mail.example.org", false),
            ("smtp://127.0.0.1.example.org", false),
            ("smtp://10.0.0.1", false),
            ("smtp://[2001:db8::1]", false),
        ] {
            assert_eq!(local(text), Ok((text.to_owned(), is_local)));
        }
        for text in [
            "",
            "mail.example.org",
            "http://x",
            "smtp://",
            "smtp://user@x",
            "smtp://x/y",
            "smtp://x:0",
            "smtp://x:65536",
            "smtp://x:",
            "smtp://a b",
            "smtp://-x",
            "smtp://[x]",
            "smtp://[::1",
            "smtp://x\n",
        ] {
            assert!(local(text).is_err(), "{text:?}");
        }
    }
}
