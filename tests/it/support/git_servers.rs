//! Servers of git on the loopback: `git daemon`, and sshd with gitolite, which decides who may push.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::program::run_in;

/// A server that listens on a port of its own, until it is dropped.
pub struct Listening {
    program: PathBuf,
    args: Vec<String>,
    pub port: u16,
    child: Option<Child>,
}

impl Listening {
    /// Starts a program with arguments in which `PORT` is a free port.
    pub fn start(program: PathBuf, args: &[&str]) -> Listening {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let args = args.iter().map(|arg| arg.replace("PORT", &port.to_string())).collect();
        let mut this = Listening { program, args, port, child: None };
        this.go_on();
        this
    }

    /// The process that listens.
    pub fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Listens on the same port again, after somebody ended the process.
    pub fn go_on(&mut self) {
        self.stop();
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", self.program.display()));
        self.child = Some(started);
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "{} does not listen: {:?}", self.program.display(), self.args);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `git daemon`, which lets everybody push to the repositories below `folder`.
pub fn git_daemon(folder: &Path) -> Listening {
    let programs = run_in(Path::new("/"), "git", &["--exec-path"], &[]).exits(0).stdout;
    let base = format!("--base-path={}", folder.display());
    let args = ["--reuseaddr", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1", "--port=PORT", &base];
    Listening::start(Path::new(programs.trim()).join("git-daemon"), &args)
}

/// A user of this system who is there for one test.
struct SystemUser {
    name: String,
}

impl SystemUser {
    fn new(home: &Path) -> SystemUser {
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        assert!(is_root, "this test makes a user of the system and runs sshd: run it as root");
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let user = SystemUser { name: format!("releng-git-{}-{number}", std::process::id()) };
        let home = home.to_str().unwrap();
        // sshd refuses a user without a password field. `*` is no password.
        let args = ["--system", "--no-create-home", "--home-dir", home, "--shell", "/bin/sh", "--password", "*"];
        run_in(Path::new("/"), "useradd", &[&args[..], &[&user.name]].concat(), &[]).exits(0);
        run_in(Path::new("/"), "chown", &["-R", &user.name, home], &[]).exits(0);
        user
    }
}

impl Drop for SystemUser {
    fn drop(&mut self) {
        run_in(Path::new("/"), "userdel", &["--force", &self.name], &[]);
    }
}

const SSHD: &str = "ListenAddress 127.0.0.1\nHostKey FOLDER/host\nPidFile none\nUsePAM no\nStrictModes no\n\
    PasswordAuthentication no\nAuthorizedKeysFile FOLDER/home/.ssh/authorized_keys\nBanner FOLDER/banner\n";

/// gitolite behind an sshd, with one repository `demo`.
pub struct Gitolite {
    // Dropped in this order: sshd, the user, the files.
    pub sshd: Listening,
    user: SystemUser,
    folder: TempDir,
}

impl Gitolite {
    /// A server with these people, who have keys, and the rights of `conf`, the rules of the repository.
    pub fn start(people: &[&str], conf: &str) -> Gitolite {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("home")).unwrap();
        // The user must reach its home.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o711)).unwrap();
        for name in people.iter().chain(&["host"]) {
            let args = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name];
            run_in(folder.path(), "ssh-keygen", &args, &[]).exits(0);
        }
        std::fs::copy(path(&format!("{}.pub", people[0])), path("home").join(format!("{}.pub", people[0]))).unwrap();
        std::fs::write(path("banner"), "Only for members.\n\u{1b}[2J\n").unwrap();
        std::fs::write(path("sshd_config"), SSHD.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
        std::fs::create_dir_all("/run/sshd").unwrap();
        let user = SystemUser::new(&path("home"));
        let config = path("sshd_config").display().to_string();
        let sshd = Listening::start("/usr/sbin/sshd".into(), &["-D", "-f", &config, "-p", "PORT"]);
        let this = Gitolite { sshd, user, folder };
        this.as_user(&["gitolite", "setup", "-pk", &format!("{}.pub", people[0])]);
        for name in &people[1..] {
            let file = format!("{name}.pub");
            std::fs::copy(this.folder.path().join(&file), this.join(".gitolite/keydir").join(&file)).unwrap();
        }
        this.set_rights(conf);
        this
    }

    /// Changes the rules of the repository `demo`.
    pub fn set_rights(&self, rules: &str) {
        std::fs::write(self.join(".gitolite/conf/gitolite.conf"), format!("repo demo\n{rules}")).unwrap();
        run_in(Path::new("/"), "chown", &["-R", &self.user.name, self.home().to_str().unwrap()], &[]).exits(0);
        self.as_user(&["gitolite", "setup"]);
    }

    /// The address of the repository.
    pub fn address(&self) -> String {
        format!("ssh://{}@127.0.0.1:{}/demo", self.user.name, self.sshd.port)
    }

    /// The repository, on the disk of the server.
    pub fn repository(&self) -> PathBuf {
        self.join("repositories/demo.git")
    }

    /// What gitolite wrote down.
    pub fn log(&self) -> String {
        let logs = std::fs::read_dir(self.join(".gitolite/logs")).unwrap();
        logs.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }

    /// The ssh command of a person.
    pub fn ssh(&self, person: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "ssh -F none -i {folder}/{person} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
             -o UserKnownHostsFile={folder}/known"
        )
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A path below the home of the server.
    fn join(&self, path: &str) -> PathBuf {
        self.home().join(path)
    }

    #[track_caller]
    fn as_user(&self, command: &[&str]) {
        let home = self.home();
        let home_variable = format!("HOME={}", home.display());
        let path = format!("PATH={}", std::env::var("PATH").unwrap());
        let user = format!("USER={}", self.user.name);
        let words = ["-u", &self.user.name, "--", "env", "-i", &home_variable, &path, &user];
        run_in(&home, "runuser", &[&words[..], command].concat(), &[]).exits(0);
    }
}
