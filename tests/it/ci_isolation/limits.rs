//! Work that uses up what the machine has.

use std::time::{Duration, Instant};

use super::lab::{Lab, behind_user, user};

#[test]
fn a_fork_bomb_ends_with_its_step() {
    let user = user("releng-ci-fork");
    let step = "[[ci.check-merged]]\nname = \"attack\"\nrun = [\"bash\", \"attack.sh\"]\ntimeout = \"4s\"\n";
    let lab = Lab::with_config(&format!("[ci]\nisolation = \"user:{user}\"\n{step}"));
    lab.push_work(&[("attack.sh", "bomb() { bomb | bomb & }\nbomb 2>/dev/null\nsleep 100\n")]);
    let start = Instant::now();
    lab.merge().exits(1).says(&["attack: FAILED: out of time after 4 s"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let count = "import os, time\ncount = 0\ntry:\n    while count < 9000:\n        if os.fork() == 0:\n            time.sleep(100)\n        \
                 count += 1\nexcept OSError:\n    pass\nprint('forked', count)\n";
    lab.push_work(&[("attack.sh", "exec python3 count.py"), ("count.py", count)]);
    lab.lands();
    let log = lab.log();
    let forked = log.lines().find_map(|line| line.strip_prefix("forked ")).unwrap();
    assert!((100..2049).contains(&forked.parse::<u32>().unwrap()), "{forked}");
    let left = crate::support::program::run_in(std::path::Path::new("/"), "pgrep", &["-u", user], &[]);
    assert_eq!(left.stdout, "");
}

#[test]
fn a_step_cannot_fill_the_disk() {
    let lab = behind_user("");
    lab.push_work(&[("attack.sh", "cat /dev/zero >big\n")]);
    lab.merge_on_small_disk("300m").exits(1).says(&["attack: FAILED: ended, because it had almost filled the disk"]);
    lab.push_work(&[("attack.sh", "mkdir many && cd many && seq 1000000 | xargs touch\n")]);
    lab.merge_on_small_disk("300m,nr_inodes=20k")
        .exits(1)
        .says(&["attack: FAILED: ended, because it had almost filled the disk"]);
    // All at once, between two looks at the disk: the room for the log and the result was held back.
    let at_once = "df -B1 --output=avail . | tail -n1 | xargs -i fallocate -l {} big\ncat /dev/zero >>big\nyes | head -c 30M\nsleep 9\n";
    lab.push_work(&[("attack.sh", at_once)]);
    lab.merge_on_small_disk("300m").exits(1).says(&["attack: FAILED: ended, because it had almost filled the disk"]);
    // The temporary folder is in memory, and has a limit.
    let log = lab.attack("head -c 5G /dev/zero >/tmp/x 2>/dev/null || echo full\ntruncate -s 20G y || echo large\n");
    assert!(log.starts_with("full\n") && log.ends_with("large\n"), "{log}");
}

#[test]
fn a_large_output_becomes_a_small_log() {
    let lab = behind_user("");
    let log = lab.attack("echo first; yes | head -c 300M; echo last\n");
    assert!(log.len() < 70 << 20 && log.starts_with("first\n") && log.ends_with("last\n"), "{}", log.len());
}
