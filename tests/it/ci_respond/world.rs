//! What is true on the forge and on the remote, as far as the rules ask.

use jiff::Timestamp;
use releng::ci::respond::decide::decide;
use releng::ci::respond::decision::Decision;
use releng::ci::respond::facts::{KnownFacts, MergeForecast, OwnSide, Question};
use releng::ci::respond::wish::Wish;
use releng::forge::model::{Account, Permission, PullChange, PullRecord, PullRequest, Review, ReviewVerdict};
use releng::project::config::{CiAdmin, Config};

/// The account of this program.
pub const OWN: u64 = 900_001;
/// The account that wrote the pull request.
pub const AUTHOR: u64 = 900_002;
/// An account that reviews.
pub const REVIEWER: u64 = 900_003;
/// Another one.
pub const SECOND_REVIEWER: u64 = 900_004;

/// The commit of the work in comments, which do not say it.
pub const HEAD: &str = "48e773f892a831faa47c0a160d1b7f0cd369ae2a";
pub const OTHER_HEAD: &str = "1111111111111111111111111111111111111111";

/// The state of the forge.
#[derive(Clone, Debug)]
pub struct World {
    pub config: Config,
    /// Of who caused the event.
    pub permission: Permission,
    pub author: Account,
    pub author_permission: Permission,
    pub reviewer_permission: Permission,
    pub pull: PullRequest,
    /// What happened to the pull request since the comment, if the forge says it.
    pub record: Option<PullRecord>,
    pub reviews: Vec<Review>,
    pub own_comments: Vec<String>,
    pub base_is_there: bool,
    pub forecast: MergeForecast,
}

pub fn person(id: u64, login: &str) -> Account {
    Account { id, login: login.to_owned(), is_person: true }
}

impl World {
    /// Everything is allowed: the sender is an admin, the author a member, the work in the repository itself.
    pub fn open(wish_number: u32, head: &str) -> World {
        let author = person(AUTHOR, "author");
        World {
            config: Config::default(),
            permission: Permission::Admin,
            author_permission: Permission::Write,
            reviewer_permission: Permission::Write,
            pull: PullRequest {
                number: wish_number,
                is_open: true,
                is_draft: false,
                title: "Say more".to_owned(),
                author: author.clone(),
                head: head.parse().unwrap(),
                is_from_fork: false,
                branch: "fix".to_owned(),
                base: "main".parse().unwrap(),
                labels: vec!["needs review".to_owned()],
            },
            author,
            record: Some(PullRecord { changes: Vec::new(), has_pushes: true }),
            reviews: Vec::new(),
            own_comments: Vec::new(),
            base_is_there: true,
            forecast: MergeForecast::Version("1.2.3".to_owned()),
        }
    }

    /// Something happened after the comment.
    pub fn happens(&mut self, change: PullChange) {
        if let Some(record) = &mut self.record {
            record.changes.push(change);
        }
    }

    /// The forge does not record pushes.
    pub fn forget_pushes(&mut self) {
        if let Some(record) = &mut self.record {
            record.has_pushes = false;
        }
    }

    pub fn approve(&mut self, head: &str, author: u64) {
        let (author, at) = (person(author, "reviewer"), Some(Timestamp::UNIX_EPOCH));
        let commit = Some(head.parse().unwrap());
        self.reviews.push(Review { author, verdict: ReviewVerdict::Approved, commit, at });
    }

    pub fn only_admin(&mut self, login: &str) {
        self.config.ci.admins = Some(vec![CiAdmin::Login(login.to_owned())]);
    }

    /// What is decided, and which questions were asked for it, in their order.
    pub fn decide(&self, wish: &Wish) -> (Decision, Vec<Question>) {
        let (mut facts, mut asked) = (KnownFacts::default(), Vec::new());
        loop {
            match decide(wish, &facts) {
                Ok(decision) => return (decision, asked),
                Err(question) => {
                    assert!(!asked.contains(&question), "asked twice: {question:?}");
                    self.answer(&question, wish, &mut facts);
                    asked.push(question);
                }
            }
        }
    }

    fn answer(&self, question: &Question, wish: &Wish, facts: &mut KnownFacts) {
        match question {
            Question::Own => {
                facts.own = Some(OwnSide { account: person(OWN, "releng"), comments: self.own_comments.clone() });
            }
            Question::Pull => facts.pull = Some(Some(self.pull.clone())),
            Question::Base(base) => {
                assert_eq!(base, &self.pull.base);
                facts.base = Some(self.base_is_there.then(|| self.config.clone()));
            }
            Question::Permission(account) => {
                let permission = match account.id {
                    REVIEWER => self.reviewer_permission,
                    SECOND_REVIEWER => Permission::Write,
                    AUTHOR => self.author_permission,
                    id if id == wish.by.id => self.permission,
                    id => panic!("nobody asks about {id}"),
                };
                facts.permissions.insert(account.id, permission);
            }
            Question::Record(since) => {
                assert_eq!(Some(*since), wish.comment.unwrap().at);
                facts.record = Some(self.record.clone());
            }
            Question::Reviews => facts.reviews = Some(self.reviews.clone()),
            Question::Forecast { .. } => facts.forecast = Some(self.forecast.clone()),
        }
    }
}
