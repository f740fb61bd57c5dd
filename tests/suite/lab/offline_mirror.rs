//! Answers for `/srv/mirror` of the server root: the vendor's own signed indexes, unchanged, and only the archives needed.
//!
//! apt verifies and installs from it exactly as from the network, but every test of a golden sees the same day.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::namespace::{InRoot, on_host};

/// The suites of the server root, and the folder of the mirror each lies in.
const SUITES: [(&str, &str); 3] =
    [("bookworm", "debian"), ("bookworm-updates", "debian"), ("bookworm-security", "debian-security")];

/// Where the machine's own apt gets each suite from.
pub struct Upstream {
    addresses: BTreeMap<&'static str, String>,
    pub dates: String,
}

impl Upstream {
    /// Reads the addresses and the dates of the indexes from the machine's own apt; nothing is written down here.
    pub fn of_this_machine() -> &'static Self {
        static FOUND: OnceLock<Upstream> = OnceLock::new();
        FOUND.get_or_init(Self::find)
    }

    fn find() -> Self {
        let mut targets = Self::index_targets();
        if targets.is_empty() {
            on_host(&["apt-get", "update", "-qq"]);
            targets = Self::index_targets();
        }
        let mut addresses = BTreeMap::new();
        let mut dates = String::new();
        for (suite, _) in SUITES {
            let found = targets.iter().find(|target| target[0] == suite);
            let target =
                found.unwrap_or_else(|| panic!("no apt source of this machine has the suite {suite}"));
            dates.push_str(&format!("{suite} {}\n", target[2]));
            addresses.insert(suite, first_of_list(&target[1]).trim_end_matches('/').to_owned());
        }
        Self { addresses, dates }
    }

    pub fn address(&self, suite: &str) -> &str {
        &self.addresses[suite]
    }

    /// Returns release, address and date of each index that is on disk.
    fn index_targets() -> Vec<[String; 3]> {
        let format = "$(RELEASE)|$(REPO_URI)|$(METAKEY)|$(FILENAME)";
        let listed = on_host(&["apt-get", "indextargets", "--format", format, "Created-By: Packages"]);
        let mut found = Vec::new();
        for line in listed.lines() {
            let fields: Vec<&str> = line.split('|').collect();
            let [release, address, key, file] = fields[..] else { continue };
            let stem = file.split(&format!("_{}", key.replace('/', "_"))).next().unwrap_or_default();
            let Ok(signed) = fs::read_to_string(format!("{stem}_InRelease")) else { continue };
            let date =
                signed.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap_or_default().to_owned();
            found.push([release.to_owned(), address.to_owned(), date]);
        }
        found
    }
}

/// Returns the address itself, or the first of the list that a `mirror+file` source of a cloud image names.
fn first_of_list(address: &str) -> String {
    let Some(list) = address.strip_prefix("mirror+file:") else { return address.to_owned() };
    let path = format!("/{}", list.trim_matches('/'));
    let listed =
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read the mirror list {path}: {e}"));
    listed.split_whitespace().next().unwrap_or_default().to_owned()
}

/// Fills `/srv/mirror` of a root, points its apt there, and fetches what is pending; the archives of the installed versions
/// are taken from the root's own cache.
pub fn fill(root: &Path, upstream: &Upstream) {
    let mut sources = String::new();
    for (suite, folder) in SUITES {
        fetch_indexes(&root.join("srv/mirror").join(folder), upstream.address(suite), suite);
        // The indexes are those of the day the golden was built; their validity is a week.
        sources.push_str(&format!("deb [check-valid-until=no] file:///srv/mirror/{folder} {suite} main\n"));
    }
    fs::write(root.join("etc/apt/sources.list"), sources).expect("sources.list can be written");
    InRoot::new(root, &["apt-get", "update"]).run().expect_code(0);
    fetch_pending(root, upstream);
    offer_installed(root);
}

fn fetch_indexes(mirror: &Path, address: &str, suite: &str) {
    let machine = on_host(&["dpkg", "--print-architecture"]);
    let packages = format!("dists/{suite}/main/binary-{}/Packages.xz", machine.trim());
    for file in [format!("dists/{suite}/InRelease"), packages] {
        let target = mirror.join(&file);
        fs::create_dir_all(target.parent().expect("a file lies in a folder"))
            .expect("a mirror folder can be made");
        on_host(&["/usr/lib/apt/apt-helper", "download-file", &format!("{address}/{file}"), text(&target)]);
    }
}

/// Downloads every archive that a full upgrade would take, with the digests of the signed indexes.
fn fetch_pending(root: &Path, upstream: &Upstream) {
    let listed = InRoot::new(root, &["apt-get", "-qq", "--print-uris", "dist-upgrade"]).run().expect_code(0);
    let mut command = vec!["/usr/lib/apt/apt-helper".to_owned(), "download-file".to_owned()];
    for line in listed.stdout.lines() {
        let (path, digest) = offered(line);
        let target = root.join("srv/mirror").join(&path);
        fs::create_dir_all(target.parent().expect("a file lies in a folder"))
            .expect("a pool folder can be made");
        let (folder, rest) = path.split_once('/').expect("a path of the mirror starts with a folder");
        let suite =
            SUITES.iter().find(|(_, place)| *place == folder).expect("the folder is one of the mirror's").0;
        command.extend([format!("{}/{rest}", upstream.address(suite)), text(&target).to_owned(), digest]);
    }
    assert!(command.len() > 2, "no security update is pending: the server root would prove nothing");
    on_host(&command.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Puts the archives of the installed versions, which the build left in apt's cache, where the mirror's index names them.
fn offer_installed(root: &Path) {
    let installed =
        InRoot::new(root, &["dpkg-query", "-W", "-f", "${Package}:${Architecture}=${Version}\n"]).run();
    let packages: Vec<&str> = installed.stdout.lines().collect();
    let listing = [&["apt-get", "-qq", "--print-uris", "download"], &packages[..]].concat();
    for line in InRoot::new(root, &listing).run().expect_code(0).stdout.lines() {
        let name = line.split_whitespace().nth(1).expect("apt names the file");
        let cached = root.join("var/cache/apt/archives").join(name);
        let target = root.join("srv/mirror").join(offered(line).0);
        fs::create_dir_all(target.parent().expect("a file lies in a folder"))
            .expect("a pool folder can be made");
        fs::copy(&cached, &target).unwrap_or_else(|e| panic!("the cache does not hold {name}: {e}"));
    }
}

/// Reads a line of `--print-uris`: the path below `/srv/mirror`, unescaped, and the digest.
pub fn offered(line: &str) -> (String, String) {
    let mut words = line.split_whitespace();
    let address = words.next().unwrap_or_default().trim_matches('\'');
    let path = address
        .split_once("/srv/mirror/")
        .unwrap_or_else(|| panic!("not an address of the mirror: {line}"))
        .1;
    (
        path.replace("%3a", ":").replace("%7e", "~").replace("%2b", "+"),
        words.nth(2).unwrap_or_default().to_owned(),
    )
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
