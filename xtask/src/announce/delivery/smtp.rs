//! Hands a mail to a server, by curl. Its configuration goes to its standard input, so that no password is in its arguments, which every
//! user of the machine can list.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::announce::delivery::answer::MailAnswer;
use crate::announce::delivery::dialogue::read_answer;
use crate::announce::delivery::password::MailLogin;
use crate::announce::delivery::ready_mail::ReadyMail;
use crate::base::process::Program;
use crate::project::config::{MailEncryption, MailServer};

/// The seconds that curl waits for a connection.
const CONNECT_TIME: u32 = 60;

/// The seconds that curl gives one delivery. A server may take ten minutes for its last answer (RFC 5321, 4.5.3.2.6).
const MAX_TIME: u32 = 900;

/// The limit of the curl process itself; curl ends at [`MAX_TIME`] unless it hangs.
const LIMIT: Duration = Duration::from_secs(930);

/// Hands over the mail. If the server refuses one of the recipients, nobody gets it.
///
/// Errors: there is no curl.
pub fn deliver(server: &MailServer, login: Option<&MailLogin>, mail: &ReadyMail<'_>) -> Result<MailAnswer> {
    // The file ~/.curlrc is for other uses of curl.
    let args = ["--disable", "--config", "-"].map(Into::into).to_vec();
    let input = render_config(server, login, mail, &own_name()).into_bytes();
    let curl = Program { program: "curl".as_ref(), args, folder: Path::new("/"), variables: Vec::new(), input };
    match curl.run_within(LIMIT) {
        Ok(said) => Ok(read_answer(said.status.code(), &String::from_utf8_lossy(&said.errors))),
        Err(error) => MailAnswer::of_killed(error),
    }
}

/// The name of this machine, with which it introduces itself.
fn own_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let is_name = |name: &&str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter));
    Some(name.trim()).filter(|name| !name.is_empty()).filter(is_name).unwrap_or("localhost").to_owned()
}

fn render_config(server: &MailServer, login: Option<&MailLogin>, mail: &ReadyMail<'_>, own_name: &str) -> String {
    let mut config = String::from("silent\nshow-error\nverbose\n");
    let mut set = |option: &str, value: &str| config.push_str(&format!("{option} = {}\n", quoted(value)));
    // Without a path, curl would introduce itself by the name of the file.
    set("url", &format!("{server}/{own_name}"));
    set("proto", "=smtp,smtps");
    set("connect-timeout", &CONNECT_TIME.to_string());
    set("max-time", &MAX_TIME.to_string());
    set("mail-from", &mail.from);
    for recipient in &mail.recipients {
        set("mail-rcpt", recipient);
    }
    set("upload-file", &mail.file.to_string_lossy());
    if let Some(MailLogin { user, password }) = login {
        set("user", &format!("{user}:{password}"));
    }
    match server.encryption {
        MailEncryption::FromStart => {}
        // To this machine, encryption is used where the server offers it.
        MailEncryption::StartTls if server.is_local() => config.push_str("ssl\n"),
        MailEncryption::StartTls => config.push_str("ssl-reqd\n"),
    }
    config
}

/// A value in the quotes of curl's configuration.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(server: &str, login: Option<&MailLogin>) -> String {
        let recipients = vec!["a@b".to_owned(), "c@d".to_owned()];
        let mail = ReadyMail { file: Path::new("/x \"y\".eml"), content: b"", from: "e@f".to_owned(), recipients };
        render_config(&MailServer::try_from(server.to_owned()).unwrap(), login, &mail, "here")
    }

    #[test]
    fn encryption_is_required_unless_the_server_is_on_this_machine() {
        let has = |server: &str, option: &str| config(server, None).lines().any(|line| line == option);
        assert!(has("smtp://mail.example.org", "ssl-reqd") && !has("smtp://mail.example.org", "ssl"));
        assert!(has("smtp://localhost:25", "ssl") && !has("smtp://localhost:25", "ssl-reqd"));
        assert!(has("smtps://mail.example.org", "url = \"smtps://mail.example.org/here\""));
    }

    #[test]
    fn no_value_becomes_an_option() {
        let login = MailLogin { user: "ada".to_owned(), password: "a\"b\\c # d".to_owned() };
        let config = config("smtps://x", Some(&login));
        assert!(config.contains("\nuser = \"ada:a\\\"b\\\\c # d\"\n"), "{config}");
        assert!(config.contains("\nupload-file = \"/x \\\"y\\\".eml\"\n"), "{config}");
        assert!(config.contains("\nmail-rcpt = \"a@b\"\nmail-rcpt = \"c@d\"\n"), "{config}");
    }
}
