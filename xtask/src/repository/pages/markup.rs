//! Writes HTML and SVG. All markup of the pages is written here: a text can become neither an element nor an attribute.

use crate::base::text::is_steering;

/// An attribute with its value.
pub type Attribute<'a> = (&'static str, &'a str);

/// HTML elements without content, which have no end tag.
const VOID: [&str; 4] = ["br", "img", "link", "meta"];

/// A part of a document that grows at its end.
#[derive(Clone, Debug, Default)]
pub struct Markup {
    written: String,
}

impl Markup {
    /// An HTML document; `fill` writes the element `html`.
    pub fn document(fill: impl FnOnce(&mut Markup)) -> Markup {
        let mut markup = Markup { written: "<!DOCTYPE html>\n".to_owned() };
        fill(&mut markup);
        markup.written.push('\n');
        markup
    }

    /// An element with what `fill` writes into it.
    pub fn element(&mut self, name: &'static str, attributes: &[Attribute<'_>], fill: impl FnOnce(&mut Markup)) {
        self.start(name, attributes);
        if VOID.contains(&name) {
            return;
        }
        fill(self);
        self.written.push_str("</");
        self.written.push_str(name);
        self.written.push('>');
    }

    /// An element with a text.
    pub fn leaf(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(name, attributes, |inner| inner.text(text));
    }

    /// An element without content.
    pub fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.element(name, attributes, |_| {});
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.escape(text);
    }

    /// A new line, which has no meaning between elements and makes the source readable.
    pub fn line(&mut self) {
        self.written.push('\n');
    }

    /// The document.
    pub fn into_bytes(self) -> Vec<u8> {
        self.written.into_bytes()
    }

    fn start(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.written.push('<');
        self.written.push_str(name);
        for (name, value) in attributes {
            self.written.push(' ');
            self.written.push_str(name);
            self.written.push_str("=\"");
            self.escape(value);
            self.written.push('"');
        }
        self.written.push('>');
    }

    /// Adds a text with references in place of the characters that have a meaning in HTML and XML. What steers a terminal or the
    /// direction of writing, and what XML does not have, becomes visible.
    fn escape(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(needs_escape) {
            let (plain, tail) = rest.split_at(at);
            self.written.push_str(plain);
            let mut letters = tail.chars();
            match letters.next() {
                Some('&') => self.written.push_str("&amp;"),
                Some('<') => self.written.push_str("&lt;"),
                Some('>') => self.written.push_str("&gt;"),
                Some('"') => self.written.push_str("&quot;"),
                Some('\'') => self.written.push_str("&#39;"),
                Some(letter) => self.written.extend(letter.escape_unicode()),
                None => {}
            }
            rest = letters.as_str();
        }
        self.written.push_str(rest);
    }
}

fn needs_escape(letter: char) -> bool {
    match letter {
        '&' | '<' | '>' | '"' | '\'' => true,
        '\n' | '\t' => false,
        ' '..='~' => false,
        _ => is_steering(letter) || is_no_character(letter),
    }
}

/// Whether Unicode has the code point for no character. HTML and XML forbid them.
fn is_no_character(letter: char) -> bool {
    let code = u32::from(letter);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fill: impl FnOnce(&mut Markup)) -> String {
        let mut markup = Markup::default();
        fill(&mut markup);
        String::from_utf8(markup.into_bytes()).unwrap()
    }

    #[test]
    fn no_text_becomes_markup() {
        for (text, expected) in [
            ("a & b", "a &amp; b"),
            ("</td><script>x</script>", "&lt;/td&gt;&lt;script&gt;x&lt;/script&gt;"),
            ("\" onload='x'", "&quot; onload=&#39;x&#39;"),
            ("<!-- ]]> <?php", "&lt;!-- ]]&gt; &lt;?php"),
            ("caf\u{e9} \u{1f600}\n\t", "caf\u{e9} \u{1f600}\n\t"),
            ("a\u{202e}b\0\u{1b}[m\u{85}", "a\\u{202e}b\\u{0}\\u{1b}[m\\u{85}"),
            ("\u{fffe}\u{fdd0}\u{10ffff}\u{fffd}", "\\u{fffe}\\u{fdd0}\\u{10ffff}\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(written(|markup| markup.text(text)), expected);
            assert_eq!(
                written(|markup| markup.empty("a", &[("title", text)])),
                format!("<a title=\"{expected}\"></a>")
            );
        }
    }

    #[test]
    fn elements_are_closed() {
        let found = written(|markup| {
            markup.element("p", &[("class", "x")], |p| {
                p.text("a ");
                p.leaf("b", &[], "c");
                p.empty("br", &[]);
            });
        });
        assert_eq!(found, "<p class=\"x\">a <b>c</b><br></p>");
    }
}
