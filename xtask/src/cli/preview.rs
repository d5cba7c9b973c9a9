//! What a preview says of the damage that the run repairs before it does anything else.

use anyhow::Result;

use crate::base::progress::Progress as _;
use crate::cli::ui::Ui;
use crate::repository::clients::keys::{KeyRepair, find_key_faults};
use crate::repository::clients::root_files;
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::store::Store;
use crate::repository::write::recovery::Recovery;

/// Says what the run will finish and make again, and warns of what a person must decide.
pub fn say(store: &Store, recovery: &Recovery, command: &str, ui: &Ui) -> Result<()> {
    let first = |what: &str| ui.note(&format!("the run will first {what}"));
    for abandoned in &recovery.abandoned {
        first(&format!("remove `{}`, which a killed run left and no link leads to", abandoned.shown));
    }
    for (item, _) in &recovery.trash {
        first(&format!("move `{}` to the trash: a prune was interrupted", store.layout.shown(item)));
    }
    if let Some(unlogged) = &recovery.unlogged {
        first(&format!("finish the change of an interrupted run: {}", unlogged.manifest.event.action));
    } else {
        for link in &recovery.links {
            match &link.target {
                Some(target) => first(&format!("make the link `{}` lead to `{}`", link.shown, target.display())),
                None => first(&format!("remove the link `{}`, which leads to nothing", link.shown)),
            }
        }
        for file in root_files::changed(store, None)? {
            first(&format!("make `{}` again: it {}", file.name, file.describe_fault()));
        }
        for repair in find_key_faults(store).repairs {
            if let KeyRepair::Served(file) | KeyRepair::Copy(file) = repair {
                first(&format!("make `{}` again: it {}", file.name, file.describe_fault()));
            }
        }
    }
    // A gate of a promotion says it, too.
    for series in store.series()?.into_iter().filter(|_| command != "promote") {
        if let Some(lost) = find_unsettled(store, series) {
            ui.warn(&lost.warning());
        }
    }
    Ok(())
}
