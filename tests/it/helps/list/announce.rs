//! The help texts about announcements.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const ANNOUNCE: &[FileRows] = &[
    (
        "announce/announcement.rs",
        &[
            ("correct `[announce]`", By("announce::people::keys_that_do_not_fit_together_are_named")),
            (
                "name it relative to the root of",
                By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line"),
            ),
            ("write it, or", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
            (
                "correct `announce.template`",
                By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line"),
            ),
            ("convert the template", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
        ],
    ),
    (
        "announce/delivery/mod.rs",
        &[("set one of them", By("announce::people::keys_that_do_not_fit_together_are_named"))],
    ),
    (
        "announce/delivery/password.rs",
        &[
            (
                "correct the variable",
                By("announce::delivery::the_login_comes_from_the_environment_or_from_a_file_of_ones_own"),
            ),
            ("set both", By("announce::delivery::the_login_comes_from_the_environment_or_from_a_file_of_ones_own")),
            (
                "let nobody else",
                By("announce::delivery::the_login_comes_from_the_environment_or_from_a_file_of_ones_own"),
            ),
            (
                "write `USER:PASSWORD`",
                By("announce::delivery::the_login_comes_from_the_environment_or_from_a_file_of_ones_own"),
            ),
        ],
    ),
    (
        "announce/publish.rs",
        &[
            (
                "somebody else has changed it meanwhile",
                No("it needs somebody who changes the draft between two requests"),
            ),
            ("find out who made the tag", By("announce::forge::a_tag_on_another_commit_stops_the_release")),
        ],
    ),
    (
        "announce/release_files.rs",
        &[(
            "see what else is wrong",
            By("announce::forge::a_link_in_the_served_tree_leads_no_other_file_to_the_forge"),
        )],
    ),
    (
        "announce/release_plan.rs",
        &[
            ("find out who has put it there", By("announce::forge::a_draft_of_somebody_else_is_not_shown_as_it_is")),
            ("what people may have is not replaced", By("announce::forge::what_is_missing_later_is_added_again")),
        ],
    ),
    (
        "announce/release.rs",
        &[
            ("only a promoted release", By("announce::once::what_people_cannot_install_is_not_announced")),
            ("announce a release that people", By("announce::once::what_people_cannot_install_is_not_announced")),
            ("announce a newer release", No("it needs a series whose releases come from unrelated histories")),
            ("see what else is wrong", By("announce::once::a_changed_changelog_is_not_announced")),
        ],
    ),
    (
        "announce/send.rs",
        &[
            ("run the same command again later", By("announce::delivery::after_the_last_try_a_later_run_tries_again")),
            ("nobody got it", By("announce::delivery::a_final_refusal_is_not_tried_again")),
            (
                "to send the same mail",
                By("announce::once::what_was_sent_is_not_sent_again_without_the_word_of_a_person"),
            ),
            (
                "look whether the recipients",
                By("announce::once::a_connection_that_ends_after_the_mail_leaves_its_fate_open"),
            ),
        ],
    ),
    (
        "announce/served.rs",
        &[(
            "copy the repository to its",
            By("announce::once::a_release_is_announced_after_it_can_be_read_where_it_is_served"),
        )],
    ),
    (
        "announce/text.rs",
        &[
            ("remove it: it is not", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
            ("write that marker", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
            ("write `Subject: ", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
            ("set `repository.url`", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
            (
                "remove the marker, or",
                By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line"),
            ),
            ("did you mean", By("announce::text::a_template_that_cannot_be_rendered_is_refused_with_its_line")),
        ],
    ),
    (
        "cli/commands/announce.rs",
        &[("run this in a clone with", By("announce::once::a_bare_repository_has_no_place_for_the_mail"))],
    ),
];
