//! The backend `mock`: its contract, with a stand-in on PATH that really runs rpmbuild. No mock has run here.

use std::os::unix::fs::PermissionsExt;

use crate::support::program::{PROGRAM, Ran, Sandbox, path_without, run_in};
use crate::support::specs::NOARCH;

/// As mock behaves: its configuration says the dist; packages, the source RPM of the dist and logs are left in the result
/// folder. Where a file `exit` lies beside it, it fails with that code.
const MOCK: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/calls"
[ ! -e "$here/exit" ] || { echo 'ERROR: Command failed'; exit "$(cat "$here/exit")"; }
root='' result='' srpm=''
set -- "$@" --end
while [ "$1" != --end ]; do
  case $1 in
  --root) root=$2; shift ;;
  --resultdir) result=$2; shift ;;
  --define) shift ;;
  --rebuild) srpm=$2; shift ;;
  *) echo "mock: error: unrecognized argument $1" >&2; exit 5 ;;
  esac
  shift
done
number=$(echo "$root" | cut -d - -f 2)
case $root in fedora-*) dist=".fc$number" ;; rocky+epel-*) dist=".el$number" ;; *) exit 3 ;; esac
mkdir -p "$result"
top=$(mktemp -d) && trap 'rm -rf "$top"' EXIT
rpmbuild --rebuild --nodeps --define "_topdir $top" --define "dist $dist" "$srpm" >"$result/build.log" 2>&1 || exit 10
rpm2cpio "$srpm" | (cd "$top/SOURCES" && cpio -id --quiet)
rpmbuild -bs --nodeps --define "_topdir $top" --define "dist $dist" "$top"/SOURCES/*.spec >>"$result/build.log" 2>&1 || exit 10
cp "$top"/RPMS/*/*.rpm "$top"/SRPMS/*.rpm "$result"
"#;

struct Builder {
    project: Sandbox,
}

impl Builder {
    fn new(name: &str, stand_in: &str, rpm: &str) -> Builder {
        let config = format!("[rpm]\nbackend = \"{name}\"\ndists = [\"el9\", \"fc42\"]\n{rpm}");
        let files = [("packaging/demo.spec.in", NOARCH), ("packaging/release.toml", &config), ("a", "1\n")];
        let project = Sandbox::released(&files);
        let builder = Builder { project };
        builder.install(name, stand_in);
        builder
    }

    /// Puts a program on PATH.
    fn install(&self, name: &str, script: &str) {
        let path = format!("target/bin/{name}");
        self.project.write(&path, script);
        std::fs::set_permissions(self.project.join(&path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[track_caller]
    fn releng(&self, args: &[&str]) -> Ran {
        // The machine may have a real mock and a real podman, which would reach for the network.
        let others = path_without(&self.project.join("target/others"), &["mock", "podman"]);
        let path = format!("{}:{others}", self.project.join("target/bin").display());
        run_in(self.project.path(), PROGRAM, args, &[("PATH", &path)])
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.project.join("target/bin/calls")).unwrap()
    }
}

#[test]
fn mock_builds_in_the_chroot_of_each_dist() {
    let mock = Builder::new("mock", MOCK, "[rpm.dist.fc42]\nmock = \"fedora-42-x86_64\"\n");
    mock.releng(&["dist", "--rpm"]).exits(0);
    assert_eq!(mock.project.files("target/dist/rpm").len(), 6);
    let calls = mock.calls();
    assert!(
        calls.contains("--root rocky+epel-9-x86_64 --resultdir ") && calls.contains("--root fedora-42-x86_64 "),
        "{calls}"
    );
    assert!(
        calls.contains("--define use_source_date_epoch_as_buildtime 1 ") && calls.contains("--rebuild /"),
        "{calls}"
    );
    mock.releng(&["verify"]).exits(0);
}

#[test]
fn what_mock_exits_with_means_something() {
    let mock = Builder::new("mock", MOCK, "");
    for (code, exit, words) in [
        ("10", 1, "the package does not build (mock, exit 10)"),
        ("5", 1, "mock rejects its configuration or arguments, exit 5"),
        ("30", 5, "mock could not prepare its chroot, exit 30"),
    ] {
        mock.project.write("target/bin/exit", code);
        mock.releng(&["rpm"]).exits(exit).says(&[words, "2 of 2 builds "]);
    }
    std::fs::remove_file(mock.project.join("target/bin/exit")).unwrap();
    mock.releng(&["rpm"]).exits(0);
}
