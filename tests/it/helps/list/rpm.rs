//! The help texts of `rpm/` and `source/`.

use super::FileRows;
use super::Followed::{By, No};

/// By file.
pub const PACKAGES: &[FileRows] = &[
    (
        "rpm/backend/container.rs",
        &[
            ("set `container", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("pin it", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("`podman images", By("container::an_image_is_pinned_and_there_and_has_rpmbuild")),
            ("correct it until", By("container::a_podman_that_is_not_there_or_not_set_up_is_named")),
        ],
    ),
    (
        "rpm/backend/copr.rs",
        &[
            ("renew the token", No("it needs an account on a build farm")),
            ("correct `[rpm.copr]`", No("the error is the farm's own, and its text says what to correct")),
            ("set `project", By("helps::rpm::a_configuration_of_builds_is_completed")),
        ],
    ),
    (
        "rpm/backend/koji.rs",
        &[
            ("log in to", No("it needs an account on a build farm")),
            ("correct `[rpm.koji]`", No("the error is the farm's own, and its text says what to correct")),
        ],
    ),
    (
        "rpm/backend/local.rs",
        &[
            ("set `rpm.portable-noarch`", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("build it with another `rpm.backend`", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("leave it out", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("set another", By("helps::rpm::a_configuration_of_builds_is_completed")),
        ],
    ),
    (
        "rpm/backend/model.rs",
        &[
            ("set `{} =", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("run this again", By("farms::a_farm_that_is_not_there_is_tried_again_and_then_left")),
        ],
    ),
    ("rpm/backend/mod.rs", &[("write `%global` lines", By("helps::rpm::a_configuration_of_builds_is_completed"))]),
    ("rpm/builds/drive.rs", &[("run this again", By("farms::a_run_that_is_killed_goes_on_where_it_was"))]),
    ("rpm/package.rs", &[("build it again", By("helps::staging::a_damaged_package_is_copied_again"))]),
    ("rpm/release/added.rs", &[("choose another", By("added_files::paths_that_cannot_be_are_refused"))]),
    (
        "rpm/release/apply.rs",
        &[
            ("let the template say", No("only an rpmbuild that names its file in another way gets there")),
            ("run it again", No("a file must change between two system calls of one run")),
        ],
    ),
    (
        "rpm/release/binaries.rs",
        &[
            ("set `dists", By("helps::rpm::a_configuration_of_builds_is_completed")),
            ("they are {named}", By("helps::rpm::a_configuration_of_builds_is_completed")),
        ],
    ),
    ("rpm/release/input.rs", &[("commit it", By("messages::a_template_that_is_not_committed_is_named"))]),
    (
        "rpm/release/packages.rs",
        &[
            ("build it for each", No("a person decides whether the packages of a spec are noarch")),
            ("run this again", By("rpm::a_run_that_ends_in_the_builds_leaves_the_old_results")),
        ],
    ),
    ("rpm/release/plan.rs", &[("name one", By("helps::project::a_bare_repository_gets_a_place_for_results"))]),
    ("rpm/release/source_files.rs", &[("commit `{name}`", By("helps::template::a_template_is_corrected"))]),
    (
        "rpm/release/spec_plan.rs",
        &[
            ("write `Version", By("helps::template::a_template_is_corrected")),
            ("let `{}` state", By("plain_spec::a_version_that_cannot_be_set_is_named")),
            ("correct the `Name:`", By("helps::template::a_template_is_corrected")),
        ],
    ),
    (
        "rpm/release/replace.rs",
        &[
            ("run this from", By("helps::project::a_place_for_results_is_chosen")),
            ("choose a new folder", By("messages::the_help_for_a_folder_of_others_names_one_that_works")),
            ("move it away", By("helps::project::a_place_for_results_is_chosen")),
        ],
    ),
    (
        "rpm/rpmbuild.rs",
        &[
            ("define it in", By("helps::template::a_template_is_corrected")),
            ("correct the spec", By("helps::template::a_template_is_corrected")),
        ],
    ),
    ("rpm/rust.rs", &[("if {dist} has", By("helps::rpm::a_newer_compiler_is_stated"))]),
    (
        "rpm/render/error.rs",
        &[
            ("set `[source]`", By("helps::template::a_template_is_corrected")),
            ("the markers are", By("helps::template::a_template_is_corrected")),
            ("commit a `Cargo.lock`", By("helps::template::a_template_is_corrected")),
            ("write `Release", By("helps::template::a_template_is_corrected")),
            ("write `Version", By("plain_spec::a_version_that_cannot_be_set_is_named")),
            ("{}; if no source RPM is wanted", By("plain_spec::a_marker_of_a_build_system_is_named")),
            ("state the value", By("plain_spec::a_marker_of_a_build_system_is_named")),
            ("set `rpm.srpm", By("plain_spec::a_marker_of_a_build_system_is_named")),
            ("write a template", By("plain_spec::a_template_of_another_language_is_named")),
        ],
    ),
    (
        "rpm/srpm/error.rs",
        &[
            ("{change}: only `rpmbuild`", By("helps::template::a_template_is_corrected")),
            ("define it in", By("helps::template::a_template_is_corrected")),
            ("give each file", By("helps::template::a_template_is_corrected")),
            ("set `rpm.srpm", By("helps::template::a_template_is_corrected")),
            ("remove the tag", By("helps::template::a_template_is_corrected")),
        ],
    ),
    (
        "source/conversion.rs",
        &[
            ("commit the file", By("helps::template::a_file_that_no_archive_can_have_is_left_out")),
            ("files tracked", By("helps::template::a_file_that_no_archive_can_have_is_left_out")),
            ("correct the pattern", By("helps::template::a_file_that_no_archive_can_have_is_left_out")),
            ("use placeholders", By("helps::template::a_file_that_no_archive_can_have_is_left_out")),
        ],
    ),
    (
        "source/generate.rs",
        &[
            ("let it write the same", By("added_files::a_program_is_run_twice_when_it_is_new")),
            ("correct it; `{shown}` runs", No("the error is the program's own, and its text says what to correct")),
            ("let it write a plain", No("a person corrects the program that makes the file")),
        ],
    ),
    ("source/unpack.rs", &[("make it again", By("helps::staging::a_damaged_source_archive_is_made_again"))]),
    (
        "source/vendor.rs",
        &[
            ("set `[source]`", By("helps::rpm::a_crate_without_a_lock_file_is_locked_or_not_vendored")),
            ("--locked was", No("it is a text of cargo that the cause is recognised by")),
            ("bring the lock", By("helps::crates::a_lock_file_is_brought_up_to_date")),
            ("failed to read", No("it is a text of cargo that the cause is recognised by")),
            ("No such file", No("it is a text of cargo that the cause is recognised by")),
            ("found duplicate", No("it is a text of cargo that the cause is recognised by")),
            ("take `{package}`", No("a person decides which of two sources of a crate is wanted")),
            ("install the Rust", No("it asks to install a program on the machine")),
            ("cargo fetches", By("helps::crates::crates_that_cannot_be_had_are_left_out")),
            ("correct it in", No("the error is cargo's own, and its text says what to correct")),
            ("a dependency has", By("helps::crates::a_crate_outside_of_the_project_is_moved_into_it")),
            ("`{}` is a submodule", By("helps::crates::a_crate_of_a_submodule_is_moved_into_the_project")),
            ("commit `{shown}`", By("helps::crates::a_crate_in_the_project_is_committed")),
            ("commit the lock", By("helps::rpm::a_crate_without_a_lock_file_is_locked_or_not_vendored")),
        ],
    ),
    ("source/zip.rs", &[("rename the file", By("helps::template::a_name_that_no_zip_can_have_is_changed"))]),
];
