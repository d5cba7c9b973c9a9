//! The style sheet of all pages: light and dark, wide and narrow, without anything from elsewhere.

/// The style sheet. Its first line has the form of the pages.
pub const SHEET: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::pages::frame::FORM;

    #[test]
    fn the_sheet_states_its_form_and_fetches_nothing() {
        assert!(SHEET.lines().next().is_some_and(|line| line.contains(FORM)));
        assert!(!SHEET.contains("url(") && !SHEET.contains("@import"));
    }
}
