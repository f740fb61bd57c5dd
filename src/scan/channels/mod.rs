//! Which products and repositories of its vendor a root uses, as far as its own files tell.

mod amazon;
mod suse;

use std::path::{Path, PathBuf};

use super::feed::redhat_csaf::repository_to_cpe::usual_products;
use crate::host::storage;
use crate::model::distro::Distribution;

/// Where apt's sources of a root lie.
const APT_SOURCES: &str = "etc/apt/sources.list.d";
/// Largest source file that is read; real ones have a few hundred bytes.
const LARGEST_SOURCE: u64 = 64 * 1024;
/// The names of Ubuntu Pro's archives in apt's sources (`https://esm.ubuntu.com/NAME/ubuntu`, pro(1)), and the channel
/// of the statements about each.
const PRO_ARCHIVES: [(&str, &str); 5] = [
    ("esm.ubuntu.com/infra/", "esm-infra"),
    ("esm.ubuntu.com/apps/", "esm-apps"),
    ("esm.ubuntu.com/infra-legacy/", "esm-infra-legacy"),
    ("esm.ubuntu.com/fips/", "fips"),
    ("esm.ubuntu.com/fips-updates/", "fips-updates"),
];

/// Returns the channels of a root; `None` where nothing tells them, and a statement about one of them is then unknown.
///
/// On Ubuntu apt's sources tell which archives of Ubuntu Pro are enabled; on SUSE's enterprise products the installed
/// products and modules do; on Amazon Linux the enabled repositories. On Red Hat Enterprise Linux the release's main line
/// is assumed, without extended support of minor releases: statements about those then do not count.
pub fn of(root: &Path, distribution: &Distribution) -> Option<Vec<String>> {
    match distribution.id.as_str() {
        "ubuntu" => Some(pro_archives(root)),
        "rhel" => {
            let major = distribution.version.split('.').next().unwrap_or_default();
            Some(usual_products(major).into_iter().collect())
        }
        "amzn" => amazon::extras(root),
        id if id.starts_with("sle") || id.starts_with("sl-") => suse::products(root),
        _ => None,
    }
}

/// The texts of a folder's files with one of these endings; what cannot be read names nothing.
fn texts(folder: &Path, endings: &[&str]) -> Vec<String> {
    let files = storage::list(folder).unwrap_or_default();
    let has_ending =
        |path: &&PathBuf| path.extension().is_some_and(|end| endings.iter().any(|own| end == *own));
    let text = |path: &PathBuf| storage::read_at_most(path, LARGEST_SOURCE).ok();
    let bytes = files.iter().filter(has_ending).filter_map(text);
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// An archive counts when a source names it outside of comments.
fn pro_archives(root: &Path) -> Vec<String> {
    let texts = texts(&root.join(APT_SOURCES), &["list", "sources"]);
    let lines =
        || texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with('#'));
    let is_enabled = |archive: &str| lines().any(|line| line.contains(archive));
    PRO_ARCHIVES
        .iter()
        .filter(|(archive, _)| is_enabled(archive))
        .map(|(_, channel)| (*channel).to_owned())
        .collect()
}
