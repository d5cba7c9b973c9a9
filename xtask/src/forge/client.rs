//! Requests to the API of a forge: sent with the token to that forge only, repeated where that may help, and read.
//!
//! A request that only reads, or that gives the same result twice, is repeated as it is. One that makes something is repeated only after
//! a look whether the first one made it: its answer may have been lost.

mod lists;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::error::{Exit, Failure, committed};
use crate::base::http::{HttpAnswer, HttpBody, HttpFault, HttpLimits, HttpRequest};
use crate::base::interrupt;
use crate::base::process::http::send;
use crate::base::secret::Secret;
use crate::forge::address::{origin, redirect_target};
use crate::forge::refusal::{no_answer, refusal, unreadable};
use crate::forge::retry::{Pace, TryVerdict, judge};
use crate::project::config::ForgeKind;

/// The limits of an answer.
const LIMITS: HttpLimits = HttpLimits { time: Duration::from_secs(60), bytes: 20 << 20 };

/// The time for the upload of a file.
const UPLOAD_TIME: Duration = Duration::from_secs(3600);

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 3;

/// The pause between two checks for an interrupt while a request waits.
const PAUSE: Duration = Duration::from_millis(100);

/// What the requests to a forge have in common.
pub struct ForgeClient {
    pub kind: ForgeKind,
    /// The address of the API, without a slash at its end.
    pub api: String,
    /// The name of the header with the token, and what is before the token.
    pub token_header: (&'static str, &'static str),
    /// Other headers of each request.
    pub headers: Vec<(&'static str, String)>,
    /// Another origin that may get the token: that for uploads.
    pub upload_origin: Option<String>,
    pub token: Secret,
    pub pace: Pace,
    /// Answers that had an `ETag`, by address: the tag and the answer. The forge says `304` while they are still right.
    pub known: RefCell<BTreeMap<String, (String, HttpAnswer)>>,
}

/// One request.
pub struct ForgeRequest<'a> {
    pub method: &'static str,
    /// A path of the API that begins with a slash, or a whole address.
    pub path: String,
    pub content: ForgeContent<'a>,
    /// Whether an answer of success has JSON.
    pub wants_json: bool,
}

/// What a request sends.
pub enum ForgeContent<'a> {
    Nothing,
    Json(Value),
    File(&'a Path),
    /// A file as the part of a form: its field, its name there, and where it is.
    Form(&'static str, &'a str, &'a Path),
}

/// The result of a request that makes something.
enum MakeOutcome<T> {
    Answered(HttpAnswer),
    /// The answer was lost, and the thing is there.
    Found(T),
    /// The answer is too long to be read.
    TooLong,
}

impl ForgeClient {
    /// Reads what is at a path; `None` if there is nothing (404).
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        let request = ForgeRequest::get(path);
        let answer = self.repeat(&request)?;
        match answer.status {
            404 => Ok(None),
            _ => self.read(&request, &answer).map(Some),
        }
    }

    /// Reads what is at a path and must be there.
    pub fn get_there<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let request = ForgeRequest::get(path);
        let answer = self.repeat(&request)?;
        self.read(&request, &answer)
    }

    /// Sends a request that may be repeated, because two of it do what one does. `allowed` are statuses beside those of success that the
    /// caller reads.
    pub fn send_repeatable(&self, request: &ForgeRequest<'_>, allowed: &[u16]) -> Result<HttpAnswer> {
        let answer = self.repeat(request)?;
        if (200..300).contains(&answer.status) || allowed.contains(&answer.status) {
            return Ok(answer);
        }
        Err(refusal(self.kind, &self.shown(request.method, &request.path), &answer).into())
    }

    /// Makes something. After a try whose answer was lost, `find` looks whether the thing is there; so it does after one of the statuses
    /// `taken`, with which the forge says that the thing exists.
    pub fn make<T, R: DeserializeOwned>(
        &self,
        request: &ForgeRequest<'_>,
        taken: &[u16],
        find: &dyn Fn() -> Result<Option<T>>,
        read: &dyn Fn(R) -> Result<T>,
    ) -> Result<T> {
        let answer = match self.persist(request, find)? {
            MakeOutcome::Found(found) => return Ok(found),
            MakeOutcome::Answered(answer) => answer,
            MakeOutcome::TooLong => return Err(self.without_end(request).into()),
        };
        if taken.contains(&answer.status)
            && let Some(found) = find()?
        {
            return Ok(found);
        }
        read(self.read(request, &answer)?)
    }

    /// Like [`ForgeClient::make`], for a request whose answer says nothing of the thing.
    pub fn make_unread(&self, request: &ForgeRequest<'_>, find: &dyn Fn() -> Result<Option<()>>) -> Result<()> {
        match self.persist(request, find)? {
            MakeOutcome::Answered(answer) if !(200..300).contains(&answer.status) => {
                Err(refusal(self.kind, &self.shown(request.method, &request.path), &answer).into())
            }
            MakeOutcome::TooLong => Err(self.without_end(request).into()),
            MakeOutcome::Answered(_) | MakeOutcome::Found(()) => Ok(()),
        }
    }

    /// Reads the JSON of an answer of success.
    pub fn read<T: DeserializeOwned>(&self, request: &ForgeRequest<'_>, answer: &HttpAnswer) -> Result<T> {
        let shown = || self.shown(request.method, &request.path);
        if !(200..300).contains(&answer.status) {
            return Err(refusal(self.kind, &shown(), answer).into());
        }
        Ok(serde_json::from_str(&answer.body).map_err(|error| unreadable(self.kind, &shown(), &error.to_string()))?)
    }

    /// The failure for an answer that says something else than this program understands.
    pub fn unreadable(&self, what: &str, why: &str) -> anyhow::Error {
        unreadable(self.kind, what, why).into()
    }

    fn repeat(&self, request: &ForgeRequest<'_>) -> Result<HttpAnswer> {
        self.answer(request)?.ok_or_else(|| self.without_end(request).into())
    }

    /// The failure for an answer that is too long.
    fn without_end(&self, request: &ForgeRequest<'_>) -> Failure {
        no_answer(self.kind, &self.shown(request.method, &request.path), &HttpFault::TooLong)
    }

    /// The answer to a request that may be repeated; `None` if it is too long.
    fn answer(&self, request: &ForgeRequest<'_>) -> Result<Option<HttpAnswer>> {
        let nothing = || -> Result<Option<HttpAnswer>> { Ok(None) };
        match self.persist(request, &nothing)? {
            MakeOutcome::Answered(answer) | MakeOutcome::Found(answer) => Ok(Some(answer)),
            MakeOutcome::TooLong => Ok(None),
        }
    }

    /// Sends a request until it has an answer that counts. `find` is called before a request is repeated that may have been carried out.
    fn persist<T>(&self, request: &ForgeRequest<'_>, find: &dyn Fn() -> Result<Option<T>>) -> Result<MakeOutcome<T>> {
        let mut number = 0;
        loop {
            let outcome = self.follow(request)?;
            let again = match judge(&outcome, request.wants_json) {
                TryVerdict::Again(again) => again,
                TryVerdict::Final => {
                    let shown = self.shown(request.method, &request.path);
                    return match outcome {
                        Ok(answer) => Ok(MakeOutcome::Answered(answer)),
                        Err(HttpFault::TooLong) => Ok(MakeOutcome::TooLong),
                        Err(fault) => Err(no_answer(self.kind, &shown, &fault).into()),
                    };
                }
            };
            let wait = again.wait.unwrap_or_else(|| self.pace.back_off(number));
            let is_last = number + 1 >= self.pace.tries || wait > self.pace.longest;
            if !is_last {
                self.wait(wait)?;
            }
            if again.may_have_happened
                && let Some(found) = find()?
            {
                return Ok(MakeOutcome::Found(found));
            }
            if is_last {
                return Err(self.given_up(request, number + 1, wait, &again.why).into());
            }
            number += 1;
        }
    }

    fn given_up(&self, request: &ForgeRequest<'_>, tries: u32, wait: u64, why: &str) -> Failure {
        let shown = self.shown(request.method, &request.path);
        let kind = self.kind;
        if wait > self.pace.longest {
            return Failure::new(Exit::TryAgain, format!("{kind} asks to wait for {wait} s before `{shown}`: {why}"))
                .help("run the same command again after that time");
        }
        let message = format!("{kind} gave no answer to `{shown}` in {tries} tries: {why}");
        Failure::new(Exit::TryAgain, message)
            .help("check the network and the state of the forge; then run the same command again")
    }

    /// Waits for this many seconds of [`Pace`].
    fn wait(&self, seconds: u64) -> Result<(), Failure> {
        let end = Instant::now() + self.pace.second.saturating_mul(u32::try_from(seconds).unwrap_or(u32::MAX));
        loop {
            interrupt::check()?;
            match end.checked_duration_since(Instant::now()) {
                Some(rest) if !rest.is_zero() => std::thread::sleep(rest.min(PAUSE)),
                _ => return Ok(()),
            }
        }
    }

    /// Sends a request once, and follows redirects: of a request that reads, and where the forge says that the method stays.
    fn follow(&self, request: &ForgeRequest<'_>) -> Result<Result<HttpAnswer, HttpFault>> {
        let mut url = self.address(&request.path);
        for _ in 0..=MOST_REDIRECTS {
            let answer = match self.once(request, &url)? {
                Ok(answer) => answer,
                Err(fault) => return Ok(Err(fault)),
            };
            let is_followed = match answer.status {
                301 | 302 => request.method == "GET",
                307 | 308 => true,
                _ => false,
            };
            match answer.header("location") {
                Some(location) if is_followed => url = redirect_target(&url, location),
                _ => return Ok(Ok(answer)),
            }
        }
        let message =
            format!("{} redirects `{}` again and again", self.kind, self.shown(request.method, &request.path));
        Err(Failure::new(Exit::Failed, message).into())
    }

    /// Sends a request to an address of the forge.
    fn once(&self, request: &ForgeRequest<'_>, url: &str) -> Result<Result<HttpAnswer, HttpFault>> {
        self.require_own(url)?;
        let mut headers = self.headers.clone();
        headers.push(("User-Agent", "releng".to_owned()));
        let text = match &request.content {
            ForgeContent::Json(value) => value.to_string(),
            _ => String::new(),
        };
        let mut limits = LIMITS;
        let body = match request.content {
            ForgeContent::Nothing => HttpBody::Nothing,
            ForgeContent::Json(_) => {
                headers.push(("Content-Type", "application/json; charset=utf-8".to_owned()));
                HttpBody::Text(&text)
            }
            ForgeContent::File(path) => {
                headers.push(("Content-Type", "application/octet-stream".to_owned()));
                limits.time = UPLOAD_TIME;
                HttpBody::File(path)
            }
            ForgeContent::Form(field, name, path) => {
                limits.time = UPLOAD_TIME;
                HttpBody::Form(field, name, path)
            }
        };
        let known = self.known.borrow().get(url).cloned().filter(|_| request.method == "GET");
        if let Some((tag, _)) = &known {
            headers.push(("If-None-Match", tag.clone()));
        }
        let (name, before) = self.token_header;
        let secret = Some((name, before, &self.token));
        let outcome = send(&HttpRequest { method: request.method, url, headers, secret, body }, limits)?;
        Ok(match (outcome, known) {
            (Ok(answer), Some((_, known))) if answer.status == 304 => Ok(known),
            (outcome, _) => outcome,
        })
    }

    /// Keeps the answer to a request that is sent again and again, so that the forge need not send it again.
    pub fn get_polled<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        let request = ForgeRequest::get(path);
        let answer = self.repeat(&request)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let read = self.read(&request, &answer)?;
        if let Some(tag) = answer.header("etag") {
            self.known.borrow_mut().insert(self.address(path), (tag.to_owned(), answer.clone()));
        }
        Ok(Some(read))
    }

    /// `Err` unless an address is of this forge: another one does not get the token.
    fn require_own(&self, url: &str) -> Result<(), Failure> {
        let other = origin(url);
        if other == origin(&self.api) || self.upload_origin.as_ref() == Some(&other) {
            return Ok(());
        }
        let message =
            format!("{} sends the request on to `{}`, which does not get the token", self.kind, other.escape_debug());
        Err(Failure::new(Exit::Usage, message)
            .help(committed("change `ci.forge-url` or the address of the remote if the forge has moved there")))
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.api) } else { path.to_owned() }
    }

    /// The request as messages show it.
    fn shown(&self, method: &str, path: &str) -> String {
        let path = path.strip_prefix(&self.api).unwrap_or(path);
        format!("{method} {}", path.escape_debug())
    }
}

impl ForgeRequest<'_> {
    /// A request that reads JSON.
    pub fn get(path: &str) -> ForgeRequest<'static> {
        ForgeRequest { method: "GET", path: path.to_owned(), content: ForgeContent::Nothing, wants_json: true }
    }

    /// A request that sends JSON and has it in its answer.
    pub fn json(method: &'static str, path: String, content: Value) -> ForgeRequest<'static> {
        ForgeRequest { method, path, content: ForgeContent::Json(content), wants_json: true }
    }

    /// A request that removes something. Its answer is not read.
    pub fn delete(path: String) -> ForgeRequest<'static> {
        ForgeRequest { method: "DELETE", path, content: ForgeContent::Nothing, wants_json: false }
    }
}
