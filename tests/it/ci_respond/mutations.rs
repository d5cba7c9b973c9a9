//! Thousands of changed events: none acts where the documents say no, and each acts where they say yes.

use std::collections::BTreeMap;

use releng::ci::respond::comment::{Spoken, read_comment};
use releng::ci::respond::decision::{DecidedAction, Decision};
use releng::ci::respond::wish::find_wish;
use releng::forge::event::read_event;

use super::case::Case;
use super::samples::{About, Sample, samples};
use super::twists::{Asks, Forbids, HOSTILE, TWISTS, Twist};

/// How many combinations of twists are tried beside each one alone.
const COMBINATIONS: usize = 6_000;

const LINES: [(&str, Asks); 7] = [
    ("ci test please", Asks::Test),
    ("CI  :+1:", Asks::Test),
    ("ci :thumbsup:", Asks::Test),
    ("ci \u{1f44d}\u{1f3fd}", Asks::Test),
    ("ci merge please", Asks::Merge),
    ("ci :shipit:", Asks::Merge),
    ("ci review please", Asks::Review),
];

/// What each sample asks for, with the line of its comment.
fn asking(samples: &[Sample]) -> Vec<(&Sample, &'static str, Asks)> {
    let mut asking = Vec::new();
    for sample in samples {
        match sample.about {
            About::Comment => asking.extend(LINES.map(|(line, asks)| (sample, line, asks))),
            About::NewWork => asking.push((sample, "", Asks::NewWork)),
            About::Review => asking.push((sample, "", Asks::Reviewed)),
        }
    }
    asking
}

/// The statement of the table: what a wish leads to if nothing forbids it.
fn action_of(asks: Asks) -> DecidedAction {
    match asks {
        Asks::Test | Asks::NewWork => DecidedAction::CheckPatch,
        Asks::Merge => DecidedAction::Merge,
        Asks::Review | Asks::Reviewed => DecidedAction::Label,
    }
}

fn forbids(twist: &Twist, asks: Asks) -> bool {
    match twist.forbids {
        Forbids::Always | Forbids::AlwaysByEvent => true,
        Forbids::Never => false,
        Forbids::Only(list) => list.contains(&asks),
    }
}

fn can_be_combined(twists: &[&Twist]) -> bool {
    let mut parts: Vec<&str> = twists.iter().flat_map(|twist| twist.parts.split_whitespace()).collect();
    parts.sort_unstable();
    parts.windows(2).all(|pair| pair[0] != pair[1])
}

/// Applies the twists, decides, and compares. Returns the decision.
#[track_caller]
fn check(sample: &Sample, line: &str, asks: Asks, twists: &[&Twist]) -> Decision {
    let mut case = Case::new(sample, line);
    for twist in twists {
        (twist.change)(&mut case);
    }
    let names: Vec<&str> = twists.iter().map(|twist| twist.name).collect();
    let shown = format!("{:?} {:?} {line:?} {names:?}", sample.form, asks);
    let event = read_event(case.event.to_string().as_bytes(), Some(&case.name)).unwrap();
    let (decision, asked) = match find_wish(&event) {
        Ok(wish) => case.world.decide(&wish),
        Err(reason) => (Decision::nothing(reason), Vec::new()),
    };
    let is_forbidden = twists.iter().any(|twist| forbids(twist, asks));
    let expected = if is_forbidden { DecidedAction::None } else { action_of(asks) };
    assert_eq!(decision.action, expected, "{shown}: {decision:?}");
    if let [Twist { forbids: Forbids::AlwaysByEvent, .. }] = twists {
        assert_eq!(asked, [], "{shown}: the event alone says no");
    }
    check_texts(&decision, &shown);
    if decision.action == DecidedAction::None {
        assert_eq!((decision.head, &decision.status, &decision.label), (None, &None, &None), "{shown}");
    }
    decision
}

/// No text from outside, and no command in an own comment.
#[track_caller]
fn check_texts(decision: &Decision, shown: &str) {
    let json = decision.render().unwrap();
    for part in ["touch pwned", "set-output", "evil.example", "@everyone", "\u{202e}", "\u{1b}", "::"] {
        assert!(HOSTILE.contains(part) && !json.contains(part), "{shown}: {json}");
    }
    assert_eq!(json.lines().count(), 1, "{shown}");
    let outputs = decision.outputs();
    assert_eq!(outputs.lines().count(), 4, "{shown}: {outputs:?}");
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "._/-=\n".contains(letter);
    assert!(outputs.chars().all(is_safe), "{shown}: {outputs:?}");
    if let Some(reply) = &decision.reply {
        assert_eq!(read_comment(reply), Spoken::Nothing, "{shown}: {reply}");
        assert!(!reply.contains(['@', '<', '[', '\n']), "{shown}: {reply}");
    }
}

#[test]
fn no_changed_event_acts_where_the_table_says_no() {
    let samples = samples();
    let asking = asking(&samples);
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut note = |decision: Decision| *outcomes.entry(decision.action.name()).or_default() += 1;
    for (sample, line, asks) in &asking {
        for twist in TWISTS.iter().filter(|twist| !twist.is_about_comment || sample.about == About::Comment) {
            note(check(sample, line, *asks, &[twist]));
        }
    }
    // The same numbers in each run.
    let mut seed: u64 = 14;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut tried = 0;
    while tried < COMBINATIONS {
        let (sample, line, asks) = asking[draw(asking.len())];
        let twists: Vec<&Twist> = (0..2 + draw(2)).map(|_| &TWISTS[draw(TWISTS.len())]).collect();
        let fits = twists.iter().all(|twist| !twist.is_about_comment || sample.about == About::Comment);
        // Few combinations are allowed at all: most draws that forbid are left out, so that both outcomes are tried.
        let is_forbidden = twists.iter().any(|twist| forbids(twist, asks));
        if fits && can_be_combined(&twists) && (!is_forbidden || draw(4) == 0) {
            note(check(sample, line, asks, &twists));
            tried += 1;
        }
    }
    let all: usize = outcomes.values().sum();
    assert!(all > 2_000 + COMBINATIONS, "{outcomes:?}");
    for action in ["check-patch", "merge", "label", "none"] {
        assert!(outcomes.get(action).is_some_and(|count| *count > 300), "{outcomes:?}");
    }
}

/// Every event that the packages ship, under its own name and every other one: reading never fails, and only the expected kinds ask.
#[test]
fn every_shipped_event_is_read() {
    let (mut read, mut wishes) = (0, BTreeMap::<String, usize>::new());
    let mut all = super::samples::github_events();
    let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    all.extend(super::samples::gitlab_events().into_iter().map(|event| (String::new(), event)));
    for (name, event) in &all {
        for name in names.iter().chain([name]).collect::<std::collections::BTreeSet<_>>() {
            let event = read_event(event.to_string().as_bytes(), Some(name)).unwrap();
            read += 1;
            if let Ok(wish) = find_wish(&event) {
                *wishes.entry(format!("{name} {:?}", wish.kind)).or_default() += 1;
            }
        }
    }
    assert!(read > 10_000, "{read}");
    let kinds: Vec<&str> = wishes.keys().map(|key| key.rsplit_once(' ').unwrap().1).collect();
    assert!(kinds.iter().all(|kind| ["TestNewWork", "NoteReview"].contains(kind)), "{wishes:?}");
    assert!(kinds.contains(&"TestNewWork") && kinds.contains(&"NoteReview"), "{wishes:?}");
}
