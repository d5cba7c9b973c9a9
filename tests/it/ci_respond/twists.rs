//! Changes of an event or of the forge, each with what the documents say about it.
//!
//! What a twist forbids is stated here, apart from the program: a table of what the user is promised.

use releng::ci::respond::facts::MergeForecast;
use releng::forge::model::{Permission, ReviewVerdict};
use serde_json::{Value, json};

use super::samples::{About, Form, Sample};
use super::world::{HEAD, OTHER_HEAD, OWN, REVIEWER, SECOND_REVIEWER, World};

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

/// Where the events of comments have the head and the base, if they have them.
const HEAD_PATHS: [&str; 2] = ["/merge_request/last_commit/id", "/pull_request/head/sha"];
const BASE_PATHS: [&str; 2] = ["/merge_request/target_branch", "/pull_request/base/ref"];

/// A time after all comments.
const LATER: &str = "2100-01-01T00:00:00Z";

/// A sample and its world while twists change them.
#[derive(Clone)]
pub struct Case {
    pub form: Form,
    pub about: About,
    pub name: String,
    pub event: Value,
    pub world: World,
    /// The line that asks, in comments.
    pub line: String,
}

impl Case {
    pub fn new(sample: &Sample, line: &str) -> Case {
        let mut case = Case {
            form: sample.form,
            about: sample.about,
            name: sample.name.to_owned(),
            event: sample.value.clone(),
            world: World::open(1, HEAD),
            line: line.to_owned(),
        };
        let head = match (case.about, case.form) {
            (About::Comment, _) => HEAD.to_owned(),
            (_, Form::Gitlab) => case.text("/object_attributes/last_commit/id"),
            _ => case.text("/pull_request/head/sha"),
        };
        let number = case.event.pointer(case.path("number")).and_then(Value::as_u64).unwrap();
        case.world = World::open(u32::try_from(number).unwrap(), &head);
        // Where the event of a comment has the head and the base, they are those of the world.
        for (paths, value) in [(HEAD_PATHS, HEAD), (BASE_PATHS, "main")] {
            for path in paths {
                if case.about == About::Comment
                    && let Some(field) = case.event.pointer_mut(path)
                {
                    *field = json!(value);
                }
            }
        }
        case.say(line);
        case
    }

    /// Whether the event of a comment has the head; then it has the base, too.
    fn has_head(&self) -> bool {
        HEAD_PATHS.iter().any(|path| self.event.pointer(path).is_some())
    }

    /// An approval of a commit that is newer than the comment.
    fn approve_later(&mut self, head: &str) {
        self.world.approve(head, REVIEWER);
        self.world.reviews.last_mut().unwrap().at = Some(LATER.parse().unwrap());
    }

    fn text(&self, path: &str) -> String {
        self.event.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path}")).to_owned()
    }

    /// Where a field is in the form of the forge.
    fn path(&self, field: &str) -> &'static str {
        let is_comment = self.about == About::Comment;
        match (self.form, field) {
            (Form::Gitlab, "body") => "/object_attributes/note",
            (_, "body") => "/comment/body",
            (Form::Gitlab, "action") => "/object_attributes/action",
            (_, "action") => "/action",
            (Form::Gitlab, "number") if is_comment => "/merge_request/iid",
            (Form::Gitlab, "number") => "/object_attributes/iid",
            (_, "number") if is_comment => "/issue/number",
            (_, "number") => "/pull_request/number",
            (Form::Gitlab, "state") if is_comment => "/merge_request/state",
            (Form::Gitlab, "state") => "/object_attributes/state",
            (_, "state") if is_comment => "/issue/state",
            (_, "state") => "/pull_request/state",
            (Form::Gitlab, "title") if is_comment => "/merge_request/title",
            (Form::Gitlab, "title") => "/object_attributes/title",
            (_, "title") if is_comment => "/issue/title",
            (_, "title") => "/pull_request/title",
            (Form::Gitlab, "sender") => "/user/id",
            (_, "sender") => "/sender/id",
            (Form::Gitlab, "login") => "/user/username",
            (_, "login") => "/sender/login",
            (Form::Gitlab, "author") => "/object_attributes/author_id",
            (_, "author") => "/comment/user/id",
            (Form::Gitlab, "id") => "/object_attributes/id",
            (_, "id") => "/comment/id",
            (Form::Gitlab, "locked") if is_comment => "/merge_request/discussion_locked",
            (Form::Gitlab, "locked") => "/object_attributes/discussion_locked",
            (Form::Github, "locked") if is_comment => "/issue/locked",
            (Form::Github, "locked") => "/pull_request/locked",
            (Form::Forgejo, "locked") if is_comment => "/issue/is_locked",
            (Form::Forgejo, "locked") => "/pull_request/is_locked",
            (Form::Gitlab, "pull") if is_comment => "/merge_request",
            (Form::Gitlab, "pull") => "/object_attributes",
            (_, "pull") if is_comment => "/issue/pull_request",
            (_, "pull") => "/pull_request",
            _ => panic!("no such field: {field}"),
        }
    }

    /// Sets a field, whether it was there or not.
    fn set(&mut self, field: &str, value: Value) {
        let path = self.path(field);
        let (object, name) = path.rsplit_once('/').unwrap();
        // An earlier twist may have taken the object away.
        if let Some(object) = self.event.pointer_mut(object).and_then(Value::as_object_mut) {
            object.insert(name.to_owned(), value);
        }
    }

    /// Makes the comment have this text.
    fn say(&mut self, text: &str) {
        if self.about == About::Comment {
            self.set("body", json!(text));
        }
    }

    fn asks_for_merge(&self) -> bool {
        self.line.contains("merge") || self.line.contains("shipit")
    }

    fn comment_id(&self) -> u64 {
        self.event.pointer(self.path("id")).and_then(Value::as_u64).unwrap_or_default()
    }
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
    of_comment("in a long comment", "text", Never, |case| {
        case.say(&format!("{}\n\n{}\n\n{}", "> quoted\n".repeat(3_000), case.line, "b ".repeat(10_000)));
    }),
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
        } else {
            case.world.pushed = Some(LATER.parse().unwrap());
        }
    }),
    of_comment("pushed after the comment, and stated", "head fork text", Never, |case| {
        case.world.pushed = Some(LATER.parse().unwrap());
        if case.asks_for_merge() {
            case.say(&format!("{} {HEAD}", case.line));
        }
    }),
    of_comment("pushed after the comment, and approved", "head fork text answer", Only(&[Asks::Merge]), |case| {
        case.world.pull.head = OTHER_HEAD.parse().unwrap();
        case.world.pushed = Some(LATER.parse().unwrap());
        case.approve_later(OTHER_HEAD);
    }),
    of_comment("pushed at an unknown time, and approved before the comment", "head fork", Never, |case| {
        case.world.pushed = None;
        case.world.approve(HEAD, REVIEWER);
    }),
    of_comment(
        "pushed at an unknown time, and approved later",
        "head fork text answer",
        Only(&[Asks::Merge]),
        |case| {
            let head = if case.has_head() { OTHER_HEAD } else { HEAD };
            case.world.pull.head = head.parse().unwrap();
            case.world.pushed = None;
            case.approve_later(head);
        },
    ),
    of_comment("base changed after the comment", "base", Only(&[Asks::Merge]), |case| {
        case.world.base_changed = Some(true);
        if case.has_head() {
            case.world.pull.base = "v1".parse().unwrap();
        }
    }),
    of_comment("base of an unknown time", "base", Only(&[Asks::Merge]), |case| {
        case.world.base_changed = None;
        for path in BASE_PATHS {
            if let Some(field) = case.event.pointer_mut(path) {
                *field = Value::Null;
            }
        }
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

impl Case {
    fn set_author(&mut self, id: u64) {
        if self.about == About::Comment {
            self.set("author", json!(id));
        }
    }
}
