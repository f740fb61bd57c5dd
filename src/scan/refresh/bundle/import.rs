//! A bundle of another host becomes content of this one, by the same steps of trust as content from the network.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};

use super::super::keep::{Keeping, keep};
use super::super::question::Arrived;
use super::super::{RefreshError, RefreshRequest, caching, format_of};
use super::payload::{self, Contents};
use super::{
    BundleError, BundledFeed, BundledFile, LARGEST_BUNDLE, LARGEST_MANIFEST, MANIFEST, Manifest, SCHEMA,
};
use crate::host::copies;
use crate::host::lock::RunLock;
use crate::host::storage;
use crate::host::transport::Validators;
use crate::model::digest::Sha256;
use crate::model::feed::{SourceSettings, Unread};
use crate::scan::feed::cache::FeedCache;
use crate::scan::feed::container::{Member, Members};
use crate::scan::feed::decompress::{Unpacked, archive_cap};
use crate::scan::feed::signature::{Gpgv, SUFFIXES, SignatureError, Signed, Signer, Verifier};
use crate::scan::feed::trust::{self, Changes, Received};

/// A bundle that is to be taken in.
#[derive(Clone, Copy, Debug)]
pub struct BundleRequest<'a> {
    /// The bundle, as an absolute path.
    pub file: &'a Path,
    /// The keys of which one must have signed it.
    pub key: Option<&'a Path>,
    /// Only this feed of it.
    pub only: Option<&'a str>,
    /// The folder for what is no feed, which is made anew; without one it stays packed.
    pub payload: Option<&'a Path>,
}

/// What became of a bundle.
#[derive(Debug, Default)]
pub struct BundleImport {
    /// Feeds that are in use now.
    pub taken: Vec<String>,
    /// Feeds that failed a step; their last good content stays.
    pub not_taken: Vec<NotTaken>,
    /// Feeds that this host has no use for.
    pub without_use: Vec<String>,
    /// Names of what was unpacked beside the feeds.
    pub payload: Vec<String>,
}

/// A feed of a bundle that is not believed.
#[derive(Debug)]
pub struct NotTaken {
    /// The feed.
    pub feed: String,
    /// Which step it failed.
    pub error: RefreshError,
}

/// Tells whether a file is a bundle: its first member says so.
pub fn is_bundle(file: &Path) -> bool {
    let Ok(opened) = storage::open(file) else { return false };
    let Ok(mut members) = members(opened, storage::stamp(file).size) else { return false };
    matches!(members.advance(), Ok(Some(member)) if member.name == MANIFEST)
}

fn members(file: File, size: u64) -> Result<Members<'static>, BundleError> {
    let unpacked = Unpacked::new(BufReader::new(file), archive_cap(size, LARGEST_BUNDLE));
    Ok(Members::new(unpacked.map_err(|source| BundleError::Decompress { source })?))
}

/// Takes every feed of a bundle that this host uses through trust into cache and index. The bundle is copied first, so
/// that what is read is what was verified.
///
/// # Errors
/// The bundle as a whole is refused, and nothing was taken.
pub fn import_bundle(
    request: &RefreshRequest<'_>,
    bundle: BundleRequest<'_>,
) -> Result<BundleImport, BundleError> {
    proved(request, bundle, |_, signer, members| Import { request, bundle, signer, members }.all())
}

/// Proves that a bundle is whole, and who signed it where a key says who may; takes nothing.
///
/// # Errors
/// It is damaged, or not signed by one of the keys.
pub fn verify_bundle(
    request: &RefreshRequest<'_>,
    bundle: BundleRequest<'_>,
) -> Result<Contents, BundleError> {
    proved(request, bundle, |manifest, signer, _| {
        Ok(Contents::of(&manifest, signer.map(|signer| signer.fingerprint)))
    })
}

/// Copies a bundle, proves the copy, and does something with it.
fn proved<T>(
    request: &RefreshRequest<'_>,
    bundle: BundleRequest<'_>,
    then: impl FnOnce(Manifest, Option<Signer>, Members<'static>) -> Result<T, BundleError>,
) -> Result<T, BundleError> {
    let folder = request.layout.bundle();
    storage::create_folder(&folder, 0o700).map_err(BundleError::storage)?;
    let _lock = RunLock::take(&folder.join("lock"), "a bundle", request.patience)
        .map_err(|source| BundleError::Busy { source })?;
    let copy = folder.join("incoming");
    let done = copy_in(bundle.file, &copy).and_then(|size| {
        let signer = bundle.key.map(|keys| verify(bundle.file, (&copy, keys))).transpose()?;
        let open = || members(storage::open(&copy).map_err(BundleError::storage)?, size);
        let manifest = prove(open()?)?;
        then(manifest, signer, open()?)
    });
    // What cannot be removed is replaced by the next bundle.
    let _ = storage::remove_file(&copy);
    done
}

fn copy_in(file: &Path, copy: &Path) -> Result<u64, BundleError> {
    if storage::stamp(file).size > LARGEST_BUNDLE {
        return Err(BundleError::TooLarge { path: file.to_owned(), limit: LARGEST_BUNDLE });
    }
    let (size, _) = copies::synced(file, copy, storage::PRIVATE).map_err(BundleError::storage)?;
    Ok(size)
}

/// Verifies the signature that lies beside the bundle.
fn verify(bundle: &Path, (copy, keys): (&Path, &Path)) -> Result<Signer, BundleError> {
    let unproved = |source| BundleError::Signature { source };
    let beside = SUFFIXES.map(|suffix| PathBuf::from(format!("{}{suffix}", bundle.display())));
    let signature = beside
        .iter()
        .find(|path| storage::exists(path))
        .ok_or_else(|| unproved(SignatureError::Missing { location: bundle.display().to_string() }))?;
    let folder = copy.parent().unwrap_or(Path::new("/"));
    Gpgv::of_host(folder).verify(Signed { content: copy, signature, keys }).map_err(unproved)
}

/// Reads all of a bundle and compares each member with what the manifest says of it, before anything is taken.
fn prove(mut members: Members<'static>) -> Result<Manifest, BundleError> {
    let manifest = manifest(&mut members)?;
    let payload = manifest.payload.iter().map(|member| (member.name.clone(), &member.file));
    for (name, listed) in manifest.feeds.iter().flat_map(BundledFeed::members).chain(payload) {
        expect(&mut members, &name, listed)?;
        let mut digest = Digesting(Hasher::new());
        members.pour(&mut digest).map_err(|source| BundleError::Unpack { source })?;
        if Sha256::from_bytes(digest.0.finalize().into()) != listed.sha256 {
            return Err(BundleError::Members { reason: format!("{name} has another SHA-256 than listed") });
        }
    }
    match members.advance().map_err(|source| BundleError::Unpack { source })? {
        Some(member) => Err(unlisted(&member.name)),
        None => Ok(manifest),
    }
}

/// Takes the digest of what is written to it.
struct Digesting(Hasher);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn manifest(members: &mut Members<'static>) -> Result<Manifest, BundleError> {
    /// All that another version of the layout has to have in common with this one.
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    let unpack = |source| BundleError::Unpack { source };
    let member = members.advance().map_err(unpack)?;
    let is_manifest = |member: Member| member.name == MANIFEST && member.size <= LARGEST_MANIFEST;
    if !member.is_some_and(is_manifest) {
        return Err(BundleError::Members { reason: "it does not begin with a manifest".to_owned() });
    }
    let mut bytes = Vec::new();
    members.pour(&mut bytes).map_err(unpack)?;
    let malformed = |source| BundleError::Manifest { source };
    let Head { schema } = serde_json::from_slice(&bytes).map_err(malformed)?;
    if schema != SCHEMA {
        return Err(BundleError::Version { found: schema.chars().take(40).collect() });
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(malformed)?;
    payload::check(&manifest.payload)?;
    Ok(manifest)
}

/// Finds the next member to be the one that the manifest lists.
fn expect(members: &mut Members<'static>, name: &str, listed: &BundledFile) -> Result<(), BundleError> {
    let reason = match members.advance().map_err(|source| BundleError::Unpack { source })? {
        None => format!("it ends before {name}"),
        Some(member) if member.name != name => return Err(unlisted(&member.name)),
        Some(member) if member.size != listed.size => {
            format!("{name} has {} bytes, listed are {}", member.size, listed.size)
        }
        Some(_) => return Ok(()),
    };
    Err(BundleError::Members { reason })
}

/// A bundle while it is taken in.
struct Import<'a> {
    request: &'a RefreshRequest<'a>,
    bundle: BundleRequest<'a>,
    signer: Option<Signer>,
    members: Members<'static>,
}

impl Import<'_> {
    fn all(mut self) -> Result<BundleImport, BundleError> {
        let manifest = manifest(&mut self.members)?;
        let mut found = BundleImport::default();
        for feed in &manifest.feeds {
            let is_wanted = self.bundle.only.is_none_or(|only| only == feed.name);
            let source = self.request.sources.iter().find(|source| source.name == feed.name);
            let Some(source) = source.filter(|_| is_wanted) else {
                self.pass(feed)?;
                found.without_use.push(feed.name.clone());
                continue;
            };
            match self.take(feed, source)? {
                Ok(()) => found.taken.push(feed.name.clone()),
                Err(error) => found.not_taken.push(NotTaken { feed: feed.name.clone(), error }),
            }
        }
        if let Some(folder) = self.bundle.payload {
            found.payload = self.unpack(&manifest, folder)?;
        }
        Ok(found)
    }

    /// Unpacks what is no feed into a folder of its own.
    fn unpack(&mut self, manifest: &Manifest, folder: &Path) -> Result<Vec<String>, BundleError> {
        storage::remove_folder(folder).map_err(BundleError::storage)?;
        let mut names = Vec::new();
        for member in &manifest.payload {
            expect(&mut self.members, &member.name, &member.file)?;
            let path = folder.join(&member.name);
            storage::create_folder(path.parent().unwrap_or(folder), 0o700).map_err(BundleError::storage)?;
            self.receive(&path)?;
            member
                .modified
                .map_or(Ok(()), |date| storage::set_date(&path, date))
                .map_err(BundleError::storage)?;
            names.push(member.name.clone());
        }
        Ok(names)
    }

    /// Reads past the members of a feed.
    fn pass(&mut self, feed: &BundledFeed) -> Result<(), BundleError> {
        for (name, listed) in feed.members() {
            expect(&mut self.members, &name, listed)?;
            self.members.pour(&mut std::io::sink()).map_err(|source| BundleError::Unpack { source })?;
        }
        Ok(())
    }

    /// Takes one feed. The outer error is of the bundle, the inner of the feed.
    fn take(
        &mut self,
        feed: &BundledFeed,
        source: &SourceSettings,
    ) -> Result<Result<(), RefreshError>, BundleError> {
        let cache = FeedCache::new(self.request.layout, &source.name);
        let lock = cache.lock(self.request.patience).map_err(caching(&source.name));
        let _lock = match (lock, self.refuse(feed, source)) {
            (Ok(lock), Ok(())) => lock,
            (Err(error), _) | (_, Err(error)) => {
                self.pass(feed)?;
                return Ok(Err(error));
            }
        };
        cache.drop_incoming();
        for ((name, listed), path) in feed.members().iter().zip([cache.incoming(), cache.incoming_changes()])
        {
            expect(&mut self.members, name, listed)?;
            self.receive(&path)?;
        }
        let kept = self.keep(feed, (source, &cache));
        if kept.is_err() {
            cache.drop_incoming();
        }
        Ok(kept)
    }

    fn receive(&mut self, path: &Path) -> Result<(), BundleError> {
        let mut file = storage::create_new(path, storage::PUBLIC).map_err(BundleError::storage)?;
        self.members.pour(&mut file).map_err(|source| BundleError::Unpack { source })?;
        let at = |source| storage::StorageError { operation: "sync", path: path.to_owned(), source };
        file.sync_all().map_err(|source| BundleError::storage(at(source)))
    }

    /// What is refused before a byte of it is looked at.
    fn refuse(&self, feed: &BundledFeed, source: &SourceSettings) -> Result<(), RefreshError> {
        let name = || source.name.clone();
        if feed.format != source.format {
            let (found, expected) = (feed.format.clone(), source.format.clone());
            return Err(RefreshError::OtherFormat { feed: name(), found, expected });
        }
        if source.key.is_some() && self.signer.is_none() {
            return Err(RefreshError::Signature { feed: name(), source: SignatureError::UnsignedBundle });
        }
        let cache = FeedCache::new(self.request.layout, &source.name);
        let last = cache.read().unwrap_or_default().content;
        let accept_older = self.request.accept_older.contains(&source.name);
        // The bundle's own date counts where the vendor gives none.
        let fetched = feed.published.is_none().then_some(feed.fetched);
        let known = last.filter(|last| last.published.is_none() && !accept_older).map(|last| last.fetched);
        trust::check_fetched(fetched, known, self.request.clock.now())
            .map_err(|refusal| RefreshError::Refused { feed: name(), source: refusal })
    }

    fn keep(
        &self,
        feed: &BundledFeed,
        (source, cache): (&SourceSettings, &FeedCache),
    ) -> Result<(), RefreshError> {
        let format = format_of(source, self.request.distribution)?;
        let record = cache.read().unwrap_or_default();
        let changes = feed.changes.as_ref().map(|changes| Changes {
            path: cache.incoming_changes(),
            sha256: changes.file.sha256,
            reached: changes.reached,
            documents: changes.documents,
        });
        let received = Received {
            path: cache.incoming(),
            size: feed.content.size,
            sha256: feed.content.sha256,
            changes,
        };
        let arrived = Arrived {
            received,
            validators: Validators::default(),
            published: feed.published,
            fetched: Some(feed.fetched),
            signer: self.signer.clone(),
            unread: Unread::default(),
        };
        let accept_older = self.request.accept_older.contains(&source.name);
        let last_good = record.content.as_ref();
        let request = self.request;
        keep(Keeping { request, format, source, accept_older, last_good, by_hand: true }, arrived).map(drop)
    }
}

fn unlisted(name: &str) -> BundleError {
    let name: String = name.chars().take(80).collect();
    BundleError::Members { reason: format!("{name:?} is not listed there") }
}
