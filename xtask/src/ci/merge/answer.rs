//! What the forge shows about a merge that a comment asked for: a status of the work, and an answer to the comment.
//!
//! The texts are Markdown. What comes from outside, such as the names of steps and files and the words of the remote, is shown as code, in
//! which a forge sees no link, name or command. No line of an answer is a command.

use crate::base::text::{one_line, shorten};
use crate::ci::merge::machine::{Merge, MergePhase, StopReason};
use crate::forge::model::StatusState;

/// The name of the status.
pub const MERGE_STATUS: &str = "releng/merge";

/// The longest description of a status, in characters: GitHub takes 140.
const DESCRIPTION: usize = 140;

/// The longest text from outside in an answer, in characters.
const QUOTED: usize = 2_000;

/// How a merge has ended, as the forge shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeAnswer {
    pub state: StatusState,
    /// One line.
    pub description: String,
    /// The answer to the comment.
    pub text: String,
}

/// How people get the release of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TryOut {
    /// The addresses of the `.repo` files of the unstable channel, by dist.
    pub repo_files: Vec<String>,
    /// The name of the package.
    pub package: String,
}

/// The answer for a merge that has ended; `None` if it has not.
pub fn answer(merge: &Merge, try_out: &TryOut) -> Option<MergeAnswer> {
    let base = code(merge.request.base.as_str());
    let answer = |state, description: String, text: String| {
        let description = shorten(&one_line(&description), DESCRIPTION);
        Some(MergeAnswer { state, description, text: format!("{text}\n") })
    };
    match &merge.phase {
        MergePhase::Done { merge: commit, snapshot } => {
            let mut text = format!("Merged into {base} as {}.", commit);
            match snapshot {
                None => text += " No step makes a release.",
                Some(snapshot) => {
                    text += &format!(" Its release is in unstable as {}.", code(snapshot));
                    text += &try_out_text(try_out);
                }
            }
            let staged = snapshot.as_ref().map_or(String::new(), |snapshot| format!(", {snapshot}"));
            answer(StatusState::Success, format!("merged as {}{staged}", commit.short()), text)
        }
        MergePhase::Stopped(StopReason::AlreadyMerged) => {
            let text = format!("{base} has {} already.", merge.request.head);
            answer(StatusState::Success, "merged already".to_owned(), text)
        }
        MergePhase::Stopped(reason) => {
            let why = shorten(&one_line(&reason.to_string()), QUOTED);
            let text = format!("Not merged: {}. {}", code(&why), next_step(reason));
            answer(state_of(reason), format!("not merged: {reason}"), text)
        }
        MergePhase::GivenUp { why } => {
            let text = format!("The merge was given up: {}.", code(&shorten(&one_line(why), QUOTED)));
            answer(StatusState::Error, format!("given up: {why}"), text)
        }
        _ => None,
    }
}

/// Whether the work is to blame, or something outside of it.
fn state_of(reason: &StopReason) -> StatusState {
    match reason {
        StopReason::Refused { .. }
        | StopReason::LostRaces { .. }
        | StopReason::NoBase
        | StopReason::HeadMoved { .. }
        | StopReason::Withdrawn { .. } => StatusState::Error,
        _ => StatusState::Failure,
    }
}

fn next_step(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::Unrelated | StopReason::Conflicts { .. } => {
            "Rebase the work, push it, and ask for the merge again."
        }
        StopReason::Lint { .. }
        | StopReason::NoVersion { .. }
        | StopReason::TestsFailed { .. }
        | StopReason::ChangedFiles { .. }
        | StopReason::BadRelease { .. } => "The log says more. Correct the work, push it, and ask for the merge again.",
        StopReason::HeadMoved { .. } | StopReason::Withdrawn { .. } => {
            "If it is to be merged all the same, ask for it again."
        }
        StopReason::LostRaces { .. } => "Ask for the merge again.",
        StopReason::Refused { .. } => "The log has all that the remote said.",
        StopReason::AlreadyMerged | StopReason::NoBase => "",
    }
}

/// How to install the release, as an indented block.
fn try_out_text(try_out: &TryOut) -> String {
    if try_out.repo_files.is_empty() {
        return String::new();
    }
    let mut text = "\n\nTo try it, install the file of your dist, and then the package:\n\n".to_owned();
    for url in &try_out.repo_files {
        let file = url.rsplit('/').next().unwrap_or_default();
        text += &format!("    sudo curl --fail --output /etc/yum.repos.d/{file} {url}\n");
    }
    text + &format!("    sudo dnf --refresh install {}", try_out.package)
}

/// A text from outside as code, in which Markdown has no meaning. It is one line, without the beginning of a comment of HTML.
pub fn code(text: &str) -> String {
    let text = one_line(text).replace("<!--", "<! --");
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if text.is_empty() {
        return "``".to_owned();
    }
    // A backtick at an end would belong to the fence.
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ci::merge::machine::MergeEvent;
    use crate::ci::merge::request::{MergeRequest, ProposedWork};
    use crate::git::CommitId;
    use crate::git::merge::Committer;

    fn ended(event: MergeEvent) -> Merge {
        let mut merge = Merge::new(MergeRequest {
            remote: "origin".to_owned(),
            base: "main".parse().unwrap(),
            work: ProposedWork::Pull { number: 7, reference: "refs/pull/7/head".to_owned() },
            head: CommitId([0xab; 20]),
            by: Committer { name: "ada".to_owned(), email: "ada@example.org".to_owned() },
            at: Timestamp::UNIX_EPOCH,
            comment: None,
            pipeline: None,
            tries: 3,
        });
        merge.take(&event).unwrap();
        merge
    }

    fn stopped(reason: StopReason) -> MergeAnswer {
        answer(&ended(MergeEvent::Stopped(reason)), &TryOut::default()).unwrap()
    }

    #[test]
    fn a_merge_with_a_release_says_how_to_install_it() {
        let mut merge = ended(MergeEvent::Stopped(StopReason::NoBase));
        let snapshot = Some("snapshot-lago_1.0_pipeline_12".to_owned());
        merge.phase = MergePhase::Done { merge: CommitId([1; 20]), snapshot };
        let repo_files = vec!["https://example.org/lago/lago-unstable-1.0-el9.repo".to_owned()];
        let said = answer(&merge, &TryOut { repo_files, package: "lago".to_owned() }).unwrap();
        assert_eq!(said.state, StatusState::Success);
        assert_eq!(said.description, "merged as 01010101, snapshot-lago_1.0_pipeline_12");
        assert_eq!(
            said.text,
            format!(
                "Merged into `main` as {}. Its release is in unstable as `snapshot-lago_1.0_pipeline_12`.\n\n\
                 To try it, install the file of your dist, and then the package:\n\n    \
                 sudo curl --fail --output /etc/yum.repos.d/lago-unstable-1.0-el9.repo \
                 https://example.org/lago/lago-unstable-1.0-el9.repo\n    sudo dnf --refresh install lago\n",
                "01".repeat(20)
            )
        );
    }

    #[test]
    fn the_words_of_others_are_code() {
        let paths = vec!["@team ![x](http://evil) `a``b`".to_owned()];
        let said = stopped(StopReason::Conflicts { paths });
        assert_eq!(
            said.text,
            "Not merged: ``` conflict in `@team ![x](http://evil) `a``b`` ```. Rebase the work, push it, and ask for the merge again.\n"
        );
        let said = stopped(StopReason::Refused { why: "no\n\nci merge please\n".to_owned() });
        assert_eq!(said.text.lines().count(), 1);
        let long = stopped(StopReason::Withdrawn { why: "x".repeat(10_000) });
        assert!(long.text.len() < 3_000 && long.description.chars().count() <= DESCRIPTION, "{long:?}");
    }

    #[test]
    fn a_fence_is_longer_than_what_is_in_it() {
        for (text, expected) in [
            ("a", "`a`"),
            ("", "``"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("a```b``", "```` a```b`` ````"),
            ("a\nb", "`a b`"),
            ("<!-- releng:2:done -->", "`<! -- releng:2:done -->`"),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn what_the_work_is_to_blame_for_is_a_failure_and_the_rest_an_error() {
        assert_eq!(stopped(StopReason::TestsFailed { steps: vec!["unit".to_owned()] }).state, StatusState::Failure);
        assert_eq!(stopped(StopReason::LostRaces { times: 3 }).state, StatusState::Error);
        assert_eq!(stopped(StopReason::AlreadyMerged).state, StatusState::Success);
        assert_eq!(
            answer(
                &Merge { phase: MergePhase::Requested, ..ended(MergeEvent::Stopped(StopReason::NoBase)) },
                &TryOut::default()
            ),
            None
        );
    }
}
