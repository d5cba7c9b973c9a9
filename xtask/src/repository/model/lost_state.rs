//! What to do where the log or the ledger is lost, damaged or of another repository.

use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::TreePath;
use crate::repository::model::event::BrokenChain;
use crate::repository::model::layout::Layout;

/// The help for a log or ledger that is lost, damaged or an old copy.
pub fn help_to_recover(file: &TreePath) -> String {
    let back = if file.is_there() {
        format!("put `{file}` back from a backup")
    } else {
        let state = committed("correct `repository.state`");
        format!(
            "mount the disk that `{file}` is on; if the file is lost, put it back from a backup; if the state is in another folder, {state}"
        )
    };
    format!("{back}; or put it together again from the manifests in the repository: `{} recover-log`", program())
}

/// What is wrong with a log that was read in part, for the end of a sentence.
pub fn describe_broken(broken: &BrokenChain) -> String {
    let what = if broken.is_other { "is of another repository" } else { "was changed" };
    format!("{what}: {broken}")
}

/// What to do about it.
pub fn help_to_broken(layout: &Layout, broken: &BrokenChain) -> String {
    if broken.is_other { help_to_other(layout) } else { help_to_recover(&layout.log()) }
}

/// The help for a log of another repository. What it says of the folders here is no reason to remove one.
fn help_to_other(layout: &Layout) -> String {
    let (state, change) = (&layout.state, committed("correct `repository.state`"));
    format!(
        "remove nothing: `{state}` seems to be the state of another repository: {change}, or put the state of this one back there; if \
         somebody has changed the root instead, put that back; if the state of this repository is lost, put its log together again from \
         the manifests: `{} recover-log`",
        program()
    )
}

/// The error for a log that was read in part.
pub fn refuse_log(layout: &Layout, broken: &BrokenChain) -> Failure {
    let message = format!("`{}` {}", layout.log(), describe_broken(broken));
    Failure::new(Exit::Failed, message).help(help_to_broken(layout, broken))
}
