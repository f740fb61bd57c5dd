//! pacman's archives as the rest of the program asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::super::archives::{ArchiveFault, ArchiveFormat, Proof, WorkLog};
use super::super::deb::place::Places;
use super::super::deb::tarball::EntryKind;
use super::super::unpacked;
use super::archive::Archive;
use super::configuration::Options;
use super::keyring;
use super::local::{self, Entry, values};
use super::{complaints, signature};
use crate::host::storage::{self, StorageError};
use crate::model::package::PackageKey;
use crate::model::version::Version;

/// What archives end in here, whatever their compression: pacman tells it by the content.
const END: &str = ".pkg.tar.zst";
/// What they end in where pacman keeps them (makepkg.conf(5), `PKGEXT`).
const ENDS: [&str; 4] = [END, ".pkg.tar.xz", ".pkg.tar.gz", ".pkg.tar"];

/// The archives of one root.
#[derive(Clone, Debug)]
pub(super) struct PacmanArchives {
    root: PathBuf,
    downloads: PathBuf,
    /// Where the keyring is shown to gpg.
    keyring: PathBuf,
    /// The folders in which pacman keeps archives, read once: an upgrade asks about hundreds of packages.
    caches: OnceLock<Vec<PathBuf>>,
}

impl PacmanArchives {
    pub(super) fn of(root: &Path, (downloads, keyring): (PathBuf, PathBuf)) -> Self {
        Self { root: root.to_owned(), downloads, keyring, caches: OnceLock::new() }
    }

    fn read(archive: &Path) -> Result<Archive, ArchiveFault> {
        Archive::read(archive).map_err(ArchiveFault::at("read the archive", archive))
    }

    fn recorded(&self) -> Result<BTreeMap<String, Entry>, StorageError> {
        let named = |entry: Entry| (format!("{}-{}", entry.name, entry.version), entry);
        Ok(local::entries(&self.root)?.into_iter().map(named).collect())
    }

    /// Tells whether what is recorded came from this very archive: pacman keeps the archive's own list of files, digests
    /// included, byte by byte.
    fn is_recorded(archive: &Archive, entry: &Entry) -> bool {
        let owned: Vec<u8> = entry.file("files").unwrap_or_default();
        let owned: BTreeSet<PathBuf> = paths(&owned).collect();
        entry.is_whole()
            && entry.key().architecture.as_str() == archive.architecture
            && entry.file("mtree").unwrap_or_default() == archive.mtree
            && archive.contents.iter().all(|content| owned.contains(&content.path))
    }
}

/// The paths of a list of files, with a leading slash and none at their end.
fn paths(list: &[u8]) -> impl Iterator<Item = PathBuf> {
    values(list, "FILES").map(|path| Path::new("/").join(path.trim_end_matches('/')))
}

/// One comparison of archives with a root.
struct Comparison<'a> {
    places: Places<'a>,
    options: Options,
    proof: Proof,
}

impl Comparison<'_> {
    fn archive(&mut self, archive: &Archive) -> Result<(), StorageError> {
        for content in &archive.contents {
            let bare = content.path.strip_prefix("/").unwrap_or(&content.path).to_string_lossy().into_owned();
            if self.options.leaves_out(&bare) {
                continue;
            }
            self.proof.compared += 1;
            if content.lies_in(&mut self.places)? {
                continue;
            }
            match archive.configuration.contains(&content.path) || self.options.keeps(&bare) {
                true => self.proof.edited.insert(content.path.clone()),
                false => self.proof.damaged.insert(content.path.clone()),
            };
        }
        Ok(())
    }
}

impl ArchiveFormat for PacmanArchives {
    /// `NAME-VERSION-ARCH.pkg.tar.zst`, as repositories name them.
    fn file_name(&self, package: &PackageKey, version: &Version) -> String {
        format!("{}-{version}-{}{END}", package.name, package.architecture)
    }

    fn kept(&self, name: &str) -> Vec<PathBuf> {
        let stem = name.strip_suffix(END).unwrap_or(name);
        let caches = self.caches.get_or_init(|| Options::read(&self.root).caches());
        let of_cache = |cache: &PathBuf| ENDS.map(|end| cache.join(format!("{stem}{end}")));
        // What a bundle brought lies where downloads do.
        caches.iter().flat_map(of_cache).chain([self.downloads.join(name)]).collect()
    }

    fn is_of_installed(&self, archive: &Path) -> bool {
        let (Ok(read), Ok(recorded)) = (Archive::read(archive), self.recorded()) else { return false };
        recorded.get(&read.folder).is_some_and(|entry| Self::is_recorded(&read, entry))
    }

    fn may_rebuild(&self, _package: &PackageKey) -> bool {
        false
    }

    fn rebuild_obstacles(&self, packages: &[PackageKey]) -> Vec<Option<String>> {
        packages.iter().map(|_| Some("archives of pacman are not rebuilt".to_owned())).collect()
    }

    fn rebuild(&self, _package: &PackageKey, _version: &Version, _folder: &Path) -> Result<PathBuf, String> {
        Err("no archive of the installed version is in pacman's cache on this host".to_owned())
    }

    fn check_signatures(&self, archives: &[PathBuf]) -> Result<(), ArchiveFault> {
        let keyring = keyring::shown(&self.root, &self.keyring)
            .map_err(ArchiveFault::at("show gpg the keyring", &self.keyring))?;
        for archive in archives {
            let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let beside = |path: &PathBuf| PathBuf::from(format!("{}.sig", path.display()));
            let fetched = std::iter::once(self.downloads.join(&name));
            let signatures: Vec<PathBuf> =
                fetched.chain(self.kept(&name)).map(|path| beside(&path)).collect();
            signature::check(archive, keyring, &signatures).map_err(ArchiveFault::at("trust", archive))?;
        }
        Ok(())
    }

    fn configuration_files(&self, archive: &Path) -> Result<Vec<PathBuf>, ArchiveFault> {
        Ok(Self::read(archive)?.configuration)
    }

    /// An edited file stays, unless the new version brings none of that name: then nothing wants it in its place.
    fn moves_configuration_aside(&self) -> bool {
        false
    }

    fn compare(&self, archives: &[PathBuf]) -> Result<Proof, ArchiveFault> {
        let recorded = self.recorded().map_err(ArchiveFault::at("list", &self.root))?;
        let (places, options) = (Places::new(&self.root), Options::read(&self.root));
        let mut comparison = Comparison { places, options, proof: Proof::default() };
        for path in archives {
            let archive = Self::read(path)?;
            let is_recorded =
                recorded.get(&archive.folder).is_some_and(|entry| Self::is_recorded(&archive, entry));
            if !is_recorded {
                let all = archive.contents.iter().map(|content| content.path.clone());
                comparison.proof.damaged.extend(all);
                continue;
            }
            comparison.archive(&archive).map_err(ArchiveFault::at("verify the files of", path))?;
        }
        Ok(comparison.proof)
    }

    /// pacman that is cut off leaves files in their places that its database knows nothing of. What is of no package and
    /// yet in one of the archives came from there; configuration is looked at elsewhere.
    fn litter(&self, archives: &[PathBuf]) -> Result<Vec<PathBuf>, ArchiveFault> {
        let mut places = Places::new(&self.root);
        let mut unowned: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        for path in archives {
            for content in Self::read(path)?.contents {
                let is_here = content.kind != EntryKind::Folder && !content.path.starts_with("/etc");
                let place =
                    places.find(&content.path).map_err(ArchiveFault::at("verify the files of", path))?;
                if is_here && storage::exists(&place) {
                    unowned.insert(content.path, place);
                }
            }
        }
        for entry in
            local::entries(&self.root).map_err(ArchiveFault::at("list the packages of", &self.root))?
        {
            let list = entry.file("files").unwrap_or_default();
            paths(&list).for_each(|path| _ = unowned.remove(&path));
        }
        Ok(unowned.into_values().collect())
    }

    fn not_removed(&self, work: &WorkLog<'_>) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        Ok(complaints::not_removed(work.said))
    }

    fn lying(&self, archives: &[PathBuf]) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let mut found = BTreeSet::new();
        for path in archives {
            let contents = Self::read(path)?.contents;
            found.extend(unpacked::lying(&self.root, contents).map_err(ArchiveFault::at("compare", path))?);
        }
        Ok(found)
    }
}

impl PacmanArchives {
    /// Gives an archive that was fetched, and its signature, the name that it has here, whatever its compression.
    pub(super) fn take_in(&self, folder: &Path, target: &super::super::Target) -> Result<(), StorageError> {
        let name = self.file_name(&target.package, &target.version);
        let stem = name.strip_suffix(END).unwrap_or(&name);
        for end in ENDS.iter().filter(|end| **end != END) {
            for signature in ["", ".sig"] {
                let fetched = folder.join(format!("{stem}{end}{signature}"));
                if storage::exists(&fetched) {
                    storage::rename(&fetched, &folder.join(format!("{name}{signature}")))?;
                }
            }
        }
        Ok(())
    }
}
