//! The steps that make a release on a forge, by what the forge has already.
//!
//! | the forge has | it gets |
//! |---|---|
//! | nothing | a draft, the files, and then the release is shown |
//! | a draft | the files that the draft lacks. Files with other bytes are replaced: nobody has seen them |
//! | the release | the files that it lacks. A file with other bytes is refused: people may have it |

use std::fmt;
use std::path::PathBuf;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::plan::Plan;
use crate::base::size::human_size;
use crate::forge::model::{Asset, ForgeRelease, WantedRelease, name_on};
use crate::project::config::{ForgeKind, ForgeProject};

/// A release, and the repository on the forge that gets it.
#[derive(Clone, Debug)]
pub struct ReleaseTarget {
    pub kind: ForgeKind,
    pub project: ForgeProject,
    pub wanted: WantedRelease,
}

/// A file that is added to a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFile {
    pub name: String,
    /// In bytes.
    pub size: u64,
    pub sha256: Digest,
    /// The copy of this run.
    pub path: PathBuf,
    /// Whether another run would write other bytes that mean the same, as a signature can be.
    pub may_differ: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishStep {
    /// Records that the others begin.
    Begin,
    /// Makes the draft.
    Draft,
    /// Removes a file from the draft.
    Remove(Asset),
    /// Adds a file.
    Upload(ReleaseFile),
    /// Shows the draft to everyone, after a look whether it is whole.
    Show,
    /// Records that it is shown.
    Record,
}

/// Decides on the steps.
///
/// Errors: a draft has a file that is not of this release; a release that is shown has another file of the name.
pub fn plan_release(
    target: &ReleaseTarget,
    files: &[ReleaseFile],
    found: Option<&ForgeRelease>,
) -> Result<Plan<PublishStep>, Failure> {
    let is_shown = found.is_some_and(|found| !found.is_draft);
    let assets = found.map_or(&[][..], |found| &found.assets);
    if !is_shown {
        require_own(target, files, assets)?;
    }
    let mut steps = Vec::new();
    if found.is_none() {
        steps.push(PublishStep::Draft);
    }
    for file in files {
        let (same, other): (Vec<&Asset>, Vec<&Asset>) =
            namesakes(target.kind, file, assets).partition(|asset| is_same(file, asset, is_shown));
        if is_shown && let Some(other) = other.iter().find(|other| other.is_uploaded) {
            return Err(another_file(target, other));
        }
        let surplus = other.into_iter().chain(same.iter().copied().skip(1).filter(|_| !is_shown));
        steps.extend(surplus.cloned().map(PublishStep::Remove));
        if same.is_empty() {
            steps.push(PublishStep::Upload(file.clone()));
        }
    }
    if !is_shown {
        steps.push(PublishStep::Show);
    }
    if !steps.is_empty() {
        steps.insert(0, PublishStep::Begin);
    }
    steps.push(PublishStep::Record);
    let title = format!("release {} on {} ({})", target.wanted.tag, target.kind, target.project.as_str());
    Ok(Plan { title, steps })
}

/// What people have changed in the text of a release that is shown: its name, its notes. It is theirs from then on.
pub fn changed_text(target: &ReleaseTarget, found: Option<&ForgeRelease>) -> Vec<&'static str> {
    let Some(found) = found.filter(|found| !found.is_draft) else { return Vec::new() };
    // A forge keeps the line ends of the browser that a text was edited in, and may cut blanks off its end.
    let plain = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    let wanted = &target.wanted;
    let texts = [("name", &found.name, &wanted.name), ("notes", &found.notes, &wanted.notes)];
    texts.into_iter().filter(|(_, found, wanted)| plain(found) != plain(wanted)).map(|(part, ..)| part).collect()
}

/// The files of a release that have the name of `file`.
pub fn namesakes<'a>(
    kind: ForgeKind,
    file: &ReleaseFile,
    assets: &'a [Asset],
) -> impl Iterator<Item = &'a Asset> + use<'a> {
    let name = name_on(kind, &file.name);
    assets.iter().filter(move |asset| asset.name == name)
}

/// Whether the forge has this file: by the digest, or by the size where the forge says no digest.
fn is_same(file: &ReleaseFile, asset: &Asset, is_shown: bool) -> bool {
    let digest = format!("sha256:{}", file.sha256);
    let has_bytes = asset.size == file.size && asset.digest.as_ref().is_none_or(|kept| *kept == digest);
    asset.is_uploaded && (has_bytes || (is_shown && file.may_differ))
}

/// Whoever may write to the repository can put a file into a draft. GitLab's registry can have any: no link leads to them.
fn require_own(target: &ReleaseTarget, files: &[ReleaseFile], assets: &[Asset]) -> Result<(), Failure> {
    let is_own = |asset: &&Asset| files.iter().any(|file| name_on(target.kind, &file.name) == asset.name);
    match assets.iter().find(|asset| !is_own(asset)) {
        Some(asset) if target.kind != ForgeKind::Gitlab => {
            let (tag, name) = (&target.wanted.tag, asset.name.escape_debug());
            Err(Failure::new(
                Exit::Failed,
                format!("the draft of the release `{tag}` has `{name}`, which is not a file of it"),
            )
            .help("find out who has put it there, and remove it from the draft; then run the same command again"))
        }
        _ => Ok(()),
    }
}

fn another_file(target: &ReleaseTarget, asset: &Asset) -> Failure {
    let (tag, name) = (&target.wanted.tag, asset.name.escape_debug());
    Failure::new(Exit::Failed, format!("the release `{tag}` on {} has another `{name}`", target.kind))
        .help("what people may have is not replaced: find out who has changed it; to make the release again, delete it on the forge, and run the same command again")
}

/// The plan for people.
pub fn render_plan(target: &ReleaseTarget, plan: &Plan<PublishStep>) -> String {
    let steps = plan.steps.iter().map(|step| ShownStep { target, step }).collect();
    Plan { title: plan.title.clone(), steps }.to_string()
}

struct ShownStep<'a> {
    target: &'a ReleaseTarget,
    step: &'a PublishStep,
}

impl fmt::Display for ShownStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WantedRelease { tag, commit, .. } = &self.target.wanted;
        match self.step {
            PublishStep::Begin => f.write_str("append to announce/journal.jsonl that the release begins"),
            PublishStep::Draft => write!(f, "draft the release `{tag}`"),
            PublishStep::Remove(asset) => {
                write!(f, "remove `{}` from the draft: it is not the file", asset.name.escape_debug())
            }
            PublishStep::Upload(file) => {
                write!(f, "upload {} ({}, sha256 {})", file.name, human_size(file.size), file.sha256)
            }
            PublishStep::Show => write!(f, "show the release: the tag `{tag}` leads to {commit}"),
            PublishStep::Record => f.write_str("append to announce/journal.jsonl that the release is shown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::digest_of;
    use crate::git::CommitId;

    fn file(name: &str, content: &str) -> ReleaseFile {
        let (name, size, sha256) = (name.to_owned(), content.len() as u64, digest_of(content.as_bytes()));
        ReleaseFile { may_differ: name.ends_with(".asc"), name, size, sha256, path: "/x".into() }
    }

    /// `name:content`, `name:content:broken`, or `name?content` for a forge that says no digest.
    fn asset(text: &str) -> Asset {
        let (name, content) = text.split_once([':', '?']).unwrap();
        let (content, is_uploaded) =
            content.strip_suffix(":broken").map_or((content, true), |content| (content, false));
        let digest = text.contains(':').then(|| format!("sha256:{}", digest_of(content.as_bytes())));
        Asset { id: 1, name: name.to_owned(), size: content.len() as u64, digest, is_uploaded }
    }

    /// The steps for a release with the files `a` (`1`) and `a.asc` (`2`), in short.
    fn steps(kind: ForgeKind, found: Option<(&str, bool)>) -> String {
        let wanted =
            WantedRelease { tag: "1.0.2".into(), commit: CommitId([1; 20]), name: "x".into(), notes: String::new() };
        let target = ReleaseTarget { kind, project: "ada/lago".to_owned().try_into().unwrap(), wanted };
        let found = found.map(|(assets, is_draft)| {
            let assets = assets.split(' ').filter(|text| !text.is_empty()).map(asset).collect();
            let (name, notes) = ("x".into(), String::new());
            ForgeRelease { id: 1, tag: "1.0.2".into(), is_draft, page: "p".into(), name, notes, assets }
        });
        let plan = match plan_release(&target, &[file("a", "1"), file("a.asc", "2")], found.as_ref()) {
            Ok(plan) => plan,
            Err(failure) => return failure.message,
        };
        let short = plan.steps.iter().map(|step| match step {
            PublishStep::Begin => "begin".to_owned(),
            PublishStep::Draft => "draft".to_owned(),
            PublishStep::Remove(asset) => format!("-{}", asset.name),
            PublishStep::Upload(file) => format!("+{}", file.name),
            PublishStep::Show => "show".to_owned(),
            PublishStep::Record => "record".to_owned(),
        });
        short.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_steps_are_those_that_the_forge_lacks() {
        for (found, expected) in [
            (None, "begin draft +a +a.asc show record"),
            (Some(("", true)), "begin +a +a.asc show record"),
            (Some(("a:1", true)), "begin +a.asc show record"),
            (Some(("a:1 a.asc:2", true)), "begin show record"),
            (Some(("a?1 a.asc?3", true)), "begin show record"),
            (Some(("a:9 a.asc:3", true)), "begin -a +a -a.asc +a.asc show record"),
            (Some(("a:1:broken", true)), "begin -a +a +a.asc show record"),
            (Some(("a:1 a:1 a.asc:2", true)), "begin -a show record"),
            (Some(("a:1 a:9 a.asc:2", true)), "begin -a show record"),
            (Some(("b:1", true)), "the draft of the release `1.0.2` has `b`, which is not a file of it"),
            (Some(("a:1 a.asc:2", false)), "record"),
            (Some(("a:1 a.asc:3 b:1", false)), "record"),
            (Some(("a:1", false)), "begin +a.asc record"),
            (Some(("a:1:broken a.asc:2", false)), "begin -a +a record"),
            (Some(("a:9 a.asc:2", false)), "the release `1.0.2` on GitHub has another `a`"),
        ] {
            assert_eq!(steps(ForgeKind::Github, found), expected, "{found:?}");
        }
        assert_eq!(steps(ForgeKind::Gitlab, Some(("b:1", true))), "begin +a +a.asc show record");
    }
}
