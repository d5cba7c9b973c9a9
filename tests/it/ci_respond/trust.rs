//! Where the keys of trust come from: from the default branch, and neither from a base that somebody may push to, nor from merged work.

use releng::project::config::ForgeKind;

use super::forge::{ForgePlace, MEMBER, outcome};
use crate::architecture::own_sources;
use crate::helps::follow;
use crate::support::forge::Double;

impl ForgePlace {
    /// Changes the configuration of a branch, which begins at `master` if it is new.
    fn configures(&self, branch: &str, from: &str, to: &str) {
        let at = |args: &[&str]| drop(self.place.at("work", args));
        if self.place.tip(branch).is_empty() {
            at(&["checkout", "-q", "-b", branch]);
        } else {
            at(&["checkout", "-q", branch]);
        }
        let text = std::fs::read_to_string(self.place.join("work/packaging/release.toml")).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        self.place.commit("Configure more", &[("packaging/release.toml", &text.replace(from, to))]);
        at(&["push", "-q", "origin", branch]);
        at(&["checkout", "-q", "master"]);
    }
}

const NAME: &str = "name = \"demo\"\n";

#[test]
fn a_branch_does_not_declare_itself_a_base() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.configures("wip", NAME, "name = \"demo\"\nbranches = [\"wip\"]\n");
    place.double.with(|state| "wip".clone_into(&mut state.pulls[0].base));
    let event = place.comment(41, super::forge::ADMIN, "ci merge please");
    let told = outcome(&place.deliver(&event, "issue_comment").exits(0));
    assert_eq!(told, ("none".to_owned(), "the base is none of `project.branches`".to_owned()));
    place.configures("master", NAME, "name = \"demo\"\nbranches = [\"master\", \"wip\"]\n");
    place.asks_for_merge(42, "ci merge please");
}

#[test]
fn a_base_says_neither_where_the_token_goes_nor_who_may_merge() {
    let place = ForgePlace::new(ForgeKind::Github, "admins = [\"ada\"]");
    let foreign = Double::start(ForgeKind::Github);
    place.configures("wip", &place.double.url(), &foreign.url());
    place.configures("wip", "admins = [\"ada\"]", "admins = [\"linus\"]\nuntrusted = true");
    place.configures("master", NAME, "name = \"demo\"\nbranches = [\"master\", \"wip\"]\n");
    place.double.with(|state| "wip".clone_into(&mut state.pulls[0].base));
    place.becomes(MEMBER, "admin");
    assert_eq!(place.says(40, MEMBER, "ci merge please").0, "none");
    let file = place.asks_for_merge(41, "ci merge please");
    let merge = place.merges(&file).exits(0).stdout.trim().to_owned();
    assert_eq!((place.place.tip("wip"), place.ends().len()), (merge, 1));
    assert_eq!(foreign.asked(), [""; 0]);
}

#[test]
fn merged_work_does_not_say_where_the_token_goes() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let foreign = Double::start(ForgeKind::Github);
    place.configures("fix", &place.double.url(), &foreign.url());
    place.moves_to(&place.place.tip("fix"));
    let file = place.asks_for_merge(41, "ci merge please");
    place.run(&["ci", "merge", "prepare", "--decision", &file, "--out", "../merge.json"]).exits(0);
    place.run(&["ci", "merge", "test", "../merge.json", "--out", "../tested-dir", "--no-isolation"]).exits(0);
    let finish = ["ci", "merge", "finish", "../merge.json", "--tested", "../tested-dir", "--decision", &file];
    let merge = place.run(&finish).exits(0).stdout.trim().to_owned();
    assert_eq!((place.place.tip("master"), place.ends().len()), (merge, 1));
    assert_eq!(foreign.asked(), [""; 0]);
}

#[test]
fn a_base_does_not_say_what_is_around_its_tests() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.configures("wip", NAME, "name = \"demo\"\nbranches = [\"wip\"]\n");
    place.configures("master", "isolation = \"none\"", "isolation = \"user:releng-nobody-here\"");
    let merge = ["ci", "merge", "--branch", "fix", "--base", "wip"];
    place.run(&merge).exits(1).says(&["releng-nobody-here"]);
    place.run(&[&merge[..], &["--dry-run"]].concat()).exits(1).says(&["releng-nobody-here"]);
    place.run(&["ci", "merge", "prepare", "--branch", "fix", "--base", "wip", "--out", "../merge.json"]).exits(0);
    place
        .run(&["ci", "merge", "test", "../merge.json", "--out", "../tested-dir"])
        .exits(1)
        .says(&["releng-nobody-here"]);
    assert!(!place.place.join("tested").exists(), "a test has run");
}

#[test]
fn without_a_default_branch_nothing_is_trusted() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.place.at("origin.git", &["symbolic-ref", "HEAD", "refs/heads/none"]);
    let stopped =
        place.run(&["ci", "merge", "--branch", "fix", "--base", "master"]).exits(2).says(&["has no default branch"]);
    let event = place.comment(41, super::forge::ADMIN, "ci merge please");
    place.deliver(&event, "issue_comment").exits(2).says(&["has no default branch"]);
    follow(&place.place.join("origin.git"), &stopped, "git symbolic-ref", &[("main", "master")]).exits(0);
    place.run(&["ci", "merge", "--branch", "fix", "--base", "master"]).exits(0);
}

/// The keys of trust reach a forge by one function, whose argument only the default branch makes.
#[test]
fn a_forge_is_opened_in_one_place() {
    let found: Vec<String> =
        own_sources().into_iter().filter(|(_, text)| text.contains("forge::open(")).map(|(path, _)| path).collect();
    assert_eq!(found, ["cli/decided.rs"]);
}
