//! The repository that a command acts on: where it is, whether it is there, and by which configuration.

use std::net::TcpListener;

use crate::support::http::Server;
use crate::support::program::{PROGRAM, run_in};
use crate::support::site::{NOW, Site, text};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

/// Every command on a repository but those that begin one, with its exit code where nothing was ever staged.
const COMMANDS: [(&[&str], i32); 11] = [
    (&["status"], 0),
    (&["status", "--json"], 0),
    (&["verify"], 1),
    (&["accept"], 1),
    (&["promote"], 1),
    (&["promote", "--due"], 0),
    (&["prune"], 0),
    (&["rollback", "1.0"], 1),
    (&["yank", "demo-1.0.1-1.el9.noarch", "--why", "x"], 1),
    (&["hold", FIRST, "--why", "x"], 1),
    (&["unhold", FIRST], 1),
];

#[test]
fn a_stated_repository_that_is_not_there_is_refused() {
    let site = Site::new();
    site.release("One", &[]);
    site.project.write("empty/.keep", "");
    site.project.write("file", "");
    for (command, _) in COMMANDS {
        for (place, words) in [
            ("nowhere", "there is no repository of `demo` in `nowhere`: it has no folder `demo`"),
            ("empty", "there is no repository of `demo` in `empty`: it has no folder `demo`"),
            ("file", "/file` is not a folder"),
        ] {
            site.releng(&[command, &["--repository", place]].concat()).exits(2).says(&[words, "help: "]);
        }
    }
    site.releng_with(&[("RELENG_REPOSITORY", "nowhere")], &["status"]).exits(2).says(&["there is no repository"]);
    site.releng(&["stage", "--repository", "file"]).exits(2).says(&["/file` is not a folder"]);
    for left in ["nowhere", "nowhere-state", "empty-state", "empty/demo", "file-state"] {
        assert!(!site.project.join(left).exists(), "{left}");
    }
    site.releng(&["stage", "--repository", "empty"]).exits(0);
    site.releng(&["status", "--repository", "empty"]).exits(0).prints_part(FIRST);
}

#[test]
fn a_root_with_dots_is_found_where_the_system_finds_it() {
    let site = Site::with("[repository]\nroot = \"link/../served\"\n");
    std::fs::create_dir_all(site.project.join("target/disk/below")).unwrap();
    std::os::unix::fs::symlink("target/disk/below", site.project.join("link")).unwrap();
    site.release("One", &["el9"]);
    assert!(site.project.join("target/disk/served/demo/unstable/1.0/latest").is_dir());
    site.releng(&["status"]).exits(0).prints_part("latest snapshot-demo_1.0_pipeline_1");
    site.releng(&["verify"]).exits(0);
    for place in ["target/disk/below/../served", "target/./disk/served"] {
        site.releng(&["--repository", place, "prune"]).exits(0);
        site.releng(&["verify", &format!("{place}/demo")]).exits(0);
    }
}

#[test]
fn a_command_that_finds_no_repository_creates_none() {
    let site = Site::new();
    for (command, code) in COMMANDS {
        let ran = site.releng(command);
        assert_eq!(ran.code, code, "{command:?}: {}", ran.stderr);
    }
    site.releng(&["verify"]).exits(1).says(&["there is no repository in `", "nothing was staged yet", "releng dist"]);
    assert!(!site.project.join("target").exists());
}

#[test]
fn a_configured_folder_may_be_in_the_home_folder() {
    let site = Site::with("[repository]\nroot = \"~/repos\"\nstate = \"~/kept\"\n");
    let home = site.project.join("target/home");
    site.releng_with(&[("HOME", home.to_str().unwrap())], &["dist"]).exits(0);
    assert!(home.join("repos/demo/unstable/1.0").join(FIRST).is_dir() && home.join("kept/demo/log.jsonl").is_file());
    assert!(!site.project.join("~").exists());
}

#[test]
fn a_release_is_staged_by_the_configuration_of_its_commit() {
    let site = Site::with("[repository]\nroot = \"committed\"\n");
    site.project.write("packaging/release.toml", "[repository]\nroot = \"edited\"\nsign = \"no-such-key\"\n");
    site.releng(&["dist"]).exits(0).says(&["`packaging/release.toml` differs from the commit, whose copy is used"]);
    assert!(site.project.join("committed/demo/unstable/1.0").join(FIRST).is_dir());
    assert!(!site.project.join("edited").exists());
}

#[test]
fn a_new_repository_below_target_is_warned_of_once() {
    let warning = "is below a `target/` folder";
    let site = Site::new();
    site.releng(&["dist"]).exits(0).says(&[warning, "set `repository.root`"]);
    site.commit("Two");
    for ran in [site.releng(&["dist"]), site.promote(&[]), site.releng(&["dist", "--pipeline", "9"])] {
        let ran = ran.exits(0);
        assert!(!ran.stderr.contains(warning), "{}", ran.stderr);
    }
    let elsewhere = Site::with("[repository]\nroot = \"repos\"\n").releng(&["dist"]).exits(0);
    assert!(!elsewhere.stderr.contains(warning), "{}", elsewhere.stderr);
}

#[test]
fn a_hold_ends_on_a_day_that_is_not_over() {
    let site = Site::new();
    site.release("One", &[]);
    let hold = |until: &str| site.releng(&["hold", FIRST, "--why", "x", "--dry-run", "--until", until]);
    for over in ["2020-01-01", "2026-01-01"] {
        hold(over).exits(2).says(&[&format!("its last day {over} is over"), "help: name a day that is not over"]);
    }
    hold("2026-01-02").exits(0); // the present day
    for wrong in ["tomorrow", "2026-13-01", "1.2.2027"] {
        hold(wrong).exits(2).says(&["it is not a date: write YYYY-MM-DD"]);
    }
}

#[test]
fn a_dry_run_needs_the_key_as_the_run_does() {
    let site = Site::with("[repository]\nsign = \"no-such-key\"\n");
    let home = site.project.join("target/gnupg");
    std::fs::create_dir_all(&home).unwrap();
    let variables = [("GNUPGHOME", home.to_str().unwrap())];
    let refused = |args: &[&str]| site.releng_with(&variables, args).exits(1).stderr;
    assert_eq!(refused(&["dist", "--dry-run"]), refused(&["dist"]));
    site.releng_with(&variables, &["dist", "--no-stage"]).exits(0);
    let staged = refused(&["stage"]);
    assert!(staged.contains("`no-such-key`"), "{staged}");
    assert_eq!(refused(&["stage", "--dry-run"]), staged);
}

#[test]
fn what_an_event_says_steers_no_terminal() {
    let site = Site::new();
    site.release("One", &[]);
    site.releng(&["hold", FIRST, "--why", "a\nstable/9.0 \u{1b}[2Jb\u{9b}\u{202e}c"]).exits(0);
    site.releng(&["status"]).exits(0).prints_part(", held: a stable/9.0 [2Jbc\n");
    // An older program kept such a reason in the log as it was.
    let log = site.state("log.jsonl");
    let old = text(&log).replace("a stable/9.0 [2Jbc", "a\\nstable/9.0 \\u001b[2Jb\u{9b}\u{202e}c");
    assert!(old.contains("\\u001b"), "{old}");
    std::fs::write(&log, old).unwrap();
    let is_steering = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    for args in [&["status"][..], &["status", "--json"], &["verify"], &["verify", "--json"], &["prune", "--dry-run"]] {
        let ran = site.releng(args);
        assert!(!ran.stdout.contains(is_steering) && !ran.stderr.contains(is_steering), "{args:?}: {}", ran.stdout);
    }
    site.releng(&["status"]).exits(0).prints_part(", held: a stable/9.0 [2Jbc\n");
}

#[test]
fn a_fault_of_the_network_is_temporary_and_a_wrong_address_is_not() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let server = Server::start(&site.project.join("target/repository"));
    site.releng(&["verify", &server.url("demo/stable/1.0")]).exits(0);
    let wrong = site.releng(&["verify", &server.url("demo/stable/7.0")]).exits(1);
    wrong.says(&["demo/stable/7.0/manifest.json`: The requested URL returned error: 404", "the right address?"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // nobody listens there afterwards
    let down = site.releng(&["verify", &format!("http://{free}/demo/stable/1.0")]).exits(5);
    down.says(&["cannot fetch `http://", "help: check the address and the network"]);
}

#[test]
fn a_path_in_a_command_is_quoted_for_the_shell() {
    let site = Site::new();
    let spec = text(&site.project.join("packaging/demo.spec.in")).replace("%build\n", "%build\nexit 3\n");
    site.project.commit("Fail", &[("packaging/demo.spec.in", &spec)]);
    let place = site.project.path().display().to_string();
    site.project.write("it's here/.keep", "");
    let args = ["--project", "it's here/..", "rpm", "--out", "the results"];
    let ran = run_in(site.project.path(), PROGRAM, &args, &[("RELENG_NOW", NOW)]).exits(1);
    let command = ran.stderr.split("build again: `releng ").nth(1).unwrap().split("`\n").next().unwrap().to_owned();
    assert_eq!(command, "--project 'it'\\''s here/..' rpm --dist local --out 'the results'", "{place}");
    let again = run_in(site.project.path(), "sh", &["-c", &format!("{PROGRAM} {command}")], &[]).exits(1);
    again.says(&["1 of 1 builds failed: local "]);
}

#[test]
fn a_missing_project_folder_is_said() {
    let words = ["there is no folder `/nosuch`", "help: give `--project` the folder of a project"];
    Site::new().releng(&["--project", "/nosuch", "status"]).exits(2).says(&words);
}
