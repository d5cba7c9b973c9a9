//! The answer to an event of a forge: a comment that asks for tests or a merge, new commits, a review.
//!
//! [`comment`] finds the commands in a comment, and [`wish`] says what an event asks for, by the event alone. [`decide`] decides with the
//! [`facts`] that the forge and the base say. All these are pure. [`ask`] asks for the facts, and [`apply`] carries a [`decision`] out.
//!
//! The jobs after that read an [`order`] from the decision, ask [`again`] before they push, and show their [`outcome`].

pub mod again;
pub mod apply;
pub mod ask;
pub mod comment;
pub mod decide;
pub mod decision;
pub mod facts;
mod near_miss;
pub mod order;
pub mod outcome;
pub mod reply;
pub mod wish;
