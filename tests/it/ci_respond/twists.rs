//! Changes of an event or of the forge, each with what the documents say about it.
//!
//! What a twist forbids is stated here, apart from the program: a table of what the user is promised.

use releng::ci::respond::facts::MergeForecast;
use releng::forge::model::{Permission, PullChange, ReviewVerdict};
use serde_json::{Value, json};

use super::case::{BASE_PATHS, Case};
use super::samples::{About, Form};
use super::world::{HEAD, OTHER_HEAD, OWN, REVIEWER, SECOND_REVIEWER};

/// What a comment asks for, or what another event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Test,
    Merge,
    Review,
    NewWork,
    Reviewed,
}

/// When a twist forbids to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbids {
    /// Always, and the event alone says so.
    AlwaysByEvent,
    Always,
    Never,
    Only(&'static [Asks]),
}

/// A change, with its name.
pub struct Twist {
    pub name: &'static str,
    /// For comments only.
    pub is_about_comment: bool,
    /// The words for what it changes: twists that share one undo each other, and are not combined.
    pub parts: &'static str,
    pub forbids: Forbids,
    pub change: fn(&mut Case),
}

const fn of_event(name: &'static str, parts: &'static str, forbids: Forbids, change: fn(&mut Case)) -> Twist {
    Twist { name, is_about_comment: false, parts, forbids, change }
}

const fn of_comment(name: &'static str, parts: &'static str, forbids: Forbids, change: fn(&mut Case)) -> Twist {
    Twist { name, is_about_comment: true, parts, forbids, change }
}

use Forbids::{Always, AlwaysByEvent, Never, Only};

/// Text for shells, logs and Markdown.
pub const HOSTILE: &str = "$(touch pwned)`id`;\u{1b}[2J\u{202e}\n::set-output name=action::merge\n@everyone [x](http://evil.example) <!-- releng:1:done -->";

/// All twists.
pub const TWISTS: &[Twist] = &[
    of_event("nothing", "", Never, |_| {}),
    of_event("hostile title", "", Never, |case| case.set("title", json!(HOSTILE))),
    of_event("a field that nobody knows", "", Never, |case| case.event["novel"] = json!({"a": [1, null]})),
    of_event("closed", "", AlwaysByEvent, |case| case.set("state", json!("closed"))),
    of_event("no state", "", AlwaysByEvent, |case| case.set("state", Value::Null)),
    of_event("locked", "", AlwaysByEvent, |case| case.set("locked", json!(true))),
    of_event("no pull request", "", AlwaysByEvent, |case| case.set("pull", Value::Null)),
    of_event("no number", "", AlwaysByEvent, |case| case.set("number", json!("five"))),
    of_event("no sender", "sender", AlwaysByEvent, |case| case.set("sender", Value::Null)),
    of_event("sender of the server", "sender", AlwaysByEvent, |case| case.set("sender", json!(-2))),
    of_event("another event", "", AlwaysByEvent, |case| {
        case.name = "push".to_owned();
        if case.form == Form::Gitlab {
            case.event["object_kind"] = json!("push");
        }
    }),
    of_event("closed meanwhile", "", Always, |case| case.world.pull.is_open = false),
    of_event("base without a branch", "", Always, |case| case.world.base_is_there = false),
    of_event("base that is not released", "base", Always, |case| case.world.pull.base = "topic".parse().unwrap()),
    of_event("base for shells", "base", Always, |case| {
        case.world.pull.base = "v$(id)".parse().unwrap();
    }),
    of_event("own account", "sender", Always, |case| {
        case.set("sender", json!(OWN));
        case.set_author(OWN);
    }),
    of_event("right withdrawn", "right", Always, |case| case.world.permission = Permission::Read),
    of_event("hostile login", "login", Never, |case| case.set("login", json!(HOSTILE))),
    of_comment("edited", "", AlwaysByEvent, |case| {
        case.set("action", json!(if case.form == Form::Gitlab { "update" } else { "edited" }));
    }),
    of_comment("deleted", "", AlwaysByEvent, |case| case.set("action", json!("deleted"))),
    of_comment("other sender", "sender", AlwaysByEvent, |case| case.set("author", json!(31_337))),
    of_comment("no author", "sender", AlwaysByEvent, |case| case.set("author", Value::Null)),
    of_comment("no number of the comment", "", AlwaysByEvent, |case| case.set("id", Value::Null)),
    of_comment("by an application", "sender", AlwaysByEvent, |case| match case.form {
        Form::Github => case.event["sender"]["type"] = json!("Bot"),
        Form::Gitlab => case.event["object_attributes"]["system"] = json!(true),
        Form::Forgejo => case.event["comment"]["original_author"] = json!("somebody elsewhere"),
    }),
    of_comment("quoted", "text", AlwaysByEvent, |case| case.say(&format!("> {}\n\nno", case.line))),
    of_comment("in code", "text", AlwaysByEvent, |case| case.say(&format!("```\n{}\n```", case.line))),
    of_comment("in a comment of HTML", "text", AlwaysByEvent, |case| case.say(&format!("<!--\n{}\n-->", case.line))),
    of_comment("in a list", "text", AlwaysByEvent, |case| case.say(&format!("* {}", case.line))),
    of_comment("in a sentence", "text", AlwaysByEvent, |case| case.say(&format!("they said {} and left", case.line))),
    of_comment("in bidirectional text", "text", AlwaysByEvent, |case| case.say(&format!("\u{202e}{}", case.line))),
    of_comment("no text", "text", AlwaysByEvent, |case| case.set("body", Value::Null)),
    of_comment("near miss", "text", Always, |case| case.say(&format!("{}, but NOT before friday", case.line))),
    of_comment("invisible letter", "text", Always, |case| case.say(&format!("{}\u{200b}", case.line))),
    of_comment("two commands", "text", Always, |case| {
        let other = if case.asks_for_merge() { "test" } else { "merge" };
        case.say(&format!("{}\nci {other} please", case.line));
    }),
    of_comment("twice the same", "text", Never, |case| case.say(&format!("{0}\n\n{0}\r\n", case.line))),
    of_comment("at the top of a long comment", "text", Never, |case| {
        case.say(&format!("\n \n{}\n\n{}\n\n{}", case.line, "> quoted\n".repeat(3_000), "b ".repeat(10_000)));
    }),
    of_comment("above commands of others", "text", Never, |case| {
        case.say(&format!("{}\n\nEve wrote:\n\nci test please\nci merge please\nci review please", case.line));
    }),
    of_comment("directly above other text", "text", Always, |case| {
        case.say(&format!("{}\nnot before friday", case.line))
    }),
    of_comment("above a row of a table", "text", Always, |case| case.say(&format!("{}\n|---|\n| x |", case.line))),
    of_comment("below a word of thanks", "text", Always, |case| case.say(&format!("Thanks!\n\n{}", case.line))),
    of_comment("below a mark", "text", Always, |case| case.say(&format!(".\n{}", case.line))),
    of_comment("below a quote", "text", Always, |case| case.say(&format!("> quoted\n\n{}", case.line))),
    of_comment("below the head of a mail", "text", Always, |case| {
        case.say(&format!("To\nAda\n\nSubject\nRe: More\n\n{}", case.line));
    }),
    of_comment("below a line of a mail in any script", "text", Always, |case| {
        case.say(&format!("Eve \u{1804}\n\n{}", case.line));
    }),
    of_comment("below the end of a mail", "text", Always, |case| case.say(&format!("-- \n\n{}", case.line))),
    of_comment("below the address of a link", "text", Always, |case| {
        case.say(&format!("[eve]: https://example.org\n\n{}", case.line));
    }),
    of_comment("below a list", "text", Always, |case| case.say(&format!("* item\n\n***\n\n{}", case.line))),
    of_comment("in the data of a page", "text", Always, |case| case.say(&format!("---\n\n{}\n\n---", case.line))),
    of_comment("answered before", "answer", Always, |case| {
        case.world.own_comments = vec![format!("Hello.\n\n<!-- releng:{}:done -->", case.comment_id())];
    }),
    of_comment("accepted for another commit", "answer", Only(&[Asks::Test, Asks::Merge]), |case| {
        let id = case.comment_id();
        case.world.own_comments =
            vec![format!("Hello.\n\n<!-- releng:{id}:accepted -->\n<!-- releng:{id}:head:{OTHER_HEAD} -->")];
    }),
    of_comment("accepted by a killed run", "answer", Never, |case| {
        let id = case.comment_id();
        case.world.own_comments =
            vec![format!("Hello.\n\n<!-- releng:{id}:accepted -->\n<!-- releng:{id}:head:{HEAD} -->")];
    }),
    of_comment("another comment was answered", "answer", Never, |case| {
        case.world.own_comments = vec![format!("<!-- releng:{}1:done -->", case.comment_id())];
    }),
    of_comment("may push only", "right", Only(&[Asks::Merge]), |case| case.world.permission = Permission::Write),
    of_comment("may label only", "right", Only(&[Asks::Test, Asks::Merge]), |case| {
        case.world.permission = Permission::Triage
    }),
    of_comment("other admins", "", Only(&[Asks::Merge]), |case| case.world.only_admin("grace-hopper")),
    of_comment("no admins", "", Only(&[Asks::Merge]), |case| case.world.config.ci.admins = Some(Vec::new())),
    of_comment("draft", "", Only(&[Asks::Merge]), |case| case.world.pull.is_draft = true),
    of_comment("conflict", "", Only(&[Asks::Merge]), |case| case.world.forecast = MergeForecast::Stops("it conflicts")),
    of_comment("pushed after the comment", "head fork text answer", Only(&[Asks::Merge]), |case| {
        if case.has_head() {
            case.world.pull.head = OTHER_HEAD.parse().unwrap();
        }
        case.world.happens(PullChange::Pushed);
    }),
    of_comment("pushed after the comment, and the event was written later", "", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Pushed);
    }),
    of_comment("pushed after the comment, and stated", "head fork text", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Pushed);
        if case.asks_for_merge() {
            case.say(&format!("{} {HEAD}", case.line));
        }
    }),
    of_comment("pushed after the comment, and approved", "head fork text answer", Only(&[Asks::Merge]), |case| {
        case.world.pull.head = OTHER_HEAD.parse().unwrap();
        case.world.happens(PullChange::Pushed);
        case.approve_later(OTHER_HEAD);
    }),
    of_comment("pushed at an unknown time", "head fork text", Only(&[Asks::Merge]), |case| case.world.forget_pushes()),
    of_comment("pushed at an unknown time, and stated", "head fork text", Never, |case| {
        case.world.forget_pushes();
        if case.asks_for_merge() {
            case.say(&format!("{} {HEAD}", case.line));
        }
    }),
    of_comment("pushed at an unknown time, and approved before the comment", "head fork", Never, |case| {
        case.world.forget_pushes();
        case.world.approve(HEAD, REVIEWER);
    }),
    of_comment(
        "pushed at an unknown time, and approved later",
        "head fork text answer",
        Only(&[Asks::Merge]),
        |case| {
            let head = if case.has_head() { OTHER_HEAD } else { HEAD };
            case.world.pull.head = head.parse().unwrap();
            case.world.forget_pushes();
            case.approve_later(head);
        },
    ),
    of_comment("nothing is known of the time since the comment", "head base text", Only(&[Asks::Merge]), |case| {
        case.world.record = None;
    }),
    of_comment("closed after the comment, and opened again", "", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Closed);
    }),
    of_comment("a draft after the comment, and none again", "", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Drafted);
    }),
    of_comment("closed after the comment, and its commit stated", "text", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Closed);
        if case.asks_for_merge() {
            case.say(&format!("{} {HEAD}", case.line));
        }
    }),
    of_comment("base changed after the comment", "base", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Retargeted);
        if case.has_head() {
            case.world.pull.base = "v1".parse().unwrap();
        }
    }),
    of_comment("base changed after the comment, and changed back", "base", Only(&[Asks::Merge]), |case| {
        case.world.happens(PullChange::Retargeted);
    }),
    of_comment("base of an unknown time", "head base", Only(&[Asks::Merge]), |case| {
        case.world.record = None;
        for path in BASE_PATHS {
            if let Some(field) = case.event.pointer_mut(path) {
                *field = Value::Null;
            }
        }
    }),
    of_comment("a review dismissed after the comment", "fork", Never, |case| {
        case.world.happens(PullChange::ReviewDismissed);
    }),
    of_comment("fork, approved, and a review dismissed after the comment", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
        case.world.happens(PullChange::ReviewDismissed);
    }),
    of_comment("fork, approved after the comment", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.approve_later(HEAD);
    }),
    of_comment("fork, pushed after the comment, and approved", "head fork text answer", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.pull.head = OTHER_HEAD.parse().unwrap();
        case.approve_later(OTHER_HEAD);
    }),
    of_comment("fork", "fork", Only(&[Asks::Merge]), |case| case.world.pull.is_from_fork = true),
    of_comment("fork, approved", "fork", Never, |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
    }),
    of_comment("fork, another commit approved", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(OTHER_HEAD, REVIEWER);
    }),
    of_comment("fork, approved by its author", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, case.world.author.id);
    }),
    of_comment("fork, approved by a stranger", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
        case.world.reviewer_permission = Permission::Read;
    }),
    of_comment("fork, approval dismissed", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
        case.world.reviews[0].verdict = ReviewVerdict::Other;
    }),
    of_comment("fork, approved and then refused", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
        case.world.approve(HEAD, REVIEWER);
        case.world.reviews[1].verdict = ReviewVerdict::ChangesRequested;
    }),
    of_comment("fork, approved, and refused by another member", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
        case.world.approve(OTHER_HEAD, SECOND_REVIEWER);
        case.world.reviews[1].verdict = ReviewVerdict::ChangesRequested;
    }),
    of_comment("fork, approved by a bot", "fork", Only(&[Asks::Merge]), |case| {
        case.world.pull.is_from_fork = true;
        case.world.approve(HEAD, REVIEWER);
        case.world.reviews[0].author.is_person = false;
    }),
    of_comment("fork, commit stated", "text fork", Never, |case| {
        case.world.pull.is_from_fork = true;
        if case.asks_for_merge() {
            case.say(&format!("{} {HEAD}", case.line));
        }
    }),
    of_comment("another commit stated", "text", Only(&[Asks::Merge]), |case| {
        if case.asks_for_merge() {
            case.say(&format!("{} {OTHER_HEAD}", case.line));
        }
    }),
    of_event("author without rights", "", Only(&[Asks::NewWork]), |case| {
        case.world.author_permission = Permission::Read
    }),
    of_event("author is a bot", "", Only(&[Asks::NewWork]), |case| case.world.pull.author.is_person = false),
    of_event("pushed again", "head", Only(&[Asks::NewWork]), |case| {
        if case.about == About::NewWork {
            case.world.pull.head = OTHER_HEAD.parse().unwrap();
        }
    }),
    of_event("no label", "sender", Only(&[Asks::Reviewed]), |case| case.world.pull.labels.clear()),
];
