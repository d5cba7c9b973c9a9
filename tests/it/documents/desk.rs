//! The place where the commands of a document are run: a folder with a project `lago`, and programs that lead
//! `cargo xtask`, `sudo` and the remote shell of rsync to that folder.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::documents::markdown::{Part, parts};
use crate::support::http::Server;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};
use crate::support::site::NOW;
use crate::support::text_of;

const TEMPLATE: &str = "Name: lago\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\n\
    License: MIT\nBuildArch: noarch\nSource0: @@SOURCE0@@\n\n%description\nText.\n\n%prep\n%autosetup\n\n%install\n\
    install -D -m 0644 hello %{buildroot}%{_datadir}/lago/hello\n\n%files\n%{_datadir}/lago\n\n%changelog\n";

/// A plain spec of a project `hello`, as it was at its last release, with the archive of a forge.
const PLAIN_SPEC: &str = "Name:           hello\nVersion:        1.4.2\nRelease:        3%{?dist}\nSummary:        A demonstration\n\
    License:        MIT\nURL:            https://example.org/hello\n\
    Source0:        %{url}/archive/v%{version}/%{name}-%{version}.tar.gz\nBuildArch:      noarch\n\n%description\nText.\n\n\
    %prep\n%autosetup\n\n%install\ninstall -D -m 0644 hello %{buildroot}%{_datadir}/hello/hello\n\n%files\n%{_datadir}/hello\n\n\
    %changelog\n* Tue Jan 06 2026 Ada Example <ada@example.org> - 1.4.2-3\n- Rebuild\n";

/// `cargo xtask` is the program under test.
const CARGO: &str = "#!/bin/sh\n[ \"$1\" = xtask ] || exit 127\nshift\nexec PROGRAM \"$@\"\n";

/// The remote shell of rsync: a host is a folder.
const REMOTE_SHELL: &str = "#!/bin/sh\nmkdir -p \"$HOME/$1\" && cd \"$HOME/$1\" && shift && exec \"$@\"\n";

/// Fails unless the client has exactly this package.
const INSTALLED: &str = "#!/bin/sh\nexec rpm --root \"$HOME/client/root\" -q \"$1\"\n";

/// `sudo` works on the client in the folder `client` instead of this machine.
const SUDO: &str = r#"#!/bin/bash
words=() client=$HOME/client
for word; do
  words+=("${word/#\/etc\//$client/root/etc/}")
done
[ "${words[0]}" = dnf ] || exec "${words[@]}"
exec dnf -q -y --installroot="$client/root" --releasever=9 --forcearch=x86_64 --setopt=plugins=0 \
  --setopt=reposdir="$client/root/etc/yum.repos.d" --setopt=cachedir="$client/cache" --setopt=persistdir="$client/persist" \
  --setopt=logdir="$client/log" --setopt=skip_if_unavailable=0 "${words[@]:1}"
"#;

/// A folder with the project and the programs.
pub struct Desk {
    home: Sandbox,
    server: Server,
}

impl Desk {
    /// With a project of one commit without a tag, which has neither template nor configuration.
    pub fn empty() -> Desk {
        let home = Sandbox::bare();
        for folder in ["lago", "www.example.org", "client/root/etc/yum.repos.d", "client/log"] {
            std::fs::create_dir_all(home.join(folder)).unwrap();
        }
        std::fs::create_dir(home.join("keys")).unwrap();
        std::fs::set_permissions(home.join("keys"), PermissionsExt::from_mode(0o700)).unwrap();
        for (name, text) in [("cargo", CARGO), ("rsh", REMOTE_SHELL), ("sudo", SUDO), ("installed", INSTALLED)] {
            home.write(&format!("bin/{name}"), text.replace("PROGRAM", PROGRAM));
            let executable = PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(home.join("bin").join(name), executable).unwrap();
        }
        home.write("lago/hello", "hello\n");
        home.write("lago/.gitignore", "/target/\n");
        std::os::unix::fs::symlink(PROGRAM, home.join("bin/releng")).unwrap();
        let server = Server::start(&home.join("www.example.org"));
        let desk = Desk { home, server };
        desk.does("git init --quiet --initial-branch main && git add --all && git commit --quiet --message First");
        desk
    }

    /// With a template, a configuration and the shipped acceptance test; the last of several commits has version 1.0.`patch`.
    pub fn released(config: &str, patch: u32) -> Desk {
        let desk = Desk::empty();
        desk.write("packaging/lago.spec.in", TEMPLATE);
        desk.write("packaging/acceptance/install.sh", &text_of("packaging/acceptance/install.sh"));
        desk.write("packaging/release.toml", &config.replace("https://example.org", &desk.address()));
        desk.does("git add --all && git commit --quiet --message 'Package it' && git tag 1.0");
        for number in 0..patch {
            desk.does(&format!("git commit --quiet --allow-empty --message 'Change {number}'"));
        }
        desk
    }

    /// With a plain spec, the tag `v1.4.2` and one commit more, and nothing of `releng`.
    pub fn with_plain_spec() -> Desk {
        let desk = Desk::empty();
        desk.write("hello.spec", PLAIN_SPEC);
        desk.does("git add --all && git commit --quiet --message 'Package it' && git tag v1.4.2");
        desk.does("git commit --quiet --allow-empty --message 'Mend the greeting'");
        desk
    }

    /// The address that takes the place of `https://example.org`: a server of the folder `www.example.org`.
    fn address(&self) -> String {
        self.server.url("").trim_end_matches('/').to_owned()
    }

    /// A path in the folder.
    pub fn join(&self, path: &str) -> PathBuf {
        self.home.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        self.home.write(&format!("lago/{path}"), text);
    }

    /// Runs a command in the project; `https://example.org` is the server of the test.
    pub fn run(&self, command: &str) -> Ran {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let path = format!("{}:{}", text(&self.join("bin")), std::env::var("PATH").unwrap());
        let (home, remote_shell) = (text(&self.join("")), text(&self.join("bin/rsh")));
        // Not `.gnupg`: for that folder, GnuPG uses the one agent of the user, whatever the home is.
        let keys = text(&self.join("keys"));
        let variables = [
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("GNUPGHOME", &keys),
            ("RSYNC_RSH", &remote_shell),
            ("RELENG_NOW", NOW),
            ("LC_ALL", "C.UTF-8"),
            ("GIT_AUTHOR_NAME", "Ada Example"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_AUTHOR_DATE", "2020-03-19T08:24:41+0300"),
            ("GIT_COMMITTER_NAME", "Ada Example"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_DATE", "2020-03-19T08:24:41+0300"),
        ];
        let command = command.replace("https://example.org", &self.address());
        run_in(&self.join("lago"), "bash", &["-c", &command], &variables)
    }

    /// Runs a command, which must succeed.
    #[track_caller]
    pub fn does(&self, command: &str) -> Ran {
        let ran = self.run(command);
        assert_eq!(ran.code, 0, "$ {command}\n{}{}", ran.stdout, ran.stderr);
        ran
    }

    /// Carries out a document in order: writes the files that it shows, runs its consoles and its hidden commands. Each
    /// command must succeed and print the lines below it, in this order.
    pub fn carry_out(&self, document: &str) {
        for part in parts(&text_of(document)) {
            let block = match part {
                Part::Hidden(command) => {
                    self.does(&command);
                    continue;
                }
                Part::Block(block) => block,
            };
            if let Some(path) = block.file() {
                let text = block.lines[1..].join("\n") + "\n";
                self.write(path, &text.replace("https://example.org", &self.address()));
            }
            if block.language != "console" {
                continue;
            }
            for shown in block.commands() {
                let ran = self.run(&shown.command);
                let said = format!("{document}: $ {}\n{}{}", shown.command, ran.stdout, ran.stderr);
                assert_eq!(ran.code, 0, "{said}");
                let mut printed = ran.stdout.lines();
                for line in &shown.output {
                    assert!(printed.any(|printed| printed == line), "no line `{line}` from {said}");
                }
            }
        }
    }
}
