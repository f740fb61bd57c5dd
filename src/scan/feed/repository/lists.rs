//! apt's lists folder: which fetched files belong to which enabled source.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::super::kept_lists::KeptLists;
use super::release::{self, Release};
use super::sources::{self, Source};
use super::{RepositoryError, list_name};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::feed::Authenticity;
use crate::model::finding::Origin;

/// Where apt keeps what it fetched, below a root.
pub(super) const LISTS: &str = "var/lib/apt/lists";

/// Returns the files of the folder. What apt locks and what it fetches at the moment are none of them.
///
/// # Errors
/// The folder cannot be listed.
pub fn kept_lists(root: &Path) -> Result<KeptLists, StorageError> {
    let folder = root.join(LISTS);
    let is_list = |path: &PathBuf| {
        let is_file = matches!(storage::metadata(path), Ok(Some(found)) if found.is_file());
        is_file && path.file_name().is_some_and(|name| name != "lock")
    };
    let listed = storage::list(&folder)?.into_iter().filter(is_list);
    let files = listed.map(|path| (path.file_name().unwrap_or_default().into(), path)).collect();
    Ok(KeptLists { folder, files, derived: Vec::new() })
}

/// One enabled suite, and what was fetched of it.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    pub(super) source: Source,
    /// `None` when the suite was never fetched.
    pub(super) fetched: Option<Fetched>,
    /// The indexes of packages that are here.
    pub(super) indexes: Vec<Index>,
}

/// The release file of a suite, as apt left it.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) path: PathBuf,
    pub(super) release: Release,
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) sha256: Sha256,
    pub(super) authenticity: Authenticity,
}

/// One index of packages.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) path: PathBuf,
    pub(super) origin: Arc<Origin>,
    /// What the paths in it are below.
    pub(super) base: String,
    /// Its name in the release file, uncompressed.
    pub(super) name: String,
}

/// Finds everything that was fetched of the enabled sources of a root. Files of sources that are not enabled, or no
/// longer, are nobody's and left alone.
///
/// # Errors
/// The sources, the folder or a release file cannot be read or understood.
pub(super) fn find(root: &Path, native: &str) -> Result<Vec<Repository>, RepositoryError> {
    let sources = sources::read(root, native).map_err(|source| RepositoryError::Sources { source })?;
    let folder = root.join(LISTS);
    let paths =
        storage::list(&folder).map_err(|source| RepositoryError::Read { path: folder.clone(), source })?;
    let mut repositories: Vec<Repository> = Vec::new();
    for source in sources {
        let mut repository = Repository { fetched: fetched(&source, &folder)?, indexes: Vec::new(), source };
        let known = repositories.iter().flat_map(|other| &other.indexes);
        let indexes = repository.find_indexes(&paths);
        let is_new = |index: &Index| known.clone().all(|other| other.path != index.path);
        repository.indexes = indexes.into_iter().filter(is_new).collect();
        repositories.push(repository);
    }
    Ok(repositories)
}

fn fetched(source: &Source, folder: &Path) -> Result<Option<Fetched>, RepositoryError> {
    let prefix = list_name::of(&source.release_folder());
    for (name, is_signed_inside) in [("InRelease", true), ("Release", false)] {
        let path = folder.join(format!("{prefix}{name}"));
        let reading = |source| RepositoryError::Read { path: path.clone(), source };
        let Some(bytes) = storage::read_if_present(&path).map_err(reading)? else { continue };
        let release = release::parse(&bytes).map_err(|(line, reason)| RepositoryError::Release {
            path: path.clone(),
            line,
            reason,
        })?;
        let is_signed = is_signed_inside || storage::exists(&folder.join(format!("{prefix}Release.gpg")));
        let authenticity =
            if is_signed && !source.trusted { Authenticity::Signed } else { Authenticity::Local };
        let at = DateTime::from_timestamp(storage::stamp(&path).seconds, 0);
        return Ok(Some(Fetched { path, release, at, sha256: Sha256::of(&bytes), authenticity }));
    }
    Ok(None)
}

impl Repository {
    /// Tells whether anything was fetched; a repository that is trusted as it is may do without a release file.
    pub(super) fn has_lists(&self) -> bool {
        self.fetched.is_some() || !self.indexes.is_empty()
    }

    fn find_indexes(&self, paths: &[PathBuf]) -> Vec<Index> {
        let prefix = list_name::of(&self.source.release_folder());
        let component_of = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?.strip_prefix(&prefix)?;
            self.component_of(name)
        };
        let index = |path: &PathBuf| {
            let (component, name) = component_of(path)?;
            let (origin, base) = (self.origin(component), self.source.uri.clone());
            Some(Index { path: path.clone(), origin, base, name })
        };
        paths.iter().filter_map(index).collect()
    }

    /// Returns the component of an index by its name behind the suite's prefix (`main_binary-amd64_Packages.lz4`), and
    /// what the release file calls it (`main/binary-amd64/Packages`).
    fn component_of(&self, name: &str) -> Option<(&str, String)> {
        let (stem, compression) = match name.rsplit_once("Packages") {
            Some((stem, compression)) if compression.is_empty() || compression.starts_with('.') => {
                (stem, compression)
            }
            _ => return None,
        };
        if compression.matches('.').count() > 1 {
            return None;
        }
        if self.source.is_flat() {
            return stem.is_empty().then(|| ("", "Packages".to_owned()));
        }
        self.source.components.iter().find_map(|component| {
            let rest = stem.strip_prefix(list_name::escape(component).as_str())?;
            let architecture = rest.strip_prefix("_binary-")?.strip_suffix('_')?;
            let name = format!("{component}/binary-{architecture}/Packages");
            self.wants_architecture(architecture).then_some((component.as_str(), name))
        })
    }

    fn wants_architecture(&self, architecture: &str) -> bool {
        let wanted = &self.source.architectures;
        wanted.is_empty() || architecture == "all" || wanted.iter().any(|one| one == architecture)
    }

    fn origin(&self, component: &str) -> Arc<Origin> {
        let release = self.fetched.as_ref().map(|fetched| fetched.release.clone()).unwrap_or_default();
        let signed =
            self.fetched.as_ref().is_some_and(|fetched| fetched.authenticity == Authenticity::Signed);
        let security = signed && release.is_security();
        Arc::new(Origin {
            vendor: release.origin,
            label: release.label,
            suite: release.suite,
            codename: release.codename,
            component: component.to_owned(),
            site: self.source.uri.trim_end_matches('/').to_owned(),
            security,
            signed,
        })
    }
}

impl Index {
    /// Opens the index through its compression.
    ///
    /// # Errors
    /// It cannot be opened, or its compression is not supported.
    pub(super) fn open(&self) -> Result<Box<dyn Read>, RepositoryError> {
        let reading = |source| RepositoryError::Read { path: self.path.clone(), source };
        let file = BufReader::with_capacity(64 * 1024, storage::open(&self.path).map_err(reading)?);
        match self.path.extension().and_then(|extension| extension.to_str()) {
            None => Ok(Box::new(file)),
            Some("lz4") => Ok(Box::new(lz4_flex::frame::FrameDecoder::new(file))),
            Some("gz") => Ok(Box::new(flate2::bufread::MultiGzDecoder::new(file))),
            Some("xz") => Ok(Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(file))),
            Some("zst") => match zstd::stream::read::Decoder::with_buffer(file) {
                Ok(decoder) => Ok(Box::new(decoder)),
                Err(source) => Err(RepositoryError::Index {
                    path: self.path.clone(),
                    source: super::index::IndexError::Unpack { source },
                }),
            },
            Some(_) if self.is_plain() => Ok(Box::new(file)),
            Some(_) => Err(RepositoryError::Compression { path: self.path.clone() }),
        }
    }

    /// A dot can belong to the address: only what follows `Packages` is a compression.
    fn is_plain(&self) -> bool {
        self.path.to_str().is_some_and(|path| path.ends_with("Packages"))
    }
}
