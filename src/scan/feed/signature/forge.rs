//! Keys and signatures made by the real gpg, for tests.

use std::path::{Path, PathBuf};

use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

/// A folder with a key ring of its own, removed at the end.
pub(crate) struct Forge {
    pub(crate) folder: PathBuf,
}

impl Drop for Forge {
    fn drop(&mut self) {
        let _ = runner::run(&CommandSpec::new("/usr/bin/gpgconf").args([
            "--homedir",
            &self.path("home"),
            "--kill",
            "all",
        ]));
        let _ = storage::remove_folder(&self.folder);
    }
}

impl Forge {
    /// `None` where gpg is not installed; the test then says so.
    #[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
    pub(crate) fn new(name: &str) -> Option<Self> {
        if !storage::exists(Path::new("/usr/bin/gpg")) || !storage::exists(Path::new("/usr/bin/gpgv")) {
            println!("not run: gpg or gpgv is not installed");
            return None;
        }
        // gpg-agent's socket path must be short (unix(7): 108 bytes).
        let folder = std::env::temp_dir().join(format!("pgp-{}-{name}", std::process::id()));
        let _ = storage::remove_folder(&folder);
        storage::create_folder(&folder.join("home"), 0o700).expect("writable");
        let forge = Self { folder };
        forge.write("feed", b"{\"a\": 1}");
        Some(forge)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        storage::replace(&self.folder.join(name), bytes, storage::PUBLIC).expect("writable");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        storage::read(&self.folder.join(name)).expect("readable")
    }

    pub(crate) fn gpg(&self, arguments: &[&str]) -> Vec<u8> {
        let command = CommandSpec::new("/usr/bin/gpg")
            .args(["--homedir", &self.path("home"), "--batch", "--yes", "--quiet", "--passphrase", ""])
            .args(arguments.iter().copied());
        let output = runner::run(&command).expect("gpg runs");
        assert!(output.is_success(), "{arguments:?}: {:?}", output.last_words(5));
        output.stdout
    }

    pub(crate) fn make_key(&self, name: &str) {
        self.gpg(&["--quick-gen-key", name, "ed25519", "sign", "never"]);
    }

    /// Signs the feed of the folder.
    pub(crate) fn sign(&self, key: &str, more: &[&str]) {
        self.sign_file(key, &self.path("feed"), more);
    }

    /// Signs a file, with the signature beside it.
    pub(crate) fn sign_file(&self, key: &str, file: &str, more: &[&str]) {
        let output = format!("{file}.asc");
        let ends = ["--armor", "--detach-sign", "-o", &output, file];
        self.gpg(&[&["-u", key], more, &ends].concat());
    }

    /// Writes the public keys to the file `keys` of the folder.
    pub(crate) fn export(&self, keys: &[&str]) {
        self.write("keys", &self.gpg(&[&["--armor", "--export"], keys].concat()));
    }
}
