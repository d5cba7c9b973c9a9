//! Throw-away keys in a folder of GnuPG of their own.

use std::path::Path;

use tempfile::TempDir;

use super::program::{Ran, run_in};

/// A folder of GnuPG. Its path is short: the agent's socket is in it, and the name of a socket has 107 letters at most.
pub struct Keys {
    home: TempDir,
}

impl Keys {
    /// Without a key, and without a way to ask for a passphrase.
    pub fn none() -> Keys {
        let home = tempfile::Builder::new().prefix("k").tempdir_in("/tmp").unwrap();
        std::fs::write(home.path().join("gpg-agent.conf"), "pinentry-program /bin/false\n").unwrap();
        Keys { home }
    }

    /// With one key for each pair of an e-mail address and an algorithm, such as `rsa3072` or `ed25519`. The
    /// second one is made and signs in a twentieth of the time.
    pub fn of(keys: &[(&str, &str)]) -> Keys {
        let made = Keys::none();
        keys.iter().for_each(|(name, algorithm)| made.add(name, algorithm, "", "never"));
        made
    }

    /// Makes a key with a passphrase (empty for none) and an expiry.
    pub fn add(&self, name: &str, algorithm: &str, passphrase: &str, expiry: &str) {
        let how = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
        self.gpg(&[&how[..], &["--quick-gen-key", name, algorithm, "sign,cert", expiry]].concat());
    }

    /// Where they are.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs gpg on them.
    #[track_caller]
    pub fn gpg(&self, args: &[&str]) -> Ran {
        run_in(self.home(), "gpg", &[&["--batch", "--no-tty"], args].concat(), &self.variables()).exits(0)
    }

    fn variables(&self) -> [(&'static str, &str); 1] {
        [("GNUPGHOME", self.home().to_str().unwrap())]
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        for what in [&["--kill", "all"][..], &["--remove-socketdir"]] {
            run_in(Path::new("/"), "gpgconf", what, &self.variables());
        }
    }
}
