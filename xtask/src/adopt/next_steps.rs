//! The commands that come next, after the files are written.

use std::collections::BTreeSet;

use crate::adopt::order::AdoptPlace;
use crate::adopt::plan::AdoptStep;
use crate::base::text::shell_word;

/// What the commands lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastStep {
    /// The source archives.
    Sources,
    /// Packages, which are tested.
    Packages,
    /// Packages of a commit that is not on the remote: `accept` tests merged work, or what is named to it.
    PackagesOfABranch,
}

/// The three commands: `program` is how this program was called, with the flags that name the project.
pub fn next_steps(program: &str, place: &AdoptPlace, steps: &[AdoptStep], last: LastStep) -> Vec<String> {
    // What git does not track needs no commit.
    let tops: BTreeSet<String> = steps
        .iter()
        .filter_map(|step| step.file.path.components().next()?.as_os_str().to_str().map(str::to_owned))
        .filter(|top| top != ".git")
        .collect();
    let mut commands = Vec::new();
    if *place == AdoptPlace::Project && !tops.is_empty() {
        let tops = tops.iter().map(|top| shell_word(top)).collect::<Vec<_>>().join(" ");
        commands.push(format!("git add {tops} && git commit --message 'Describe the release'"));
    } else {
        commands.push(format!("{program} version"));
    }
    let (make, look) = match last {
        LastStep::Sources => ("dist", "status"),
        LastStep::Packages => ("dist --rpm", "accept"),
        LastStep::PackagesOfABranch => ("dist --rpm", "status"),
    };
    commands.extend([format!("{program} {make}"), format!("{program} {look}")]);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adopt::file_to_write::FileToWrite;

    #[test]
    fn what_was_written_is_committed() {
        let step = |path: &str| AdoptStep {
            path: path.into(),
            shown: path.to_owned(),
            file: FileToWrite::new(path, String::new(), ""),
        };
        let steps = [step("packaging/release.toml"), step("packaging/a.spec.in"), step(".git/hooks/commit-msg")];
        let commands = next_steps("releng", &AdoptPlace::Project, &steps, LastStep::Packages);
        let commit = "git add packaging && git commit --message 'Describe the release'";
        assert_eq!(commands, [commit, "releng dist --rpm", "releng accept"]);
        let again = next_steps("releng", &AdoptPlace::Project, &steps[2..], LastStep::Sources);
        assert_eq!(again, ["releng version", "releng dist", "releng status"]);
    }
}
