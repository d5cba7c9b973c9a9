//! Modules that every other folder may use. None of them depends on releases.
//!
//! [`error`] has the type of a failure, [`plan`] that of a plan. [`progress`] reports long work, and [`interrupt`] stops it.
//! [`files`] is the only writer of results, [`process`] the only place that runs other programs, [`clock`] the only reader of the
//! clock. [`as_text`], [`digest`], [`checksum`], [`github`], [`gzip`], [`http`], [`junit`], [`number`], [`package_digest`],
//! [`programs`], [`schema`], [`secret`], [`size`], [`statement`], [`text`], [`threads`], [`token`], [`zlib`] and [`parallel`] are
//! tools.

pub(crate) mod as_text;
pub mod checksum;
pub mod clock;
pub mod digest;
pub mod error;
pub mod files;
pub mod github;
pub mod gzip;
pub mod http;
pub mod interrupt;
pub mod journal;
pub mod junit;
pub mod number;
pub mod package_digest;
pub mod parallel;
pub mod plan;
pub mod process;
pub mod programs;
pub mod progress;
pub mod schema;
pub mod secret;
pub mod size;
pub mod statement;
pub mod text;
pub mod threads;
pub mod token;
pub mod zlib;
