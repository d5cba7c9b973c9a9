//! The help texts of `base/`, `cli/`, `git/`, `history/` and `project/`.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const FIRST: &[FileRows] = &[
    ("base/clock.rs", &[("write it like `2026", By("helps::project::a_variable_is_corrected"))]),
    (
        "base/files/draft.rs",
        &[
            ("name a folder with `--out", By("helps::project::a_place_for_results_is_chosen")),
            ("move it away, or choose", By("helps::project::a_place_for_results_is_chosen")),
        ],
    ),
    (
        "base/files/tree_path.rs",
        &[("`releng` did not make", By("helps::repository::a_folder_in_the_place_of_a_link_is_moved_away"))],
    ),
    (
        "base/files/lock.rs",
        &[("wait for it to end", By("promote::a_second_writer_gets_the_process_and_command_of_the_first"))],
    ),
    ("base/parallel.rs", &[("set the number of threads", By("helps::project::a_variable_is_corrected"))]),
    (
        "base/process/boundary/container.rs",
        &[
            ("set `ci.isolation = ", No("it asks to make a user on the machine")),
            ("{}; or {}", No("it asks to install a program on the machine")),
            ("fetch it: `podman pull", No("it needs a registry")),
            ("correct it until", No("the error is podman's own, and its text says what to correct")),
        ],
    ),
    (
        "base/process/boundary/user.rs",
        &[
            ("run it as root", No("it asks for the rights of root")),
            ("set `ci.isolation = ", No("it asks for an image on the machine")),
            ("name another one", No("it asks to make a user on the machine")),
            ("{}: the boundary of", No("it asks to install a program on the machine")),
            ("make one for tests only", No("it asks to make a user on the machine")),
            ("see whether root may", No("the error is that of the machine, and its text says what it does not allow")),
        ],
    ),
    (
        "base/process/job.rs",
        &[(
            "it must be a program",
            No("a program in a namespace says so by its exit code, so that it needs a machine without namespaces"),
        )],
    ),
    (
        "adopt/apply.rs",
        &[("run the same command again", No("it needs somebody who changes a file between the plan and the write"))],
    ),
    ("adopt/findings.rs", &[("state one: `{} init --name", By("init::a_project_without_a_name_gets_one"))]),
    (
        "base/process/lookup.rs",
        &[
            ("it must be a file", By("helps::promotion::the_program_of_a_test_is_put_where_it_is_expected")),
            ("{}; PATH is `{path}`", By("helps::promotion::the_program_of_a_test_is_put_where_it_is_expected")),
            ("install it: `{line}`", By("doctor::install_lines_name_packages_of_this_distribution")),
            ("install `{name}`", By("helps::promotion::the_program_of_a_test_is_put_where_it_is_expected")),
        ],
    ),
    (
        "base/process/net.rs",
        &[
            (
                "check the address and the network",
                By("places::a_fault_of_the_network_is_temporary_and_a_wrong_address_is_not"),
            ),
            ("is `{url}` the right", By("places::a_fault_of_the_network_is_temporary_and_a_wrong_address_is_not")),
        ],
    ),
    (
        "base/process/read.rs",
        &[("run that command by hand", No("it asks a person to watch a program that does not end"))],
    ),
    (
        "base/threads.rs",
        &[("raise the limits", By("limits::a_thread_that_the_system_refuses_is_an_error_or_is_done_without"))],
    ),
    (
        "cli/commands/accept.rs",
        &[
            ("`{}` printed nothing", No("it is a fact about the failed test and asks for nothing")),
            (
                "the snapshot is damaged",
                By("accept::a_test_that_changed_the_snapshot_has_failed_where_mounts_are_not_allowed"),
            ),
        ],
    ),
    (
        "ci/steps/plan.rs",
        &[
            ("did you mean", By("ci_steps::only_the_named_steps_are_run")),
            ("the steps are", By("ci_steps::only_the_named_steps_are_run")),
        ],
    ),
    (
        "cli/commands/ci/steps.rs",
        &[("reproduce: `", By("ci_steps::report::a_failed_step_is_reproduced_and_corrected"))],
    ),
    (
        "cli/commands/ci/subject.rs",
        &[
            ("add a step to", By("ci_steps::stages::a_stage_without_steps_gets_one")),
            ("the branch itself has steps", By("ci_steps::stages::a_stage_without_steps_gets_one")),
            ("run `git fetch --unshallow`", By("ci_steps::stages::a_clone_that_is_too_shallow_is_completed")),
            ("make a clone with files", By("ci_steps::stages::a_bare_repository_has_no_work_tree")),
            ("ask the remote", By("ci_steps::stages::the_branches_are_those_of_the_default_branch")),
        ],
    ),
    (
        "doctor/repository.rs",
        &[
            ("let this user write there", By("doctor::the_repository_can_be_written_to_and_is_on_one_file_system")),
            ("move `{folder}`", By("doctor::the_repository_can_be_written_to_and_is_on_one_file_system")),
        ],
    ),
    ("cli/commands/doctor.rs", &[("the commands are {}", By("doctor::each_check_is_for_commands_that_exist"))]),
    (
        "cli/commands/hold.rs",
        &[("name a day", By("helps::promotion::a_hold_of_a_day_that_is_over_is_made_without_an_end"))],
    ),
    (
        "cli/commands/lint.rs",
        &[("correct the message", By("lint::message::the_hook_refuses_a_message_and_the_help_corrects_it"))],
    ),
    (
        "cli/linted_branch.rs",
        &[
            ("name the branch", By("lint::a_base_is_needed")),
            ("run `git fetch --unshallow`", By("lint::a_clone_that_is_too_shallow_is_completed")),
        ],
    ),
    (
        "cli/commands/init.rs",
        &[
            ("leave one of them out", By("init::places::a_project_is_adopted_from_outside")),
            ("run this in a clone with files", By("init::places::a_bare_repository_is_cloned_first")),
        ],
    ),
    ("cli/commands/recover_log.rs", &[("{change}; or put", By("lost_place::a_state_in_another_folder_is_named"))]),
    (
        "cli/commands/rpm.rs",
        &[
            ("correct it, and build", By("helps::rpm::a_failed_build_is_repeated")),
            ("run the same command again", By("farms::a_farm_that_is_not_there_is_tried_again_and_then_left")),
        ],
    ),
    (
        "cli/commands/spec.rs",
        &[
            ("name another file", By("helps::project::a_spec_is_rendered_again")),
            ("write a template", By("helps::template::a_name_and_a_template_are_written")),
            ("name one: `--out FILE`", By("helps::project::a_bare_repository_gets_a_place_for_results")),
        ],
    ),
    (
        "cli/commands/verify.rs",
        &[
            ("stage a release", By("helps::repository::an_empty_repository_gets_a_release")),
            ("name a folder with", By("helps::verify::a_folder_that_is_no_repository_is_left_for_one")),
        ],
    ),
    (
        "cli/commands/tag.rs",
        &[("if it was made by mistake", By("plans::a_tag_of_a_topic_branch_gives_way_to_the_one_of_the_merge"))],
    ),
    (
        "cli/commands/version.rs",
        &[("`{} version --explain`", By("helps::project::a_version_of_the_past_is_explained"))],
    ),
    ("cli/spec_check.rs", &[("render it", By("helps::project::a_spec_is_rendered_again"))]),
    ("cli/context.rs", &[("name a folder", By("packaging::a_folder_that_is_not_there_is_named"))]),
    ("cli/release_job.rs", &[("write a template", By("helps::template::a_name_and_a_template_are_written"))]),
    (
        "cli/full_disk.rs",
        &[
            ("make room on", By("limits::a_full_disk_is_named_with_the_next_step")),
            ("the file system", By("limits::a_full_disk_is_named_with_the_next_step")),
        ],
    ),
    ("cli/pipeline_number.rs", &[("state the number", By("helps::staging::a_number_of_a_snapshot_is_stated"))]),
    (
        "cli/site.rs",
        &[
            ("{help}\nor {}", By("series::a_command_acts_on_the_series_of_head")),
            ("{change}: it has", By("lost_tree::a_state_in_the_served_root_is_refused")),
            ("correct the path", By("helps::repository::a_repository_at_another_place_is_begun_there")),
            ("the repository is a folder", By("helps::repository::a_repository_at_another_place_is_begun_there")),
            ("stage a release of it", By("helps::repository::a_series_is_chosen_among_those_there_are")),
            (
                "stage the release of a merged",
                By("helps::repository::a_series_without_a_release_of_merged_work_gets_one"),
            ),
            ("mount the disk that", By("lost_tree::a_repository_whose_root_and_state_are_both_gone_is_asked_for")),
            ("stage a release: ", By("helps::repository::an_empty_repository_gets_a_release")),
        ],
    ),
    ("git/loose.rs", &[("remove the file, and fetch", By("damage::the_help_for_a_damaged_object_repairs_the_clone"))]),
    (
        "git/repository.rs",
        &[
            ("commit something first", By("helps::project::a_clone_is_completed")),
            ("`git log --oneline", By("helps::project::a_clone_is_completed")),
            ("fetch what is missing", By("helps::project::a_clone_is_completed")),
            ("if you trust it", By("helps::project::a_clone_of_another_user_is_trusted")),
        ],
    ),
    (
        "history/changelog/mod.rs",
        &[
            ("there is no milestone", By("helps::project::a_version_of_the_past_is_explained")),
            ("the milestones are", By("helps::project::a_version_of_the_past_is_explained")),
        ],
    ),
    (
        "history/counted_version.rs",
        &[
            ("set `version.initial`", By("helps::project::a_clone_is_completed")),
            ("release it from the branch", By("helps::project::a_version_is_released_from_the_branch_of_its_series")),
            ("if the tags are only missing", By("helps::project::a_clone_is_completed")),
            ("`version.tags = ", By("release_tags::the_form_is_configured")),
            ("write the form that counts", By("release_tags::the_form_is_configured")),
            ("{wish}\n`version.ignore-tags", By("release_tags::the_form_is_configured")),
            (
                "{help}\nif tags of another form",
                By("release_tags::tags_with_the_name_of_another_project_are_configured"),
            ),
            ("remove `version.merged-tags`", By("release_tags::merged_tags_can_be_left_out")),
            ("to count merged tags", By("release_tags::merged_tags_can_be_left_out")),
        ],
    ),
    (
        "history/lint/branch.rs",
        &[
            ("put the branch on top of it instead", By("lint::the_help_of_a_finding_removes_it")),
            ("put the branch on top of it:", By("lint::the_help_of_a_finding_removes_it")),
            ("drop the commit", By("lint::the_help_of_a_finding_removes_it")),
            ("fold it into", By("lint::the_help_of_a_finding_removes_it")),
            ("finish it, and give it", No("a person finishes the work and writes the subject")),
            ("squash it into that commit", No("a person decides; the plan of `--fix-plan` is run in `lint::plan`")),
            ("say what each of them does", No("a person writes the subjects")),
        ],
    ),
    (
        "history/lint/message.rs",
        &[
            ("leave the line", No("a person knows which of the lines is true")),
            ("put a blank line", No("a person writes the message; each rule has good examples in `lint`")),
            ("say in one line", No("a person writes the message; each rule has good examples in `lint`")),
            ("write it in UTF-8", No("a person writes the message; each rule has good examples in `lint`")),
        ],
    ),
    ("history/load.rs", &[("run `git fetch", By("messages::a_shallow_clone"))]),
    ("history/release_tags/mod.rs", &[("set `project.name`", By("release_tags::the_form_is_configured"))]),
    ("history/since.rs", &[("write a milestone", By("release_tags::a_changelog_begins_after_a_release"))]),
    (
        "project/config/shape.rs",
        &[
            ("did you mean", By("helps::template::a_configuration_is_corrected")),
            ("write ", By("helps::template::a_configuration_is_corrected")),
            ("docs/configuration.md", No("it names the document in which a person reads on")),
            ("a ", No("it is the name of a kind of value, part of the message")),
            ("`true` or", No("it is the name of a kind of value, part of the message")),
        ],
    ),
    ("project/config/unknown.rs", &[("did you mean", By("helps::template::a_configuration_is_corrected"))]),
    (
        "project/name.rs",
        &[
            ("write `[project]`", By("helps::template::a_name_and_a_template_are_written")),
            ("correct it, or state", By("helps::template::a_name_and_a_template_are_written")),
        ],
    ),
    ("project/release.rs", &[("unpack the source", By("helps::project::an_unpacked_archive_gives_way_to_a_clone"))]),
    (
        "project/release_info.rs",
        &[("unpack the source", By("helps::project::an_unpacked_archive_gives_way_to_a_clone"))],
    ),
    (
        "project/spec_file.rs",
        &[
            ("commit it, or {}", By("helps::template::a_name_and_a_template_are_written")),
            ("correct `rpm.spec`", By("helps::template::a_name_and_a_template_are_written")),
            ("convert it", By("helps::template::a_template_in_another_encoding_is_converted")),
            ("name it relative", By("helps::template::a_name_and_a_template_are_written")),
            ("name a spec", By("helps::template::a_name_and_a_template_are_written")),
            ("say which", By("helps::template::a_name_and_a_template_are_written")),
        ],
    ),
    (
        "project/workspace.rs",
        &[
            ("give `--project`", By("helps::project::a_folder_without_a_project_is_left_for_one_with")),
            ("run this in a clone", By("helps::project::an_unpacked_archive_gives_way_to_a_clone")),
            ("run this inside", By("helps::project::a_folder_without_a_project_is_left_for_one_with")),
        ],
    ),
];
