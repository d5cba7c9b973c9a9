//! Who sends the mail and who gets it: addresses that are refused, keys that do not fit together.

use super::text::{PEOPLE, mail_of, promoted_site};

#[test]
fn copies_and_answers_have_their_headers() {
    let site = promoted_site("");
    let keys = "[announce]\nto = [\"Lago, \u{65e5}\u{672c} <lago-devel@example.org>\", \"users@example.org\"]\n\
        cc = \"a@example.org\"\nfrom = \"Caf\u{e9} <releases@mail.example.org>\"\nreply-to = \"b@example.org\"\n";
    site.project.write("packaging/release.toml", keys);
    let mail = mail_of(&site, "1.0.1");
    for (header, value) in [
        ("from", "Caf\u{e9} <releases@mail.example.org>"),
        ("to", "\"Lago, \u{65e5}\u{672c}\" <lago-devel@example.org>, users@example.org"),
        ("cc", "a@example.org"),
        ("reply-to", "b@example.org"),
        ("message-id", "<demo-1.0.1.announce@mail.example.org>"),
    ] {
        assert_eq!(mail.headers[header], value, "{header}");
    }
}

#[test]
fn an_address_that_would_break_a_header_is_refused() {
    let site = promoted_site("");
    for (address, shown) in [
        (
            "x\\r\\nBcc: y@example.org <a@example.org>",
            "`x\\r\\nBcc: y@example.org <a@example.org>` is not a mail address",
        ),
        ("a@example.org\\u001b", "is not a mail address"),
        ("a@example.org, b@example.org", "is not a mail address"),
        ("-oQ/tmp@example.org", "is not a mail address"),
    ] {
        let keys = format!("[announce]\nto = \"{address}\"\nfrom = \"b@example.org\"\n");
        site.project.write("packaging/release.toml", keys);
        site.releng(&["announce"]).exits(2).says(&["line 2: `announce.to`", shown]);
    }
    site.project.write("packaging/release.toml", "[announce]\nto = 3\n");
    site.releng(&["announce"]).exits(2).says(&["`announce.to` is the number 3, and must be a list"]);
}

#[test]
fn keys_that_do_not_fit_together_are_named() {
    let site = promoted_site("");
    for (keys, says) in [
        ("", "`announce.to` is not set"),
        ("[announce]\nto = \"a@b\"\n", "`announce.from` is not set"),
        (&format!("{PEOPLE}smtp = \"smtp://x\"\nsendmail = \"/x\"\n"), "are both set"),
        (&format!("{PEOPLE}password-file = \"x\"\n"), "`announce.password-file` is set without"),
    ] {
        site.project.write("packaging/release.toml", keys);
        site.releng(&["announce"]).exits(2).says(&[
            says,
            "help: correct `[announce]`; \"Setup\" in docs/announce.md",
            "commit it",
        ]);
    }
    site.project.write("packaging/release.toml", PEOPLE);
    site.releng(&["announce", "--send"])
        .exits(2)
        .says(&["neither `announce.smtp` nor `announce.sendmail`", "help: set one of them"]);
    for (key, says) in
        [("smtp = \"x\"", "`x` is not a mail server"), ("sendmail = \"sendmail -i\"", "is not the whole path")]
    {
        site.project.write("packaging/release.toml", format!("{PEOPLE}{key}\n"));
        site.releng(&["announce"]).exits(2).says(&[says]);
    }
}
