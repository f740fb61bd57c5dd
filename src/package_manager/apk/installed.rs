//! apk's database, as far as a run needs it: each package with the checksum of its archive, what is broken, and its files
//! (apk-tools, `src/database.c`, `apk_db_fdb_read`).

use std::path::{Path, PathBuf};

use crate::host::storage::{self, StorageError};
use crate::model::apk_checksum::ApkChecksum;
use crate::model::package::{Architecture, PackageName};

/// The folder of the database, below a root; below `usr` where everything moved there.
const FOLDERS: [&str; 2] = ["lib/apk/db", "usr/lib/apk/db"];
/// The list of packages in it.
const LIST: &str = "installed";

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: PackageName,
    pub(super) version: String,
    pub(super) architecture: Architecture,
    /// Of its archive, where it is of a kind that is known.
    pub(super) checksum: Option<ApkChecksum>,
    /// The tag of the repository it came from.
    pub(super) tag: Option<String>,
    /// The letters of what is broken, `f` for files and `s` for a script.
    pub(super) broken: String,
    /// Its files, with a leading slash.
    pub(super) files: Vec<PathBuf>,
}

impl Record {
    fn new(name: &str) -> Self {
        Self {
            name: PackageName::from(name),
            version: String::new(),
            architecture: Architecture::from("noarch"),
            checksum: None,
            tag: None,
            broken: String::new(),
            files: Vec::new(),
        }
    }

    /// Tells whether its files or a script are marked broken.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.contains(['f', 's'])
    }
}

/// Returns the folder of the database of a root.
pub(super) fn folder(root: &Path) -> PathBuf {
    let paths = FOLDERS.map(|path| root.join(path));
    paths.iter().find(|path| storage::exists(&path.join(LIST))).unwrap_or(&paths[0]).clone()
}

/// Reads every package of a root.
///
/// # Errors
/// The database cannot be read.
pub(super) fn read(root: &Path) -> Result<Vec<Record>, StorageError> {
    let bytes = storage::read(&folder(root).join(LIST))?;
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

/// Reads a list. The checksum comes before the name.
fn parse(text: &str) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let (mut checksum, mut is_inside, mut folder) = (None, false, PathBuf::from("/"));
    for line in text.lines() {
        let Some((letter, value)) = line.split_once(':') else {
            (checksum, is_inside, folder) = (None, false, PathBuf::from("/"));
            continue;
        };
        match (letter, records.last_mut().filter(|_| is_inside)) {
            ("C", _) => checksum = value.parse().ok(),
            ("P", _) => {
                is_inside = true;
                records.push(Record { checksum, ..Record::new(value) });
            }
            ("V", Some(record)) => record.version = value.to_owned(),
            ("A", Some(record)) => record.architecture = Architecture::from(value),
            ("s", Some(record)) => record.tag = Some(value.to_owned()),
            ("f", Some(record)) => record.broken = value.to_owned(),
            ("F", _) => folder = Path::new("/").join(value),
            ("R", Some(record)) => record.files.push(folder.join(value)),
            _ => {}
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_with_checksum_tag_and_files() {
        let records = parse(include_str!("../../../tests/fixtures/apk/installed-upgraded"));
        let of = |name: &str| records.iter().find(|record| record.name.as_str() == name).expect("there");
        assert_eq!(records.len(), 13);
        assert_eq!((of("foo").version.as_str(), of("foo").architecture.as_str()), ("1.0-r1", "x86_64"));
        assert_eq!(of("libfoo").files.len(), 2);
        assert_eq!(of("libfoo").files[0], PathBuf::from("/usr/lib/libfoo.so.1"));
        assert_eq!(of("tagged").tag.as_deref(), Some("testing"));
        assert!(of("qux").is_broken() && !of("foo").is_broken());
        assert!(records.iter().all(|record| record.checksum.is_some()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(C:Q1|P:|V:|F:|R:|f:|a|\n|\\PC){0,30}") {
            let _ = parse(&text);
        }
    }
}
