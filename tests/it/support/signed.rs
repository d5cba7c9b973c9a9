//! A repository behind a web server, whose packages and repodata are signed.

use super::http::Server;
use super::keys::Keys;
use super::program::{Ran, Sandbox};
use super::site::{NOW, Site, UNTESTED};

/// The key that signs first.
pub const KEY: &str = "demo@example.org";

/// A site with its keys and its server.
pub struct SignedSite {
    pub site: Site,
    pub keys: Keys,
    server: Server,
    _place: Sandbox,
}

impl SignedSite {
    /// Signs with [`KEY`].
    pub fn new() -> SignedSite {
        SignedSite::with(Keys::of(&[(KEY, "ed25519")]))
    }

    /// Signs with [`KEY`], which is one of `keys`.
    pub fn with(keys: Keys) -> SignedSite {
        let place = Sandbox::bare();
        let server = Server::start(place.path());
        let site = Site::new();
        std::os::unix::fs::symlink(site.project.join("target/repository"), place.join("repos")).unwrap();
        let signed = SignedSite { site, keys, server, _place: place };
        signed.configure(&format!("sign = \"{KEY}\"\n"));
        signed
    }

    /// Writes these lines of `[repository]`.
    pub fn configure(&self, lines: &str) {
        let config = format!("[repository]\nurl = \"{}\"\n{lines}", self.server.url("repos"));
        self.site.project.write("packaging/release.toml", config);
        self.site.project.git(&["add", "."]);
    }

    /// The address of a path in the served tree of the project.
    pub fn address(&self, path: &str) -> String {
        self.server.url(&format!("repos/demo/{path}"))
    }

    /// Runs the program with the keys.
    pub fn releng(&self, args: &[&str]) -> Ran {
        self.releng_at(NOW, args)
    }

    /// Runs the program with the keys at another time.
    pub fn releng_at(&self, now: &str, args: &[&str]) -> Ran {
        self.site.releng_with(&[("GNUPGHOME", self.keys.home().to_str().unwrap()), ("RELENG_NOW", now)], args)
    }

    /// Promotes without asking for a test; a new series may begin.
    pub fn promote(&self, args: &[&str]) -> Ran {
        self.releng(&[&["promote", "--major"], UNTESTED, args].concat())
    }

    /// Releases with packages for el9, and stages.
    #[track_caller]
    pub fn staged(&self, message: &str) {
        self.site.commit(message).build(&["el9"]);
        self.releng(&["stage"]).exits(0);
    }

    /// Releases and promotes.
    #[track_caller]
    pub fn promoted(&self, message: &str) {
        self.staged(message);
        self.promote(&[]).exits(0);
    }
}
