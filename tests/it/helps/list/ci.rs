//! The help texts about merges.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const CI: &[FileRows] = &[
    ("base/journal.rs", &[("somebody changed the file", By("helps::merge::a_changed_journal_is_moved_away"))]),
    (
        "ci/merge/home.rs",
        &[
            (
                "restore `{}` from a backup",
                No("its lines fit each other, so that only a fault of the program makes them"),
            ),
            ("somebody made this folder", No("it needs a folder with the number 999999999 in the state")),
        ],
    ),
    (
        "ci/merge/land.rs",
        &[
            ("somebody changed the state", No("the object of a commit cannot be changed without changing its id")),
            (
                "try again: `{} ci recover`",
                No("a remote that takes a push three times and does not show it is not git's"),
            ),
        ],
    ),
    (
        "ci/merge/pipeline.rs",
        &[
            ("run that job again", By("ci_merge::parts::no_test_runs_in_the_last_job")),
            ("the merge has landed", By("helps::merge::a_lost_release_is_made_again")),
        ],
    ),
    (
        "ci/merge/stages.rs",
        &[
            ("in `{}` of the base, add", By("helps::merge::a_boundary_and_a_test_are_configured")),
            (
                "in `packaging/release.toml` of the default branch",
                By("helps::merge::a_boundary_and_a_test_are_configured"),
            ),
        ],
    ),
    (
        "cli/commands/ci/asked.rs",
        &[
            ("`--branch NAME` or", No("the parser of the command line asks for one of them before")),
            ("a server without", By("helps::merge::what_is_not_on_the_remote_is_listed")),
            ("look at the new commit, and state", By("helps::merge::a_new_commit_is_merged_after_a_look")),
            ("name the branch", By("helps::merge::what_is_not_on_the_remote_is_listed")),
            ("push it first", By("helps::merge::what_is_not_on_the_remote_is_listed")),
        ],
    ),
    (
        "cli/commands/ci/respond.rs",
        &[
            ("name it as the forge", By("helps::respond::an_event_gets_its_name")),
            ("name the file with", By("helps::respond::the_file_of_an_event_is_named")),
        ],
    ),
    (
        "cli/decided.rs",
        &[
            ("`{} ci respond --out FILE`", By("ci_respond::merging::a_decision_is_written_for_the_next_jobs")),
            ("merge only where the action", No("a CI system looks at the action before it begins the job")),
        ],
    ),
    (
        "cli/commands/ci/merging.rs",
        &[
            ("`git ls-remote` lists", By("helps::merge::work_that_is_gone_is_looked_for")),
            ("`{program} version", By("helps::merge::the_history_of_the_remote_is_looked_at")),
            ("a step must not", By("helps::merge::a_step_that_writes_elsewhere_lets_the_work_land")),
            ("the remote says why", By("helps::merge::the_right_to_push_is_given")),
            ("correct the step", By("helps::merge::a_step_makes_the_release")),
            (
                "if it is to be merged all the same",
                By("ci_respond::merging::an_approval_that_is_dismissed_counts_no_more"),
            ),
            ("correct the work", By("helps::merge::corrected_work_is_merged")),
            ("look at the new commit, and {again}", By("helps::merge::a_new_commit_is_merged_after_a_look")),
            ("on the branch", By("helps::merge::a_plan_cleans_the_branch")),
            ("rebase the work", By("helps::merge::work_with_a_conflict_is_rebased")),
        ],
    ),
    (
        "ci/merge/prepare.rs",
        &[
            ("somebody pushed meanwhile", By("helps::merge::a_prepared_merge_whose_work_is_gone_is_prepared_again")),
            ("use one version", By("ci_merge::parts::what_the_last_job_is_handed_is_not_believed")),
        ],
    ),
    (
        "cli/commands/ci/parts.rs",
        &[
            (
                "prepare the merge that was decided on",
                By("ci_respond::merging::the_last_job_takes_the_merge_of_the_decision_and_no_other"),
            ),
            ("`{} ci merge prepare`", By("ci_merge::parts::what_the_last_job_is_handed_is_not_believed")),
            ("`{} ci merge test`", By("ci_merge::parts::failed_tests_leave_no_result")),
        ],
    ),
    (
        "cli/commands/ci/recover.rs",
        &[
            ("`{} ci status` lists", By("helps::merge::a_merge_that_ended_is_shown")),
            ("`{} ci status` shows", By("helps::merge::a_merge_that_ended_is_shown")),
        ],
    ),
    (
        "project/trusted.rs",
        &[("choose the default branch", By("ci_respond::trust::without_a_default_branch_nothing_is_trusted"))],
    ),
    ("cli/base_rev.rs", &[("fetch the branch", By("ci_steps::stages::a_tag_is_not_taken_for_a_branch"))]),
    ("git/merge.rs", &[("`git config user.name", By("helps::merge::git_is_told_who_merges"))]),
    (
        "git/remote.rs",
        &[
            ("`git remote -v`", By("helps::merge::what_is_not_on_the_remote_is_listed")),
            ("see what is wrong", By("helps::merge::what_is_not_on_the_remote_is_listed")),
        ],
    ),
];
