//! The announcement of a release by mail, and its release on a forge.
//!
//! [`release`] finds the promoted release and [`changes`] its part of the changelog. [`text`] makes subject and body of the template,
//! [`mail`] the bytes of the mail, and [`announcement`] puts them together. [`home`] keeps the journal: what was sent, and what may have been sent. [`served`] compares the
//! repository at its public address with the one here. [`delivery`] hands a mail to a server or a program, and [`send`] does so until
//! it has an answer. [`plan`] has the steps of the command, and [`overview`] what other commands tell about announcements.
//!
//! For the forge, [`release_files`] copies the files of the release, [`release_plan`] decides on the steps, and [`publish`] carries them out.

pub mod announcement;
pub mod changes;
pub mod delivery;
pub mod home;
pub mod mail;
pub mod overview;
pub mod plan;
pub mod publish;
pub mod release;
pub mod release_files;
pub mod release_plan;
pub mod send;
pub mod served;
pub mod text;
