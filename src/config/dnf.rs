//! Which dnf a root has: dnf 4 and dnf 5 keep lists, locks and history in different places, and are told things in
//! different words.

use std::path::Path;

use crate::host::storage;

/// A generation of dnf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnfGeneration {
    /// dnf 4: Red Hat and its kin up to 10, Amazon Linux 2023, Fedora up to 40.
    Four,
    /// dnf 5: Fedora from 41 on (Fedora, "Changes/SwitchToDnf5").
    Five,
}

/// What people type, below a root. Fedora has both for a while, and this is a link to the one that counts.
const TYPED: &str = "usr/bin/dnf";

impl DnfGeneration {
    const ALL: [Self; 2] = [Self::Four, Self::Five];

    /// Returns the program, under the name that no other generation takes over.
    pub fn program(self) -> &'static str {
        match self {
            Self::Four => "/usr/bin/dnf-3",
            Self::Five => "/usr/bin/dnf5",
        }
    }

    /// Returns the generation that a root uses; `None` where it has neither (yum, or no package manager at all).
    pub fn of(root: &Path) -> Option<Self> {
        let target = storage::link_target(&root.join(TYPED)).ok();
        let name = target.as_deref().and_then(Path::file_name);
        let is_named =
            |generation: &Self| name.is_some() && Path::new(generation.program()).file_name() == name;
        let is_there =
            |generation: &Self| storage::exists(&root.join(generation.program().trim_start_matches('/')));
        let named = Self::ALL.into_iter().find(is_named).filter(is_there);
        named.or_else(|| Self::ALL.into_iter().find(is_there))
    }
}
