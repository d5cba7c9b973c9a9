//! The help texts of `repository/`.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const REPOSITORY: &[FileRows] = &[
    ("repository/accept.rs", &[("see what else is wrong", By("accept::a_damaged_snapshot_is_not_tested"))]),
    (
        "repository/commits.rs",
        &[
            ("if it is, {}", By("lacking_commits::another_project_is_not_promoted_into_a_series")),
            ("set `project.name`", By("lacking_commits::another_project_is_not_promoted_into_a_series")),
        ],
    ),
    (
        "repository/keys/ended.rs",
        &[
            (
                "sign the same content anew",
                By("key_status::an_expired_key_closes_the_gate_and_is_a_finding_of_its_own"),
            ),
            (
                "set `repository.sign` to the next",
                By("key_status::the_next_key_signs_anew_what_an_expired_key_has_signed"),
            ),
            ("`{} rollback", By("key_status::the_next_key_signs_anew_what_an_expired_key_has_signed")),
            ("{change}; then sign", By("key_status::the_next_key_signs_anew_what_an_expired_key_has_signed")),
            ("set `repository.sign` to it", By("key_status::an_expired_key_that_signs_is_named_with_a_way_out")),
            ("make a new key", By("key_status::an_expired_key_that_signs_is_named_with_a_way_out")),
            ("{first}publish", By("key_status::an_expired_key_that_signs_is_named_with_a_way_out")),
        ],
    ),
    (
        "repository/model/blocked.rs",
        &[("put the folder itself", By("served_root::a_link_in_the_place_of_a_folder_is_named_and_the_way_out_works"))],
    ),
    (
        "repository/model/emptied_series.rs",
        &[
            (
                "put them back from a backup",
                By("lost_series::a_series_without_a_revision_begins_again_with_its_lowest_release"),
            ),
            (
                "{back}; without one, promote",
                By("lost_series::a_series_without_a_revision_begins_again_with_its_lowest_release"),
            ),
            (
                ", then each by its name",
                By("lost_series::a_series_without_a_revision_begins_again_with_its_lowest_release"),
            ),
            ("`{} promote {name}", By("lost_series::a_series_without_a_revision_begins_again_with_its_lowest_release")),
            ("{name} ({version})", By("lost_series::a_series_without_a_revision_begins_again_with_its_lowest_release")),
            ("and {} more", No("it only counts the releases after the first twenty")),
        ],
    ),
    (
        "repository/model/ledger.rs",
        &[("{}; without it", By("helps::repository::a_lost_log_and_a_damaged_ledger_are_put_together_again"))],
    ),
    (
        "repository/model/lost_state.rs",
        &[
            (
                "put `{file}` back from a backup",
                By("helps::repository::a_lost_log_and_a_damaged_ledger_are_put_together_again"),
            ),
            (
                "mount the disk that `{file}`",
                By("lost_tree::a_repository_whose_root_and_state_are_both_gone_is_asked_for"),
            ),
            (
                "remove nothing:",
                By("other_state::a_log_of_another_repository_is_put_together_from_the_manifests_alone"),
            ),
            (
                "{back}; or put it together",
                By("helps::repository::a_lost_log_and_a_damaged_ledger_are_put_together_again"),
            ),
            ("correct `repository.state`", By("lost_place::a_state_in_another_folder_is_named")),
        ],
    ),
    (
        "repository/model/lost_targets.rs",
        &[
            (
                "put the folder of {}",
                By("lost_events::a_revision_that_was_lost_with_the_state_is_named_and_its_number_stays_used"),
            ),
            ("put the folders of {}", By("lost_revisions::a_yank_before_the_newest_lost_revision_is_asked_for")),
            ("put back what a backup", By("lost_revisions::a_series_stays_closed_where_newer_revisions_may_be_lost")),
            ("{back}, and run", By("lost_revisions::a_series_stays_closed_where_newer_revisions_may_be_lost")),
        ],
    ),
    (
        "repository/model/manifest.rs",
        &[("check the repository", By("helps::repository::a_damaged_manifest_is_found_by_verify"))],
    ),
    (
        "repository/model/store.rs",
        &[
            ("stage the release again", No("only snapshots of an older program have a name without a series")),
            (
                "go back to a revision",
                By("recovery::a_damaged_revision_stops_neither_the_rollback_nor_another_series_nor_a_view"),
            ),
            ("see what else is wrong, and", By("vouched::a_package_in_a_changed_manifest_is_not_published")),
            (
                "put `{folder}` back from a backup; to begin",
                By("helps::repository::a_revision_without_a_copy_is_given_up"),
            ),
            ("mount the disk that it", By("lost_tree::what_was_recorded_as_missing_counts_again_once_it_is_back")),
        ],
    ),
    (
        "repository/keys/rules.rs",
        &[
            ("set `repository.next-key` to it", By("helps::next_key::a_next_key_that_has_expired_is_replaced")),
            ("{announce} has expired", By("key_change::an_untouched_client_goes_through_announcement_and_switch")),
            (
                "to do it now",
                By("helps::lost_key::a_rollback_under_a_key_that_is_not_announced_goes_by_the_key_before"),
            ),
            (
                "set `repository.sign` to the key before",
                By("helps::lost_key::a_rollback_under_a_key_that_is_not_announced_goes_by_the_key_before"),
            ),
            ("`{program} dist --rpm", By("helps::lost_key::each_refusal_names_the_commands_that_lead_out")),
            ("{program} stage", By("helps::lost_key::each_refusal_names_the_commands_that_lead_out")),
            ("`{stage} --force", By("helps::lost_key::stage_and_promote_name_the_commands_from_there_on")),
            ("`{program} accept", By("helps::lost_key::the_commands_have_the_acceptance_tests_of_the_configuration")),
            ("--untested REASON", By("helps::lost_key::each_refusal_names_the_commands_that_lead_out")),
            ("`{program} promote", By("helps::lost_key::stage_and_promote_name_the_commands_from_there_on")),
            ("import it with", By("helps::next_key::a_missing_next_key_is_imported")),
            ("make an RSA key", By("key_change::a_key_that_a_dist_cannot_read_is_refused")),
            ("make another key", By("helps::next_key::a_next_key_that_has_expired_is_replaced")),
        ],
    ),
    ("repository/sign/public.rs", &[("use one of", By("helps::next_key::one_of_several_next_keys_is_named"))]),
    (
        "repository/clients/published_address.rs",
        &[
            ("set `repository.url`", By("lost_place::an_address_that_is_configured_no_more_is_asked_for")),
            ("{change}; if it has", By("lost_place::an_address_that_is_configured_no_more_is_asked_for")),
            (
                "make a revision with the same content",
                By("new_address::a_new_address_is_published_by_a_rollback_to_the_same_content"),
            ),
            (
                "the next snapshot that becomes",
                By("new_address::a_new_address_is_published_by_a_rollback_to_the_same_content"),
            ),
        ],
    ),
    (
        "repository/clients/keys.rs",
        &[("put one of them back", By("helps::lost_files::each_command_names_one_that_makes_the_keys_again"))],
    ),
    (
        "repository/keys/key_set.rs",
        &[("set `repository.sign`", By("helps::next_key::a_next_key_needs_a_key_that_signs"))],
    ),
    (
        "repository/keys/unsigned.rs",
        &[
            ("{}; then", By("unsigned::a_signed_series_takes_no_release_without_a_key")),
            ("set `repository.sign`", By("unsigned::a_signed_series_takes_no_release_without_a_key")),
            (
                "promote a newer release",
                By("unsigned::a_signed_series_is_not_rolled_back_to_a_revision_without_signatures"),
            ),
            ("take it out", By("unsigned::status_names_what_is_not_signed_until_it_is_signed")),
            ("build the release", By("unsigned::a_snapshot_that_was_staged_without_a_key_is_not_promoted_with_one")),
            ("{help}\nto publish", By("unsigned::a_reason_publishes_what_is_not_signed_and_is_recorded")),
        ],
    ),
    (
        "repository/sign/signers.rs",
        &[("use rpm 4.8", No("no other rpm is at hand, and its output would have to differ"))],
    ),
    (
        "repository/model/test_result.rs",
        &[("move it away", By("helps::repository::a_test_result_that_cannot_be_read_is_replaced"))],
    ),
    (
        "repository/promote/gate.rs",
        &[
            ("{}; then make the release", By("helps::promotion::a_first_promotion_needs_one_step_and_not_three")),
            ("release the merge", By("same_version::what_a_merge_brought_in_is_no_release_of_the_branch")),
            ("merge it and fetch", By("gates::what_was_merged_after_it_was_staged")),
            (
                "promote it from a clone",
                By("helps::promotion::a_snapshot_of_another_machine_is_promoted_where_its_commit_is"),
            ),
            ("to stage it without", By("gates::unmerged_work")),
            ("merge the commit of that tag", By("release_tags::a_release_of_another_branch_stops_a_promotion")),
            ("if it breaks", By("helps::promotion::a_break_that_is_not_counted_is_declared")),
            ("a tag was added", By("helps::promotion::a_tag_that_came_later_needs_a_new_build")),
            ("put the tag back", By("helps::promotion::a_tag_that_came_later_needs_a_new_build")),
            ("{first}build them and stage", By("helps::promotion::a_dist_without_packages_is_ended")),
            ("configure one in", By("helps::promotion::a_first_promotion_needs_one_step_and_not_three")),
            ("run the acceptance tests", By("helps::promotion::a_test_that_did_not_pass_is_run_again")),
            ("{end}read its output", By("helps::promotion::a_test_that_did_not_pass_is_run_again")),
            ("build the release again", No("only a snapshot that somebody moved to another series gets there")),
            ("to begin it", By("helps::promotion::a_first_promotion_needs_one_step_and_not_three")),
            ("clients may have", By("helps::promotion::what_clients_may_have_gets_a_higher_release")),
            ("create it", By("helps::promotion::a_missing_milestone_is_tagged")),
        ],
    ),
    (
        "repository/promote/judge.rs",
        &[("{why}: {help}", No("the help of the gate is a row of its own, in `promote/gate.rs`"))],
    ),
    (
        "repository/promote/mod.rs",
        &[
            (
                "to promote it all the same",
                By("helps::promotion::what_was_rolled_back_is_promoted_again_with_the_flags_that_were_given"),
            ),
            ("stage one", By("helps::promotion::a_series_without_a_snapshot_gets_one")),
        ],
    ),
    (
        "repository/promote/read_gates.rs",
        &[
            ("stage the release again", By("series::a_damaged_snapshot_is_staged_again_under_a_new_number")),
            ("add a new", By("helps::promotion::a_package_that_blocks_a_promotion_is_taken_out")),
            ("see what else", No("the gate `whole` of the same snapshot is closed, too, and its help is printed")),
        ],
    ),
    (
        "repository/promote/standing.rs",
        &[
            ("promote a newer release without it", By("undo::a_yank_takes_a_package_out")),
            ("promote a newer snapshot; see", By("helps::promotion::an_old_snapshot_gives_way_to_a_newer_one")),
            ("promote a newer snapshot, or", By("promote::a_version_is_repackaged_with_a_higher_release")),
            (", and add a higher", By("dependencies::an_own_version_is_raised_as_the_help_says")),
            ("its version is its own", By("dependencies::an_own_version_is_raised_as_the_help_says")),
            ("a version has one archive", By("same_version::a_version_that_was_built_again_after_its_tag")),
            ("nothing is to be done", By("same_version::latest_keeps_to_the_packages_of_the_series")),
        ],
    ),
    (
        "repository/recover_log/join.rs",
        &[("move the snapshots", By("recovery::a_snapshot_of_another_repository_is_named_and_moved_away"))],
    ),
    (
        "repository/sign/key.rs",
        &[
            ("change `repository.sign`", By("helps::keys::a_missing_key_is_imported")),
            ("if it needs a passphrase", No("it asks a person for a passphrase or a card")),
            ("there is no secret", No("it is the message of the error, which stands beside the help")),
            ("{listing}", By("helps::keys::a_missing_key_is_imported")),
            ("`{name}` matches", No("it is the message of the error, which stands beside the help")),
            ("set `repository.sign`", By("helps::keys::one_of_several_keys_is_named")),
            ("the secret part", No("it is the message of the error, which stands beside the help")),
            ("import it with", By("helps::keys::a_missing_key_is_imported")),
            ("the key `{name}`", No("it is the message of the error, which stands beside the help")),
            ("make a new key", By("helps::keys::a_key_that_has_expired_is_replaced")),
            ("check the clock", By("key_status::a_key_from_the_future_means_that_the_clock_is_wrong")),
            ("add a subkey", By("helps::keys::a_key_that_cannot_sign_gets_a_subkey")),
        ],
    ),
    (
        "repository/sign/keyring.rs",
        &[("export it", No("only a published key file that somebody overwrote gets there, and `verify` names it"))],
    ),
    (
        "repository/stage/input.rs",
        &[
            ("set `rpm.portable-noarch`", By("helps::staging::a_noarch_package_of_another_host_is_declared_portable")),
            ("name another folder", By("helps::staging::a_release_of_another_project_is_left_for_the_own_one")),
            ("build the packages", By("helps::staging::packages_of_another_release_are_removed")),
            ("build the rest", By("helps::staging::a_release_without_all_packages_is_staged_without_any")),
            ("its dependencies", By("helps::staging::a_noarch_package_of_another_host_is_declared_portable")),
            ("`{} rpm{}` writes it", By("helps::staging::a_record_of_the_builder_is_written_by_hand")),
            ("make a release first", By("helps::staging::a_release_is_made_before_it_is_staged")),
            ("write it again", By("stage::the_checksums_of_other_programs_are_read")),
            ("add to it", By("helps::staging::all_files_are_added_to_the_checksums_by_one_command")),
            ("remove it", By("helps::staging::a_file_whose_name_is_not_utf_8_is_removed")),
            ("copy the whole", By("helps::staging::a_folder_that_was_copied_in_part_is_copied_again")),
        ],
    ),
    (
        "repository/stage/latest.rs",
        &[("leave the flag out", By("helps::staging::a_dist_that_has_packages_is_not_ended"))],
    ),
    ("repository/stage/mod.rs", &[("a number is never", By("helps::staging::a_number_of_a_snapshot_is_stated"))]),
    (
        "repository/undo/rollback.rs",
        &[
            (
                "; to go further back",
                By("helps::promotion::what_was_rolled_back_is_promoted_again_with_the_flags_that_were_given"),
            ),
            (
                "promote a newer release instead; or bring back",
                By("undo::a_rollback_that_would_break_a_package_without_a_yanked_one_is_refused"),
            ),
            ("to bring back what was yanked", By("undo::a_yank_of_the_only_promotion_is_taken_back_by_name")),
            ("to take single", By("helps::promotion::a_revision_is_chosen_among_those_there_are")),
            ("the revisions are", By("helps::promotion::a_revision_is_chosen_among_those_there_are")),
            ("see what there is", By("helps::promotion::a_revision_is_chosen_among_those_there_are")),
        ],
    ),
    (
        "repository/undo/signatures.rs",
        &[
            ("{}; then run", By("key_status::a_rollback_behind_an_expired_key_is_signed_anew")),
            ("set `repository.sign`", By("key_status::a_rollback_behind_an_expired_key_is_signed_anew")),
        ],
    ),
    (
        "repository/undo/yank.rs",
        &[
            ("choose one", By("helps::promotion::a_package_is_chosen_among_those_there_are")),
            ("yank those of each", By("made_again::packages_of_different_series_are_yanked_one_by_one")),
            ("the names of packages", By("helps::promotion::a_package_is_chosen_among_those_there_are")),
            ("no stable series has packages", No("there is nothing that a person could take out")),
            ("take it out there", By("helps::promotion::a_package_is_chosen_among_those_there_are")),
            ("name one of these", By("helps::promotion::a_package_is_chosen_among_those_there_are")),
            ("{first}to yank", By("helps::promotion::a_yank_that_breaks_another_package_has_two_ways_out")),
        ],
    ),
    (
        "repository/provenance/download.rs",
        &[
            ("name a file from", By("provenance::a_download_is_checked_with_its_statement")),
            ("name the public keys", By("provenance::a_download_is_checked_with_its_statement")),
            ("download it too", By("provenance::a_download_is_checked_with_its_statement")),
            ("download both again", By("provenance::a_download_is_checked_with_its_statement")),
            ("name the statement of", By("provenance::a_download_is_checked_with_its_statement")),
        ],
    ),
    (
        "repository/write/described.rs",
        &[("take the damaged packages out", By("made_again::several_damaged_packages_are_yanked_at_once"))],
    ),
    ("repository/write/apply.rs", &[("run this again", No("it needs a file that changes while the run reads it"))]),
    (
        "repository/write/assembly.rs",
        &[
            ("run this again", No("it needs a file that changes while the run reads it")),
            ("check the disk", No("it needs a disk that does not keep what was written")),
        ],
    ),
    (
        "repository/write/recovery.rs",
        &[
            ("if it {copied}", By("recovery::a_snapshot_of_another_repository_is_named_and_moved_away")),
            ("{recover}\nif", By("recovery::a_lost_state_is_put_together_again")),
            ("put `{path}` and the log back", By("lost_events::an_old_state_without_the_newest_revision_is_refused")),
        ],
    ),
    (
        "repository/write/revision.rs",
        &[
            (
                "set `repository.root`",
                By("limits::the_highest_number_of_a_folder_is_an_error_and_no_end_of_the_program"),
            ),
            ("see what else", By("helps::repository::a_damaged_manifest_is_found_by_verify")),
            (
                "if somebody put it there",
                By("limits::the_highest_number_of_a_folder_is_an_error_and_no_end_of_the_program"),
            ),
            ("release it under", No("the gate `ledger` refuses such a release before")),
        ],
    ),
];
