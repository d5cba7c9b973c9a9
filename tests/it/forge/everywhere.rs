//! What holds for each of the three forges.

use std::fs;

use releng::forge::model::{Account, CommitStatus, ForgeRelease, Permission, PullChange, ReviewVerdict, StatusState};
use releng::git::CommitId;
use releng::project::config::ForgeKind;

use super::{HEAD, account, failure, wanted};
use crate::support::forge::{Double, FORK_ID, Fault, Happened, Note, PROJECT_ID, Reply, Status, Vote};

/// A forge of each kind.
fn each() -> impl Iterator<Item = (ForgeKind, Double)> {
    ForgeKind::ALL.into_iter().map(|kind| (kind, Double::start(kind)))
}

/// The faults after which a request is repeated. In some cases the forge acted on it, and in some it did not.
fn faults() -> [Fault; 8] {
    [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Truncated,
        Fault::Half,
        Fault::After(Reply::text(502, "<html>")),
        Fault::Instead(Reply::text(503, "")),
        Fault::Instead(Reply::text(429, "").with("Retry-After", "1")),
        Fault::Instead(Reply::text(403, r#"{"message": "You have exceeded a secondary rate limit."}"#)),
    ]
}

#[test]
fn a_permission_belongs_to_the_number_of_an_account() {
    for (kind, forge) in each() {
        let client = forge.client();
        let (maintain, triage) = match kind {
            ForgeKind::Forgejo => (Permission::Write, Permission::Read),
            _ => (Permission::Maintain, Permission::Triage),
        };
        for (id, login, expected) in [
            (7, "ada", Permission::Admin),
            (8, "grace", maintain),
            (9, "linus", Permission::Write),
            (10, "tria", triage),
            (11, "reader", Permission::Read),
            (12, "eve", Permission::None),
            (13, "nobody", Permission::None),
            // The name has a new owner.
            (12, "ada", Permission::None),
        ] {
            assert_eq!(client.permission(&account(id, login)).unwrap(), expected, "{kind} {login}");
        }
        // It is asked anew at each call.
        forge.with(|state| state.people[1].role = "read");
        assert_eq!(client.permission(&account(7, "ada")).unwrap(), Permission::Read, "{kind}");
        assert_eq!(client.permission(&Account::gone()).unwrap(), Permission::None, "{kind}");
    }
}

#[test]
fn a_pull_request_is_read_as_it_is_at_the_moment() {
    for (kind, forge) in each() {
        let client = forge.client();
        let pull = client.pull(5).unwrap().unwrap();
        assert_eq!((pull.head, pull.base.as_str(), pull.is_from_fork, pull.is_open), (HEAD, "master", true, true));
        assert_eq!((pull.labels.clone(), pull.author), (vec!["bug".to_owned()], account(12, "eve")), "{kind}");
        assert_eq!(client.pull(5).unwrap().unwrap().title, "A title");
        for (state_now, is_open) in [("closed", false), ("merged", false), ("open", true)] {
            forge.with(|state| state.pulls[0].state = state_now);
            assert_eq!(client.pull(5).unwrap().unwrap().is_open, is_open, "{kind} {state_now}");
        }
        forge.with(|state| {
            state.pulls[0].head = "2".repeat(40);
            state.pulls[0].head_repository = Some(PROJECT_ID);
            state.pulls[0].draft = true;
        });
        let changed = client.pull(5).unwrap().unwrap();
        assert_eq!((changed.head, changed.is_from_fork, changed.is_draft), (CommitId([0x22; 20]), false, true));
        assert_eq!(client.pull(6).unwrap(), None, "{kind}");
        for repository in [None, Some(FORK_ID)] {
            forge.with(|state| state.pulls[0].head_repository = repository);
            assert!(client.pull(5).unwrap().unwrap().is_from_fork, "{kind}: {repository:?}");
        }
        forge.with(|state| state.pulls[0].head = "0".repeat(40));
        let unreadable = failure(client.pull(5).unwrap_err());
        assert!(unreadable.message.contains("is not a commit"), "{unreadable}");
    }
}

#[test]
fn lists_are_read_to_their_last_page() {
    use ReviewVerdict::{Approved, ChangesRequested, Other};
    for (kind, forge) in each() {
        forge.with(|state| {
            state.page = 2;
            for number in 0..5_u8 {
                let state_of = ["approved", "changes", "comment", "dismissed", "pending"][usize::from(number)];
                let (author, commit) = (u64::from(number) + 7, number.to_string().repeat(40));
                state.votes.push(Vote { state: state_of, ..Vote::approval(author, &commit) });
                let (id, text) = (u64::from(number) + 1, format!("comment {number}"));
                state.notes.push(Note { id, pull: 5, author: 12, text, is_system: false });
            }
            state.notes.push(Note { id: 9, pull: 6, author: 12, text: "elsewhere".to_owned(), is_system: false });
        });
        let client = forge.client();
        let reviews = client.reviews(5).unwrap();
        let verdicts: Vec<ReviewVerdict> = reviews.iter().map(|review| review.verdict).collect();
        let expected = if kind == ForgeKind::Gitlab {
            vec![Approved, ChangesRequested]
        } else {
            vec![Approved, ChangesRequested, Other, Other]
        };
        assert_eq!(verdicts, expected, "{kind}");
        let commit = (kind != ForgeKind::Gitlab).then_some(CommitId([0x11; 20]));
        assert_eq!((reviews[1].commit, reviews[1].author.id), (commit, 8), "{kind}");
        let texts: Vec<String> = client.comments(5).unwrap().into_iter().map(|comment| comment.text).collect();
        assert_eq!(texts, ["comment 0", "comment 1", "comment 2", "comment 3", "comment 4"], "{kind}");
    }
}

/// Forgejo sends all comments in one answer: there, the way out is another pull request.
#[test]
fn long_comments_are_read_in_smaller_pages() {
    for (kind, forge) in each() {
        let author = 12;
        let note = Note { id: 1, pull: 5, author, text: "x".repeat(1 << 20), is_system: false };
        forge.with(|state| state.notes.extend((1..=21).map(|id| Note { id, ..note.clone() })));
        let read = forge.client().comments(5);
        if kind == ForgeKind::Forgejo {
            let refused = failure(read.unwrap_err());
            assert!(refused.help.unwrap().ends_with("close that one, and propose its branch in a new one"));
            continue;
        }
        let ids: Vec<u64> = read.unwrap().into_iter().map(|comment| comment.id).collect();
        assert_eq!(ids, (1..=21).collect::<Vec<u64>>(), "{kind}");
    }
}

/// A list that has too many entries is refused whole: nothing in it is left out. Another pull request, or another commit, has another list.
#[test]
fn a_list_that_is_too_long_has_a_way_out() {
    for (kind, forge) in each() {
        forge.with(|state| {
            // As many pages as 10,000 entries have.
            state.page = 1;
            let (context, text) = ("releng/merge".to_owned(), String::new());
            let (at, by) = (state.now.clone(), Some(12));
            let (state_of, commit) = ("success".to_owned(), "1".repeat(40));
            let status =
                Status { commit, context, state: state_of, description: text.clone(), url: text.clone(), at, by };
            state.statuses = vec![status; 205];
            state.notes =
                (1..=205).map(|id| Note { id, pull: 5, author: 12, text: text.clone(), is_system: false }).collect();
        });
        let client = forge.client();
        let refused = failure(client.statuses(HEAD, "releng/merge").unwrap_err());
        assert!(refused.message.contains("is too long to be read"), "{kind}: {refused}");
        assert!(refused.help.unwrap().starts_with("add a commit to the work"), "{kind}");
        assert_eq!(client.statuses(CommitId([0x33; 20]), "releng/merge").unwrap(), [], "{kind}");
        // Forgejo has no pages of comments.
        if kind != ForgeKind::Forgejo {
            let refused = failure(client.comments(5).unwrap_err());
            assert!(refused.help.unwrap().ends_with("close that one, and propose its branch in a new one"), "{kind}");
            assert_eq!(client.comments(6).unwrap(), [], "{kind}");
        }
    }
}

#[test]
fn a_comment_is_written_once_whatever_happens_to_its_answer() {
    let marker = "<!-- releng:1 -->";
    for kind in ForgeKind::ALL {
        for fault in faults() {
            let forge = Double::start(kind);
            let client = forge.client();
            // A stranger who writes the marker stops nothing.
            let note = Note { id: 1, pull: 5, author: 12, text: format!("done\n{marker}"), is_system: false };
            forge.with(|state| state.notes.push(note));
            forge.fault("POST ", 2, fault);
            let first = client.comment(5, marker, "done\n\n<!-- releng:1 -->").unwrap();
            let again = client.comment(5, marker, "done\n\n<!-- releng:1 -->").unwrap();
            let own = forge.with(|state| state.notes.iter().filter(|note| note.author == 100).count());
            assert_eq!((first.id, own), (again.id, 1), "{kind}: {:?}", forge.asked());
            assert_eq!(first.author.id, 100);
        }
        let forge = Double::start(kind);
        assert!(forge.client().comment(5, "marker", "a text without it").is_err());
        assert_eq!(forge.asked(), [""; 0]);
    }
}

#[test]
fn a_comment_is_replaced() {
    for (kind, forge) in each() {
        let client = forge.client();
        let comment = client.comment(5, "<!-- m -->", "one\n<!-- m -->").unwrap();
        let text = "m \"two\" \\ \u{e9}\n@ada";
        forge.fault("P", 1, Fault::DropAfter);
        client.replace_comment(5, comment.id, text).unwrap();
        let comments = client.comments(5).unwrap();
        assert_eq!((comments.len(), comments[0].text.as_str()), (1, text), "{kind}");
    }
}

#[test]
fn what_happened_to_a_pull_request_is_known() {
    use PullChange::{Closed, Drafted, Pushed, Retargeted, ReviewDismissed};
    let (before, since, after) = ("2026-01-02T03:04:04Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z");
    for (kind, forge) in each() {
        let client = forge.client();
        forge.with(|state| {
            state.page = 2;
            state.pulls[0].head_repository = Some(PROJECT_ID);
        });
        for (what, change) in [
            (Happened::Closed, Closed),
            (Happened::Reopened, Closed),
            (Happened::Drafted, Drafted),
            (Happened::Retargeted, Retargeted),
            (Happened::PushedBack, Pushed),
            (Happened::ReviewDismissed, ReviewDismissed),
        ] {
            let record = |times: &[&str]| {
                let happened = times.iter().map(|at| (what, (*at).to_owned())).collect();
                forge.with(|state| state.pulls[0].happened = happened);
                let pull = client.pull(5).unwrap().unwrap();
                let record = client.record_since(&pull, since.parse().unwrap()).unwrap().unwrap();
                assert!(record.has_pushes, "{kind}");
                record.changes
            };
            // GitLab does not say which commit an approval is about: none counts there.
            let expected = if kind == ForgeKind::Gitlab && change == ReviewDismissed { None } else { Some(&change) };
            assert_eq!(record(&[before, before, before]), [], "{kind} {what:?}");
            assert_eq!(record(&[before, since]).first(), expected, "{kind} {what:?}");
            assert_eq!(record(&[before, before, before, after]).first(), expected, "{kind} {what:?}");
        }
    }
}

#[test]
fn statuses_of_the_past_are_known() {
    for (kind, forge) in each() {
        let client = forge.client();
        let at = |time: &str| forge.with(|state| time.clone_into(&mut state.now));
        let set = |context: &str, state| {
            let (context, description) = (context.to_owned(), "x".to_owned());
            client.set_status(HEAD, &CommitStatus { context, state, description, url: None }).unwrap();
        };
        at("2026-01-02T03:04:05Z");
        set("releng/merge", StatusState::Failure);
        set("releng/check-patch", StatusState::Success);
        at("2026-01-02T03:04:06Z");
        set("releng/merge", StatusState::Pending);
        let mut shown = client.statuses(HEAD, "releng/merge").unwrap();
        shown.sort_by_key(|status| status.at);
        assert!(shown.iter().all(|status| status.by == Some(100)), "{kind}: {shown:?}");
        forge.with(|state| state.statuses.iter_mut().for_each(|status| status.by = None));
        assert!(client.statuses(HEAD, "releng/merge").unwrap().iter().all(|status| status.by.is_none()), "{kind}");
        let shown: Vec<(bool, String)> =
            shown.iter().map(|status| (status.is_pending, status.at.to_string())).collect();
        let expected = [(false, "2026-01-02T03:04:05Z".to_owned()), (true, "2026-01-02T03:04:06Z".to_owned())];
        assert_eq!(shown, expected, "{kind}");
        assert_eq!(client.statuses(CommitId([0x33; 20]), "releng/merge").unwrap(), [], "{kind}");
    }
}

#[test]
fn a_status_and_labels_are_set_and_may_be_set_already() {
    for (kind, forge) in each() {
        let client = forge.client();
        let status = |state| CommitStatus {
            context: "releng/check-patch".to_owned(),
            state,
            description: "long\n".repeat(50),
            url: Some("https://ci.example.org/1".to_owned()),
        };
        use StatusState::{Error, Failure, Pending, Success};
        for state in [Pending, Pending, Success, Failure, Error] {
            client.set_status(HEAD, &status(state)).unwrap();
        }
        let statuses = forge.with(|state| state.statuses.clone());
        let states: Vec<&str> = statuses.iter().map(|status| status.state.as_str()).collect();
        let expected: &[&str] = match kind {
            ForgeKind::Gitlab => &["pending", "success", "failed", "failed"],
            _ => &["pending", "pending", "success", "failure", "error"],
        };
        assert_eq!(states, expected, "{kind}");
        let first = &statuses[0];
        assert!(first.description.starts_with("long long") && first.description.len() <= 255, "{kind}");
        assert_eq!((first.commit.as_str(), first.url.as_str()), (&*"1".repeat(40), "https://ci.example.org/1"));
        for _ in 0..2 {
            forge.fault("labels", 1, Fault::DropAfter);
            client.add_label(5, "needs review").unwrap();
        }
        assert_eq!(client.pull(5).unwrap().unwrap().labels, ["bug", "needs review"], "{kind}");
        for _ in 0..2 {
            forge.fault("labels", 1, Fault::DropAfter);
            client.remove_label(5, "needs review").unwrap();
        }
        assert_eq!(client.pull(5).unwrap().unwrap().labels, ["bug"], "{kind}");
    }
}

#[test]
fn a_release_is_made_filled_and_shown_once_whatever_happens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo-1.0.0.tar.gz");
    let name = "demo-1.0.0.tar.gz";
    for kind in ForgeKind::ALL {
        for fault in faults().into_iter().chain([Fault::HalfUploaded]) {
            let is_half = matches!(fault, Fault::HalfUploaded);
            if is_half && kind != ForgeKind::Github {
                continue;
            }
            fs::write(&file, [7; 5000]).unwrap();
            let forge = Double::start(kind);
            let client = forge.client();
            forge.with(|state| {
                state.page = 1;
                for older in ["0.1.0", "0.2.0", "0.3.0"] {
                    state.add_release(older.to_owned(), "x".to_owned(), String::new(), String::new(), true);
                }
            });
            assert_eq!(client.release("1.0.0").unwrap(), None);
            let mut asset = None;
            for _ in 0..2 {
                let plan = |at: &str| forge.fault(at, 1, fault.clone());
                // Half an upload is a fault of uploads alone.
                if !is_half {
                    plan("POST ");
                    plan("PATCH ");
                }
                let release = client.draft_release(&wanted("1.0.0")).unwrap();
                plan("POST ");
                plan("PUT ");
                let uploaded = client.upload(&release, name, &file).unwrap();
                // GitLab has no release yet, and the others a draft: nobody sees it before it is whole.
                let is_hidden = forge.with(|state| state.releases.iter().all(|one| one.tag != "1.0.0" || one.draft));
                assert_eq!(is_hidden, asset.is_none(), "{kind}");
                asset = Some(uploaded.clone());
                let whole = ForgeRelease { assets: vec![uploaded], ..release };
                let shown = client.show_release(&whole, &wanted("1.0.0")).unwrap();
                assert!(!shown.is_draft && shown.assets.len() == 1, "{kind}");
            }
            let release = client.release("1.0.0").unwrap().unwrap();
            assert_eq!((release.is_draft, release.assets.len()), (false, 1), "{kind}: {:?}", forge.asked());
            assert_eq!((release.assets[0].size, release.assets[0].name.as_str()), (5000, name));
            assert_eq!(release.assets[0].digest.is_some(), kind != ForgeKind::Forgejo);
            assert_eq!(asset.unwrap().id, release.assets[0].id, "{kind}");
            forge.with(|state| {
                let kept: Vec<_> = state.releases.iter().filter(|release| release.tag == "1.0.0").collect();
                assert_eq!(
                    (kept.len(), kept[0].notes.as_str(), kept[0].commit.as_str()),
                    (1, "# Notes", &*"1".repeat(40))
                );
                let bytes =
                    if kind == ForgeKind::Gitlab { &state.packages[0].1.bytes } else { &kept[0].files[0].bytes };
                assert!(*bytes == [7; 5000] && state.packages.len() <= 1, "{kind}");
            });
            fs::write(&file, [8; 5001]).unwrap();
            let refused = failure(client.upload(&release, name, &file).unwrap_err());
            assert_eq!(refused.message, "the release `1.0.0` has another `demo-1.0.0.tar.gz` already", "{kind}");
            for _ in 0..2 {
                client.remove_asset(&release, &release.assets[0]).unwrap();
            }
            assert_eq!(client.release("1.0.0").unwrap().unwrap().assets, [], "{kind}");
            client.upload(&release, name, &file).unwrap();
        }
    }
}
