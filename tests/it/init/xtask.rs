//! The crate `xtask` that `init --xtask` adds to a Cargo workspace.

use std::fs;

use serde_json::Value;

use super::kinds;
use crate::support::program::{Sandbox, run_in};
use crate::support::root;

/// The names of the packages that cargo finds: all, and those that it builds without further words.
fn members(project: &Sandbox) -> (Vec<String>, Vec<String>) {
    let args = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let metadata: Value = serde_json::from_str(&run_in(project.path(), "cargo", &args, &[]).exits(0).stdout).unwrap();
    let names = |key: &str| {
        let ids = metadata[key].as_array().unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter().filter(|package| ids.contains(&package["id"]));
        let mut names: Vec<String> = packages.map(|package| package["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    (names("workspace_members"), names("workspace_default_members"))
}

#[test]
fn a_virtual_workspace_gets_a_member_that_is_not_built_with_it() {
    let project = kinds::workspace();
    let before = members(&project);
    let address = format!("file://{}", root().display());
    let ran = project.releng(&["init", "--xtask", &address]).exits(0);
    let ran = ran.prints_part("  write xtask/src/main.rs: ").prints_part("  add to Cargo.toml: the member `xtask`");
    ran.prints_part("  write .cargo/config.toml: ").prints_part("  git add .cargo Cargo.toml packaging xtask && ");
    let (all, default) = members(&project);
    assert_eq!((all, default), ([before.0, vec!["xtask".to_owned()]].concat(), before.1));
    let alias = run_in(project.path(), "cargo", &["--list"], &[]).exits(0).stdout;
    assert!(alias.contains("alias: run --quiet --profile xtask --package xtask --"), "{alias}");
    let again = project.releng(&["init", "--xtask", &address]).exits(0);
    again.prints_part("nothing to write").prints_part("  Cargo.toml: it is what would be written\n");
}

#[test]
fn a_workspace_with_a_package_in_its_root_keeps_its_default_members() {
    let project = kinds::single_crate();
    let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", format!("{manifest}\n[workspace]\nmembers = [\"more\"] # all\n"));
    project.write("more/Cargo.toml", "[package]\nname = \"more\"\nversion = \"0.0.0\"\nedition = \"2021\"\n");
    project.write("more/src/lib.rs", "");
    project.write(".cargo/config.toml", "[alias]\nb = \"build\"\n");
    let plan = project.releng(&["init", "--xtask", "https://example.org/releng", "--dry-run"]).exits(0);
    plan.prints_part("  add to .cargo/config.toml: the alias `xtask`");
    project.releng(&["init", "--xtask", "https://example.org/releng"]).exits(0);
    assert_eq!(members(&project), (["hello", "more", "xtask"].map(str::to_owned).to_vec(), vec!["hello".to_owned()]));
    let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
    assert!(manifest.ends_with("members = [\"more\", \"xtask\"] # all\n"), "{manifest}");
}

#[test]
fn lines_that_cannot_be_added_are_said() {
    let project = kinds::workspace();
    project.write("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
    let ran = project.releng(&["init", "--xtask", "https://example.org/releng"]).exits(0);
    ran.prints_part("  `Cargo.toml`: write `\"xtask\"` into `workspace.members`");
    assert_eq!(fs::read_to_string(project.join("Cargo.toml")).unwrap(), "[workspace]\nmembers = [\"*\"]\n");
    let other = kinds::pbr().releng(&["init", "--xtask", "https://example.org/releng"]).exits(0);
    other.prints_part("`--xtask` is for a Cargo workspace, and this is none");
}
