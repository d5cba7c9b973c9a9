//! The steps of a stage.
//!
//! The steps are configured, or are the script that [`automation`] finds. [`plan`] decides which of them are run, [`environment`] what
//! they find in their environment; [`run`] runs them. Each has a [`result`], and [`report`] shows the results to people and programs.

pub mod automation;
mod disk_watch;
pub mod environment;
pub mod plan;
pub mod report;
pub mod result;
pub mod run;
