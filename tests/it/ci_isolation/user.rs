//! Hostile work behind `ci.isolation = "user:NAME"`.

use std::path::Path;
use std::time::{Duration, Instant};

use super::lab::{Lab, SECRET, behind_user};
use crate::support::program::{PROGRAM, run_in};

#[test]
fn a_step_is_where_it_can_work() {
    let lab = behind_user("environment = [\"NAMED\"]\n");
    let mut lab = lab;
    lab.variables.push(("NAMED".to_owned(), "given".to_owned()));
    let log = lab.attack(
        "set -e\nid -un\npwd\necho \"$HOME $USER $TMPDIR $PATH $NAMED $RELENG_CI_STAGE\"\nenv | sort | cut -d= -f1 | tr '\\n' ' '\n\
         git status --short\ngit log --oneline | wc -l\ngit describe --tags\ntouch new /tmp/a /var/tmp/b ~/c /dev/shm/d\n\
         mkdir -p target/x && echo 1 >target/x/y\necho ok 2>/dev/stderr >/dev/null\n\
         python3 -c 'import os,pty; pty.openpty(); os.urandom(3)'\nunshare -r true && echo nested\n\
         exec 3<>/dev/tcp/127.0.0.1/1 2>/dev/null || echo refused\ngrep -c . /proc/net/dev\nrpm -qa >/dev/null; echo end\n",
    );
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "releng-ci-test",
            "/srv/work",
            "/srv/home releng-ci-test /tmp /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin given check-merged"
        ],
        "{log}"
    );
    assert_eq!(lines.last(), Some(&"end"), "{log}");
}

#[test]
fn nothing_of_the_caller_can_be_read() {
    let mut lab = behind_user("");
    let cargo = tempfile::Builder::new().prefix("releng-ci-test-").tempdir_in("/opt").unwrap();
    let run = tempfile::Builder::new().prefix("releng-ci-test-").tempdir_in("/run").unwrap();
    let tmp = tempfile::Builder::new().prefix("releng-ci-test-").tempdir_in("/var/tmp").unwrap();
    for folder in [&cargo, &run, &tmp] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    }
    let agent = run.path().join("agent");
    let _listening = std::os::unix::net::UnixListener::bind(&agent).unwrap();
    lab.variables.push(("SSH_AUTH_SOCK".to_owned(), agent.display().to_string()));
    lab.variables.push(("CARGO_HOME".to_owned(), cargo.path().display().to_string()));
    let paths = [
        lab.path("home"),
        lab.path("home/.ssh/id_ed25519"),
        lab.path("clone"),
        lab.merges(),
        lab.path("remote"),
        agent,
        cargo.path().join("secret"),
        run.path().join("secret"),
        tmp.path().join("secret"),
    ];
    let mut script = String::new();
    for path in &paths {
        let path = path.display();
        script += &format!("[ ! -e '{path}' ] || echo 'got: {path}'; cat '{path}' 2>/dev/null\n");
    }
    script += "for f in /root /home/* /run/user /run/docker.sock /run/podman /var/run/docker.sock /var/lib/containers /etc/shadow; do \
               ls -A \"$f\" 2>/dev/null | grep -q . && head -c1 \"$f\" 2>/dev/null && echo \"got: $f\"; done\n\
               cat /proc/[0-9]*/environ | tr '\\0' '\\n'\nenv\n\
               ls -d /proc/[0-9]* | wc -l\nls -l /proc/self/fd\n\
               for fd in /proc/self/fd/*; do case \"$(readlink $fd)\" in \"\"|pipe:*|/dev/null|/srv/*|/proc/*) ;; *) echo \"got: $fd $(readlink $fd)\" ;; esac; done\n\
               find / -xdev -name 'journal.jsonl' 2>/dev/null | sed 's/^/got: /'\n\
               find / -xdev -perm /4000 -type f 2>/dev/null | head -3\n\
               cat /proc/1/environ /proc/1/mem 2>/dev/null && echo 'got: environ of the first process'\n\
               grep -q 'CapEff:.*0000000000000000' /proc/self/status || echo 'got: capabilities'\n\
               grep -q 'NoNewPrivs:.*1' /proc/self/status || echo 'got: privileges'\n\
               id -G\necho end\n";
    let log = lab.attack(&script);
    assert_eq!(Lab::got(&log), [""; 0], "{log}");
    assert!(log.ends_with("end\n"), "{log}");
}

#[test]
fn other_processes_cannot_be_seen_or_ended() {
    let lab = behind_user("");
    let sleeping =
        duct::cmd!("setpriv", "--reuid", "releng-ci-test", "--clear-groups", "sleep", "300").start().unwrap();
    let (own, same_user) = (std::process::id(), sleeping.pids()[0]);
    let log = lab.attack(&format!(
        "for pid in {own} {same_user} $(seq 1 40); do\n\
         [ \"$pid\" = $$ ] || [ \"$pid\" = $PPID ] || ! kill -0 $pid 2>/dev/null || echo \"got: signal $pid\"; done\n\
         kill -KILL {own} {same_user} 2>/dev/null && echo 'got: kill'\n\
         python3 - <<'P'\nimport ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n\
         for pid in (1, {own}, {same_user}):\n    if libc.ptrace(16, pid, 0, 0) == 0: print('got: ptrace', pid)\n\
         ipc = libc.shmget(0x1234, 4096, 0)\nif ipc >= 0: print('got: shared memory')\nP\n\
         pgrep -a releng | grep -v ci-test | sed 's/^/got: /'\n[ $(ls -d /proc/[0-9]* | wc -l) -lt 8 ] || echo got: processes\n\
         for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done | grep -q '[s]leep 300' && echo got: list\n\
         echo 1 2>/dev/null >/proc/sysrq-trigger && echo got: sysrq\necho x 2>/dev/null >/proc/sys/kernel/hostname && echo got: hostname\n\
         kill -KILL -1 2>/dev/null\necho end\n"
    ));
    assert_eq!(Lab::got(&log), [""; 0], "{log}");
    assert!(sleeping.try_wait().unwrap().is_none(), "it still runs");
    sleeping.kill().unwrap();
}

#[test]
fn there_is_no_network_and_no_service_of_this_machine() {
    let listening = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listening.set_nonblocking(true).unwrap();
    let port = listening.local_addr().unwrap().port();
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port} && echo got: server\n\
         python3 - <<'P'\nimport socket\n\
         s = socket.socket(socket.AF_UNIX)\ntry:\n    s.connect('\\0releng-ci-test-abstract'); print('got: abstract')\nexcept OSError: pass\n\
         s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); c = socket.socket(); c.connect(s.getsockname()); print('loopback')\nP\n\
         ip route add default dev lo 2>/dev/null && echo got: route\nls /sys/class/net 2>/dev/null | sed 's/^/got: /'\necho end\n"
    );
    let address = {
        use std::os::linux::net::SocketAddrExt;
        std::os::unix::net::SocketAddr::from_abstract_name("releng-ci-test-abstract").unwrap()
    };
    let _abstract = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
    let log = behind_user("").attack(&script);
    assert_eq!(Lab::got(&log), [""; 0], "{log}");
    assert!(log.ends_with("loopback\nend\n"), "a loopback of its own: {log}");
    assert!(listening.accept().is_err(), "nobody connected");
    let log = behind_user("network = true\n").attack(&script);
    assert!(Lab::got(&log).contains(&"server".to_owned()), "with `ci.network` there is one: {log}");
    assert!(listening.accept().is_ok());
}

#[test]
fn the_machine_cannot_be_changed() {
    let lab = behind_user("");
    let log = lab.attack(
        "for f in / /usr /usr/bin /usr/local /etc /opt /srv /srv/objects /srv/objects/pack /dev /proc /run /var /var/lib/dpkg /var/lib/rpm; do\n\
         touch $f/releng-attack 2>/dev/null && echo \"got: $f\"; done\n\
         for objects in /srv/objects/pack/* /srv/objects/*/*; do : 2>/dev/null >>$objects && echo \"got: $objects\"; chmod u+w $objects 2>/dev/null && echo got: chmod; done\n\
         ln /usr/bin/passwd /tmp/p 2>/dev/null && echo got: link\nln /srv/objects/pack/*.idx x 2>/dev/null && echo got: object link\n\
         mount -t tmpfs x /srv/work 2>/dev/null && echo got: mount\numount /srv/objects 2>/dev/null && echo got: umount\n\
         mount -o remount,rw /srv/objects 2>/dev/null && echo got: remount\n\
         mknod disk b 254 0 2>/dev/null && echo got: disk\nmknod null c 1 3 2>/dev/null && echo got: device\nmkfifo fifo\n\
         date -s 2001-01-01 2>/dev/null && echo got: clock\nhostname attack 2>/dev/null && echo got: name\n\
         chroot / true 2>/dev/null && echo got: chroot\nchattr +i kept 2>/dev/null && echo got: immutable\nrm -f fifo\n\
         cat >inner.sh <<'I'\nid -u | grep -q '^0$' && echo nested\n\
         mount -t tmpfs x /tmp && umount /srv/objects 2>/dev/null && echo got: nested umount\n\
         mount -o remount,bind,rw /srv/objects 2>/dev/null && touch /srv/objects/y && echo got: nested remount\n\
         mkdir -p /tmp/r && mount --rbind / /tmp/r && for f in /tmp/r/*; do case $f in */bin|*/dev|*/etc|*/lib*|*/opt|*/proc|*/run|*/sbin|*/srv|*/tmp|*/usr|*/var) ;; *) echo got: $f ;; esac; done\n\
         mkdir -p /tmp/c && cd /tmp && chroot /tmp/r /bin/true && for i in $(seq 20); do cd ..; done; [ -e home ] && echo got: escape\n\
         nsenter -t 1 -m true 2>/dev/null && echo got: nsenter\nmknod /tmp/d b 254 0 2>/dev/null && echo got: nested disk\nI\n\
         unshare -r -m sh inner.sh; rm inner.sh\n\
         cp /bin/sh /tmp/sh && chmod 4755 /tmp/sh && [ $(/tmp/sh -p -c 'id -u') = 0 ] && echo got: setuid\n\
         su -c id 2>/dev/null </dev/null && echo got: su\nsudo -n true 2>/dev/null && echo got: sudo\nping -c1 -W1 127.0.0.1 >/dev/null 2>&1\n\
         echo 2>/dev/null >/dev/tty && echo got: terminal\npython3 - <<'P'\nimport fcntl, termios, os\n\
         for fd in range(0, 20):\n    try:\n        fcntl.ioctl(fd, termios.TIOCSTI, b'x'); print('got: terminal', fd)\n    except OSError: pass\nP\necho end\n",
    );
    assert_eq!(Lab::got(&log), [""; 0], "{log}");
    assert!(log.ends_with("end\n") && log.contains("nested\n"), "{log}");
}

#[test]
fn a_step_ends_with_a_run_that_is_interrupted_or_killed() {
    let lab = behind_user("");
    let token = format!("{}.8", 100_000 + std::process::id());
    let daemon = format!("trap '' TERM INT\n(setsid sleep {token} >/dev/null 2>&1 &)\necho began; sleep {token}\n");
    lab.push_work(&[("attack.sh", &daemon)]);
    let mut run = duct::cmd(PROGRAM, ["ci", "merge", "--branch", "work", "--base", "main"]).dir(lab.path("clone"));
    for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        run = run.env(name, "ada@example.org");
    }
    for signal in ["-TERM", "-KILL"] {
        let running = run.clone().stdout_null().stderr_null().unchecked().start().unwrap();
        let start = Instant::now();
        while !lab.log().contains("began") {
            assert!(start.elapsed() < Duration::from_secs(60), "it has not begun");
            std::thread::sleep(Duration::from_millis(50));
        }
        run_in(Path::new("/"), "kill", &[signal, &running.pids()[0].to_string()], &[]).exits(0);
        running.wait().unwrap();
        let is_left = || run_in(Path::new("/"), "pgrep", &["-f", &format!("sleep.{token}")], &[]).code == 0;
        let start = Instant::now();
        while is_left() {
            assert!(start.elapsed() < Duration::from_secs(5), "{signal}");
        }
        run_in(Path::new("/"), "find", &[&lab.merges().display().to_string(), "-name", "*.log", "-delete"], &[])
            .exits(0);
    }
    // What the killed run left is no obstacle for the next one.
    lab.releng(&["ci", "recover", "--give-up", "1", "--why", "a test"]).exits(0);
    lab.attack("echo end\n");
}

#[test]
fn a_daemon_ends_with_its_step() {
    let lab = behind_user("");
    let token = format!("{}.7", 100_000 + std::process::id());
    let log = lab.attack(&format!(
        "cat >/tmp/daemon <<'D'\ntrap '' TERM HUP INT\nfor i in $(seq 400); do echo changed >kept 2>/dev/null; mkdir -p target/dist; \
         echo bad >target/dist/SHA256SUMS; sleep 0.05; done\nD\n\
         sed -i '1i sleep 0.4' /tmp/daemon\n(setsid sh -c 'sh /tmp/daemon & sleep {token} & exit' >/dev/null 2>&1 &)\n\
         python3 -c 'import os,time\nif os.fork()==0:\n os.setsid()\n if os.fork()==0: time.sleep({token})'\necho end\n"
    ));
    assert_eq!(log, "end\n");
    let left = crate::support::program::run_in(Path::new("/"), "pgrep", &["-f", &format!("sleep.{token}")], &[]);
    assert_eq!(left.stdout, "");
}
