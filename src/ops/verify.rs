//! `feeds verify`: whether what is stored is still what was fetched, and the lists of apt, dnf and zypp still what their vendors
//! signed.

use super::context::Context;
use super::feeds;
use crate::host::storage;
use crate::model::distro::PackageFamily;
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::{FeedStamp, SourceSettings};
use crate::model::package::Inventory;
use crate::observe::Event;
use crate::scan::feed::repository::{self, ListsError, ListsProof};
use crate::scan::feed::rpm_repository;
use crate::scan::feed::signature::{Gpgv, SignatureError};
use crate::scan::refresh;

/// Verifies the stored feeds and the package manager's lists, and returns who signed the latter.
///
/// # Errors
/// Stored content is damaged, or lists are not what was signed.
pub(super) fn verify(
    context: &Context<'_>,
    inventory: &Inventory,
    sources: &[SourceSettings],
) -> Result<Vec<ListsProof>, Failure> {
    for check in refresh::verify(&feeds::request(context, inventory, sources)) {
        if let Err(error) = check.result {
            let message = format!("the stored content of {} cannot be used", check.name);
            return Err(Failure::new(FailureKind::MalformedFeed, message)
                .caused_by(error)
                .hint("fetch it anew: patchctl feeds refresh"));
        }
    }
    lists(context, inventory)
}

/// Verifies the lists of the package manager: what is signed by its signature, and the rest by the digests that were signed.
fn lists(context: &Context<'_>, inventory: &Inventory) -> Result<Vec<ListsProof>, Failure> {
    let distribution = &inventory.distribution;
    let refused = |message: String| {
        let hint = format!("{} fetches the lists anew", distribution.advice().refetch);
        Failure::new(FailureKind::MalformedFeed, message).hint(hint)
    };
    let scratch = context.layout.cache();
    storage::create_folder(scratch, 0o755)
        .map_err(|error| refused("the lists cannot be verified".to_owned()).caused_by(error))?;
    let (root, gpgv) = (context.layout.root(), Gpgv::of_host(scratch));
    let proofs = match distribution.family() {
        Some(PackageFamily::Dpkg) => repository::prove(root, inventory, &gpgv, scratch).map_err(|error| {
            refused("what the repositories offer cannot be read".to_owned()).caused_by(error)
        })?,
        Some(PackageFamily::Rpm) => rpm_repository::prove(root, distribution, &gpgv),
        _ => Vec::new(),
    };
    let (proved, failed): (Vec<_>, Vec<_>) = proofs.into_iter().partition(|proof| proof.result.is_ok());
    for ListsProof { name, result } in failed {
        match result {
            Err(ListsError::Release { source: SignatureError::NoVerifier, .. }) => {
                let note = format!("not run: the signature of {name}, because there is no gpgv on this host");
                context.observer.event(&Event::Note(note));
            }
            Err(ListsError::NoKeyHere) => {
                let note =
                    format!("not run: the signature of {name}, because its keys are not files of this host");
                context.observer.event(&Event::Note(note));
            }
            Err(error) => {
                return Err(refused(format!("the lists of {name} are not what was signed")).caused_by(error));
            }
            Ok(_) => {}
        }
    }
    Ok(proved)
}

/// Adds to a repository's stamp who was proved to have signed it.
pub(super) fn with_signer(mut stamp: FeedStamp, proofs: &[ListsProof]) -> FeedStamp {
    let of_stamp = proofs.iter().find(|proof| proof.name == stamp.name);
    let signer = of_stamp.and_then(|proof| proof.result.as_ref().ok()?.as_ref());
    stamp.signed_by = signer.map(|signer| signer.fingerprint.clone()).or(stamp.signed_by);
    stamp
}
