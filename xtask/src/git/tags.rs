//! Lists tags, finds their commits, and makes tags.
//!
//! The list has names only. Only the tags that a caller selects are peeled, which matters in a repository with ten thousand
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

/// Whether a caller of [`TagList::select`] needs a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagNeed {
    /// The tag is not read.
    None,
    /// The tag is left out if it cannot be read.
    Optional,
    /// It is an error if the tag cannot be read.
    Required,
}

/// The tags of a repository, sorted by name. Names that are not UTF-8 are left out.
pub struct TagList<'r> {
    repository: &'r Repository,
    tags: Vec<ListedTag>,
}

/// A tag whose commit was not looked up.
struct ListedTag {
    /// The name after `refs/tags/`.
    name: String,
    /// The object, for an annotated tag of `packed-refs` the one that it leads to; `None` for a reference without one.
    target: Result<Option<CommitId>, git2::Error>,
}

impl Repository {
    /// Lists the tags.
    pub fn tag_list(&self) -> Result<TagList<'_>> {
        let mut tags = Vec::new();
        for reference in self.inner.references_glob("refs/tags/*").context("cannot list the tags")? {
            let reference = reference.context("cannot list the tags")?;
            let name = reference.name_bytes().strip_prefix(b"refs/tags/").unwrap_or_default();
            let Ok(name) = std::str::from_utf8(name) else { continue };
            tags.push(ListedTag { name: name.to_owned(), target: target_of(&reference) });
        }
        tags.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(TagList { repository: self, tags })
    }
}

/// The object of a tag. A symbolic tag is rare, but legal.
fn target_of(reference: &git2::Reference<'_>) -> Result<Option<CommitId>, git2::Error> {
    let peeled = |direct: &git2::Reference<'_>| direct.target_peel().or_else(|| direct.target()).map(id_of);
    match reference.kind() {
        Some(git2::ReferenceType::Direct) => Ok(peeled(reference)),
        _ => reference.resolve().map(|direct| peeled(&direct)),
    }
}

impl TagList<'_> {
    /// The names after `refs/tags/`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().map(|tag| tag.name.as_str())
    }

    /// The tags that `need` selects, with their commits. Annotated, signed, nested and lightweight tags are treated alike.
    ///
    /// Errors: a required tag, or an object on its way to the commit, cannot be read.
    pub fn select(&self, need: impl Fn(&str) -> TagNeed) -> Result<Vec<GitTag>> {
        let odb = self.repository.odb()?;
        let mut selected = Vec::new();
        for tag in &self.tags {
            let need = need(&tag.name);
            if need == TagNeed::None {
                continue;
            }
            match (tag.commit(&odb), need) {
                (Ok(commit), _) => selected.push(GitTag { name: tag.name.clone(), commit }),
                (Err(_), TagNeed::Optional) => {}
                (Err(error), _) => return Err(error.context(format!("cannot read the tag `{}`", tag.name))),
            }
        }
        Ok(selected)
    }

    /// The commit of the tag called `name`; `None` if there is no such tag, it leads to no commit, or cannot be read.
    pub fn find_commit(&self, name: &str) -> Result<Option<CommitId>> {
        let odb = self.repository.odb()?;
        let place = self.tags.binary_search_by(|tag| tag.name.as_str().cmp(name));
        Ok(place.ok().and_then(|place| self.tags[place].commit(&odb).ok()).flatten())
    }
}

impl ListedTag {
    fn commit(&self, odb: &ObjectDatabase<'_>) -> Result<Option<CommitId>> {
        match &self.target {
            Ok(Some(target)) => peel(odb, *target),
            Ok(None) => Ok(None),
            Err(error) => Err(anyhow::anyhow!("{}", error.message())),
        }
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
