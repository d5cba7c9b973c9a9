//! The boundary around the code that `ci merge` tests: what hostile work tries, behind `user:` and behind `container:`, and what
//! lands.

mod container;
mod finish;
mod lab;
mod limits;
mod setup;
mod user;
mod work;
