//! The JSON schema for editors: generated from the types, fresh, and read by a real checker.

mod render;
mod trace;

use std::path::Path;

use releng::project::config::Config;

use self::render::{PATTERNS, render_schema};
use self::trace::{Shape, shape_of};
use crate::documents::markdown::blocks;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};
use crate::support::{root, text_of};

/// Where it is checked in.
const PATH: &str = "packaging/release.schema.json";

/// Checks files with check-jsonschema, against what `config --schema` prints.
fn check_files(folder: &Sandbox, files: &[String]) -> Ran {
    let checker = root().join("target/test-tools/bin/check-jsonschema");
    assert!(checker.exists(), "there is no `{}`: run `scripts/install-test-tools`", checker.display());
    let schema = run_in(Path::new("/"), PROGRAM, &["config", "--schema"], &[]).exits(0).stdout;
    folder.write("schema.json", schema);
    let mut args = vec!["--output-format", "json", "--schemafile", "schema.json"];
    args.extend(files.iter().map(String::as_str));
    run_in(folder.path(), checker.to_str().unwrap(), &args, &[])
}

/// Writes each text into a file of its own; the names.
fn write_files(folder: &Sandbox, texts: &[String]) -> Vec<String> {
    let names: Vec<String> = (0..texts.len()).map(|number| format!("{number:03}.toml")).collect();
    for (name, text) in names.iter().zip(texts) {
        folder.write(name, text);
    }
    names
}

#[test]
fn the_checked_in_schema_is_that_of_the_types() {
    let generated = render_schema();
    if generated != text_of(PATH) {
        std::fs::create_dir_all(root().join("target")).unwrap();
        std::fs::write(root().join("target/release.schema.json"), &generated).unwrap();
        panic!("`{PATH}` is out of date: `cp target/release.schema.json {PATH}`");
    }
    run_in(Path::new("/"), PROGRAM, &["config", "--schema"], &[]).exits(0).prints(&generated);
}

#[test]
fn types_have_their_shapes() {
    let Shape::Table(tables) = shape_of::<Config>() else { panic!("the configuration is a table") };
    let key = |table: &str, key: &str| {
        let (_, Shape::Table(keys)) = tables.iter().find(|(name, _)| *name == table).unwrap() else {
            panic!("{table}")
        };
        keys.iter().find(|(name, _)| *name == key).unwrap_or_else(|| panic!("{table}.{key}")).1.clone()
    };
    let list = |shape: Shape| Shape::List(Box::new(shape));
    assert_eq!(key("source", "formats"), list(Shape::Choice(vec!["tar.gz", "zip"])));
    assert_eq!(key("rpm", "changelog-entries"), Shape::Whole(1));
    assert_eq!(key("repository", "keep-days"), Shape::Whole(0));
    assert_eq!(key("rpm", "define"), Shape::Named(Box::new(Shape::Text)));
    assert_eq!(key("announce", "to"), Shape::Either(vec![Shape::Text, list(Shape::Text)]));
    assert_eq!(key("ci", "admins"), list(Shape::Either(vec![Shape::Whole(0), Shape::Text])));
    assert_eq!(key("lint", "subject-long"), Shape::Choice(vec!["error", "warning", "off"]));
    assert_eq!(key("version", "merged-tags"), Shape::Flag);
}

#[test]
fn a_checker_accepts_every_configuration_of_this_project() {
    let folder = Sandbox::bare();
    let mut texts = vec![String::new(), text_of("packaging/release.toml")];
    for document in
        ["README.md", "docs/configuration.md", "docs/maintainer.md", "docs/packager.md", "docs/ci.md", "docs/lago.md"]
    {
        let tomls = blocks(&text_of(document)).into_iter().filter(|block| block.language == "toml");
        texts.extend(tomls.map(|block| block.lines.join("\n") + "\n"));
    }
    assert!(texts.len() > 8, "{}", texts.len());
    check_files(&folder, &write_files(&folder, &texts)).exits(0);
}

#[test]
fn a_checker_refuses_mistakes() {
    let list = "[[acceptance]]\nname = \"a\"\nrun = [\"b\"]\n";
    let mistakes = [
        "[rpm]\nspce = \"x\"\n",
        "[wholly-other]\nx = 1\n",
        "name = \"x\"\n",
        "[rpm]\nspec = 1\n",
        "[rpm]\ndists = \"el9\"\n",
        "[rpm]\nbackend = \"docker\"\n",
        "[rpm]\nchangelog-entries = 0\n",
        "[rpm]\ntimeout = \"10 minutes\"\n",
        "[rpm]\ndists = [\"EL9\"]\n",
        "[rpm.dist.EL9]\nmock = \"x\"\n",
        "[rpm.dist.el9]\nmokc = \"x\"\n",
        "[rpm.define]\na = 1\n",
        "[repository]\nkeep-days = -1\n",
        "[repository]\nurl = \"example.org\"\n",
        "[version]\ninitial = \"0.1.0\"\n",
        "[version]\nmerged-tags = \"yes\"\n",
        "[source]\nformats = [\"tar.xz\"]\n",
        "[[source.generate]]\npath = \"a\"\n",
        "[[source.generate]]\npath = \"a\"\ntext = \"b\"\nrun = [\"c\"]\n",
        "[[acceptance]]\nname = \"a\"\n",
        "[[acceptance]]\nname = \"a\"\nrun = []\n",
        "[acceptance]\nname = \"a\"\nrun = [\"b\"]\n",
        &format!("{list}on = [\"huge\"]\n"),
        &format!("{list}timeuot = \"1m\"\n"),
        "[[ci.check-patch]]\nname = \"a b\"\nrun = [\"c\"]\n",
        "[ci]\nisolation = \"chroot:x\"\n",
        "[ci]\nadmins = [true]\n",
        "[lint]\nsubject-long = \"loud\"\n",
        "[lint]\nsubject-lnog = \"off\"\n",
        "[announce]\nto = 1\nfrom = \"a@b.c\"\n",
    ];
    let texts: Vec<String> = mistakes.iter().map(|text| (*text).to_owned()).collect();
    are_refused(&texts);
}

/// The program and the checker refuse each of these configurations.
#[track_caller]
fn are_refused(texts: &[String]) {
    for text in texts {
        assert!(Config::parse(text.as_bytes()).is_err(), "the program takes it: {text}");
    }
    let folder = Sandbox::bare();
    let names = write_files(&folder, texts);
    let ran = check_files(&folder, &names).exits(1);
    for (name, text) in names.iter().zip(texts) {
        assert!(ran.stdout.contains(&format!("\"{name}\"")), "the checker takes it: {text}{}", ran.stdout);
    }
}

/// What fits no pattern is refused by the program, too.
#[test]
fn patterns_are_not_stricter_than_the_program() {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (key, good, bad) in [
        ("project.name", "\"lago+x\"", "\"-x\""),
        ("version.initial", "\"10.0\"", "\"1\""),
        ("rpm.timeout", "\"05m\"", "\"0m\""),
        ("rpm.poll", "\"1s\"", "\"1d\""),
        ("rpm.dists", "[\"local\", \"fc42\"]", "[\"fc\"]"),
        (
            "rpm.dist.<dist>.container",
            "\"a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
            "",
        ),
        ("repository.url", "\"http://x\"", "\"ftp://x\""),
        ("announce.smtp", "\"smtp://[::1]:25\"", "\"mail\""),
        ("announce.sendmail", "\"/x\"", "\"x\""),
        ("announce.retry", "\"2h\"", "\"h\""),
        ("acceptance.name", "\"a-_1\"", "\"_a\""),
        ("acceptance.timeout", "\"10m\"", "\"10\""),
        ("ci.<stage>.name", "\"a\"", "\"a.b\""),
        ("ci.<stage>.timeout", "\"1h\"", "\"1H\""),
        ("ci.isolation", "\"container:a/b:c\"", "\"user:\""),
        ("ci.forge-url", "\"https://x/api\"", "\"x\""),
        ("ci.token-file", "\"~/x\"", "\"x\""),
    ] {
        assert!(PATTERNS.iter().any(|(known, _)| *known == key), "{key}");
        let (table, name) = key.rsplit_once('.').unwrap();
        let text = |value: &str| match table {
            "acceptance" if name == "name" => format!("[[acceptance]]\nname = {value}\nrun = [\"a\"]\n"),
            "acceptance" => format!("[[acceptance]]\nname = \"a\"\nrun = [\"a\"]\n{name} = {value}\n"),
            "ci.<stage>" if name == "name" => format!("[[ci.check-merged]]\nname = {value}\nrun = [\"a\"]\n"),
            "ci.<stage>" => format!("[[ci.check-merged]]\nname = \"a\"\nrun = [\"a\"]\n{name} = {value}\n"),
            _ => format!("[{}]\n{name} = {value}\n", table.replace("<dist>", "el9")),
        };
        assert!(Config::parse(text(good).as_bytes()).is_ok(), "{}", text(good));
        taken.push(text(good));
        refused.extend((!bad.is_empty()).then(|| text(bad)));
    }
    let folder = Sandbox::bare();
    check_files(&folder, &write_files(&folder, &taken)).exits(0);
    are_refused(&refused);
    assert_eq!(PATTERNS.len(), 17);
}
