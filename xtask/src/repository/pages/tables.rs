//! What several pages show: tables, dates, digests, packages.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::size::human_size;
use crate::repository::model::manifest::{FileEntry, PackageEntry};
use crate::repository::pages::links::href;
use crate::repository::pages::markup::Markup;

/// A table that scrolls in its own box where the screen is narrow. `name` is what it has, for a screen reader.
pub fn table(markup: &mut Markup, name: &str, columns: &[&str], rows: impl FnOnce(&mut Markup)) {
    markup.line();
    markup.element("div", &[("class", "wide"), ("role", "region"), ("aria-label", name), ("tabindex", "0")], |wide| {
        wide.element("table", &[], |table| {
            table.element("thead", &[], |head| {
                head.element("tr", &[], |row| {
                    for column in columns {
                        let class: &[_] = if *column == "Size" { &[("class", "number")] } else { &[] };
                        row.leaf("th", &[&[("scope", "col")], class].concat(), column);
                    }
                });
            });
            table.line();
            table.element("tbody", &[], rows);
        });
    });
}

/// A row; `fill` writes its cells.
pub fn row(body: &mut Markup, fill: impl FnOnce(&mut Markup)) {
    body.element("tr", &[], fill);
    body.line();
}

/// A cell with a text.
pub fn cell(row: &mut Markup, text: &str) {
    row.leaf("td", &[], text);
}

/// A cell with what `fill` writes.
pub fn filled(row: &mut Markup, fill: impl FnOnce(&mut Markup)) {
    row.element("td", &[], fill);
}

/// The cell of words that may take several lines; `fill` writes them.
pub fn words_cell(row: &mut Markup, fill: impl FnOnce(&mut Markup)) {
    row.element("td", &[("class", "words")], fill);
}

/// The first cell of a row, which names it.
pub fn head_cell(row: &mut Markup, fill: impl FnOnce(&mut Markup)) {
    row.element("th", &[("scope", "row")], fill);
}

/// A day; its attribute has the time.
pub fn time(markup: &mut Markup, at: Timestamp) {
    let whole = at.to_string();
    let day = whole.split('T').next().unwrap_or_default();
    markup.leaf("time", &[("datetime", &whole)], day);
}

/// The cell of a day.
pub fn day_cell(row: &mut Markup, at: Timestamp) {
    row.element("td", &[("class", "day")], |cell| time(cell, at));
}

/// The cell of a size.
pub fn size_cell(row: &mut Markup, bytes: u64) {
    row.leaf("td", &[("class", "number")], &human_size(bytes));
}

/// The cell of a SHA-256 digest: the whole text is in it, and as much of it is shown as there is room for.
pub fn digest_cell(row: &mut Markup, digest: Digest) {
    row.element("td", &[], |cell| cell.leaf("code", &[("class", "digest")], &digest.to_string()));
}

/// A small label with a colour.
pub fn badge(markup: &mut Markup, kind: &'static str, text: &str) {
    markup.leaf("span", &[("class", kind)], text);
}

/// Lines for a shell.
pub fn commands(markup: &mut Markup, lines: &[String]) {
    markup.element("pre", &[("tabindex", "0")], |pre| pre.leaf("code", &[], &lines.join("\n")));
    markup.line();
}

/// Packages in the order of a table: by dist and name, the newest first.
pub fn in_order(one: &PackageEntry, other: &PackageEntry) -> Ordering {
    one.dist
        .cmp(&other.dist)
        .then_with(|| one.nevra.name().cmp(other.nevra.name()))
        .then_with(|| other.nevra.evr_cmp(&one.nevra))
        .then_with(|| one.nevra.arch().cmp(other.nevra.arch()))
}

/// The table of packages. `folder` is the folder of the page in that of the snapshot or revision, such as `rpm/el9`, or empty: then the
/// packages are those of several dists. In what is signed, a package that was staged without a key is marked.
pub fn package_table(
    markup: &mut Markup,
    name: &str,
    folder: &str,
    is_signed: bool,
    packages: &[(&FileEntry, &PackageEntry)],
) {
    let columns = ["Package", "Dist", "Arch", "Size", "Date", "SHA-256"];
    let columns: Vec<&str> = columns.into_iter().filter(|column| folder.is_empty() || *column != "Dist").collect();
    table(markup, name, &columns, |body| {
        for (file, package) in packages {
            let path = if folder.is_empty() { Some(file.path.as_str()) } else { file.path.below(folder) };
            row(body, |row| {
                head_cell(row, |cell| {
                    let address = href(path.unwrap_or_default());
                    cell.leaf("a", &[("href", &address)], &package.nevra.to_string());
                    if is_signed && file.sha256 == package.unsigned_sha256 {
                        cell.text(" ");
                        badge(cell, "badge warn", "not signed");
                    }
                });
                if folder.is_empty() {
                    cell(row, &package.dist.as_ref().map_or(String::new(), ToString::to_string));
                }
                cell(row, package.nevra.arch());
                size_cell(row, file.size);
                day_cell(row, file.date);
                digest_cell(row, file.sha256);
            });
        }
    });
}
