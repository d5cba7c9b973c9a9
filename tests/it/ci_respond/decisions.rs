//! What the configuration of the base changes, and which questions are asked.

use releng::ci::respond::comment::SpokenCommand;
use releng::ci::respond::decision::DecidedAction;
use releng::ci::respond::facts::Question;
use releng::ci::respond::wish::{AskingComment, Wish, WishKind};
use releng::forge::event::EventPull;
use releng::forge::model::Permission;
use releng::project::config::Config;

use super::world::{HEAD, REVIEWER, World, person};

const TEST: WishKind = WishKind::Command(SpokenCommand::Test);
const MERGE: WishKind = WishKind::Command(SpokenCommand::Merge { head: None });

fn wish(kind: WishKind, by: u64, login: &str) -> Wish {
    let comment = matches!(kind, WishKind::Command(_) | WishKind::Hint(_))
        .then_some(AskingComment { id: 9, at: Some("2026-01-02T03:04:05Z".parse().unwrap()) });
    let (head, base) = (Some(HEAD.parse().unwrap()), Some("main".parse().unwrap()));
    let pull = EventPull { number: Some(1), head, base, ..EventPull::default() };
    Wish { kind, number: 1, pull, by: person(by, login), comment }
}

/// A world whose base has this configuration.
fn world(config: &str) -> World {
    World { config: Config::parse(config.as_bytes()).unwrap(), ..World::open(1, HEAD) }
}

#[test]
fn the_key_for_admins_narrows_who_may_merge() {
    for (admins, by_number, by_name, by_other) in [
        ("", true, true, true),
        ("admins = [7]", true, false, false),
        ("admins = [\"Ada\"]", false, true, false),
        ("admins = [7, \"ada\"]", true, true, false),
        ("admins = []", false, false, false),
    ] {
        let world = world(&format!("[ci]\n{admins}\n"));
        let may = |id, login| world.decide(&wish(MERGE, id, login)).0.action == DecidedAction::Merge;
        assert_eq!((may(7, "x"), may(8, "ada"), may(8, "eve")), (by_number, by_name, by_other), "{admins}");
        // It never gives a right.
        let powerless = World { permission: Permission::Write, ..world.clone() };
        assert_eq!(powerless.decide(&wish(MERGE, 7, "ada")).0.action, DecidedAction::None, "{admins}");
    }
}

#[test]
fn the_work_of_strangers_is_tested_only_if_that_is_configured() {
    for (keys, expected) in [("", DecidedAction::None), ("untrusted = true", DecidedAction::CheckPatch)] {
        let world = world(&format!("[ci]\n{keys}\n"));
        for world in [
            World { permission: Permission::Read, ..world.clone() },
            World { author_permission: Permission::Read, ..world.clone() },
        ] {
            let (decision, _) = world.decide(&wish(WishKind::TestNewWork, 7, "eve"));
            let is_told = expected == DecidedAction::None;
            assert_eq!((decision.action, decision.reply.is_some()), (expected, is_told), "{keys}");
            assert_eq!(
                (decision.comment, decision.status),
                (None, (!is_told).then(|| "releng/check-patch".to_owned()))
            );
        }
    }
}

#[test]
fn a_stranger_is_told_once_why_nothing_is_tested() {
    let stranger = World { author_permission: Permission::Read, ..World::open(1, HEAD) };
    let reply = |world: &World| world.decide(&wish(WishKind::TestNewWork, 7, "eve")).0.reply;
    assert!(reply(&stranger).unwrap().contains("`ci test please`"));
    let told = World { own_comments: vec!["Thank you.\n\n<!-- releng:untested -->".to_owned()], ..stranger.clone() };
    assert_eq!(reply(&told), None);
    let mut bot = stranger;
    bot.pull.author.is_person = false;
    assert_eq!(reply(&bot), None, "a program does not read it");
}

#[test]
fn no_question_is_asked_after_a_no() {
    let open = World::open(1, HEAD);
    let names = |world: &World, wish: &Wish| {
        let name = |question: &Question| format!("{question:?}").split([' ', '(']).next().unwrap().to_owned();
        world.decide(wish).1.iter().map(name).collect::<Vec<_>>().join(" ")
    };
    let by = |kind| wish(kind, 7, "ada");
    assert_eq!(names(&open, &by(MERGE)), "Own Pull Base Permission Record Forecast");
    assert_eq!(names(&open, &by(WishKind::Hint("ci merge please"))), "Own Permission");
    let answered = World { own_comments: vec!["<!-- releng:9:done -->".to_owned()], ..open.clone() };
    assert_eq!(names(&answered, &by(TEST)), "Own");
    let mut closed = open.clone();
    closed.pull.is_open = false;
    assert_eq!(names(&closed, &by(TEST)), "Own Pull");
    let stranger = World { permission: Permission::Read, ..open.clone() };
    for (world, is_answered) in [(&open, true), (&stranger, false)] {
        let (decision, _) = world.decide(&by(WishKind::Hint("ci merge please")));
        assert_eq!((decision.action, decision.reply.is_some()), (DecidedAction::None, is_answered));
    }
    assert_eq!(names(&stranger, &by(TEST)), "Own Pull Base Permission");
    let mut of_github = by(MERGE);
    (of_github.pull.head, of_github.pull.base) = (None, None);
    assert_eq!(names(&open, &of_github), "Own Pull Base Permission Record Forecast");
    let mut fork = open;
    fork.pull.is_from_fork = true;
    assert_eq!(names(&fork, &by(MERGE)), "Own Pull Base Permission Record Reviews");
}

/// A forge without a record: the event must have the base, and the comment the commit.
#[test]
fn without_a_record_the_comment_states_the_commit() {
    let open = World { record: None, ..World::open(1, HEAD) };
    let stated = WishKind::Command(SpokenCommand::Merge { head: Some(HEAD.parse().unwrap()) });
    let action = |world: &World, kind, has_base: bool| {
        let mut wish = wish(kind, 7, "ada");
        wish.pull.base = wish.pull.base.filter(|_| has_base);
        world.decide(&wish).0.action
    };
    let mut approved = open.clone();
    approved.approve(HEAD, REVIEWER);
    for (world, kind, has_base, expected) in [
        (&open, stated, true, DecidedAction::Merge),
        (&open, stated, false, DecidedAction::None),
        (&open, MERGE, true, DecidedAction::None),
        (&approved, MERGE, true, DecidedAction::None),
    ] {
        assert_eq!(action(world, kind, has_base), expected, "{kind:?} {has_base}");
    }
}
