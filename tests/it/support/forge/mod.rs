//! A double of a forge: one repository in memory, which three dialects show and change, with faults where a test wants them.
//!
//! `github`, `gitlab` and `forgejo` answer as those do. `scripts/forge-schemas` compares what they are asked, and answer, with the
//! published descriptions of the APIs.

mod forgejo;
mod git_http;
mod github;
mod gitlab;
mod rights;
mod state;
mod wire;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use releng::base::secret::Secret;
use releng::forge::{Forge, ForgePlace, Pace, client_of};
use releng::project::config::ForgeKind;
use serde_json::{Value, json};

pub use rights::Grant;
pub use state::{FORK_ID, Happened, Kept, Note, PROJECT, PROJECT_ID, State, Status, Vote};
pub use wire::{Asked, Reply};

/// The token of the own account.
pub const TOKEN: &str = "forge/Token+of-releng_0123456789";

/// Requests that change something, as the place of a fault.
pub const WRITES: &str = "writes";

/// What goes wrong at a request.
#[derive(Clone)]
pub enum Fault {
    /// The connection ends, and the request was not acted on.
    DropBefore,
    /// The request was acted on, and the connection ends without an answer.
    DropAfter,
    /// This answer comes, and the request was not acted on.
    Instead(Reply),
    /// The request was acted on, and this answer comes.
    After(Reply),
    /// The connection ends in the middle of the answer.
    Truncated,
    /// The answer is the first half of the right one, and complete as far as HTTP is concerned.
    Half,
    /// The answer comes late.
    Slow(Duration),
    /// The request was not acted on, and no answer comes for this long.
    Hang(Duration),
    /// The request was acted on, and no answer comes for this long.
    HangAfter(Duration),
    /// The last file of the releases is there without its bytes, and the answer is 502.
    HalfUploaded,
}

/// A fault that waits for its requests.
struct Planned {
    /// A part of `METHOD target`, or [`WRITES`].
    at: String,
    /// How many requests it passes over first.
    skip: usize,
    left: usize,
    fault: Fault,
}

/// What the threads of the double share.
struct Shared {
    kind: ForgeKind,
    state: Mutex<State>,
    planned: Mutex<Vec<Planned>>,
    /// The requests with their answers; the status of no answer is 0.
    exchanges: Mutex<Vec<(Asked, Reply)>>,
}

/// A running double; it ends with the value.
pub struct Double {
    shared: Arc<Shared>,
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Double {
    /// Starts a forge of this kind on a free port.
    pub fn start(kind: ForgeKind) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Mutex::new(State::new(format!("http://{address}")));
        let shared = Arc::new(Shared { kind, state, planned: Mutex::default(), exchanges: Mutex::default() });
        let stopping = Arc::new(AtomicBool::new(false));
        let (served, stop) = (Arc::clone(&shared), Arc::clone(&stopping));
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let served = Arc::clone(&served);
                // A client that hangs up has its own reasons.
                std::thread::spawn(move || drop(stream.and_then(|stream| serve(&served, &stream))));
            }
        });
        Double { shared, address, stopping, listening: Some(listening) }
    }

    /// The address of the API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client with the right token, whose seconds are short.
    pub fn client(&self) -> Box<dyn Forge> {
        self.client_with(TOKEN)
    }

    /// A client with any token.
    pub fn client_with(&self, token: &str) -> Box<dyn Forge> {
        self.client_of(PROJECT, token)
    }

    /// A client for any repository. The double knows only one, and planned answers of others.
    pub fn client_of(&self, project: &str, token: &str) -> Box<dyn Forge> {
        let project = project.to_owned().try_into().unwrap();
        let place = ForgePlace { kind: self.shared.kind, api: self.url(), project };
        let pace = Pace { tries: 4, second: Duration::from_millis(2), longest: 100 };
        client_of(&place, Secret::parse(token).unwrap(), pace)
    }

    /// Reads or changes what the forge knows.
    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.shared.state.lock().unwrap())
    }

    /// Plans a fault for the next `times` requests whose `METHOD target` contains `at`.
    pub fn fault(&self, at: &str, times: usize, fault: Fault) {
        self.shared.planned.lock().unwrap().push(Planned { at: at.to_owned(), skip: 0, left: times, fault });
    }

    /// Plans a fault for one request, after `skip` others with this part. No other faults wait then.
    pub fn fault_after(&self, at: &str, skip: usize, fault: Fault) {
        *self.shared.planned.lock().unwrap() = vec![Planned { at: at.to_owned(), skip, left: 1, fault }];
    }

    /// Whether all planned faults have happened.
    pub fn is_struck(&self) -> bool {
        self.shared.planned.lock().unwrap().iter().all(|planned| planned.left == 0)
    }

    /// Forgets the faults that have not happened.
    pub fn heal(&self) {
        self.shared.planned.lock().unwrap().clear();
    }

    /// The requests since the last call with the status of their answers, such as `200 GET /user`. Of a connection that ended, 0.
    pub fn asked(&self) -> Vec<String> {
        let exchanges = std::mem::take(&mut *self.shared.exchanges.lock().unwrap());
        exchanges.iter().map(|(asked, reply)| format!("{} {} {}", reply.status, asked.method, asked.target)).collect()
    }

    /// How many requests since the last call of [`Double::asked`] have a line with this part.
    pub fn count(&self, part: &str) -> usize {
        let exchanges = self.shared.exchanges.lock().unwrap();
        exchanges.iter().filter(|(asked, _)| format!("{} {}", asked.method, asked.target).contains(part)).count()
    }

    /// The requests and answers as JSON, for `scripts/forge-schemas`.
    pub fn exchanges(&self) -> Value {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let exchanges = self.shared.exchanges.lock().unwrap();
        let entries = exchanges.iter().map(|(asked, reply)| {
            json!({
                "method": asked.method, "target": asked.target, "headers": asked.headers, "body": text(&asked.body),
                "status": reply.status, "answer": text(&reply.body),
            })
        });
        entries.collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)); // wakes the listener up
        self.listening.take().map(JoinHandle::join);
    }
}

impl Shared {
    /// The fault that is planned for a request.
    fn take_fault(&self, asked: &Asked) -> Option<Fault> {
        let line = format!("{} {}", asked.method, asked.target);
        let mut planned = self.planned.lock().unwrap();
        let is_meant = |at: &str| line.contains(at) || (at == WRITES && asked.method != "GET");
        let found = planned.iter_mut().find(|planned| planned.left > 0 && is_meant(&planned.at))?;
        if found.skip > 0 {
            found.skip -= 1;
            return None;
        }
        found.left -= 1;
        Some(found.fault.clone())
    }

    /// The right answer.
    fn answer(&self, asked: &Asked) -> Reply {
        if let Some(rest) = git_http::path_in_repository(asked) {
            return self.answer_git(asked, &rest);
        }
        let said = asked.headers.get("authorization").map_or("", String::as_str);
        let word = if self.kind == ForgeKind::Forgejo { "token " } else { "Bearer " };
        let token = said.strip_prefix(word).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        let account = match state.grants.get_mut(token) {
            Some(grant) => match grant.refuse(asked) {
                Some(refusal) => return refusal,
                None => grant.account,
            },
            None if token == TOKEN => state.own,
            None => return Reply::json(401, &json!({"message": "401 Unauthorized"})),
        };
        let own = std::mem::replace(&mut state.own, account);
        let reply = match self.kind {
            ForgeKind::Github => github::answer(&mut state, asked),
            ForgeKind::Gitlab => gitlab::answer(&mut state, asked),
            ForgeKind::Forgejo => forgejo::answer(&mut state, asked),
        };
        state.own = own;
        reply
    }

    fn answer_git(&self, asked: &Asked, rest: &str) -> Reply {
        let mut state = self.state.lock().unwrap();
        let password = git_http::password(asked).unwrap_or_default();
        let may_push = match state.grants.get_mut(&password) {
            Some(grant) => grant.may("contents"),
            None => password == TOKEN,
        };
        let Some(git) = state.git.clone() else { return Reply::empty(404) };
        drop(state);
        if git_http::is_push(asked) && !may_push {
            return git_http::no_push();
        }
        git_http::answer(&git, asked, rest)
    }

    /// The file that was uploaded last loses its content.
    fn break_last_file(&self) {
        let mut state = self.state.lock().unwrap();
        let last = state.releases.iter_mut().flat_map(|release| &mut release.files).max_by_key(|file| file.id);
        last.unwrap().is_whole = false;
    }
}

/// Answers the request of one connection.
fn serve(shared: &Shared, stream: &TcpStream) -> std::io::Result<()> {
    let Some(asked) = wire::read_request(stream)? else { return Ok(()) };
    let fault = shared.take_fault(&asked);
    let is_truncated = matches!(fault, Some(Fault::Truncated));
    let reply = match fault {
        None | Some(Fault::Truncated) => Some(shared.answer(&asked)),
        Some(Fault::DropBefore) => None,
        Some(Fault::Instead(reply)) => Some(reply),
        Some(Fault::Slow(time)) => {
            std::thread::sleep(time);
            Some(shared.answer(&asked))
        }
        Some(Fault::Half) => {
            let mut reply = shared.answer(&asked);
            reply.body.truncate(reply.body.len() / 2);
            Some(reply)
        }
        Some(Fault::DropAfter) => {
            shared.answer(&asked);
            None
        }
        Some(Fault::Hang(time)) => {
            std::thread::sleep(time);
            None
        }
        Some(Fault::HangAfter(time)) => {
            shared.answer(&asked);
            std::thread::sleep(time);
            None
        }
        Some(Fault::After(reply)) => {
            shared.answer(&asked);
            Some(reply)
        }
        Some(Fault::HalfUploaded) => {
            shared.answer(&asked);
            shared.break_last_file();
            Some(Reply::json(502, &json!({"message": "Server Error"})))
        }
    };
    shared.exchanges.lock().unwrap().push((asked, reply.clone().unwrap_or_else(|| Reply::empty(0))));
    match reply {
        Some(reply) if is_truncated => wire::write_reply(stream, &reply, reply.body.len() / 2),
        Some(reply) => wire::write_reply(stream, &reply, reply.body.len()),
        None => Ok(()),
    }
}
