//! One Debian archive: opened once, its control part read whole, its files streamed.
//!
//! Limits hold for every size and count that the archive itself states, and no bytes make it panic. Whether the
//! archive is the one that a signed index describes is decided before it comes here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::compression::Compression;
use super::container::{self, ContainerFault, Member, Section};
pub use super::error::ArchiveError;

use super::control::Paragraph;
use super::md5sums;
use super::tarball::{self, Entry, EntryKind, Source};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Md5;
use crate::model::package::{PackageKey, is_valid_package_name};
use crate::model::version::Version;

/// What the control part may unpack to: the largest lists of digests have some 10 MiB.
const MAX_CONTROL: u64 = 64 << 20;
/// What the files may unpack to: the largest packages of Debian have some 4 GiB.
const MAX_FILES: u64 = 16 << 30;

/// An open archive.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    file: File,
    control: Paragraph,
    control_files: BTreeMap<String, Vec<u8>>,
    key: PackageKey,
    version: Version,
    files: Member,
    compression: Compression,
}

impl Archive {
    /// Opens an archive and reads its control part.
    ///
    /// The file stays open: what was looked at here is what [`Archive::for_each_entry`] reads, whatever happens to
    /// its name meanwhile.
    ///
    /// # Errors
    /// The file cannot be read, is no archive as deb(5) describes it, or states no valid package, version and
    /// architecture.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = storage::open(path)?;
        let members = list_members(path, &file)?;
        let (inside, control_compression) = find_member(path, &members, "control.tar")?;
        let (files, compression) = find_member(path, &members, "data.tar")?;
        let control_files = read_control_files(path, &file, (&inside, control_compression))?;
        let text = control_files.get("control").map(Vec::as_slice).unwrap_or_default();
        let control = Paragraph::parse(text)
            .map_err(|source| ArchiveError::Control { path: path.to_owned(), source })?;
        let (key, version) = identity_of(path, &control)?;
        Ok(Self { path: path.to_owned(), file, control, control_files, key, version, files, compression })
    }

    /// Returns where the archive was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the control fields.
    pub fn control(&self) -> &Paragraph {
        &self.control
    }

    /// Returns which package it is.
    pub fn key(&self) -> &PackageKey {
        &self.key
    }

    /// Returns which version it is.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Returns the files of the control part by name: `control`, `md5sums`, `postinst` and so on.
    pub fn control_files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.control_files
    }

    /// Returns the configuration files that the package declares (deb-conffiles(5)), without those it only asks to
    /// be removed.
    pub fn conffiles(&self) -> Vec<PathBuf> {
        let bytes = self.control_files.get("conffiles").map(Vec::as_slice).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"/"));
        lines.filter_map(|line| tarball::absolute(line.trim_ascii_end()).ok()).collect()
    }

    /// Returns the digests of its files: those it carries, or computed ones, as dpkg records them, when it has none.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn md5sums(&self) -> Result<BTreeMap<PathBuf, Md5>, ArchiveError> {
        match self.control_files.get("md5sums") {
            Some(bytes) => Ok(md5sums::parse(bytes)),
            None => self.computed_md5sums(),
        }
    }

    fn computed_md5sums(&self) -> Result<BTreeMap<PathBuf, Md5>, ArchiveError> {
        let mut found = BTreeMap::new();
        self.for_each_entry(&mut |entry, content| {
            let digest = match &entry.kind {
                EntryKind::File => {
                    Some(md5sums::digest_of_reader(content).map_err(|e| self.source().unreadable(e))?)
                }
                EntryKind::HardLink(first) => found.get(first).copied(),
                _ => None,
            };
            found.extend(digest.map(|digest| (entry.path.clone(), digest)));
            Ok::<(), ArchiveError>(())
        })?;
        Ok(found)
    }

    /// Streams every entry of the files part with its content, in the archive's order.
    ///
    /// # Errors
    /// The files part is damaged, cut or beyond a limit, or `visit` failed.
    pub fn for_each_entry<E: From<ArchiveError>>(
        &self,
        visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let source = self.source();
        let section = Section::new(&self.file, &self.files);
        let plain = self.compression.decoder(section, MAX_FILES).map_err(|error| source.unreadable(error))?;
        tarball::walk(plain, source, visit)
    }

    fn source(&self) -> Source<'_> {
        Source { archive: &self.path, member: &self.files.name }
    }
}

fn list_members(path: &Path, file: &File) -> Result<Vec<Member>, ArchiveError> {
    let container = |offset, reason| ArchiveError::Container { path: path.to_owned(), offset, reason };
    let unreadable = |source| StorageError { operation: "read", path: path.to_owned(), source };
    let length = file.metadata().map_err(unreadable)?.len();
    let members = container::members(file, length).map_err(|fault| match fault {
        ContainerFault::Read(source) => unreadable(source).into(),
        ContainerFault::Malformed { offset, reason } => container(offset, reason),
    })?;
    let first = members.first().ok_or_else(|| container(0, "it is empty"))?;
    let mut format = [0u8; 2];
    let is_known = first.name == "debian-binary"
        && Section::new(file, first).read_exact(&mut format).is_ok()
        && &format == b"2.";
    if is_known {
        Ok(members)
    } else {
        Err(container(8, "its first member is not debian-binary of format 2"))
    }
}

fn find_member(path: &Path, members: &[Member], stem: &str) -> Result<(Member, Compression), ArchiveError> {
    let container = |offset, reason| ArchiveError::Container { path: path.to_owned(), offset, reason };
    let mut found = members.iter().filter_map(|member| Some((member, member.name.strip_prefix(stem)?)));
    let (member, suffix) =
        found.next().ok_or_else(|| container(0, "its control or data member is missing"))?;
    if found.next().is_some() {
        return Err(container(member.offset, "it has a member twice"));
    }
    let compression = Compression::of_suffix(suffix)
        .ok_or_else(|| container(member.offset, "a member has a compression that is not supported"))?;
    Ok((member.clone(), compression))
}

fn read_control_files(
    path: &Path,
    file: &File,
    (member, compression): (&Member, Compression),
) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    let source = Source { archive: path, member: &member.name };
    let plain = compression
        .decoder(Section::new(file, member), MAX_CONTROL)
        .map_err(|error| source.unreadable(error))?;
    let mut files = BTreeMap::new();
    tarball::walk(plain, source, &mut |entry: &Entry, content: &mut dyn Read| {
        let name = entry.path.strip_prefix("/").ok().and_then(Path::to_str);
        if let (EntryKind::File, Some(name)) = (&entry.kind, name) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(|error| source.unreadable(error))?;
            files.insert(name.to_owned(), bytes);
        }
        Ok::<(), ArchiveError>(())
    })?;
    Ok(files)
}

fn identity_of(path: &Path, control: &Paragraph) -> Result<(PackageKey, Version), ArchiveError> {
    let wrong = |field, source| ArchiveError::Field { path: path.to_owned(), field, source };
    let required = |field: &'static str| control.get(field).ok_or_else(|| wrong(field, None));
    let name = required("Package")?;
    if !is_valid_package_name(name) {
        return Err(wrong("Package", None));
    }
    let architecture = required("Architecture")?;
    if !is_valid_package_name(architecture) {
        return Err(wrong("Architecture", None));
    }
    let version = Version::deb(required("Version")?).map_err(|error| wrong("Version", Some(error)))?;
    Ok((PackageKey { name: name.into(), architecture: architecture.into() }, version))
}
