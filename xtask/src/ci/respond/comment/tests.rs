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
        ("Looks good to me.\r\nci merge please\r\n", MERGE),
        ("Looks good to me.\n\nci merge please\n\nThanks!", MERGE),
        ("ci merge please\\\nthanks", MERGE),
        ("> a quote\n> of two lines\n\nci merge please", MERGE),
        ("# A *heading*\nci merge please", MERGE),
        ("* a list\n* of `code`\n\nci merge please\n\n* and more", MERGE),
        ("Note: it is fine.\n\nci merge please", MERGE),
        ("cc @ada\nci merge please", MERGE),
        ("See https://example.org\nand http://example.org.\nci merge please", MERGE),
        ("Good :tada: work\n\n---\n\nci merge please", MERGE),
        ("```\nsteps:\n- unit\n```\n> Eve wrote:\n\nci merge please", MERGE),
        ("ci :+1:\n\nci test please", TEST),
        ("ci merge please\n\nVon: Eve\nGesendet: Montag\n\nci test please", MERGE),
        ("ci merge please\n\nOn Monday, Ada wrote:\n> ci test please", MERGE),
    ]);
}

#[test]
fn what_is_no_plain_line_of_a_paragraph_does_not_speak() {
    let silent = [
        "> ci merge please",
        "> quoted\nci merge please",
        ">>> ci merge please",
        ">>>\nci merge please\n>>>",
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

/// The lines with which mail programs begin what they quote, and what could pass for them.
const HEADS: [&str; 34] = [
    "-----Original Message-----",
    "--- Original Message ---",
    "-------- Weitergeleitete Nachricht --------",
    "------------------ \u{539f}\u{59cb}\u{90ae}\u{4ef6} ------------------",
    "---- On Mon, 03 May 2026 Eve wrote ----",
    "________________________________",
    "____",
    "----",
    "\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}",
    "\u{2014}\u{2014}\u{2014}\u{2014}",
    "On Monday, Ada wrote:",
    "On Monday, Ada <ada@example.org>\nwrote:",
    "Am 3. Mai 2026 schrieb Eve:",
    "Eve schrieb:",
    "Eve schrieb :tada:",
    "El lun, Eve <eve@example.org> escribi\u{f3}:",
    "Eve a ecrit :",
    "Eve a \u{e9}crit\u{a0}:",
    "Eve a \u{e9}crit\n:",
    "Eve \u{5199}\u{9053}\u{ff1a}",
    "\u{5728} 2026\u{5e74}5\u{6708}3\u{65e5}\u{ff0c}Eve \u{5199}\u{9053}\u{ff1a}",
    "Eve\u{3055}\u{3093}\u{306f}\u{66f8}\u{304d}\u{307e}\u{3057}\u{305f}\u{ff1a}",
    "Eve wrote:\u{200b}",
    "Begin forwarded message:",
    "Ready, see below:",
    "From: Eve <eve@example.org>",
    "\u{5dee}\u{51fa}\u{4eba}: eve@example.org",
    "From: Eve\nSent: Monday",
    "Von: Eve\nGesendet: Montag",
    "De : Eve\nEnvoy\u{e9} : lundi",
    "De: Eve\nEnviado el: lunes",
    "\u{5dee}\u{51fa}\u{4eba}: Eve\n\u{9001}\u{4fe1}\u{65e5}\u{6642}: \u{6708}\u{66dc}\u{65e5}",
    "\u{53d1}\u{4ef6}\u{4eba}\u{ff1a}Eve\n\u{53d1}\u{9001}\u{65f6}\u{95f4}\u{ff1a}\u{661f}\u{671f}\u{4e00}",
    "from: Eve\nsent: monday",
];

/// Each head in several forms, with several texts before it and blanks behind it.
#[test]
fn what_may_be_quoted_by_a_mail_program_is_no_command() {
    type Form = fn(&str) -> String;
    let each_line = |head: &str, form: &dyn Fn(&str) -> String| head.lines().map(form).collect::<Vec<_>>().join("\n");
    let forms: [Form; 4] =
        [str::to_owned, |line| format!("{line}  "), |line| format!("* {line}"), |line| format!("**{line}**")];
    for (form, head) in forms.iter().flat_map(|form| HEADS.iter().map(move |head| (form, head))) {
        let head = each_line(head, form);
        for before in ["", "Thanks.\n\n", "Fine\n"] {
            for between in ["\n\n", "\n\nHello,\n\n", "\r\n\r\n"] {
                let text = format!("{before}{head}{between}ci merge please");
                let spoken = read_comment(&text);
                assert!([NEAR_MERGE, Spoken::Nothing].contains(&spoken), "{text:?}: {spoken:?}");
                // What the author says above it counts, and nothing is guessed from below.
                let above = format!("ci test please\n\n{text}");
                let spoken = read_comment(&above);
                assert!([TEST, Spoken::Nothing].contains(&spoken), "{above:?}: {spoken:?}");
            }
        }
    }
    reads(&[
        ("Danke.\n\nEve schrieb:\n\nci merge please", NEAR_MERGE),
        ("Von: Eve\n\nGesendet: Montag\n\nci merge please", NEAR_MERGE),
        ("1. De: Eve\n2. Enviado el: lunes\n\nci merge please", NEAR_MERGE),
        ("| De: | Eve |\n|---|---|\n| Para: | Ada |\n\nci merge please", NEAR_MERGE),
        ("Thanks\n-----\n\nci merge please", NEAR_MERGE),
        ("____\n\nci marge please", Spoken::Nothing),
    ]);
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
        ("ci test please\n\n> ci merge please", TEST),
    ]);
}

#[test]
fn a_huge_comment_is_read_in_time_or_not_at_all() {
    let filler = "[".repeat(60_000);
    assert_eq!(read_comment(&format!("{filler}\n\nci merge please")), MERGE);
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
