//! Which packages apt installed by itself (`auto` marks), so that a run does not turn them into wanted ones.
//!
//! Naming a package to `apt-get install` marks it as wanted by a person; apt keeps the marks in
//! `var/lib/apt/extended_states`.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::PackageManagerError;
use crate::host::runner::{self, CommandSpec};
use crate::host::storage::{self, StorageError};
use crate::model::package::PackageKey;

/// Reads the packages that apt marked as installed automatically.
///
/// # Errors
/// The file is there and cannot be read.
pub fn auto_marked(root: &Path) -> Result<BTreeSet<PackageKey>, StorageError> {
    let bytes = storage::read_if_present(&root.join("var/lib/apt/extended_states"))?.unwrap_or_default();
    Ok(parse_extended_states(&String::from_utf8_lossy(&bytes)))
}

fn parse_extended_states(text: &str) -> BTreeSet<PackageKey> {
    text.split("\n\n").filter_map(parse_stanza).collect()
}

fn parse_stanza(stanza: &str) -> Option<PackageKey> {
    let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if field("Auto-Installed")? != "1" {
        return None;
    }
    Some(PackageKey { name: field("Package")?.into(), architecture: field("Architecture")?.into() })
}

/// Marks packages as installed automatically.
///
/// # Errors
/// apt-mark cannot be run or refuses.
pub fn set_auto_marks(packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
    if packages.is_empty() {
        return Ok(());
    }
    let tool = "apt-mark";
    let names = packages.iter().map(PackageKey::to_string);
    let spec =
        CommandSpec::new("/usr/bin/apt-mark").args(["-o", "Debug::NoLocking=true", "auto", "--"]).args(names);
    let output = runner::run(&spec).map_err(|source| PackageManagerError::Run { tool, source })?;
    if output.is_success() {
        Ok(())
    } else {
        Err(PackageManagerError::Refused { tool, words: output.last_words(3) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_automatic_packages_are_taken() {
        let text = "Package: libssl3\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: openssl\nArchitecture: amd64\nAuto-Installed: 0\n";
        let marked: Vec<String> = parse_extended_states(text).iter().map(PackageKey::to_string).collect();
        assert_eq!(marked, ["libssl3:amd64"]);
    }
}
