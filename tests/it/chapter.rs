//! "CI Process" and "Promotion of artifacts" of the user's document, from the first commit to the mail in the mailbox, on one machine: the
//! forge is a double, and git, the tests, the repository, dnf's files and the mail server are real.
//!
//! After each step, the test looks at what a person would look at.

use std::path::PathBuf;

use releng::project::config::ForgeKind;
use serde_json::{Value, json};

use crate::ci_respond::place::SOON;
use crate::support::forge::{Double, Note, PROJECT, PROJECT_ID, TOKEN};
use crate::support::mail::{MailServerProcess, read_mail};
use crate::support::merge::MergePlace;
use crate::support::program::Ran;
use crate::support::site::text;

const PASSWORD: &str = "letmein";
const BRANCH: &str = "my_fancy_feature";

/// The steps of the project: unit tests, the release, and an acceptance test that reads the snapshot as dnf would.
const STEPS: &str = "isolation = \"none\"\nenvironment = [\"RELENG\"]\n\
    [[ci.check-patch]]\nname = \"unit\"\nrun = [\"sh\", \"tests/unit.sh\"]\n\
    [[ci.check-merged]]\nname = \"unit\"\nrun = [\"sh\", \"tests/unit.sh\"]\n\
    [[ci.build-artifacts]]\nname = \"release\"\nrun = [\"sh\", \"-c\", \"\\\"$RELENG\\\" dist --no-stage\"]\n\
    [[acceptance]]\nname = \"sources\"\nrun = [\"sh\", \"-c\", \"cd $RELENG_SNAPSHOT/sources && sha256sum --check SHA256SUMS\"]\n";

const UNIT: &str = "set -e\ngrep -q 'def start' virt.py\n! grep -q BROKEN virt.py\n";

/// The virtual machine of the document.
const VIRT: &str = "class VM:\n    def start(self):\n        pass\n";

/// What a person writes for the first commit: its subject with the new name of the parameter.
const RENAME: &str = "sh -c 'grep -v -e \"^#\" -e \"^$\" \"$1\" | head -n 1 | sed \"s/ right_now/ sudo_right_now/\" > message && mv message \"$1\"' -";

/// A project on a forge, as the chapter begins.
struct Chapter {
    place: MergePlace,
    double: Double,
    mail: MailServerProcess,
}

impl Chapter {
    fn begin() -> Chapter {
        let double = Double::start(ForgeKind::Github);
        let mail = MailServerProcess::postfix(PASSWORD);
        let url = double.url();
        let config = format!(
            "[project]\nname = \"lago\"\n[version]\ninitial = \"0.1\"\n[ci]\nforge = \"github\"\nforge-url = \"{url}\"\n\
             forge-project = \"{PROJECT}\"\n{STEPS}[announce]\nto = \"lago-devel@example.org\"\nfrom = \"releases@example.org\"\n\
             smtp = \"smtp://mail.localhost:{}\"\nretry = \"1s\"\n",
            mail.port
        );
        let place = MergePlace::new(&config);
        place.commit("Added virt.VM", &[("virt.py", VIRT), ("tests/unit.sh", UNIT)]);
        place.at("work", &["push", "-q", "origin", "master"]);
        double.with(|state| {
            state.labels.push("needs review".to_owned());
            state.pulls[0].head_repository = Some(PROJECT_ID);
            state.pulls[0].author = 9;
            state.pulls[0].labels.clear();
        });
        Chapter { place, double, mail }
    }

    fn git(&self, args: &[&str]) -> String {
        self.place.at("work", args)
    }

    fn releng(&self, args: &[&str]) -> Ran {
        let (name, certificate) = self.mail.trust();
        let login = [("RELENG_SMTP_USER", "ada@mail.localhost"), ("RELENG_SMTP_PASSWORD", PASSWORD)];
        let forge = [("RELENG_FORGE_TOKEN", TOKEN), (name, certificate.as_str())];
        self.place.releng_with(args, &[&login[..], &forge].concat())
    }

    /// Pushes the branch; the forge has it as pull request 5.
    fn push_work(&self) -> String {
        let head = self.git(&["rev-parse", BRANCH]);
        self.git(&["push", "-q", "--force", "origin", BRANCH]);
        self.place.at("origin.git", &["update-ref", "refs/pull/5/head", &head]);
        self.double.with(|state| head.clone_into(&mut state.pulls[0].head));
        head
    }

    /// Delivers an event; the decision.
    fn deliver(&self, name: &str, event: &Value) -> Value {
        let path = self.join("event.json");
        std::fs::write(&path, event.to_string()).unwrap();
        let args = ["ci", "respond", "--event", path.to_str().unwrap(), "--name", name, "--out", "../decision.json"];
        let ran = self.place.releng_with(&args, &[("RELENG_FORGE_TOKEN", TOKEN), SOON]);
        serde_json::from_str(&ran.exits(0).stdout).unwrap()
    }

    fn says(&self, id: u64, (by, login): (u64, &str), words: &str) -> Value {
        let note = Note { id, pull: 5, author: by, text: words.to_owned(), is_system: false };
        self.double.with(|state| state.notes.push(note));
        let person = json!({"id": by, "login": login, "type": "User"});
        self.deliver(
            "issue_comment",
            &json!({
                "action": "created", "sender": person, "repository": {"full_name": PROJECT},
                "issue": {"number": 5, "state": "open", "user": {"id": 9}, "pull_request": {}},
                "comment": {"id": id, "user": person, "body": words, "created_at": "2026-01-02T03:04:05Z"},
            }),
        )
    }

    fn about_pull(&self, action: &str, (by, login): (u64, &str)) -> Value {
        let head = self.double.with(|state| state.pulls[0].head.clone());
        json!({
            "action": action, "sender": {"id": by, "login": login, "type": "User"}, "review": {"id": 1},
            "repository": {"full_name": PROJECT},
            "pull_request": {
                "number": 5, "state": "open", "user": {"id": 9}, "head": {"sha": head, "repo": {"id": PROJECT_ID}},
                "base": {"ref": "master", "repo": {"id": PROJECT_ID}},
            },
        })
    }

    /// What the page of the pull request shows: the last answer, the newest state of a status, the labels.
    fn last_answer(&self) -> String {
        self.double.with(|state| state.notes.iter().rev().find(|note| note.author == state.own).unwrap().text.clone())
    }

    fn status(&self, context: &str) -> String {
        self.double.with(|state| {
            let newest = state.statuses.iter().rev().find(|status| status.context == context).unwrap();
            assert_eq!(newest.commit, state.pulls[0].head);
            newest.state.clone()
        })
    }

    fn labels(&self) -> Vec<String> {
        self.double.with(|state| state.pulls[0].labels.clone())
    }

    fn join(&self, path: &str) -> PathBuf {
        self.place.join(path)
    }

    fn subjects(&self) -> Vec<String> {
        self.git(&["log", "--format=%s", "origin/master.."]).lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_fancy_feature_becomes_a_release() {
    let mut chapter = Chapter::begin();
    start_a_branch(&chapter);
    clean_the_history(&chapter);
    test_the_pull_request(&chapter);
    ask_for_a_review(&chapter);
    let merge = merge_it(&chapter);
    promote_it(&chapter, &merge);
    announce_it(&mut chapter, &merge);
}

/// "Starting a branch": with the history of the document that is not a good one.
fn start_a_branch(chapter: &Chapter) {
    let git = |args: &[&str]| chapter.git(args);
    git(&["checkout", "-q", "-b", BRANCH, "origin/master"]);
    let with = |name: &str| VIRT.replace("start(self)", &format!("start(self, {name}=False)"));
    chapter.place.commit("Added right_now parameter to virt.VM.start function", &[("virt.py", &with("right_now"))]);
    // Somebody else works on master meanwhile.
    git(&["checkout", "-q", "master"]);
    chapter.place.commit("Added a README", &[("README", "Lago\n")]);
    git(&["push", "-q", "origin", "master"]);
    git(&["checkout", "-q", BRANCH]);
    git(&["merge", "-q", "--no-ff", "-m", "Merged master into my_fancy_feature", "master"]);
    chapter.place.commit("Added tests for the new parameter case", &[("tests/start.py", "start(right_now=True)\n")]);
    chapter.place.commit("Renamed right_now parameter to sudo_right_now", &[("virt.py", &with("sudo_right_now"))]);
    chapter.place.commit("Adapted test to the rename", &[("tests/start.py", "start(sudo_right_now=True)\n")]);
    assert_eq!(chapter.subjects().len(), 5);
}

/// "A clean commit history": `lint` finds what the document does not like, and its plan makes the history that it likes.
fn clean_the_history(chapter: &Chapter) {
    let found = chapter.releng(&["lint", "--base", "origin/master"]).exits(1);
    found.prints_part("merge-from-base").prints_part("rewrites-own-branch");
    let tree = chapter.git(&["rev-parse", "HEAD^{tree}"]);
    let plan = chapter.releng(&["lint", "--base", "origin/master", "--fix-plan"]).exits(0).stdout;
    let file = chapter.join("plan");
    std::fs::write(&file, plan).unwrap();
    let sequence = format!("sequence.editor=cp {}", file.display());
    chapter.git(&[
        "-c",
        &sequence,
        "-c",
        &format!("core.editor={RENAME}"),
        "rebase",
        "-q",
        "-i",
        "--autosquash",
        "origin/master",
    ]);
    assert_eq!(
        chapter.subjects(),
        ["Added tests for the new parameter case", "Added sudo_right_now parameter to virt.VM.start function"]
    );
    assert_eq!(chapter.git(&["rev-parse", "HEAD^{tree}"]), tree, "nothing is lost");
    chapter.releng(&["lint", "--base", "origin/master"]).exits(0);
}

/// "That will automatically trigger a test run", and "Rerunning the tests".
fn test_the_pull_request(chapter: &Chapter) {
    let report = |result: &str| chapter.releng(&["ci", "report", "--decision", "../decision.json", "--result", result]);
    let check = || chapter.releng(&["ci", "check-patch", "--base", "origin/master"]);
    // The first version is broken.
    let good = chapter.git(&["rev-parse", "HEAD"]);
    chapter.place.commit("Broke the start", &[("virt.py", "def start(): BROKEN\n")]);
    chapter.push_work();
    let decision = chapter.deliver("pull_request", &chapter.about_pull("opened", (9, "linus")));
    assert_eq!(decision["action"], "check-patch");
    assert_eq!(chapter.status("releng/check-patch"), "pending");
    check().exits(1).says(&["unit"]);
    report("failure").exits(0);
    assert_eq!(chapter.status("releng/check-patch"), "failure");
    chapter.git(&["reset", "-q", "--hard", &good]);
    let head = chapter.push_work();
    // A stranger cannot start them, a member can.
    assert_eq!(chapter.says(41, (12, "eve"), "ci test please")["action"], "none");
    assert!(chapter.last_answer().contains("only members of the project"));
    let decision = chapter.says(42, (9, "linus"), "ci :+1:");
    assert_eq!((&decision["action"], &decision["head"]), (&json!("check-patch"), &json!(head)));
    assert!(chapter.last_answer().contains(&format!("accepted at {head}")) && chapter.last_answer().contains("0.1.4"));
    check().exits(0).prints_part("unit: passed");
    report("success").exits(0);
    assert_eq!(chapter.status("releng/check-patch"), "success");
}

/// "Asking for reviews".
fn ask_for_a_review(chapter: &Chapter) {
    chapter.says(43, (9, "linus"), "ci review please");
    assert_eq!(chapter.labels(), ["needs review"]);
    chapter.deliver("pull_request_review", &chapter.about_pull("submitted", (8, "grace")));
    assert_eq!(chapter.labels(), [""; 0]);
}

/// "Getting the pull request merged": the tests run on the merge commit, and its artifacts are in unstable. The merge commit.
fn merge_it(chapter: &Chapter) -> String {
    let before = chapter.place.tip("master");
    let head = chapter.git(&["rev-parse", BRANCH]);
    assert_eq!(chapter.says(44, (9, "linus"), "ci merge please")["action"], "none", "a member is no admin");
    assert_eq!(chapter.says(45, (7, "ada"), "> ci merge please\nNot yet")["action"], "none");
    assert_eq!(chapter.says(46, (7, "ada"), "ci merge please")["action"], "merge");
    chapter.git(&["checkout", "-q", "master"]);
    let merge = chapter.releng(&["ci", "merge", "--decision", "../decision.json"]).exits(0).stdout.trim().to_owned();
    assert_eq!(chapter.place.tip("master"), merge);
    assert_eq!(chapter.place.at("origin.git", &["rev-parse", "master^1", "master^2"]), format!("{before}\n{head}"));
    assert_eq!(chapter.status("releng/merge"), "success");
    let answer = chapter.last_answer();
    assert!(
        answer.starts_with(&format!("Merged into `master` as {merge}. Its release is in unstable as ")),
        "{answer}"
    );
    let status = chapter.releng(&["ci", "status"]).exits(0);
    status.prints_part(&merge[..8]);
    chapter.git(&["pull", "-q", "origin", "master"]);
    assert_eq!(chapter.releng(&["version"]).exits(0).stdout, "0.1.4\n");
    let latest = chapter.join("work/target/repository/lago/unstable/0.0/latest");
    assert_eq!(std::fs::read_link(&latest).unwrap().to_str(), Some("snapshot-lago_0.0_pipeline_1"));
    assert!(latest.join("sources/lago-0.1.4.tar.gz").exists());
    // The changelog that people get names the work.
    let changes = text(&latest.join("ChangeLog.txt"));
    assert!(changes.contains("0.1.4-1"), "{changes}");
    merge
}

/// "Promotion of artifacts to stable": the tests on the snapshot, and then the series.
fn promote_it(chapter: &Chapter, merge: &str) {
    chapter.releng(&["promote", "--major"]).exits(1).says(&["the acceptance test `sources` was not run"]);
    chapter.releng(&["accept"]).exits(0).prints_part("sources passed");
    let promoted = chapter.releng(&["promote", "--major"]).exits(0);
    promoted.says(&["promoted snapshot-lago_0.0_pipeline_1 (0.1.4) to stable/0.0"]);
    let stable = chapter.join("work/target/repository/lago/stable/0.0");
    assert!(text(&stable.join("ChangeLog_0.0.txt")).contains("0.1.4-1"));
    assert!(stable.join("sources/lago-0.1.4.zip").exists());
    let manifest: Value = serde_json::from_str(&text(&stable.join("manifest.json"))).unwrap();
    assert_eq!(manifest["release"]["commit"], merge);
    chapter.releng(&["status"]).exits(0).prints_part("`releng announce 0.1.4 --send`");
    chapter.releng(&["verify"]).exits(0);
}

/// "Send email to lago-devel with the announcement", and the release on the forge.
fn announce_it(chapter: &mut Chapter, merge: &str) {
    chapter.releng(&["announce", "--send"]).exits(0).says(&["250 2.0.0 Ok: queued as "]);
    let mail = read_mail(&chapter.mail.delivered(1)[0]);
    let subject = &mail.headers["subject"];
    assert!(subject.starts_with('[') && subject.ends_with("] New lago release - 0.1.4"), "{subject}");
    let day = subject[1..].split(']').next().unwrap();
    assert_eq!(day.split('-').map(str::len).collect::<Vec<_>>(), [2, 2, 4], "{day}");
    let begin = "Hi everyone! There's a new lago release with version 0.1.4 ready for you to\nupgrade!\n\nHere are the changes:\n    * ";
    assert!(mail.text.starts_with(begin) && mail.text.trim_end().ends_with("Enjoy!"), "{}", mail.text);
    chapter.releng(&["announce", "--send"]).exits(0).says(&["no announcement is due"]);

    let page = chapter.releng(&["announce", "--forge"]).exits(0).stdout;
    chapter.double.with(|state| {
        let [release] = &state.releases[..] else { panic!("{} releases", state.releases.len()) };
        assert_eq!((release.tag.as_str(), release.commit.as_str(), release.draft), ("0.1.4", merge, false));
        let names: Vec<&str> = release.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["lago-0.1.4.tar.gz", "lago-0.1.4.zip", "SHA256SUMS"]);
        assert!(release.notes.contains("Here are the changes:\n```\n* "), "{}", release.notes);
    });
    assert_eq!(chapter.releng(&["announce", "0.1.4", "--forge"]).exits(0).stdout, page);
    // The tag that the forge makes changes no version.
    chapter.git(&["tag", "0.1.4", merge]);
    assert_eq!(chapter.releng(&["version", "--strict"]).exits(0).stdout, "0.1.4\n");
}
