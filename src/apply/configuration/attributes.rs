//! Extended attributes (access lists, capabilities, labels) as JSON text: names escaped as paths are, values in
//! hexadecimal digits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::escaped::{escape, unescape};
use crate::host::ownership::Attributes;

pub(super) fn serialize<S: Serializer>(attributes: &Attributes, serializer: S) -> Result<S::Ok, S::Error> {
    let text = |(name, value): (&OsString, &Vec<u8>)| (escape(Path::new(name)), digits(value));
    attributes.iter().map(text).collect::<BTreeMap<String, String>>().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
    let text = BTreeMap::<String, String>::deserialize(deserializer)?;
    let attribute =
        |(name, value): (String, String)| Some((unescape(&name)?.into_os_string(), bytes(&value)?));
    let read: Option<Attributes> = text.into_iter().map(attribute).collect();
    read.ok_or_else(|| de::Error::custom("an extended attribute has a name or value that is not one"))
}

fn digits(value: &[u8]) -> String {
    value.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_value_survives_the_way_through_text(value: Vec<u8>) {
            proptest::prop_assert_eq!(bytes(&digits(&value)), Some(value));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        assert!(["0", "0g", "é0", "+1"].iter().all(|text| bytes(text).is_none()));
    }
}
