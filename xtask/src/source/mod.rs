//! Source archives, from the tree of a commit.
