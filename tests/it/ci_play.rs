//! The CI process as one story on one machine, with the real git, rpmbuild and dnf: a branch with a bad history becomes a package that
//! people install.

use std::os::unix::fs::PermissionsExt;

use crate::support::dnf::Client;
use crate::support::merge::{Landed, MergePlace, git_in, releng_at};
use crate::support::program::{Ran, run_in};

const CONFIG: &str = r#"[project]
name = "lago"

[rpm]
dists = ["el9"]
portable-noarch = true

[ci]
isolation = "none"
environment = ["TESTED", "RELENG"]

[[ci.check-patch]]
name = "unit"
run = ["python3", "-B", "tests.py"]

[[ci.check-merged]]
name = "unit"
run = ["sh", "-ec", "git rev-parse HEAD HEAD^{tree} >> \"$TESTED\"; python3 -B tests.py"]

[[ci.build-artifacts]]
name = "release"
run = ["sh", "-c", "\"$RELENG\" dist --rpm --no-stage"]
"#;

const TEMPLATE: &str = "Name: lago\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\n\
    License: MIT\nBuildArch: noarch\nSource0: @@SOURCE0@@\n\n%description\nText.\n\n%prep\n%autosetup\n\n%install\n\
    install -D -m 0644 virt.py %{buildroot}%{_datadir}/lago/virt.py\n\n%files\n%{_datadir}/lago\n\n%changelog\n";

const START: &str =
    "class VM(object):\n    def start(self):\n        return 'booted'\n\n    def stop(self):\n        pass\n";

const TESTS: &str = "from virt import VM\n\nassert VM().start() == 'booted'\n";

/// What a person writes in the editor of the rebase: the first subject with the new name of the parameter, and that it is a feature.
const EDITOR: &str = "#!/bin/sh\n\
    grep -v -e '^#' -e '^$' \"$1\" | head -n 1 | sed 's/ right_now/ sudo_right_now/' > message\n\
    if grep -q virt.VM message; then printf '\\nSem-Ver: feature\\n' >> message; fi\nmv message \"$1\"\n";

const BRANCH: &str = "my_fancy_feature";

/// The clone of Carl, who contributes.
struct Contributor<'a> {
    place: &'a MergePlace,
}

impl Contributor<'_> {
    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        git_in(&self.place.join("carl"), args)
    }

    fn releng(&self, args: &[&str]) -> Ran {
        releng_at(self.place.path(), "carl", args, &[])
    }

    #[track_caller]
    fn commit(&self, subject: &str, file: &str, text: &str) {
        std::fs::write(self.place.join("carl").join(file), text).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", subject]);
    }

    /// Ada pushes to the base, and Carl merges it.
    #[track_caller]
    fn merge_master(&self, file: &str) {
        self.place.commit(&format!("Add {file}"), &[(file, "text\n")]);
        self.place.at("work", &["push", "-q", "origin", "master"]);
        self.git(&["fetch", "-q", "origin"]);
        self.git(&["merge", "-q", "-m", "Merged master into my_fancy_feature", "origin/master"]);
    }

    /// The first history of the example in "A clean commit history".
    fn write_bad_history(&self) {
        let added = START.replace("start(self):\n", "start(self, right_now=False):\n");
        self.commit("Added right_now parameter to virt.VM.start function", "virt.py", &added);
        self.merge_master("one.txt");
        let tests = format!("{TESTS}assert VM().start(right_now=True) == 'booted'\n");
        self.commit("Added tests for the new parameter case", "tests.py", &tests);
        let renamed = added.replace("right_now", "sudo_right_now");
        self.commit("Renamed right_now parameter to sudo_right_now", "virt.py", &renamed);
        self.merge_master("two.txt");
        self.commit("Adapted test to the rename", "tests.py", &tests.replace("(right_now", "(sudo_right_now"));
    }

    /// Runs the plan of `lint`, as the help says, with an editor for the messages.
    fn rebase_by_plan(&self) {
        let plan = self.releng(&["lint", "--fix-plan"]).exits(0);
        let (_, beginning) = plan.stderr.trim_end().trim_end_matches('`').rsplit_once(' ').unwrap();
        let [todo, editor] = ["todo", "editor"].map(|name| self.place.join(name));
        std::fs::write(&todo, &plan.stdout).unwrap();
        std::fs::write(&editor, EDITOR).unwrap();
        std::fs::set_permissions(&editor, PermissionsExt::from_mode(0o755)).unwrap();
        let sequence = format!("cp '{}'", todo.display());
        let variables = [
            ("GIT_SEQUENCE_EDITOR", &*sequence),
            ("GIT_EDITOR", editor.to_str().unwrap()),
            ("GIT_COMMITTER_NAME", "Carl"),
            ("GIT_COMMITTER_EMAIL", "carl@example.org"),
        ];
        let args = ["rebase", "-i", "--autosquash", "--empty=drop", beginning];
        run_in(&self.place.join("carl"), "git", &args, &variables).exits(0);
    }
}

#[test]
fn a_branch_becomes_a_package_that_people_install() {
    // Ada keeps a project on a server that has git and nothing else.
    let place = MergePlace::new(CONFIG);
    place.commit("Add the VM", &[("packaging/lago.spec.in", TEMPLATE), ("virt.py", START), ("tests.py", TESTS)]);
    place.at("work", &["tag", "1.0"]);
    place.at("work", &["push", "-q", "origin", "master", "1.0"]);

    // Carl starts a branch, and merges the base into it again and again.
    place.at("", &["clone", "-q", "origin.git", "carl"]);
    let carl = Contributor { place: &place };
    carl.git(&["checkout", "-q", "-b", BRANCH, "origin/master"]);
    carl.write_bad_history();
    carl.git(&["push", "-q", "origin", BRANCH]);

    // `lint` finds it, and the plan makes the history that the document asks for, with the same files.
    let found = carl.releng(&["lint"]).stdout;
    assert_eq!(found.matches("merge-from-base").count(), 2, "{found}");
    assert_eq!(found.matches("rewrites-own-branch").count(), 2, "{found}");
    let files = carl.git(&["rev-parse", "HEAD^{tree}"]);
    carl.rebase_by_plan();
    assert_eq!(carl.git(&["rev-parse", "HEAD^{tree}"]), files);
    let history = carl.git(&["log", "--reverse", "--format=%s", "origin/master.."]);
    assert_eq!(
        history,
        "Added sudo_right_now parameter to virt.VM.start function\nAdded tests for the new parameter case"
    );
    carl.releng(&["ci", "check-patch"]).exits(0).prints("lint: passed\nunit: passed\n");
    carl.git(&["push", "-q", "--force-with-lease", "origin", BRANCH]);
    let head = carl.git(&["rev-parse", "HEAD"]);

    // Ada merges it. What lands is what was tested, and the version is that of a new feature.
    let base = place.tip("master");
    let merge = place.merge(BRANCH).exits(0).stdout.trim().to_owned();
    assert_eq!(place.tip("master"), merge);
    let tested = std::fs::read_to_string(place.join("tested")).unwrap();
    assert_eq!(tested.lines().next(), Some(merge.as_str()));
    assert_eq!(place.at("origin.git", &["show", "-s", "--format=%P", &merge]), format!("{base} {head}"));
    let message = place.at("origin.git", &["show", "-s", "--format=%B", &merge]);
    let expected = format!(
        "Merge branch 'my_fancy_feature'\n\nSem-Ver: feature\nTested-head: {head}\nApproved-by: Ada <ada@example.org>"
    );
    assert_eq!(message.trim_end(), expected);
    let landed = Landed { place: place.path(), pushed: &[base], heads: &[head] }.check();
    assert_eq!(landed, Ok(vec![merge.clone()]));
    place.at("work", &["pull", "-q", "--ff-only", "origin", "master"]);
    place.releng(&["version"]).exits(0).prints("1.1.0\n");

    // The release is in unstable, and `latest` leads to it.
    let unstable = place.join("work/target/repository/lago/unstable/1.0");
    let snapshot = "snapshot-lago_1.0_pipeline_1";
    assert_eq!(unstable.join("latest").read_link().unwrap().to_str(), Some(snapshot));
    let package = unstable.join("latest/rpm/el9/noarch/lago-1.1.0-1.el9.noarch.rpm");
    assert!(package.is_file(), "there is no {}", package.display());
    place.releng(&["verify"]).exits(0);
    let list = place.releng(&["ci", "status"]).exits(0).stdout;
    assert!(list.contains("1  done") && list.contains(&merge[..7]) && list.contains(snapshot), "{list}");

    // Somebody installs it.
    let address = unstable.join("latest/rpm/el9").display().to_string();
    let client = Client::new(&format!("[lago]\nname=Lago\nbaseurl=file://{address}\ngpgcheck=0\n"));
    client.install(&["lago"]).exits(0);
    assert_eq!(client.installed(), ["lago-1.1.0-1.el9.noarch"]);
    let installed = std::fs::read_to_string(client.root().join("usr/share/lago/virt.py")).unwrap();
    assert!(installed.contains("def start(self, sudo_right_now=False):"), "{installed}");
}
