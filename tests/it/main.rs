//! The one integration binary: the program as its users call it, against the real git and rpm.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, helpers included")]

mod accept;
mod architecture;
mod archive;
mod builders;
mod changelog;
mod client_package;
mod client_race;
mod clients;
mod commands;
mod concurrency;
mod coverage;
mod crash;
mod crash_repository;
mod damage;
mod dist;
mod documents;
mod due;
mod explain;
mod farms;
mod flags;
mod gates;
mod in_flight;
mod install;
mod lineage;
mod messages;
mod own_package;
mod packages;
mod plans;
mod promote;
mod recovery;
mod repodata;
mod report;
mod rpm;
mod series;
mod shallow;
mod sign;
mod spec;
mod srpm;
mod stage;
mod support;
mod undo;
mod vendor;
mod verify;
mod version;
