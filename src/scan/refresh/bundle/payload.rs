//! What a bundle carries beside feeds: files of other parts, which this one proves and does not understand.

use std::path::{Path, PathBuf};

use super::{BundleError, BundledMember, Manifest};

/// The folders of a bundle that files may lie in, and the one file that lies in none.
const FOLDERS: [&str; 3] = ["lists", "archives", "policy"];
/// How deep lists lie: a repository of zypp has folders of its own, the deepest `repodata`.
const DEEPEST: usize = 6;
/// The sealed plan.
pub const PLAN: &str = "plan.json";

/// A file that goes into a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its name there, such as `archives/curl_8.0_amd64.deb`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl Payload {
    /// A file under a name, or path, in one of the folders.
    pub fn named(folder: &str, name: &Path, path: &Path) -> Self {
        Self { name: format!("{folder}/{}", name.display()), path: path.to_owned() }
    }
}

/// What is in a bundle that was proved to be whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// When it was made.
    pub made: chrono::DateTime<chrono::Utc>,
    /// Who is proved to have signed it.
    pub signed_by: Option<String>,
    /// The feeds.
    pub feeds: Vec<String>,
    /// The names of everything else.
    pub payload: Vec<String>,
}

impl Contents {
    pub(super) fn of(manifest: &Manifest, signed_by: Option<String>) -> Self {
        Self {
            made: manifest.created,
            signed_by,
            feeds: manifest.feeds.iter().map(|feed| feed.name.clone()).collect(),
            payload: manifest.payload.iter().map(|member| member.name.clone()).collect(),
        }
    }
}

/// Refuses a name that would leave the folder it is unpacked to, or hide in it.
pub(super) fn check(members: &[BundledMember]) -> Result<(), BundleError> {
    let is_plain = |name: &str| {
        let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-~:%@=,".contains(&byte);
        !name.is_empty() && !name.starts_with('.') && name.bytes().all(may_stand)
    };
    let is_list = |path: &str| path.split('/').count() <= DEEPEST && path.split('/').all(is_plain);
    let is_member = |name: &str| match name.split_once('/') {
        None => name == PLAN,
        Some(("lists", path)) => is_list(path),
        Some((folder, file)) => FOLDERS.contains(&folder) && is_plain(file),
    };
    match members.iter().find(|member| !is_member(&member.name)) {
        None => Ok(()),
        Some(member) => {
            let name: String = member.name.chars().take(80).collect();
            Err(BundleError::Members { reason: format!("{name:?} is no name of a member") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::BundledFile;
    use super::*;
    use crate::model::digest::Sha256;

    fn checked(name: &str) -> bool {
        let file = BundledFile { size: 0, sha256: Sha256::of(b"") };
        check(&[BundledMember { name: name.to_owned(), file, modified: None }]).is_ok()
    }

    #[test]
    fn no_member_leaves_the_folder_or_hides_in_it() {
        for name in [
            "plan.json",
            "lists/_srv_lab_dists_x_InRelease",
            "archives/a_1%3a2~b+c_all.deb",
            "policy/web.toml",
            "lists/updates-0123456789abcdef/repodata/repomd.xml",
        ] {
            assert!(checked(name), "{name}");
        }
        for name in [
            "",
            "x",
            "lists/",
            "lists/..",
            "lists/.x",
            "lists/a/../b",
            "lists/a//b",
            "lists/a/.b",
            "lists/1/2/3/4/5/6/7",
            "archives/a/b",
            "../plan.json",
            "/etc/passwd",
            "bin/x",
            "lists/a b",
        ] {
            assert!(!checked(name), "{name}");
        }
    }
}
