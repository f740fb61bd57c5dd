//! Answers for the local signed apt repository: three suites at `/srv/lab` of a root, and the later states a test publishes.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::namespace::{on_host, try_on_host};
use super::packages::{FIXTURES, Fixture, fixture};

/// A golden may be used for months; the tests of expiry publish their own date.
const VALID_SECONDS: u64 = 10 * 365 * 86_400;

/// The suites of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// The release: every 1.0.
    Bookworm,
    /// Its security pocket: every 2.0.
    Security,
    /// Another maker: lab-foreign.
    Vendor,
}

/// The repository in one root.
pub struct Repository {
    folder: PathBuf,
}

impl Suite {
    pub const ALL: [Self; 3] = [Self::Bookworm, Self::Security, Self::Vendor];

    pub fn codename(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Security => "bookworm-security",
            Self::Vendor => "vendor",
        }
    }

    /// Returns suite, origin and label as Debian's own Release files carry them.
    fn release(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Bookworm => ("oldstable", "Debian", "Debian"),
            Self::Security => ("oldstable-security", "Debian", "Debian-Security"),
            Self::Vendor => ("stable", "Vendor", "Vendor"),
        }
    }

    fn serves(self, fixture: &Fixture, version: &str) -> bool {
        match self {
            Self::Vendor => fixture.name == "lab-foreign" && version != "3.0",
            _ if fixture.name == "lab-foreign" => false,
            Self::Bookworm => version == "1.0",
            Self::Security => version == "2.0",
        }
    }
}

impl Repository {
    /// Makes the keys, the packages and the three suites in a root and points its apt at them.
    pub fn create(root: &Path) -> Self {
        let repository = Self::at(root);
        for (key, owner) in [("keys", "lab@example.org"), ("wrong-keys", "stranger@example.org")] {
            make_key(&repository.folder.join(key), owner);
        }
        let keyring = root.join("usr/share/keyrings/lab.gpg");
        fs::create_dir_all(root.join("usr/share/keyrings")).expect("the keyring folder can be made");
        gpg(&repository.folder.join("keys"), &["--output", text(&keyring), "--export"]);
        let mut sources = String::new();
        for suite in Suite::ALL {
            for fixture in FIXTURES {
                let served = fixture.versions.iter().filter(|version| suite.serves(fixture, version));
                served.for_each(|version| drop(fixture.build(version, &repository.pool(suite))));
            }
            repository.publish(suite);
            let line = format!(
                "deb [signed-by=/usr/share/keyrings/lab.gpg] file:///srv/lab {} main\n",
                suite.codename()
            );
            sources.push_str(&line);
        }
        fs::write(root.join("etc/apt/sources.list"), sources).expect("sources.list can be written");
        repository
    }

    /// Returns the repository that a root carries.
    pub fn at(root: &Path) -> Self {
        let folder = root.join("srv/lab");
        for suite in Suite::ALL {
            fs::create_dir_all(folder.join("pool").join(suite.codename())).expect("the pool can be made");
        }
        Self { folder }
    }

    /// Adds a version of a fixture to a suite and publishes it.
    pub fn add(&self, suite: Suite, name: &str, version: &str) {
        fixture(name).build(version, &self.pool(suite));
        self.publish(suite);
    }

    /// Takes a version out of a suite, index and pool.
    pub fn withdraw(&self, suite: Suite, name: &str, version: &str) {
        self.vanish(suite, name, version);
        self.publish(suite);
    }

    /// Deletes the archive from the pool while the signed index goes on to name it.
    pub fn vanish(&self, suite: Suite, name: &str, version: &str) {
        let archive = self.archive(suite, name, version);
        fs::remove_file(&archive).unwrap_or_else(|e| panic!("{} is not in the pool: {e}", archive.display()));
    }

    /// Changes one byte in the middle of an archive in the pool.
    pub fn corrupt(&self, suite: Suite, name: &str, version: &str) {
        let archive = self.archive(suite, name, version);
        let mut bytes =
            fs::read(&archive).unwrap_or_else(|e| panic!("{} is not in the pool: {e}", archive.display()));
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&archive, bytes).expect("an archive can be rewritten");
    }

    /// Returns the path of an archive in the pool.
    pub fn archive(&self, suite: Suite, name: &str, version: &str) -> PathBuf {
        self.pool(suite).join(fixture(name).archive(version))
    }

    /// Writes the index of a suite as its pool stands and signs it.
    pub fn publish(&self, suite: Suite) {
        let release = self.release(suite);
        self.sign(suite, &release, "keys");
    }

    /// Publishes a suite whose signed validity ended yesterday.
    pub fn publish_expired(&self, suite: Suite) {
        let dated = |days: &str| on_host(&["date", "-u", "-d", days, "+%a, %d %b %Y %H:%M:%S UTC"]);
        let (made, ended) = (dated("8 days ago"), dated("yesterday"));
        let redate = |line: &str| match line.split_once(": ") {
            Some(("Date", _)) => format!("Date: {made}"),
            Some(("Valid-Until", _)) => format!("Valid-Until: {ended}"),
            _ => format!("{line}\n"),
        };
        let release: String = self.release(suite).lines().map(redate).collect();
        self.sign(suite, &release, "keys");
    }

    /// Publishes a suite signed by a key that no client trusts.
    pub fn publish_with_wrong_key(&self, suite: Suite) {
        let release = self.release(suite);
        self.sign(suite, &release, "wrong-keys");
    }

    fn pool(&self, suite: Suite) -> PathBuf {
        self.folder.join("pool").join(suite.codename())
    }

    /// Writes Packages and returns the text of Release.
    fn release(&self, suite: Suite) -> String {
        let index = self.folder.join("dists").join(suite.codename()).join(index_folder());
        fs::create_dir_all(&index).expect("the index folder can be made");
        let packages =
            format!("cd {} && apt-ftparchive packages pool/{}", text(&self.folder), suite.codename());
        fs::write(index.join("Packages"), on_host(&["sh", "-c", &packages]))
            .expect("Packages can be written");
        on_host(&["gzip", "-nkf9", text(&index.join("Packages"))]);
        let machine = on_host(&["dpkg", "--print-architecture"]);
        let (name, origin, label) = suite.release();
        let mut command = vec!["apt-ftparchive".to_owned()];
        let fields = [
            ("Suite", name),
            ("Codename", suite.codename()),
            ("Origin", origin),
            ("Label", label),
            ("Architectures", machine.trim()),
            ("Components", "main"),
            ("ValidTime", &VALID_SECONDS.to_string()),
        ];
        command.extend(
            fields.iter().flat_map(|(key, value)| {
                ["-o".to_owned(), format!("APT::FTPArchive::Release::{key}={value}")]
            }),
        );
        command.extend(["release".to_owned(), text(&self.dists(suite)).to_owned()]);
        on_host(&command.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Signs and puts InRelease in place, with a file time later than before: apt's `file` method asks by whole seconds.
    fn sign(&self, suite: Suite, release: &str, keys: &str) {
        let folder = self.dists(suite);
        let (unsigned, signed, draft) =
            (folder.join("Release"), folder.join("InRelease"), folder.join("InRelease.draft"));
        fs::write(&unsigned, release).expect("Release can be written");
        let _ = fs::remove_file(&draft);
        gpg(&self.folder.join(keys), &["--output", text(&draft), "--clearsign", text(&unsigned)]);
        fs::remove_file(&unsigned).expect("the unsigned Release can be removed");
        let previous =
            fs::metadata(&signed).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let time = SystemTime::now().max(previous + Duration::from_secs(1));
        File::options()
            .write(true)
            .open(&draft)
            .and_then(|file| file.set_modified(time))
            .expect("a file time can be set");
        fs::rename(&draft, &signed).expect("InRelease can be put in place");
    }

    fn dists(&self, suite: Suite) -> PathBuf {
        self.folder.join("dists").join(suite.codename())
    }
}

fn index_folder() -> String {
    format!("main/binary-{}", on_host(&["dpkg", "--print-architecture"]).trim())
}

fn make_key(home: &Path, owner: &str) {
    fs::create_dir_all(home).expect("a key folder can be made");
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).expect("a mode can be set");
    gpg(home, &["--passphrase", "", "--quick-gen-key", owner, "ed25519", "sign", "never"]);
}

/// Runs gpg in a pid namespace of its own, so that the agent it starts dies with it.
fn gpg(home: &Path, arguments: &[&str]) {
    let mut command = vec!["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    command.extend(["sh", "-c", "gpg --quiet --batch \"$@\"; exit $?", "gpg", "--homedir", text(home)]);
    command.extend(arguments);
    try_on_host(&command).unwrap_or_else(|reason| panic!("the laboratory cannot sign: {reason}"));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
