//! The part of the version that a step raises.

/// The part of the version that a step raises, in rising order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `Z+1`.
    #[default]
    Patch,
    /// `X.(Y+1).0`.
    Minor,
    /// `(X+1).0.0`.
    Major,
}

impl Level {
    /// `major`, `minor` or `patch`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Major => "major",
            Level::Minor => "minor",
            Level::Patch => "patch",
        }
    }
}

impl serde::Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
