//! The help for an error that a full file system has caused, here or in a program that was run.

use std::path::{Path, PathBuf};

use crate::base::error::{FULL_DISK, Failure, program, this_call};
use crate::base::files::{FreeSpace, find_free_space, from_home, is_full};
use crate::base::size::human_size;
use crate::repository::write::apply::UnfinishedChange;

/// The help of an error. Where a full file system has caused the error, that is what to do first. The help of a program that
/// failed for this reason would mislead.
pub fn help_of(error: &anyhow::Error) -> Option<String> {
    let own = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()?.help.clone());
    let details = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()?.details.as_deref());
    let has_words = |text: &str| FULL_DISK.iter().any(|words| text.contains(words));
    if has_words(&format!("{error:#}")) {
        return Some(help_to_make_room(error));
    }
    if has_words(details.unwrap_or_default()) {
        let own = own.map_or(String::new(), |own| format!("\n{own}"));
        return Some(format!("{}{own}", help_to_make_room(error)));
    }
    own
}

fn help_to_make_room(error: &anyhow::Error) -> String {
    let is_ours = error.chain().any(is_full);
    // An error of this program names the path that it could not write at the end of its context.
    let own = error.chain().filter(|_| is_ours).filter_map(|cause| last_path(&cause.to_string())).last();
    let place = match own.and_then(|path| find_free_space(&path)) {
        Some(FreeSpace { path, .. }) => format!("the file system of `{}`", path.display()),
        None => format!("the file system that is full ({})", describe_candidates()),
    };
    if error.downcast_ref::<UnfinishedChange>().is_some() {
        let program = program();
        return format!(
            "make room on {place}; the next command that changes the repository then finishes the change: `{program} prune`, for example"
        );
    }
    let call = this_call();
    format!("make room on {place}, and run the command again: `{call}`; what was there before is unchanged")
}

/// The last absolute path between backticks.
fn last_path(message: &str) -> Option<PathBuf> {
    let words = message.split('`').skip(1).step_by(2);
    words.map(Path::new).filter(|path| path.is_absolute()).last().map(Path::to_owned)
}

/// The folders in which the programs that are run here write, each file system once, with what is free.
fn describe_candidates() -> String {
    let gnupg = std::env::var_os("GNUPGHOME").map_or_else(|| from_home("~/.gnupg").into(), PathBuf::from);
    let here = std::env::current_dir().unwrap_or_default();
    let mut found: Vec<FreeSpace> = Vec::new();
    for place in [std::env::temp_dir(), PathBuf::from("/var/tmp"), gnupg, here.join("target"), here] {
        if let Some(space) = find_free_space(&place).filter(|new| found.iter().all(|old| old.device != new.device)) {
            found.push(space);
        }
    }
    found.sort_by_key(|space| space.bytes);
    let shown = found.iter().map(|space| format!("`{}` has {}", space.path.display(), human_size(space.bytes)));
    format!("free now: {}", shown.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context;

    use super::*;
    use crate::base::error::Exit;

    #[test]
    fn a_full_file_system_is_found_in_each_kind_of_error() {
        let own = || Err::<(), _>(io::Error::from_raw_os_error(28)).context("cannot copy `/a` to `/tmp/not/there`");
        let help = help_of(&own().unwrap_err()).unwrap();
        assert!(help.starts_with("make room on the file system of `/tmp`, and run the command again: `"), "{help}");
        let of_program = |message: &str| Failure::new(Exit::Failed, message.to_owned());
        let failed = of_program("`gpg` failed: No space left on device").help("make the key usable");
        let help = help_of(&failed.into()).unwrap();
        assert!(help.starts_with("make room on the file system that is full (free now: `/"), "{help}");
        assert!(!help.contains("make the key usable"), "{help}");
        let in_log = of_program("the build failed").details("write error: Disk quota exceeded").help("see the log");
        assert!(
            help_of(&in_log.into())
                .is_some_and(|help| help.starts_with("make room") && help.ends_with("\nsee the log"))
        );
        assert_eq!(help_of(&of_program("it failed").help("see it").into()), Some("see it".to_owned()));
        assert_eq!(help_of(&of_program("it failed").into()), None);
    }
}
