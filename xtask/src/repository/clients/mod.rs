//! What the machines get that install from the repository.
//!
//! [`pages`] has the `.repo` files, the keys and the mirrorlists, [`package`] the `<name>-repo` package that carries them, and
//! [`in_flight`] what clients may still ask for that read an older state.

pub mod in_flight;
pub mod package;
pub mod pages;
