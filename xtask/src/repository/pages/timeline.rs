//! The timeline: a drawing of the events of all series, each series a line.
//!
//! It is a file of its own, so that a browser for texts shows the description of it and not the words in it.

use crate::repository::pages::facts::{RepositoryFacts, RevisionEvent, RevisionEventKind, SeriesFacts};
use crate::repository::pages::frame::FORM;
use crate::repository::pages::markup::Markup;

/// The most events that are drawn: the newest.
const DRAWN: usize = 40;
/// The measures of the drawing, in pixels.
const LEFT: usize = 110;
const COLUMN: usize = 84;
const LINE: usize = 84;
const TOP: usize = 34;

/// The colours, light and dark. A drawing in a page has a style of its own.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.small{font-size:11px;fill:#59636e}\
    .line{stroke:#c2c8cf;stroke-width:2}.promote{fill:#1a7f37}.rollback{fill:none;stroke:#9a6700;stroke-width:3}\
    .yank{stroke:#b3261e;stroke-width:3}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9ea7b3}.line{stroke:#444c56}.promote{fill:#4ac26b}\
    .rollback{stroke:#e3b341}.yank{stroke:#ff7b72}}";

/// The size of the drawing, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawingSize {
    pub width: usize,
    pub height: usize,
}

/// The size of the drawing of a repository.
pub fn size(facts: &RepositoryFacts) -> DrawingSize {
    let lines = drawn_series(facts).count().max(1);
    let columns = drawn(facts).len().max(1);
    DrawingSize { width: LEFT + columns * COLUMN, height: TOP + lines * LINE }
}

/// What the drawing shows, in words.
pub fn describe(facts: &RepositoryFacts) -> String {
    let events = facts.events();
    let count = |is: fn(&RevisionEventKind) -> bool| events.iter().filter(|event| is(&event.kind)).count();
    let promoted = count(|kind| matches!(kind, RevisionEventKind::Promote { .. }));
    let rolled_back = count(|kind| matches!(kind, RevisionEventKind::Rollback { .. }));
    let yanked = count(|kind| matches!(kind, RevisionEventKind::Yank { .. }));
    format!("Timeline: promotions {promoted}, rollbacks {rolled_back}, yanks {yanked}")
}

/// The drawing.
pub fn render(facts: &RepositoryFacts) -> Vec<u8> {
    let DrawingSize { width, height } = size(facts);
    let (wide, high) = (width.to_string(), height.to_string());
    let mut markup = Markup::default();
    let attributes = [
        ("xmlns", "http://www.w3.org/2000/svg"),
        ("width", wide.as_str()),
        ("height", high.as_str()),
        ("role", "img"),
        ("data-generator", FORM),
    ];
    markup.element("svg", &attributes, |svg| {
        svg.leaf("title", &[], &describe(facts));
        svg.leaf("style", &[], STYLE);
        let events = drawn(facts);
        for (line, series) in drawn_series(facts).enumerate() {
            draw_series(svg, facts, series, line, width, &events);
        }
    });
    markup.line();
    markup.into_bytes()
}

/// The events that are drawn, oldest first.
fn drawn(facts: &RepositoryFacts) -> Vec<&RevisionEvent> {
    let mut events = facts.events();
    events.drain(..events.len().saturating_sub(DRAWN));
    events
}

fn drawn_series(facts: &RepositoryFacts) -> impl Iterator<Item = &SeriesFacts> {
    facts.series.iter().filter(|series| !series.events.is_empty())
}

fn draw_series(
    svg: &mut Markup,
    facts: &RepositoryFacts,
    series: &SeriesFacts,
    line: usize,
    width: usize,
    events: &[&RevisionEvent],
) {
    let y = TOP + line * LINE + LINE / 3;
    let (y_text, from, to) = (y.to_string(), (LEFT - COLUMN / 4).to_string(), (width - COLUMN / 3).to_string());
    svg.line();
    svg.empty("line", &[("class", "line"), ("x1", &from), ("x2", &to), ("y1", &y_text), ("y2", &y_text)]);
    write_at(svg, "", "start", 8, y + 4, &shorten(&format!("{} {}", facts.project, series.series)));
    for (column, event) in events.iter().enumerate().filter(|(_, event)| event.series == series.series) {
        let x = LEFT + column * COLUMN + COLUMN / 4;
        svg.line();
        svg.element("g", &[], |group| {
            draw_event(group, event, x, y);
            let at = event.at.to_string();
            write_at(group, "small", "middle", x, y + 36, at.split('T').next().unwrap_or_default());
        });
    }
}

fn draw_event(group: &mut Markup, event: &RevisionEvent, x: usize, y: usize) {
    let (left, right, up, down) = ((x - 6).to_string(), (x + 6).to_string(), (y - 6).to_string(), (y + 6).to_string());
    let (middle, level) = (x.to_string(), y.to_string());
    let label = match &event.kind {
        RevisionEventKind::Promote { version, .. } => {
            group.empty("circle", &[("class", "promote"), ("cx", &middle), ("cy", &level), ("r", "7")]);
            version.to_string()
        }
        RevisionEventKind::Rollback { to, version } => {
            let path = format!("M{right} {up}L{left} {level}L{right} {down}");
            group.empty("path", &[("class", "rollback"), ("d", &path)]);
            version.as_ref().map_or(format!("to {to}"), |version| format!("to {version}"))
        }
        RevisionEventKind::Yank { packages, .. } => {
            for [from, to] in [[&up, &down], [&down, &up]] {
                let line = [("class", "yank"), ("x1", &*left), ("x2", &*right), ("y1", &**from), ("y2", &**to)];
                group.empty("line", &line);
            }
            let first = packages.first().map_or("", |package| package.version());
            format!("\u{2212}{first}")
        }
    };
    write_at(group, "", "middle", x, y + 22, &shorten(&label));
}

fn write_at(markup: &mut Markup, class: &'static str, anchor: &'static str, x: usize, y: usize, text: &str) {
    let (x, y) = (x.to_string(), y.to_string());
    markup.leaf("text", &[("class", class), ("text-anchor", anchor), ("x", &x), ("y", &y)], text);
}

/// What fits into a column.
fn shorten(text: &str) -> String {
    crate::base::text::shorten(text, 12)
}
