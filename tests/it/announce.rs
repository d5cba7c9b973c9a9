//! `announce`: the mail about a promoted release, what is in it, and when it is due.

mod delivery;
pub mod forge;
mod forge_faults;
mod once;
mod people;
mod real;
pub mod text;
