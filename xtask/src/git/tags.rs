//! Finds the commits of tags, and makes tags.
//!
//! The caller selects tags by name. Only the selected ones are peeled, which matters in a repository with ten thousand
//! tags.

use anyhow::{Context, Result};
use git2::ObjectType;

use crate::git::commit::CommitId;
use crate::git::repository::{ObjectDatabase, Repository, id_of, oid_of};

/// A tag and the commit that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitTag {
    pub name: String,
    /// The commit at the end of the chain of tag objects; `None` if it ends at another kind of object.
    pub commit: Option<CommitId>,
}

/// Whether a caller of [`Repository::tags`] needs a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagNeed {
    /// The tag is not read.
    None,
    /// The tag is left out if it cannot be read.
    Optional,
    /// It is an error if the tag cannot be read.
    Required,
}

impl Repository {
    /// The tags that `need` selects by their names after `refs/tags/`, sorted by name. Names that are not UTF-8 are
    /// ignored. Annotated, signed, nested and lightweight tags are treated alike.
    ///
    /// Errors: a required tag, or an object on its way to the commit, cannot be read.
    pub fn tags(&self, need: impl Fn(&str) -> TagNeed) -> Result<Vec<GitTag>> {
        let odb = self.odb()?;
        let mut tags = Vec::new();
        let references = self.inner.references_glob("refs/tags/*").context("cannot list the tags")?;
        for reference in references {
            let reference = reference.context("cannot list the tags")?;
            let name = reference.name_bytes().strip_prefix(b"refs/tags/").unwrap_or_default();
            let Ok(name) = std::str::from_utf8(name) else { continue };
            let need = need(name);
            if need == TagNeed::None {
                continue;
            }
            let commit = match commit_of(&odb, &reference) {
                Ok(commit) => commit,
                Err(_) if need == TagNeed::Optional => continue,
                Err(error) => return Err(error.context(format!("cannot read the tag `{name}`"))),
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
        self.loose()?.check(commit)?;
        let object = self.inner.find_object(oid_of(commit), Some(ObjectType::Commit)).with_context(failed)?;
        self.inner.tag_lightweight(name, &object, false).with_context(failed)?;
        Ok(())
    }
}

/// The commit of a tag. A symbolic tag is rare, but legal. For an annotated tag, `packed-refs` has the peeled id: no need
/// to read the tag.
fn commit_of(odb: &ObjectDatabase<'_>, reference: &git2::Reference<'_>) -> Result<Option<CommitId>> {
    let direct = reference.resolve()?;
    match direct.target_peel().or_else(|| direct.target()) {
        Some(target) => peel(odb, id_of(target)),
        None => Ok(None),
    }
}

/// Follows tag objects to a commit; `None` if they lead to an object of another kind.
///
/// A missing object is an error: it might be the tag that the version starts from.
fn peel(odb: &ObjectDatabase<'_>, mut target: CommitId) -> Result<Option<CommitId>> {
    loop {
        match odb.kind(target)? {
            ObjectType::Commit => return Ok(Some(target)),
            ObjectType::Tag => {
                let tag = odb.read(target, ObjectType::Tag)?;
                let next = tag.strip_prefix(b"object ").and_then(|rest| CommitId::parse_hex(rest.get(..40)?));
                target = next.with_context(|| format!("the tag object `{target}` is damaged"))?;
            }
            _ => return Ok(None),
        }
    }
}
