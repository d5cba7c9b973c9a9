//! The mark of comments in a message that is written in an editor.

use anyhow::{Context, Result};

use crate::git::repository::Repository;

impl Repository {
    /// `core.commentString`, or else `core.commentChar`; `None` where neither is configured.
    pub fn comment_mark(&self) -> Result<Option<String>> {
        let config = self.inner.config().and_then(|mut config| config.snapshot());
        let config = config.context("cannot read the configuration of git")?;
        Ok(["core.commentString", "core.commentChar"].iter().find_map(|key| config.get_string(key).ok()))
    }
}
