//! `ci merge` on real remotes: a path, `file://`, `git daemon`, and ssh with gitolite. The same happens on each of them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::with_release;
use crate::support::git_servers::{Gitolite, Listening, git_daemon};
use crate::support::merge::{Landed, MergePlace};
use crate::support::program::Ran;

/// The tests of the work run `during` once, in the middle of a merge.
const TEST: &str = "git rev-parse HEAD^{tree} >> \"$TESTED\"\nplace=${TESTED%/*}\ncd \"$place\"\n\
    if [ -e during ]; then mv during done; sh -ex done >&2; fi\n";

/// A hook that refuses every push, and prints escape sequences for the terminal of the person who pushes.
const REFUSAL: &str =
    "#!/bin/sh\nprintf 'only on weekdays \\033[2J\\033]0;title\\007\\302\\233 \\342\\200\\256\\n' >&2\nexit 1\n";

/// Characters that a terminal obeys.
const STEERING: [char; 4] = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'];

/// How the remote is reached.
enum Way {
    Path,
    File,
    Daemon(Listening),
    Gitolite(Gitolite),
}

/// A remote, and the clone that merges.
struct RealRemote {
    place: MergePlace,
    way: Way,
    /// The repository on the disk of the server.
    repository: PathBuf,
}

impl RealRemote {
    fn new(make: impl FnOnce(&MergePlace) -> Way) -> RealRemote {
        let place = with_release();
        let way = make(&place);
        let origin = place.join("origin.git");
        let (address, repository) = match &way {
            Way::Path => (origin.display().to_string(), origin),
            Way::File => (format!("file://{}", origin.display()), origin),
            Way::Daemon(daemon) => (format!("git://127.0.0.1:{}/origin.git", daemon.port), origin),
            Way::Gitolite(gitolite) => (gitolite.address(), gitolite.repository()),
        };
        place.at("work", &["remote", "set-url", "origin", &address]);
        if let Way::Gitolite(gitolite) = &way {
            let ssh = gitolite.ssh("ada");
            place.at("work", &["config", "core.sshCommand", &ssh]);
            place.at("work", &["push", "-q", "origin", "master"]);
            // A copy for those who look at it.
            place.at("origin.git", &["config", "core.sshCommand", &ssh]);
            place.at("origin.git", &["remote", "add", "--mirror=fetch", "origin", &address]);
        }
        RealRemote { place, way, repository }
    }

    /// Makes `origin.git` what the server has now.
    fn look(&self) {
        if matches!(self.way, Way::Gitolite(_)) {
            self.place.at("origin.git", &["fetch", "-q", "--prune", "origin"]);
        }
    }

    /// Calls the program as a person, `ada` or another one of gitolite's. What the server says must not steer the terminal.
    #[track_caller]
    fn call(&self, person: &str, args: &[&str]) -> Ran {
        let ran = match &self.way {
            // The clone is Ada's, and its configuration has her key.
            Way::Gitolite(gitolite) if person != "ada" => {
                self.place.releng_with(args, &[("GIT_SSH_COMMAND", &gitolite.ssh(person))])
            }
            _ => self.place.releng(args),
        };
        assert!(!ran.stderr.contains(STEERING), "{:?}", ran.stderr);
        ran
    }

    /// Calls the program, and looks at the server.
    #[track_caller]
    fn releng(&self, person: &str, args: &[&str]) -> Ran {
        let ran = self.call(person, args);
        self.look();
        ran
    }

    fn merge(&self, branch: &str) -> Ran {
        self.releng("ada", &["ci", "merge", "--branch", branch])
    }

    /// Proposes a branch whose tests do this once; the commit.
    fn propose(&self, branch: &str, during: &str) -> String {
        self.place.at("work", &["fetch", "-q", "origin"]);
        let head = self.place.propose(branch, "Change it", &[(branch, "new\n"), ("test.sh", TEST)]);
        if !during.is_empty() {
            std::fs::write(self.place.join("during"), during).unwrap();
        }
        head
    }

    /// The commands of somebody who pushes to the base of the server now.
    fn push_by_another(&self) -> String {
        format!(
            "{}git clone -q -b master {} other\ncd other\necho x > other\ngit add other\n\
             git -c user.name=Carl -c user.email=carl@example.org commit -q -m Other\ngit push -q origin HEAD:master\n\
             git rev-parse HEAD > ../pushed\n",
            match &self.way {
                Way::Gitolite(gitolite) => format!("export GIT_SSH_COMMAND='{}'\n", gitolite.ssh("ada")),
                _ => String::new(),
            },
            self.place.at("work", &["remote", "get-url", "origin"])
        )
    }

    /// The commands after which the remote is away.
    fn lose(&self) -> String {
        let end = match &self.way {
            Way::Path | Way::File => String::new(),
            Way::Daemon(daemon) => format!("kill {}\n", daemon.process()),
            Way::Gitolite(gitolite) => format!("kill {}\n", gitolite.sshd.process()),
        };
        let repository = self.repository.display();
        format!("mv {repository} {repository}.away\n{end}")
    }

    fn find_again(&mut self) {
        let away = PathBuf::from(format!("{}.away", self.repository.display()));
        std::fs::rename(away, &self.repository).unwrap();
        match &mut self.way {
            Way::Path | Way::File => {}
            Way::Daemon(daemon) => daemon.go_on(),
            Way::Gitolite(gitolite) => gitolite.sshd.go_on(),
        }
    }

    /// Fails unless the base has exactly these heads, what was pushed, and a snapshot for each merge.
    #[track_caller]
    fn has(&self, heads: &[String]) {
        self.look();
        let pushed = std::fs::read_to_string(self.place.join("pushed")).unwrap_or_default();
        let pushed: Vec<String> = pushed.lines().map(str::to_owned).collect();
        let landed = Landed { place: self.place.path(), pushed: &pushed, heads }.check();
        assert_eq!((landed.map(|landed| landed.len()), self.place.snapshots().len()), (Ok(heads.len()), heads.len()));
    }

    /// Everything that can happen on a remote.
    fn plays(mut self) {
        // It lands exactly.
        let base = self.place.tip("master");
        let mut heads = vec![self.propose("first", "")];
        let merged = self.merge("first").exits(0).stdout;
        assert_eq!(self.place.tip("master"), merged.trim());
        let parents = self.place.at("origin.git", &["show", "-s", "--format=%P", merged.trim()]);
        assert_eq!(parents, format!("{base} {}", heads[0]));
        self.has(&heads);
        // Somebody else pushes during the tests.
        heads.push(self.propose("race", &self.push_by_another()));
        let merged = self.merge("race").exits(0).stdout;
        let pushed = std::fs::read_to_string(self.place.join("pushed")).unwrap();
        let parents = self.place.at("origin.git", &["show", "-s", "--format=%P", merged.trim()]);
        assert_eq!(parents, format!("{} {}", pushed.trim(), heads[1]));
        self.has(&heads);
        // The remote refuses, and says so at once.
        let hook = self.repository.join("hooks/pre-receive");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        let head = self.propose("refused", "");
        std::fs::write(&hook, REFUSAL).unwrap();
        std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
        self.merge("refused").exits(3).prints("").says(&[
            "was stopped: the remote refuses the push: ",
            "pre-receive hook declined",
            "only on weekdays ",
        ]);
        self.has(&heads);
        std::fs::remove_file(&hook).unwrap();
        heads.push(head);
        self.merge("refused").exits(0);
        self.has(&heads);
        // It is away in the middle.
        let lose = self.lose();
        heads.push(self.propose("away", &lose));
        let base = self.place.tip("master");
        let ran = self.call("ada", &["ci", "merge", "--branch", "away"]).exits(5);
        ran.says(&["cannot list the branches of `", "goes on where it stopped: `", "ci recover`"]);
        self.call("ada", &["ci", "recover"]).exits(5);
        self.find_again();
        self.look();
        assert_eq!(self.place.tip("master"), base);
        self.releng("ada", &["ci", "recover"]).exits(0);
        self.has(&heads);
        self.releng("ada", &["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
    }
}

#[test]
fn a_folder() {
    RealRemote::new(|_| Way::Path).plays();
}

#[test]
fn a_folder_with_the_transport_of_git() {
    RealRemote::new(|_| Way::File).plays();
}

#[test]
fn the_clone_says_how_an_address_is_reached() {
    let remote = RealRemote::new(|_| Way::File);
    let (first, second) = (remote.propose("first", ""), remote.propose("second", ""));
    let [file, short] = [remote.repository.display().to_string(), "short:origin.git".to_owned()];
    let shortened = format!("url.{}.insteadOf", remote.place.join("").display());
    remote.place.at("work", &["remote", "remove", "origin"]);
    remote.place.at("work", &["config", &shortened, "short:"]);
    // What the clone says of its own files does not count for the bare repository.
    remote.place.at("work", &["config", "core.worktree", remote.place.join("work").to_str().unwrap()]);
    for (branch, address) in [("first", &file), ("second", &short)] {
        let args = ["ci", "merge", "--branch", branch, "--base", "master", "--remote", address];
        remote.releng("ada", &args).exits(0);
    }
    remote.has(&[first, second]);
}

#[test]
fn a_daemon() {
    RealRemote::new(|place| Way::Daemon(git_daemon(place.path()))).plays();
}

/// Ada may do everything, Carl may push topic branches, and Eve may read.
const RIGHTS: &str = "    RW+ = ada\n    RW topic = carl\n    R = carl eve\n";

fn gitolite() -> Gitolite {
    Gitolite::start(&["ada", "carl", "eve"], RIGHTS)
}

#[test]
fn ssh_and_gitolite() {
    RealRemote::new(|_| Way::Gitolite(gitolite())).plays();
}

#[test]
fn gitolite_decides_who_merges() {
    let remote = RealRemote::new(|_| Way::Gitolite(gitolite()));
    let Way::Gitolite(server) = &remote.way else { unreachable!() };
    let head = remote.propose("topic", "");
    let base = remote.place.tip("master");
    // The server closes the connection of somebody who may push nothing; the other one is told so by a hook.
    for (person, words) in [
        ("eve", "FATAL: W any demo eve DENIED by fallthru"),
        ("carl", "FATAL: W refs/heads/master demo carl DENIED by fallthru"),
    ] {
        let ran = remote.releng(person, &["ci", "merge", "--branch", "topic"]).exits(3).prints("");
        let help = "for the right to push to `master`, ask the people who run it; then merge it again: `";
        ran.says(&["was stopped: the remote refuses the push: ", words, help]);
        // The push is tried once: the answer is clear.
        assert_eq!(
            (server.log().matches(&words["FATAL: ".len()..]).count(), remote.place.tip("master")),
            (1, base.clone())
        );
        remote.has(&[]);
    }
    // Who may not even read is told so, and not to try again.
    server.set_rights(&RIGHTS.replace(" eve", ""));
    let ran = remote.call("eve", &["ci", "merge", "--branch", "topic"]).exits(3);
    ran.says(&["cannot list the branches of `ssh://", "FATAL: R any demo eve DENIED by fallthru"]);
    // With the right, the command of the help lands it.
    let ran = remote.releng("carl", &["ci", "merge", "--branch", "topic"]).exits(3);
    let help = ran.stderr.rsplit_once("then merge it again: `releng ").unwrap().1.trim_end().trim_end_matches('`');
    server.set_rights(&format!("{RIGHTS}    RW master = carl\n"));
    let again: Vec<&str> = help.split(' ').collect();
    assert_eq!(again, ["ci", "merge", "--branch", "topic", "--base", "master"]);
    remote.releng("carl", &again).exits(0);
    remote.has(&[head]);
}

#[test]
fn a_lock_that_a_killed_push_left_is_named() {
    let remote = RealRemote::new(|_| Way::Path);
    let head = remote.propose("topic", "");
    let lock = remote.repository.join("refs/heads/master.lock");
    std::fs::write(&lock, "").unwrap();
    let ran = remote.merge("topic").exits(5);
    ran.says(&["the remote does not make `master` the merge commit\n", "master.lock': File exists", "ci recover`"]);
    remote.has(&[]);
    std::fs::remove_file(&lock).unwrap();
    remote.releng("ada", &["ci", "recover"]).exits(0);
    remote.has(&[head]);
}

#[test]
fn a_transaction_that_a_hook_ends_is_a_refusal() {
    let remote = RealRemote::new(|_| Way::File);
    let head = remote.propose("topic", "");
    let hook = remote.repository.join("hooks/reference-transaction");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let counts = "#!/bin/sh\n[ \"$1\" = prepared ] || exit 0\necho x >> ../asked\necho frozen >&2\nexit 1\n";
    std::fs::write(&hook, counts).unwrap();
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    remote.merge("topic").exits(3).says(&["the remote refuses the push: ", "frozen", "ref updates aborted by hook"]);
    assert_eq!(std::fs::read_to_string(remote.place.join("asked")).unwrap(), "x\n");
    remote.has(&[]);
    std::fs::remove_file(&hook).unwrap();
    remote.merge("topic").exits(0);
    remote.has(&[head]);
}

#[test]
fn a_daemon_that_takes_no_pushes_refuses() {
    let remote = RealRemote::new(|place| Way::Daemon(git_daemon(place.path())));
    let head = remote.propose("topic", "");
    let setting = ["config", "daemon.receivepack"];
    remote.place.at("origin.git", &[&setting[..], &["false"]].concat());
    remote.merge("topic").exits(3).says(&["the remote refuses the push: ", "access denied"]);
    remote.has(&[]);
    remote.place.at("origin.git", &[&setting[..], &["true"]].concat());
    remote.merge("topic").exits(0);
    remote.has(&[head]);
}

/// A server that answers each caller with one packet of git's protocol, an error with these words.
fn hostile(words: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            drop(stream.read(&mut [0; 1000]));
            drop(write!(stream, "{:04x}ERR {words}", words.len() + 8));
        }
    });
    port
}

#[test]
fn what_a_hostile_server_says_is_shown_and_not_obeyed() {
    let place = with_release();
    for words in ["go \u{1b}[2Jaway", "go \u{1b}]0;owned\u{7}away", "go \u{9b}31maway \u{202e}", "a\r\nhelp: run this"]
    {
        let address = format!("git://127.0.0.1:{}/demo", hostile(words));
        place.at("work", &["remote", "set-url", "origin", &address]);
        let ran = place.merge("topic").exits(5).says(&["cannot list the branches of `git://"]);
        assert!(!ran.stderr.contains(STEERING) && !ran.stderr.contains('\r'), "{:?}", ran.stderr);
        assert!(!ran.stderr.lines().any(|line| line == "help: run this"), "{:?}", ran.stderr);
    }
    // On GitHub, its lines are no commands.
    place.at("work", &["remote", "set-url", "origin", &format!("git://127.0.0.1:{}/demo", hostile("a\n::error::b"))]);
    let ran = place.releng_with(&["ci", "merge", "--branch", "topic"], &[("GITHUB_ACTIONS", "true")]).exits(5);
    assert!(!ran.stderr.contains("\n::error::b") || ran.stderr.contains("::stop-commands::"), "{:?}", ran.stderr);
    // The program that speaks ssh talks before git does.
    let speaks = place.join("ssh");
    std::fs::write(&speaks, "#!/bin/sh\nprintf 'a \\033[2J\\033]52;c;bHM=\\007 banner\\n' >&2\nexit 255\n").unwrap();
    std::fs::set_permissions(&speaks, PermissionsExt::from_mode(0o755)).unwrap();
    place.at("work", &["remote", "set-url", "origin", "ssh://example.org/demo"]);
    let args = ["ci", "merge", "--branch", "topic"];
    let ran = place.releng_with(&args, &[("GIT_SSH_COMMAND", speaks.to_str().unwrap())]).exits(5);
    assert!(!ran.stderr.contains(STEERING), "{:?}", ran.stderr);
    ran.says(&[" banner"]);
}
