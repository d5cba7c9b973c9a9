//! Lists, which a forge sends in pages.
//!
//! A list is read to its end, or it is an error: people outside can make lists and their entries long, and nothing that counts may be
//! hidden behind that.

use anyhow::Result;
use serde::de::DeserializeOwned;

use super::{ForgeClient, ForgeRequest};
use crate::base::error::{Exit, Failure};
use crate::forge::address::{next_page, redirect_target};

/// The most entries that are read of one list.
const MOST_ENTRIES: usize = 10_000;

/// How many entries of a list are asked for in one answer: fewer where an answer is too long, because people can write long entries.
const PAGE_SIZES: [usize; 3] = [100, 10, 1];

/// The same for pages that are read by their numbers.
const NUMBERED_PAGE_SIZES: [usize; 3] = [50, 10, 1];

impl ForgeClient {
    /// Reads a list with all of its pages, each of which has the link to the next one. `path` ends with `?` or `&`.
    ///
    /// Errors: the next page is on another service; the list has more than [`MOST_ENTRIES`], or one of them is too long.
    pub fn pages<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        for size in PAGE_SIZES {
            if let Some(entries) = self.linked_pages(&format!("{path}per_page={size}"), MOST_ENTRIES / size)? {
                return Ok(entries);
            }
        }
        Err(self.too_long(path).into())
    }

    /// Reads a list by the numbers of its pages up to an empty one, for a forge that does not say in each answer whether there is another
    /// page. `path` ends with `?` or `&`.
    ///
    /// Errors: the list has more than [`MOST_ENTRIES`], or one of them is too long.
    pub fn numbered_pages<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        for size in NUMBERED_PAGE_SIZES {
            if let Some(entries) = self.counted_pages(&format!("{path}limit={size}"), MOST_ENTRIES / size)? {
                return Ok(entries);
            }
        }
        Err(self.too_long(path).into())
    }

    /// Reads up to `most` pages by their links; `None` if one is too long.
    fn linked_pages<T: DeserializeOwned>(&self, path: &str, most: usize) -> Result<Option<Vec<T>>> {
        let mut entries = Vec::new();
        let mut path = path.to_owned();
        for _ in 0..most {
            let request = ForgeRequest::get(&path);
            let Some(answer) = self.answer(&request)? else { return Ok(None) };
            entries.extend(self.read::<Vec<T>>(&request, &answer)?);
            match answer.header("link").and_then(next_page) {
                Some(next) => path = redirect_target(&self.address(&path), next),
                None => return Ok(Some(entries)),
            }
        }
        Err(self.too_long(&path).into())
    }

    /// Reads up to `most` pages by their numbers, and an empty one; `None` if one is too long.
    fn counted_pages<T: DeserializeOwned>(&self, path: &str, most: usize) -> Result<Option<Vec<T>>> {
        let mut entries = Vec::new();
        for number in 1..=most + 1 {
            let path = format!("{path}&page={number}");
            let request = ForgeRequest::get(&path);
            let Some(answer) = self.answer(&request)? else { return Ok(None) };
            let page: Vec<T> = self.read(&request, &answer)?;
            if page.is_empty() {
                return Ok(Some(entries));
            }
            entries.extend(page);
        }
        Err(self.too_long(path).into())
    }

    fn too_long(&self, path: &str) -> Failure {
        let failure =
            Failure::new(Exit::Failed, format!("the list at `{}` is too long to be read", self.shown("GET", path)));
        // The same branch in a new pull request has the same commit.
        if path.contains("/statuses") {
            return failure.help("add a commit to the work, and ask again: a new commit has no statuses");
        }
        failure.help("if it belongs to a pull request, close that one, and propose its branch in a new one")
    }
}
