//! Hostile work behind `ci.isolation = "container:IMAGE"`, with the real podman and an image of Debian.

use std::path::Path;
use std::time::{Duration, Instant};

use super::lab::{Lab, SECRET};
use crate::support::podman::Podman;
use crate::support::program::{PROGRAM, run_in};

/// A lab whose tests run in a container of this podman.
fn behind(podman: &Podman, more: &str) -> Lab {
    let mut lab = Lab::new(&format!("isolation = \"container:{}\"\n{more}", podman.image));
    let variables = podman.variables().map(|(name, value)| (name.to_owned(), value));
    lab.variables.extend(variables);
    lab
}

#[test]
fn a_step_is_where_it_can_work_and_nothing_of_the_caller_is_there() {
    let podman = Podman::new();
    let mut lab = behind(&podman, "environment = [\"NAMED\"]\n");
    lab.variables.push(("NAMED".to_owned(), "given".to_owned()));
    let listening = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listening.set_nonblocking(true).unwrap();
    let port = listening.local_addr().unwrap().port();
    let own = std::process::id();
    let paths = ["home", "clone", "remote", ""].map(|path| lab.path(path).display().to_string());
    let mut script = String::from(
        "set -e\nid -u\npwd\necho \"$HOME $TMPDIR $NAMED $RELENG_CI_STAGE\"\ntouch new /tmp/a /var/tmp/b ~/c /dev/shm/d\n\
         echo one >/dev/stderr; echo two; [ -r /srv/objects/pack ]; [ \"$(cat .git/objects/info/alternates)\" = /srv/objects ]\nset +e\n",
    );
    for path in paths {
        script += &format!("[ ! -e '{path}' ] || echo 'got: {path}'\n");
    }
    script += &format!(
        "env\ncat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep CONTAINERS && echo got: configuration\n\
         exec 3<>/dev/tcp/127.0.0.1/{port} && echo got: server\nkill -0 {own} && echo got: signal\n\
         for f in / /usr /etc /srv/objects /srv/objects/pack /proc /sys; do touch $f/releng-attack && echo \"got: $f\"; done\n\
         mount -t tmpfs x /srv/work && echo got: mount\nmknod disk b 254 0 && echo got: disk\ndate -s 2001-01-01 && echo got: clock\n\
         unshare -r true && echo got: user namespace\nchroot / true && echo got: chroot\nhostname attack && echo got: name\n\
         chown 12345 kept && echo got: owner\ngrep -q 'CapEff:.*0000000000000000' /proc/self/status || echo got: capabilities\n\
         grep -q 'NoNewPrivs:.*1' /proc/self/status || echo got: privileges\n\
         awk '$1 == 0 && $2 == 0 {{ print \"got: root of the machine\" }}' /proc/self/uid_map\n\
         head -c 3G /dev/zero >/tmp/x && echo got: memory\n: >/dev/tty && echo got: terminal\n\
         echo 1 >/proc/sysrq-trigger && echo got: sysrq\n\
         (setsid sh -c 'sleep 2; echo changed >kept' >/dev/null 2>&1 &)\nmkfifo pipe; mkdir odd; chmod 000 odd; echo end\n"
    );
    let log = lab.attack(&script);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[..3], ["0", "/srv/work", "/srv/home /tmp given check-merged"], "{log}");
    assert_eq!(Lab::got(&log), [""; 0], "{log}");
    assert!(log.contains("one\ntwo\n") && log.ends_with("end\n") && !log.contains(SECRET), "{log}");
    assert!(listening.accept().is_err());
    assert_eq!(podman.containers(), [""; 0]);
}

#[test]
fn a_container_ends_at_its_time_limit_and_with_a_killed_run() {
    let podman = Podman::new();
    let mut lab = Lab::with_config(&format!(
        "[ci]\nisolation = \"container:{}\"\n[[ci.check-merged]]\nname = \"attack\"\nrun = [\"bash\", \"attack.sh\"]\ntimeout = \"3s\"\n",
        podman.image
    ));
    lab.variables.extend(podman.variables().map(|(name, value)| (name.to_owned(), value)));
    lab.push_work(&[(
        "attack.sh",
        "trap '' TERM\nbomb() { bomb | bomb & }\nbomb 2>/dev/null\nsleep 300 & wait\nsleep 300\n",
    )]);
    lab.merge().exits(1).says(&["attack: FAILED: out of time after 3 s"]);
    assert_eq!(podman.containers(), [""; 0]);

    let lab = behind(&podman, "");
    lab.push_work(&[("attack.sh", "echo began; sleep 300\n")]);
    let mut run = duct::cmd(PROGRAM, ["ci", "merge", "--branch", "work", "--base", "main"]).dir(lab.path("clone"));
    for (name, value) in &lab.variables {
        run = run.env(name, value);
    }
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
        assert_eq!(podman.containers().len(), usize::from(signal == "-KILL"), "{signal}");
        run_in(Path::new("/"), "find", &[&lab.merges().display().to_string(), "-name", "*.log", "-delete"], &[])
            .exits(0);
    }
    // The next run removes what the killed one left; here the step is ended again, at its own limit.
    lab.releng(&["ci", "recover", "--give-up", "1", "--why", "a test"]).exits(0);
    lab.attack("echo end\n");
    assert_eq!(podman.containers(), [""; 0]);
}

#[test]
fn an_image_that_is_not_there_is_an_error_before_anything_is_recorded() {
    let podman = Podman::new();
    let mut lab = Lab::new("isolation = \"container:localhost/releng-no-such-image\"");
    lab.variables.extend(podman.variables().map(|(name, value)| (name.to_owned(), value)));
    lab.push_work(&[("attack.sh", "true\n")]);
    let help =
        "help: fetch it: `podman pull localhost/releng-no-such-image`; `podman images` lists those that are there";
    lab.merge().exits(1).says(&["podman has no image `localhost/releng-no-such-image`", help]);
    lab.releng(&["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
    // A podman that cannot run containers.
    let mut lab = behind(&podman, "");
    let broken = lab.path("containers.conf");
    std::fs::write(&broken, "[engine]\nruntime = \"no-such-runtime\"\n").unwrap();
    lab.variables.retain(|(name, _)| name != "CONTAINERS_CONF");
    lab.variables.push(("CONTAINERS_CONF".to_owned(), broken.display().to_string()));
    lab.push_work(&[("attack.sh", "true\n")]);
    lab.merge().exits(1).says(&["podman could not run a container: ", "correct it until `podman run --rm"]);
    assert_eq!(lab.log(), "");
}
