//! All ways through the machine, up to a length.

use jiff::Timestamp;

use super::*;
use crate::ci::merge::request::{MergeComment, ProposedWork};
use crate::forge::model::Account;
use crate::git::merge::Committer;

const TREE: ObjectId = CommitId([3; 20]);
const OTHER_TREE: ObjectId = CommitId([4; 20]);

fn request(tries: u32) -> MergeRequest {
    MergeRequest {
        remote: "origin".to_owned(),
        base: "master".parse().unwrap(),
        work: ProposedWork::Branch("topic".parse().unwrap()),
        head: CommitId([1; 20]),
        by: Committer { name: "Ada".to_owned(), email: "ada@example.org".to_owned() },
        at: Timestamp::UNIX_EPOCH,
        comment: None,
        pipeline: None,
        tries,
    }
}

/// A request by a comment.
fn commented(tries: u32) -> MergeRequest {
    let by = Account { id: 7, login: "ada".to_owned(), is_person: true };
    MergeRequest { comment: Some(MergeComment { id: 9, by, names_commit: false }), ..request(tries) }
}

fn prepared() -> PreparedMerge {
    PreparedMerge { base: CommitId([2; 20]), merge: CommitId([5; 20]), tree: TREE, version: None }
}

fn tested(tree: ObjectId) -> MergeEvent {
    MergeEvent::Tested(TestedMerge { tree, release: None })
}

/// Every event once.
fn events() -> Vec<MergeEvent> {
    let steps =
        [MergeStep::Prepare, MergeStep::Test, MergeStep::Confirm, MergeStep::Push, MergeStep::Stage, MergeStep::Report];
    let mut events: Vec<MergeEvent> = steps.into_iter().map(|step| MergeEvent::Began { step }).collect();
    events.extend([
        MergeEvent::Requested(Box::new(request(2))),
        MergeEvent::Prepared(prepared()),
        tested(TREE),
        tested(OTHER_TREE),
        MergeEvent::Confirmed,
        MergeEvent::LostRace { base: CommitId([6; 20]) },
        MergeEvent::Landed,
        MergeEvent::Staged { snapshot: Some("snapshot-x_1.0_pipeline_1".to_owned()) },
        MergeEvent::Stopped(StopReason::HeadMoved { now: None }),
        MergeEvent::GivenUp { why: "no".to_owned() },
        MergeEvent::Reported,
    ]);
    events
}

/// Walks all ways of at most `left` more events; `way` has those before. Returns how many ways there are.
fn walk(merge: &Merge, way: &mut Vec<MergeEvent>, left: u32) -> u64 {
    check(merge, way);
    let mut ways = 1;
    if left > 0 {
        for event in events() {
            let mut next = merge.clone();
            if next.take(&event).is_ok() {
                way.push(event);
                ways += walk(&next, way, left - 1);
                way.pop();
            }
        }
    }
    ways
}

/// What is true on each way.
fn check(merge: &Merge, way: &[MergeEvent]) {
    let last = |is: fn(&MergeEvent) -> bool| way.iter().rposition(is);
    let confirmed = last(|event| matches!(event, MergeEvent::Confirmed));
    let good = last(|event| matches!(event, MergeEvent::Tested(tested) if tested.tree == TREE));
    let prepared = last(|event| matches!(event, MergeEvent::Prepared(_)));
    let lost = last(|event| matches!(event, MergeEvent::LostRace { .. }));
    if merge.next() == Some(MergeStep::Push) {
        assert!(
            prepared < good && good < confirmed && lost < prepared,
            "a push needs all three since the last race: {way:?}"
        );
    }
    if matches!(merge.phase, MergePhase::Landed(..) | MergePhase::Done { .. }) {
        assert!(good.is_some() && lost < good, "only what was tested lands: {way:?}");
        assert!(!way.iter().any(|event| matches!(event, MergeEvent::Stopped(_))), "{way:?}");
    }
    let count = |is: fn(&MergeEvent) -> bool| way.iter().filter(|event| is(event)).count();
    assert!(count(|event| matches!(event, MergeEvent::Landed)) <= 1, "one landing: {way:?}");
    assert!(count(|event| matches!(event, MergeEvent::Staged { .. })) <= 1, "one snapshot: {way:?}");
    assert!(count(|event| matches!(event, MergeEvent::Reported)) <= 1, "one report: {way:?}");
    assert!(!merge.is_reported || merge.request.comment.is_some(), "nobody asked on a forge: {way:?}");
    assert!(merge.attempt <= merge.request.tries);
}

#[test]
fn on_every_way_only_tested_work_lands_and_once() {
    for request in [request(2), commented(2)] {
        let ways = walk(&Merge::new(request), &mut Vec::new(), 10);
        assert!(ways > 10_000, "{ways}");
    }
}

#[test]
fn a_merge_that_a_comment_asked_for_is_reported_once_however_it_ends() {
    let landed = [
        MergeEvent::Prepared(prepared()),
        tested(TREE),
        MergeEvent::Confirmed,
        MergeEvent::Landed,
        MergeEvent::Staged { snapshot: None },
    ];
    let ends: [&[MergeEvent]; 3] =
        [&landed, &[MergeEvent::Stopped(StopReason::AlreadyMerged)], &[MergeEvent::GivenUp { why: "no".to_owned() }]];
    for end in ends {
        let mut merge = Merge::new(commented(2));
        end.iter().for_each(|event| merge.take(event).unwrap());
        let phase = merge.phase.clone();
        assert_eq!(merge.next(), Some(MergeStep::Report));
        merge.take(&MergeEvent::Began { step: MergeStep::Report }).unwrap();
        assert!(merge.take(&MergeEvent::Stopped(StopReason::NoBase)).is_err());
        // Where the forge is gone, a person gives up the report, and the merge has ended as it has.
        let mut given_up = merge.clone();
        given_up.take(&MergeEvent::GivenUp { why: "no forge".to_owned() }).unwrap();
        merge.take(&MergeEvent::Reported).unwrap();
        for merge in [merge, given_up] {
            assert_eq!((merge.next(), &merge.phase), (None, &phase));
        }
    }
}

#[test]
fn each_step_leads_to_the_end() {
    let mut merge = Merge::new(request(2));
    let outcomes = [
        MergeEvent::Prepared(prepared()),
        tested(TREE),
        MergeEvent::LostRace { base: CommitId([6; 20]) },
        MergeEvent::Prepared(prepared()),
        tested(TREE),
        MergeEvent::Confirmed,
        MergeEvent::Landed,
        MergeEvent::Staged { snapshot: None },
    ];
    let mut journal = vec![MergeEvent::Requested(Box::new(request(2)))];
    for outcome in outcomes {
        let step = merge.next().unwrap();
        for event in [MergeEvent::Began { step }, outcome] {
            merge.take(&event).unwrap();
            journal.push(event);
        }
        let read: Vec<MergeEvent> =
            journal.iter().map(|event| serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap()).collect();
        assert_eq!(Merge::replay(&read).unwrap(), merge);
    }
    assert_eq!((merge.next(), merge.attempt), (None, 2));
}

#[test]
fn a_resumed_run_asks_again_before_it_pushes() {
    let mut merge = Merge::new(request(1));
    for event in [MergeEvent::Prepared(prepared()), tested(TREE), MergeEvent::Confirmed] {
        merge.take(&event).unwrap();
    }
    assert_eq!(merge.next(), Some(MergeStep::Push));
    let mut resumed = merge.resumed();
    assert_eq!(resumed.next(), Some(MergeStep::Confirm));
    resumed.take(&MergeEvent::LostRace { base: CommitId([6; 20]) }).unwrap();
    assert_eq!(resumed.phase, MergePhase::Stopped(StopReason::LostRaces { times: 1 }));
}
