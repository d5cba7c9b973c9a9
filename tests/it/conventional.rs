//! Breaks and features in the form of Conventional Commits: a warning, or counted if configured.

use crate::support::history::History;
use crate::support::program::Sandbox;
use crate::support::site::{Site, UNTESTED};
use crate::version::{BREAK, answer, summary, tagged, tagged_then};

#[test]
fn a_break_that_does_not_count_is_a_warning() {
    type Build = fn() -> History;
    let cases: &[(&str, Build, &str)] = &[
        ("break", || tagged_then(b"feat!: drop the old format\n"), "1.2.1 conventional-break"),
        ("footer", || tagged_then(b"s\n\nBREAKING CHANGE: gone\n"), "1.2.1 conventional-break"),
        ("feature", || tagged_then(b"feat: more\n"), "1.2.1"),
        ("break with a header", || tagged_then(b"feat!: x\n\nSem-Ver: api-breaking\n"), "2.0.0 untagged-bump"),
        ("break, then a header", conventional_then_header, "2.0.0 untagged-bump"),
        ("break after a header", header_then_conventional, "2.0.1 untagged-bump conventional-break"),
        ("break on a side commit", side_conventional_break, "1.2.1 conventional-break"),
        ("break tagged 1.3", || conventional_break_tagged("1.3"), "1.3.0 header-against-tag"),
        ("break tagged 2.0", || conventional_break_tagged("2.0"), "2.0.0"),
    ];
    for (name, build, expected) in cases {
        let written = build().write();
        assert_eq!(summary(&answer(&written.open())), *expected, "{name}");
    }
}

fn conventional_then_header() -> History {
    let mut history = tagged_then(b"feat!: x\n");
    history.commit(BREAK);
    history
}

fn header_then_conventional() -> History {
    let mut history = tagged_then(BREAK.as_bytes());
    history.commit("fix(cli)!: x\n");
    history
}

fn side_conventional_break() -> History {
    let mut history = tagged();
    let side = history.on(&[history.tip()], "s\n\nBREAKING-CHANGE: x\n");
    history.merge("merge\n", &[side]);
    history
}

fn conventional_break_tagged(tag: &str) -> History {
    let mut history = tagged_then(b"feat!: x\n");
    history.tag(tag, history.tip());
    history
}

#[test]
fn conventional_commits_raise_the_version_if_configured() {
    let configured = "[version]\nheaders = [\"sem-ver\", \"conventional\"]\n";
    let project = Sandbox::released(&[("packaging/release.toml", configured)]);
    for (message, version) in [
        ("feat(cli): print JSON", "1.1.0"),
        ("fix: close the file", "1.1.1"),
        ("Close it\n\nSem-Ver: feature", "1.2.0"),
        ("feat!: drop the old format", "2.0.0"),
        ("Drop more\n\nBREAKING CHANGE: it is gone", "3.0.0"),
    ] {
        project.commit(message, &[]);
        assert_eq!(project.releng(&["version"]).exits(0).stdout, format!("{version}\n"), "{message}");
    }
    project.releng(&["changelog"]).exits(0).prints_part("- 3.0.0-1").prints_part("- 1.2.0-1");
    project.releng(&["version", "--explain"]).exits(0).prints_part("`feat!: drop the old format`");
    let alone = configured.replace("\"sem-ver\", ", "");
    project.commit("Configure", &[("packaging/release.toml", &alone)]);
    project.releng(&["version"]).exits(2).says(&["`sem-ver` is missing"]);
}

#[test]
fn a_break_that_the_version_does_not_count() {
    let site = Site::new();
    site.commit("feat!: drop the old format").build(&["el9"]);
    site.releng(&["version", "--strict"]).exits(1).says(&["conventional-break"]);
    site.releng(&["stage"]).exits(0);
    let parts =
        ["`feat!: drop the old format` in commit `", "states a break", "help: if it breaks", "next milestone `X.Y`"];
    let promote = [&["promote", "--major"], UNTESTED].concat();
    site.releng(&[&promote[..], &["--dry-run"]].concat()).exits(1).says(&parts);
    site.releng(&promote).exits(1).says(&parts);
    // Each way out that the help names ends in a promotion.
    site.project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    site.project.git(&["tag", "-d", "2.0"]);
    site.commit("Go on");
    site.project.git(&["tag", "1.1"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    site.project.git(&["tag", "-d", "1.1"]);
    site.project
        .commit("Count it", &[("packaging/release.toml", "version.headers = [\"sem-ver\", \"conventional\"]\n")]);
    assert_eq!(site.build(&["el9"]), "2.0.2");
}
