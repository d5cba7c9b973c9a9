//! What a killed or failing program leaves behind: the program runs under strace, which ends it, or makes one of its
//! system calls fail, at each point where it changes a file; then the tree is looked at and the program run again.
//!
//! `trace` reads what strace writes, `inject` causes the fault, `tree` compares folders, `order` finds what becomes
//! visible before it is on the disk, `matrix` goes through all the points of a [`Scenario`],
//! and `report` tells what it found.

pub mod inject;
pub mod matrix;
pub mod order;
pub mod report;
pub mod trace;
pub mod tree;

use std::path::{Path, PathBuf};

/// A command, the folder that it runs on, and what has to hold there after any fault.
pub struct Scenario {
    /// How reports call it.
    pub name: String,
    /// Copied, hard links kept, for each run; the command runs in the copy.
    pub prepared: PathBuf,
    /// The program and its arguments, paths relative to the copy.
    pub command: Vec<String>,
    /// What completes the work of a killed run: mostly the same command.
    pub again: Vec<String>,
    /// Exit codes of `again` that are right; 0, and perhaps that of "nothing left to do".
    pub again_exits: Vec<i32>,
    /// Variables of both commands.
    pub variables: Vec<(String, String)>,
    /// Where the command may change files, relative to the copy: only calls below these are points.
    pub roots: Vec<PathBuf>,
    /// Links or folders, relative to the copy, whose resolved tree is exactly the old one or the new one at any time.
    pub channels: Vec<PathBuf>,
    /// Logs of one event a line, relative to the copy: no event of an undisturbed run may be missing in the end.
    pub logs: Vec<PathBuf>,
    /// Whether a name is that of a temporary file or folder: none may be left once the work is completed.
    pub litter: fn(&str) -> bool,
    /// What comparisons leave out or see differently.
    pub tolerance: tree::Tolerance,
    /// Whether threads and children besides the first thread may change files: faults reach the first thread only, so a
    /// matrix over such a program says less.
    pub helpers_may_write: bool,
    /// Anything else that holds at every instant, for a client that reads the copy then.
    pub check: Check,
}

/// Looks at a copy; an error says what is wrong.
pub type Check = Box<dyn Fn(&Path) -> Result<(), String> + Sync>;

impl Scenario {
    /// A command on a folder with roots and channels, and the rules that hold for the program of this project.
    pub fn new(name: &str, prepared: &Path, command: &[&str], roots: &[&str], channels: &[&str]) -> Scenario {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        Scenario {
            name: name.to_owned(),
            prepared: prepared.to_owned(),
            again: command.clone(),
            command,
            again_exits: vec![0],
            variables: Vec::new(),
            roots: roots.iter().map(PathBuf::from).collect(),
            channels: channels.iter().map(PathBuf::from).collect(),
            logs: Vec::new(),
            litter: |name| name.contains(".releng-"),
            // The lock file has the number of the process.
            tolerance: tree::Tolerance { ignores: |path| path.ends_with("/lock"), ..tree::Tolerance::default() },
            helpers_may_write: false,
            check: Box::new(|_| Ok(())),
        }
    }

    /// The roots in the copy `place`.
    pub fn roots_in(&self, place: &Path) -> Vec<PathBuf> {
        self.roots.iter().map(|root| place.join(root)).collect()
    }
}
