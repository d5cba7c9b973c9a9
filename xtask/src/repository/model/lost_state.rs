//! What to do where the log or the ledger is lost.

use crate::base::error::{committed, program};
use crate::base::files::TreePath;

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
