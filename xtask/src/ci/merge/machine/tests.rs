//! All ways through the machine, up to a length.

use jiff::Timestamp;

use super::*;
use crate::ci::merge::request::ProposedWork;
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
        pipeline: None,
        tries,
    }
}

fn prepared() -> PreparedMerge {
    PreparedMerge { base: CommitId([2; 20]), merge: CommitId([5; 20]), tree: TREE, version: None }
}

fn tested(tree: ObjectId) -> MergeEvent {
    MergeEvent::Tested(TestedMerge { tree, release: None })
}

/// Every event once.
fn events() -> Vec<MergeEvent> {
    let steps = [MergeStep::Prepare, MergeStep::Test, MergeStep::Confirm, MergeStep::Push, MergeStep::Stage];
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
    assert!(merge.attempt <= merge.request.tries);
}

#[test]
fn on_every_way_only_tested_work_lands_and_once() {
    let ways = walk(&Merge::new(request(2)), &mut Vec::new(), 10);
    assert!(ways > 10_000, "{ways}");
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
