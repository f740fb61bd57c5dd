//! The vendor's signature over an archive, which lies beside it where pacman fetched it (pacman.conf(5), `SigLevel`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::runner::{self, CommandSpec, RunError};
use crate::host::storage;

const GPG: &str = "/usr/bin/gpg";
/// Hashing the largest archive takes seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why an archive is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignatureError {
    /// There is none.
    #[error("no {name}.sig lies beside it where pacman keeps archives")]
    Missing { name: String },
    /// gpg cannot be asked.
    #[error("the signature cannot be checked")]
    Ask(#[source] RunError),
    /// The signature is bad, or its key is not one that the host trusts.
    #[error("the signature does not count: {words}")]
    Refused { words: String },
}

/// Checks the signature of an archive, the first there is of some files, by the keys that pacman trusts.
///
/// # Errors
/// There is none, or it does not count.
pub(super) fn check(archive: &Path, keyring: &Path, signatures: &[PathBuf]) -> Result<(), SignatureError> {
    let found = signatures.iter().find(|path| storage::exists(path));
    let signature = found.ok_or_else(|| SignatureError::Missing { name: name_of(archive) })?;
    let shown = |path: &Path| path.display().to_string();
    let spec = CommandSpec::new(GPG)
        .args(["--batch", "--no-auto-check-trustdb", "--lock-never", "--status-fd", "1", "--homedir"])
        .args([shown(keyring), "--verify".to_owned(), shown(signature), shown(archive)])
        .time_limit(PATIENCE);
    let output = runner::run(&spec).map_err(SignatureError::Ask)?;
    match counts(&output.text()) {
        true => Ok(()),
        false => Err(SignatureError::Refused { words: output.last_words(2).join("; ") }),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads gpg's status lines (GnuPG, `doc/DETAILS`): the signature is good, by a key that is valid in the keyring. As for
/// pacman itself, a key that has expired since is one (`lib/libalpm/signing.c`, `_alpm_check_pgp_helper`).
fn counts(status: &str) -> bool {
    let has = |words: &[&str]| {
        let said = status.lines().filter_map(|line| line.strip_prefix("[GNUPG:] "));
        said.into_iter().any(|line| words.contains(&line.split(' ').next().unwrap_or_default()))
    };
    has(&["GOODSIG", "EXPKEYSIG"])
        && has(&["VALIDSIG"])
        && has(&["TRUST_FULLY", "TRUST_ULTIMATE"])
        && !has(&["BADSIG", "ERRSIG", "REVKEYSIG", "EXPSIG"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 12 lab\n[GNUPG:] VALIDSIG 34\n[GNUPG:] TRUST_FULLY 0 pgp\n";

    #[test]
    fn only_a_good_signature_by_a_trusted_key_counts() {
        assert!(counts(GOOD));
        assert!(counts(&GOOD.replace("GOODSIG", "EXPKEYSIG")));
        for (from, to) in [
            ("GOODSIG", "BADSIG"),
            ("TRUST_FULLY", "TRUST_UNDEFINED"),
            ("VALIDSIG", "X"),
            ("NEWSIG", "REVKEYSIG"),
        ] {
            assert!(!counts(&GOOD.replace(from, to)), "{to}");
        }
        assert!(!counts(""));
    }
}
