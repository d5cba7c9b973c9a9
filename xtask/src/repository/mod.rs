//! The repository that `dnf` installs from: snapshots in `unstable/`, stable series in `stable/`.
//!
//! [`model`] is what there is: the tree, its names, manifests, the log, and how they are read. [`repodata`] describes packages and
//! [`sign`] signs. [`clients`] is what client machines get: `.repo` files, mirrorlists, keys; [`keys`] is the change of the key that
//! signs. [`pages`] are for browsers. [`write`](mod@write) is the one way to change anything. On these stand the commands: [`stage`] makes snapshots, [`accept`] tests them, [`promote`] puts them into a series,
//! [`undo`] takes that back, [`prune`] removes what no rule of [`retention`] keeps. [`recover_log`](mod@recover_log)
//! puts a lost log together again. [`overview`] shows what there is, [`verify`] checks all of it, and
//! [`commits`] asks git. [`dependencies`] finds what a change of a series would break.

pub mod accept;
pub mod clients;
pub mod commits;
pub mod dependencies;
pub mod keys;
pub mod model;
pub mod overview;
pub mod pages;
pub mod promote;
pub mod provenance;
pub mod prune;
pub mod recover_log;
pub mod repodata;
pub mod retention;
pub mod sign;
pub mod stage;
pub mod undo;
pub mod verify;
pub mod write;
