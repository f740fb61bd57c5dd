//! Names and numbers of users and groups, as the root itself knows them.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::tarball::Owner;
use crate::host::storage::{self, StorageError};

/// The users and groups of a root by name.
#[derive(Debug, Default)]
pub(in super::super) struct Accounts {
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
}

impl Accounts {
    /// Reads `etc/passwd` and `etc/group` of a root.
    pub(in super::super) fn read(root: &Path) -> Result<Self, StorageError> {
        let read = |name: &str| storage::read_if_present(&root.join(name)).map(Option::unwrap_or_default);
        Ok(Self { users: numbers(&read("etc/passwd")?), groups: numbers(&read("etc/group")?) })
    }

    /// Tells whether dpkg would give a file of `owner` these numbers.
    pub(super) fn match_owner(&self, owner: &Owner, (uid, gid): (u32, u32)) -> bool {
        let expected = |names: &BTreeMap<String, u32>, name: &Option<String>, number: u64| {
            name.as_ref().and_then(|name| names.get(name)).map_or(number, |known| u64::from(*known))
        };
        expected(&self.users, &owner.user, owner.uid) == u64::from(uid)
            && expected(&self.groups, &owner.group, owner.gid) == u64::from(gid)
    }

    /// Returns a user's name.
    pub(in super::super) fn user(&self, uid: u32) -> Option<&str> {
        name_of(&self.users, uid)
    }

    /// Returns a group's name.
    pub(in super::super) fn group(&self, gid: u32) -> Option<&str> {
        name_of(&self.groups, gid)
    }
}

fn name_of(names: &BTreeMap<String, u32>, number: u32) -> Option<&str> {
    names.iter().find(|(_, own)| **own == number).map(|(name, _)| name.as_str())
}

/// `NAME:PASSWORD:NUMBER:...` (passwd(5), group(5)).
fn numbers(bytes: &[u8]) -> BTreeMap<String, u32> {
    let text = String::from_utf8_lossy(bytes);
    let entry = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        Some((name.to_owned(), parts.nth(1)?.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}
