//! The help texts about forges.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const FORGES: &[FileRows] = &[
    (
        "forge/client.rs",
        &[
            ("change `ci.forge-url`", By("forge::transport::another_host_never_gets_the_token")),
            ("run the same command again after", By("forge::transport::a_forge_that_fails_is_left_after_some_tries")),
            ("check the network and the state", By("forge::transport::a_forge_that_fails_is_left_after_some_tries")),
        ],
    ),
    (
        "forge/client/lists.rs",
        &[
            ("if it belongs to a pull", By("forge::everywhere::a_list_that_is_too_long_has_a_way_out")),
            ("add a commit to the work", By("forge::everywhere::a_list_that_is_too_long_has_a_way_out")),
        ],
    ),
    (
        "forge/event/mod.rs",
        &[
            ("deliver the events of", By("ci_respond::trust::an_event_of_another_forge_is_refused")),
            ("deliver the whole payload", By("ci_respond::trust::an_event_of_another_repository_is_not_acted_on")),
        ],
    ),
    (
        "forge/local_file.rs",
        &[
            (
                "what was shown is not replaced",
                By("forge::everywhere::a_release_is_made_filled_and_shown_once_whatever_happens"),
            ),
            (
                "run the same command again: it",
                No("a forge that answers with another size or digest than it was sent is broken"),
            ),
        ],
    ),
    (
        "forge/place.rs",
        &[
            ("write `https://` in", By("forge::configuration::a_help_for_each_mistake_leads_on")),
            ("write `forge-project = ", By("forge::configuration::a_help_for_each_mistake_leads_on")),
            ("write `forge = ", By("forge::configuration::a_help_for_each_mistake_leads_on")),
            ("write `forge-url = ", By("forge::configuration::a_help_for_each_mistake_leads_on")),
        ],
    ),
    (
        "forge/refusal.rs",
        &[
            ("renew the token", By("forge::transport::what_the_forge_forbids_is_not_tried_again")),
            ("give the token the rights", By("forge::transport::what_the_forge_forbids_is_not_tried_again")),
            ("is `ci.forge-project` right", By("forge::transport::what_the_forge_forbids_is_not_tried_again")),
            ("wait, and run the same", No("a forge that fails for ever is left before, with another help")),
            ("change `ci.forge-url`", No("a redirect that is not followed names no place in its answer")),
            (
                "check the network and `ci.forge-url`",
                No("a forge that cannot be reached is left before, with another help"),
            ),
            ("is `ci.forge-url` the address", By("forge::transport::an_answer_that_is_none_is_refused")),
            ("check `ci.forge-url`; the file", No("it needs a forge whose certificate nobody trusts")),
        ],
    ),
    (
        "forge/token.rs",
        &[
            ("set `{ANY}` or", By("forge::configuration::a_help_for_each_missing_token_leads_on")),
            ("write the token into that file", By("forge::configuration::a_help_for_each_missing_token_leads_on")),
            ("write the token, and nothing", By("forge::configuration::a_help_for_each_missing_token_leads_on")),
            ("`chmod 600 ", By("forge::configuration::a_help_for_each_missing_token_leads_on")),
        ],
    ),
];
