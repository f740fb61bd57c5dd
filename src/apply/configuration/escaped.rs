//! Paths as JSON text: UTF-8 as it is, every other byte and the backslash as `\xNN`. No path is lost or changed.

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes a path as text.
pub(super) fn escape(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\x5c"));
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Reads a path back; `None` when an escape is not one.
pub(super) fn unescape(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(after.get(1..3)?).ok()?;
        if after.first() != Some(&b'x') || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(3..)?;
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&escape(path))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    unescape(&text).ok_or_else(|| de::Error::custom("a path has an escape that is not \\xNN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_path_survives_the_way_through_text(bytes: Vec<u8>) {
            let path = PathBuf::from(OsString::from_vec(bytes));
            proptest::prop_assert_eq!(unescape(&escape(&path)), Some(path));
        }
    }

    #[test]
    fn wrong_escapes_are_refused() {
        for text in ["\\", "\\x", "\\x5", "\\xgg", "\\y41", "\\x+1", "\\xé"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }
}
