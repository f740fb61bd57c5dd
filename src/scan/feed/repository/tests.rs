//! Tests of the whole feed on small roots made here: lists as apt leaves them, an inventory, and a cache.

use std::path::{Path, PathBuf};

use chrono::{TimeZone, Utc};

use super::*;
use crate::host::environment::Environment;
use crate::host::storage;
use crate::model::feed::{Authenticity, FeedState};
use crate::scan::inventory;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A root below a scratch folder, removed at the end.
struct Root(PathBuf);

impl Root {
    #[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
    fn new(name: &str) -> Self {
        let root = Self(std::env::temp_dir().join(format!("patchctl-lists-{}-{name}", std::process::id())));
        let _ = storage::remove_folder(&root.0);
        root.write("etc/os-release", "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n");
        root.write(
            "etc/apt/sources.list",
            "deb http://d/debian bookworm main\ndeb http://d/security bookworm-security main\n\
             deb [trusted=yes] https://vendor.example/node_20.x nodistro main\ndeb http://d/gone old main\n",
        );
        root
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        storage::create_folder(path.parent().expect("it has one"), 0o755).expect("writable");
        storage::replace(&path, text.as_bytes(), storage::PUBLIC).expect("writable");
    }

    fn list(&self, name: &str, text: &str) {
        self.write(&format!("{}/{name}", lists::LISTS), text);
    }

    fn with_lists(self) -> Self {
        self.list("d_debian_dists_bookworm_InRelease", &release("Debian", "Debian", "bookworm"));
        let main = [offer("bash", "2", "amd64"), offer("tzdata", "1", "all"), offer("node", "18", "amd64")];
        self.list("d_debian_dists_bookworm_main_binary-amd64_Packages", &main.concat());
        self.list(
            "d_security_dists_bookworm-security_InRelease",
            &release("Debian", "Debian-Security", "bookworm-security"),
        );
        let security =
            [offer("bash", "2", "amd64"), offer("bash", "3", "amd64"), offer("tzdata", "2", "amd64")];
        self.list("d_security_dists_bookworm-security_main_binary-amd64_Packages", &security.concat());
        self.list(
            "vendor.example_node%5f20.x_dists_nodistro_InRelease",
            &release(". nodistro", ". nodistro", "nodistro"),
        );
        let vendor = offer("node", "20", "amd64") + &offer("agent", "1", "amd64").replace("SHA256", "MD5sum");
        self.list("vendor.example_node%5f20.x_dists_nodistro_main_binary-amd64_Packages", &vendor);
        self.list("nobody_dists_x_main_binary-amd64_Packages", "not an index");
        self
    }

    fn install(&self, packages: &[(&str, &str, &str)]) -> Inventory {
        let stanza = |(name, version, architecture): &(&str, &str, &str)| {
            let fields = format!("Version: {version}\nArchitecture: {architecture}\n");
            format!("Package: {name}\nStatus: install ok installed\n{fields}\n")
        };
        self.write(inventory::STATUS, &packages.iter().map(stanza).collect::<String>());
        inventory::read(&self.0, false).expect("well formed")
    }

    fn layout(&self) -> Layout {
        let cache_home = Some(self.0.join("cache"));
        let environment =
            Environment { state_home: cache_home.clone(), cache_home, ..Environment::default() };
        Layout::user(&self.0, &environment).expect("it has folders")
    }

    fn view(&self, inventory: &Inventory) -> Result<RepositoryView, RepositoryError> {
        view(&self.layout(), inventory, &at(10))
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = storage::remove_folder(&self.0);
    }
}

fn at(day: u32) -> Clock {
    Clock::fixed(Utc.with_ymd_and_hms(2026, 11, day, 0, 0, 0).single().expect("a date"))
}

fn release(origin: &str, label: &str, codename: &str) -> String {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: {origin}\nLabel: {label}\nSuite: x\n\
         Codename: {codename}\nDate: Sun, 01 Nov 2026 00:00:00 UTC\nValid-Until: Sun, 15 Nov 2026 00:00:00 UTC\n\
         -----BEGIN PGP SIGNATURE-----\n"
    )
}

fn offer(name: &str, version: &str, architecture: &str) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nFilename: pool/{name}.deb\nSize: 9\n\
         SHA256: {DIGEST}\n\n"
    )
}

const INSTALLED: [(&str, &str, &str); 4] =
    [("bash", "1", "amd64"), ("tzdata", "1", "all"), ("node", "20", "amd64"), ("agent", "1", "amd64")];

fn key(name: &str, architecture: &str) -> PackageKey {
    PackageKey { name: name.into(), architecture: architecture.into() }
}

#[test]
fn best_version_comes_first_and_the_security_pocket_before_its_equals() {
    let root = Root::new("offers").with_lists();
    let view = root.view(&root.install(&INSTALLED)).expect("well formed");
    let bash: Vec<(&str, bool)> = view.offers[&key("bash", "amd64")]
        .iter()
        .map(|offer| (offer.version.as_str(), offer.origin.security))
        .collect();
    assert_eq!(bash, [("3", true), ("2", true), ("2", false)]);
    assert_eq!(view.offers[&key("tzdata", "all")].len(), 2, "amd64 may replace all");
    let candidate = &view.candidates[&key("bash", "amd64")];
    assert!(!candidate.pins_evaluated && candidate.origin.codename == "bookworm-security");
    let uri = &view.offers[&key("node", "amd64")][0].artifact.uri;
    assert_eq!(uri, "https://vendor.example/node_20.x/pool/node.deb");
}

#[test]
fn stamps_tell_signature_expiry_and_what_was_never_fetched() {
    let root = Root::new("stamps").with_lists();
    let inventory = root.install(&INSTALLED);
    let states = |day| -> Vec<(String, FeedState, Option<Authenticity>)> {
        let view = view(&root.layout(), &inventory, &at(day)).expect("well formed");
        view.stamps.into_iter().map(|stamp| (stamp.name, stamp.state, stamp.authenticity)).collect()
    };
    let (signed, local) = (Some(Authenticity::Signed), Some(Authenticity::Local));
    let fresh = states(10);
    assert_eq!(fresh[0], ("apt:bookworm".into(), FeedState::Fresh, signed));
    assert_eq!(fresh[2], ("apt:vendor.example/nodistro".into(), FeedState::Fresh, local));
    assert_eq!(fresh[3], ("apt:d/old".into(), FeedState::Missing, None));
    assert_eq!(states(16)[1], ("apt:bookworm-security".into(), FeedState::Stale, signed), "from the cache");
}

#[test]
fn offer_without_sha256_is_left_out_and_counted() {
    let root = Root::new("digest").with_lists();
    let view = root.view(&root.install(&INSTALLED)).expect("well formed");
    assert!(!view.offers.contains_key(&key("agent", "amd64")));
    assert!(view.stamps[2].problem.as_deref().is_some_and(|problem| problem.starts_with("1 offers")));
}

#[test]
fn foreign_packages_are_named_with_their_vendor() {
    let root = Root::new("foreign").with_lists();
    let mut installed = INSTALLED.to_vec();
    installed.extend([("local-tool", "1", "all"), ("old-bash", "1\nSource: bash (1)", "all")]);
    let inventory = root.install(&installed);
    let view = root.view(&inventory).expect("well formed");
    let found: Vec<(String, String)> =
        foreign(&inventory, &view).into_iter().map(|one| (one.name.to_string(), one.origin)).collect();
    let expected = [("agent", "local"), ("local-tool", "local"), ("node", "vendor.example")];
    assert_eq!(found, expected.map(|(name, origin)| (name.to_owned(), origin.to_owned())));
}

#[test]
fn nothing_is_called_foreign_without_the_distributions_lists() {
    let root = Root::new("empty");
    let inventory = root.install(&INSTALLED);
    let view = root.view(&inventory).expect("missing lists are no error");
    assert!(view.is_empty());
    assert!(foreign(&inventory, &view).is_empty());
}

#[test]
fn kept_view_is_used_until_something_changes() {
    let root = Root::new("cache").with_lists();
    let inventory = root.install(&INSTALLED);
    let cold = root.view(&inventory).expect("well formed");
    let kept = root.layout().candidates();
    let bytes = storage::read(&kept).expect("it was kept");
    let warm = root.view(&inventory).expect("well formed");
    assert_eq!((cold.offers.clone(), cold.candidates), (warm.offers, warm.candidates));
    for broken in [&bytes[..bytes.len() / 2], b"{}", b""] {
        storage::replace(&kept, broken, storage::PRIVATE).expect("writable");
        assert_eq!(root.view(&inventory).expect("made anew").offers, cold.offers);
    }
    root.list("d_security_dists_bookworm-security_main_binary-amd64_Packages", &offer("bash", "4", "amd64"));
    let changed = root.view(&inventory).expect("well formed");
    assert_eq!(changed.offers[&key("bash", "amd64")][0].version.as_str(), "4");
}

#[test]
fn exact_versions_are_looked_up_in_the_order_asked() {
    let root = Root::new("lookup").with_lists();
    let version = |text: &str| Version::deb(text).expect("a version");
    let wanted = [
        (key("tzdata", "amd64"), version("2")),
        (key("bash", "amd64"), version("9")),
        (key("tzdata", "all"), version("1")),
    ];
    let found = lookup(&root.layout(), &wanted).expect("well formed");
    let sites: Vec<Option<&str>> = found.iter().map(|o| o.as_ref().map(|o| o.origin.site.as_str())).collect();
    assert_eq!(sites, [Some("http://d/security"), None, Some("http://d/debian")]);
}

#[test]
fn broken_lists_name_file_line_and_field() {
    let root = Root::new("broken").with_lists();
    let inventory = root.install(&INSTALLED);
    let message = |root: &Root| {
        let error = anyhow::Error::from(root.view(&inventory).expect_err("it is broken"));
        format!("{error:#}").replace(&root.0.display().to_string(), "")
    };
    let index = "d_debian_dists_bookworm_main_binary-amd64_Packages";
    root.list(index, &offer("bash", "a b", "amd64"));
    assert!(message(&root).ends_with(&format!("{index}: the package at line 1 has no valid Version")));
    root.list(index, "Package: x\nVersion");
    assert!(message(&root).ends_with("the index ends in the middle of line 2: it was cut off"));
    root.list(index, "");
    root.list(&format!("{index}.bz2"), "");
    assert!(message(&root).contains("is not supported"));
    storage::remove_file(&root.0.join(lists::LISTS).join(format!("{index}.bz2"))).expect("removable");
    root.list("d_debian_dists_bookworm_InRelease", "-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: x\n");
    assert!(message(&root).contains("InRelease, line 3: the signature is missing"));
}

#[test]
fn every_supported_compression_is_read() {
    let text = offer("bash", "7", "amd64");
    let gz = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("in memory");
        encoder.finish().expect("in memory")
    };
    let lz4 = {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("in memory");
        encoder.finish().expect("in memory")
    };
    let xz = liblzma::encode_all(text.as_bytes(), 1).expect("in memory");
    let zst = zstd::encode_all(text.as_bytes(), 1).expect("in memory");
    for (ending, bytes) in [("gz", gz), ("lz4", lz4), ("xz", xz), ("zst", zst)] {
        let root = Root::new(ending).with_lists();
        let name = format!("d_security_dists_bookworm-security_main_binary-amd64_Packages.{ending}");
        let path: PathBuf = Path::new(&root.0).join(lists::LISTS).join(name);
        storage::replace(&path, &bytes, storage::PUBLIC).expect("writable");
        let view = root.view(&root.install(&INSTALLED)).expect("well formed");
        assert_eq!(view.offers[&key("bash", "amd64")][0].version.as_str(), "7", "{ending}");
        storage::replace(&path, &bytes[..bytes.len() / 2], storage::PUBLIC).expect("writable");
        assert!(root.view(&root.install(&INSTALLED)).is_err(), "{ending} cut in half is refused");
    }
}
