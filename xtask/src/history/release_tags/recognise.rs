//! Recognises the form of a project's release tags: the one that the tags of its highest versions have in common.

use std::collections::{HashMap, HashSet};

use crate::history::release_tags::candidate::TagCandidate;
use crate::history::release_tags::form::TagForm;
use crate::history::version::Version;

/// How many of the highest versions decide.
const DECIDING: usize = 5;
/// In how many forms a version may be tagged.
const FORMS_OF_A_VERSION: usize = 2;

/// What the tags of a project have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// No tag is that of a release.
    Nothing,
    /// The forms with the same text around the numbers, most numbers first.
    Forms(Vec<TagForm>),
    /// The tags contradict each other.
    Contradiction(Contradiction),
}

/// Tags of releases that have no form in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Two of them.
    pub tags: [String; 2],
    /// The forms that one might configure: for each text around the numbers, all forms with it.
    pub choices: Vec<Vec<TagForm>>,
}

/// Recognises the form from `candidates`, which are sorted as [`super::candidate::candidates`] does it. `is_reachable` says
/// whether the commit counts that has a tag; it is not called where all candidates have the same form.
pub fn recognise<E>(
    candidates: &[TagCandidate],
    mut is_reachable: impl FnMut(&TagCandidate) -> Result<bool, E>,
) -> Result<Recognition, E> {
    let Some(first) = candidates.first() else { return Ok(Recognition::Nothing) };
    let around = first.form.surroundings();
    if first.project.is_none() && candidates.iter().all(|candidate| candidate.form.surroundings() == around) {
        return Ok(Recognition::Forms(forms_with(candidates, around)));
    }
    let mut deciding: Vec<(&Version, Vec<&TagCandidate>)> = Vec::new();
    for candidate in candidates {
        let is_new = deciding.last().is_none_or(|(version, _)| **version != candidate.version);
        if is_new && deciding.len() == DECIDING {
            break;
        }
        if !is_reachable(candidate)? {
            continue;
        }
        match deciding.last_mut().filter(|_| !is_new) {
            Some((_, tags)) => tags.push(candidate),
            None => deciding.push((&candidate.version, vec![candidate])),
        }
    }
    let deciding = deciding.into_iter().map(|(_, tags)| tags).collect::<Vec<_>>();
    let Some(highest) = deciding.first() else { return Ok(Recognition::Nothing) };
    // The tags of a version are sorted by length: the first form that all have in common is the shortest.
    let common = highest.iter().find(|tag| deciding.iter().all(|tags| has_form_of(tags, tag)));
    let is_clear = deciding.iter().all(|tags| surroundings_of(tags).len() <= FORMS_OF_A_VERSION);
    match common.filter(|tag| is_clear && tag.project.is_none()) {
        Some(tag) => Ok(Recognition::Forms(forms_with(candidates, tag.form.surroundings()))),
        None => Ok(Recognition::Contradiction(contradiction(candidates, &deciding))),
    }
}

/// The tags that decide alone, if the commit reaches enough of them: those of the most frequent form that are above all tags of
/// other forms. The five highest versions can then have no other form, and less history has to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadingTags<'c> {
    /// The tags, of at least [`DECIDING`] versions.
    pub tags: Vec<&'c TagCandidate>,
    forms: Vec<TagForm>,
    reached: HashSet<&'c Version>,
}

impl<'c> LeadingTags<'c> {
    /// `None` if there are too few such tags, or no tags of other forms.
    pub fn of(candidates: &'c [TagCandidate]) -> Option<LeadingTags<'c>> {
        let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
        for candidate in candidates {
            *counts.entry(candidate.form.surroundings()).or_default() += 1;
        }
        let around = counts.into_iter().max_by_key(|(around, count)| (*count, *around)).map(|(around, _)| around)?;
        let other = candidates.iter().find(|candidate| candidate.form.surroundings() != around)?;
        let is_leading = |tag: &&TagCandidate| tag.version > other.version && tag.project.is_none();
        let tags = candidates.iter().take_while(is_leading).collect::<Vec<_>>();
        let versions = tags.iter().map(|tag| &tag.version).collect::<HashSet<_>>();
        let forms = forms_with(candidates, around);
        (versions.len() >= DECIDING).then(|| LeadingTags { tags, forms, reached: HashSet::new() })
    }

    /// Takes note of a version that the commit reaches; the forms, once that is enough.
    pub fn reach(&mut self, version: &'c Version) -> Option<Vec<TagForm>> {
        self.reached.insert(version);
        (self.reached.len() >= DECIDING).then(|| self.forms.clone())
    }
}

fn has_form_of(tags: &[&TagCandidate], wanted: &TagCandidate) -> bool {
    tags.iter().any(|tag| tag.form.surroundings() == wanted.form.surroundings())
}

/// The different texts around the numbers of tags, in their order.
fn surroundings_of<'c>(tags: &[&'c TagCandidate]) -> Vec<(&'c str, &'c str)> {
    let mut found = Vec::new();
    for tag in tags {
        if !found.contains(&tag.form.surroundings()) {
            found.push(tag.form.surroundings());
        }
    }
    found
}

fn contradiction(candidates: &[TagCandidate], deciding: &[Vec<&TagCandidate>]) -> Contradiction {
    let tags = deciding.concat();
    let highest = tags[0];
    // A version without the form of the highest tag; else a tag of another form.
    let lacking = deciding.iter().find(|tags| !has_form_of(tags, highest)).map(|tags| tags[0]);
    let other = tags.iter().find(|tag| tag.form.surroundings() != highest.form.surroundings()).copied();
    // All have one form, with the name of one of several projects.
    let of_another = candidates.iter().find(|tag| tag.form.surroundings() != highest.form.surroundings());
    let second = lacking.or(other).or(of_another).unwrap_or(highest);
    let mut around = surroundings_of(&tags);
    if !around.contains(&second.form.surroundings()) {
        around.push(second.form.surroundings());
    }
    Contradiction {
        tags: [highest.name.clone(), second.name.clone()],
        choices: around.into_iter().map(|around| forms_with(candidates, around)).collect(),
    }
}

/// All forms with this text around the numbers, most numbers first.
fn forms_with(candidates: &[TagCandidate], around: (&str, &str)) -> Vec<TagForm> {
    let mut forms = Vec::new();
    for candidate in candidates {
        if candidate.form.surroundings() == around && !forms.contains(&candidate.form) {
            forms.push(candidate.form.clone());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::history::release_tags::candidate::candidates;

    /// The forms of these tags, or the two tags of a contradiction. Tags that begin with `!` are not reachable.
    fn recognised(own: Option<&str>, tags: &str) -> String {
        let tags = tags.split(' ').collect::<Vec<_>>();
        let found = candidates(tags.iter().map(|tag| tag.trim_start_matches('!')), own);
        let is_reachable = |tag: &TagCandidate| Ok::<_, Infallible>(tags.contains(&tag.name.as_str()));
        match recognise(&found, is_reachable).unwrap() {
            Recognition::Nothing => "nothing".to_owned(),
            Recognition::Forms(forms) => forms.iter().map(TagForm::to_string).collect::<Vec<_>>().join(" "),
            Recognition::Contradiction(Contradiction { tags, choices }) => {
                format!("{} against {}, {} choices", tags[0], tags[1], choices.len())
            }
        }
    }

    #[test]
    fn the_five_highest_versions_decide() {
        for (own, tags, expected) in [
            (None, "0.1 0.46 1.0", "X.Y"),
            (None, "nightly", "nothing"),
            (None, "v1.0 v1.0.1 v2.0.0", "vX.Y.Z vX.Y"),
            (None, "1.0 1.1 v1.2 v1.3 v1.4 v1.5 v1.6", "vX.Y"),
            (None, "1.0 1.1 v1.2 v1.3 v1.4 v1.5", "v1.5 against 1.1, 2 choices"),
            (None, "v1.0 v1.1 1.1 v1.2 1.2 v1.3 1.3", "vX.Y"),
            (None, "v1.2 1.2 v1.3 1.3", "X.Y"),
            (None, "1.0 v1.1 1.1.0 rel/1.1", "v1.1 against 1.0, 3 choices"),
            (None, "release/2.9 rear-2.8 2.7", "release/2.9 against rear-2.8, 3 choices"),
            (None, "1.0 !v2.0 !v2.1", "X.Y"),
            (None, "!1.0 !v2.0", "nothing"),
            (None, "tito-0.6.27-1 tito-0.6.26-1", "tito-X.Y.Z-R"),
            (
                None,
                "mock-6.7-1 mock-configs-44.2-1 mock-configs-43.5-1",
                "mock-configs-44.2-1 against mock-6.7-1, 2 choices",
            ),
            (Some("mock"), "mock-6.7-1 mock-1.4.2-1 mock-configs-44.2-1", "mock-X.Y-R mock-X.Y.Z-R"),
            (Some("bar"), "foo-1.0", "nothing"),
        ] {
            assert_eq!(recognised(own, tags), expected, "{tags}");
        }
    }

    #[test]
    fn leading_tags_need_no_look_at_the_others() {
        let leading = |tags: &str| {
            let found = candidates(tags.split(' '), None);
            let mut leading = LeadingTags::of(&found)?;
            let versions = leading.tags.iter().map(|tag| &tag.version).collect::<Vec<_>>();
            versions.into_iter().find_map(|version| leading.reach(version)).map(|forms| forms[0].to_string())
        };
        assert_eq!(leading("1.0 v1.1 v1.2 v1.3 v1.4 v1.5").as_deref(), Some("vX.Y"));
        assert_eq!(leading("1.2 v1.1 v1.2 v1.3 v1.4 v1.5 v1.6"), None, "four are above 1.2");
        assert_eq!(leading("v1.1 v1.2 v1.3 v1.4 v1.5"), None, "no other form");
    }

    #[test]
    fn a_single_form_needs_no_history() {
        let found = candidates(["v1.0", "v1.1"].into_iter(), None);
        let recognition = recognise(&found, |_| Err("asked"));
        assert_eq!(recognition, Ok(Recognition::Forms(vec!["vX.Y".parse().unwrap()])));
    }
}
