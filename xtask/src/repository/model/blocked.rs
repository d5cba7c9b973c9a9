//! What is said of a folder of the repository in whose place something else is.

/// What is wrong with a folder in whose place something else is.
pub fn blocked_folder(shown: &str) -> String {
    format!("`{shown}` is a link or a file, and only a folder may be there")
}

/// What to do about it.
pub fn help_for_blocked() -> &'static str {
    "put the folder itself in its place, and look for who has changed that; a folder of another disk can be mounted there"
}
