//! The help texts of the sources with the tests that follow them: by file, the beginning of the text, and the test.

mod announce;
mod ci;
mod first;
mod forge;
mod repository;
mod rpm;
mod verify;

/// How a help is followed.
#[derive(Clone, Copy)]
pub enum Followed {
    /// By the test of this path.
    By(&'static str),
    /// By no test, for this reason.
    No(&'static str),
}

/// A file below `xtask/src/`, and the beginnings of its help texts.
pub type FileRows = (&'static str, &'static [(&'static str, Followed)]);

/// All rows: the file, the beginning of the text, and how it is followed.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static str, Followed)> {
    let files = [
        announce::ANNOUNCE,
        ci::CI,
        first::FIRST,
        forge::FORGES,
        repository::REPOSITORY,
        rpm::PACKAGES,
        verify::VERIFY,
    ]
    .into_iter()
    .flatten();
    files.flat_map(|(file, rows)| rows.iter().map(|(begin, followed)| (*file, *begin, *followed)))
}
