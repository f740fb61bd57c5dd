//! A repository of a run's own archives, for the one thing that apk does from a repository alone: unpacking again what its
//! database has already (`apk fix --reinstall`).

use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::PackageManagerError;
use super::super::deb::error::ArchiveError;
use super::archive::Archive;
use super::commands::prepare;
use crate::host::storage::{self, StorageError};
use crate::model::package::Architecture;

/// The host's own lists of repositories, below a root (apk-repositories(5)).
const LIST: &str = "etc/apk/repositories";
const FOLDER: &str = "etc/apk/repositories.d";

/// Writes the host's repositories without the tagged ones into a list, and returns where it is.
///
/// # Errors
/// The list cannot be written.
pub(super) fn without_tagged(root: &Path, folder: &Path) -> Result<PathBuf, PackageManagerError> {
    let more = storage::list(&root.join(FOLDER)).unwrap_or_default();
    let more = more.into_iter().filter(|path| path.extension().is_some_and(|end| end == "list"));
    let mut text = String::new();
    for list in std::iter::once(root.join(LIST)).chain(more) {
        let bytes = storage::read_if_present(&list).map_err(prepare)?.unwrap_or_default();
        let lines = String::from_utf8_lossy(&bytes).into_owned();
        let untagged = lines.lines().filter(|line| !line.trim_start().starts_with('@'));
        untagged.for_each(|line| text.extend([line, "\n"]));
    }
    let path = folder.join("apk-untagged");
    storage::replace(&path, text.as_bytes(), storage::PUBLIC).map_err(prepare)?;
    Ok(path)
}

/// Why it cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum RepositoryError {
    /// An archive cannot be read.
    #[error("an archive of the run cannot be read")]
    Read(#[source] ArchiveError),
    /// The index cannot be packed.
    #[error("the index of the run's archives cannot be packed")]
    Pack(#[source] std::io::Error),
    /// The folder cannot be written.
    #[error("the repository of the run's archives cannot be written")]
    Write(#[source] StorageError),
}

impl From<RepositoryError> for PackageManagerError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Write(source) => Self::Prepare { tool: "apk", source },
            RepositoryError::Read(source) => {
                Self::Refused { tool: "patchctl", words: vec![source.to_string()] }
            }
            RepositoryError::Pack(source) => {
                Self::Refused { tool: "patchctl", words: vec![source.to_string()] }
            }
        }
    }
}

/// A repository that was made.
pub(super) struct OwnRepository {
    /// The file that lists it.
    pub(super) list: PathBuf,
    /// The packages in it.
    pub(super) names: Vec<String>,
}

impl OwnRepository {
    /// Makes a repository in a folder, from archives that stay where they are.
    ///
    /// # Errors
    /// An archive cannot be read, or the folder not be written.
    pub(super) fn make(
        folder: &Path,
        archives: &[PathBuf],
        architecture: &Architecture,
    ) -> Result<Self, RepositoryError> {
        let mut index = String::new();
        let mut names = Vec::new();
        let packages = folder.join(architecture.as_str());
        storage::create_folder(&packages, 0o700).map_err(RepositoryError::Write)?;
        for path in archives {
            let archive = Archive::read(path).map_err(RepositoryError::Read)?;
            let size = storage::stamp(path).size;
            index.push_str(&entry(&archive, (size, architecture)));
            // apk looks below the architecture that its database has, which may be the archive's own: where it finds nothing
            // it forgets the package (3.0.8).
            for below in [architecture.as_str(), &archive.architecture] {
                let folder = folder.join(below);
                storage::create_folder(&folder, 0o700).map_err(RepositoryError::Write)?;
                let link = folder.join(format!("{}-{}.apk", archive.name, archive.version));
                storage::replace_link(&link, path).map_err(RepositoryError::Write)?;
            }
            names.push(archive.name);
        }
        let packed = packed(index.as_bytes()).map_err(RepositoryError::Pack)?;
        let write = |path: &Path, bytes: &[u8]| storage::replace(path, bytes, storage::PRIVATE);
        write(&packages.join("APKINDEX.tar.gz"), &packed).map_err(RepositoryError::Write)?;
        let list = folder.join("repositories");
        write(&list, format!("{}\n", folder.display()).as_bytes()).map_err(RepositoryError::Write)?;
        Ok(Self { list, names })
    }
}

/// The fields of a package that apk needs to know it again, and to solve with it (apk-tools, `src/package.c`,
/// `apk_pkg_add_info`).
fn entry(archive: &Archive, (size, architecture): (u64, &Architecture)) -> String {
    let all = |key: &str| -> Vec<&str> {
        archive
            .description
            .iter()
            .filter(|(found, _)| found == key)
            .map(|(_, value)| value.as_str())
            .collect()
    };
    let first = |key: &str| all(key).first().copied().unwrap_or_default().to_owned();
    let mut text = format!(
        "C:{}\nP:{}\nV:{}\nA:{architecture}\nS:{size}\nI:{}\nT:{}\nU:{}\nL:{}\no:{}\n",
        archive.checksum,
        archive.name,
        archive.version,
        first("size"),
        first("pkgdesc"),
        first("url"),
        first("license"),
        first("origin"),
    );
    for (letter, key) in [('D', "depend"), ('p', "provides"), ('i', "install_if")] {
        let values = all(key).join(" ");
        if !values.is_empty() {
            text.push_str(&format!("{letter}:{values}\n"));
        }
    }
    text.push('\n');
    text
}

fn packed(list: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::new(1)));
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(list.len() as u64);
    header.set_mode(0o644);
    // apk reads every number of a header, and none may be absent.
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    archive.append_data(&mut header, "APKINDEX", list)?;
    archive.into_inner()?.finish()
}
