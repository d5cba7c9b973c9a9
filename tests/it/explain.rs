//! How a version is explained to people and machines.

use releng::history::explain::{self, WorkTree};

use crate::version::{answer, side_break, tagged};

#[test]
fn an_explanation_fits_a_terminal() {
    let mut history = tagged();
    let side = history.on(&[history.tip()], "side\n\nsem-ver: Feature, and a lot of prose that goes on and on, and on");
    history.patches(8);
    history.merge("Merge a side branch whose subject is far too long for a line of eighty columns", &[side]);
    history.commit("break\n\nSem-Ver: api-breaking");
    history.commit("red \x1b[31mfix");
    let written = history.write();
    let explained = explain::render_text(&answer(&written.open()));
    let mut expected = "2.0.1 is the version of commit TIP
release tags: `X.Y`, recognised from the tags

1.2.0  BASE  base   tag 1.2
1.2.1  FIRST  patch  patch
                 patch  … 6 more patches …
1.2.8  LAST  patch  patch
1.3.0  MERGE  minor  Merge a side branch whose subject is far too long for a…
                        `sem-ver: Feature, and a lot of pro…` in commit SIDE
2.0.0  BREAK  major  break
                        `Sem-Ver: api-breaking`
2.0.1  TIP  patch  red [31mfix

warning: commit `BREAK` made 2.0.0 and has no tag `2.0` (and 1 other); tag
  it: `git tag -m 2.0 2.0 BREAK` [untagged-bump]
warning: `and a lot of prose that goes on and on` in commit `SIDE` is not a
  known value of `Sem-Ver:`, counted as a patch (and 1 other)
  [unknown-sem-ver-value]
"
    .to_owned();
    let name = |rev: &str| written.git(&["rev-parse", "--short=8", rev]).trim().to_owned();
    for (word, rev) in [
        ("TIP", "main"),
        ("BREAK", "main~1"),
        ("MERGE", "main~2"),
        ("SIDE", "main~2^2"),
        ("LAST", "main~3"),
        ("FIRST", "main~10"),
        ("BASE", "1.2"),
    ] {
        expected = expected.replace(word, &name(rev));
    }
    assert_eq!(explained, expected);
    assert!(explained.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn the_json_has_the_fields_of_its_schema() {
    let written = side_break().write();
    let answer = answer(&written.open());
    let name = |rev: &str| written.git(&["rev-parse", rev]).trim().to_owned();
    let (tip, base, side) = (name("main"), name("1.2"), name("main^2"));
    let message = &answer.warnings[0].message;
    let expected = format!(
        r#"{{"schema":"releng.version/1","version":"2.0.0","commit":"{tip}","base":"1.2","base_commit":"{base}","dirty":true,"steps":[{{"commit":"{tip}","level":"major","header":"Sem-ver: py2-breaking","from":"{side}","merged":null,"subject":"merge","version":"2.0.0"}}],"tags":{{"forms":["X.Y"],"origin":"recognised"}},"warnings":[{{"id":"untagged-bump","message":"{message}"}}]}}"#
    );
    assert_eq!(explain::render_json(&answer, WorkTree::Dirty), expected + "\n");
}
