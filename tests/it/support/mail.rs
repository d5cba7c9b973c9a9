//! Mail servers on the loopback, and mails as Python's parser of mails reads them.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tempfile::TempDir;

use super::program::run_in;
use super::root;

/// A mail, read.
#[derive(Debug, Deserialize)]
pub struct ReadMail {
    /// By the name in lower case.
    pub headers: BTreeMap<String, String>,
    pub text: String,
    /// The encoding of each part.
    pub encodings: Vec<String>,
    /// The attached files by name.
    pub files: BTreeMap<String, String>,
}

/// Reads a mail; nothing may be wrong with it.
#[track_caller]
pub fn read_mail(path: &Path) -> ReadMail {
    let script = root().join("tests/it/doubles/read_mail.py");
    let args = [script.to_str().unwrap(), path.to_str().unwrap()];
    let text = run_in(Path::new("/"), "/usr/bin/python3", &args, &[]).exits(0).stdout;
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["defects"], serde_json::json!([]), "{}", path.display());
    serde_json::from_value(value).unwrap()
}

/// Encryption of the double.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    None,
    StartTls,
    FromStart,
}

/// A mail server; it ends with the value.
pub struct MailServerProcess {
    folder: TempDir,
    child: Child,
    pub port: u16,
}

impl MailServerProcess {
    /// The double, which behaves as `scenario` says (JSON, see `doubles/mail.py`).
    pub fn double(scenario: &str, encryption: Encryption) -> MailServerProcess {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("scenario"), scenario).unwrap();
        let python = root().join("target/test-tools/bin/python");
        assert!(python.exists(), "there is no `{}`: run `scripts/install-test-tools`", python.display());
        let mut command = Command::new(python);
        command.arg(root().join("tests/it/doubles/mail.py")).arg("--place").arg(folder.path());
        if encryption != Encryption::None {
            make_certificate(folder.path());
            command.arg("--cert").arg(path("cert")).arg("--key").arg(path("key"));
        }
        if encryption == Encryption::FromStart {
            command.arg("--smtps");
        }
        let child = start(&mut command, folder.path());
        let mut server = MailServerProcess { folder, child, port: 0 };
        let said = server.wait_for(|server| {
            let said = std::fs::read_to_string(server.join("output")).unwrap_or_default();
            said.strip_prefix("listening on ")?.trim_end().parse().ok()
        });
        server.port = said;
        server
    }

    /// The real Postfix, which requires STARTTLS and the login `ada` with this password.
    pub fn postfix(password: &str) -> MailServerProcess {
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        assert!(is_root, "this test runs Postfix in a namespace: run it as root");
        let files = root().join("target/test-postfix");
        assert!(files.exists(), "there is no `{}`: run `scripts/install-test-tools`", files.display());
        let folder = tempfile::tempdir().unwrap();
        // Its processes run as other users.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        make_certificate(folder.path());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("unshare");
        command.arg("--mount").arg(root().join("tests/it/doubles/postfix")).arg(files).arg(folder.path());
        command.args([&port.to_string(), password]);
        let child = start(&mut command, folder.path());
        let mut server = MailServerProcess { folder, child, port };
        server.wait_for(|server| std::net::TcpStream::connect(("127.0.0.1", server.port)).ok());
        server
    }

    /// A path in its folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The variable that makes curl trust its certificate.
    pub fn trust(&self) -> (&'static str, String) {
        ("CURL_CA_BUNDLE", self.join("cert").display().to_string())
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, scenario: &str) {
        std::fs::write(self.join("scenario"), scenario).unwrap();
    }

    /// The mails that the double has, in order.
    pub fn mails(&self) -> Vec<PathBuf> {
        let mut mails: Vec<PathBuf> =
            std::fs::read_dir(self.join("box")).unwrap().map(|entry| entry.unwrap().path()).collect();
        mails.sort();
        mails
    }

    /// What the double has noted: a line for each command.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.join("log")).unwrap_or_default()
    }

    /// Waits until the file with the mails of Postfix has `count` mails; the files of the mails.
    #[track_caller]
    pub fn delivered(&mut self, count: usize) -> Vec<PathBuf> {
        const SPLIT: &str = "import mailbox, sys\nfor number, mail in enumerate(mailbox.mbox(sys.argv[1])):\n    \
            open(f'{sys.argv[2]}/{number}.eml', 'wb').write(mail.as_bytes())\nprint(number + 1)\n";
        let mails = self.join("mails");
        std::fs::create_dir_all(&mails).unwrap();
        self.wait_for(|server| {
            let mbox = server.join("box/lago-devel");
            let text = std::fs::read(&mbox).ok()?;
            let begins = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"From ")).count();
            (begins >= count && text.ends_with(b"\n\n")).then_some(())
        });
        let (mbox, place) = (self.join("box/lago-devel").display().to_string(), mails.display().to_string());
        let found = run_in(Path::new("/"), "/usr/bin/python3", &["-c", SPLIT, &mbox, &place], &[]).exits(0).stdout;
        assert_eq!(found.trim_end(), count.to_string());
        (0..count).map(|number| mails.join(format!("{number}.eml"))).collect()
    }

    #[track_caller]
    fn wait_for<T>(&mut self, look: impl Fn(&MailServerProcess) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let read = |name: &str| std::fs::read_to_string(self.join(name)).unwrap_or_default();
            let said = format!("{}{}{}", read("output"), read("errors"), read("log"));
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "{ended:?}: {said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn start(command: &mut Command, folder: &Path) -> Child {
    let file = |name: &str| Stdio::from(std::fs::File::create(folder.join(name)).unwrap());
    command.stdin(Stdio::null()).stdout(file("output")).stderr(file("errors")).process_group(0);
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A certificate for `mail.localhost`, a name that curl finds on the loopback.
fn make_certificate(folder: &Path) {
    let args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=mail.localhost \
        -addext subjectAltName=DNS:mail.localhost,DNS:localhost,IP:127.0.0.1 -keyout key -out cert";
    run_in(folder, "openssl", &args.split_whitespace().collect::<Vec<_>>(), &[]).exits(0);
}

impl Drop for MailServerProcess {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // It may have ended by itself, which is as good.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        drop(self.child.wait());
    }
}
