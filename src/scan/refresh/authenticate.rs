//! The signature of what was fetched, where the administrator configured a key: verified over the file as it came, before
//! a byte of it is decompressed or parsed (safety design, P18).

use std::path::Path;

use super::RefreshError;
use super::question::Question;
use crate::host::storage;
use crate::scan::feed::cache::FeedCache;
use crate::scan::feed::signature::{
    Gpgv, LARGEST_SIGNATURE, SUFFIXES, SignatureError, Signed, Signer, Verifier,
};

/// Returns who signed the file that was fetched from an address; nobody where no key is configured.
///
/// # Errors
/// There is no signature beside it, or none that is good.
pub(super) fn authenticate(
    question: Question<'_>,
    (location, file): (&str, &Path),
) -> Result<Option<Signer>, RefreshError> {
    let Some(keys) = &question.source.key else { return Ok(None) };
    let feed = &question.source.name;
    let unproved = |source| RefreshError::Signature { feed: feed.clone(), source };
    let bytes = signature(question, location)?;
    let folder = FeedCache::new(question.request.layout, feed).folder().to_owned();
    let signature = folder.join("signature");
    storage::replace(&signature, &bytes, storage::PUBLIC)
        .map_err(|source| unproved(SignatureError::LayOut { source }))?;
    let signed = Signed { content: file, signature: &signature, keys };
    let verified = Gpgv::of_host(&folder).verify(signed);
    let _ = storage::remove_file(&signature);
    verified.map(Some).map_err(unproved)
}

/// Fetches the signature from beside the content.
fn signature(question: Question<'_>, location: &str) -> Result<Vec<u8>, RefreshError> {
    for suffix in SUFFIXES {
        match question.fetch(&format!("{location}{suffix}"), LARGEST_SIGNATURE) {
            Ok(bytes) => return Ok(bytes),
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(question.unfetched(error)),
        }
    }
    let source = SignatureError::Missing { location: location.to_owned() };
    Err(RefreshError::Signature { feed: question.source.name.clone(), source })
}
