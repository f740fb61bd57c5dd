//! The host's `gpgv`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{SignatureError, Signed, SignedInside, Signer, StatusError, Verifier, armour, status};
use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

/// Where distributions put it; openSUSE has the second name too.
const PROGRAMS: [&str; 2] = ["/usr/bin/gpgv", "/usr/bin/gpgv2"];
/// How long a verification may take: the digest of the largest archive at 50 MB/s.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Reads status lines, and whether `gpgv` ended well.
type Judge = fn(&[u8], bool) -> Result<Signer, StatusError>;

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
    fn lay_out(&self, files: &[&Path]) -> Result<PathBuf, SignatureError> {
        let mut packets = Vec::new();
        for keys in files {
            let read = |source| SignatureError::ReadKeys { path: (*keys).to_owned(), source };
            let file = storage::read_at_most(keys, armour::LARGEST).map_err(read)?;
            let of_file = armour::packets(&file)
                .map_err(|reason| SignatureError::Keys { path: (*keys).to_owned(), reason })?;
            packets.extend(of_file);
        }
        let keyring = self.folder.join("keyring.gpg");
        storage::replace(&keyring, &packets, storage::PUBLIC)
            .map_err(|source| SignatureError::LayOut { source })?;
        Ok(keyring)
    }

    /// Asks `gpgv` with some keys, and lets a reader of its lines decide; `rest` are its other arguments.
    fn judged(&self, keys: &[&Path], rest: &[&Path], judge: Judge) -> Result<Signer, SignatureError> {
        let program = self.program.as_ref().ok_or(SignatureError::NoVerifier)?;
        let keyring = self.lay_out(keys)?;
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let command = CommandSpec::new(&path(program))
            .args(["--status-fd", "1", "--homedir", "/nonexistent", "--keyring", &path(&keyring)])
            .args(rest.iter().map(|argument| path(argument)))
            .time_limit(TIME_LIMIT);
        let output = runner::run(&command).map_err(|source| SignatureError::Run { source });
        // The keys are the administrator's; a copy that stays would only be taken for them.
        let _ = storage::remove_file(&keyring);
        let output = output?;
        if output.timed_out {
            return Err(SignatureError::TimedOut);
        }
        judge(&output.stdout, output.is_success()).map_err(|source| SignatureError::Status { source })
    }
}

impl Verifier for Gpgv {
    fn verify(&self, signed: Signed<'_>) -> Result<Signer, SignatureError> {
        let rest = [Path::new("--"), signed.signature, signed.content];
        self.judged(&[signed.keys], &rest, status::judge)
    }

    fn verify_inside(&self, signed: SignedInside<'_>) -> Result<(Signer, Vec<u8>), SignatureError> {
        let text = self.folder.join("signed-text");
        // gpgv does not write over a file that is there.
        let _ = storage::remove_file(&text);
        let keys: Vec<&Path> = signed.keys.iter().map(PathBuf::as_path).collect();
        let rest = [Path::new("--output"), &text, Path::new("--"), signed.message];
        let signer = self.judged(&keys, &rest, status::judge_inside);
        let content = storage::read(&text);
        let _ = storage::remove_file(&text);
        Ok((signer?, content.map_err(|source| SignatureError::LayOut { source })?))
    }
}
