//! Finds the help texts in the sources: the string literals in the places where a failure gets its help.

use std::collections::BTreeSet;

/// A string literal, and where it stands in a source.
struct Literal {
    at: usize,
    text: String,
}

/// The help texts of a source file, without its tests. A text that is put together has several literals. One without a blank is part of
/// another one or no text.
pub fn help_texts(file: &str, source: &str) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let (code, literals) = blank_literals(source);
    let mut regions = Vec::new();
    for mark in [".help(", "help.push(", "help: Some("] {
        regions.extend(code.match_indices(mark).map(|(at, _)| (at, end_of_group(&code, at + mark.len() - 1))));
    }
    for (at, _) in code.match_indices("help") {
        let rest =
            code[at + "help".len()..].trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
        let line = &code[code[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
        let name_begins = line.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_').map_or(0, |it| it + 1);
        let before = line[..name_begins].trim_end();
        if before.ends_with("fn") {
            let open = at + code[at..].find('{').unwrap();
            regions.push((open, end_of_group(&code, open)));
        } else if name_begins < line.len() || !code[at + "help".len()..].starts_with(rest) {
            // Another name, such as `after_help` of the command line.
            if line.ends_with('_') && rest.starts_with(": ") {
                regions.push((at, at + code[at..].find(",\n").unwrap_or(0)));
            }
        } else if rest.trim_start_matches([')', ' ']).starts_with("= ") || rest.starts_with(": Vec<String> = ") {
            let assigned = code.len() - rest.len() + rest.find(" = ").unwrap();
            regions.push((assigned, end_of_statement(&code, assigned)));
        }
    }
    // A closed gate has the help as its third argument.
    if file.ends_with("gate.rs") || file.ends_with("gates.rs") {
        for (at, _) in code.match_indices(" no(").filter(|(at, _)| !code[..*at].ends_with("fn")) {
            let end = end_of_group(&code, at + " no".len());
            regions.push((third_argument(&code, at + " no".len()), end));
        }
    }
    let is_in_region = |literal: &&Literal| regions.iter().any(|(from, to)| (*from..*to).contains(&literal.at));
    let texts = literals.iter().filter(is_in_region).map(|literal| literal.text.clone());
    let mut texts: BTreeSet<String> = texts.filter(|text| text.trim().contains(' ')).collect();
    for constant in regions.iter().flat_map(|(from, to)| constants(&code[*from..*to])) {
        let begins = source.find(&format!("const {constant}: &str"));
        let of_constant = literals.iter().find(|literal| begins.is_some_and(|begins| literal.at > begins));
        texts.extend(of_constant.map(|literal| literal.text.clone()));
    }
    texts
}

/// The names of constants in a code.
fn constants(code: &str) -> impl Iterator<Item = &str> {
    let words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.len() > 3 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_'))
}

/// The code with blanks in place of comments and of the content of literals, and the literals.
fn blank_literals(source: &str) -> (String, Vec<Literal>) {
    let (mut code, mut literals) = (String::new(), Vec::new());
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let at = source.len() - rest.len();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            let end = raw.find("\"#").unwrap();
            literals.push(Literal { at, text: raw[..end].to_owned() });
            end + 5
        } else if letter == '"' {
            let end = end_of_text(rest);
            literals.push(Literal { at, text: unescaped(&rest[1..end]) });
            end + 1
        } else if letter == '\'' && is_character(rest) {
            rest[2..].find('\'').unwrap() + 3 + usize::from(rest.starts_with("'\\''"))
        } else {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        code.extend(std::iter::repeat_n(' ', length));
        rest = &rest[length..];
    }
    (code, literals)
}

/// Whether a quotation mark begins a character, and not a lifetime.
fn is_character(rest: &str) -> bool {
    rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'')
}

/// The place of the quotation mark that ends a literal.
fn end_of_text(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    panic!("a literal without an end")
}

fn unescaped(text: &str) -> String {
    let lines = text.split("\\\n").map(str::trim_start);
    lines.collect::<String>().replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\")
}

/// The place of the bracket that ends the group that begins at `open`.
fn end_of_group(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, letter) in code[open..].char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 1 => return open + at,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    panic!("a group without an end")
}

fn end_of_statement(code: &str, from: usize) -> usize {
    let mut depth = 0;
    for (at, letter) in code[from..].char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth <= 0 => return from + at,
            _ => {}
        }
    }
    code.len()
}

/// The place behind the second comma of the arguments that begin at `open`.
fn third_argument(code: &str, open: usize) -> usize {
    let (mut depth, mut commas) = (0, 0);
    for (at, letter) in code[open..].char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 1 => commas += 1,
            _ => {}
        }
        if commas == 2 {
            return open + at;
        }
    }
    panic!("no third argument")
}

#[test]
fn help_texts_are_found_in_each_form() {
    let source = r##"
        fn a() { f.help("one two"); let help = format!("three {}", "x"); g(help); }
        // .help("no comment")
        fn help_of(self) -> &'static str { match self { A => "four five", B => LONG } }
        const LONG: &str = "six seven";
        fn b() { c(D { denied_help: "eight nine",
            other: "no no" }); let (text, help) = ("ten \"eleven\" \
            twelve", '"'); let message = "no no"; }
        #[cfg(test)] fn t() { f.help("no no"); }"##;
    let found: Vec<String> = help_texts("x.rs", source).into_iter().collect();
    assert_eq!(found, ["eight nine", "four five", "one two", "six seven", "ten \"eleven\" twelve", "three {}"]);
    let gate = "fn g() -> Gate {\n    no(\"name\", format!(\"why {}\", x(1, 2)), \"do that\")\n}\n";
    assert_eq!(help_texts("a/gate.rs", gate).into_iter().collect::<Vec<_>>(), ["do that"]);
}

/// The commands that make a release read the configuration of the commit: no help forgets that, and all say it in the same words.
#[test]
fn each_help_about_the_configuration_asks_for_a_commit() {
    let keys: Vec<String> = releng::project::config::known_keys().into_keys().collect();
    let asks = |text: &str| {
        let is_set = |key: &str| {
            ["set", "change", "configure one in"].iter().any(|word| text.contains(&format!("{word} `{key}")))
        };
        keys.iter().any(|key| is_set(key)) || is_set("[") || text.contains("`packaging/release.toml`")
    };
    let mut found = 0;
    for (file, source) in crate::architecture::own_sources() {
        let (code, literals) = blank_literals(&source);
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        let regions: Vec<(usize, usize)> =
            code.match_indices("committed(").map(|(at, mark)| (at, end_of_group(code, at + mark.len() - 1))).collect();
        for Literal { at, text } in literals.iter().filter(|literal| literal.at < code.len() && asks(&literal.text)) {
            assert!(
                regions.iter().any(|(from, to)| (*from..*to).contains(at)),
                "{file}: `committed()` says it: {text}"
            );
            found += 1;
        }
        let by_hand = literals.iter().find(|literal| literal.text.contains(", commit it, and"));
        assert!(by_hand.is_none(), "{file}: {}", by_hand.map_or("", |literal| &literal.text));
    }
    assert!(found > 20, "{found}");
}
