//! `lint`: each rule with good and bad examples, the base of a branch, the formats.

mod formats;
mod message;
mod plan;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::helps::follow;
use crate::support::history::History;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// A project with the branch `topic`, which has no commit of its own yet.
fn branched() -> Sandbox {
    let project = Sandbox::unreleased(&[("virt.py", "one\ntwo\nthree\n")]);
    project.git(&["switch", "-q", "-c", "topic"]);
    project
}

/// The findings of a run with `--format json`: the subject of the commit (empty without one), and the rule.
#[track_caller]
fn findings(project: &Sandbox, args: &[&str]) -> Vec<(String, String)> {
    let ran = project.releng(&[&["lint", "--format", "json"], args].concat());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let mut found = Vec::new();
    for finding in report["findings"].as_array().unwrap() {
        let subject = finding["commit"].as_str().map(|commit| project.git(&["log", "-1", "--format=%s", commit]));
        found.push((subject.unwrap_or_default(), finding["rule"].as_str().unwrap().to_owned()));
    }
    found
}

/// Rule, a message that has a finding of it, and a message that has none. The good ones, and the bad ones where there are
/// real ones, come from the histories of Lago, nova and git.
const EXAMPLES: [(&str, &[u8], &[u8]); 29] = [
    ("subject-empty", b"", b"x"),
    ("subject-empty", b"\n \n", b"\n\nSubject after blank lines"),
    ("body-not-separated", b"Fix the disk\nand the network", b"Fix the disk\n\nand the network"),
    ("body-not-separated", b"[PATCH] Use return in\nfunctions", b"Fix the disk"),
    ("subject-dot", b"Remove the cache.", b"Wait for the network..."),
    ("subject-dot", b"Fix typos.\n\nIn docs", b"Read lago.conf"),
    ("conflict-markers", b"Fix\n\n<<<<<<< HEAD\na\n=======\nb", b"Title\n=======\n\ntext"),
    (
        "conflict-markers",
        b"Fix\n\n>>>>>>> origin/master",
        b"Fix\n\n>> quoted\n>>>>>>>>> more\n||||||| line and some tools",
    ),
    ("control-characters", b"Fix\x1b[31m the colour", b"Fix\n\n\tindented"),
    ("control-characters", b"Fix\n\nbell \x07", b"Fix\r\n\r\nfrom a web form\r\n"),
    ("control-characters", "Fix \u{202e}txt.exe".as_bytes(), "Caf\u{e9} \u{1f600} \u{5e9}".as_bytes()),
    ("not-utf-8", b"Fix caf\xe9", "Fix caf\u{e9}".as_bytes()),
    ("pseudo-header-misread", b"Fix\n\nSemVer: feature", b"Fix\n\nSem-Ver: feature"),
    ("pseudo-header-misread", b"Fix\n\nSem-Ver: major", b"Fix\n\nSem-ver: py2-breaking"),
    ("pseudo-header-misread", b"Fix\n\nSem-ver: api breaking", b"Fix\n\nSem-Ver: api-breaking"),
    ("pseudo-header-misread", b"Sem-Ver: feature", b"semver: Read versions"),
    ("pseudo-header-misread", b"Fix\n\n  Sem-Ver: feature\nSigned-off-by: A <a@b>", DOCUMENTATION),
    ("pseudo-header-misread", b"Fix\n\n> Sem-Ver: feature", b"Fix\n\nA Sem-Ver: feature line raises Y"),
    (
        "pseudo-header-misread",
        b"Fix\n\nBugUrl: https://bugzilla.redhat.com/1",
        b"Fix\n\nbug-url: https://bugzilla.redhat.com/1",
    ),
    ("pseudo-header-misread", b"Fix\n\nBug-Url:", b"Fix\n\nBug: 1234\nCloses-Bug: #1234"),
    ("pseudo-headers-disagree", b"Fix\n\nSem-Ver: feature\nSem-Ver: bugfix", b"Fix\n\nSem-Ver: bugfix\nSem-Ver: none"),
    (
        "pseudo-headers-disagree",
        b"Fix\n\nSem-Ver: feature\n\nSem-Ver: api-breaking",
        b"Fix\n\nSem-Ver: feature, api-breaking",
    ),
    ("fixup-left", b"fixup! Fix the disk", b"fixup the disk"),
    ("fixup-left", b"squash! Fix the disk", b"Squash! the bugs"),
    ("fixup-left", b"amend! Fix the disk", b"amend the documentation"),
    ("work-in-progress", b"WIP", b"Wipe the disk before use"),
    ("work-in-progress", b"wip: try the other driver", b"Use a tmp folder"),
    ("work-in-progress", b"[WIP] Add ovirt-guest-agent", b"Say why a WIP commit is refused"),
    ("work-in-progress", b"DO NOT MERGE testing CI", b"Do not merge caches twice"),
];

/// Commit e02497b of Lago, shortened.
const DOCUMENTATION: &[u8] = b"packaging:Added version manager script\n\nthe special commit message headers:\n\n    \
    Sem-Ver: feature\n\nTo bump the middle version and:\n\n    Sem-Ver: .*break.*\n\nTo bump the major version.\n";

#[test]
fn each_rule_finds_bad_messages_and_no_good_ones() {
    let mut examples = EXAMPLES.map(|(rule, bad, good)| (rule, bad.to_vec(), good.to_vec())).to_vec();
    for letter in ["x", "\u{e9}"] {
        examples.push(("subject-long", letter.repeat(73).into_bytes(), letter.repeat(72).into_bytes()));
    }
    examples.push(("subject-long", vec![b'x'; 73], format!("Revert \"{}\"", "x".repeat(70)).into_bytes()));
    let mut history = History::default();
    let base = history.commit("Begin\n");
    let mut expected = Vec::new();
    for (rule, bad, good) in &examples {
        expected.push((history.commit(bad), *rule, bad));
        expected.push((history.commit(good), *rule, good));
    }
    let written = history.write();
    let base = written.id(base).to_string();
    let ran = run_in(&written.path, PROGRAM, &["lint", "--base", &base, "--format", "json"], &[]).exits(1);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    for finding in report["findings"].as_array().unwrap() {
        found.insert((finding["commit"].as_str().unwrap(), finding["rule"].as_str().unwrap()));
    }
    for (at, (mark, rule, message)) in expected.iter().enumerate() {
        let id = written.id(*mark).to_string();
        assert_eq!(found.contains(&(&*id, *rule)), at % 2 == 0, "{rule}: {:?}", String::from_utf8_lossy(message));
    }
}

/// A line of a message that `lint` calls right is one that `version` counts, and the corrected line is right.
#[test]
fn a_corrected_line_counts() {
    for (wrong, right) in [
        ("SemVer: feature", "1.1.0"),
        ("Sem-Ver: major", "2.0.0"),
        ("  sem-ver: api breaking", "2.0.0"),
        ("Sem-Ver: minor", "1.1.0"),
        ("> Sem-Ver: deprecated", "1.1.0"),
        ("Sem_Ver : fixes", "1.0.1"),
    ] {
        let project = Sandbox::released(&[]);
        project.commit(&format!("Change\n\n{wrong}\n"), &[("a", "1")]);
        let ran = project.releng(&["lint", "--base", "1.0"]).exits(1).prints_part("[pseudo-header-misread]");
        let line = ran.stdout.split("help: write `").nth(1).unwrap().split('`').next().unwrap();
        project.git(&["commit", "-q", "--amend", "-m", &format!("Change\n\n{line}")]);
        project.releng(&["lint", "--base", "1.0"]).exits(0).prints("");
        project.releng(&["version"]).exits(0).prints(&format!("{right}\n"));
    }
}

#[test]
fn a_message_in_a_declared_encoding_is_text() {
    let mut history = History::default();
    let base = history.commit("Begin\n");
    history.encoded("ISO-8859-1").commit(b"Fix caf\xe9\n");
    let written = history.write();
    let base = written.id(base).to_string();
    let ran = run_in(&written.path, PROGRAM, &["lint", "--base", &base, "--format", "json"], &[]);
    assert!(!ran.stdout.contains("not-utf-8"), "{}", ran.stdout);
}

#[test]
fn a_clean_branch_and_its_base() {
    let project = branched();
    project.releng(&["lint"]).exits(0).prints("").says(&["checked 0 commits that `main` does not have"]);
    project.commit("Count the disks", &[("disk.py", "1")]);
    project.releng(&["lint"]).exits(0).prints("").says(&["checked 1 commit that `main` does not have"]);
    project.git(&["switch", "-q", "main"]);
    project.releng(&["lint", "--rev", "topic"]).exits(0).says(&["checked 1 commit "]);
    // The nearest of several branches; those of the remote go before local ones.
    project.git(&["branch", "v1"]);
    project.commit("Go on", &[("main.py", "1")]);
    project.git(&["switch", "-q", "topic"]);
    project.git(&["rebase", "-q", "main"]);
    project.releng(&["lint"]).exits(0).says(&["checked 1 commit that `main` does not have"]);
    let clone = Sandbox::bare();
    clone.git(&["clone", "-q", project.path().to_str().unwrap(), "."]);
    clone.releng(&["lint"]).exits(0).says(&["checked 1 commit that `origin/main` does not have"]);
}

#[test]
fn merges_empty_commits_and_subjects_of_a_branch() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1")]);
    project.git(&["switch", "-q", "main"]);
    project.commit("Go on", &[("main.py", "1")]);
    project.git(&["switch", "-q", "topic"]);
    project.git(&["merge", "-q", "--no-edit", "main"]);
    project.git(&["switch", "-q", "-c", "side"]);
    project.commit("Name the disks", &[("name.py", "1")]);
    project.git(&["switch", "-q", "topic"]);
    project.commit("Count the disks", &[("count.py", "2")]);
    project.git(&["merge", "-q", "--no-edit", "side"]);
    project.commit("Nothing", &[]);
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let expected = owned(&[
        ("Merge branch 'main' into topic", "merge-from-base"),
        ("Count the disks", "subject-twice"),
        ("Nothing", "commit-empty"),
    ]);
    assert_eq!(findings(&project, &[]), expected);
    project.git(&["switch", "-q", "main"]);
    project.commit("Go further", &[("main.py", "2")]);
    let expected = [expected, owned(&[("Nothing", "behind-base")])].concat();
    assert_eq!(findings(&project, &["--rev", "topic"]), expected);
    // The merge that will land brings the branch into the base, not the base into the branch.
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge pull request #1 from topic", "topic"]);
    let of_merge = findings(&project, &["--base", "main~1"]);
    assert!(of_merge.iter().all(|(subject, _)| !subject.contains("pull request")), "{of_merge:?}");
}

/// In git's own history, a topic often merges another one that it needs, which comes into the base later.
#[test]
fn a_merge_of_other_work_is_none_from_the_base() {
    let project = branched();
    project.commit("Count the disks", &[("disk.py", "1")]);
    project.git(&["switch", "-q", "-c", "needed", "main"]);
    project.commit("List the disks", &[("list.py", "1")]);
    project.git(&["switch", "-q", "topic"]);
    project.git(&["merge", "-q", "--no-edit", "needed"]);
    project.git(&["switch", "-q", "main"]);
    project.git(&["merge", "-q", "--no-ff", "--no-edit", "needed"]);
    let rules: Vec<String> = findings(&project, &["--rev", "topic"]).into_iter().map(|(_, rule)| rule).collect();
    assert_eq!(rules, ["behind-base"]);
}

#[test]
fn each_rule_has_a_severity() {
    let off = "[lint]\nmerge-from-base = \"off\"\nfixup-left = \"off\"\nwork-in-progress = \"off\"\n\
        subject-empty = \"off\"\nbody-not-separated = \"off\"\npseudo-header-misread = \"off\"\n\
        pseudo-headers-disagree = \"off\"\nconflict-markers = \"off\"\ncontrol-characters = \"off\"\nnot-utf-8 = \"off\"\n\
        commit-empty = \"off\"\nsubject-twice = \"off\"\nsubject-long = \"off\"\nsubject-dot = \"off\"\n\
        behind-base = \"off\"\nrewrites-own-branch = \"off\"\n";
    let project = branched();
    let every = "WIP\nmore\n\n<<<<<<< x\nSem-Ver: x\nSem-Ver: feature\nSem-Ver: fix\n\x07";
    for message in [every, every, "fixup! a", &format!("{}.", "x".repeat(80))] {
        project.write("message", message);
        project.git(&["commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "message"]);
    }
    let hash = project.git(&["commit-tree", "-p", "main", "-m", "Go on", "main^{tree}"]);
    project.git(&["branch", "-f", "main", &hash]);
    let merge = project.git(&["commit-tree", "-p", "topic", "-p", "main~1", "-m", "Merge", "main^{tree}"]);
    project.git(&["reset", "-q", "--hard", &merge]);
    let ids = |project: &Sandbox| findings(project, &[]).into_iter().map(|(_, rule)| rule).collect::<BTreeSet<_>>();
    assert!(ids(&project).len() >= 11, "{:?}", ids(&project));
    project.write("packaging/release.toml", off);
    project.releng(&["lint"]).exits(0).prints("");
    project.write("packaging/release.toml", off.replace("left = \"off", "left = \"warning"));
    project.releng(&["lint"]).exits(0).prints_part("warning: ").prints_part("[fixup-left]");
    project.write("packaging/release.toml", off.replace("dot = \"off", "dot = \"error"));
    project.releng(&["lint"]).exits(1).prints_part("error: ").says(&["error: 1 error\n"]);
    project.write("packaging/release.toml", "[lint]\nfixup-lefd = \"off\"\n");
    project
        .releng(&["lint"])
        .exits(2)
        .says(&["unknown key `lint.fixup-lefd`", "help: did you mean `lint.fixup-left`?"]);
}

#[test]
fn the_report_for_programs() {
    let project = branched();
    project.commit("Add it\n\nSemVer: feature", &[("a", "1")]);
    let (base, head) = (project.git(&["rev-parse", "main"]), project.git(&["rev-parse", "HEAD"]));
    let expected = serde_json::json!({ "schema": "releng.lint/1", "base": base, "head": head, "findings": [{
        "rule": "pseudo-header-misread", "severity": "error", "commit": head, "line": 3,
        "message": "`SemVer: feature`: the name is not spelled so that the line counts", "help": "write `Sem-Ver: feature`",
    }]});
    let ran = project.releng(&["lint", "--format", "json"]).exits(1).says(&["error: 1 error"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), expected);
    project.releng(&["lint"]).exits(1).prints(&format!(
        "error: {} \"Add it\" line 3: `SemVer: feature`: the name is not spelled so that the line counts \
         [pseudo-header-misread]\n  help: write `Sem-Ver: feature`\n",
        &head[..8]
    ));
}

#[test]
fn a_base_is_needed() {
    let project = branched();
    project.git(&["branch", "-m", "main", "trunk"]);
    let refused = project.releng(&["lint"]).exits(2).says(&["no branch matches `project.branches`"]);
    follow(project.path(), &refused, "lint --base", &[("REV", "trunk")]).exits(0);
}

#[test]
fn a_clone_that_is_too_shallow_is_completed() {
    let project = branched();
    for number in ["1", "2", "3"] {
        project.commit(&format!("Add {number}"), &[(number, number)]);
    }
    project.git(&["switch", "-q", "main"]);
    for number in ["4", "5", "6"] {
        project.commit(&format!("Add {number}"), &[(number, number)]);
    }
    project.git(&["switch", "-q", "topic"]);
    let url = format!("file://{}", project.path().display());
    let clone = Sandbox::bare();
    clone.git(&["clone", "-q", "--depth", "2", "--no-single-branch", &url, "."]);
    let refused = clone.releng(&["lint"]).exits(6).says(&["shallow clone: it ends at `"]);
    follow(clone.path(), &refused, "git fetch", &[]).exits(0);
    clone.releng(&["lint"]).exits(0).prints_part("[behind-base]");
    // Deep enough for the branch and its base.
    let clone = Sandbox::bare();
    clone.git(&["clone", "-q", "--depth", "4", "--no-single-branch", &url, "."]);
    clone.releng(&["lint"]).exits(0).says(&["checked 3 commits"]);
}

#[test]
fn the_help_of_a_finding_removes_it() {
    // `follow` reads the commands of standard error.
    let lint = |project: &Sandbox| {
        let ran = project.releng(&["lint", "--base", "main"]);
        Ran { stderr: ran.stdout.clone(), ..ran }
    };
    let project = branched();
    project.git(&["config", "user.name", "Ada"]);
    project.git(&["config", "user.email", "ada@example.org"]);
    project.git(&["config", "sequence.editor", "true"]);
    project.commit("Count the disks", &[("disk.py", "1")]);
    project.commit("Nothing", &[]);
    let found = lint(&project).exits(1).says(&["[commit-empty]"]);
    follow(project.path(), &found, "--no-keep-empty", &[]).exits(0);
    project.commit("fixup! Count the disks", &[("disk.py", "2")]);
    let found = lint(&project).exits(1).says(&["[fixup-left]"]);
    follow(project.path(), &found, "--autosquash", &[]).exits(0);
    lint(&project).exits(0).says_nothing();
    project.git(&["switch", "-q", "main"]);
    project.commit("Go on", &[("main.py", "1")]);
    project.git(&["switch", "-q", "topic"]);
    let behind = lint(&project).exits(0).says(&["[behind-base]"]);
    project.git(&["merge", "-q", "--no-edit", "main"]);
    let merged = lint(&project).exits(1).says(&["[merge-from-base]"]);
    follow(project.path(), &merged, "git rebase", &[]).exits(0);
    lint(&project).exits(0).says_nothing();
    project.git(&["reset", "-q", "--hard", "ORIG_HEAD~1"]);
    follow(project.path(), &behind, "git rebase", &[]).exits(0);
    lint(&project).exits(0).says_nothing();
    assert_eq!(project.git(&["log", "--format=%s", "main.."]), "Count the disks");
}

#[test]
fn the_message_of_a_squash_merge() {
    let project = branched();
    project.commit("Count the disks\n\nSem-Ver: feature", &[("disk.py", "1")]);
    project.releng(&["lint", "--squash"]).exits(0).prints("");
    project.commit("Name the disks\n\nSem-Ver: bugfix", &[("name.py", "2")]);
    project.releng(&["lint"]).exits(0).prints("");
    let squashed = project.releng(&["lint", "--squash"]).exits(1);
    squashed.prints_part("error: message line 9: the message of a squash merge: `Sem-Ver: bugfix`");
}

/// The merge base is that of git, also where dates are equal or wrong, and so are the commits.
#[test]
fn branches_are_as_git_sees_them() {
    let mut history = History::default();
    let root = history.commit("Root\n");
    let old = history.dated(5).commit("Old\n");
    let main = history.dated(5).commit("Main\n");
    let side = history.dated(9_000_000_000).on(&[old], "Side\n");
    let merged = history.dated(5).on(&[side, main], "Merge\n");
    let topic = history.dated(1).on(&[merged], "Topic\n");
    let cross = history.dated(5).merge("Cross\n", &[side]);
    let other = history.on(&[], "Other root\n");
    let written = history.write();
    let id = |mark| written.id(mark).to_string();
    for (base, head) in
        [(main, topic), (topic, main), (cross, topic), (topic, cross), (root, topic), (other, topic), (topic, topic)]
    {
        let (base, head) = (id(base), id(head));
        let ran = run_in(&written.path, PROGRAM, &["lint", "--base", &base, "--rev", &head, "--format", "json"], &[]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let bases = run_in(&written.path, "git", &["merge-base", "--all", &base, &head], &[]).stdout;
        match report["base"].as_str() {
            Some(found) => assert!(bases.lines().any(|base| base == found), "{found} is not in {bases}"),
            None => assert_eq!(bases, ""),
        }
        let count = written.git(&["rev-list", "--count", &head, &format!("^{base}")]);
        let plural = if count == "1\n" { "commit" } else { "commits" };
        ran.says(&[&format!("checked {} {plural} ", count.trim())]);
    }
}
