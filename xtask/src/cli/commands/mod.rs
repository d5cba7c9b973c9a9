//! The commands, one file each: load, decide, apply, report.

pub mod accept;
pub mod announce;
pub mod changelog;
pub mod ci;
pub mod completions;
pub mod config;
pub mod dist;
pub mod doctor;
pub mod hold;
pub mod init;
pub mod lint;
pub mod man;
pub mod promote;
pub mod prune;
pub mod recover_log;
pub mod rollback;
pub mod rpm;
pub mod spec;
pub mod srpm;
pub mod stage;
pub mod status;
pub mod tag;
pub mod verify;
pub mod version;
pub mod yank;
