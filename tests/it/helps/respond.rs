//! Helps of `ci respond`.

use super::follow;
use crate::support::program::{Ran, Sandbox};

fn respond(folder: &Sandbox, args: &[&str]) -> Ran {
    folder.write("event.json", r#"{"action": "created"}"#);
    folder.releng(&[&["ci", "respond"], args].concat())
}

#[test]
fn the_file_of_an_event_is_named() {
    let folder = Sandbox::bare();
    let ran = respond(&folder, &[]).exits(2);
    follow(folder.path(), &ran, "--event", &[("FILE", "event.json")]).exits(0).prints_part("\"action\":\"none\"");
}

#[test]
fn an_event_gets_its_name() {
    let folder = Sandbox::bare();
    let ran = respond(&folder, &["--event", "event.json"]).exits(2);
    follow(folder.path(), &ran, "--name", &[]).exits(0).prints_part("\"action\":\"none\"");
}
