//! Finds the commits of tags, and makes tags.
//!
//! The caller selects tags by name. Only the selected ones are peeled, which matters in a repository with ten thousand
//! tags.

use anyhow::{Context, Result};
use git2::{ErrorCode, ObjectType, Odb, Oid};

use crate::git::commit::CommitId;
use crate::git::repository::{Missing, Repository, id_of, oid_of};

/// A tag and the commit that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitTag {
    pub name: String,
    /// The commit at the end of the chain of tag objects; `None` if it ends at another kind of object.
    pub commit: Option<CommitId>,
}

impl Repository {
    /// The tags for whose name after `refs/tags/` `wanted` returns true, sorted by name. Names that are not UTF-8 are
    /// ignored. Annotated, signed, nested and lightweight tags are treated alike.
    ///
    /// Errors: a wanted tag, or an object on its way to the commit, cannot be read.
    pub fn tags(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<GitTag>> {
        let odb = self.inner.odb().context("cannot open the object database")?;
        let mut tags = Vec::new();
        let references = self.inner.references_glob("refs/tags/*").context("cannot list the tags")?;
        for reference in references {
            let reference = reference.context("cannot list the tags")?;
            let name = reference.name_bytes().strip_prefix(b"refs/tags/").unwrap_or_default();
            let Some(name) = std::str::from_utf8(name).ok().filter(|name| wanted(name)) else { continue };
            // A symbolic tag is rare, but legal. For an annotated tag, `packed-refs` has the peeled id: no need to read
            // the tag.
            let direct = reference.resolve().with_context(|| format!("cannot read the tag `{name}`"))?;
            let target = direct.target_peel().or_else(|| direct.target());
            let commit = match target {
                Some(target) => peel(&odb, target).with_context(|| format!("cannot read the tag `{name}`"))?,
                None => None,
            };
            tags.push(GitTag { name: name.to_owned(), commit });
        }
        tags.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(tags)
    }
}

impl Repository {
    /// Makes a lightweight tag. Errors: a tag of this name exists.
    pub fn tag(&self, name: &str, commit: CommitId) -> Result<()> {
        let failed = || format!("cannot make the tag `{name}`");
        let object = self.inner.find_object(oid_of(commit), Some(ObjectType::Commit)).with_context(failed)?;
        self.inner.tag_lightweight(name, &object, false).with_context(failed)?;
        Ok(())
    }
}

/// Follows tag objects to a commit; `None` if they lead to an object of another kind.
///
/// A missing object is an error: it might be the tag that the version starts from.
fn peel(odb: &Odb<'_>, mut target: Oid) -> Result<Option<CommitId>> {
    loop {
        let kind = match odb.read_header(target) {
            Ok((_, kind)) => kind,
            Err(error) if error.code() == ErrorCode::NotFound => {
                return Err(Missing(id_of(target)).into());
            }
            Err(error) => return Err(error.into()),
        };
        match kind {
            ObjectType::Commit => return Ok(Some(id_of(target))),
            ObjectType::Tag => {
                let object = odb.read(target)?;
                let next = object.data().strip_prefix(b"object ").and_then(|rest| CommitId::parse_hex(rest.get(..40)?));
                let next = next.with_context(|| format!("the tag object `{target}` is damaged"))?;
                target = oid_of(next);
            }
            _ => return Ok(None),
        }
    }
}
