//! The expressions of workflow files, such as `needs.decide.outputs.action == 'merge'`: the part of GitHub's language that ours use.
//!
//! What is not known is a failure of the test and never an empty value: so a workflow cannot begin to use more without a test of it.

use serde_json::Value;

/// How the jobs or steps before have ended, for `success()` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Succeeded,
    Failed,
}

/// What expressions are evaluated with.
pub struct Scope<'a> {
    /// The contexts by name: `github`, `needs`, `steps`, `inputs`, `vars`, `secrets`.
    pub contexts: &'a Value,
    pub standing: Standing,
}

impl Scope<'_> {
    /// The value of an expression, which stands between `${{` and `}}` or in an `if`.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Value {
        let mut parser = Parser { rest: tokens(expression), scope: self, whole: expression };
        let value = parser.any();
        assert_eq!(parser.rest, [] as [String; 0], "{expression}");
        value
    }

    /// Whether a job or a step with this `if` is run. Without a function about the standing, it is not run after a failure.
    #[track_caller]
    pub fn is_run(&self, condition: Option<&str>) -> bool {
        let condition = condition.unwrap_or("success()");
        let bare = condition.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(condition);
        let asks = ["always()", "success()", "failure()"].iter().any(|function| bare.contains(function));
        (asks || self.standing == Standing::Succeeded) && is_true(&self.value(bare))
    }

    /// A text with the values of its expressions.
    #[track_caller]
    pub fn text(&self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").unwrap_or_else(|| panic!("no end: {template}"));
            text += before;
            text += &as_text(&self.value(expression));
            rest = after;
        }
        text + rest
    }
}

/// A value as it stands in a text.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// GitHub compares texts without regard to case.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.eq_ignore_ascii_case(other),
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => text.is_empty(),
        (one, other) => one == other,
    }
}

fn tokens(expression: &str) -> Vec<String> {
    let letters: Vec<char> = expression.chars().collect();
    let is_word = |letter: char| letter.is_alphanumeric() || "_-.*".contains(letter);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < letters.len() {
        let begin = at;
        at += 1;
        match letters[begin] {
            letter if letter.is_whitespace() => continue,
            '\'' => {
                while letters[at] != '\'' {
                    at += 1;
                }
                at += 1;
            }
            letter if is_word(letter) => {
                while at < letters.len() && is_word(letters[at]) {
                    at += 1;
                }
            }
            '=' | '!' | '&' | '|' if at < letters.len() && "=&|".contains(letters[at]) => at += 1,
            _ => {}
        }
        found.push(letters[begin..at].iter().collect());
    }
    found
}

struct Parser<'a> {
    rest: Vec<String>,
    scope: &'a Scope<'a>,
    whole: &'a str,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let is_next = self.rest.first().is_some_and(|next| next == token);
        if is_next {
            self.rest.remove(0);
        }
        is_next
    }

    fn any(&mut self) -> Value {
        let mut value = self.all();
        while self.take("||") {
            let other = self.all();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn all(&mut self) -> Value {
        let mut value = self.comparison();
        while self.take("&&") {
            let other = self.comparison();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn comparison(&mut self) -> Value {
        let value = self.single();
        if self.take("==") {
            return Value::Bool(are_equal(&value, &self.single()));
        }
        if self.take("!=") {
            return Value::Bool(!are_equal(&value, &self.single()));
        }
        value
    }

    fn single(&mut self) -> Value {
        if self.take("!") {
            return Value::Bool(!is_true(&self.single()));
        }
        if self.take("(") {
            let value = self.any();
            assert!(self.take(")"), "no `)` in {}", self.whole);
            return value;
        }
        assert!(!self.rest.is_empty(), "the end is missing: {}", self.whole);
        let token = self.rest.remove(0);
        if let Some(text) = token.strip_prefix('\'') {
            return Value::String(text.trim_end_matches('\'').to_owned());
        }
        if self.take("(") {
            return self.call(&token);
        }
        let mut path = token.split('.');
        let context = path.next().unwrap_or_default();
        let value = self.scope.contexts.get(context);
        let value = value.unwrap_or_else(|| panic!("there is no `{context}` here: {}", self.whole));
        look_up(value, &path.collect::<Vec<_>>())
    }

    fn call(&mut self, name: &str) -> Value {
        let mut values = Vec::new();
        while !self.take(")") {
            values.push(self.any());
            self.take(",");
        }
        match (name, values.as_slice()) {
            ("always", []) => Value::Bool(true),
            ("success", []) => Value::Bool(self.scope.standing == Standing::Succeeded),
            ("failure", []) => Value::Bool(self.scope.standing == Standing::Failed),
            ("contains", [Value::Array(list), sought]) => Value::Bool(list.iter().any(|one| are_equal(one, sought))),
            _ => panic!("`{name}` is not known: {}", self.whole),
        }
    }
}

/// A field that is missing is null, as on GitHub.
fn look_up(value: &Value, path: &[&str]) -> Value {
    match path {
        [] => value.clone(),
        ["*", rest @ ..] => {
            let fields = value.as_object().into_iter().flatten();
            Value::Array(fields.map(|(_, field)| look_up(field, rest)).collect())
        }
        [name, rest @ ..] => look_up(value.get(name).unwrap_or(&Value::Null), rest),
    }
}

#[test]
fn expressions_have_the_values_that_github_documents() {
    let contexts = serde_json::json!({
        "github": {"event": {"issue": {"pull_request": {"url": "x"}}, "number": 7}, "repository": "ada/lago"},
        "needs": {"one": {"result": "success", "outputs": {"action": "merge"}}, "two": {"result": "failure"}},
    });
    for (expression, standing, value) in [
        ("needs.one.outputs.action == 'merge'", Standing::Succeeded, "true"),
        ("needs.one.outputs.action == 'MERGE' && 'yes' || 'no'", Standing::Succeeded, "yes"),
        ("needs.one.outputs.action != 'merge' && 'yes' || 'no'", Standing::Succeeded, "no"),
        ("contains(needs.*.result, 'failure') && 'failure' || 'success'", Standing::Succeeded, "failure"),
        ("contains(needs.*.result, 'cancelled') && 'cancelled' || 'success'", Standing::Succeeded, "success"),
        ("github.event.comment.id || github.event.number", Standing::Succeeded, "7"),
        ("!github.event.comment", Standing::Succeeded, "true"),
        ("github.event.nothing.at.all", Standing::Succeeded, ""),
        ("success() || failure()", Standing::Failed, "true"),
        ("(success() || 'a') == 'a'", Standing::Failed, "true"),
    ] {
        assert_eq!(as_text(&Scope { contexts: &contexts, standing }.value(expression)), value, "{expression}");
    }
    let (well, badly) = (Standing::Succeeded, Standing::Failed);
    for (condition, standing, is_run) in [
        (None, well, true),
        (None, badly, false),
        (Some("github.event.issue.pull_request"), well, true),
        (Some("github.event.issue.pull_request"), badly, false),
        (Some("always()"), badly, true),
        (Some("${{ always() && github.repository == 'eve/lago' }}"), badly, false),
        (Some("github.event.pull_request.head.repo.full_name == github.repository"), well, false),
    ] {
        assert_eq!(Scope { contexts: &contexts, standing }.is_run(condition), is_run, "{condition:?}");
    }
    let scope = Scope { contexts: &contexts, standing: well };
    assert_eq!(scope.text("merge-${{ needs.one.outputs.action }}-${{ github.repository }}"), "merge-merge-ada/lago");
}
