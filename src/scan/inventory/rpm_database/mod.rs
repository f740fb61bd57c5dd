//! rpm's database. The format of today (SQLite) is read directly; the older ones are read by rpm.

mod locks;
mod package;
mod place;
mod query;
mod sqlite;

use std::path::{Path, PathBuf};

use crate::host::runner::RunError;
use crate::model::package::InstalledPackage;
use crate::model::rpm_header::Header;
use package::{Packages, Record};
use place::Database;
pub use sqlite::SqliteError;

/// Why rpm's database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RpmError {
    /// There are two databases.
    #[error("there are two databases, {first} and {second}, and rpm's macros do not say which one counts")]
    TwoDatabases {
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The SQLite file cannot be read.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// A package is recorded as rpm would not do it.
    #[error("{path}, row {row}: {reason}")]
    Package {
        /// The file.
        path: PathBuf,
        /// The row of the table of packages.
        row: i64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The database is of a format that rpm has to read, and there is no rpm.
    #[error("the database in {folder} is of an old format that rpm has to read, and rpm cannot be run")]
    NoRpm {
        /// The database's folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: RunError,
    },
    /// rpm cannot read the database.
    #[error("rpm -qa on {folder} ended with exit code {code}: {words}")]
    Query {
        /// The database's folder.
        folder: PathBuf,
        /// rpm's exit code.
        code: i32,
        /// What it said.
        words: String,
    },
    /// rpm said something that was not expected.
    #[error("the output of rpm -qa on {folder}, line {line}: {reason}")]
    Output {
        /// The database's folder.
        folder: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl RpmError {
    /// Tells whether the database is damaged.
    pub(super) fn is_damage(&self) -> bool {
        let is_sound = matches!(
            self,
            Self::NoRpm { .. }
                | Self::Sqlite(
                    SqliteError::Busy { .. } | SqliteError::Read { .. } | SqliteError::Unfinished { .. }
                )
        );
        !is_sound
    }

    /// Returns what to look at next.
    pub(super) fn way_out(&self) -> &'static str {
        match self {
            Self::NoRpm { .. } => "install rpm here, or look at the root from a host that has it",
            Self::Sqlite(SqliteError::Busy { .. }) => "wait until the package manager has ended",
            _ => "rpm -qa tells what rpm itself reads of it, and rpmdb --rebuilddb writes it anew",
        }
    }
}

/// Tells whether a root has an rpm database.
pub(super) fn is_present(root: &Path) -> bool {
    !matches!(place::find(root), Ok(None))
}

/// Reads the packages of a root; none where it has no database.
///
/// # Errors
/// The database cannot be found, read or understood.
pub(super) fn read(root: &Path) -> Result<Vec<InstalledPackage>, RpmError> {
    let mut packages = match place::find(root)? {
        None => return Ok(Vec::new()),
        Some(Database::Sqlite(path)) => read_sqlite(&path)?,
        Some(Database::ForRpm(folder)) => query::read(&folder)?,
    };
    locks::mark(root, &mut packages);
    Ok(packages)
}

/// Reads the packages of a `rpmdb.sqlite`, with the write-ahead log beside it; nothing is created or locked.
///
/// # Errors
/// The file cannot be read, is damaged, or is being written all the time.
pub fn read_sqlite(path: &Path) -> Result<Vec<InstalledPackage>, RpmError> {
    let mut packages = Packages::default();
    let read = sqlite::read_blobs(path, "Packages", &mut |row, blob| {
        let package = Header::of(blob).and_then(|header| packages.package(&Record::of(&header)?));
        package.map_err(|reason| RpmError::Package { path: path.to_owned(), row, reason })
    });
    Ok(read?.into_iter().flatten().collect())
}
