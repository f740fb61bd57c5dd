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

/// Where apt keeps which packages came as dependencies only, below a root.
pub(super) const FILE: &str = "var/lib/apt/extended_states";

/// Reads the packages that apt marked as installed automatically.
///
/// # Errors
/// The file is there and cannot be read.
pub(super) fn auto_marked(root: &Path) -> Result<BTreeSet<PackageKey>, StorageError> {
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
pub(super) fn set_auto_marks(packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
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

/// Forgets what apt noted of packages that are gone. apt does so itself when it removes them; dpkg, which recovery
/// works with, knows nothing of the marks.
///
/// # Errors
/// The file cannot be read or written.
pub(super) fn forget(root: &Path, gone: &[PackageKey]) -> Result<(), StorageError> {
    let path = root.join(FILE);
    let Some(bytes) = storage::read_if_present(&path)? else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let kept = without(&text, gone);
    if kept == text { Ok(()) } else { storage::replace(&path, kept.as_bytes(), storage::PUBLIC) }
}

fn without(text: &str, gone: &[PackageKey]) -> String {
    let is_gone = |stanza: &&str| {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        // apt writes the native architecture for a package of all of them.
        let same = |key: &PackageKey| {
            let architecture = key.architecture.as_str();
            architecture == "all" || field("Architecture").is_none_or(|field| field == architecture)
        };
        gone.iter().any(|key| field("Package") == Some(key.name.as_str()) && same(key))
    };
    text.split_inclusive("\n\n").filter(|stanza| !is_gone(stanza)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_gone_is_forgotten_and_nothing_else() {
        let (one, two) = ("Package: a\nAuto-Installed: 1\n\n", "Package: b\nAuto-Installed: 1\n\n");
        let gone = [PackageKey { name: "a".into(), architecture: "all".into() }];
        assert_eq!(without(&format!("{one}{two}"), &gone), two);
        assert_eq!(without(two, &gone), two);
    }

    #[test]
    fn only_automatic_packages_are_taken() {
        let text = "Package: libssl3\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: openssl\nArchitecture: amd64\nAuto-Installed: 0\n";
        let marked: Vec<String> = parse_extended_states(text).iter().map(PackageKey::to_string).collect();
        assert_eq!(marked, ["libssl3:amd64"]);
    }
}
