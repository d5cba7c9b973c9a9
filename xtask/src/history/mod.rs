//! The version and the changelog, from commits and tags.
