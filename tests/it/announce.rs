//! `announce`: the mail about a promoted release, what is in it, and when it is due.

mod delivery;
mod once;
mod people;
mod real;
mod text;
