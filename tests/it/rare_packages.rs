//! Packages of rare kinds: a source package that lacks a source (`nosrc`) is a source package everywhere; a package of a module is named.

use crate::support::rpms::Rpm;
use crate::support::site::Site;

/// Promotes a release with a package and a source package that lacks its source.
#[track_caller]
fn promoted(site: &Site, message: &str) -> String {
    let version = site.commit(message).build(&["el9"]);
    let rpm = Rpm::new("demo", &version).dist("el9").line("Source0: data.tar.gz").line("NoSource: 0");
    rpm.build_source_into(&site.project.join("target/dist/rpm/el9/SRPMS"));
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    version
}

#[test]
fn a_release_with_nothing_but_a_nosrc_package_has_no_packages() {
    let site = Site::new();
    promoted(&site, "One");
    let version = promoted(&site, "Two");
    let source = format!("stable/1.0/rpm/el9/SRPMS/demo-{version}-1.el9.nosrc.rpm");
    assert!(site.served(&source).is_file());
    site.releng(&["verify"]).exits(0);
    site.releng(&["yank", &format!("demo-{version}-1.el9.noarch"), "--why", "it burns"]).exits(0);
    let manifest: serde_json::Value = serde_json::from_str(&site.text("stable/1.0/manifest.json")).unwrap();
    assert_eq!(manifest["release"]["version"], "1.0.1", "the newest release has no package that is installed");
    site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]).exits(0);
    let to_first = site.releng(&["rollback", "1.0", "--to", "1", "--dry-run"]).exits(0);
    to_first.says(&["stable/1.0 then has no packages for el9"]);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(!status.contains("el9 1.0"), "{status}");
}

#[test]
fn a_package_of_its_own_version_belongs_to_the_release_of_its_nosrc_package() {
    let site = Site::new();
    let version = site.commit("One").dist();
    let main = Rpm::new("demo", &version).dist("el9").line("Source0: data.tar.gz").line("NoSource: 0");
    site.add_together(&[main, Rpm::new("demo-tool", "7").dist("el9")], "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    assert!(site.served("unstable/1.0/latest/rpm/el9/noarch/demo-tool-7-1.el9.noarch.rpm").is_file());
}

#[test]
fn a_package_of_a_module_is_named() {
    let site = Site::new();
    site.commit("Go on").build(&["el9"]);
    site.add(&Rpm::new("demo-mod", "1.0.1").dist("el9").line("ModularityLabel: demo:1:2:c0ffee42"), "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0).says(&["demo-mod-1.0.1-1.el9.noarch.rpm` is of the module `demo:1:2:c0ffee42`"]);
}
