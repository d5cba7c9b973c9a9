//! The documents are true: their commands are run or parsed, and they name every command, flag, key and variable.

mod desk;
pub mod markdown;
mod pictures;

use std::collections::BTreeSet;

use clap::Command;
use releng::cli::arguments::Cli;
use releng::history::lint::RULES;
use releng::project::config::{AcceptanceTest, CiStep, Config, DistKeys, GenerateKeys, known_keys, lines_of_keys};

use crate::support::dnf::Client;
use crate::support::{root, text_of};
use desk::Desk;
use markdown::{anchors, blocks, links, rows, spans};

/// The configuration of a project with packages for el9, a public address and an acceptance test that passes.
const CONFIG: &str = "[repository]\nurl = \"https://example.org/repos\"\n[rpm]\ndists = [\"el9\"]\nportable-noarch = true\n\
    [[acceptance]]\nname = \"look\"\nrun = [\"test\", \"-f\", \"hello\"]\n";

/// Makes a release and promotes it.
const RELEASE: &str = "cargo xtask dist --rpm && cargo xtask accept && cargo xtask promote --major";

/// All documents, as paths from the root of the project.
fn documents() -> Vec<String> {
    let mut documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "pictures" {
            documents.push(format!("docs/{name}"));
        }
    }
    documents.sort();
    documents
}

/// The text of the README and of all pages in `docs/`.
fn manual() -> String {
    let is_manual = |document: &String| document == "README.md" || document.starts_with("docs/");
    documents().iter().filter(|document| is_manual(document)).map(|document| text_of(document)).collect()
}

/// The place in which the consoles of a document are run.
fn desk_of(document: &str) -> Desk {
    match document {
        "README.md" => Desk::empty(),
        "docs/contributor.md" => Desk::released("", 2),
        "docs/packager.md" => Desk::with_plain_spec(),
        "docs/other-tools.md" => Desk::released("", 1),
        "docs/ci.md" => Desk::released(CONFIG, 1),
        "docs/maintainer.md" | "docs/configuration.md" | "docs/merge.md" => Desk::released("", 0),
        "docs/announce.md" => {
            let desk = Desk::released(CONFIG, 1);
            desk.does(RELEASE);
            desk.does("ln -s ../lago/target/repository ../www.example.org/repos");
            desk.does("printf '#!/bin/sh\\ncat >>\"$HOME/mails\"\\n' >../bin/sendmail && chmod 755 ../bin/sendmail");
            desk
        }
        "docs/install.md" => {
            let desk = Desk::released(CONFIG, 1);
            desk.does(RELEASE);
            desk.does("ln -s ../lago/target/repository ../www.example.org/repos");
            desk
        }
        _ => panic!("{document} has a `console` block: say here in which project it is run"),
    }
}

#[test]
fn the_consoles_of_every_document_run() {
    let documents = documents();
    let with_console = |document: &&String| blocks(&text_of(document)).iter().any(|it| it.language == "console");
    std::thread::scope(|scope| {
        for document in documents.iter().filter(with_console) {
            scope.spawn(|| desk_of(document).carry_out(document));
        }
    });
}

#[test]
fn copying_in_the_documented_order_keeps_clients_working() {
    let consoles = blocks(&text_of("docs/maintainer.md")).into_iter().filter(|block| block.language == "console");
    let commands = consoles.flat_map(|console| console.commands()).map(|shown| shown.command);
    let copies: Vec<String> = commands.filter(|command| command.starts_with("rsync ")).collect();
    let [files, links] = &copies[..] else { panic!("not two commands: {copies:?}") };
    let desk = Desk::released(CONFIG, 1);
    desk.does(RELEASE);
    desk.does(files);
    desk.does(links);
    let client = || Client::with_repo_file(&desk.join("www.example.org/repos/lago/lago-stable-1.0-el9.repo"));
    let (old, first, second) = (client(), ["lago-1.0.1-1.el9.noarch"], ["lago-1.0.2-1.el9.noarch"]);
    old.install(&["lago"]).exits(0);
    assert_eq!(old.installed(), first);
    desk.does(&format!("git commit --quiet --allow-empty --message 'Go on' && {RELEASE}"));
    desk.does(files);
    old.upgrade().exits(0);
    assert_eq!(old.installed(), first, "the links still lead to the first release");
    let between = client();
    between.install(&["lago"]).exits(0);
    assert_eq!(between.installed(), first);
    desk.does(links);
    old.upgrade().exits(0);
    assert_eq!(old.installed(), second);
}

/// The arguments of each `cargo xtask` in a line, or of the `releng` that it is a command of, up to the end of the command.
fn calls(line: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    let line = line.replace("$ releng ", "$ cargo xtask ").replace("$(releng ", "$(cargo xtask ");
    for rest in line.split("cargo xtask").skip(1) {
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for letter in rest.chars() {
            match letter {
                '"' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                '#' | ')' | '&' | '|' if !is_quoted => break,
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        calls.push(words);
    }
    calls
}

#[test]
fn every_call_parses() {
    let mut count = 0;
    for document in documents() {
        let text = text_of(&document);
        let lines = blocks(&text).into_iter().flat_map(|block| block.lines);
        for call in lines.chain(spans(&text)).flat_map(|line| calls(&line)).filter(|call| !call.is_empty()) {
            let words = std::iter::once("cargo xtask").chain(call.iter().map(String::as_str));
            if let Err(error) = Cli::definition().try_get_matches_from(words) {
                panic!("{document}: `cargo xtask {}`: {error}", call.join(" "));
            }
            count += 1;
        }
    }
    assert!(count >= 40, "only {count} calls found");
}

#[test]
fn every_command_line_is_in_a_console_or_text_block() {
    for document in documents() {
        for block in blocks(&text_of(&document)) {
            let is_shown = ["console", "text"].contains(&block.language.as_str());
            for line in &block.lines {
                let is_command = line.starts_with("$ ");
                assert!(!is_command || is_shown, "{document}: mark the block as `console` or `text`: {line}");
                assert!(is_command || !line.contains("cargo xtask"), "{document}: begin the line with `$ `: {line}");
            }
            assert!(!block.language.is_empty(), "{document}: a code block names no language");
        }
    }
}

/// The long flags of a command, those of all commands included.
fn flags(command: &Command) -> BTreeSet<String> {
    let definition = Cli::definition();
    let flags = command.get_arguments().chain(definition.get_arguments()).filter_map(|flag| flag.get_long());
    flags.map(|flag| format!("--{flag}")).collect()
}

/// All commands, those below others included, with their names as they are called, such as `ci check-patch`.
fn commands() -> Vec<(String, Command)> {
    fn collect(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
        for inner in command.get_subcommands() {
            let name = format!("{name} {}", inner.get_name()).trim_start().to_owned();
            found.push((name.clone(), inner.clone()));
            collect(inner, &name, found);
        }
    }
    let mut found = Vec::new();
    collect(&Cli::definition(), "", &mut found);
    found
}

/// The words of a code span or a line, without what stands around a flag.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || "`()[]=,;\"".contains(letter))
}

#[test]
fn the_table_of_commands_has_exactly_the_commands() {
    let rows = rows(&text_of("docs/commands.md"));
    let table = rows.iter().skip_while(|row| row[0] != "command").skip(2);
    let listed: Vec<String> = table.map(|row| row[0].clone()).collect();
    let mut sorted = listed.clone();
    sorted.sort();
    let mut commands: Vec<String> =
        Cli::definition().get_subcommands().map(|command| format!("`{}`", command.get_name())).collect();
    commands.sort();
    assert_eq!(sorted, commands);
}

#[test]
fn every_flag_is_documented_and_no_other() {
    let (manual, commands) = (manual(), commands());
    let documented: BTreeSet<&str> = words(&manual).collect();
    for (name, command) in &commands {
        for flag in flags(command) {
            assert!(documented.contains(flag.as_str()), "no document names `{name} {flag}`");
        }
    }
    for document in documents() {
        for span in spans(&text_of(&document)) {
            // The longest name: `ci check-patch` has other flags than `ci`.
            let is_called = |name: &str| span == name || span.starts_with(&format!("{name} "));
            let called = commands.iter().filter(|(name, _)| is_called(name));
            let Some((_, command)) = called.max_by_key(|(name, _)| name.len()) else { continue };
            let known = flags(command);
            for flag in words(&span).filter(|word| word.starts_with("--")) {
                assert!(known.contains(flag), "{document}: `{span}`: there is no flag `{flag}`");
            }
        }
    }
}

#[test]
fn every_exit_code_is_documented() {
    let definition = Cli::definition().render_help().to_string();
    let (_, listed) = definition.split_once("Exit codes: ").unwrap();
    let rows = rows(&text_of("docs/ci.md"));
    for code in listed.split('·').filter_map(|code| code.split_whitespace().next()) {
        assert!(rows.iter().any(|row| row[0] == code), "docs/ci.md has no row for exit code {code}");
    }
}

#[test]
fn every_key_is_documented_with_its_default() {
    let rows = rows(&text_of("docs/configuration.md"));
    let default_of = |key: &str| {
        let row = rows.iter().find(|row| row[0] == format!("`{key}`"));
        row.unwrap_or_else(|| panic!("docs/configuration.md has no row for `{key}`"))[1].clone()
    };
    for (key, value) in known_keys() {
        let default = if value.is_null() { String::new() } else { format!("`{value}`") };
        assert_eq!(default_of(&key), default, "`{key}`");
    }
    let names = |keys: serde_json::Value| keys.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (test, dist) = (AcceptanceTest::default(), DistKeys::default());
    let step =
        names(serde_json::to_value(CiStep::default()).unwrap()).into_iter().map(|key| format!("ci.<stage>.{key}"));
    let in_lists = names(serde_json::to_value(test).unwrap()).into_iter().map(|key| format!("acceptance.{key}"));
    let generate = names(serde_json::to_value(GenerateKeys::default()).unwrap());
    let generate = generate.into_iter().map(|key| format!("source.generate.{key}"));
    let in_lists = in_lists.chain(step).chain(generate).chain(["rpm.define.<macro>".to_owned()]);
    let of_dists = names(serde_json::to_value(dist).unwrap()).into_iter().map(|key| format!("rpm.dist.<dist>.{key}"));
    for key in in_lists.chain(of_dists) {
        assert!(!default_of(&key).is_empty(), "`{key}`");
    }
}

#[test]
fn configurations_in_documents_are_valid() {
    let mut keys = BTreeSet::new();
    for document in documents() {
        for block in blocks(&text_of(&document)).into_iter().filter(|block| block.language == "toml") {
            let text = block.lines.join("\n") + "\n";
            if let Err(failure) = Config::parse(text.as_bytes()) {
                panic!("{document}: {failure}\n{text}");
            }
            keys.extend(lines_of_keys(&text).into_keys());
        }
    }
    for key in known_keys().into_keys() {
        assert!(keys.contains(&key), "no example sets `{key}`");
    }
}

/// The names in all sources of the program that begin with `prefix` and go on with letters that `fits` accepts.
fn names_in_sources(prefix: &str, fits: impl Fn(char) -> bool) -> BTreeSet<String> {
    fn collect(folder: &std::path::Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, texts) } else { texts.push(std::fs::read_to_string(path).unwrap()) }
        }
    }
    let mut texts = Vec::new();
    collect(&root().join("xtask/src"), &mut texts);
    let mut names = BTreeSet::new();
    let codes = texts.iter().filter_map(|text| text.split("#[cfg(test)]\nmod tests").next());
    for rest in codes.flat_map(|code| code.split(prefix).skip(1)) {
        let end = rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        names.insert(format!("{prefix}{}", &rest[..end]));
    }
    names
}

#[test]
fn every_variable_is_documented() {
    let manual = manual();
    let names = names_in_sources("RELENG_", |letter| letter.is_ascii_uppercase() || letter == '_');
    assert!(names.len() >= 10, "only {names:?}");
    for name in names.iter().map(String::as_str).chain(["BUILD_NUMBER", "GITHUB_RUN_NUMBER", "CI_PIPELINE_IID"]) {
        assert!(words(&manual).any(|word| word == name), "no page in docs/ names the variable `{name}`");
    }
}

#[test]
fn every_schema_is_documented() {
    let manual = manual();
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-/".contains(letter);
    for name in names_in_sources("\"releng.", is_part).iter().filter(|name| name.contains('/')) {
        let name = name.trim_start_matches('"');
        assert!(words(&manual).any(|word| word == name), "no page in docs/ names the schema `{name}`");
    }
}

#[test]
fn every_warning_is_documented() {
    let rows = rows(&text_of("docs/contributor.md"));
    let source = text_of("xtask/src/history/warning.rs");
    let lines = source.lines().filter_map(|line| line.trim().strip_prefix("WarningId::")?.split_once(" => \""));
    let ids: Vec<&str> = lines.filter_map(|(_, id)| id.split('"').next()).collect();
    assert!(ids.len() >= 12, "only {ids:?}");
    for id in ids {
        assert!(rows.iter().any(|row| row[0] == format!("`{id}`")), "no row for `{id}`");
    }
}

#[test]
fn every_rule_of_the_lint_is_documented() {
    for (document, key) in [("docs/contributor.md", ""), ("docs/configuration.md", "lint.")] {
        let rows = rows(&text_of(document));
        for rule in &RULES {
            let row = rows.iter().find(|row| row[0] == format!("`{key}{}`", rule.name));
            let row = row.unwrap_or_else(|| panic!("{document} has no row for `{}`", rule.name));
            assert_eq!((row[1].trim_matches(['`', '"']), row[2].as_str()), (&*rule.severity.to_string(), rule.finds));
        }
    }
}

#[test]
fn paths_that_documents_link_to_are_there() {
    for document in documents() {
        let text = text_of(&document);
        let folder = root().join(&document).parent().unwrap().to_owned();
        for link in links(&text).iter().filter(|link| !link.starts_with("http")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            assert!(folder.join(path).exists(), "{document} links to `{link}`");
            if anchor.is_empty() {
                continue;
            }
            let target =
                if path.is_empty() { text.clone() } else { std::fs::read_to_string(folder.join(path)).unwrap() };
            let is_there = anchors(&target).iter().any(|heading| heading == anchor);
            assert!(is_there, "{document} links to `{link}`, and there is no such heading");
        }
    }
}

#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let readme = text_of("README.md");
    assert!(readme.lines().count() <= 150, "it has {} lines", readme.lines().count());
    for document in documents() {
        assert!(document == "README.md" || links(&readme).contains(&document), "no link to {document}");
    }
}

#[test]
fn the_changelog_has_the_series_that_is_being_released() {
    let config = Config::parse(text_of("packaging/release.toml").as_bytes()).unwrap();
    let series = config.version.initial.unwrap();
    assert!(text_of("CHANGELOG.md").contains(&format!("## {series}")), "no section for {series}");
}

#[test]
fn shims_are_shims() {
    for entry in std::fs::read_dir(root().join("scripts")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("cargo xtask") && !path.ends_with("bench") {
            assert!(text.lines().count() <= 12, "{} has grown into more than a shim", path.display());
        }
    }
}
