//! The commands that come next, after the files are written.

use std::collections::BTreeSet;

use crate::adopt::files::AdoptPlace;
use crate::adopt::plan::AdoptStep;
use crate::base::text::shell_word;

/// The three commands: `program` is how this program was called, with the flags that name the project.
pub fn next_steps(program: &str, place: &AdoptPlace, steps: &[AdoptStep], has_spec: bool) -> Vec<String> {
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
    let (make, look) = if has_spec { ("dist --rpm", "accept") } else { ("dist", "status") };
    commands.extend([format!("{program} {make}"), format!("{program} {look}")]);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adopt::files::WantedFile;

    #[test]
    fn what_was_written_is_committed() {
        let step = |path: &str| AdoptStep {
            path: path.into(),
            shown: path.to_owned(),
            file: WantedFile {
                path: path.into(),
                content: String::new(),
                is_executable: false,
                is_config: false,
                why: String::new(),
            },
        };
        let steps = [step("packaging/release.toml"), step("packaging/a.spec.in"), step(".git/hooks/commit-msg")];
        let commands = next_steps("releng", &AdoptPlace::Project, &steps, true);
        let commit = "git add packaging && git commit --message 'Describe the release'";
        assert_eq!(commands, [commit, "releng dist --rpm", "releng accept"]);
        let again = next_steps("releng", &AdoptPlace::Project, &steps[2..], false);
        assert_eq!(again, ["releng version", "releng dist", "releng status"]);
    }
}
