//! Signatures by OpenPGP that patchctl makes, and looks for, beside a file: root's own gpg signs, the host's `gpgv` proves.

use std::path::{Path, PathBuf};

use super::context::Context;
use crate::host::runner::{self, CommandSpec};
use crate::host::storage::{self, StorageError};
use crate::model::failure::{Failure, FailureKind, in_one_line};
use crate::scan::feed::signature::{Gpgv, SUFFIXES, Signed, Verifier};

/// Signs; what verifies is `gpgv`.
const GPG: &str = "/usr/bin/gpg";

/// Where [`sign`] writes the signature of a file: the first of the names under which one is looked for.
pub(super) fn of(file: &Path) -> PathBuf {
    beside(file, SUFFIXES[0])
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", file.display()))
}

/// Signs a file with a key of root's gpg: `FILE.asc` is written beside it. Nobody is asked for a passphrase: a key that has
/// one must be unlocked in gpg's agent.
///
/// # Errors
/// There is no gpg, it has no such key, or the signature cannot be written.
pub(super) fn sign(file: &Path, key: &str) -> Result<(), Failure> {
    let shown = file.display().to_string();
    let command = CommandSpec::new(GPG)
        .args(["--batch", "--pinentry-mode", "error", "--local-user", key])
        .args(["--armor", "--output", "-", "--detach-sign", "--", &shown]);
    let unsigned = || {
        Failure::new(FailureKind::Host, format!("{shown} is written and not signed"))
            .hint(format!("sign it yourself: gpg --armor --detach-sign {shown}"))
    };
    let output = runner::run(&command).map_err(|error| unsigned().caused_by(error))?;
    if !output.is_success() {
        return Err(unsigned().caused_by(anyhow::anyhow!("{}", output.last_words(3).join("; "))));
    }
    // gpg itself would write it piece by piece.
    storage::replace(&of(file), &output.stdout, storage::PUBLIC).map_err(|error| unsigned().caused_by(error))
}

/// Removes the signature of a file that is about to be replaced: an older one would call the new content forged.
///
/// # Errors
/// It cannot be removed.
pub(super) fn forget(file: &Path) -> Result<(), StorageError> {
    storage::remove_file(&of(file))
}

/// Returns the fingerprint of the key that signed a file, one of those in `keys`; or why that cannot be said, in one line.
pub(super) fn signer(context: &Context<'_>, file: &Path, keys: &Path) -> Result<String, String> {
    let signature = SUFFIXES.iter().map(|suffix| beside(file, suffix)).find(|path| storage::exists(path));
    let signature = signature.ok_or("it is not signed: neither .asc nor .sig lies beside it")?;
    let folder = context.layout.state();
    storage::create_folder(folder, 0o700).map_err(|error| error.to_string())?;
    let signed = Signed { content: file, signature: &signature, keys };
    let verified = Gpgv::of_host(folder).verify(signed);
    verified.map(|signer| signer.fingerprint).map_err(|error| in_one_line(&error))
}
