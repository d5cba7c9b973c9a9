//! The `<name>-repo` package on a machine whose `.repo` file a person has installed before.

use crate::support::machine::Machine;
use crate::support::signed::SignedSite;

/// The served `.repo` file, and the name of that in the package.
const REPO_FILE: &str = "demo-stable-1.0-el9.repo";

#[test]
fn a_machine_has_one_repo_file_however_it_became_a_client() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let machine = Machine::new();
    let etc = |name: &str| format!("/etc/yum.repos.d/{name}");
    machine.write(&etc(REPO_FILE), &signed.site.text(REPO_FILE));
    let ran = machine.does(&["install", "demo-repo"], &["demo-repo-1.0"]);
    // The file of the person stays, with the address of the keys, and works.
    let new_file = format!("{REPO_FILE}.rpmnew");
    assert_eq!(machine.repo_files(), [REPO_FILE, &new_file], "{}", ran.stdout);
    assert!(machine.text(&etc(REPO_FILE)).contains("\ngpgkey=http://"));
    assert!(machine.text(&etc(&new_file)).contains("\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-demo\n"));
    let ran = machine.does(&["install", "demo"], &["demo-1.0.1", "demo-repo-1.0"]);
    assert!(!(ran.stdout + &ran.stderr).contains("listed more than once"));
    // The file of the package in its place works with the key of the package.
    machine.write(&etc(REPO_FILE), &machine.text(&etc(&new_file)));
    signed.promoted("Two");
    machine.does(&["upgrade"], &["demo-1.0.2", "demo-repo-1.0"]);
}
