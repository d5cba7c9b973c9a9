//! The helps of `verify`.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const VERIFY: &[FileRows] = &[
    ("repository/verify/address.rs", &[("name a snapshot", By("verify::what_is_published_at_an_address"))]),
    (
        "repository/verify/copies.rs",
        &[
            ("ln -f", By("ways_out::what_another_folder_has_is_linked_from_there")),
            ("; for {more}", No("it needs more than twenty damaged files, and then the same command again")),
            ("another folder has", By("ways_out::what_another_folder_has_is_linked_from_there")),
        ],
    ),
    (
        "repository/verify/folder.rs",
        &[("the public keys lack", By("helps::lost_files::keys_of_a_time_before_a_change_are_published_again"))],
    ),
    (
        "repository/verify/history.rs",
        &[
            ("move {files} away, and", By("helps::verify::a_changed_result_is_made_again")),
            ("move {files} away: there", No("a person decides whether the results are needed")),
            ("clients read it: leave it", By("lost_revisions::no_file_is_put_back_by_the_manifest_of_another_folder")),
        ],
    ),
    (
        "repository/verify/finding_id.rs",
        &[
            ("set `repository.sign`", By("key_status::an_expired_key_closes_the_gate_and_is_a_finding_of_its_own")),
            ("clients read it; the next promotion", No("no version that runs here packs repodata in that way")),
            ("move it away: `releng`", By("helps::verify::what_releng_did_not_make_is_moved_away")),
            (
                "the next command that changes the repository removes",
                By("helps::verify::the_next_command_repairs_what_it_can"),
            ),
            (
                "the next command that changes the repository finishes",
                By("limits::a_full_disk_of_the_state_says_what_is_visible_already"),
            ),
            (
                "put it back from a backup; in a copy",
                By("lost_tree::a_current_revision_that_is_missing_is_left_by_a_rollback"),
            ),
            (
                "the next command that changes the repository makes it again from",
                By("helps::next_key::served_keys_are_made_again_from_the_copy_in_the_state"),
            ),
            (
                "put it back from a backup; or make",
                By("helps::next_key::a_damaged_copy_of_the_keys_never_reaches_clients"),
            ),
            ("put back what it leads to", No("a person copies the repository again")),
            ("move it away: the next", By("helps::verify::what_releng_did_not_make_is_moved_away")),
            (
                "the next command that changes the repository makes",
                By("helps::verify::the_next_command_repairs_what_it_can"),
            ),
            ("put it back from a backup; or stage", By("helps::verify::what_is_gone_is_put_back_or_recorded")),
            ("put it back from a backup; or record", By("helps::verify::what_is_gone_is_put_back_or_recorded")),
            ("put the file back from another", By("helps::verify::a_series_goes_back_to_a_sound_revision")),
            ("stop serving it: it is not from this program", By("provenance::planted_faults_in_statements_are_found")),
            ("stop serving it: roll back", By("helps::verify::a_series_goes_back_to_a_sound_revision")),
            (
                "clients that have a key refuse it: stage",
                By("unsigned::a_signed_series_that_is_not_signed_any_more_is_one_finding"),
            ),
            (
                "clients that have a key refuse it: take",
                By("unsigned::what_was_staged_before_the_key_is_told_apart_from_damage"),
            ),
            ("clients refuse it: {}", By("key_status::an_expired_key_closes_the_gate_and_is_a_finding_of_its_own")),
            ("stop serving it: somebody", No("a person decides whether the files can be trusted")),
            ("clients install", By("helps::verify::a_series_goes_back_to_a_sound_revision")),
            ("correct `repository.state`", By("lost_place::a_state_in_another_folder_is_named")),
            ("put the log back from a backup; if", By("helps::verify::the_log_and_the_ledger_are_put_together_again")),
            (
                "put the log back from a backup, and verify",
                By("vouched::a_manifest_that_lost_an_entry_is_refused_by_the_dry_run_too"),
            ),
            ("the next promotion leads", No("each finding of this kind has a command of its own")),
            ("put the ledger back", By("helps::verify::the_log_and_the_ledger_are_put_together_again")),
            ("accept the snapshot", By("helps::verify::a_changed_result_is_made_again")),
        ],
    ),
    (
        "repository/verify/ways_out.rs",
        &[
            ("to take out only", By("recovery::a_damaged_package_of_all_revisions_is_yanked_and_then_pruned")),
            ("only a backup helps", By("ways_out::a_damaged_manifest_of_the_only_revision_needs_a_backup")),
            ("to make what is damaged", By("made_again::damaged_repodata_of_the_only_revision_is_made_again")),
            ("to go on without", By("lost_statements::verify_names_a_way_out_that_keeps_the_content")),
            ("the newest revision without", By("helps::verify::a_copy_of_the_way_back_is_named_with_its_command")),
            ("to make `{}` again", By("ways_out::a_damaged_source_archive_is_made_again")),
            ("nothing else of", By("ways_out::damage_below_withdrawn_needs_no_rollback")),
            ("`latest` of series", By("ways_out::a_damaged_latest_is_staged_again_and_then_pruned")),
            ("if the held", By("ways_out::a_held_damaged_snapshot_is_released_and_then_pruned")),
            ("to remove what is damaged", By("recovery::a_damaged_package_of_all_revisions_is_yanked_and_then_pruned")),
        ],
    ),
];
