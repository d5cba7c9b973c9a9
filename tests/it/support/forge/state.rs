//! What the double of a forge knows: one repository, its people, pull requests and releases.

use std::path::PathBuf;

use releng::base::digest::digest_of;

use super::rights::Grants;
use super::wire::{Asked, Reply};

/// The repository, and its id; a fork has another id.
pub const PROJECT: &str = "lago-project/demo";
pub const PROJECT_ID: u64 = 1;
pub const FORK_ID: u64 = 2;

/// A date of the forge.
pub const DATE: &str = "2026-01-02T03:04:05Z";

/// Somebody.
#[derive(Clone)]
pub struct Who {
    pub id: u64,
    pub login: String,
    pub is_bot: bool,
    /// `none`, `read`, `triage`, `write`, `maintain` or `admin`.
    pub role: &'static str,
}

/// What can happen to a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Closed,
    Reopened,
    Drafted,
    Retargeted,
    /// Another head was pushed, and the old one again.
    PushedBack,
    ReviewDismissed,
    /// Nothing that a merge depends on.
    Labelled,
}

/// A pull request.
#[derive(Clone)]
pub struct Pull {
    pub number: u32,
    /// `open`, `closed` or `merged`.
    pub state: &'static str,
    pub draft: bool,
    pub title: String,
    pub author: u64,
    pub head: String,
    /// `None` where the repository of the work is gone.
    pub head_repository: Option<u64>,
    /// When its head was pushed.
    pub pushed: String,
    /// The branch that it is for.
    pub base: String,
    /// What happened to it, and when. Of a push, the head is what it was before and is afterwards.
    pub happened: Vec<(Happened, String)>,
    pub labels: Vec<String>,
}

/// A comment.
#[derive(Clone)]
pub struct Note {
    pub id: u64,
    pub pull: u32,
    pub author: u64,
    pub text: String,
    /// Written by the forge itself, such as "added 1 commit".
    pub is_system: bool,
}

/// A review.
#[derive(Clone)]
pub struct Vote {
    pub author: u64,
    /// `approved`, `changes`, `comment`, `pending` or `dismissed`.
    pub state: &'static str,
    pub commit: String,
    pub at: String,
    /// Whether Forgejo counts it.
    pub is_official: bool,
}

impl Vote {
    /// An approval that is older than the comments of the tests.
    pub fn approval(author: u64, commit: &str) -> Vote {
        let at = "2026-01-01T12:00:00Z".to_owned();
        Vote { author, state: "approved", commit: commit.to_owned(), at, is_official: true }
    }
}

/// A status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub commit: String,
    pub context: String,
    pub state: String,
    pub description: String,
    pub url: String,
    pub at: String,
    /// The account that set it; `None` where the forge does not say it.
    pub by: Option<u64>,
}

/// A release.
#[derive(Clone)]
pub struct Release {
    pub id: u64,
    pub tag: String,
    pub draft: bool,
    pub name: String,
    pub notes: String,
    pub commit: String,
    pub files: Vec<Kept>,
}

impl Release {
    /// Takes the fields that a request states.
    pub fn change(&mut self, asked: &Asked) {
        let stated = asked.json();
        let texts = [
            ("tag_name", &mut self.tag),
            ("target_commitish", &mut self.commit),
            ("name", &mut self.name),
            ("body", &mut self.notes),
        ];
        for (field, kept) in texts {
            if let Some(text) = stated[field].as_str() {
                text.clone_into(kept);
            }
        }
        self.draft = stated["draft"].as_bool().unwrap_or(self.draft);
    }
}

/// A file of a release, or of GitLab's packages.
#[derive(Clone)]
pub struct Kept {
    pub id: u64,
    pub name: String,
    pub bytes: Vec<u8>,
    /// False after an upload that broke off.
    pub is_whole: bool,
    /// On GitLab: where a link of a release leads.
    pub url: String,
}

impl Kept {
    pub fn digest(&self) -> String {
        digest_of(&self.bytes).to_string()
    }
}

/// Everything.
pub struct State {
    /// Where the API is, such as `http://127.0.0.1:4000`.
    pub url: String,
    pub own: u64,
    /// The time of what the own account does.
    pub now: String,
    pub people: Vec<Who>,
    pub pulls: Vec<Pull>,
    pub notes: Vec<Note>,
    pub votes: Vec<Vote>,
    pub statuses: Vec<Status>,
    /// The labels of the repository.
    pub labels: Vec<String>,
    pub releases: Vec<Release>,
    /// The files of GitLab's generic packages; the version is the tag.
    pub packages: Vec<(String, Kept)>,
    /// The most entries of a page.
    pub page: usize,
    /// Whether the token is that of a workflow, to which GitHub closes `GET /user`.
    pub is_application: bool,
    /// The tokens of jobs.
    pub grants: Grants,
    /// The bare repository that is served to git.
    pub git: Option<PathBuf>,
    last_id: u64,
}

impl State {
    pub fn new(url: String) -> State {
        let who = |id: u64, login: &str, is_bot: bool, role: &'static str| {
            let login = login.to_owned();
            Who { id, login, is_bot, role }
        };
        State {
            url,
            own: 100,
            now: DATE.to_owned(),
            people: vec![
                who(100, "releng-bot", true, "write"),
                who(7, "ada", false, "admin"),
                who(8, "grace", false, "maintain"),
                who(9, "linus", false, "write"),
                who(10, "tria", false, "triage"),
                who(11, "reader", false, "read"),
                who(12, "eve", false, "none"),
            ],
            pulls: vec![Pull {
                number: 5,
                state: "open",
                draft: false,
                title: "A title".to_owned(),
                author: 12,
                head: "1".repeat(40),
                head_repository: Some(FORK_ID),
                pushed: "2026-01-01T00:00:00Z".to_owned(),
                base: "master".to_owned(),
                happened: Vec::new(),
                labels: vec!["bug".to_owned()],
            }],
            notes: Vec::new(),
            votes: Vec::new(),
            statuses: Vec::new(),
            labels: vec!["bug".to_owned()],
            releases: Vec::new(),
            packages: Vec::new(),
            page: 100,
            is_application: false,
            grants: Grants::new(),
            git: None,
            last_id: 1000,
        }
    }

    pub fn add_person(&mut self, id: u64, login: &str, is_bot: bool, role: &'static str) {
        self.people.push(Who { id, login: login.to_owned(), is_bot, role });
    }

    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub fn who(&self, id: u64) -> Who {
        self.people.iter().find(|who| who.id == id).cloned().unwrap_or_else(|| panic!("nobody has the id {id}"))
    }

    pub fn who_is(&self, login: &str) -> Option<Who> {
        self.people.iter().find(|who| who.login == login).cloned()
    }

    pub fn pull(&mut self, number: &str) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|pull| pull.number.to_string() == number)
    }

    pub fn notes_of(&self, number: &str) -> Vec<Note> {
        self.notes.iter().filter(|note| note.pull.to_string() == number).cloned().collect()
    }

    /// Keeps a comment of the own account.
    pub fn add_note(&mut self, number: &str, text: String) -> Note {
        let note = Note { id: self.next_id(), pull: number.parse().unwrap(), author: self.own, text, is_system: false };
        self.notes.push(note.clone());
        note
    }

    pub fn release(&mut self, id: &str) -> Option<&mut Release> {
        self.releases.iter_mut().find(|release| release.id.to_string() == id)
    }

    pub fn add_release(&mut self, tag: String, commit: String, name: String, notes: String, draft: bool) -> Release {
        let release = Release { id: self.next_id(), tag, draft, name, notes, commit, files: Vec::new() };
        self.releases.push(release.clone());
        release
    }

    /// A page of a list, and nothing that says whether there is another one.
    pub fn page_of(&self, asked: &Asked, entries: &[serde_json::Value]) -> Reply {
        let mut page = self.paged(asked, entries);
        page.headers.retain(|(name, _)| name != "Link");
        page.with("X-Total-Count", &entries.len().to_string())
    }

    /// A page of a list, with the link to the next one.
    pub fn paged(&self, asked: &Asked, entries: &[serde_json::Value]) -> Reply {
        let page: usize = asked.query("page").map_or(1, |page| page.parse().unwrap());
        let stated = asked.query("per_page").or(asked.query("limit")).map_or(30, |size| size.parse().unwrap());
        let size = self.page.min(stated);
        let shown: Vec<_> = entries.iter().skip((page - 1) * size).take(size).cloned().collect();
        let reply = Reply::json(200, &serde_json::Value::Array(shown));
        if page * size >= entries.len() {
            return reply;
        }
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let rest: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page=")).collect();
        let link = |page: usize| format!("{}{path}?{}&page={page}", self.url, rest.join("&"));
        reply.with("Link", &format!("<{}>; rel=\"last\", <{}>; rel=\"next\"", link(99), link(page + 1)))
    }
}
