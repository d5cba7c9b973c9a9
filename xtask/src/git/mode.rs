//! The mode of an entry in a tree.

/// The mode of an entry in a tree. Old versions of git wrote other modes; git reads them as one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 100644
    File,
    /// 100755
    Executable,
    /// 120000: a symbolic link; its content is the target.
    Link,
    /// 40000
    Folder,
    /// 160000: a commit of another repository.
    Submodule,
}

impl Mode {
    /// The mode of the number in the tree object.
    pub fn of(bits: u32) -> Mode {
        match bits & 0o170_000 {
            0o100_000 if bits & 0o100 != 0 => Mode::Executable,
            0o100_000 => Mode::File,
            0o120_000 => Mode::Link,
            0o040_000 => Mode::Folder,
            _ => Mode::Submodule,
        }
    }
}
