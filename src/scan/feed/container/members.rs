//! The members of a tar archive that are too large for memory: one after the other, each poured somewhere.

use std::io::{Read, Write};

use super::ContainerError;
use super::tarball::Tarball;

/// A file of an archive. Its name is a word to know it by, never a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A tar archive and how far it has been read.
#[derive(Debug)]
pub struct Members<'a> {
    archive: Tarball<'a>,
    size: u64,
}

impl<'a> Members<'a> {
    /// Begins to read an archive.
    pub fn new(archive: impl Read + 'a) -> Self {
        Self { archive: Tarball::new(archive), size: 0 }
    }

    /// Returns the next member, of which the content has to be poured before the one after it; none at the end.
    ///
    /// # Errors
    /// The archive is damaged.
    pub fn advance(&mut self) -> Result<Option<Member>, ContainerError> {
        let member = self.archive.next_member()?;
        self.size = member.as_ref().map_or(0, |member| member.size);
        Ok(member)
    }

    /// Writes the content of the present member somewhere.
    ///
    /// # Errors
    /// The archive is damaged, or the content cannot be written.
    pub fn pour(&mut self, to: &mut dyn Write) -> Result<(), ContainerError> {
        self.archive.pour(std::mem::take(&mut self.size), to)
    }
}
