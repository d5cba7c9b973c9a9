//! What only GitLab has.

use releng::project::config::ForgeKind;

use crate::support::forge::{Double, Note};

#[test]
fn a_comment_gives_no_command_and_what_gitlab_writes_itself_is_none() {
    let forge = Double::start(ForgeKind::Gitlab);
    forge.with(|state| {
        let text = "added 1 commit".to_owned();
        state.notes.push(Note { id: 1, pull: 5, author: 12, text, is_system: true });
    });
    forge.client().comment(5, "<!-- m -->", "/merge\n<!-- m -->").unwrap();
    let comments = forge.client().comments(5).unwrap();
    let texts: Vec<&str> = comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(texts, ["\\/merge\n<!-- m -->"]);
    assert!(!comments[0].author.is_person, "a list does not say who is a bot");
}

#[test]
fn a_label_is_one_label() {
    let forge = Double::start(ForgeKind::Gitlab);
    let refused = forge.client().add_label(5, "a,b").unwrap_err().to_string();
    assert_eq!(refused, "`a,b` cannot be a label on GitLab: it has a comma");
}
