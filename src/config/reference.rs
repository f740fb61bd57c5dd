//! What configuration points to: files of keys, and places that something is fetched from.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// The file of the keys that may sign something, by its absolute path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile(pub PathBuf);

impl<'de> Deserialize<'de> for KeyFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = PathBuf::deserialize(deserializer)?;
        match path.is_absolute() {
            true => Ok(Self(path)),
            false => Err(serde::de::Error::custom(format!(
                "{:?} is not an absolute path",
                path.display().to_string()
            ))),
        }
    }
}

/// Tells whether a text can name a key to gpg, which would take one that begins with a dash for an option.
pub(super) fn is_key_name(text: &str) -> bool {
    !text.trim().is_empty() && !text.starts_with('-')
}

/// Tells what is wrong with the place of something that is fetched. Without TLS only the digest tells whether the bytes are the right ones.
pub(super) fn check_location(location: &str, is_pinned: bool) -> Result<(), String> {
    let is_address = |scheme: &str| location.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
    let is_path = location.strip_prefix("file://").unwrap_or(location).starts_with('/');
    if location.chars().any(|c| c.is_control() || c == ' ') {
        return Err(format!("location {location:?} has blanks or control characters"));
    }
    if is_address("http://") && !is_pinned {
        return Err(format!("location {location:?} needs https:// or a sha256"));
    }
    if is_path || is_address("https://") || is_address("http://") {
        return Ok(());
    }
    Err(format!("location {location:?} is neither an https:// address nor an absolute path"))
}
