//! The frame of each page: its head, the way to it, and its foot.

use crate::repository::pages::links::{PAGE, STYLE};
use crate::repository::pages::markup::Markup;

/// What all files of the pages have that this program would write. A file of another version differs, and is no damage.
pub const FORM: &str = "releng-pages-2";

/// Nothing from elsewhere, and no script.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/// A page.
pub struct Page<'a> {
    pub title: &'a str,
    /// The way from the page to the folder with its style sheet: empty, or `../` several times.
    pub to_style: &'a str,
    /// The pages above it, the topmost first: name and address.
    pub above: &'a [(&'a str, &'a str)],
    /// Its own name in the way to it.
    pub name: &'a str,
}

impl Page<'_> {
    /// The page; `fill` writes what is in it.
    pub fn render(&self, fill: impl FnOnce(&mut Markup), foot: impl FnOnce(&mut Markup)) -> Vec<u8> {
        let document = Markup::document(|document| {
            document.element("html", &[("lang", "en")], |html| {
                html.line();
                html.element("head", &[], |head| self.head(head));
                html.line();
                html.element("body", &[], |body| {
                    body.line();
                    body.element("header", &[], |header| self.way(header));
                    body.line();
                    body.element("main", &[], fill);
                    body.line();
                    body.element("footer", &[], |footer| footer.element("p", &[], foot));
                    body.line();
                });
            });
        });
        document.into_bytes()
    }

    fn head(&self, head: &mut Markup) {
        let style = format!("{}{STYLE}", self.to_style);
        for attributes in [
            &[("charset", "utf-8")][..],
            &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)],
            &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
            &[("name", "color-scheme"), ("content", "light dark")],
            &[("name", "generator"), ("content", FORM)],
        ] {
            head.line();
            head.empty("meta", attributes);
        }
        head.line();
        head.leaf("title", &[], self.title);
        head.line();
        head.empty("link", &[("rel", "stylesheet"), ("href", &style)]);
        head.line();
    }

    fn way(&self, header: &mut Markup) {
        header.element("nav", &[("aria-label", "Path")], |nav| {
            nav.element("ol", &[], |list| {
                for (name, address) in self.above {
                    let address = format!("{address}{PAGE}");
                    list.element("li", &[], |item| item.leaf("a", &[("href", &address)], name));
                }
                list.element("li", &[("aria-current", "page")], |item| item.text(self.name));
            });
        });
    }
}

/// A section with a heading.
pub fn section(main: &mut Markup, id: &str, heading: &str, fill: impl FnOnce(&mut Markup)) {
    main.line();
    main.element("section", &[], |section| {
        section.leaf("h2", &[("id", id)], heading);
        fill(section);
    });
}
