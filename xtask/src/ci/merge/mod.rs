//! The merge pipeline: a merge commit is made, tested, pushed and staged; what lands is exactly what was tested.
//!
//! [`request`] is what was asked for, and [`machine`] decides on the steps.

pub mod answer;
pub mod boundary;
pub mod handover;
pub mod home;
pub mod land;
pub mod machine;
pub mod pipeline;
pub mod prepare;
pub mod request;
pub mod stages;
pub mod testing;
