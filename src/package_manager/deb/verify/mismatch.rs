//! One path that is not as its package brought it, and how serious that is.

use std::path::PathBuf;

/// How a path differs from what the package brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// Its content is different.
    Content,
    /// It is a folder instead of a file, a file instead of a link, and so on.
    Type,
    /// The link points elsewhere.
    Target,
    /// It should be another name of the same file, and is a copy of it.
    HardLink,
    /// Its permission bits are different.
    Mode {
        /// What the package says.
        expected: u32,
        /// What is on disk.
        found: u32,
    },
    /// It belongs to someone else: user and group as numbers.
    Owner {
        /// What is on disk.
        found: (u32, u32),
    },
}

impl Fault {
    /// Tells whether the path does not hold what the package brought. Mode and owner are set by maintainer scripts
    /// too, and a copy instead of a hard link holds the same.
    pub fn is_about_content(&self) -> bool {
        matches!(self, Self::Missing | Self::Content | Self::Type | Self::Target)
    }
}

/// One path that is not as the package brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path as the package names it.
    pub path: PathBuf,
    /// How it differs.
    pub fault: Fault,
}
