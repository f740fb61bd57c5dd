//! The host's `gpgv`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{SignatureError, Signed, Signer, Verifier, armour, status};
use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

/// Where distributions put it; openSUSE has the second name too.
const PROGRAMS: [&str; 2] = ["/usr/bin/gpgv", "/usr/bin/gpgv2"];
/// How long a verification may take: the digest of the largest archive at 50 MB/s.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Verifies with `gpgv`, given a folder of our own to lay out the keys in.
#[derive(Clone, Debug)]
pub struct Gpgv {
    program: Option<PathBuf>,
    folder: PathBuf,
}

impl Gpgv {
    /// The `gpgv` of this host. The folder must be ours alone.
    pub fn of_host(folder: &Path) -> Self {
        let there = PROGRAMS.map(Path::new).into_iter().find(|program| storage::exists(program));
        Self { program: there.map(Path::to_owned), folder: folder.to_owned() }
    }

    /// One that is somewhere else, or nowhere.
    #[cfg(test)]
    pub(super) fn at(program: Option<&Path>, folder: &Path) -> Self {
        Self { program: program.map(Path::to_owned), folder: folder.to_owned() }
    }

    /// Writes the keys as `gpgv` reads them.
    fn lay_out(&self, keys: &Path) -> Result<PathBuf, SignatureError> {
        let read = |source| SignatureError::ReadKeys { path: keys.to_owned(), source };
        let file = storage::read_at_most(keys, armour::LARGEST).map_err(read)?;
        let packets = armour::packets(&file)
            .map_err(|reason| SignatureError::Keys { path: keys.to_owned(), reason })?;
        let keyring = self.folder.join("keyring.gpg");
        storage::replace(&keyring, &packets, storage::PUBLIC)
            .map_err(|source| SignatureError::LayOut { source })?;
        Ok(keyring)
    }
}

impl Verifier for Gpgv {
    fn verify(&self, signed: Signed<'_>) -> Result<Signer, SignatureError> {
        let program = self.program.as_ref().ok_or(SignatureError::NoVerifier)?;
        let keyring = self.lay_out(signed.keys)?;
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let command = CommandSpec::new(&path(program))
            .args(["--status-fd", "1", "--homedir", "/nonexistent", "--keyring"])
            .args([path(&keyring), "--".to_owned(), path(signed.signature), path(signed.content)])
            .time_limit(TIME_LIMIT);
        let output = runner::run(&command).map_err(|source| SignatureError::Run { source });
        // The keys are the administrator's; a copy that stays would only be taken for them.
        let _ = storage::remove_file(&keyring);
        let output = output?;
        if output.timed_out {
            return Err(SignatureError::TimedOut);
        }
        status::judge(&output.stdout, output.is_success()).map_err(|source| SignatureError::Status { source })
    }
}
