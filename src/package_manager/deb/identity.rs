//! Whether an archive is the one that is installed: equal versions are not enough, because a vendor or a local
//! build can put different content under the same version.

use std::path::Path;

use super::archive::{Archive, ArchiveError};
use super::database::{Record, RecordError};

/// Fields that dpkg copies from the archive to its database. Dependencies are compared without white space, which
/// dpkg normalises.
const COMPARED: &[&str] = &[
    "Package",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Essential",
    "Source",
    "Pre-Depends",
    "Depends",
    "Conflicts",
    "Breaks",
    "Replaces",
    "Provides",
    "Installed-Size",
];

/// Control files that dpkg does not keep as they were.
const NOT_KEPT: &[&str] = &["control", "conffiles", "md5sums"];

/// What could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The database cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The first thing in which an archive differs from what is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The package is not installed.
    NotInstalled,
    /// A control field differs.
    Field(&'static str),
    /// A maintainer script or another control file differs or is missing on one side.
    ControlFile(String),
    /// The digests of the files differ.
    Digests,
}

/// Compares an archive with the installed package of its name and architecture: control fields, maintainer scripts,
/// digests of files as recorded. Returns `None` when they are the same.
///
/// # Errors
/// The archive or the database cannot be read.
pub fn archive_matches_installed(
    archive: &Archive,
    root: &Path,
) -> Result<Option<Difference>, IdentityError> {
    let record = match Record::read(root, archive.key()) {
        Ok(record) => record,
        Err(RecordError::Absent { .. }) => return Ok(Some(Difference::NotInstalled)),
        Err(error) => return Err(error.into()),
    };
    if matches!(record.state(), "config-files" | "not-installed") {
        return Ok(Some(Difference::NotInstalled));
    }
    let field = |name: &&&'static str| {
        normal(archive.control().get(name).unwrap_or_default())
            != normal(record.status.get(name).unwrap_or_default())
    };
    if let Some(name) = COMPARED.iter().find(field) {
        return Ok(Some(Difference::Field(name)));
    }
    if let Some(name) = different_control_file(archive, &record) {
        return Ok(Some(Difference::ControlFile(name)));
    }
    let (mut digests, mut recorded) = (archive.md5sums()?, record.md5sums.unwrap_or_default());
    // dpkg lists configuration files when it makes the digests itself; vendors' lists leave them out.
    for path in archive.conffiles() {
        digests.remove(&path);
        recorded.remove(&path);
    }
    Ok((digests != recorded).then_some(Difference::Digests))
}

fn normal(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace()).collect()
}

fn different_control_file(archive: &Archive, record: &Record) -> Option<String> {
    let mut names: Vec<&String> = archive
        .control_files()
        .keys()
        .chain(record.control_files.keys().filter(|name| *name != "list"))
        .collect();
    names.sort();
    names.dedup();
    let differs = |name: &&String| {
        !NOT_KEPT.contains(&name.as_str())
            && archive.control_files().get(*name) != record.control_files.get(*name)
    };
    names.into_iter().find(differs).cloned()
}
