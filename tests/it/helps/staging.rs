//! Helps of `stage`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::{commands_of, follow, run_shell};
use crate::support::program::run_in;
use crate::support::rpms::Rpm;
use crate::support::site::Site;

/// A release with packages that is not staged.
fn built() -> Site {
    let site = Site::new();
    site.commit("One").build(&["el9"]);
    site
}

#[test]
fn a_release_is_made_before_it_is_staged() {
    let site = Site::new();
    site.commit("One");
    let refused = site.releng(&["stage"]).exits(1).says(&["make a release first"]);
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.releng(&["stage"]).exits(0);
    let elsewhere = ["stage", "--from", "the other"];
    site.commit("Two");
    let refused = site.releng(&elsewhere).exits(1).says(&["or name its folder: `--from DIR`"]);
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.releng(&elsewhere).exits(0);
}

#[test]
fn all_files_are_added_to_the_checksums_by_one_command() {
    let site = built();
    for number in 10..22 {
        site.project.write(&format!("target/dist/sources/it's new {number}"), "x");
    }
    let refused = site.releng(&["stage"]).exits(1).says(&["it\\'s new 10`", " and 2 more are not in `SHA256SUMS`"]);
    assert!(!refused.stderr.lines().next().unwrap().contains("new 20"), "{}", refused.stderr);
    follow(site.project.path(), &refused, "sha256sum", &[]).exits(0);
    let after = site.releng(&["stage"]);
    assert!(!after.stderr.contains("in `SHA256SUMS`"), "{}", after.stderr);
}

#[test]
fn a_folder_that_was_copied_in_part_is_copied_again() {
    let site = built();
    run_in(site.project.path(), "cp", &["-r", "target/dist", "target/whole"], &[]).exits(0);
    site.project.write("target/dist/sources/demo-1.0.1.zip", "cut off");
    site.releng(&["stage"]).exits(1).says(&["copy the whole folder again"]);
    fs::remove_dir_all(site.project.join("target/dist")).unwrap();
    run_in(site.project.path(), "cp", &["-r", "target/whole", "target/dist"], &[]).exits(0);
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_file_whose_name_is_not_utf_8_is_removed() {
    let site = built();
    let file = site.project.join("target/dist/sources").join(OsStr::from_bytes(b"latin\xe9"));
    fs::write(&file, "x").unwrap();
    site.releng(&["stage"]).exits(1).says(&["the name of `sources/latin\\xe9` is not UTF-8", "help: remove it"]);
    fs::remove_file(file).unwrap();
    site.releng(&["stage"]).exits(0);
}

#[test]
fn packages_of_another_release_are_removed() {
    let site = built();
    let old = site.add(&Rpm::new("demo", "1.0.0").dist("el9"), "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(1).says(&["build the packages of this release, or remove the old ones"]);
    fs::remove_file(old).unwrap();
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_release_without_all_packages_is_staged_without_any() {
    let site = built();
    let builds = site.project.join("target/dist/builds.json");
    let text = fs::read_to_string(&builds).unwrap();
    fs::write(
        &builds,
        text.replacen(
            '{',
            "{\"wanted\":[{\"dist\":\"el9\",\"arch\":\"x86_64\"},{\"dist\":\"el8\",\"arch\":\"x86_64\"}],",
            1,
        ),
    )
    .unwrap();
    site.list();
    let refused = site.releng(&["stage"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    refused.says(&["it has no packages for", "and their lines in `SHA256SUMS`, to stage only the sources"]);
    fs::remove_dir_all(site.project.join("target/dist/rpm")).unwrap();
    fs::remove_file(builds).unwrap();
    site.list();
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_record_of_the_builder_is_written_by_hand() {
    let site = built();
    fs::remove_file(site.project.join("target/dist/builds.json")).unwrap();
    site.list();
    let refused = site.releng(&["stage"]).exits(1).says(&["writes it; for packages of another builder write it"]);
    let line = refused.stderr.lines().find(|line| line.contains("\"schema\"")).unwrap();
    let example = &line[line.find('{').unwrap()..=line.rfind('}').unwrap()];
    let package = "rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";
    let digest = releng::base::checksum::digest_of_file(&site.project.join("target/dist").join(package)).unwrap();
    let text = example.replace("rpm/…", package).replacen("\"…\"", &format!("\"{digest}\""), 1).replace(", …", "");
    site.project.write("target/dist/builds.json", text);
    site.list();
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_noarch_package_of_another_host_is_declared_portable() {
    let site = built();
    site.list_builds(|_| "fc42".to_owned());
    site.releng(&["stage"]).exits(1).says(&["if noarch packages fit every dist, set `rpm.portable-noarch`"]);
    site.project.commit("Declare it", &[("packaging/release.toml", "[rpm]\nportable-noarch = true\n")]);
    site.build(&["el9"]);
    site.list_builds(|_| "fc42".to_owned());
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_release_of_another_project_is_left_for_the_own_one() {
    let site = built();
    run_in(site.project.path(), "cp", &["-r", "target/dist", "target/other"], &[]).exits(0);
    site.project.commit(
        "Rename",
        &[("packaging/release.toml", "[project]\nname = \"other\"\n"), ("packaging/demo.spec.in", "")],
    );
    site.project.git(&["rm", "-q", "packaging/demo.spec.in"]);
    site.project.commit("Rename it", &[]);
    site.releng(&["stage", "--from", "target/other"]).exits(2).says(&["name another folder with `--from DIR`"]);
    site.releng(&["dist", "--no-stage", "--out", "target/own"]).exits(0);
    site.releng(&["stage", "--from", "target/own"]).exits(0);
}

#[test]
fn a_dist_that_has_packages_is_not_ended() {
    let site = built();
    site.releng(&["stage", "--end-dist", "el9"]).exits(2).says(&["leave the flag out, or the packages"]);
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_number_of_a_snapshot_is_stated() {
    let site = built();
    site.releng(&["stage", "--pipeline", "7"]).exits(0);
    site.commit("Two").build(&["el9"]);
    let refused = site.releng(&["stage", "--pipeline", "7"]).exits(1).says(&["a number is never used twice"]);
    let flag = commands_of(&refused).into_iter().find(|flag| flag.starts_with("--pipeline")).unwrap();
    run_shell(site.project.path(), &format!("releng stage {flag}")).exits(0);
    site.commit("Three").build(&["el9"]);
    let wrong = [("BUILD_NUMBER", "x7")];
    let refused = site.releng_with(&wrong, &["stage"]).exits(2).says(&["state the number"]);
    let flag = commands_of(&refused).into_iter().find(|flag| flag.starts_with("--pipeline")).unwrap();
    run_shell(site.project.path(), &format!("BUILD_NUMBER=x7 releng stage {}", flag.replace('N', "9"))).exits(0);
}

#[test]
fn a_damaged_package_is_copied_again() {
    let site = built();
    let path = "target/dist/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";
    let whole = fs::read(site.project.join(path)).unwrap();
    site.project.write(path, &whole[..whole.len() - 9]);
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(1).says(&["build it again, or copy it again"]);
    site.project.write(path, whole);
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
}

#[test]
fn a_damaged_source_archive_is_made_again() {
    let site = built();
    site.project.write("target/dist/sources/demo-1.0.1.tar.gz", "nonsense");
    site.list();
    let refused = site.releng(&["stage"]).exits(1).says(&["make it again: `releng dist`"]);
    follow(site.project.path(), &refused, "dist", &[]).exits(0);
    site.releng(&["stage"]).exits(0);
}
