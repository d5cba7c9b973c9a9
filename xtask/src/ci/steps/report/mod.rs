//! The results of a stage: for CI systems, and for people.

mod annotations;
mod groups;
mod junit;
mod reported;
mod summary;

pub use annotations::step_annotations;
pub use groups::{LogStyle, render_output};
pub use junit::render_stage_junit;
pub use reported::ReportedStep;
pub use summary::{LARGEST_SUMMARY, render_summary};
