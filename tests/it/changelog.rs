//! The changelog, as the real rpmbuild takes it and as it is read back.

use std::process::Command;

use releng::base::error::{Exit, Failure};
use releng::base::progress::Silent;
use releng::git::Repository;
use releng::history::changelog::Repackaging;
use releng::history::{
    Changelog, CountedRelease, LookBack, Version, VersionRequest, VersionRules, load_changelog, load_release,
    load_version,
};

use crate::support::history::{History, START, Written};

#[track_caller]
fn changelog(written: &Written) -> Changelog {
    let repository = written.open();
    load_changelog(&repository, repository.head().unwrap(), &VersionRules::default(), None, &Silent).unwrap()
}

/// Messages and people that real histories have and no one would think of.
fn odd_history() -> History {
    let mut history = History::default();
    history.by("<>").commit("");
    history.by("Ada - 1.0-1 <ada@example.org>").commit("100% %{name} %changelog\n\nBug-Url: https://example.org/%7e");
    history.tag("1.0", history.tip());
    history.by(b"Andr\xe9 \x1b[1m <a b>").encoded("ISO-8859-1").commit(b"caf\xe9\tcr\xe8me\x07");
    history.by("% * % <%@example.org>").commit(b"* starts with a star \xff\xfe\n* Thu Mar 19 2020 x - 1-1");
    history.commit(
        "- dash\r\n\nBUG-URL: https://bugzilla.redhat.com/show_bug.cgi?id=12\r\nBug-Url: none of your business",
    );
    history.commit(format!("{} FIXED BUGS: {}\n", "word ".repeat(20), "long".repeat(40)));
    let bugs = (1..9).map(|n| format!("Bug-Url: https://github.com/example/example/issues/{n}\n"));
    history.commit(format!("many bugs\n\n{}", bugs.collect::<String>()));
    for trap in ["#12", "%if", "%{", "%dnl", "\\", "%changelog", "*", "%%"] {
        history.commit(format!(
            "sixty columns of text that ends where the next word is one {trap} {trap} and more {trap}"
        ));
        history.commit(format!("fifty columns of text that ends where the next word {trap} {trap} {trap} more {trap}"));
    }
    history.dated(1).commit("from 1970");
    history.dated(START + 86_400).commit("\u{202e}reversed \u{2028} \u{3000} blanks\u{a0}");
    history.dated(4_200_000_000).commit("far away\nSem-Ver: feature");
    let side = history.on(&[history.tip()], "#!/bin/sh\n\nBug-Url: https://bugzilla.redhat.com/7, \tBUG-8");
    history.merge("%if 0", &[side]);
    history
}

/// Builds a source package with the changelog; what rpmbuild says, and what rpm reads from the package.
#[track_caller]
fn through_rpm(changelog: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let head = "Name: odd\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\n%description\nd\n%changelog\n";
    std::fs::write(folder.path().join("odd.spec"), format!("{head}{changelog}")).unwrap();
    let top = format!("_topdir {}", folder.path().display());
    let build =
        Command::new("rpmbuild").args(["-bs", "--define", &top, "odd.spec"]).current_dir(folder.path()).output();
    let build = build.unwrap();
    let said = String::from_utf8_lossy(&build.stdout).into_owned() + &String::from_utf8_lossy(&build.stderr);
    assert!(build.status.success(), "{said}");
    let package = folder.path().join("SRPMS/odd-1-1.src.rpm");
    let query = Command::new("rpm").args(["-qp", "--changelog"]).arg(package).env("TZ", "UTC").output().unwrap();
    (said, String::from_utf8(query.stdout).unwrap())
}

#[test]
fn rpmbuild_takes_it_without_a_word_and_gives_it_back() {
    let changelog = changelog(&odd_history().write());
    let (said, read) = through_rpm(&changelog.render_spec(None));
    assert_eq!(said.lines().filter(|line| !line.starts_with("Wrote: ")).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(read.trim_end(), changelog.render_rpm().trim_end());
    let (said, read) = through_rpm(&changelog.render_spec(Some(Repackaging { release: 3 })));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(read.lines().next().unwrap().ends_with("-3"), "{read}");
}

#[test]
fn the_text_reads_back_into_the_same_forms() {
    let original = changelog(&odd_history().write());
    let mut read = Changelog::parse(&original.render_rpm()).unwrap();
    assert_eq!(read.render_rpm(), original.render_rpm());
    assert_eq!(read.render_markdown(), original.render_markdown());
    let changes = |log: &mut Changelog| {
        for entry in &mut log.entries {
            entry.committed = entry.date; // the text has the clamped day alone
            entry.changes.iter_mut().for_each(|change| change.commit = None);
        }
        log.clone()
    };
    assert_eq!(changes(&mut read), changes(&mut original.clone()));
}

#[test]
fn the_text_of_a_small_history() {
    let mut history = History::default();
    history.commit("Begin");
    history.tag("0.9", history.tip());
    let side =
        history.on(&[history.tip()], "Add a thing\n\nSem-Ver: feature\nBug-Url: https://bugzilla.redhat.com/1404287\n");
    history.merge("Merge pull request #7 from ada/thing, which brings so many words that they do not fit", &[side]);
    history.by("Eve <eve@example.org>").commit("Fix 100% of it");
    let written = history.write();
    let short = |mark| written.id(mark).short();
    let merge = written.git(&["rev-parse", "--short=8", "main~1"]);
    let tip = short(history.tip());
    let expected = format!(
        "* Thu Mar 19 2020 Eve <eve@example.org> - 0.10.1-1
- {tip}: Fix 100% of it

* Thu Mar 19 2020 Ada Example <ada@example.org> - 0.10.0-1
- {}: Merge pull request #7 from ada/thing, which brings so many words
  that they do not fit
- {}: Add a thing
  FIXED BUGS: BZ#1404287
",
        merge.trim(),
        short(side)
    );
    let repository = written.open();
    let head = repository.head().unwrap();
    let since =
        load_changelog(&repository, head, &VersionRules::default(), Some(&"0.9".parse().unwrap()), &Silent).unwrap();
    assert_eq!(since.render_rpm(), expected);
    assert_eq!(changelog(&written).since(&Version::new(0, 9, 0)).unwrap(), since);
    let again = since.newest(1).render_spec(Some(Repackaging { release: 2 }));
    assert_eq!(
        again,
        format!(
            "* Thu Mar 19 2020 Eve <eve@example.org> - 0.10.1-2
- Packaged again, without a change of the sources

* Thu Mar 19 2020 Eve <eve@example.org> - 0.10.1-1
- {tip}: Fix 100%% of it
"
        )
    );
}

#[test]
fn the_forms_for_people_and_machines() {
    let mut history = History::default();
    history.commit("Begin *here*\n\nBug-Url: https://bugzilla.redhat.com/7\nBug-Url: https://example.org/8\n");
    let written = history.write();
    let id = written.id(history.tip());
    let short = id.short();
    let changelog = changelog(&written);
    let markdown =
        format!("## 0.0.1 (2020-03-19)\n\n- `{short}` Begin \\*here\\* (fixes BZ#7, <https://example.org/8>)\n");
    assert_eq!(changelog.render_markdown(), markdown);
    let json = format!(
        r#"{{"schema":"releng.changelog/1","entries":[{{"version":"0.0.1","release":1,"date":"2020-03-19","author":{{"name":"Ada Example","email":"ada@example.org"}},"changes":[{{"id":"{short}","commit":"{id}","subject":"Begin *here*","bugs":["BZ#7","https://example.org/8"]}}]}}]}}"#
    );
    assert_eq!(changelog.render_json(), json + "\n");
}

#[test]
fn an_unknown_milestone_is_refused_with_those_there_are() {
    let mut history = History::default();
    history.commit("Begin");
    history.tag("0.9", history.tip());
    history.commit("s\n\nSem-Ver: feature");
    let written = history.write();
    let repository = written.open();
    let refused = load_changelog(
        &repository,
        repository.head().unwrap(),
        &VersionRules::default(),
        Some(&"0.8".parse().unwrap()),
        &Silent,
    )
    .unwrap_err();
    let failure = refused.downcast::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::Usage);
    assert_eq!(failure.help.unwrap(), "the milestones are 0.10, 0.9");
}

#[test]
fn a_shallow_clone_has_what_is_in_sight() {
    let mut history = History::default();
    history.patches(3);
    history.tag("0.9", history.tip());
    history.patches(2);
    let written = history.write();
    let repository = Repository::open(&written.clone_with(&["--depth=3"])).unwrap();
    let head = repository.head().unwrap();
    assert_eq!(
        load_changelog(&repository, head, &VersionRules::default(), Some(&"0.9".parse().unwrap()), &Silent)
            .unwrap()
            .entries
            .len(),
        2
    );
    let refused = load_changelog(&repository, head, &VersionRules::default(), None, &Silent)
        .unwrap_err()
        .downcast::<Failure>()
        .unwrap();
    assert_eq!(refused.exit, Exit::NotEnoughHistory);
}

#[test]
fn dates_never_rise() {
    let mut history = History::default();
    for day in [5, 9, 1, 3, 2] {
        history.dated(START + 86_400 * day).commit("c");
    }
    let days = changelog(&history.write()).entries.iter().map(|entry| entry.date.day()).collect::<Vec<_>>();
    assert_eq!(days, [21, 21, 20, 20, 20]);
}

#[test]
fn an_assumed_version_is_that_of_the_newest_entry() {
    let mut history = History::default();
    history.patches(2);
    let assumed = changelog(&history.write()).assume_version("7.0.0".parse().unwrap());
    assert_eq!(assumed.entries.iter().map(|entry| entry.version.to_string()).collect::<Vec<_>>(), ["7.0.0", "0.0.1"]);
}

#[test]
fn a_text_of_another_program_is_refused() {
    for (text, line) in [
        ("words\n", 1),
        ("* Thu Mar 19 2020 Ada - 1.0.0-1\nwords\n", 2),
        ("* Thu Mar 19 2020 Ada - 1.0.0-1\n- 12345678: s\nwords\n", 3),
        ("* Thu Mar 19 2020 Ada - 1.0.0-2\n", 1),
        ("* Thu Mar 19 2020 Ada\n", 1),
    ] {
        assert_eq!(Changelog::parse(text).unwrap_err().line, line, "{text}");
    }
    assert!(Changelog::parse("").unwrap().entries.is_empty());
}

#[test]
fn a_release_has_one_version_whatever_its_dates() {
    const FUTURE: i64 = 1_900_000_000;
    let mut history = History::default();
    history.dated(FUTURE);
    let root = history.commit("root\n\nSem-Ver: api-breaking\n");
    let tagged = history.patches(1_500);
    history.tag("3.5", tagged);
    history.dated(FUTURE + 1);
    let side = history.on(&[root], "side\n");
    history.merge("merge\n", &[side]);
    let written = history.write();
    let repository = written.open();
    let commit = repository.head().unwrap();
    let request = VersionRequest { commit, rules: &VersionRules::default(), branch: None, look_back: LookBack::Whole };
    let CountedRelease { counted, changelog } = load_release(&repository, &request, &Silent).unwrap();
    assert_eq!(counted.version.to_string(), "3.5.1");
    assert_eq!(changelog.entries[0].version, counted.version);
    assert_eq!(load_version(&repository, &request, &Silent).unwrap().version, counted.version);
}
