//! The smaller commands, and what all commands have in common: `config`, streams, colour.

use std::path::Path;

use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::root;
use crate::support::site::Site;

fn demo() -> Sandbox {
    Sandbox::released(&[("demo.spec.in", "Name: demo\nVersion: @@VERSION@@\nRelease: 1\n")])
}

#[test]
fn config_shows_each_value_and_where_it_comes_from() {
    let project = demo();
    let step = "[[ci.check-patch]]\nname = \"unit\"\nrun = [\"sh\", \"-c\", '''a 'b' \"c\"''']\n[ci]\nenvironment = [\"CC\"]\n";
    project.write("packaging/release.toml", format!("[version]\ninitial = \"0.3\"\n{step}"));
    let shown = project.releng(&["config"]).exits(0).stdout;
    for (part, origin) in [
        ("name = \"demo\"", "demo.spec.in"),
        ("initial = \"0.3\"", "packaging/release.toml:2"),
        ("formats = [\"tar.gz\",\"zip\"]", "default"),
        ("spec = \"demo.spec.in\"", "found"),
    ] {
        let line = shown.lines().find(|line| line.starts_with(part)).unwrap_or_else(|| panic!("no {part} in {shown}"));
        assert!(line.ends_with(&format!("# {origin}")), "{line}");
    }
    // What is shown can be written into the file as it is.
    assert!(shown.contains(r#"run = ["sh","-c","a 'b' \"c\""]"#), "{shown}");
    project.write("packaging/release.toml", &shown);
    let without_origins = |text: &str| {
        text.lines().map(|line| line.split(" # ").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(without_origins(&project.releng(&["config"]).exits(0).stdout), without_origins(&shown));
    project.releng(&["config", "--json"]).exits(0).prints_part("\"schema\": \"releng.config/1\"");
}

#[test]
fn config_says_what_is_wrong() {
    let project = demo();
    project.write("other.spec.in", "Name: other\nVersion: @@VERSION@@\n");
    project.releng(&["config"]).exits(0).says(&["2 specs, and the project may be each of them"]);
}

#[test]
fn results_and_talk_have_streams_of_their_own() {
    let project = demo();
    project.commit("More\n\nSem-Ver: feature", &[]);
    let ran = project.releng(&["version"]).exits(0).says(&["warning: ", "untagged-bump"]);
    assert_eq!(ran.stdout, "1.1.0\n");
}

#[test]
fn colour_follows_the_flag_and_the_terminal() {
    let project = demo();
    let error = |args: &[&str]| project.releng(args).exits(2).stderr;
    assert!(!error(&["version", "--rev", "x"]).contains('\x1b'), "a pipe has no colour");
    assert!(error(&["version", "--rev", "x", "--color", "always"]).starts_with("\x1b[1;31merror:\x1b[0m "));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = demo();
    // A changelog of more than a pipe holds, to a reader that has gone before it is written.
    let subject = "x".repeat(500);
    let commits = format!("for n in $(seq 200); do git commit -q --allow-empty -m '{subject}'; done");
    project.git(&["config", "user.name", "A"]);
    project.git(&["config", "user.email", "a@b"]);
    run_in(project.path(), "sh", &["-c", &commits], &[]).exits(0);
    let gone = format!("{{ sleep 0.2; {PROGRAM} changelog; }} | true; echo ${{PIPESTATUS[0]}}");
    run_in(project.path(), "bash", &["-c", &gone], &[]).exits(0).says_nothing().prints("0\n");
    let script = format!("{PROGRAM} man | head -n 1; {PROGRAM} version >/dev/full; echo $?");
    let ran = run_in(project.path(), "bash", &["-o", "pipefail", "-c", &script], &[]).exits(0);
    assert!(ran.stdout.ends_with("1\n"), "a full disk is one: {}", ran.stdout);
    ran.says(&["cannot write to standard output: No space left on device"]);
}

#[test]
fn the_documented_call_hands_over_to_cargo_xtask() {
    let project = demo();
    let (script, path) = (crate::support::root().join("scripts/version_manager.py"), project.path().to_str().unwrap());
    // Cargo needs its own variables; they are what `run_in` takes away.
    let call = |command: &str| {
        let ran = duct::cmd!(&script, path, command).stderr_null().unchecked().read().unwrap();
        (ran, project.releng(&[command]).stdout.trim_end().to_owned())
    };
    for command in ["version", "changelog"] {
        let (documented, own) = call(command);
        assert_eq!(documented, own);
    }
}

#[test]
fn the_program_has_the_version_that_its_history_counts() {
    let counted = run_in(&root(), PROGRAM, &["version"], &[]).exits(0).stdout;
    let own = format!("releng {} (checkout)", counted.trim_end());
    run_in(Path::new("/"), PROGRAM, &["--version"], &[]).exits(0).prints(&format!("{own}\n"));
    let site = Site::new();
    site.release("One", &[]);
    let manifest = site.text("unstable/1.0/latest/manifest.json");
    assert!(manifest.contains(&format!("\"name\": \"{own}\"")), "{manifest}");
}
