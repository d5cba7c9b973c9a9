//! An event and its world while twists change them.

use serde_json::{Value, json};

use super::samples::{About, Form, Sample};
use super::world::{HEAD, REVIEWER, World};

/// Where the events of comments have the head and the base, if they have them.
const HEAD_PATHS: [&str; 2] = ["/merge_request/last_commit/id", "/pull_request/head/sha"];
pub const BASE_PATHS: [&str; 2] = ["/merge_request/target_branch", "/pull_request/base/ref"];

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
    pub fn has_head(&self) -> bool {
        HEAD_PATHS.iter().any(|path| self.event.pointer(path).is_some())
    }

    /// An approval of a commit that is newer than the comment.
    pub fn approve_later(&mut self, head: &str) {
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
    pub fn set(&mut self, field: &str, value: Value) {
        let path = self.path(field);
        let (object, name) = path.rsplit_once('/').unwrap();
        // An earlier twist may have taken the object away.
        if let Some(object) = self.event.pointer_mut(object).and_then(Value::as_object_mut) {
            object.insert(name.to_owned(), value);
        }
    }

    /// Makes the comment have this text.
    pub fn say(&mut self, text: &str) {
        if self.about == About::Comment {
            self.set("body", json!(text));
        }
    }

    pub fn asks_for_merge(&self) -> bool {
        self.line.contains("merge") || self.line.contains("shipit")
    }

    pub fn comment_id(&self) -> u64 {
        self.event.pointer(self.path("id")).and_then(Value::as_u64).unwrap_or_default()
    }

    pub fn set_author(&mut self, id: u64) {
        if self.about == About::Comment {
            self.set("author", json!(id));
        }
    }
}
