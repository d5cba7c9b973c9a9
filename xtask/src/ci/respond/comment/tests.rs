//! What speaks in a comment, and what does not.

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TEST: Spoken = Spoken::Command(SpokenCommand::Test);
const MERGE: Spoken = Spoken::Command(SpokenCommand::Merge { head: None });
const NEAR_MERGE: Spoken = Spoken::NearMiss("ci merge please");

fn merge_of(commit: &str) -> Spoken {
    Spoken::Command(SpokenCommand::Merge { head: Some(commit.parse().unwrap()) })
}

#[track_caller]
fn reads(cases: &[(&str, Spoken)]) {
    for (text, expected) in cases {
        assert_eq!(read_comment(text), *expected, "{text:?}");
    }
}

#[test]
fn the_phrases_of_the_users_document() {
    reads(&[
        ("ci test please", TEST),
        ("ci :+1:", TEST),
        ("ci :thumbsup:", TEST),
        ("ci merge please", MERGE),
        ("ci :shipit:", MERGE),
        ("ci review please", Spoken::Command(SpokenCommand::Review)),
        (&format!("ci merge please {COMMIT}"), merge_of(COMMIT)),
        (&format!("ci :shipit: {}", COMMIT.to_uppercase()), merge_of(COMMIT)),
    ]);
}

#[test]
fn case_blanks_and_the_signs_of_phones_are_free() {
    reads(&[
        ("CI Merge PLEASE", MERGE),
        ("  ci   merge\tplease  ", MERGE),
        ("ci :SHIPIT:", MERGE),
        ("ci \u{1f44d}", TEST),
        ("ci \u{1f44d}\u{fe0f}", TEST),
        ("ci \u{1f44d}\u{1f3fd}", TEST),
        ("ci \u{1f44d}\u{1f3ff}\u{fe0f}", TEST),
        ("\r\n \t\r\n\nci merge please\r\n", MERGE),
        ("ci merge please\r\rThanks!", MERGE),
        ("ci :+1:\n\nci test please", TEST),
    ]);
}

/// What stands below changes nothing, whatever it is and whoever said it.
#[test]
fn the_rest_of_a_comment_is_not_read_for_commands() {
    for rest in [
        "Thanks!",
        "Thanks!\nci test please",
        "> ci test please",
        "Von: Eve\nGesendet: Montag\n\nci test please",
        "On Monday, Ada wrote:\n> ci test please",
        "* a list\n* of `code`\n\nci test please",
        "<!--\nci test please\n-->",
        "-- \nAda\n\nci test please",
        "[^1]: ci test please",
        ">>>\n\nci test please\n\n>>>",
    ] {
        reads(&[(&format!("ci merge please\n\n{rest}"), MERGE), (&format!("\n\nci :shipit:\n\n{rest}\n"), MERGE)]);
    }
}

/// It belongs to the paragraph of the command, or makes the heading of a table of it.
#[test]
fn a_command_with_text_directly_below_does_nothing() {
    let rests = [
        "not before friday",
        "  thanks",
        "|---|",
        ":-:",
        "-|-",
        "|-",
        "> quoted",
        "* item",
        "<!-- -->",
        "[a]: b",
        "\u{a0}",
    ];
    for rest in rests {
        for end in ["\n", "\r\n", "\r"] {
            let merge = Spoken::NearMiss("ci merge please");
            let commit = "0123456789".repeat(4);
            reads(&[
                (&format!("ci merge please{end}{rest}"), merge),
                (&format!("ci merge please {commit}{end}{rest}{end}{end}ci merge please {commit}"), merge),
                (&format!("ci test please{end}{end}ci test please{end}{rest}"), Spoken::NearMiss("ci test please")),
                (&format!("ci :+1:{end}{rest}"), Spoken::NearMiss("ci :+1:")),
            ]);
        }
    }
}

#[test]
fn what_is_no_plain_line_of_a_paragraph_does_not_speak() {
    let silent = [
        "> ci merge please",
        "> quoted\nci merge please",
        ">>> ci merge please",
        "ci merge please\n-- \nAda",
        "> > ci merge please",
        "> [!NOTE]\n> ci merge please",
        "    ci merge please",
        "\tci merge please",
        "`ci merge please`",
        "``` \nci merge please\n```",
        "~~~\nci merge please\n~~~",
        "```\nci merge please",
        "[ci merge please](https://example.org)",
        "[ci merge please]\n\n[ci merge please]: https://example.org",
        "![ci merge please](x.png)",
        "# ci merge please",
        "ci merge please\n===",
        "ci merge please\n--",
        "* ci merge please",
        "1. ci merge please",
        "- [x] ci merge please",
        "* item\n\n  ci merge please",
        "| ci merge please |\n|---|\n| ci merge please |",
        "<!-- ci merge please -->",
        "<!--\nci merge please\n-->",
        "text <!--\nci merge please\n--> text",
        "<!-->\n\nci merge please\n\n-->",
        "<details>\n\nci merge please\n\n</details>",
        "<b>ci merge please</b>",
        "<span hidden>\nci merge please\n</span>",
        "[^1]\n\n[^1]: ci merge please",
        "**ci merge please**",
        "*so\nci merge please\nso*",
        "~~ci merge please~~",
        "~~so\nci merge please\nso~~",
        "[a link\nci merge please\nwith lines](https://example.org)",
        "$$\nci merge please\n$$",
        "ci&#32;merge please",
        "ci merge pleas&#101;",
        "&#99;i merge please",
        "ci :\\+1:",
        "c\u{456} merge please",
        "\u{441}i merge please",
        "\u{202e}esaelp egrem ic",
        "merge please",
        "please ci merge please",
        "lgtm, ci merge please",
        "/ci merge please",
        "@ci merge please",
        "",
    ];
    for text in silent {
        assert_eq!(read_comment(text), Spoken::Nothing, "{text:?}");
    }
}

/// What can stand above a text that somebody else has said: the heads of mail programs, and what could pass for them; and texts that readers
/// of Markdown do not show.
const ABOVE: &[&str] = &[
    "-----Original Message-----",
    "-------- Weitergeleitete Nachricht --------",
    "------------------ \u{539f}\u{59cb}\u{90ae}\u{4ef6} ------------------",
    "---- On Mon, 03 May 2026 Eve wrote ----",
    "________________________________",
    "==========",
    "***",
    "* * *",
    "---",
    "+++",
    ";;;",
    "-- ",
    "\u{2014}",
    "\u{2500}\u{2500}\u{2500}\u{2500}",
    "On Monday, Ada wrote:",
    "On Monday, Ada <ada@example.org>\nwrote:",
    "On Monday, Ada wrote",
    "Am 3. Mai 2026 schrieb Eve:",
    "Eve a \u{e9}crit\u{a0}:",
    "Eve \u{5199}\u{9053}\u{ff1a}",
    "Eve \u{179f}\u{179a}\u{179f}\u{17d6}",
    "Eve \u{563}\u{580}\u{565}\u{581}\u{55d}",
    "Eve \u{563}\u{580}\u{565}\u{581}\u{589}",
    "Eve \u{1365}",
    "Eve \u{1366}",
    "Eve \u{1804}",
    "Eve \u{703}",
    "Eve \u{205a}",
    "Eve wrote: ...",
    "Eve wrote:\u{200b}",
    "Eve schrieb \u{201e}",
    "Eve \u{e9}crit \u{ab}",
    "Eve wrote \u{2014}",
    "[Eve, 3 May 2026]",
    "eve@example.org",
    "From: Eve <eve@example.org>",
    "From: Eve\nSent: Monday",
    "To\nAda/Lago/DE\nSubject\nRe: More",
    "Eve/Lago/DE\n03.05.2026 12:00\n\nTo\nAda\ncc\n\nSubject\nRe: More",
    "Reply to this email directly, view it on GitHub, or unsubscribe.",
    "\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    ".",
    "[eve]: https://example.org",
    "[//]: # (text)",
    "[^1]: text",
    "<!-- text -->",
    "<br>",
    "<details>",
    ">>>",
    "> text",
    "# text",
    "```\ntext\n```",
    "    text",
    "* text",
    "1. text",
    "| text |\n|---|",
    "$$\ntext\n$$",
    "![](x.png)",
    "@ada",
    ":tada:",
    "&nbsp;",
    "\\",
];

/// Each with several texts around it.
#[test]
fn below_any_other_text_nothing_is_a_command() {
    for above in ABOVE {
        for before in ["", "Thanks.\n\n", "\n \n"] {
            for between in ["\n\n", "\n", "\n\nHello,\n\n", "\r\n\r\n", "\r\r"] {
                let text = format!("{before}{above}{between}ci merge please");
                let spoken = read_comment(&text);
                assert!([NEAR_MERGE, Spoken::Nothing].contains(&spoken), "{text:?}: {spoken:?}");
                // What the author says above it counts, and nothing is guessed from below.
                reads(&[(&format!("ci test please\n\n{text}"), TEST)]);
            }
        }
    }
    reads(&[
        ("Looks good to me.\r\nci merge please\r\n", NEAR_MERGE),
        ("Danke.\n\nEve schrieb:\n\nci merge please", NEAR_MERGE),
        ("Thanks\n-----\n\nci merge please", NEAR_MERGE),
        ("> a quote\n> of two lines\n\nci merge please", NEAR_MERGE),
        ("ci merge please\\\nthanks", NEAR_MERGE),
        ("____\n\nci marge please", NEAR_MERGE),
        (">>>\nci merge please\n>>>", NEAR_MERGE),
    ]);
}

/// GitLab shows what is between these lines as data, and hides it in some places.
#[test]
fn the_data_at_the_top_of_a_page_does_not_speak() {
    for fence in ["---", "+++", ";;;"] {
        for text in [
            format!("{fence}\nci merge please\n{fence}"),
            format!("{fence}\n\nci merge please\n\n{fence}\n\ntext"),
            format!("{fence}\na: b\n{fence}\nci merge please"),
        ] {
            let spoken = read_comment(&text);
            assert!([NEAR_MERGE, Spoken::Nothing].contains(&spoken), "{text:?}: {spoken:?}");
        }
    }
}

#[test]
fn a_near_miss_is_no_command() {
    reads(&[
        ("ci merge pleased", NEAR_MERGE),
        ("ci marge please", NEAR_MERGE),
        ("ci merge please, but NOT before friday", NEAR_MERGE),
        ("ci merge please abc123", NEAR_MERGE),
        (&format!("ci merge please {}", &COMMIT[1..]), NEAR_MERGE),
        (&format!("ci merge please {COMMIT}0"), NEAR_MERGE),
        (&format!("ci merge please {COMMIT} {COMMIT}"), NEAR_MERGE),
        ("ci merge please\u{200b}", NEAR_MERGE),
        ("ci merge please\u{202e}", NEAR_MERGE),
        ("ci merge\u{2003}please", NEAR_MERGE),
        ("ci\u{a0}merge please", NEAR_MERGE),
        ("ci merge please\u{301}", NEAR_MERGE),
        ("ci \u{1f44d}\u{1f44e}", Spoken::NearMiss("ci :+1:")),
        (&format!("ci test please {COMMIT}"), Spoken::NearMiss("ci test please")),
    ]);
}

#[test]
fn several_commands_are_none_and_the_same_twice_is_one() {
    reads(&[
        ("ci merge please\nci merge please", MERGE),
        ("ci merge please\n\nCI :shipit:", MERGE),
        ("ci test please\nci merge please", Spoken::Several),
        (&format!("ci merge please\nci merge please {COMMIT}"), Spoken::Several),
        ("ci test please\nci merge please, but NOT before friday", Spoken::Several),
        ("ci merge please\n\nci merge please, but NOT before friday", Spoken::Several),
        ("ci test please\n\n> ci merge please", TEST),
        ("ci test please\n\nand then\n\nci merge please", TEST),
    ]);
}

#[test]
fn a_huge_comment_is_read_in_time_or_not_at_all() {
    let filler = "[".repeat(60_000);
    assert_eq!(read_comment(&format!("ci merge please\n\n{filler}")), MERGE);
    assert_eq!(read_comment(&format!("{filler}\n\nci merge please")), NEAR_MERGE);
    assert_eq!(read_comment(&"ci merge please\n".repeat(50_000)), MERGE);
    assert_eq!(read_comment(&format!("{}\n\nci merge please", "a\n".repeat(LONGEST / 2))), Spoken::Nothing);
    for part in [
        "> ",
        "* ",
        "[a](",
        "![",
        "`",
        "``` ",
        "*a _b ",
        "<a ",
        "<!--",
        "$$",
        "|a|\n|-|\n",
        "~~",
        "&#",
        "\\\\",
        "[^1]: ",
        ">>>\n",
    ] {
        let text = part.repeat(200_000 / part.len());
        assert_eq!(read_comment(&text), Spoken::Nothing, "{part:?}");
    }
}
