//! Each flag of each command and each key of the configuration has a test that runs the program with it.
//!
//! The tables name that test. It must exist, and its source, with the helpers and constants of its file that it uses, must
//! contain the flag and the command, or the key. A new flag or key without a row fails here.

use std::collections::{BTreeMap, BTreeSet};

use releng::cli::arguments::Cli;
use releng::project::config::{AcceptanceTest, CiStep, DistKeys, GenerateKeys, known_keys};

use crate::support::text_of;

/// Command, flag, and the file and name of the test. The flags of all commands have no command.
const FLAGS: [(&str, &str, &str); 145] = [
    ("", "assume-version", "dist::a_stated_version_goes_before_everything"),
    ("", "color", "commands::colour_follows_the_flag_and_the_terminal"),
    ("", "packaging", "packaging::a_project_is_packaged_from_outside"),
    ("", "project", "messages::no_project"),
    ("", "quiet", "dist::dist_leaves_archives_changelog_spec_and_checksums"),
    ("", "repository", "flags::the_flag_for_the_repository_goes_before_the_variable_and_both_before_the_key"),
    ("", "spec", "plain_spec::of_several_specs_one_is_stated"),
    ("accept", "dry-run", "accept::the_tests_are_those_of_the_snapshots_commit"),
    ("accept", "junit", "accept::the_report_is_read_by_others"),
    ("announce", "again", "announce::delivery::the_login_comes_from_the_environment_or_from_a_file_of_ones_own"),
    ("announce", "dry-run", "announce::once::a_plan_is_printed_and_nothing_is_sent"),
    ("announce", "forge", "announce::forge::a_release_appears_whole_on_each_forge"),
    ("announce", "out", "announce::text::the_mail_is_written_to_a_stated_file_or_only_planned"),
    ("announce", "send", "announce::once::a_plan_is_printed_and_nothing_is_sent"),
    ("announce", "sent", "announce::once::a_plan_is_printed_and_nothing_is_sent"),
    ("changelog", "format", "dist::an_unpacked_archive_answers_as_git_does"),
    ("changelog", "since", "dist::an_unpacked_archive_answers_as_git_does"),
    ("build-artifacts", "base", "ci_steps::stages::each_stage_has_the_flags"),
    ("build-artifacts", "dry-run", "ci_steps::stages::each_stage_has_the_flags"),
    ("build-artifacts", "junit", "ci_steps::stages::each_stage_has_the_flags"),
    ("build-artifacts", "only", "ci_steps::stages::each_stage_has_the_flags"),
    ("build-artifacts", "steps-of", "ci_steps::stages::each_stage_has_the_flags"),
    ("check-merged", "base", "ci_steps::stages::each_stage_has_the_flags"),
    ("check-merged", "dry-run", "ci_steps::stages::each_stage_has_the_flags"),
    ("check-merged", "junit", "ci_steps::stages::each_stage_has_the_flags"),
    ("check-merged", "only", "ci_steps::stages::each_stage_has_the_flags"),
    ("check-merged", "steps-of", "ci_steps::stages::each_stage_has_the_flags"),
    ("check-patch", "base", "ci_steps::changes_of_every_commit_of_the_branch_count"),
    ("check-patch", "dry-run", "ci_steps::a_dry_run_prints_the_plan_and_runs_nothing"),
    ("check-patch", "junit", "ci_steps::report::the_results_are_read_by_others"),
    ("check-patch", "only", "ci_steps::only_the_named_steps_are_run"),
    ("check-patch", "steps-of", "ci_steps::the_steps_are_those_of_the_base"),
    ("config", "json", "commands::config_shows_each_value_and_where_it_comes_from"),
    ("config", "schema", "schema::the_checked_in_schema_is_that_of_the_types"),
    ("dist", "dry-run", "dist::a_dry_run_prints_the_plan_and_writes_nothing"),
    ("dist", "no-stage", "rpm::packages_are_kept_as_long_as_the_source_rpm_is_the_same"),
    ("dist", "no-vendor", "vendor::without_the_vendor_archive_there_is_no_source_rpm_that_needs_it"),
    ("dist", "out", "dist::a_bare_repository_needs_a_place"),
    ("dist", "pipeline", "flags::dist_takes_the_number_of_the_pipeline"),
    ("dist", "release", "dist::a_release_number_changes_the_outer_spec_only"),
    ("dist", "rev", "dist::an_older_commit_can_be_released"),
    ("dist", "rpm", "builders::mock_builds_in_the_chroot_of_each_dist"),
    ("doctor", "for", "doctor::a_missing_program_is_a_fault_where_something_asks_for_it"),
    ("doctor", "json", "doctor::a_missing_program_is_a_fault_where_something_asks_for_it"),
    ("hold", "dry-run", "flags::a_hold_keeps_a_snapshot_until_the_end_of_its_last_day"),
    ("hold", "until", "flags::a_hold_keeps_a_snapshot_until_the_end_of_its_last_day"),
    ("hold", "why", "flags::a_hold_keeps_a_snapshot_until_the_end_of_its_last_day"),
    ("init", "ci", "init::places::each_ci_system_has_its_files"),
    ("init", "dry-run", "init::repeated::the_plan_is_what_is_written"),
    ("init", "hooks", "init::places::the_hook_checks_messages"),
    ("init", "name", "init::a_project_without_a_name_gets_one"),
    ("init", "xtask", "init::xtask::a_virtual_workspace_gets_a_member_that_is_not_built_with_it"),
    ("lint", "base", "lint::each_rule_finds_bad_messages_and_no_good_ones"),
    ("lint", "fix-plan", "lint::plan::a_message_with_an_error_is_edited"),
    ("lint", "format", "lint::each_rule_finds_bad_messages_and_no_good_ones"),
    ("lint", "message", "lint::message::a_message_is_checked_without_its_comments"),
    ("lint", "rev", "lint::a_clean_branch_and_its_base"),
    ("lint", "squash", "lint::the_message_of_a_squash_merge"),
    ("merge", "base", "ci_merge::outcomes::what_is_not_there_is_named"),
    ("merge", "branch", "ci_merge::a_merge_is_previewed_without_a_change"),
    ("merge", "dry-run", "ci_merge::a_merge_is_previewed_without_a_change"),
    ("merge", "head", "ci_merge::outcomes::a_commit_that_is_not_the_stated_one_is_not_merged"),
    ("finish", "decision", "ci_respond::merging::the_last_job_takes_the_merge_of_the_decision_and_no_other"),
    ("finish", "remote", "ci_merge::parts::the_last_job_pushes_where_it_knows_itself"),
    ("merge", "decision", "ci_respond::merging::a_decision_is_written_for_the_next_jobs"),
    ("prepare", "decision", "ci_respond::merging::the_last_job_takes_the_merge_of_the_decision_and_no_other"),
    ("report", "decision", "ci_respond::merging::jobs_that_did_not_pass_are_shown"),
    ("report", "result", "ci_respond::merging::jobs_that_did_not_pass_are_shown"),
    ("finish", "tested", "ci_merge::parts::three_jobs_do_what_one_command_does"),
    ("prepare", "base", "ci_merge::parts::the_first_job_takes_what_the_whole_command_takes"),
    ("prepare", "branch", "ci_merge::parts::three_jobs_do_what_one_command_does"),
    ("prepare", "head", "ci_merge::parts::three_jobs_do_what_one_command_does"),
    ("prepare", "out", "ci_merge::parts::three_jobs_do_what_one_command_does"),
    ("prepare", "pull", "ci_merge::parts::the_first_job_takes_what_the_whole_command_takes"),
    ("prepare", "remote", "ci_merge::parts::the_first_job_takes_what_the_whole_command_takes"),
    ("test", "out", "ci_merge::parts::three_jobs_do_what_one_command_does"),
    ("test", "no-isolation", "ci_merge::parts::the_machine_that_tests_needs_the_boundary_and_no_other"),
    ("merge", "pull", "ci_merge::a_pull_request_has_a_reference_of_its_own"),
    ("merge", "remote", "ci_merge::outcomes::what_is_not_there_is_named"),
    ("recover", "give-up", "ci_merge::outcomes::a_merge_is_given_up_with_a_reason"),
    ("recover", "why", "ci_merge::outcomes::a_merge_is_given_up_with_a_reason"),
    ("respond", "dry-run", "ci_respond::a_dry_run_prints_what_the_event_alone_leads_to"),
    ("respond", "event", "ci_respond::a_dry_run_prints_what_the_event_alone_leads_to"),
    ("respond", "name", "ci_respond::a_dry_run_prints_what_the_event_alone_leads_to"),
    ("respond", "out", "ci_respond::the_decision_is_handed_to_the_next_jobs"),
    ("promote", "dry-run", "flags::a_promotion_needs_one_of_the_configured_branches"),
    ("promote", "due", "due::what_is_due_is_promoted_and_nothing_else"),
    ("promote", "force", "key_change::a_key_that_clients_do_not_have_signs_only_by_force"),
    ("promote", "major", "flags::a_promotion_needs_one_of_the_configured_branches"),
    ("promote", "untested", "promote::a_reason_is_one_and_is_kept_only_where_it_counts"),
    ("prune", "damaged", "recovery::a_damaged_package_of_all_revisions_is_yanked_and_then_pruned"),
    ("prune", "dry-run", "flags::a_hold_keeps_a_snapshot_until_the_end_of_its_last_day"),
    ("rollback", "dry-run", "undo::a_rollback_brings_the_content_before_the_last_promotion"),
    ("rollback", "to", "undo::a_rollback_to_a_revision"),
    ("promote", "with-yanked", "undo::a_yank_takes_a_package_out"),
    ("rollback", "with-yanked", "undo::what_was_yanked_stays_out_of_a_rollback"),
    ("rpm", "again", "rpm::packages_are_kept_as_long_as_the_source_rpm_is_the_same"),
    ("rpm", "backend", "flags::the_flag_for_the_backend_goes_before_the_key"),
    ("rpm", "dist", "rpm::packages_are_kept_as_long_as_the_source_rpm_is_the_same"),
    ("rpm", "dry-run", "rpm::a_portable_noarch_package_is_built_for_every_dist"),
    ("rpm", "jobs", "flags::builds_run_side_by_side_up_to_a_number"),
    ("rpm", "no-vendor", "flags::rpm_has_the_flags_of_a_release"),
    ("rpm", "out", "flags::rpm_has_the_flags_of_a_release"),
    ("rpm", "release", "flags::rpm_has_the_flags_of_a_release"),
    ("rpm", "rev", "flags::rpm_has_the_flags_of_a_release"),
    ("spec", "check", "spec::a_rendered_spec_is_checked_for_the_version_it_states"),
    ("spec", "dry-run", "dist::a_dry_run_prints_the_plan_and_writes_nothing"),
    ("spec", "out", "dist::a_stated_version_goes_before_everything"),
    ("spec", "release", "dist::an_unpacked_archive_answers_as_git_does"),
    ("spec", "write", "plain_spec::a_spec_is_changed_only_if_the_person_says_so"),
    ("srpm", "dry-run", "flags::srpm_has_the_flags_of_a_release"),
    ("srpm", "no-vendor", "vendor::without_the_vendor_archive_there_is_no_source_rpm_that_needs_it"),
    ("srpm", "out", "flags::srpm_has_the_flags_of_a_release"),
    ("srpm", "release", "flags::srpm_has_the_flags_of_a_release"),
    ("srpm", "rev", "flags::srpm_has_the_flags_of_a_release"),
    ("stage", "dry-run", "stage::a_release_without_packages_is_staged"),
    ("stage", "force", "key_change::a_key_that_clients_do_not_have_signs_only_by_force"),
    ("stage", "from", "stage::a_release_of_another_project"),
    ("stage", "pipeline", "stage::a_number_is_given_once"),
    ("stage", "unmerged", "stage::unmerged_work_is_staged_apart"),
    ("status", "json", "concurrency::of_two_promotions_one_waits_and_status_always_answers"),
    ("tag", "dry-run", "flags::tag_creates_missing_milestone_tags"),
    ("unhold", "dry-run", "flags::a_hold_keeps_a_snapshot_until_the_end_of_its_last_day"),
    ("verify", "json", "verify::nothing_is_found_on_a_sound_repository"),
    ("verify", "keys", "provenance::a_download_is_checked_with_its_statement"),
    ("verify", "provenance", "provenance::a_download_is_checked_with_its_statement"),
    ("version", "at", "messages::no_tags_and_no_declared_beginning"),
    ("version", "explain", "flags::an_explanation_has_the_base_and_each_step"),
    ("version", "json", "dist::an_unpacked_archive_answers_as_git_does"),
    ("version", "rev", "flags::an_explanation_has_the_base_and_each_step"),
    ("version", "strict", "messages::no_tags_and_no_declared_beginning"),
    ("yank", "dry-run", "undo::a_yank_takes_a_package_out"),
    ("yank", "why", "undo::a_yank_takes_a_package_out"),
    ("accept", "series", "series::a_command_acts_on_the_series_of_head"),
    ("hold", "series", "series::a_command_acts_on_the_series_of_head"),
    ("promote", "series", "series::a_command_acts_on_the_series_of_head"),
    ("promote", "end-dist", "gates::each_dist_needs_packages_and_not_any"),
    ("prune", "missing", "recovery::a_vanished_tree_is_noticed_and_its_numbers_stay_used"),
    ("recover-log", "dry-run", "recovery::a_lost_state_is_put_together_again"),
    ("stage", "end-dist", "series::latest_never_loses_a_dist"),
    ("yank", "force", "dependencies::a_yank_that_breaks_another_package_needs_a_reason"),
    ("yank", "series", "undo::a_yank_is_of_one_series"),
    ("", "RELENG_REPOSITORY", "flags::the_flag_for_the_repository_goes_before_the_variable_and_both_before_the_key"),
    ("", "RELENG_THREADS", "flags::builds_run_side_by_side_up_to_a_number"),
    ("", "RELENG_VERSION", "dist::a_stated_version_goes_before_everything"),
];

/// Key, and the file and name of the test. `rpm.dist.*` are the keys of each `[rpm.dist.NAME]`.
const KEYS: [(&str, &str); 91] = [
    ("acceptance.name", "accept::each_result_is_numbered_and_bound_to_the_manifest"),
    ("acceptance.on", "promote::a_test_for_another_kind_of_promotion"),
    ("acceptance.run", "accept::each_result_is_numbered_and_bound_to_the_manifest"),
    ("acceptance.timeout", "accept::a_test_that_does_not_end"),
    ("announce.cc", "announce::people::copies_and_answers_have_their_headers"),
    ("announce.from", "announce::people::copies_and_answers_have_their_headers"),
    ("announce.password-file", "announce::delivery::the_login_comes_from_the_environment_or_from_a_file_of_ones_own"),
    ("announce.reply-to", "announce::people::copies_and_answers_have_their_headers"),
    ("announce.retry", "announce::delivery::a_temporary_refusal_is_tried_again"),
    ("announce.sendmail", "announce::delivery::a_program_gets_the_envelope_as_arguments_and_the_mail_as_input"),
    ("announce.smtp", "announce::delivery::each_recipient_gets_it_once"),
    ("announce.template", "announce::text::a_project_has_its_own_template"),
    ("announce.to", "announce::people::copies_and_answers_have_their_headers"),
    ("ci.build-artifacts.run", "ci_steps::stages::each_stage_has_the_flags"),
    ("ci.check-merged.run", "ci_steps::stages::each_stage_has_the_flags"),
    ("ci.check-patch.name", "ci_steps::steps_run_side_by_side_where_needs_allow_it"),
    ("ci.check-patch.needs", "ci_steps::steps_run_side_by_side_where_needs_allow_it"),
    ("ci.check-patch.only", "ci_steps::changes_of_every_commit_of_the_branch_count"),
    ("ci.check-patch.run", "ci_steps::steps_run_side_by_side_where_needs_allow_it"),
    ("ci.check-patch.timeout", "ci_steps::limits::a_time_limit_ends_the_whole_group"),
    ("ci.environment", "ci_steps::stages::a_step_gets_no_tokens"),
    ("ci.admins", "ci_respond::forge::the_key_for_admins_narrows_who_may_merge"),
    ("ci.untrusted", "ci_respond::strangers::the_work_of_strangers_is_tested_only_if_that_is_configured"),
    ("ci.forge", "forge::configuration::the_keys_say_where_the_forge_and_the_token_are"),
    ("ci.forge-project", "forge::configuration::the_keys_say_where_the_forge_and_the_token_are"),
    ("ci.forge-url", "forge::configuration::the_keys_say_where_the_forge_and_the_token_are"),
    ("ci.token-file", "forge::configuration::the_keys_say_where_the_forge_and_the_token_are"),
    ("ci.artifacts", "ci_merge::the_folder_of_the_release_is_configured"),
    ("ci.isolation", "ci_isolation::setup::the_user_is_there_and_is_not_root"),
    ("ci.network", "ci_isolation::user::there_is_no_network_and_no_service_of_this_machine"),
    ("lint.behind-base", "lint::each_rule_has_a_severity"),
    ("lint.body-not-separated", "lint::each_rule_has_a_severity"),
    ("lint.commit-empty", "lint::each_rule_has_a_severity"),
    ("lint.conflict-markers", "lint::each_rule_has_a_severity"),
    ("lint.control-characters", "lint::each_rule_has_a_severity"),
    ("lint.fixup-left", "lint::each_rule_has_a_severity"),
    ("lint.merge-from-base", "lint::each_rule_has_a_severity"),
    ("lint.not-utf-8", "lint::each_rule_has_a_severity"),
    ("lint.pseudo-header-misread", "lint::each_rule_has_a_severity"),
    ("lint.pseudo-headers-disagree", "lint::each_rule_has_a_severity"),
    ("lint.rewrites-own-branch", "lint::each_rule_has_a_severity"),
    ("lint.subject-dot", "lint::each_rule_has_a_severity"),
    ("lint.subject-empty", "lint::each_rule_has_a_severity"),
    ("lint.subject-long", "lint::each_rule_has_a_severity"),
    ("lint.subject-twice", "lint::each_rule_has_a_severity"),
    ("lint.work-in-progress", "lint::each_rule_has_a_severity"),
    ("project.branches", "flags::a_promotion_needs_one_of_the_configured_branches"),
    ("project.name", "flags::the_name_of_a_project_is_configured"),
    ("promotion.due", "due::what_is_due_is_promoted_and_nothing_else"),
    ("promotion.interval-days", "due::what_is_due_is_promoted_and_nothing_else"),
    ("repository.keep-days", "flags::a_snapshot_is_kept_by_number_and_by_age"),
    ("repository.keep-snapshots", "flags::a_snapshot_is_kept_by_number_and_by_age"),
    ("repository.next-key", "key_change::an_untouched_client_goes_through_announcement_and_switch"),
    ("repository.root", "flags::the_flag_for_the_repository_goes_before_the_variable_and_both_before_the_key"),
    ("repository.sign", "clients::what_is_signed_installs_and_nothing_else"),
    ("repository.state", "clients::a_folder_may_have_any_name"),
    ("repository.url", "flags::the_address_of_a_repository_is_configured"),
    ("rpm.arch", "packages::the_architecture_of_the_configuration_decides"),
    ("rpm.backend", "flags::the_flag_for_the_backend_goes_before_the_key"),
    ("rpm.changelog-entries", "spec::the_spec_has_the_configured_number_of_entries"),
    ("rpm.copr.config", "farms::copr_builds_all_chroots_of_one_upload"),
    ("rpm.copr.project", "farms::copr_builds_all_chroots_of_one_upload"),
    ("rpm.define.*", "python_package::a_checkout_becomes_packages_that_run"),
    ("rpm.dist.*.arches", "farms::koji_builds_every_architecture_of_a_dist_in_one_task"),
    ("rpm.dist.*.container", "container::packages_are_built_in_the_image_staged_and_installed"),
    ("rpm.dist.*.copr", "flags::a_chroot_of_copr_is_configured"),
    ("rpm.dist.*.koji", "farms::koji_builds_every_architecture_of_a_dist_in_one_task"),
    ("rpm.dist.*.minimum-rust", "rpm::an_old_compiler_is_refused_before_anything_is_built"),
    ("rpm.dist.*.mock", "builders::mock_builds_in_the_chroot_of_each_dist"),
    ("rpm.dists", "rpm::a_portable_noarch_package_is_built_for_every_dist"),
    ("rpm.koji.config", "farms::koji_builds_every_architecture_of_a_dist_in_one_task"),
    ("rpm.koji.profile", "flags::a_profile_of_koji_is_configured"),
    ("rpm.koji.scratch", "flags::a_scratch_build_of_koji_can_be_repeated"),
    ("rpm.poll", "flags::a_farm_is_polled_as_often_as_configured"),
    ("rpm.portable-noarch", "rpm::a_portable_noarch_package_is_built_for_every_dist"),
    ("rpm.markers", "plain_spec::a_marker_of_a_build_system_is_named"),
    ("rpm.spec", "messages::a_template_outside_the_project"),
    ("rpm.srpm", "packages::rpmbuild_writes_it_where_the_configuration_says_so"),
    ("rpm.timeout", "flags::a_build_ends_at_its_time_limit"),
    ("source.folder", "added_files::texts_are_filled_in_and_the_folder_has_its_name"),
    ("source.generate.path", "added_files::texts_are_filled_in_and_the_folder_has_its_name"),
    ("source.generate.run", "added_files::a_program_makes_a_file_in_an_export_without_the_outside"),
    ("source.generate.text", "added_files::texts_are_filled_in_and_the_folder_has_its_name"),
    ("source.manifest", "vendor::a_workspace_may_be_below_the_root"),
    ("source.formats", "flags::a_first_version_and_the_archives_are_configured"),
    ("source.vendor", "vendor::no_lock_file"),
    ("version.headers", "conventional::conventional_commits_raise_the_version_if_configured"),
    ("version.ignore-tags", "release_tags::the_form_is_configured"),
    ("version.initial", "flags::a_first_version_and_the_archives_are_configured"),
    ("version.merged-tags", "release_tags::merged_tags_can_be_left_out"),
    ("version.tags", "release_tags::the_form_is_configured"),
];

/// Variables of the environment, which `--help` does not list as arguments.
const VARIABLES: [&str; 3] = ["RELENG_REPOSITORY", "RELENG_THREADS", "RELENG_VERSION"];

/// The top-level items of a Rust file by name: functions, constants, and types with their methods.
fn items(source: &str) -> BTreeMap<String, String> {
    let mut items = BTreeMap::new();
    let mut block = String::new();
    for line in source.lines() {
        block.push_str(line);
        block.push('\n');
        let is_end = line == "}" || line.ends_with("};") && line.starts_with('}') || line.ends_with(';');
        let is_nested = block.lines().last().is_some_and(|line| line.starts_with(' ')) && block.contains(" {\n");
        if is_end && !is_nested {
            let text = std::mem::take(&mut block);
            let heads = ["fn ", "const ", "static ", "struct ", "impl "];
            let head = text.lines().map(|line| line.trim_start_matches("pub ")).find_map(|line| {
                let rest = heads.iter().find_map(|head| line.strip_prefix(head))?;
                let rest = rest.rsplit(" for ").next().unwrap_or(rest);
                rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
            });
            if let Some(name) = head.map(str::to_owned) {
                items.entry(name).or_insert_with(String::new).push_str(&text);
            }
        }
    }
    items
}

/// The source of a test with everything of its file that it uses.
fn source_of(test: &str) -> String {
    let (file, name) = test.rsplit_once("::").unwrap();
    let items = items(&text_of(&format!("tests/it/{}.rs", file.replace("::", "/"))));
    let own = items.get(name).unwrap_or_else(|| panic!("there is no test {test}"));
    assert!(own.contains("#[test]\n"), "{test} is no test");
    let (mut seen, mut open) = (BTreeSet::new(), vec![name.to_owned()]);
    let mut text = String::new();
    while let Some(name) = open.pop() {
        let Some(item) = items.get(&name).filter(|_| seen.insert(name.clone())) else { continue };
        let words = item.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        open.extend(words.filter(|word| items.contains_key(*word)).map(str::to_owned));
        text.push_str(item);
    }
    text
}

/// Whether a text has a word that no letter, digit or `-` continues.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(goes_on) && !text[at + word.len()..].starts_with(goes_on))
}

#[test]
fn each_flag_has_a_test_that_uses_it() {
    let mut expected: BTreeSet<(String, String)> = VARIABLES.map(|name| (String::new(), name.to_owned())).into();
    let mut definition = Cli::definition();
    definition.build();
    let globals: BTreeSet<String> =
        definition.get_arguments().filter_map(|argument| argument.get_long()).map(str::to_owned).collect();
    let built_in = ["help", "version"];
    let mut commands = vec![&definition];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        for flag in command.get_arguments().filter_map(|argument| argument.get_long()) {
            let is_global = globals.contains(flag);
            if !built_in.contains(&flag) {
                let command = if is_global { "" } else { command.get_name() };
                expected.insert((command.to_owned(), flag.to_owned()));
            }
        }
    }
    let listed = FLAGS.map(|(command, flag, _)| (command.to_owned(), flag.to_owned()));
    assert_eq!(BTreeSet::from(listed), expected, "each flag has a row in FLAGS, and each row is a flag");
    for (command, flag, test) in FLAGS {
        let source = source_of(test);
        let flag = if VARIABLES.contains(&flag) { flag.to_owned() } else { format!("--{flag}") };
        assert!(has_word(&source, &flag), "{test} does not use {flag}");
        assert!(command.is_empty() || has_word(&source, command), "{test} does not run `{command}`");
    }
}

#[test]
fn each_key_has_a_test_that_uses_it() {
    fn below(table: &str, keys: impl serde::Serialize) -> Vec<String> {
        let value = serde_json::to_value(keys).unwrap();
        value.as_object().unwrap().keys().map(|key| format!("{table}.{key}")).collect()
    }
    let mut expected: BTreeSet<String> = known_keys().into_keys().collect();
    // A list of tables itself is no key with a value.
    assert!(expected.remove("acceptance") && expected.remove("source.generate"));
    expected.extend(below("acceptance", AcceptanceTest::default()));
    expected.extend(below("source.generate", GenerateKeys::default()));
    expected.insert("rpm.define.*".to_owned()); // the names of the keys are macros
    for stage in ["check-patch", "check-merged", "build-artifacts"] {
        assert!(expected.remove(&format!("ci.{stage}")));
        expected.insert(format!("ci.{stage}.run"));
    }
    expected.extend(below("ci.check-patch", CiStep::default()));
    expected.extend(below("rpm.dist.*", DistKeys::default()));
    assert_eq!(BTreeSet::from(KEYS.map(|(key, _)| key.to_owned())), expected, "each key has a row in KEYS");
    for (key, test) in KEYS {
        let last = key.rsplit('.').next().unwrap().replace('*', "py3_build");
        let source = source_of(test);
        // `{last}` may stand at the beginning of a line in a string, after a newline.
        let source = source.replace("\\n", "\n");
        assert!(has_word(&source, &format!("{last} =")), "{test} does not set `{key}`");
    }
}

#[test]
fn items_are_found_with_what_they_use() {
    let source = source_of("due::what_is_due_is_promoted_and_nothing_else");
    assert!(source.contains("fn one_more(") && source.contains("fn promotes_due("), "{source}");
    assert!(!source.contains("fn two_series("), "{source}");
    assert!(
        has_word("a --rev b", "--rev") && !has_word("--revision", "--rev") && !has_word("minimum-rust =", "rust =")
    );
}
