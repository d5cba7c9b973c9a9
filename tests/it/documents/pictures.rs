//! The pictures of the README: that of a terminal is what the program prints today, that of a page is there.

use crate::support::program::{PROGRAM, Ran, run_in};
use crate::support::{root, text_of};

/// The size of the picture of a page, in pixels.
const PAGE: (u32, u32) = (1200, 1078);

const SCRIPT: &str = "scripts/pictures";
const RENDERER: &str = "scripts/terminal_picture.py";

fn run(script: &str, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    run_in(&root(), root().join(script).to_str().unwrap(), args, variables)
}

#[test]
fn the_picture_of_a_terminal_is_what_the_program_prints() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    // Another time zone and another locale than those of the picture, and any folder.
    let variables = [("TZ", "Asia/Kathmandu"), ("LC_ALL", "C"), ("TMPDIR", place)];
    run(SCRIPT, &["terminal", place, PROGRAM], &variables).exits(0);
    let made = std::fs::read_to_string(folder.path().join("terminal.svg")).unwrap();
    assert_eq!(made, text_of("docs/pictures/terminal.svg"), "run `scripts/pictures`, and look at the pictures");
}

#[test]
fn a_picture_of_a_terminal_has_what_is_left_on_the_screen() {
    let picture = |printed: &str| {
        let command = format!("printf '{printed}'");
        run(RENDERER, &["Title", "a < b", &command], &[])
    };
    let long = "x".repeat(101);
    let shown = picture(&format!("10 %%%%\\r\\033[2K\\033[1;31merror:\\033[0m a < b\\n{long}\\n")).exits(0);
    let shown = shown.prints_part("<desc id=\"desc\">a &lt; b</desc>").stdout;
    let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with("<text")).skip(1).collect();
    let [error, first, second] = &lines[..] else { panic!("{shown}") };
    assert!(error.ends_with(r#"><tspan class="bold red">error:</tspan> a &lt; b</text>"#), "{error}");
    assert!(first.ends_with(&format!(">{}</text>", "x".repeat(100))) && second.ends_with(">x</text>"), "{shown}");
    picture("\\033[5;5H").exits(1).says(&["unknown control sequence: \\x1b[5;5H"]);
}

#[test]
fn the_readme_shows_both_pictures() {
    let page = std::fs::read(root().join("docs/pictures/page.png")).unwrap();
    let number = |at: usize| u32::from_be_bytes(page[at..at + 4].try_into().unwrap());
    assert!(page.starts_with(b"\x89PNG\r\n\x1a\n") && page.len() < 120_000, "{} bytes", page.len());
    assert_eq!((number(16), number(20)), PAGE);
    let readme = text_of("README.md");
    for picture in ["terminal.svg", "page.png"] {
        let (before, _) = readme.split_once(&format!("](docs/pictures/{picture})")).unwrap();
        let (_, shown) = before.rsplit_once("![").unwrap();
        assert!(shown.len() > 100, "`{picture}` has the alt text `{shown}`");
    }
}
